"""Blocks of maps, and loads of weights, that cross the edge of a part, found in its schedule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.prices import carries
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Copy


class Block(NamedTuple):
    """Channels c0 to c1 of some pixels of a map."""

    c0: int
    c1: int
    boxes: tuple[Box, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        return sum(box.channels(self.c0, self.c1).size for box in self.boxes)

    def meets(self, other: Block) -> bool:
        """True if two blocks of a map have values in common."""
        if self.c0 >= other.c1 or other.c0 >= self.c1:
            return False
        return any(one.channels(0, 1) & two.channels(0, 1) for one in self.boxes for two in other.boxes)


class Crossing(NamedTuple):
    """A task that takes a block of a map in at a part's edge (*enters*), or leaves one there; *row* is its position."""

    row: int
    tensor: str
    block: Block
    enters: bool


def crossings(schedule: Schedule, source: str, sink: str, first: int = 0) -> list[list[Crossing]]:
    """Tasks of a part that take maps from the memory *source* or bring them to *sink*, in order, for each of its frames.

    *first* is the position of the part's first task among those of all.
    """
    of: dict[int, tuple[str, tuple[Box, ...], bool]] = {}
    for number in np.unique(schedule.pattern).tolist():
        effect = None if number == NO_EFFECT else schedule.patterns[number]
        if isinstance(effect, Copy) and (effect.source == source or effect.target == sink):
            of[number] = effect.tensor, effect.boxes, effect.source == source
    rows = np.flatnonzero(np.isin(schedule.pattern, list(of)))
    found: list[list[Crossing]] = [[] for _ in range(schedule.frames)]
    columns = (column[rows].tolist() for column in (schedule.frame, schedule.pattern, schedule.c0, schedule.c1))
    for row, frame, pattern, c0, c1 in zip(rows.tolist(), *columns, strict=True):
        tensor, boxes, enters = of[pattern]
        found[frame].append(Crossing(first + row, tensor, Block(c0, c1, boxes), enters))
    return found


class WeightLoad(NamedTuple):
    """A task that brings weights, by its position, with their bits and their layer."""

    row: int
    bits: int
    layer: str


def weight_loads(schedule: Schedule, first: int) -> list[WeightLoad]:
    """Tasks of a part that bring weights across its edge, in order; *first* is the position of its first task among those of all."""
    each = [sum(count for action, count in of.items() if carries(action) == "weights") for of in schedule.actions.values]
    bits = schedule.actions.mapped(each)
    return [WeightLoad(first + row, int(bits[row]), schedule.layer[row]) for row in np.flatnonzero(bits).tolist()]
