"""Sources of a run, where a function takes one: a scenario to be simulated, the directory of a run that was written, or its report."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hyperdrive_sim.engine.compiled import Progress, silent
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.outputs import rundir
from hyperdrive_sim.outputs.rundir import resolved
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.experiment import Changes, settings
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import Source, opened
from hyperdrive_sim.study.runs import run

AnyRun = Source | Report
"""The path of a scenario file or of a run directory, a scenario, or a report."""


def compare(
    sources: AnyRun | Iterable[AnyRun], changes: Changes | None = None, *, progress: Progress = silent
) -> list[tuple[str, Report | HyperdriveSimError]]:
    """Run several scenarios, of any chips and networks: each one's name with its report, or with what kept it from running.

        for name, outcome in compare(["a.yaml", "runs/b", report]):
            print(name, outcome.efficiency.system_ops_per_j if isinstance(outcome, Report) else outcome)

    A source is the path of a scenario file or of a run directory, a `Scenario`, or a `Report`. *changes* are new values by dotted key,
    for every scenario; raises InvalidInput if there are any and one of the sources is a run that has been.
    """
    return compared(listed(sources), settings(changes), progress)


def listed(sources: AnyRun | Iterable[AnyRun]) -> list[AnyRun]:
    """Some sources, or one, as a list."""
    return [sources] if isinstance(sources, str | os.PathLike | Scenario | Report) else list(sources)


def compared(sources: Iterable[AnyRun], changes: tuple[str, ...], progress: Progress) -> list[tuple[str, Report | HyperdriveSimError]]:
    """Compare as `compare` does, with changes in the form `key=value`."""
    asked = list(sources)
    unchangeable(asked, changes)
    return [(called(source), _outcome(source, changes, progress)) for source in asked]


def report_of(source: AnyRun, changes: tuple[str, ...], progress: Progress) -> Report:
    """The report that is given, is read from a directory, or comes of a simulation with `key=value` settings on top."""
    unchangeable([source], changes)
    if isinstance(source, Report):
        return source
    folder = directory(source)
    return rundir.read(folder) if folder else run(opened(source, changes), progress=progress)


def directory(source: AnyRun) -> Path | None:
    """The directory that a run was written into, if that is what a source names."""
    path = None if isinstance(source, Scenario | Report) else Path(source)
    return path if path and os.path.isdir(path) else None


def called(source: AnyRun) -> str:
    """Name of a source beside others: its path, or its title where it has none."""
    if isinstance(source, Scenario):
        return source.file or source.settings.title
    return source.scenario.file or source.scenario.title if isinstance(source, Report) else os.fspath(source)


def unchangeable(sources: Iterable[AnyRun], changes: tuple[str, ...]) -> None:
    """Raises InvalidInput if there are changes and one of the sources is a run that has been."""
    for source in sources if changes else ():
        if isinstance(source, Report):
            raise InvalidInput.at("", f"'{called(source)}' is a run that has been, and nothing of it can be set", "take its scenario")
        if folder := directory(source):
            problem = f"'{folder}' is a run that has been, and nothing of it can be set"
            raise InvalidInput.at("--set", problem, f"take the scenario in it, {folder / resolved.NAME}")


def _outcome(source: AnyRun, changes: tuple[str, ...], progress: Progress) -> Report | HyperdriveSimError:
    try:
        return report_of(source, changes, progress)
    except HyperdriveSimError as error:
        return error
