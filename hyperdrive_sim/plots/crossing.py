"""What crosses the chips' edges, task by task."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.energy import IO_ACTIONS
from hyperdrive_sim.report import Report
from hyperdrive_sim.trace import Trace


def crossing_bits(trace: Trace) -> NDArray[np.int64]:
    """For every task, how many bits cross a chip's edge by it."""
    return trace.counted(dict.fromkeys(IO_ACTIONS, 1)).astype(np.int64)


def rates(report: Report) -> dict[str, float]:
    """What all links of a kind can carry together, in bit/s; kinds without a rate are left out."""
    total: dict[str, float] = {}
    for unit in report.machine.units:
        if unit.rate:
            total[unit.kind] = total.get(unit.kind, 0) + unit.rate.bits_per_s
    return total
