"""Commands that simulate one scenario: run, check, sweep."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import rich_click as click

from hyperdrive_sim.cli.terminal import (
    SOME_FAILED,
    command,
    file_argument,
    json_option,
    output_option,
    progress_bar,
    result,
    set_option,
    show,
    show_json,
    show_traceback,
)
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput

if TYPE_CHECKING:
    from hyperdrive_sim.outputs.timelines import Request
    from hyperdrive_sim.reports.report import Report
    from hyperdrive_sim.scenario.scenario import Scenario


@command
@file_argument
@set_option
@json_option
@output_option("DIR", "Write the run into a directory: result, layers, trace.")
@click.option("--dry-run", is_flag=True, help="Say how many tasks, seconds and bytes the run would take.")
@click.option(
    "--trace",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write a timeline: .json or .json.gz (Chrome), .pftrace (Perfetto), .vcd (waveforms).",
)
@click.option("--trace-window", metavar="START:END", help="Show this part of the run in it, such as 10us:2ms.")
@click.option("--trace-level", metavar="unit|chip|machine", help="Show every unit in it (unless told otherwise), every chip, or all.")
def run(file: Path, changes: tuple[str, ...], as_json: bool, output: Path | None, dry_run: bool, **timeline: Any) -> None:
    """Simulate a scenario and report latency, energy with I/O, utilisation and what it is bound by."""
    from hyperdrive_sim.cli import tables
    from hyperdrive_sim.reports import summary
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study import runs

    scenario = Scenario.read(file, changes)
    wanted = _timeline(**timeline)
    if output:
        _writable(output)
    if dry_run:
        expected = runs.estimate(scenario)
        show_json(expected._asdict()) if as_json else click.echo(tables.estimate(expected))
        return
    if scenario.settings.sweep and not as_json:
        click.echo("this scenario has a sweep; `hyperdrive-sim sweep` runs all of it, this is its base case", err=True)
    begun = perf_counter()
    with progress_bar() as progress:
        report = runs.run(scenario, progress=progress)
    took_s = perf_counter() - begun
    if as_json and (overload := summary.overload(report.time)):
        click.echo(" ".join(overload.split()), err=True)
    show_json(report.to_dict()) if as_json else show(tables.summary(report))
    if output:
        _write_directory(report, scenario, output, took_s)
    if wanted:
        _write_timeline(report, wanted)


def _writable(folder: Path) -> None:
    """Raise InvalidInput, before a long run, for a directory that cannot be written."""
    from hyperdrive_sim.outputs import atomic

    atomic.writable(folder)


def _write_directory(report: Report, scenario: Scenario, folder: Path, took_s: float) -> None:
    from hyperdrive_sim.outputs import manifest, rundir

    how = manifest.Circumstances(sys.argv[1:], took_s, manifest.peak_memory_bytes())
    with progress_bar() as progress:
        progress("writing", 0, 0)
        rundir.write(report, scenario, folder, how)


def _timeline(trace: Path | None, trace_window: str | None, trace_level: str | None) -> Request | None:
    """The timeline that the options of `run` ask for."""
    options = {"window": trace_window, "level": trace_level}
    given = {name: value for name, value in options.items() if value is not None}
    if trace is None:
        if given:
            raise InvalidInput.at(f"--trace-{next(iter(given))}", "there is no timeline to show it in", "add --trace OUT")
        return None
    from hyperdrive_sim.outputs import timelines

    return timelines.request(trace, **given)


def _write_timeline(report: Report, wanted: Request) -> None:
    from hyperdrive_sim.outputs import timelines

    if large := timelines.warning(report, wanted):
        click.echo(large, err=True)
    with progress_bar() as progress:
        timelines.write(report, wanted, progress)


@command
@file_argument
@set_option
@json_option
@output_option("DIR", "Write what the network computed, output.npy or output.npz.")
def check(file: Path, changes: tuple[str, ...], as_json: bool, output: Path | None) -> int:
    """Execute a scenario's schedule bit for bit against golden, prove its order, and cut it finer.

    A finer cut that moves the makespan by more than 5 % is a warning: the exit code stays 0, since nothing is wrong, but the schedule is
    too coarse to be timed by. `granularity` in the scenario chooses another.
    """
    from hyperdrive_sim.cli import tables
    from hyperdrive_sim.outputs import atomic
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study import checks

    scenario = Scenario.read(file, changes)
    if output:
        atomic.writable(output)
    if slow := checks.slowness(scenario):
        click.echo(slow, err=True)
    with progress_bar() as progress:
        found = checks.check(scenario, progress=progress)
    show_json(found.to_dict()) if as_json else show(tables.verdict(found))
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    if output and found.function.outputs:
        atomic.write_outputs(found.function.outputs, output)
    return 0 if found.ok else 1


@command
@file_argument
@set_option
@json_option
def sweep(file: Path, changes: tuple[str, ...], as_json: bool) -> int:
    """Run every combination of a scenario's sweep and compare them in one table."""
    from hyperdrive_sim.cli import comparisons
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study import runs

    scenario = Scenario.read(file, changes)
    with progress_bar() as progress:
        points = runs.sweep(scenario, progress=progress)
    failed = [outcome for _, outcome in points if isinstance(outcome, HyperdriveSimError)]
    for error in failed:
        show_traceback(error)
    if as_json:
        show_json([{"point": point, **result(outcome)} for point, outcome in points])
    else:
        show(comparisons.sweep(points))
    return SOME_FAILED if failed else 0
