"""Commands that show runs, of scenarios or of directories that they were written into: compare, report, diagram, explain."""

from __future__ import annotations

from pathlib import Path

import click

from hyperdrive_sim.cli.ending import SOME_FAILED, command, complain, show_traceback
from hyperdrive_sim.cli.terminal import (
    engine_option,
    file_argument,
    force_option,
    json_option,
    max_memory_option,
    output_option,
    progress_bar,
    result,
    room,
    say,
    scenarios,
    set_option,
    show,
    show_json,
    shows,
)
from hyperdrive_sim.cli.writing import tell_written
from hyperdrive_sim.errors import HyperdriveSimError

files_argument = click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(), shell_complete=scenarios)


@command
@files_argument
@set_option
@engine_option
@max_memory_option
@json_option
def compare(files: tuple[str, ...], changes: tuple[str, ...], as_json: bool) -> int:
    """Run several scenarios, of any architectures and networks, and compare them in one table; of a directory that a run was written
    into, that run is taken.

    A row has energies per frame and efficiencies with and without I/O. Weak prices are the share of the energy whose price is fitted,
    recalled or assumed; what is published or derived is not in it. --set changes a key of every scenario.
    """
    from hyperdrive_sim.cli import comparisons
    from hyperdrive_sim.outputs.sources import compared

    with progress_bar() as progress:
        found = compared(files, changes, progress)
    errors = [outcome for _, outcome in found if isinstance(outcome, HyperdriveSimError)]
    for error in errors:
        show_traceback(error)
    some_ran = len(errors) < len(found)
    if not some_ran:
        for error in {str(error): error for error in errors}.values():
            complain(error)
        return max(error.exit_code for error in errors)
    if as_json:
        show_json([{"file": file, **result(outcome)} for file, outcome in found])
    else:
        show(comparisons.comparison(found))
    return SOME_FAILED if errors else 0


@command
@files_argument
@set_option
@engine_option
@max_memory_option
@output_option("HTML", "The page.", default=Path("report.html"), show_default=True)
@force_option
def report(files: tuple[str, ...], changes: tuple[str, ...], output: Path, force: bool) -> None:
    """Write one HTML page of a run: everything there is to see of it, in one file that works offline. Several are compared.

    --set changes a key of every scenario.
    """
    from hyperdrive_sim.outputs.page.write import write

    with progress_bar() as progress:
        write(files, changes, output, progress, force=force)
    tell_written(output, "opens in a browser, offline too")


@command
@file_argument
@set_option
@engine_option
@max_memory_option
@click.option("--width", type=click.IntRange(10, 1000), help="Characters for the whole makespan; as many as there is room for.")
@click.option("--units", default=40, type=click.IntRange(1, 100_000), show_default=True, help="At most so many rows, or one per kind.")
def diagram(file: Path, changes: tuple[str, ...], width: int | None, units: int) -> None:
    """Draw the schedule of a scenario, or of a run that was written into a directory, as text.

    A row per unit, and in each character a shade for how much of that time it worked. Units of a kind share a row if they all did the
    same, or if there is no room for all of them; so there is always a row of each kind.
    """
    from hyperdrive_sim.outputs.sources import report_of
    from hyperdrive_sim.reports import diagram as diagrams

    with progress_bar() as progress:
        report = report_of(file, changes, progress)
    run = report.machine, report.trace
    found = diagrams.diagram(*run, width, units) if width else diagrams.fitted(*run, room(), units)
    say(found.text(room(), diagrams.SHADES if shows(diagrams.SHADES) else diagrams.ASCII_SHADES))


@command
@file_argument
@click.argument("task")
@set_option
@engine_option
@max_memory_option
@json_option
def explain(file: Path, task: str, changes: tuple[str, ...], as_json: bool) -> None:
    """Say why a task of a scenario, or of a run that was written into a directory, started when it did.

    TASK is its number in the schedule, or its name, layer, unit and frame in one text, such as "compute layer1.0.conv1 chip[0,0].array".
    What is left out at the end fits every task, and * any text; a text that fits several is answered with the first of them.
    """
    from hyperdrive_sim.cli.explanations import explanation
    from hyperdrive_sim.outputs.sources import report_of
    from hyperdrive_sim.reports import explanation as explanations

    with progress_bar() as progress:
        report = report_of(file, changes, progress)
    found = explanations.explain(report, task)
    show_json(found.to_dict()) if as_json else show(explanation(found))
