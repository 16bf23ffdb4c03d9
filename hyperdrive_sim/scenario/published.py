"""Published figures beside simulated ones: rows of an architecture's published.yaml, evaluated on a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import fsum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.prices import Provenance
from hyperdrive_sim.text.document import Document


class Row(BaseModel):
    """One published figure, and how the simulated one is formed.

        figure = scale * sum(simulated) / sum(per) * sum(times)

    of paths into the JSON report, keys joined by `/`; *per* and *times* count only where they are given. With a scenario to hold it
    *against*, the measure is that one's figure over this one's (`speedup`), or the share of that one's figure that is saved (`cut`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    quantity: str
    unit: str = ""
    published: float
    simulated: tuple[str, ...]
    per: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    against: str = ""
    measure: Literal["figure", "speedup", "cut"] = "figure"
    scale: float = 1.0
    tolerance: float = Field(ge=0, description="largest relative deviation that is accepted")
    provenance: Provenance
    source: str
    note: str = ""


class Section(BaseModel):
    """Published figures that one scenario reproduces."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    scenario: str
    rows: tuple[Row, ...]


class Table(BaseModel):
    """A whole published.yaml: sections by name."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sections: dict[str, Section]


@dataclass(frozen=True)
class Comparison:
    """A published figure, the simulated one, and the relative deviation (`error`) of the simulated one from it."""

    quantity: str
    unit: str
    published: float
    simulated: float
    error: float
    tolerance: float
    source: str
    provenance: str
    note: str

    @property
    def within(self) -> bool:
        """True if the deviation is within the tolerance."""
        return abs(self.error) <= self.tolerance


@cache
def table(folder: Path) -> Table:
    """The published.yaml in an architecture's folder. Raises InvalidInput."""
    path = folder / "published.yaml"
    return Document.read(path, f"{folder.name}/published.yaml").validate(Table)


def section(folder: Path, name: str) -> Section:
    """A section of the published.yaml in an architecture's folder. Raises InvalidInput if there is none of that name."""
    sections = table(folder).sections
    if name not in sections:
        raise InvalidInput.at(
            "reproduces", f"'{name}' is no section of {folder.name}/published.yaml", "known sections: " + ", ".join(sections)
        )
    return sections[name]


def compare(rows: tuple[Row, ...], report: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> tuple[Comparison, ...]:
    """Evaluate rows on a report in its JSON form; *others* are the reports of the scenarios that rows are held against, by path."""
    return tuple(_compared(row, report, others.get(row.against, {})) for row in rows)


def _compared(row: Row, report: Mapping[str, Any], other: Mapping[str, Any]) -> Comparison:
    simulated = _figure(row, report)
    match row.measure:
        case "speedup":
            simulated = _figure(row, other) / simulated
        case "cut":
            simulated = 1 - simulated / _figure(row, other)
    error = simulated / row.published - 1
    return Comparison(row.quantity, row.unit, row.published, simulated, error, row.tolerance, row.source, row.provenance, row.note)


def _figure(row: Row, report: Mapping[str, Any]) -> float:
    figure = fsum(_at(report, path) for path in row.simulated) * row.scale
    if row.per:
        figure /= fsum(_at(report, path) for path in row.per)
    if row.times:
        figure *= fsum(_at(report, path) for path in row.times)
    return figure


def _at(report: Mapping[str, Any], path: str) -> float:
    """The number under a path of a report; 0 for an action that did not happen."""
    value: Any = report
    for key in path.split("/"):
        if key not in value:
            return 0.0
        value = value[key]
    return float(value)
