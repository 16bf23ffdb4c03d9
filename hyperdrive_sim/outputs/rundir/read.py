"""Reports read from run directories: the same as after the run, but that their tasks have no effects."""

from __future__ import annotations

import json
from pathlib import Path

from hyperdrive_sim.engine.compiled import collector_paused
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import manifest
from hyperdrive_sim.outputs.manifest import Manifest
from hyperdrive_sim.outputs.rundir import arrays, machine, spans
from hyperdrive_sim.outputs.rundir.write import RESULT
from hyperdrive_sim.reports import report, span_columns
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.results import Results

NEEDED = frozenset({RESULT, machine.NAME, arrays.NAME, spans.NAME})
"""Files that a report is made of again; the others are for people."""


def read(folder: Path | str) -> Report:
    """Read the report of a run from the directory that `hyperdrive-sim run -o` wrote it into.

    It is the same as after the run, but that its tasks have no effects. Raises InvalidInput if this is no such directory, or if a file
    in it is missing or was changed.
    """
    folder = Path(folder)
    known = Manifest.read(folder)
    try:
        with collector_paused():
            return _read(folder, known)
    except (KeyError, TypeError, ValueError) as error:
        by = known.versions.get("hyperdrive_sim", "an unknown version")
        problem = f"'{folder}' does not hold what this version of hyperdrive_sim writes, but what {by} did ({error})"
        raise InvalidInput.at("", problem, "run its scenario again") from None


def _read(folder: Path, known: Manifest) -> Report:
    if missing := NEEDED - known.files.keys():
        raise ValueError(f"there is no {min(missing)}")
    data = (folder / RESULT).read_bytes()
    manifest.refuse_other(folder / RESULT, json.loads(data)["schema_version"], report.SCHEMA_VERSION)
    results = Results.from_json(data)
    built = machine.decoded((folder / machine.NAME).read_bytes())
    with (folder / arrays.NAME).open("rb") as file:
        use = arrays.read(file, built)
    with (folder / spans.NAME).open("rb") as file:
        trace = span_columns.trace(spans.read(file))
    return Report(**vars(results), machine=built, trace=trace, **use._asdict())
