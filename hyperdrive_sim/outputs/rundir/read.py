"""A report out of its directory: the same as after the run, but that its tasks have no effects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hyperdrive_sim.engine.compiled import collector_paused
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import manifest
from hyperdrive_sim.outputs.manifest import Manifest
from hyperdrive_sim.outputs.rundir import arrays, machine, spans
from hyperdrive_sim.outputs.rundir.write import RESULT
from hyperdrive_sim.report import report, span_columns
from hyperdrive_sim.report.layer_table import LayerRow
from hyperdrive_sim.report.records import Action, Efficiency, Energy, NetworkFacts, ScenarioFacts, SystemFacts, Throughput, Time, UnitRow
from hyperdrive_sim.report.report import Report
from hyperdrive_sim.scenario.published import Comparison
from hyperdrive_sim.schedule.mapped import Quantity


def read(folder: Path | str) -> Report:
    """Raises InvalidInput if this is no run directory, or not what was written."""
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
    plain = _tupled(json.loads((folder / RESULT).read_bytes()))
    manifest.refuse_newer(folder / RESULT, plain["schema_version"], report.SCHEMA_VERSION)
    built = machine.decoded((folder / machine.NAME).read_bytes())
    with (folder / arrays.NAME).open("rb") as file:
        use = arrays.read(file, built)
    kept = spans.PARQUET if spans.PARQUET in known.files else spans.NPZ
    trace = span_columns.trace(spans.read(folder / kept))
    return Report(**_facts(plain), machine=built, trace=trace, **use._asdict())


def _facts(plain: Mapping[str, Any]) -> dict[str, Any]:
    """What the JSON form has, as the records that it was made from."""
    energy = plain["energy"]
    actions = {name: Action(**action) for name, action in energy["by_action"].items()}
    return {
        **plain,
        "scenario": ScenarioFacts(**plain["scenario"]),
        "network": NetworkFacts(**plain["network"]),
        "system": SystemFacts(**plain["system"]),
        "time": Time(**plain["time"]),
        "throughput": Throughput(**plain["throughput"]),
        "energy": Energy(**{**energy, "by_action": actions}),
        "efficiency": Efficiency(**plain["efficiency"]),
        "units": tuple(UnitRow(**row) for row in plain["units"]),
        "layers": tuple(LayerRow(**row) for row in plain["layers"]),
        "datasheet": {name: Quantity(**quantity) for name, quantity in plain["datasheet"].items()},
        "published": tuple(Comparison(**row) for row in plain["published"]),
    }


def _tupled(value: Any) -> Any:
    """JSON's lists as the tuples that a report has."""
    if isinstance(value, list):
        return tuple(map(_tupled, value))
    return {key: _tupled(item) for key, item in value.items()} if isinstance(value, dict) else value
