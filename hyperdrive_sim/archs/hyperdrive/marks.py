"""Marks: which tasks, by their positions in the schedule, concern which chip, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.growing import Links


class Marks:
    """Tasks of many chips: those that bring a chip pixels, say, or that read what it has."""

    def __init__(self) -> None:
        self._chips: list[Numbers] = []
        self._tasks: list[Numbers] = []

    def add(self, chips: Numbers | Sequence[int], tasks: Numbers | Sequence[int]) -> None:
        self._chips.append(np.asarray(chips, np.int64))
        self._tasks.append(np.asarray(tasks, np.int64))

    def of_blocks(self, at: Numbers, rows: tuple[Numbers, Numbers]) -> None:
        """Add tasks of blocks *at* some positions; *rows* are their numbers in a block, and the chip of each."""
        if len(rows[0]):
            self.add(np.tile(rows[1], len(at)), (at[:, None] + rows[0]).ravel())

    def links(self, tasks: Numbers) -> Iterator[Links]:
        """Edges to them, if there are any, from a task of each chip [chips]."""
        if self._tasks:
            chips, others = self.joined()
            yield Links(tasks[chips], others)

    def by_chip(self) -> list[int]:
        """All tasks, one chip's after the other's."""
        chips, tasks = self.joined()
        found: list[int] = tasks[np.argsort(chips, kind="stable")].tolist()
        return found

    def joined(self) -> tuple[Numbers, Numbers]:
        """Chips, and the task that concerns each."""
        chips, tasks = (np.concatenate([np.zeros(0, np.int64), *some]) for some in (self._chips, self._tasks))
        return chips, tasks
