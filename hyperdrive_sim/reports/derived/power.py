"""Power over time: the energy of every task, spread evenly over the time that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.bins import spread
from hyperdrive_sim.reports.derived.layer_time import largest_first
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.prices import PJ, carries

PARTS = 200
BY = ("part", "unit")
"""What power can be told apart by: core and I/O by what it carries, or kinds of units."""
CORE = ""
"""The core's name among the parts, beside what I/O carries."""


class Power(NamedTuple):
    """Mean power between each two of `edges_s`, in watts, by what it is spent on, the largest first; together it is the run's energy."""

    edges_s: NDArray[np.float64]
    watts: Mapping[str, NDArray[np.float64]]

    @property
    def total_w(self) -> NDArray[np.float64]:
        """All power together [parts]."""
        total = np.zeros(len(self.edges_s) - 1)
        for watts in self.watts.values():
            total += watts
        return total

    @property
    def part_s(self) -> float:
        """Length of a part, which all have alike."""
        return float(self.edges_s[-1] - self.edges_s[0]) / (len(self.edges_s) - 1)

    @property
    def mean_w(self) -> float:
        """The mean over the whole run."""
        return float(self.total_w.mean())


def power(report: Report, by: str = "part", parts: int = PARTS) -> Power:
    """Mean power in so many equal parts of the run, *by* "part" (core, and I/O by what it carries) or by kind of "unit"."""
    edges = np.linspace(0, report.trace.makespan_ps, parts + 1)
    found = _by_part(report, edges) if by == "part" else _by_unit(report, edges)
    watts = {name: pj * PJ / (np.diff(edges) / PS_PER_S) for name, pj in found if pj.any()}
    return Power(edges / PS_PER_S, largest_first(watts))


def said(name: str, by: str) -> str:
    """The words for what power is spent on: a part of the energy or a kind of unit."""
    return name if by == "unit" else f"I/O, {name}" if name else "core"


def _by_part(report: Report, edges: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Picojoules in each part of the time: of the core, and of I/O by what it carries."""
    prices = report.energy.prices_pj
    for part in dict.fromkeys((CORE, *map(carries, prices))):
        yield part, _spread(report, {action: pj for action, pj in prices.items() if carries(action) == part}, edges, {CORE: CORE})[0]


def _by_unit(report: Report, edges: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Picojoules in each part of the time, by kind of unit."""
    kinds = report.machine.kinds
    yield from zip(dict.fromkeys(kinds.values()), _spread(report, report.energy.prices_pj, edges, kinds), strict=True)


def _spread(report: Report, prices: Mapping[str, float], edges: NDArray[np.float64], kinds: Mapping[str, str]) -> NDArray[np.float64]:
    """Energy at some *prices* in each part of the time, in picojoules, by the kind of a task's unit; CORE for a unit of no kind."""
    trace, groups = report.trace, list(dict.fromkeys(kinds.values()))
    of_unit = [groups.index(kinds.get(unit, CORE)) for unit in trace.units]
    group = trace.tasks.unit.mapped(of_unit)
    return spread(group, (trace.start, trace.end), trace.counted(prices), edges, count=len(groups))
