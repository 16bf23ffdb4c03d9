"""Who has touched what so far: what a memory knows of the tasks that have read and written it, and a task of those before it.

Values are left out. A memory knows of each value only which frame it belongs to, which is all that is needed to prove a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.placement import Allocation
from hyperdrive_sim.schedule.tasks import Task

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


class AccessHistory:
    """Past accesses to one allocation: the frame of each value in it, all tasks that have ever read or written it, and the last that
    overwrote it.
    """

    def __init__(self, memory: str, allocation: Allocation) -> None:
        self.memory, self.allocation = memory, allocation
        self.aliases: tuple[AccessHistory, ...] = ()
        self.readers = self.writers = 0
        self.lost_to = NOBODY

    @cached_property
    def frames(self) -> NDArray[np.int16]:
        shape = self.allocation.box.shape
        return np.full((shape.rows, shape.columns, shape.channels), NOBODY, np.int16)

    def at(self, box: Box) -> NDArray[np.int16]:
        return self.frames[box.slices(self.allocation.box)]


class BufferEntry:
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
