"""The quantities that runs are compared by, and which runs no other is better than."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import fsum
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import per_s, percent, si

Better = Literal["less", "more"]


class Metric(NamedTuple):
    """A quantity that every report has, with the name that its axis has.

    *grows* is the power of a machine's size with which it goes ideally: 1 for a rate, -1 for a duration.
    """

    name: str
    unit: str
    of: Callable[[Report], float]
    better: Better
    grows: int = 0

    def text(self, report: Report) -> str:
        """The value in a report, as text with its unit."""
        value = self.of(report)
        return per_s(value) if self.unit == "frame/s" else percent(value) if self.unit == "%" else si(value, self.unit)


METRICS: Mapping[str, Metric] = {
    "latency": Metric("latency of a frame", "s", lambda report: report.time.latency_s, "less", -1),
    "frames_per_s": Metric("frame rate", "frame/s", lambda report: report.time.frames_per_s, "more", 1),
    "ops_per_s": Metric("throughput", "Op/s", lambda report: report.throughput.ops_per_s, "more", 1),
    "utilization": Metric("utilisation of all tiles", "%", lambda report: report.throughput.utilization, "more"),
    "energy": Metric("energy of a frame", "J", lambda report: report.energy.total_j, "less"),
    "core_energy": Metric("core energy of a frame", "J", lambda report: report.energy.core_j, "less"),
    "io_energy": Metric("I/O energy of a frame", "J", lambda report: report.energy.io_j, "less"),
    "io_bits": Metric("bits across the chips' edges, per frame", "bit", lambda report: fsum(report.io_bits.values()), "less"),
    "efficiency": Metric("system efficiency", "Op/s/W", lambda report: report.efficiency.system_ops_per_j, "more"),
    "core_efficiency": Metric("core efficiency", "Op/s/W", lambda report: report.efficiency.core_ops_per_j, "more"),
    "chips": Metric("size of the machine", "chips", lambda report: report.system.chips, "less", 1),
}


def front(points: NDArray[np.float64], x: Better = "less", y: Better = "less") -> list[int]:
    """The Pareto front: positions of those points, [x, y], that no other beats in one respect without losing in the other."""
    costs = points * np.where(np.array([x, y]) == "less", 1.0, -1.0)
    beaten = [bool(np.any((costs <= cost).all(axis=1) & (costs < cost).any(axis=1))) for cost in costs]
    return [place for place, worse in enumerate(beaten) if not worse]
