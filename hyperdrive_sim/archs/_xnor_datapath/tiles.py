"""Utilisation of each xnor-sum unit of the array: the share of its busy time spent on products that exist."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs._xnor_datapath import timing
from hyperdrive_sim.archs._xnor_datapath.machine import CHIP
from hyperdrive_sim.archs._xnor_datapath.placement import CoreLayout, geometry
from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.schedule.mapped import Tiles


def tiles(layout: CoreLayout, layer: str | None) -> Tiles:
    """Products counted over those that there were cycles for, BPUs x xnor-sum units; *layer* None: of all layers."""
    spec = layout.spec
    useful, total = np.zeros((spec.bpus, spec.xnor_sums_per_bpu)), 0
    for step, block in zip(layout.plan.steps, layout.channels, strict=True):
        for term in (term for term in step.terms if layer in (None, term.conv.name)):
            where = geometry(layout.network, term)
            channels, pixels = where.out.channels, where.out.rows * where.out.columns
            for window in timing.windows(term.conv.window.kernel, spec):
                together = min(block, timing.side_by_side(window, spec))
                useful += _shared(window, together, channels, spec) * pixels * where.x.channels
            full, rest = divmod(channels, block)
            for size, times in ((block, full), (rest, 1)):
                if size:
                    total += times * timing.block(where, size, spec, adds=False, ends=False, pooled=None).array_cycles
    return {CHIP: useful / (total * spec.word_bits)}


def _shared(window: timing.SubKernel, together: int, channels: int, spec: DatapathSpec) -> NDArray[np.float64]:
    """Output channels that each unit takes part in, *together* of them side by side; BPUs x xnor-sum units."""
    counts = np.zeros((spec.bpus, spec.xnor_sums_per_bpu))
    across = spec.xnor_sums_per_bpu // window.columns
    for place in range(together):
        row, column = place // across * window.rows, place % across * window.columns
        counts[row : row + window.rows, column : column + window.columns] += -(-(channels - place) // together)
    return counts
