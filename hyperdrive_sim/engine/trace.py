"""Trace of a run: ready, start and end of every task, in picoseconds. Everything shown about the time of a run is derived from it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import fsum
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.schedule.tasks import Task

Times = NDArray[np.int64]
"""Picoseconds [tasks]."""


class Span(NamedTuple):
    """Times of one task in picoseconds: from `ready` to `start` it waits for its unit, from `start` to `end` it works."""

    task: Task
    ready: int
    start: int
    end: int


class Trace(Sequence[Span]):
    """Spans of all tasks, in the order of the schedule; as numpy columns `ready`, `start` and `end` [tasks]."""

    def __init__(self, tasks: list[Task], ready: array[int] | Times, start: array[int] | Times, end: array[int] | Times) -> None:
        self.tasks = tasks
        self.ready, self.start, self.end = (np.frombuffer(times, np.int64) for times in (ready, start, end))

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, index: Any) -> Any:
        return Span(self.tasks[index], int(self.ready[index]), int(self.start[index]), int(self.end[index]))

    def __iter__(self) -> Iterator[Span]:
        columns = (times.tolist() for times in (self.ready, self.start, self.end))
        return (Span(*span) for span in zip(self.tasks, *columns, strict=True))

    @cached_property
    def makespan_ps(self) -> int:
        """Time at which the last task has ended and what it sent has arrived."""
        if not self.tasks:
            return 0
        return max(int(self.end.max()), max((int(self.end[i]) + t.latency_ps for i, t in enumerate(self.tasks) if t.latency_ps), default=0))

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Units that did anything, in the order of their first task."""
        return distinct(map(attrgetter("unit"), self.tasks))

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Layers that tasks were written for, in the order of their first task."""
        return distinct(map(attrgetter("layer"), self.tasks))

    @cached_property
    def unit_index(self) -> NDArray[np.int64]:
        """Position of each task's unit in `units`."""
        return numbered(self.units, map(attrgetter("unit"), self.tasks), len(self.tasks))

    @cached_property
    def layer_index(self) -> NDArray[np.int64]:
        """Position of each task's layer in `layers`."""
        return numbered(self.layers, map(attrgetter("layer"), self.tasks), len(self.tasks))

    @cached_property
    def actions(self) -> tuple[Mapping[str, int], ...]:
        """Distinct counts of actions that tasks have, in the order of their first task."""
        shared = {id(task.actions): task.actions for task in self.tasks}
        return tuple({_key(actions): actions for actions in shared.values()}.values())

    @cached_property
    def actions_index(self) -> NDArray[np.int64]:
        """Position of each task's actions in `actions`; a mapping that many tasks share is compared only once."""
        number = {_key(actions): index for index, actions in enumerate(self.actions)}
        shared = {id(task.actions): task.actions for task in self.tasks}
        position = {identity: number[_key(actions)] for identity, actions in shared.items()}
        return np.fromiter((position[id(task.actions)] for task in self.tasks), np.int64, len(self.tasks))

    def counted(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """Weighted sum of each task's actions [tasks]: with prices as *weights*, its energy. Actions without a weight do not count."""
        each = [fsum(count * weights.get(action, 0) for action, count in actions.items()) for actions in self.actions]
        return np.array(each, np.float64)[self.actions_index]

    @cached_property
    def by_unit(self) -> dict[str, NDArray[np.int64]]:
        """Positions of each unit's tasks, in the order in which it did them."""
        order = np.lexsort((self.start, self.unit_index))
        bounds = np.searchsorted(self.unit_index[order], np.arange(len(self.units) + 1))
        return {unit: order[low:high] for unit, low, high in zip(self.units, bounds, bounds[1:], strict=False)}

    def busy_ps(self) -> dict[str, int]:
        """Picoseconds that each unit worked."""
        return self._by_unit(self.end - self.start)

    def waiting_ps(self) -> dict[str, int]:
        """Picoseconds that ready tasks waited for each unit while it served others, added up over the tasks."""
        return self._by_unit(self.start - self.ready)

    def _by_unit(self, durations: Times) -> dict[str, int]:
        return dict(zip(self.units, summed(self.unit_index, durations, len(self.units)).tolist(), strict=True))

    def idle(self, unit: str) -> Iterator[tuple[int, int]]:
        """Gaps before tasks of a unit: the task's position, and the picoseconds for which the unit had no ready task."""
        mine = self.by_unit[unit]
        gaps = self.start[mine] - np.concatenate(([0], self.end[mine][:-1]))
        for position in np.flatnonzero(gaps):
            yield int(mine[position]), int(gaps[position])

    @cached_property
    def _ends(self) -> list[int]:
        """Column `end` as plain integers, three times faster to look up one by one."""
        ends: list[int] = self.end.tolist()
        return ends

    def released_by(self, index: int) -> int | None:
        """Task whose end (or start) made this one ready last; None for one that waited for its arrival time only.

        Where that is the start of a stream that became ready in the same instant, the task that released the stream is returned.
        """
        ready = int(self.ready[index])
        while True:
            for other in self.tasks[index].after:
                if self._ends[other] + self.tasks[other].latency_ps == ready:
                    return other
            started = next((other for other in self.tasks[index].after_start if int(self.start[other]) == ready), None)
            if started is None or int(self.ready[started]) != ready:
                return started
            index = started

    def blockers(self, index: int, gap: int) -> Iterator[tuple[int | None, int]]:
        """Tasks that a unit waited for during the *gap* before a task: those that released each other, each with its picoseconds.

        Back from the task's start: its last predecessor while that worked or waited for its own unit, then that one's, and so on.
        """
        until = int(self.start[index])
        since = until - gap
        while until > since:
            blocker = self.released_by(index)
            begun = since if blocker is None else max(since, int(self.ready[blocker]))
            if begun < until:
                yield blocker, until - begun
            if blocker is None:
                return
            index, until = blocker, begun

    def chain(self, since: int = 0) -> Iterator[tuple[int | None, int]]:
        """Critical chain of the run: the last task to end and, back from its start, those that released each other; with picoseconds.

        What the chain did before *since*, in picoseconds, is left out.
        """
        last = int(np.argmax(self.end)) if self.tasks else 0
        if self.tasks and (end := int(self.end[last])) > since:
            start = max(since, int(self.start[last]))
            yield last, end - start
            if start > since:
                yield from self.blockers(last, start - since)


def distinct(column: Iterable[str]) -> tuple[str, ...]:
    """Distinct texts of a column, in the order of their first occurrence."""
    return tuple(dict.fromkeys(column))


def numbered(names: Sequence[str], column: Iterable[str], count: int) -> NDArray[np.int64]:
    """Position in *names* of each text of a column [count]."""
    number = {name: index for index, name in enumerate(names)}
    return np.fromiter(map(number.__getitem__, column), np.int64, count)


def summed(index: NDArray[np.int64], durations: Times, count: int) -> Times:
    """Sum of the *durations* in each of *count* groups, exact; `index[n]` is the group of `durations[n]`.

    `np.bincount` with weights would add them up in float64, which loses picoseconds beyond 2^53 of them: two and a half hours.
    """
    totals = np.zeros(count, np.int64)
    np.add.at(totals, index, durations)
    return totals


def _key(actions: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(actions.items())
