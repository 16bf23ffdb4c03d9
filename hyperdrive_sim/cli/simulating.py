"""Commands that simulate one scenario: run, check, evaluate, sweep."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from hyperdrive_sim.cli.ending import SOME_FAILED, command, show_traceback
from hyperdrive_sim.cli.terminal import (
    engine_option,
    file_argument,
    force_option,
    json_option,
    max_memory_option,
    output_option,
    progress_bar,
    result,
    say,
    set_option,
    show,
    show_json,
    tell,
)
from hyperdrive_sim.cli.writing import tell_written
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput

if TYPE_CHECKING:
    from hyperdrive_sim.outputs.timelines import Request
    from hyperdrive_sim.reports.report import Report
    from hyperdrive_sim.scenario.scenario import Scenario

    Point = tuple[dict[str, object], Report | HyperdriveSimError]


@command
@file_argument
@set_option
@engine_option
@max_memory_option
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
@force_option
def run(file: Path, changes: tuple[str, ...], as_json: bool, output: Path | None, dry_run: bool, force: bool, **timeline: Any) -> None:
    """Simulate a scenario and report latency, energy with I/O, utilisation and what would help.

    FILE, here and in all other commands, is a scenario file; or the short name of one that comes along, as `hyperdrive-sim list` shows
    them, such as hyperdrive/resnet34_224; or a directory that an earlier run was written into, whose scenario is run again.
    """
    from hyperdrive_sim.scenario.scenario import Scenario

    scenario = Scenario.read(file, changes)
    wanted = _timeline(scenario.files, output, force, **timeline)
    if output:
        _writable(output, scenario, force)
    if dry_run:
        _estimate(scenario, as_json)
        return
    if scenario.settings.sweep and not as_json:
        tell("this scenario has a sweep; `hyperdrive-sim sweep` runs all of it, this is its base case")
    report, took_s = _simulated(scenario)
    if wanted:
        _fits(report, wanted)
    if output:  # files first: whoever reads what is printed may leave, and what cannot be written leaves nothing printed
        _write_directory(report, scenario, output, took_s, force)
    if wanted:
        _write_timeline(report, wanted)
    _summary(report, as_json)


def _estimate(scenario: Scenario, as_json: bool) -> None:
    from hyperdrive_sim.study import runs

    expected = runs.estimate(scenario)
    if as_json:
        show_json(expected._asdict())
        return
    from hyperdrive_sim.cli import tables

    say(tables.estimate(expected))


def _simulated(scenario: Scenario) -> tuple[Report, float]:
    """The report of a scenario, and the seconds that it took."""
    from hyperdrive_sim.study import runs

    begun = perf_counter()
    with progress_bar() as progress:
        report = runs.run(scenario, progress=progress)
    return report, perf_counter() - begun


def _summary(report: Report, as_json: bool) -> None:
    if not as_json:
        from hyperdrive_sim.cli import tables

        show(tables.summary(report))
        return
    from hyperdrive_sim.reports import summary

    if overload := summary.overload(report.time):
        tell(" ".join(overload.split()))
    show_json(report.to_dict())


def _writable(folder: Path, scenario: Scenario, force: bool) -> None:
    """Raise InvalidInput, before a long run, for a directory that may not be written."""
    from hyperdrive_sim.outputs import rundir

    rundir.target(folder, scenario, force=force).check()


def _write_directory(report: Report, scenario: Scenario, folder: Path, took_s: float, force: bool) -> None:
    from hyperdrive_sim.outputs import manifest, rundir

    how = manifest.Circumstances(sys.argv[1:], took_s, manifest.peak_memory_bytes())
    with progress_bar() as progress:
        progress("writing", 0, 0)
        rundir.write(report, scenario, folder, how, force=force)
    tell_written(folder, "`hyperdrive-sim report`, `compare`, `diagram` and `explain` take it, and hs.read_run in Python")


def _timeline(
    inputs: Sequence[Path],
    output: Path | None,
    force: bool,
    trace: Path | None,
    trace_window: str | None,
    trace_level: str | None,
) -> Request | None:
    """The timeline that the options of `run` ask for; it may not lie in the directory that is written as well."""
    options = {"window": trace_window, "level": trace_level}
    given = {name: value for name, value in options.items() if value is not None}
    if trace is None:
        if given:
            raise InvalidInput.at(f"--trace-{next(iter(given))}", "there is no timeline to show it in", "add --trace OUT")
        return None
    from hyperdrive_sim.outputs import targets, timelines

    if output and targets.lies_in(trace, output):
        raise InvalidInput.at("--trace", f"'{trace}' lies in '{output}', where nothing but the run may be", "name a file beside it")
    return timelines.request(trace, **given, force=force, inputs=inputs)


def _fits(report: Report, wanted: Request) -> None:
    """Raise InvalidInput, before anything is written, for a timeline of a time beyond the end of the run."""
    from hyperdrive_sim.outputs.timelines.window import of_run

    of_run(wanted.window, report.trace.makespan_ps)


def _write_timeline(report: Report, wanted: Request) -> None:
    from hyperdrive_sim.outputs import timelines

    if large := timelines.warning(report, wanted):
        tell(large)
    with progress_bar() as progress:
        timelines.write(report, wanted, progress)
    tell_written(wanted.path, f"opens in {wanted.format.opens_in}")


@command
@file_argument
@set_option
@engine_option
@max_memory_option
@json_option
@output_option("DIR", "Write what the network computed, output.npy or output.npz.")
@force_option
def check(file: Path, changes: tuple[str, ...], as_json: bool, output: Path | None, force: bool) -> int:
    """Execute a scenario's schedule bit for bit against golden, prove its order, and cut it finer.

    A finer cut that moves the makespan by more than 5 % is a warning: the exit code stays 0, since nothing is wrong, but the schedule is
    too coarse to be timed by. `granularity` in the scenario chooses another.
    """
    from hyperdrive_sim.cli import tables
    from hyperdrive_sim.outputs import computed
    from hyperdrive_sim.outputs.manifest import Circumstances
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study import checks

    scenario = Scenario.read(file, changes)
    if output:
        computed.target(output, scenario, force=force).check()
    if slow := checks.slowness(scenario):
        tell(slow)
    with progress_bar() as progress:
        found = checks.check(scenario, progress=progress)
    if output and found.function.outputs:
        name = computed.write(found.function.outputs, scenario, output, Circumstances(sys.argv[1:]), force=force)
        tell_written(output, f"numpy.load opens the {name} in it")
    show_json(found.to_dict()) if as_json else show(tables.verdict(found))
    for warning in found.warnings:
        tell(f"warning: {warning}")
    return 0 if found.ok else 1


@command
@file_argument
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    required=True,
    metavar="PATH",
    help="An .npy array of images, with or without channels, a file in MNIST's idx format, or a folder of pictures.",
)
@click.option("--labels", type=click.Path(path_type=Path), metavar="PATH", help="Numbers of classes, one per image: .npy or idx.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Take the first N images only; of classes in folders, one after the other in turns.",
)
@click.option("--outputs", type=click.IntRange(min=1), metavar="N", help="Let the first N outputs only be classes.")
@click.option(
    "--replay", "replayed", type=click.IntRange(min=0), default=0, metavar="N", help="Put the first N through the timed schedule."
)
@click.option("--reference", type=click.Choice(["float64", "float32"]), default="float64", help="What the chip is compared with.")
@set_option
@engine_option
@max_memory_option
@json_option
def evaluate(file: Path, changes: tuple[str, ...], as_json: bool, images: Path, labels: Path | None, **options: Any) -> int:
    """Compute images by the arithmetic of a scenario's chip: accuracy, confusion, and how many differ from float64.

    What is made of an image before the network takes it is the scenario's `input`: scale, mean, std, quantise, for levels of 0..1, which
    bytes are too. The folders of a folder of pictures are the classes, by number where all are called for one, else in the order of names.
    """
    from hyperdrive_sim.cli import evaluations
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study.evaluation import Options, evaluated

    scenario = Scenario.read(file, changes)
    with progress_bar() as progress:
        found = evaluated(scenario, images, labels, Options(**options), progress)
    show_json(found.to_dict()) if as_json else show(evaluations.evaluation(found))
    return 0 if found.ok else 1


@command
@file_argument
@set_option
@engine_option
@max_memory_option
@json_option
def sweep(file: Path, changes: tuple[str, ...], as_json: bool) -> int:
    """Run every combination of a scenario's sweep and compare them in one table."""
    from hyperdrive_sim.cli import comparisons
    from hyperdrive_sim.scenario.scenario import Scenario
    from hyperdrive_sim.study import runs

    scenario = Scenario.read(file, changes)
    failed: list[HyperdriveSimError] = []
    with progress_bar() as progress:
        points = _noting(failed, runs.swept(scenario, progress))
        if as_json:
            found = [{"point": point, **result(outcome)} for point, outcome in points]
        else:
            table = comparisons.sweep(points)
    for error in failed:
        show_traceback(error)
    show_json(found) if as_json else show(table)
    return SOME_FAILED if failed else 0


def _noting(failed: list[HyperdriveSimError], points: Iterable[Point]) -> Iterator[Point]:
    """Points as they come, of which those that failed are noted."""
    for point, outcome in points:
        if isinstance(outcome, HyperdriveSimError):
            failed.append(outcome)
        yield point, outcome
