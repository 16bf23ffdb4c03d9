"""I/O across the chips' edges over time, link by link or by kind of link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.ledger import crossing_bits
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.bins import spread
from hyperdrive_sim.reports.report import Report


class LinkUse(NamedTuple):
    """Mean rates between each two of `edges_s` over *links* links together, and their capacity where it is stated."""

    name: str
    links: int
    edges_s: NDArray[np.float64]
    bits_per_s: NDArray[np.float64]
    limit_bits_per_s: float | None

    @property
    def mean_bits_per_s(self) -> float:
        """The mean over the whole run."""
        return float((self.bits_per_s * np.diff(self.edges_s)).sum() / (self.edges_s[-1] - self.edges_s[0]))


def by_kind(report: Report, bins: int) -> Iterator[LinkUse]:
    """Use of all links of a kind together, where they carry anything, in so many equal parts of the run."""
    kinds = report.machine.kinds
    members, limits = Counter(kinds.values()), report.machine.link_bits_per_s
    for kind, bits in _carried(report, kinds, edges := _edges(report, bins)).items():
        if bits.any():
            yield LinkUse(kind, members[kind], edges / PS_PER_S, _rates(bits, edges), limits.get(kind))


def by_unit(report: Report, units: Sequence[str], bins: int) -> Iterator[LinkUse]:
    """Use of each of some units, even of one that carries nothing, in so many equal parts of the run."""
    for name, bits in _carried(report, {name: name for name in units}, edges := _edges(report, bins)).items():
        rate = report.machine.unit[name].rate
        yield LinkUse(name, 1, edges / PS_PER_S, _rates(bits, edges), rate.bits_per_s if rate else None)


def _edges(report: Report, bins: int) -> NDArray[np.float64]:
    return np.linspace(0, report.trace.makespan_ps, bins + 1)


def _rates(bits: NDArray[np.float64], edges_ps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bits per second between each two edges."""
    return bits / np.diff(edges_ps) * PS_PER_S


def _carried(report: Report, group_of: Mapping[str, str], edges: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Bits that cross between each two of the *edges*, in picoseconds, by group of units.

    A task's bits are spread evenly over its time.
    """
    trace, bits = report.trace, crossing_bits(report.trace)
    groups = list(dict.fromkeys(group_of.values()))
    group = np.array([groups.index(group_of[unit]) if unit in group_of else -1 for unit in trace.units])[trace.tasks.unit.codes]
    some = np.flatnonzero((bits > 0) & (group >= 0))
    found = spread(group[some], (trace.start[some], trace.end[some]), bits[some], edges, count=len(groups))
    return dict(zip(groups, found, strict=True))
