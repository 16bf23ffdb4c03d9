"""Pages written to files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from hyperdrive_sim.engine.compiled import Progress, silent
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import page
from hyperdrive_sim.outputs.page.run import planned
from hyperdrive_sim.outputs.sources import AnyRun, listed, unchangeable
from hyperdrive_sim.outputs.targets import FileTarget
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.experiment import Changes, Experiment, settings
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import one_of_both, scenario_of

PAGE = "report.html"
MARK = b'<!doctype html>\n<html lang="en">\n<head>\n<meta name="generator" content="hyperdrive-sim '
"""The beginning of every page."""


def report(
    source: AnyRun | Iterable[AnyRun] | None = None,
    changes: Changes | None = None,
    *,
    output: str | os.PathLike[str] = PAGE,
    force: bool = False,
    progress: Progress = silent,
    **experiment: Unpack[Experiment],
) -> Path:
    """Write one HTML page of a run, or of several side by side, that works offline; returns its path.

        report("hyperdrive/tiny_2x2", {"frames": 2}, output="tiny.html")
        report(["a.yaml", "runs/b"], output="both.html")

    A source is the path of a scenario file or of a run directory, a `Scenario`, or a `Report`; *experiment* says in place of one what is
    run, as in `run`. Raises InvalidInput for what cannot be run or written, and MissingExtra without the packages that pages need.
    """
    one_of_both(source, experiment)
    if source is None:
        asked: list[AnyRun] = [scenario_of(None, None, experiment)]
    else:
        asked = listed(source)
    return write(asked, settings(changes), Path(output), progress, force=force)


def write(sources: Sequence[AnyRun], changes: tuple[str, ...], output: Path, progress: Progress, *, force: bool = False) -> Path:
    """Write a page as `report` does, with changes in the form `key=value`. Mistakes are found before anything is simulated."""
    if not sources:
        raise InvalidInput.at("", "there is nothing to show", "name a scenario file, or the directory of a run")
    page.available()
    unchangeable(sources, changes)
    named = tuple(Path(source) for source in sources if not isinstance(source, Scenario | Report))
    target = FileTarget(output, "--output", MARK, force, named)
    target.check()
    plans = [planned(source, changes) for source in sources]
    target = replace(target, inputs=tuple(file for plan in plans for file in plan.inputs))
    target.check()
    made = page.page([plan.run(progress) for plan in plans])
    with target.writing() as file:
        file.write(made.encode())
    return output
