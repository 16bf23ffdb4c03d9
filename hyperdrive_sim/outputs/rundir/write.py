"""Run directories written from reports: all of their files or none."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import manifest
from hyperdrive_sim.outputs.manifest import UNTOLD, Circumstances
from hyperdrive_sim.outputs.rundir import arrays, machine, resolved, spans
from hyperdrive_sim.outputs.staging import Staging
from hyperdrive_sim.outputs.targets import FolderTarget
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.scenario import Scenario

RESULT, LAYERS = "result.json", "layers.csv"
NEEDED = frozenset({RESULT, LAYERS, spans.NAME, machine.NAME, arrays.NAME, resolved.NAME})
"""Files of every run directory."""


def is_ours(name: str) -> bool:
    """True for the name of a file that a run directory may have, beside its manifest."""
    return name in NEEDED | resolved.OPTIONAL


def target(folder: Path, scenario: Scenario, *, force: bool = False) -> FolderTarget:
    """The directory as a target, which the run of a scenario may be written into or not."""
    return FolderTarget(folder, is_ours, force, scenario.files)


def write(report: Report, scenario: Scenario, folder: Path, how: Circumstances = UNTOLD, *, force: bool = False) -> None:
    """Write the run of a scenario. Of an earlier one in the same directory nothing is left; until this one is complete, it is there.

    Raises InvalidInput if this is another scenario's report, or if something that this program did not write, or that it reads for this
    run, would be lost. *force* has files replaced that only have names of ours.
    """
    if report.scenario.hash != scenario.hash:
        raise InvalidInput.at("", f"this is not a report of '{scenario.file}'", "write it with the scenario that was run")
    with target(folder, scenario, force=force).writing() as staging:
        _write_all(report, scenario, staging)
        manifest.seal(staging, scenario.hash, scenario.settings.seed, how)


def _write_all(report: Report, scenario: Scenario, staging: Staging) -> None:
    staging.write(RESULT, f"{json.dumps(report.to_dict(), indent=2)}\n".encode())
    staging.write(LAYERS, layers_csv(report).encode())
    staging.write(machine.NAME, machine.encoded(report.machine))
    resolved.write(scenario, staging)
    with staging.file(arrays.NAME) as file:
        arrays.write(report, file)
    with staging.file(spans.NAME) as file:
        spans.write(report.span_columns(), file)


def layers_csv(report: Report) -> str:
    """The table of layers as CSV, one row each; a cell is empty where there is nothing to say."""
    columns = report.layer_columns()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()
