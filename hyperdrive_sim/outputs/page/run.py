"""A run as a page takes it: its report, and what one has to know to reproduce it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperdrive_sim.engine.compiled import Progress, silent
from hyperdrive_sim.outputs import manifest, rundir
from hyperdrive_sim.outputs.manifest import Manifest
from hyperdrive_sim.outputs.rundir import resolved
from hyperdrive_sim.outputs.yaml_text import yaml_text
from hyperdrive_sim.report.report import Report
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import run


@dataclass(frozen=True)
class Run:
    """`manifest` has `versions` by package, `seed`, the `command`, and the `scenario` as YAML with all that it extends."""

    report: Report
    manifest: Mapping[str, Any]


def planned(path: Path, changes: Sequence[str] = ()) -> Callable[[Progress], Run]:
    """Plan the run at *path*, which is checked at once; called, a directory is read and a scenario simulated with *changes* on top."""
    if path.is_dir():
        known = Manifest.read(path)
        return lambda progress: written(path, known)
    scenario = Scenario.read(path, changes)
    return lambda progress: simulated(scenario, changes, progress)


def written(folder: Path, known: Manifest) -> Run:
    """The run of a directory."""
    text = (folder / resolved.NAME).read_text("utf-8")
    provenance = {"versions": known.versions, "seed": known.seed, "command": shlex.join(known.command), "scenario": text}
    return Run(rundir.read(folder), provenance)


def simulated(scenario: Scenario, changes: Sequence[str] = (), progress: Progress = silent) -> Run:
    """The run of a scenario; *changes* are the settings that were made on top of its file."""
    words = ["hyperdrive-sim", "run", scenario.file, *(word for change in changes for word in ("--set", change))]
    command = shlex.join(map(manifest.without_directories, words))
    provenance = {
        "versions": manifest.versions(),
        "seed": scenario.settings.seed,
        "command": command,
        "scenario": yaml_text(scenario.document.data),
    }
    return Run(run(scenario, progress=progress), provenance)
