"""A run as a page takes it: its report, and what one has to know to reproduce it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hyperdrive_sim.engine.compiled import Progress, silent
from hyperdrive_sim.outputs import manifest, rundir
from hyperdrive_sim.outputs.rundir import WrittenRun, resolved
from hyperdrive_sim.outputs.sources import AnyRun, directory
from hyperdrive_sim.outputs.yaml_text import yaml_text
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario import shipped
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import opened
from hyperdrive_sim.study.runs import run


@dataclass(frozen=True)
class Run:
    """A report with what reproduces it: `manifest` has `versions` by package, `seed`, the `command`, and the `scenario` as YAML.

    Of a report alone, no more is known than what stands in it: no seed, no versions, and no command as for a run without a file.
    """

    report: Report
    manifest: Mapping[str, Any]


class Plan(NamedTuple):
    """A run to come: *run* reads a directory or simulates a scenario; *inputs* are the files that it is read from."""

    run: Callable[[Progress], Run]
    inputs: tuple[Path, ...] = ()


def planned(source: AnyRun, changes: Sequence[str] = ()) -> Plan:
    """Plan a run from its source, which is checked at once; a scenario is run with *changes*. Raises InvalidInput."""
    if isinstance(source, Report):
        return Plan(lambda progress: reported(source))
    if folder := directory(source):
        found = rundir.opened(folder)
        return Plan(lambda progress: written(found), (folder,))
    scenario = opened(source, tuple(changes))
    return Plan(lambda progress: simulated(scenario, changes, progress), scenario.files)


def written(found: WrittenRun) -> Run:
    """The run of a directory."""
    known = found.manifest
    provenance = {"versions": known.versions, "seed": known.seed, "command": shlex.join(known.command), "scenario": found.scenario}
    return Run(found.report(), provenance)


def simulated(scenario: Scenario, changes: Sequence[str] = (), progress: Progress = silent) -> Run:
    """The run of a scenario; *changes* are the settings that were made on top of its file."""
    words = [
        "hyperdrive-sim",
        "run",
        shipped.catalogue().name(Path(scenario.file)) or scenario.file,
        *(word for change in changes for word in ("--set", change)),
    ]
    provenance = {
        "versions": manifest.versions(),
        "seed": scenario.settings.seed,
        "command": shlex.join(map(manifest.without_directories, words)) if scenario.file else "",
        "scenario": resolved.remark(scenario) + yaml_text(scenario.document.data),
    }
    return Run(run(scenario, progress=progress), provenance)


def reported(report: Report) -> Run:
    """A run of which there is but its report: the scenario is what that says of it."""
    network, system = report.network, report.system
    said = {
        "title": report.scenario.title,
        "network": network.name,
        **({"network_options": dict(network.options)} if network.options else {}),
        "input_shape": list(network.input_shape),
        "architecture": system.architecture,
        "chip": json.loads(json.dumps(dict(system.changed))),
        **({"granularity": system.granularity} if system.granularity != system.granularities[0] else {}),
        "frames": report.time.frames,
    }
    return Run(report, {"versions": {}, "seed": None, "command": "", "scenario": yaml_text(said)})
