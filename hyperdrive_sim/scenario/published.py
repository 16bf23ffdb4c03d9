"""Published figures beside simulated ones: rows of an architecture's published.yaml, evaluated on a report.

A system's figure is given twice: counted as the paper counts it (a core at its peak, without maps or corners, whatever it leaves out)
and as the system pays it. What lies between the two is named, in joules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import floor, fsum, log10, prod
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.prices import carries
from hyperdrive_sim.schedule.provenance import Basis, Provenance, chain, names, weakest
from hyperdrive_sim.text.document import Document

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)
BY_ACTION = "energy/by_action/"
"""Paths under which something may be missing: an action that did not happen counts nothing."""
SUMS = ("energy/total_j", "efficiency/system_ops_per_j")
SUMS_OF_IO, SUMS_OF_CORE = (*SUMS, "energy/io_j"), (*SUMS, "energy/core_j", "efficiency/core_ops_per_j")
"""Paths of figures that rest on the prices of all actions of that kind."""
OF_A_RUN = ("energy/", "efficiency/", "time/", "throughput/")
"""Paths of figures that rest on how a chip's tasks are laid out, so on settings that were fitted."""


class Link(BaseModel):
    """A figure that a published one rests on."""

    model_config = STRICT

    figure: str
    source: str
    provenance: Provenance
    rests_on: tuple[Link, ...] = ()

    def basis(self) -> Basis:
        return Basis(self.figure, self.source, self.provenance, tuple(link.basis() for link in self.rests_on))


class Formula(BaseModel):
    """How a figure is formed from the JSON form of a report.

        figure = scale * sum(simulated) / sum(per) * sum(times)

    of terms; *per* and *times* count only where they are given. A term is a path, keys joined by `/`, or a product of paths and numbers
    with ` * ` and ` / ` between them; one that begins with `- ` is subtracted. With a scenario to hold it *against*, the measure is that
    one's figure over this one's (`speedup`), or the share of that one's figure that is saved (`cut`).
    """

    model_config = STRICT

    simulated: tuple[str, ...]
    per: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    against: str = ""
    measure: Literal["figure", "speedup", "cut"] = "figure"
    scale: float = 1.0

    @model_validator(mode="after")
    def _held_against_one(self) -> Self:
        if bool(self.against) != (self.measure != "figure"):
            raise ValueError("a speedup or a cut is held against a scenario, a figure is not: set both `against` and `measure`, or none")
        return self

    def value(self, report: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> float:
        """The figure, from a report and those of the scenarios that figures are held against, by path."""
        figure = self._of(report)
        match self.measure:
            case "speedup":
                return self._of(others[self.against]) / figure
            case "cut":
                return 1 - figure / self._of(others[self.against])
        return figure

    def _of(self, report: Mapping[str, Any]) -> float:
        figure = total(self.simulated, report) * self.scale
        if self.per:
            figure /= total(self.per, report)
        return figure * total(self.times, report) if self.times else figure

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all figures that it is formed from, but for counts of actions, which rest on nothing."""
        terms = (*self.simulated, *self.per, *self.times)
        paths = [path for term in terms for path in re.split(r" [*/] ", term.removeprefix("- "))]
        return tuple(path for path in paths if not path.endswith("/count"))


class Row(Formula):
    """One published figure, and how ours is formed: as the system pays it and, where that is not the same, as the paper counts it.

    *digits* are the significant ones that are printed, at least those that its value shows. *figure* is the name under which prices and
    settings say that they rest on it, *built_in* says what else was chosen because of it: either way it comes back by construction.
    *ours* are figures that ours rests on beside prices, fitted settings and the datasheet, such as what a clock is known from. *counted*
    is how the paper counts, *uncounted* why that cannot be told; *between* names what the system pays and the paper does not
    count, as terms that give joules.
    """

    quantity: str
    unit: str = ""
    published: float
    digits: int = Field(default=1, ge=1)
    figure: str = ""
    built_in: str = ""
    counted: Formula | None = None
    uncounted: str = ""
    between: dict[str, tuple[str, ...]] = {}
    provenance: Provenance
    rests_on: tuple[Link, ...] = ()
    ours: tuple[Link, ...] = ()
    source: str
    note: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.counted and self.uncounted:
            raise ValueError("has both counted and uncounted: either the paper's way of counting is known, or not")
        if not self.published:
            raise ValueError("a published figure of 0 is off by nothing in proportion; leave it out")
        return self

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The ways in which ours is formed."""
        return (self, self.counted) if self.counted else (self,)

    @property
    def tolerance(self) -> float:
        """The relative deviation that the figure allows by itself: half a unit of its last digit, a whole one if it is recalled."""
        digits = max(self.digits, len(f"{self.published:e}".partition("e")[0].rstrip("0").replace(".", "").lstrip("-")))
        unit = 10.0 ** (floor(log10(abs(self.published))) - digits + 1) / abs(self.published)
        return unit if weakest(self.provenance, self.bases) == "recalled" else unit / 2

    @property
    def bases(self) -> tuple[Basis, ...]:
        return tuple(link.basis() for link in self.rests_on)


class Section(BaseModel):
    """Published figures that one scenario reproduces."""

    model_config = STRICT

    scenario: str
    rows: tuple[Row, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The scenarios that figures are held against."""
        return tuple(sorted({formula.against for row in self.rows for formula in row.formulas if formula.against}))


class Table(BaseModel):
    """A whole published.yaml: sections by name."""

    model_config = STRICT

    sections: dict[str, Section]


@dataclass(frozen=True)
class Comparison:
    """A published figure and ours, counted as the paper counts and as the system pays.

    `as_published` is absent where the paper's way of counting cannot be told; `reason` says why. `error` is its relative deviation,
    `tolerance` what the printed figure allows by itself. `between` is what the system pays beside, in joules. `rests_on` are the
    figures behind both; `comes_back` is true where the published one is among what ours rests on, so that it proves nothing.
    """

    quantity: str
    unit: str
    published: float
    as_published: float | None
    as_system: float
    error: float | None
    tolerance: float
    between: Mapping[str, float]
    provenance: str
    rests_on: tuple[str, ...]
    comes_back: bool
    source: str
    reason: str
    note: str

    @property
    def within(self) -> bool:
        """True if the deviation is within the tolerance, or cannot be told."""
        return self.error is None or abs(self.error) <= self.tolerance


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
    return tuple(_compared(row, report, others) for row in rows)


def _compared(row: Row, report: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Comparison:
    as_system = row.value(report, others)
    as_published = None if row.uncounted else row.counted.value(report, others) if row.counted else as_system
    ours = tuple(dict.fromkeys((*chain(link.basis() for link in row.ours), *_behind(row, report))))
    return Comparison(
        quantity=row.quantity,
        unit=row.unit,
        published=row.published,
        as_published=as_published,
        as_system=as_system,
        error=None if as_published is None else as_published / row.published - 1,
        tolerance=row.tolerance,
        between={name: total(terms, report) for name, terms in row.between.items()},
        provenance=weakest(row.provenance, row.bases),
        rests_on=tuple(dict.fromkeys((*chain(row.bases), *ours))),
        comes_back=bool(row.built_in) or (bool(row.figure) and names(ours, row.figure)),
        source=row.source,
        reason=row.uncounted,
        note="; ".join(filter(None, (row.built_in, row.note))),
    )


def _behind(row: Row, report: Mapping[str, Any]) -> Iterator[str]:
    """The figures that ours rests on, in words: prices and what these rest on, settings that were fitted, entries of the datasheet."""
    paths = [path for formula in row.formulas for path in formula.paths]
    known: dict[tuple[float, str], str] = {}
    for action, paid in report["energy"]["by_action"].items():
        sums, alone = SUMS_OF_IO if carries(action) else SUMS_OF_CORE, f"{BY_ACTION}{action}/"
        if any(path in sums or path.startswith(alone) for path in paths):
            yield from paid["rests_on"]
            known.setdefault((paid["pj"], paid["source"]), f"{paid['pj']:.4g} pJ of {action} ({paid['provenance']})")
    yield from known.values()
    if any(path.startswith(OF_A_RUN) for path in paths):
        for name, setting in report["system"]["fitted"].items():
            yield f"{name.replace('_', ' ')} (fitted)"
            yield from setting["fitted_to"]
    for name, entry in report["datasheet"].items():
        if any(path.startswith(f"datasheet/{name}/") for path in paths):
            yield from entry["rests_on"]


def total(terms: tuple[str, ...], report: Mapping[str, Any]) -> float:
    """The sum of some terms. Raises KeyError for a path that a report does not have."""
    return fsum(_term(term, report) for term in terms)


def _term(term: str, report: Mapping[str, Any]) -> float:
    first, *others = re.split(r" ([*/]) ", term.removeprefix("- "))
    factors = [_factor(first, report)]
    for sign, other in zip(others[::2], others[1::2], strict=True):
        value = _factor(other, report)
        factors.append(value if sign == "*" else 1 / value)
    return -prod(factors) if term.startswith("- ") else prod(factors)


def _factor(text: str, report: Mapping[str, Any]) -> float:
    """A number, or the one under a path of a report; 0 for an action that did not happen."""
    try:
        return float(text)
    except ValueError:
        pass
    value: Any = report
    for key in text.split("/"):
        if key not in value and text.startswith(BY_ACTION):
            return 0.0
        value = value[key]
    return float(value)
