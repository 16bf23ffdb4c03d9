"""Who touches what: the blocks that a task reads and writes, and what a memory knows of those that have touched it.

Values are left out. A memory knows of each value only which frame it belongs to, which is all that is needed to prove a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.placement import Resident
from hyperdrive_sim.schedule.tasks import Compute, Copy, Effect, Region, Task

NOBODY = -1
"""The frame of a value that is not there, and the task that has not overwritten it."""


class Pasts:
    """What is certain about the past of each task, as sets of tasks: integers, in which bit n is task n.

    `begun[n]` have begun and `ended[n]` have ended when n starts; `done[n]` have ended when n ends. n itself is in `begun` and `done`.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.done: list[int] = []
        for index, task in enumerate(tasks):
            begun = done = 1 << index
            ended = 0
            for other in task.after:
                begun |= self.begun[other]
                ended |= self.done[other]
            for stream in task.after_start:
                begun |= self.begun[stream]
                ended |= self.ended[stream]
                if task.ps >= tasks[stream].ps + tasks[stream].latency_ps:
                    done |= self.done[stream]
            self.begun.append(begun)
            self.ended.append(ended)
            self.done.append(done | ended)


class Place:
    """A resident's place: the frame of each value in it, all tasks that have ever read or written there, and the last that overwrote it."""

    def __init__(self, memory: str, resident: Resident) -> None:
        self.memory, self.resident = memory, resident
        self.rivals: tuple[Place, ...] = ()
        self.readers = self.writers = 0
        self.lost_to = NOBODY

    @cached_property
    def frames(self) -> NDArray[np.int16]:
        shape = self.resident.box.shape
        return np.full((shape.rows, shape.columns, shape.channels), NOBODY, np.int16)

    def at(self, box: Box) -> NDArray[np.int16]:
        return self.frames[box.slices(self.resident.box)]


class Entry:
    """Something in a fifo: what it is, who brought it, who reads it when starting and who until ending."""

    def __init__(self, what: str, pusher: int) -> None:
        self.what, self.pusher = what, pusher
        self.at_start = self.at_end = 0


def members(tasks: int) -> Iterator[int]:
    """The tasks of a set, the first one first."""
    while tasks:
        yield (tasks & -tasks).bit_length() - 1
        tasks &= tasks - 1


class Access(NamedTuple):
    """What a task does (`reads`, `writes`) to a block of a map."""

    verb: str
    tensor: str
    box: Box

    def __str__(self) -> str:
        return f"{self.verb} '{self.tensor}' ({self.box})"


class Read(NamedTuple):
    """A block of a map that several regions of memories hold together."""

    tensor: str
    box: Box
    regions: tuple[Region, ...]


def reads(effect: Effect | None) -> Iterator[Read]:
    """What a task reads when it starts, weights excepted."""
    match effect:
        case Copy():
            for box in effect.boxes:
                block = box.channels(effect.c0, effect.c1)
                yield Read(effect.tensor, block, (Region(effect.source, effect.tensor, block),))
        case Compute(site=site):
            for out, fetch in effect.patches:
                near = (Region(memory, tensor, common) for memory, tensor, box in site.reads if (common := box & fetch))
                yield Read(site.reads[0].tensor, fetch, tuple(near))
                block = out.channels(effect.c0, effect.c1)
                yield from (Read(tensor, block, (Region(memory, tensor, block),)) for memory, tensor, _ in site.operands)


def writes(effect: Effect | None) -> Iterator[Region]:
    """What a task writes when it ends."""
    match effect:
        case Copy():
            yield from (Region(effect.target, effect.tensor, box.channels(effect.c0, effect.c1)) for box in effect.boxes)
        case Compute():
            for out, _ in effect.patches:
                block = out.channels(effect.c0, effect.c1)
                for memory, tensor, box in effect.site.stores:
                    if common := block & box:
                        yield Region(memory, tensor, common)
