"""Run directories written from reports: all of their files or none, the manifest last."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection
from pathlib import Path

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import manifest
from hyperdrive_sim.outputs.atomic import Staging, staged
from hyperdrive_sim.outputs.manifest import UNTOLD, Circumstances, Manifest
from hyperdrive_sim.outputs.rundir import arrays, machine, resolved, spans
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.scenario import Scenario

RESULT, LAYERS = "result.json", "layers.csv"
FILES = frozenset({RESULT, LAYERS, spans.NAME, machine.NAME, arrays.NAME, resolved.NAME, resolved.WEIGHTS})


def write(report: Report, scenario: Scenario, folder: Path, how: Circumstances = UNTOLD) -> None:
    """Write the run of a scenario; of an earlier one in the same directory nothing is left."""
    if report.scenario.hash != scenario.hash:
        raise InvalidInput.at("", f"this is not a report of '{scenario.file}'", "write it with the scenario that was run")
    with staged(folder) as staging:
        _write_all(report, scenario, staging)
        files = staging.digests()
        staging.write(manifest.NAME, f"{Manifest.of(scenario, files, how).model_dump_json(indent=2)}\n".encode())
        (folder / manifest.NAME).unlink(missing_ok=True)
        _remove_stale(folder, files)
        staging.place()


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


def _remove_stale(folder: Path, files: Collection[str]) -> None:
    """Files that an earlier run wrote here and this one does not."""
    for path in folder.iterdir():
        ours = path.name in FILES or resolved.INPUT in (path.name, path.stem)
        if ours and path.name not in files:
            path.unlink()
