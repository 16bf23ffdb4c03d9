"""Utilisation of each of a chip's tiles: the share of its busy time spent on pixels and channels that exist."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs.hyperdrive import timing
from hyperdrive_sim.archs.hyperdrive.placement import MeshLayout
from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.steps import HyperdriveStep, block_inputs, channel_weights
from hyperdrive_sim.network.box import Box, chunks
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.schedule.mapped import Tiles
from hyperdrive_sim.schedule.mesh import Chip


def tiles(layout: MeshLayout, layer: str | None) -> Tiles:
    """Useful lane-cycles over all lane-cycles of the convolutions, tile rows x tile columns, by chip; *layer* None: of all layers."""
    steps = [step for step in layout.plan.steps if layer in (None, step.main.name) and isinstance(step.main, Conv)]
    pixels, work = _Pixels(layout.spec), [_work(step, layout) for step in steps]
    of_sizes: dict[Hashable, NDArray[np.float64]] = {}
    for chip in layout.mesh.chips:
        if layout.sizes(chip) not in of_sizes:
            of_sizes[layout.sizes(chip)] = _of_chip(chip, layout, work, pixels)
    return {str(chip): of_sizes[layout.sizes(chip)] for chip in layout.mesh.chips}


class _Work(NamedTuple):
    """What a step's map costs for each pixel: useful lane-cycles, and lane-cycles of every tile."""

    output: str
    useful: int
    all: int


def _work(step: HyperdriveStep, layout: MeshLayout) -> _Work:
    channels, lanes, network = layout.network.shape(step.output).channels, layout.spec.lanes, layout.network
    cycles = sum(timing.conv_cycles(1, step, block_inputs(step, *block, network)) for block in chunks(0, channels, lanes))
    return _Work(step.output, channel_weights(step, network) * channels, lanes * cycles)


def _of_chip(chip: Chip, layout: MeshLayout, work: Sequence[_Work], pixels: _Pixels) -> NDArray[np.float64]:
    useful, total = np.zeros((layout.spec.tile_rows, layout.spec.tile_columns)), 0
    for step in work:
        part = layout.part(step.output, chip)
        useful += pixels.of(part) * step.useful
        total += math.prod(timing.patch(part, layout.spec)) * step.all
    return useful / max(1, total)  # a chip may have no pixel of a layer


class _Pixels:
    """Pixels of a chip's part that each tile has, tile rows x tile columns: computed once for all parts of one size."""

    def __init__(self, spec: HyperdriveSpec) -> None:
        self.spec = spec
        self._known: dict[tuple[int, int], NDArray[np.int64]] = {}

    def of(self, part: Box) -> NDArray[np.int64]:
        size = rows, columns = part.r1 - part.r0, part.w1 - part.w0
        if size not in self._known:
            down, across = timing.patch(part, self.spec)
            self._known[size] = np.outer(_covered(rows, down, self.spec.tile_rows), _covered(columns, across, self.spec.tile_columns))
        return self._known[size]


def _covered(size: int, patch: int, tiles: int) -> NDArray[np.int64]:
    return np.clip(size - patch * np.arange(tiles), 0, patch)
