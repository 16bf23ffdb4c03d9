"""Placement: which unit computes which block of which layer, and where every map lies in which memory, from when to when."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.errors import DoesNotFit, Finding, Mistake
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.machine import Machine


class Part(NamedTuple):
    """A block of a layer's output, the unit that computes it and the memory that holds it."""

    layer: str
    box: Box
    unit: str
    memory: str


class Allocation(NamedTuple):
    """A block of a map in a memory: at *address*, *bits* long, alive from step *first* to step *last*, both included.

    Channel by channel: equal numbers of bits, so a range of channels is a range of addresses. Where several allocations of a memory hold
    blocks of a map that overlap, as tiles with their halos do one after the other, each is told by the number of its *tile*.
    """

    tensor: str
    box: Box
    address: int
    bits: int
    first: int
    last: int
    tile: int = 0

    def addresses(self, box: Box) -> tuple[int, int]:
        """The bits that hold the channels of *box*."""
        channels = self.box.c1 - self.box.c0
        return (
            self.address + (box.c0 - self.box.c0) * self.bits // channels,
            self.address + (box.c1 - self.box.c0) * self.bits // channels,
        )

    def alike(self, other: Allocation) -> bool:
        """True if both hold the same pixels and whole channels lie on whole channels: one may be written over the other pixel by pixel."""
        if self.box[2:] != other.box[2:]:
            return False
        mine, others = self.box.c1 - self.box.c0, other.box.c1 - other.box.c0
        return self.bits * others == other.bits * mine and (self.address - other.address) * mine % self.bits == 0

    def lost_to(self, writer: Allocation, box: Box) -> Box:
        """The block that is lost here when *writer*'s block is written: the same pixels if both lie alike, else all of the channels hit."""
        return self.losing_to(writer)(box)

    def losing_to(self, writer: Allocation) -> Callable[[Box], Box]:
        """`lost_to` one writer, for many blocks of it."""
        mine = self.box
        if self.alike(writer):
            later = mine.c0 - writer.box.c0 + (writer.address - self.address) * (mine.c1 - mine.c0) // self.bits
            return lambda box: mine & box.channels(box.c0 + later, box.c1 + later)
        each = self.bits // (mine.c1 - mine.c0)

        def channels_hit(box: Box) -> Box:
            low, high = writer.addresses(box)
            return mine & mine.channels(mine.c0 + (low - self.address) // each, mine.c0 - (self.address - high) // each)

        return channels_hit

    def overlaps(self, other: Allocation) -> bool:
        """True if two allocations of one memory share any bit."""
        return self.address < other.address + other.bits and other.address < self.address + self.bits

    def covers(self, other: Allocation) -> bool:
        """True if an allocation of the same memory has all bits of another one."""
        return self.address <= other.address and other.address + other.bits <= self.address + self.bits


@dataclass(frozen=True)
class Placement:
    """Parts of all layers that the accelerator runs, allocations by memory, the layers left to the host, and the bits of one value of
    each map.

    *halos* names the memories that hold copies of pixels which lie elsewhere too. *extra_ops* are operations besides MACs that the
    arrays do in cycles of their own, by layer: scales, offsets, residual adds. *moved* are layers that nobody computes, as their maps are
    read where others lie: concatenations, shuffles. Of memories with the same of *kinds*, the allocations are alike in everything but where
    on their maps the pixels lie, so it is enough to look at one; a memory that has none is of its own.
    """

    parts: tuple[Part, ...]
    allocations: Mapping[str, tuple[Allocation, ...]]
    host: frozenset[str]
    word_bits: Mapping[str, int]
    halos: frozenset[str] = frozenset()
    extra_ops: Mapping[str, int] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()
    kinds: Mapping[str, Hashable] = field(default_factory=dict)

    @cached_property
    def examples(self) -> Mapping[str, int]:
        """A memory of each kind, and how many there are of it."""
        found: dict[Hashable, list[str]] = {}
        for memory in self.allocations:
            found.setdefault(self.kinds.get(memory, memory), []).append(memory)
        return {memories[0]: len(memories) for memories in found.values()}

    def worst_bits(self) -> int:
        """The most bits of feature maps alive in any one step, in all memories but halos, without the memories' own padding.

        Maps that lie in the place of another one, as a bypass whose sum is written over it, do not count beside it.
        """
        totals: Counter[int] = Counter()
        held = {memory: sorted(self.allocations[memory], key=_begins) for memory in self.examples if memory not in self.halos}
        steps = sorted({allocation.first for allocations in held.values() for allocation in allocations})
        for memory, allocations in held.items():
            alive: list[Allocation] = []
            coming = deque(allocations)
            for step in steps:
                while coming and coming[0].first <= step:
                    alive.append(coming.popleft())
                alive = [one for one in alive if step <= one.last]
                bits = sum(one.box.size * self.word_bits[one.tensor] for one in _outermost_of(alive))
                totals[step] += self.examples[memory] * bits
        return max(totals.values(), default=0)

    def ops(self, network: Network, layer: str) -> int:
        """Operations that the arrays do for a layer, of the kind that a machine's peak counts: two for a MAC, and its extra ones."""
        return 0 if layer in self.host else 2 * network.macs(layer) + self.extra_ops.get(layer, 0)

    def checked(self, network: Network, machine: Machine) -> Placement:
        """Return self after checking it.

        In each part of a system, the parts tile each layer's output exactly; every memory holds what lives in it at any one time. Raises
        Finding for a fault of the placement, DoesNotFit for a memory that is too small.
        """
        by_layer: dict[tuple[str, str], list[Box]] = {}
        for part in self.parts:
            if part.unit not in machine.unit:
                raise Finding(f"{part.layer}: is computed by '{part.unit}', which this machine does not have")
            by_layer.setdefault((machine.unit[part.unit].part, part.layer), []).append(part.box)
        for (_, layer), boxes in by_layer.items():
            if fault := _tiling_fault(network.shape(layer).box, boxes):
                raise Finding(f"{layer}: {fault}")
        for memory in self.examples:
            _check_allocations(memory, machine.memory[memory].bits, self.allocations[memory])
        return self


def _begins(allocation: Allocation) -> int:
    """Step in which an allocation comes to be alive."""
    return allocation.first


def _outermost_of(allocations: Iterable[Allocation]) -> Iterator[Allocation]:
    """Allocations that do not lie within a larger one, or within an equal one that comes before."""
    end = -1
    for one in sorted(allocations, key=lambda one: (one.address, -one.bits, -one.box.size)):
        if one.address + one.bits > end:
            end = one.address + one.bits
            yield one


def _tiling_fault(whole: Box, boxes: Sequence[Box]) -> str:
    """The first fault of a tiling of *whole*, or an empty text: counts covers on the grid of all cut lines."""
    for box in boxes:
        if not whole.contains(box):
            return f"the part at {box} reaches outside the map ({whole})"
    bounds = np.array((whole, *boxes), np.int64)
    edges = [np.unique(bounds[:, axis : axis + 2]) for axis in (0, 2, 4)]
    covers = np.zeros([len(axis) for axis in edges], np.int32)
    for corner in product((0, 1), repeat=3):  # +1 where a part begins, -1 where it ends, summed up along each axis
        at = tuple(np.searchsorted(axis, bounds[1:, 2 * n + end]) for n, (axis, end) in enumerate(zip(edges, corner, strict=True)))
        np.add.at(covers, at, (-1) ** sum(corner))
    for n in range(3):
        np.cumsum(covers, axis=n, out=covers)
    covers = covers[:-1, :-1, :-1]
    if (covers == 1).all():
        return ""
    c, r, w = (int(i) for i in np.argwhere(covers != 1)[0])
    where = f"channel {edges[0][c]}, row {edges[1][r]}, column {edges[2][w]}"
    return f"{where} is computed by {covers[c, r, w]} units, not by one"


def _check_allocations(memory: str, bits: int, allocations: Sequence[Allocation]) -> None:
    for one in allocations:
        if one.address < 0 or one.address + one.bits > bits:
            needed = max(r.address + r.bits for r in allocations)
            raise DoesNotFit(Mistake(memory, f"'{one.tensor}' ends at bit {one.address + one.bits}, {needed} bits needed, {bits} there"))
    for number, other in _together(allocations):
        if allocations[number].overlaps(allocations[other]) and _share_time(allocations[number], allocations[other]):
            names = f"'{allocations[number].tensor}' and '{allocations[other].tensor}'"
            raise Finding(f"{memory}: {names} are alive at the same time in the same bits")


def _together(allocations: Sequence[Allocation]) -> list[tuple[int, int]]:
    """Pairs of allocations that are alive in a step that they have in common, by their positions."""
    first, last = np.array([(one.first, one.last) for one in allocations], np.int64).reshape(-1, 2).T
    order = np.argsort(first, kind="stable")
    # of those that begin no earlier than an allocation, the ones that begin before its end
    later = np.searchsorted(first[order], last[order], "right") - np.arange(1, len(order) + 1)
    ones = np.repeat(np.arange(len(order)), later)
    others = ones + 1 + np.arange(len(ones)) - np.repeat(np.cumsum(later) - later, later)
    pairs = np.sort(np.stack((order[ones], order[others]), axis=1), axis=1)
    return [(one, other) for one, other in sorted(map(tuple, pairs.tolist()))]


def _share_time(one: Allocation, other: Allocation) -> bool:
    """True if two live ranges overlap; an allocation that is overwritten in place in its last step makes way in that step."""
    same_place = one.alike(other) or (one.address, one.bits) == (other.address, other.bits)
    early, late = sorted((one, other), key=lambda r: (r.first, r.last))
    return late.first < early.last or (late.first == early.last and not (same_place and early.first < late.first))


class LiveRange(NamedTuple):
    """*bits* of memory that a map needs from step *first* to step *last*; *onto* names the map whose place it takes over at birth."""

    tensor: str
    bits: int
    first: int
    last: int
    onto: str | None = None

    def alive_beside(self, step: int) -> bool:
        """True if it takes room of its own in a step; one that is born onto another does not yet."""
        return self.first <= step <= self.last and not (self.onto is not None and self.first == step)


def allocate(live_ranges: Iterable[LiveRange], bits: int) -> tuple[dict[str, int], int]:
    """An address for every live range and the size that would hold them all; the size may exceed *bits*.

    They are served in order of birth; those alive before anything runs (*first* < 0) take the lowest room. The others lie as high
    as they can, which frees the place of the input early for the next frame; where that leaves too small a gap, they lie against
    whichever end of the memory is free, as in a ping-pong buffer.
    """
    ordered = sorted(live_ranges, key=lambda live: live.first)
    attempts = (_laid_out(ordered, bits, room) for room in (_highest, _outermost))
    return min(attempts, key=lambda attempt: max(attempt[1], bits))


Gaps = Sequence[tuple[int, int]]


def _laid_out(live_ranges: Sequence[LiveRange], bits: int, room: Callable[[Gaps, int, int], int]) -> tuple[dict[str, int], int]:
    placed: dict[str, tuple[LiveRange, int]] = {}
    for live in live_ranges:
        if live.onto is not None:
            address = placed[live.onto][1]
        else:
            alive = sorted((at, at + other.bits) for other, at in placed.values() if other.last >= live.first)
            gaps = [(low, high) for low, high in _gaps(alive, bits) if high - low >= live.bits]
            address = (gaps[0][0] if live.first < 0 else room(gaps, live.bits, bits)) if gaps else max((end for _, end in alive), default=0)
        placed[live.tensor] = (live, address)
    return {tensor: at for tensor, (_, at) in placed.items()}, max((at + live.bits for live, at in placed.values()), default=0)


def _gaps(alive: Gaps, bits: int) -> Iterator[tuple[int, int]]:
    low = 0
    for start, stop in alive:
        yield low, start
        low = max(low, stop)
    yield low, bits


def _highest(gaps: Gaps, size: int, bits: int) -> int:
    return gaps[-1][1] - size


def _outermost(gaps: Gaps, size: int, bits: int) -> int:
    return gaps[-1][1] - size if gaps[-1][1] == bits else gaps[0][0]
