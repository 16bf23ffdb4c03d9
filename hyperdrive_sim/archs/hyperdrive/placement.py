"""Placement on a mesh: maps cut over the chips, ping-pong in the feature-map memories, halos (neighbours' pixels) in memories beside.

The mesh cuts the map that comes from the host evenly, and a map of half its size at half the pixel numbers, rounded up. So what a chip
reads lies in its own part of the input and the halo of one pixel around it, at every stride and for odd sizes too; a 1 x 1 layer needs
no halo at all. That holds for enlarged maps too if no pixel is cut that is enlarged; then the mesh cuts as evenly as these allow. All
chips use the same addresses, those that the largest part needs.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, product
from typing import NamedTuple, TypeVar

import numpy as np

from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS, HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.steps import HyperdrivePlan, HyperdriveStep, channel_weights
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Concat
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.lazy import Lazy
from hyperdrive_sim.schedule.mesh import HORIZONTAL, OPPOSITE, VERTICAL, Chip, Mesh, Side, halo_box
from hyperdrive_sim.schedule.placement import Allocation, LiveRange, Part, Placement, allocate

MOST_CHIPS = 4096
MEMORIES = ("fmm", "border", "corner")
"""Memories of each chip that hold maps."""

MOST_BESIDE = 2
"""Neighbours that a chip has in one direction at most."""

N = TypeVar("N", int, Numbers)
"""A number for one mesh, or an array with one for each of some."""

BEFORE_ALL = -1
"""Number of the step at which maps from the host are written."""


Around = Mapping[Side | tuple[Side, Side], Chip]
"""Neighbouring chips by side; a diagonal one by its vertical and its horizontal side."""


class Shortage(NamedTuple):
    """First memory that is too small for a network on a mesh: the layer at which it is, bits *needed* and bits *there*."""

    layer: str
    memory: str
    needed: int
    there: int


class MeshLayout:
    """Layout of a network's maps on one mesh: cut lines, live ranges and addresses, the same for all chips."""

    def __init__(self, network: Network, plan: HyperdrivePlan, spec: HyperdriveSpec, mesh: Mesh) -> None:
        self.network, self.plan, self.spec, self.mesh = network, plan, spec, mesh
        self._known_lines: dict[str, tuple[list[int], list[int]]] = {}

    def lines(self, tensor: str) -> tuple[list[int], list[int]]:
        """Cut lines of a map, in rows and in columns: mesh row n has the pixels from line n up to line n + 1."""
        if tensor not in self._known_lines:
            entry, shape, stride, mesh = self.entry, self.network.shape(tensor), self.plan.stride[tensor], self.mesh
            down = cut_lines(entry.rows, shape.rows, stride, self.plan.grid, mesh.rows)
            across = cut_lines(entry.columns, shape.columns, stride, self.plan.grid, mesh.columns)
            self._known_lines[tensor] = down, across
        return self._known_lines[tensor]

    @property
    def entry(self) -> Shape:
        """Shape of the map from the host that the mesh cuts evenly."""
        return self.network.shape(self.plan.inputs[0])

    def part(self, tensor: str, chip: Chip) -> Box:
        """Box of a map that a chip owns: all channels of its pixels."""
        rows, columns = self.lines(tensor)
        channels = self.network.shape(tensor).channels
        return Box(0, channels, rows[chip.row], rows[chip.row + 1], columns[chip.column], columns[chip.column + 1])

    def largest(self, tensor: str) -> tuple[int, int]:
        """Largest number of rows and of columns that any chip has of a map."""
        rows, columns = self.lines(tensor)
        return max(b - a for a, b in pairwise(rows)), max(b - a for a, b in pairwise(columns))

    @cached_property
    def halo_maps(self) -> tuple[str, ...]:
        """Maps of which a chip needs its neighbours' pixels: inputs of 3 x 3 layers, on more than one chip."""
        return halo_maps(self.plan) if len(self.mesh.chips) > 1 else ()

    def live_ranges(self) -> dict[str, list[LiveRange]]:
        """Live ranges of the maps in each memory of a chip, sized for the largest part, by memory (`fmm`, `border`, `corner`).

        Maps that lie side by side have one in common in the feature-map memory.
        """
        ranges = halo_ranges(self.plan) if self.halo_maps else ()
        halos = [live._replace(bits=self._halo_bits(live.tensor)) for live in ranges]
        corners = [live._replace(bits=self._corner_bits(live.tensor)) for live in ranges]
        return {
            "fmm": [live._replace(bits=self._bits(live.tensor)) for live in placed_ranges(self.plan, self.network)],
            "border": halos,
            "corner": [live for live in corners if live.bits],
        }

    def _bits(self, tensor: str) -> int:
        """Bits of a chip's largest part of a map, or of maps side by side, in the feature-map memory."""
        rows, columns = self.largest(tensor)
        pixels = -(-rows // self.spec.tile_rows) * -(-columns // self.spec.tile_columns)
        return map_bits(self.network.shape(tensor).channels, pixels, self.spec)

    def _sides(self) -> tuple[int, int]:
        """Largest number of vertical and of horizontal neighbours of a chip."""
        return min(MOST_BESIDE, self.mesh.rows - 1), min(MOST_BESIDE, self.mesh.columns - 1)

    def _halo_bits(self, tensor: str) -> int:
        return halo_bits(self.network.shape(tensor).channels, self.largest(tensor), self._sides())

    def _corner_bits(self, tensor: str) -> int:
        return corner_bits(self.network.shape(tensor).channels, self._sides())

    def memory_bits(self) -> dict[str, int]:
        spec = self.spec
        return {"fmm": spec.feature_map_memory_bits, "border": spec.border_memory_bits, "corner": spec.corner_memory_bits}

    def shortage(self) -> Shortage | None:
        """First memory that is too small; None if the network fits. Counts live bits first, then gives them addresses."""
        for step in self.plan.steps:
            block = channel_weights(step, self.network) * self.spec.lanes
            if block > self.spec.weight_buffer_bits:
                return Shortage(step.main.name, "wbuf", block, self.spec.weight_buffer_bits)
        live_ranges = self.live_ranges()
        for memory, there in self.memory_bits().items():
            layer, needed = self._worst(live_ranges[memory])
            if needed > there:
                return Shortage(layer, memory, needed, there)
        for memory, there in self.memory_bits().items():
            _, top = allocate(live_ranges[memory], there)
            if top > there:
                return Shortage(self._worst(live_ranges[memory])[0], memory, top, there)
        return None

    def _worst(self, live_ranges: list[LiveRange]) -> tuple[str, int]:
        """Convolution of the step during which most bits are alive, and how many they are."""
        worst, layer = 0, self.plan.steps[0].main.name
        for number, step in enumerate(self.plan.steps):
            alive = sum(live.bits for live in live_ranges if live.alive_beside(number))
            if alive > worst:
                worst, layer = alive, step.main.name
        return layer, worst

    def allocations(self) -> Mapping[str, tuple[Allocation, ...]]:
        """Allocations in every memory of every chip, by the memory's name; made as they are asked for."""
        live_ranges, bits = self.live_ranges(), self.memory_bits()
        address = {memory: allocate(live_ranges[memory], bits[memory])[0] for memory in live_ranges}
        maps = [*self._maps(address["fmm"])]
        of = {f"{chip}.{memory}": (chip, memory) for chip in self.mesh.chips for memory in MEMORIES}

        def lying(name: str) -> tuple[Allocation, ...]:
            chip, memory = of[name]
            if memory == "fmm":
                return tuple(Allocation(c.tensor, self.part(c.tensor, chip), at, c.bits, c.first, c.last) for c, at in maps)
            around = self.neighbours(chip) if memory == "border" else self.corners(chip)
            return tuple(self._halo(live_ranges[memory], address[memory], around))

        return Lazy(of, lying)

    def kinds(self) -> Mapping[str, Hashable]:
        """Of each memory, what its allocations follow from, save for where pixels lie: the sizes of the chip's and neighbours' parts."""
        down, across = ([(None, *sizes, None)[n : n + 3] for n in range(len(sizes))] for sizes in self._sizes)
        return {f"{chip}.{memory}": (memory, down[chip.row], across[chip.column]) for chip in self.mesh.chips for memory in MEMORIES}

    def sizes(self, chip: Chip) -> tuple[int, int]:
        """What chips share whose parts of every map have as many rows and columns: a number for each."""
        rows, columns = self._sizes
        return rows[chip.row], columns[chip.column]

    @cached_property
    def _sizes(self) -> tuple[list[int], list[int]]:
        """For each mesh row, a number that it shares with those whose chips have as many rows of every map; and so for each mesh column."""
        rows, columns = zip(*(self.lines(tensor) for tensor in self.plan.stride), strict=True)
        return _numbers(rows), _numbers(columns)

    def _maps(self, address: Mapping[str, int]) -> Iterator[tuple[LiveRange, int]]:
        """Maps in the feature-map memory with their addresses: each its own or, side by side with others, behind those before it."""
        beside = side_by_side(self.plan, self.network)
        within = {}
        for joint, members in beside.items():
            at = address[joint]
            for member in members:
                within[member], at = at, at + self._bits(member)
        for live in lifetimes(self.plan):
            yield live._replace(bits=self._bits(live.tensor)), within.get(live.tensor, address.get(live.tensor, 0))

    def _halo(self, live_ranges: list[LiveRange], address: Mapping[str, int], sides: Around) -> Iterator[Allocation]:
        for live in live_ranges:
            at = address[live.tensor]
            for side, other in sides.items():
                box = self.seen(live.tensor, side, other)
                bits = box.size * WORD_BITS
                yield Allocation(live.tensor, box, at, bits, live.first, live.last)
                at += bits

    def neighbours(self, chip: Chip) -> Around:
        """Neighbours of a chip, by side."""
        return dict(self.mesh.neighbours[chip].items())

    def corners(self, chip: Chip) -> Around:
        """Diagonal neighbours of a chip, by vertical and horizontal side."""
        around: dict[Side | tuple[Side, Side], Chip] = {}
        for vertical, horizontal in product(VERTICAL, HORIZONTAL):
            beside = self.mesh.neighbours[chip].get(vertical)
            if beside and (diagonal := self.mesh.neighbours[beside].get(horizontal)):
                around[vertical, horizontal] = diagonal
        return around

    def seen(self, tensor: str, side: Side | tuple[Side, Side], other: Chip, halo: int = 1) -> Box:
        """Pixels of *other*, a neighbour on that side (or a diagonal one), within *halo* of this chip's edge."""
        box = self.part(tensor, other)
        for one in side if isinstance(side, tuple) else (side,):
            box = halo_box(box, OPPOSITE[one], halo)
        return box


def cut_lines(entry: int, size: int, stride: Fraction, grid: Fraction, chips: int) -> list[int]:
    """Lines at which some chips in a row cut a map of *size* pixels in that direction, where the map from the host has *entry*.

    A map that is enlarged from one of an odd size, rounded up, may have a pixel more than its stride says; the last chip has that.
    """
    down, pixels = (grid / stride).as_integer_ratio()
    even = -(-math.ceil(entry / grid) * np.arange(chips) // chips)  # as `cuts` has them, thousands at once
    return [*(-(-even * down // pixels)).tolist(), size]


def map_bits(channels: int, pixels: N, spec: HyperdriveSpec) -> N:
    """Bits of a chip's part of a map whose tiles have patches of some *pixels*: all tiles have room for as many."""
    return pixels * channels * spec.tiles * WORD_BITS


def halo_bits(channels: int, part: tuple[N, N], neighbours: tuple[N, N]) -> N:
    """Bits of the pixels around a *part* of a map, rows and columns, of a chip with so many *neighbours*, vertical and horizontal."""
    return (neighbours[0] * part[1] + neighbours[1] * part[0]) * channels * WORD_BITS


def corner_bits(channels: int, neighbours: tuple[N, N]) -> N:
    """Bits of a map's pixels that a chip with so many neighbours, vertical and horizontal, has from its diagonal ones."""
    return neighbours[0] * neighbours[1] * channels * WORD_BITS


def _numbers(lines: Sequence[Sequence[int]]) -> list[int]:
    """For each stretch between cut lines, a number that it shares with those that are as long in every map."""
    lengths = list(zip(*([b - a for a, b in pairwise(line)] for line in lines), strict=True))
    number = {of_maps: number for number, of_maps in enumerate(dict.fromkeys(lengths))}
    return [number[of_maps] for of_maps in lengths]


def lifetimes(ours: HyperdrivePlan) -> tuple[LiveRange, ...]:
    """Live range of every map in steps, sizes left at 0."""
    born = {**dict.fromkeys(ours.inputs, BEFORE_ALL), **{step.output: number for number, step in enumerate(ours.steps)}}
    dies = dict(born)
    for number, step in enumerate(ours.steps):
        dies.update(dict.fromkeys(step.maps, number))
    dies.update({tensor: len(ours.steps) for tensor in ours.outputs})
    return tuple(LiveRange(tensor, 0, born[tensor], dies[tensor]) for tensor in born)


def side_by_side(ours: HyperdrivePlan, network: Network) -> dict[str, tuple[str, ...]]:
    """Maps that lie one behind the other, by the concatenation that they are: bypasses over which a sum is written as a whole."""
    beside = {step.bypass: step.bypasses for step in _written_over(ours) if step.bypass and step.bypasses != (step.bypass,)}
    return {name: maps for name, maps in beside.items() if isinstance(network[name], Concat) and network[name].inputs == maps}


def placed_ranges(ours: HyperdrivePlan, network: Network) -> tuple[LiveRange, ...]:
    """Live ranges of what has a place in the feature-map memory: maps, and concatenations of those that lie side by side.

    A sum is written over its bypass if no later step reads that. If the bypass is the convolution's own input too, later blocks of the
    same step still read it, and the sum has a place of its own.
    """
    lives, beside = {live.tensor: live for live in lifetimes(ours)}, side_by_side(ours, network)
    members = {member for joint in beside.values() for member in joint}
    places = set(lives) - members | set(beside)
    onto = {step.output: step.bypass for step in _written_over(ours) if step.bypass in places and step.output not in members}
    joint = {
        name: LiveRange(name, 0, min(lives[one].first for one in parts), max(lives[one].last for one in parts))
        for name, parts in beside.items()
    }
    return tuple(live._replace(onto=onto.get(live.tensor)) for live in (*lives.values(), *joint.values()) if live.tensor in places)


def _written_over(ours: HyperdrivePlan) -> Iterator[HyperdriveStep]:
    """Steps after which nobody needs their bypass any more, and whose convolution does not read it."""
    dies = {live.tensor: live.last for live in lifetimes(ours)}
    for number, step in enumerate(ours.steps):
        if step.bypass and all(dies[tensor] == number for tensor in step.bypasses) and not set(step.bypasses) & set(step.sources):
            yield step


def placed(layout: MeshLayout) -> Placement:
    """Placement of a network on a mesh: parts and allocations."""
    steps, chips = layout.plan.steps, layout.mesh.chips
    owned = [(chip, f"{chip}.array", f"{chip}.fmm") for chip in chips]
    parts = tuple(Part(step.output, layout.part(step.output, chip), *names) for step in steps for chip, *names in owned)
    halos = frozenset(f"{chip}.{memory}" for chip in chips for memory in ("border", "corner"))
    words, plan = dict.fromkeys(layout.plan.stride, WORD_BITS), layout.plan
    return Placement(parts, layout.allocations(), plan.host, words, halos, dict(_extra_ops(layout)), plan.moved, layout.kinds())


def _extra_ops(layout: MeshLayout) -> Iterator[tuple[str, int]]:
    """Scales, offsets and residual adds of each layer, which the arrays do in cycles of their own; without adds that cost none."""
    network, paid = layout.network, bypasses_paid(layout.network, layout.plan, layout.spec)
    for step in layout.plan.steps:
        for layer in step.layers:
            free = network.shape(layer).size if step.add and layer == step.add.name and step.output not in paid else 0
            yield layer, network.ops(layer) - 2 * network.macs(layer) - free


def bypasses_paid(network: Network, plan: HyperdrivePlan, spec: HyperdriveSpec) -> set[str]:
    """Residual sums whose bypass phase costs cycles: all, or the first of each shape as in the published cycle table."""
    sums = [step.output for step in plan.steps if step.add]
    if spec.bypass_adds == "all":
        return set(sums)
    return set({network.shape(output): output for output in reversed(sums)}.values())


def halo_ranges(plan: HyperdrivePlan) -> tuple[LiveRange, ...]:
    """Live ranges of neighbours' pixels in steps, sizes left at 0: from when a map is made to its last 3 x 3 layer."""
    born = {live.tensor: live.first for live in lifetimes(plan)}
    seen = {t: max(number for number, step in enumerate(plan.steps) if t in step.halos) for t in halo_maps(plan)}
    return tuple(LiveRange(t, 0, born[t], seen[t]) for t in seen)


def halo_maps(plan: HyperdrivePlan) -> tuple[str, ...]:
    """Inputs of 3 x 3 layers, of which a chip needs its neighbours' pixels if it has any."""
    return tuple(dict.fromkeys(tensor for step in plan.steps for tensor in step.halos))


def narrow_layer(plan: HyperdrivePlan) -> str | None:
    """A layer with less than 'same' padding, if there is one: a single chip must run it."""
    return next((step.main.name for step in plan.steps if step.narrow), None)


def smallest_map(network: Network, plan: HyperdrivePlan) -> Shape:
    return network.shape(max(plan.stride, key=plan.stride.__getitem__))


def check_cuttable(network: Network, plan: HyperdrivePlan, mesh: tuple[int, int]) -> None:
    """Raise InvalidInput for a mesh on which a chip would have no pixel of some map, or of more chips than can be simulated.

    Maps of one size are cut at the same lines; one that lost its edge would have to be cut elsewhere.
    """
    smallest, (rows, columns) = smallest_map(network, plan), mesh
    if (narrow := narrow_layer(plan)) and mesh != (1, 1):
        problem = f"[{rows}, {columns}] would have to cut the map of '{narrow}', which has less than 'same' padding, at other lines"
        raise InvalidInput.at("chip.mesh", problem, "take [1, 1], or pad the layer")
    if rows > smallest.rows or columns > smallest.columns:
        raise InvalidInput.at(
            "chip.mesh",
            f"[{rows}, {columns}] is larger than the smallest feature map, {smallest.rows} x {smallest.columns} pixels",
            f"at most [{smallest.rows}, {smallest.columns}] for this network and input_shape",
        )
    if rows * columns > MOST_CHIPS:
        raise InvalidInput.at("chip.mesh", f"[{rows}, {columns}] are {rows * columns} chips", f"take at most {MOST_CHIPS}")
