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


def by_layer_and_kind(report: Report) -> dict[str, dict[str, int]]:
    """Bits of each layer by the kind of unit that carries them, over all frames; what carries none is left out."""
    trace, kinds = report.trace, {unit.name: unit.kind for unit in report.machine.units}
    bits = crossing_bits(trace)
    found: dict[str, dict[str, int]] = {row.name: {} for row in report.layers}
    for index in np.flatnonzero(bits).tolist():
        task = trace.tasks[index]
        carried, kind = found[task.layer], kinds[task.unit]
        carried[kind] = carried.get(kind, 0) + int(bits[index])
    return found


def rates(report: Report) -> dict[str, float]:
    """What all links of a kind can carry together, in bit/s; kinds without a rate are left out."""
    total: dict[str, float] = {}
    for unit in report.machine.units:
        if unit.rate:
            total[unit.kind] = total.get(unit.kind, 0) + unit.rate.bits_per_s
    return total
