"""Validation: published figures that scenarios reproduce, of all chips in one table, counted as the paper counts and as the system pays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine.compiled import Progress, silent
from hyperdrive_sim.reports.summary import BESIDE, beside, remarks
from hyperdrive_sim.scenario import published, shipped
from hyperdrive_sim.scenario.published import Comparison, Section
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import run

CLOSE = 0.05
"""The largest relative deviation of a figure that is counted as the paper counts it."""


@dataclass(frozen=True)
class Validated:
    """One published figure of a chip, and ours in the scenario that reproduces it."""

    architecture: str
    scenario: str
    figure: Comparison

    @property
    def ok(self) -> bool:
        """True if ours is close, counted as the paper counts, or there is a reason why it cannot be counted so."""
        return bool(self.figure.reason) if self.figure.error is None else abs(self.figure.error) <= CLOSE

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        return {"architecture": self.architecture, "scenario": self.scenario, **asdict(self.figure)}


def validate(architectures: Sequence[str] = (), *, progress: Progress = silent) -> tuple[Validated, ...]:
    """Run every scenario that reproduces published figures, and set them beside ours: of some chips, or of all that have any.

        rows = validate(["hyperdrive"])

    Raises InvalidInput for a chip that there is not.
    """
    chosen = dict.fromkeys(registry.load(name).name for name in architectures) or registry.usable()
    reports: dict[str, Mapping[str, Any]] = {}
    return tuple(row for name in chosen for row in _of(name, reports, progress))


def _of(name: str, reports: dict[str, Mapping[str, Any]], progress: Progress) -> Iterator[Validated]:
    """The rows of one chip; *reports* keeps those of scenarios that have run, by path."""
    folder = registry.folder(name)
    if not (folder / "published.yaml").exists():
        return
    for section in published.table(folder).sections.values():
        for path in (section.scenario, *section.others):
            if path not in reports:
                reports[path] = run(Scenario.read(shipped.published(path, folder), ["reproduces=null"]), progress=progress).to_dict()
        for row in _rows(section, reports):
            yield Validated(name, section.scenario, row)


def _rows(section: Section, reports: Mapping[str, Mapping[str, Any]]) -> tuple[Comparison, ...]:
    return published.compare(section.rows, reports[section.scenario], reports)


def markdown(rows: Sequence[Validated]) -> str:
    """The table as READMEs have it: a line per figure, and below what there is to say of each scenario's."""
    lines = [_line(("scenario", *BESIDE._replace(quantity="quantity"))), "|" + "---|" * (len(BESIDE) + 1)]
    lines += [_line((_short(row.scenario), *beside(row.figure))) for row in rows]
    said = [
        f"- {_short(of)}: {one}" for of, some in groupby(rows, lambda row: row.scenario) for one in remarks([row.figure for row in some])
    ]
    return "\n".join((*lines, "", *said))


def _short(scenario: str) -> str:
    return scenario.removesuffix(".yaml")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
