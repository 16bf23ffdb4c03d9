"""The command line. The only module that writes to the terminal: results on stdout, progress and messages on stderr.

Commands are thin and load what they need when they are called, so that `--help` and `--version` answer at once.
"""

from __future__ import annotations

import gc
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import rich_click as click

from hyperdrive_sim import __version__
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput

if TYPE_CHECKING:
    from hyperdrive_sim.engine.compiled import Progress
    from hyperdrive_sim.outputs.timelines import Request
    from hyperdrive_sim.report.report import Report
    from hyperdrive_sim.scenario.scenario import Scenario

INTERRUPTED = 130
SOME_FAILED = 3
PIPED_WIDTH = 100

click.rich_click.TEXT_MARKUP = "rich"

file_argument = click.argument("file", type=click.Path(path_type=Path))
set_option = click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key of the scenario: --set chip.mesh=[5,10]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]}, epilog="Start with: hyperdrive-sim run scenarios/hyperdrive/resnet34_224.yaml"
)
@click.version_option(__version__, "--version", prog_name="hyperdrive-sim")
def cli() -> None:
    """Simulate binary and binary-weight CNN accelerators, system level, bit for bit."""


def command(function: Callable[..., int | None]) -> click.Command:
    """A subcommand whose errors end in a message on stderr and the exit code that the error carries."""

    @wraps(function)
    def wrapped(**arguments: Any) -> None:
        try:
            code = function(**arguments)
        except HyperdriveSimError as error:
            _complain(error)
            code = error.exit_code
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            code = INTERRUPTED
        except MemoryError:
            click.echo("error: there is not enough memory; `--dry-run` says how much a run takes", err=True)
            code = HyperdriveSimError.exit_code
        except OSError as error:
            code = _refused(error)
        sys.exit(code or 0)

    return cli.command(function.__name__.rstrip("_"))(wrapped)


def _refused(error: OSError) -> int:
    """What the operating system would not do, as an exit code; a reader that has seen enough is no error."""
    if isinstance(error, BrokenPipeError):
        return 0
    click.echo(f"error: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""), err=True)
    return HyperdriveSimError.exit_code


def _complain(error: HyperdriveSimError) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    if not isinstance(error, InvalidInput):
        console.print(Text.assemble(("error: ", "bold red"), str(error)))
        return
    from hyperdrive_sim.text.document import excerpt

    for mistake in error.mistakes:
        console.print(Text.assemble(("error: ", "bold red"), str(mistake)))
        if lines := excerpt(mistake):
            console.print(Text("\n".join(f"    {line}" for line in lines.split("\n")), style="dim"))


def _print(renderable: Any) -> None:
    from rich.console import Console

    console = Console(width=_room(), highlight=False, markup=False)
    with console.capture() as captured:
        console.print(renderable)
    text = captured.get() if sys.stdout.isatty() else click.unstyle(captured.get())  # what is styled is padded to the width, too
    click.echo("\n".join(line.rstrip() for line in text.splitlines()))


def _room() -> int:
    """How many characters a line may have."""
    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return shutil.get_terminal_size((PIPED_WIDTH, 0)).columns if told else PIPED_WIDTH


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, allow_nan=False))


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal's stderr, for what takes longer than two seconds; nothing elsewhere."""
    from hyperdrive_sim.cli.progress import ProgressBar

    with ProgressBar() as bar:
        yield bar.update


@command
@file_argument
@set_option
@json_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Write the run into a directory: result, layers, trace."
)
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
    from hyperdrive_sim.outputs import atomic, manifest, rundir
    from hyperdrive_sim.study import runs

    scenario = _scenario(file, changes)
    wanted = _timeline(**timeline)
    if output:
        atomic.writable(output)
    if dry_run:
        expected = runs.estimate(scenario)
        _print_json(expected._asdict()) if as_json else click.echo(tables.estimate(expected))
        return
    if scenario.settings.sweep and not as_json:
        click.echo("this scenario has a sweep; `hyperdrive-sim sweep` runs all of it, this is its base case", err=True)
    begun = perf_counter()
    with _progress() as progress:
        report = runs.run(scenario, progress=progress)
    how = manifest.Circumstances(sys.argv[1:], perf_counter() - begun, manifest.peak_memory_bytes())
    _print_json(report.to_dict()) if as_json else _print(tables.summary(report))
    if output:
        with _progress() as progress:
            progress("writing", 0, 0)
            rundir.write(report, scenario, output, how)
    if wanted:
        _write_timeline(report, wanted)


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
    with _progress() as progress:
        timelines.write(report, wanted, progress)


@command
@file_argument
@set_option
@json_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Write what the network computed, output.npy or output.npz."
)
def check(file: Path, changes: tuple[str, ...], as_json: bool, output: Path | None) -> int:
    """Execute a scenario's schedule bit for bit against golden, prove its order, and cut it finer."""
    from hyperdrive_sim.cli import tables
    from hyperdrive_sim.outputs import atomic
    from hyperdrive_sim.study import checks

    scenario = _scenario(file, changes)
    if output:
        atomic.writable(output)
    if slow := checks.slowness(scenario):
        click.echo(slow, err=True)
    with _progress() as progress:
        found = checks.check(scenario, progress=progress)
    _print_json(found.to_dict()) if as_json else _print(tables.verdict(found))
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
    from hyperdrive_sim.study import runs

    scenario = _scenario(file, changes)
    with _progress() as progress:
        points = runs.sweep(scenario, progress=progress)
    if as_json:
        _print_json([{"point": point, **_result(outcome)} for point, outcome in points])
    else:
        _print(comparisons.sweep(points))
    return SOME_FAILED if any(isinstance(outcome, HyperdriveSimError) for _, outcome in points) else 0


@command
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@set_option
@json_option
def compare(files: tuple[str, ...], changes: tuple[str, ...], as_json: bool) -> int:
    """Run several scenarios, of any architectures and networks, and compare them in one table; of a directory that a run was written
    into, that run is taken.

    A row has energies per frame and efficiencies with and without I/O. Weak prices are the share of the energy whose price is fitted,
    recalled or assumed; what is published or derived is not in it. --set changes a key of every scenario.
    """
    from hyperdrive_sim.cli import comparisons

    with _progress() as progress:
        found = list(_compared(files, changes, progress))
    errors = [outcome for _, outcome in found if isinstance(outcome, HyperdriveSimError)]
    some_ran = len(errors) < len(found)
    if as_json:
        _print_json([{"file": file, **_result(outcome)} for file, outcome in found])
    elif some_ran:
        _print(comparisons.comparison(found))
    else:
        for error in {str(error): error for error in errors}.values():
            _complain(error)
    if some_ran:
        return SOME_FAILED if errors else 0
    return max(error.exit_code for error in errors)


@command
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@set_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="HTML", default=Path("report.html"), show_default=True, help="The page."
)
def report(files: tuple[Path, ...], changes: tuple[str, ...], output: Path) -> None:
    """Write one HTML page of a run: everything there is to see of it, in one file that works offline. Several are compared.

    --set changes a key of every scenario.
    """
    from hyperdrive_sim.outputs import atomic
    from hyperdrive_sim.outputs.page import available, page
    from hyperdrive_sim.outputs.page.run import planned

    available()
    _unchangeable(files, changes)
    atomic.writable_file(output)
    runs = [planned(file, changes) for file in files]
    with _progress() as progress:
        text = page([run(progress) for run in runs])
    atomic.write_file(text, output)
    click.echo(f"{output}, {output.stat().st_size / 1e6:.1f} MB", err=True)


@command
@file_argument
@set_option
@click.option("--width", type=click.IntRange(10, 1000), help="Characters for the whole makespan; as many as there is room for.")
@click.option("--units", default=40, type=click.IntRange(1, 100_000), show_default=True, help="At most so many units, the busiest.")
def diagram(file: Path, changes: tuple[str, ...], width: int | None, units: int) -> None:
    """Draw the schedule of a scenario, or of a run that was written into a directory, as text.

    A row per unit, a letter where it works, a dot where it is idle.
    """
    from hyperdrive_sim.cli import tables
    from hyperdrive_sim.outputs import rundir
    from hyperdrive_sim.study import runs

    _unchangeable([file], changes)
    with _progress() as progress:
        report = rundir.read(file) if file.is_dir() else runs.run(_scenario(file, changes), progress=progress)
    click.echo(tables.diagram(report, units, width, room=_room()))


@command
@json_option
def list_(as_json: bool) -> None:
    """Name the architectures, networks and scenarios there are."""
    from hyperdrive_sim.archs import registry
    from hyperdrive_sim.network import zoo
    from hyperdrive_sim.scenario import shipped

    found = {"architectures": registry.names(), "networks": zoo.names(), "scenarios": shipped.scenarios()}
    if as_json:
        _print_json(found)
        return
    for what, names in found.items():
        click.echo(f"{what}:")
        for name in names:
            options = zoo.options(name) if what == "networks" else {}
            click.echo(f"  {name}" + "".join(f", {option}: {value}" for option, value in options.items()))


@command
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from hyperdrive_sim.scenario.schema import schema

    _print_json(schema())


def _result(outcome: Report | HyperdriveSimError) -> dict[str, Any]:
    """One of several outcomes in JSON."""
    return {"error": str(outcome)} if isinstance(outcome, HyperdriveSimError) else {"result": outcome.to_dict()}


def _compared(files: Sequence[str], changes: tuple[str, ...], progress: Progress) -> Iterator[tuple[str, Report | HyperdriveSimError]]:
    """Every file, or directory that a run was written into, and its report or what kept it from being one."""
    from hyperdrive_sim.outputs import rundir
    from hyperdrive_sim.study import runs

    _unchangeable(map(Path, files), changes)
    for file in files:
        try:
            yield file, rundir.read(file) if Path(file).is_dir() else runs.run(_scenario(Path(file), changes), progress=progress)
        except HyperdriveSimError as error:
            yield file, error


def _unchangeable(files: Iterable[Path], changes: tuple[str, ...]) -> None:
    """Raises InvalidInput if what is set would have to change a run that has been."""
    for folder in (file for file in files if changes and file.is_dir()):
        problem = f"'{folder}' is a run that has been, and nothing of it can be set"
        raise InvalidInput.at("--set", problem, f"take the scenario in it, {folder / 'scenario.resolved.yaml'}")


def _scenario(file: Path, changes: tuple[str, ...]) -> Scenario:
    from hyperdrive_sim.scenario.scenario import Scenario

    return Scenario.read(file, changes)


def main() -> None:
    """The entry point of `hyperdrive-sim` and `python -m hyperdrive_sim`.

    One command is one process: its memory goes back when it ends, so millions of records are neither searched for cycles on the way
    nor taken apart one by one at the end.
    """
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a title that the terminal cannot show is no reason to fail
    code: Any = 0
    try:
        cli()
    except SystemExit as end:
        code = end.code
    except OSError as error:
        code = _refused(error)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)
