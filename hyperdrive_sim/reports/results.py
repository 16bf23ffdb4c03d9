"""The public form of a report: what `--json` prints and `result.json` holds, to plain data and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from hyperdrive_sim.reports.layer_table import LayerRow
from hyperdrive_sim.reports.records import (
    DatasheetEntry,
    Efficiency,
    Energy,
    NetworkRecord,
    PartRecord,
    ScenarioRecord,
    SystemRecord,
    Throughput,
    Time,
    UnitRow,
)
from hyperdrive_sim.scenario.published import Comparison
from hyperdrive_sim.text.typed import typed

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True)
class Results:
    """One run's results; `schema_version` names the shape of this record, field by field and in this order."""

    schema_version: int
    scenario: ScenarioRecord
    network: NetworkRecord
    system: SystemRecord
    time: Time
    throughput: Throughput
    energy: Energy
    io_bits: Mapping[str, int | float]
    efficiency: Efficiency
    parts: tuple[PartRecord, ...]
    units: tuple[UnitRow, ...]
    layers: tuple[LayerRow, ...]
    datasheet: Mapping[str, DatasheetEntry]
    published: tuple[Comparison, ...]

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form: mappings, lists, texts and numbers."""
        plain: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return plain

    @staticmethod
    def from_json(data: bytes) -> Results:
        """The results that JSON holds. Raises ValueError that names what is missing, too many or of a wrong type."""
        return typed(_adapter(), data)


@cache
def _adapter() -> TypeAdapter[Results]:
    """The validator of results, made when it is first needed: a start without a report does not pay the milliseconds that it takes."""
    from pydantic import TypeAdapter

    return TypeAdapter(Results)
