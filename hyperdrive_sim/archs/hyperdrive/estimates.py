"""Time and energy of a frame on many meshes at once, in closed form: close enough to say which of them are worth a simulation.

A step takes as long as the chip with the largest patches, or as the links that carry its borders; steps follow each other. How far
borders, inputs and outputs hide behind work is left to the simulation.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs.hyperdrive import timing
from hyperdrive_sim.archs.hyperdrive.placement import MOST_BESIDE, bypasses_paid, corner_bits, cut_lines, halo_bits, halo_maps, map_bits
from hyperdrive_sim.archs.hyperdrive.prices import operating_point, prices
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS, HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.steps import HyperdrivePlan, HyperdriveStep, block_inputs, channel_weights
from hyperdrive_sim.archs.operating_points import core_clock
from hyperdrive_sim.network.box import chunks
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.columns import Numbers

Floats = NDArray[np.float64]

CORNERS = 4
"""Corner pixels that are forwarded where four chips meet: each of them gets one."""


class Cut(NamedTuple):
    """One map on every mesh [meshes]: rows and columns of the largest part, pixels of its tiles' patches, and of all chips' patches."""

    rows: Numbers
    columns: Numbers
    patch: Numbers
    patches: Numbers


class Block(NamedTuple):
    """A kind of block of a step: its output channels, the input channels that each takes, and how many such blocks there are."""

    channels: int
    inputs: int
    number: int


class Estimates:
    """A network on meshes of *rows* x *columns* chips, both [meshes]."""

    def __init__(self, network: Network, plan: HyperdrivePlan, spec: HyperdriveSpec, rows: Numbers, columns: Numbers) -> None:
        self.network, self.plan, self.spec, self.rows, self.columns = network, plan, spec, rows, columns
        self.halos, self.paid = set(halo_maps(plan)), bypasses_paid(network, plan, spec)
        self._neighbours = _beside(rows), _beside(columns)
        self._cuts: dict[tuple[object, ...], Cut] = {}

    def cut(self, tensor: str) -> Cut:
        shape, stride = self.network.shape(tensor), self.plan.stride[tensor]
        key = shape.rows, shape.columns, stride
        if key not in self._cuts:
            (rows, high, all_high), (columns, wide, all_wide) = self._along(tensor, 1, self.rows), self._along(tensor, 2, self.columns)
            self._cuts[key] = Cut(rows, columns, high * wide, all_high * all_wide)
        return self._cuts[key]

    def _along(self, tensor: str, axis: int, chips: Numbers) -> Numbers:
        """In one direction [3, meshes]: pixels of the largest part, of a tile's patch there, and of the patches of all chips."""
        entry, size = self.network.shape(self.plan.inputs[0])[axis], self.network.shape(tensor)[axis]
        tiles = (self.spec.tile_rows, self.spec.tile_columns)[axis - 1]
        found = np.zeros((3, 1 + int(chips.max(initial=0))), np.int64)
        for number in np.unique(chips).tolist():
            parts = np.diff(cut_lines(entry, size, self.plan.stride[tensor], self.plan.grid, number))
            patches = -(-parts // tiles)
            found[:, number] = parts.max(), patches.max(), patches.sum()
        return found[:, chips]

    def bits(self, tensor: str) -> Numbers:
        """Bits of a chip's largest part of a map in its feature-map memory [meshes]."""
        return map_bits(self.network.shape(tensor).channels, self.cut(tensor).patch, self.spec)

    def halo_bits(self, tensor: str) -> Numbers:
        """Bits of a map's neighbours' pixels in a chip's border memory, of a chip with neighbours on all sides [meshes]."""
        cut = self.cut(tensor)
        return halo_bits(self.network.shape(tensor).channels, (cut.rows, cut.columns), self._neighbours)

    def corner_bits(self, tensor: str) -> Numbers:
        """Bits of a map's diagonal neighbours' pixels in a chip's corner memory [meshes]."""
        return corner_bits(self.network.shape(tensor).channels, self._neighbours)

    def cycles(self) -> Floats:
        """Core cycles from the first bit of the input to the last of the output [meshes]."""
        total = self._host_cycles()
        for step in self.plan.steps:
            total += self._step_cycles(step)
        return total

    def pj(self) -> Floats:
        """Energy in picojoules [meshes]: every chip's cycles, idle tiles included, and every bit that crosses a chip's edge."""
        price = {action: each.pj for action, each in prices(self.spec).items()}
        total = np.zeros(len(self.rows))
        for step in self.plan.steps:
            patches = self.cut(step.output).patches
            for block in self._blocks(step):
                phases = self._phases(step, block)
                total += block.number * sum(count * price[phase] for phase, count in phases.items()) * patches
                total += block.number * block.channels * channel_weights(step, self.network) * price["weight_io.bit"]
        ends = [("input_io.bit", self.plan.inputs), ("output_io.bit", self.plan.outputs)]
        total += sum(self.network.shape(tensor).size * WORD_BITS * price[action] for action, tensors in ends for tensor in tensors)
        return total + sum((self._border_bits(tensor) for tensor in self.halos), np.zeros(1)) * price["border_io.bit"]

    def _blocks(self, step: HyperdriveStep) -> list[Block]:
        blocks = chunks(0, self.network.shape(step.output).channels, self.spec.lanes)
        kinds = Counter((c1 - c0, block_inputs(step, c0, c1, self.network)) for c0, c1 in blocks)
        return [Block(*kind, number) for kind, number in kinds.items()]

    def _phases(self, step: HyperdriveStep, block: Block) -> dict[str, int]:
        """Cycles of an array for one pixel of its tiles' patches; for more they are as many times more."""
        return timing.phases(1, step, block.inputs, self.spec, bypass=step.output in self.paid)

    def _step_cycles(self, step: HyperdriveStep) -> Floats:
        """Cycles of a step [meshes]: its blocks one after the other, or as long as its borders take, and then the last one's corners."""
        cut, total, borders, behind = self.cut(step.output), np.zeros(len(self.rows)), np.zeros(len(self.rows)), np.zeros(1)
        for block in self._blocks(step):
            busy = cut.patch * sum(self._phases(step, block).values())
            stream = block.channels * channel_weights(step, self.network) / self.spec.weight_stream_bits_per_cycle
            head = timing.head_cycles(step, block.inputs)
            total += block.number * (np.maximum(busy, stream) if self.spec.prefetches else busy + max(0, stream - head))
            sent = self._link_cycles(step.output, block.channels)
            borders += block.number * sent
            behind = sent + self._corner_cycles(step.output, block.channels)
        return np.maximum(total, borders) + behind

    def _link_cycles(self, tensor: str, channels: int) -> Floats:
        """Cycles that the busiest link takes for a block of some channels of a map's borders [meshes]."""
        if tensor not in self.halos:
            return np.zeros(1)
        cut, down, across = self.cut(tensor), self.rows > 1, self.columns > 1
        pixels = np.maximum(down * cut.columns, across * (cut.rows + down * CORNERS // 2))
        latency = self.spec.border_link_latency_cycles
        return pixels * channels * WORD_BITS / self.spec.border_link_bits_per_cycle + latency * (pixels > 0)

    def _corner_cycles(self, tensor: str, channels: int) -> Floats:
        """Cycles of a corner's second hop, for a block of some channels [meshes]."""
        if tensor not in self.halos:
            return np.zeros(1)
        hop = channels * WORD_BITS / self.spec.border_link_bits_per_cycle + self.spec.border_link_latency_cycles
        return np.where((self.rows > 1) & (self.columns > 1), hop, 0.0)

    def _border_bits(self, tensor: str) -> Numbers:
        """Bits of a map's borders and corners over all links [meshes]."""
        channels, rows, columns = self.network.shape(tensor)
        down, across = self.rows - 1, self.columns - 1
        return (2 * down * columns + 2 * across * rows + CORNERS * down * across) * channels * WORD_BITS

    def _host_cycles(self) -> Floats:
        """Cycles of the host's link [meshes]: the whole input, and the last block of the output."""
        cycles_per_bit = core_clock(operating_point(self.spec), self.spec.clock_mhz).hz / (self.spec.host_link_gbit_per_s * 1e9)
        bits = sum(self.network.shape(tensor).size for tensor in self.plan.inputs)
        for tensor in self.plan.outputs:
            channels, rows, columns = self.network.shape(tensor)
            bits += min(channels, self.spec.lanes) * rows * columns
        return np.full(len(self.rows), bits * WORD_BITS * cycles_per_bit)


def _beside(chips: Numbers) -> Numbers:
    """Neighbours that a chip has at most in a direction in which there are so many chips [meshes]."""
    return np.asarray(np.minimum(chips - 1, MOST_BESIDE), np.int64)
