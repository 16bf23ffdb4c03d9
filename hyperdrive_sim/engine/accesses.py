"""Records for the proof of hazards: past accesses to each allocation and buffer entry, and the certain past of each task.

They hold no values, only the frame that each value belongs to, which is all that is needed to prove a schedule.
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
"""Frame of a value that is not there, and index of the task that overwrote an allocation which none has overwritten."""


class Pasts:
    """Certain past of each task: the tasks that its edges put before it. Sets of tasks are integers in which bit n is task n.

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
                # both start together, so a stream that takes no longer, its latency included, is over when this task ends
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
        self.readers = self.writers = 0
        self.lost_to = NOBODY

    @cached_property
    def frames(self) -> NDArray[np.int16]:
        shape = self.allocation.box.shape
        return np.full((shape.rows, shape.columns, shape.channels), NOBODY, np.int16)

    def at(self, box: Box) -> NDArray[np.int16]:
        return self.frames[box.slices(self.allocation.box)]


class BufferEntry:
    """An entry of a buffer: its description, the task that pushed it, and sets of tasks that read it at their start, or until their end."""

    def __init__(self, what: str, pusher: int) -> None:
        self.what, self.pusher = what, pusher
        self.at_start = self.at_end = 0


def members(tasks: int) -> Iterator[int]:
    """Indices of the tasks of a set, in ascending order."""
    while tasks:
        yield (tasks & -tasks).bit_length() - 1
        tasks &= tasks - 1


class Access(NamedTuple):
    """An access of a task to a block of a map; *verb* is `reads` or `writes`."""

    verb: str
    tensor: str
    box: Box

    def __str__(self) -> str:
        return f"{self.verb} '{self.tensor}' ({self.box})"
