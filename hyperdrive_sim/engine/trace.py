"""Trace of a run: ready, start and end of every task, in picoseconds. Everything shown about the time of a run is derived from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import fsum
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.schedule.columns import Codes, Edges, Numbers, grouped, summed
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Task

NOBODY = -1
"""In place of the position of a task where there is none."""

TOGETHER = 1_000_000
"""Number of tasks whose edges are looked at together: all edges of a large schedule at once would take as much memory as itself."""


class Span(NamedTuple):
    """Times of one task in picoseconds: from `ready` to `start` it waits for its unit, from `start` to `end` it works."""

    task: Task
    ready: int
    start: int
    end: int


class Trace(Sequence[Span]):
    """Spans of all tasks, in the order of the schedule; as numpy columns `ready`, `start` and `end` [tasks].

    *tasks* are the schedule as it was carried out: where frames were dropped, their skipped tasks take no time and do nothing (`Stream`).
    Such a task starts and ends when it is over, and its unit has not done it.
    """

    def __init__(self, tasks: Schedule, ready: Numbers, start: Numbers, end: Numbers) -> None:
        self.tasks, self.ready, self.start, self.end = tasks, ready, start, end

    def __len__(self) -> int:
        return len(self.tasks)

    @overload
    def __getitem__(self, index: int) -> Span: ...
    @overload
    def __getitem__(self, index: slice) -> list[Span]: ...
    def __getitem__(self, index: int | slice) -> Span | list[Span]:
        if isinstance(index, slice):
            return list(map(self.__getitem__, range(*index.indices(len(self)))))
        return Span(self.tasks[index], int(self.ready[index]), int(self.start[index]), int(self.end[index]))

    def __iter__(self) -> Iterator[Span]:
        columns = (times.tolist() for times in (self.ready, self.start, self.end))
        return (Span(*span) for span in zip(self.tasks, *columns, strict=True))

    @property
    def skipped(self) -> NDArray[np.bool_]:
        """True for each task that was skipped, as its frame was dropped before it began [tasks]."""
        return self.tasks.skipped

    @cached_property
    def dropped(self) -> tuple[int, ...]:
        """Frames that were dropped."""
        return self.tasks.dropped

    @cached_property
    def makespan_ps(self) -> int:
        """Time at which the last task has ended and what it sent has arrived."""
        return int(self.arrival.max(initial=0))

    @property
    def arrival(self) -> Numbers:
        """Time at which each task's result is where it goes: its end, or for what a link sends a latency later [tasks]."""
        return self.end + self.tasks.latency_ps

    @property
    def units(self) -> tuple[str, ...]:
        """Units that did anything, in the order of their first task."""
        return self.tasks.unit.values

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that tasks were written for, in the order of their first task."""
        return self.tasks.layer.values

    def counted(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """Weighted sum of each task's actions [tasks]: with prices as *weights*, its energy. Actions without a weight do not count."""
        actions = self.tasks.actions
        return actions.mapped([fsum(count * weights.get(action, 0) for action, count in of.items()) for of in actions.values], np.float64)

    @cached_property
    def by_unit(self) -> dict[str, NDArray[np.int64]]:
        """Positions of each unit's tasks, in the order in which it did them."""
        order, bounds = self._in_turn(self.units)
        return {unit: order[low:high] for unit, low, high in zip(self.units, bounds, bounds[1:], strict=False)}

    def _in_turn(self, units: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Positions of some units' tasks, unit by unit in the order in which it did them, and where each unit's begin, and at last end."""
        place = {unit: number for number, unit in enumerate(units)}
        number_of = np.array([place.get(unit, NOBODY) for unit in self.units], np.int32)
        number = number_of[self.tasks.unit.codes]
        mine = np.flatnonzero((number != NOBODY) & (self.tasks.ps > 0))
        order, bounds = grouped(number[mine], len(units))
        order = mine[order]
        start = self.start[order]
        back = np.flatnonzero(np.diff(start) < 0) + 1
        if not np.isin(back, bounds).all():  # a unit did some task before one that is written earlier
            order = order[np.lexsort((start, number[order]))]
        return order, bounds

    def busy_ps(self) -> dict[str, int]:
        """Picoseconds that each unit worked."""
        return self._by_unit(self.end - self.start)

    def waiting_ps(self) -> dict[str, int]:
        """Picoseconds that ready tasks waited for each unit while it served others, added up over the tasks."""
        return self._by_unit(self.start - self.ready)

    def _by_unit(self, durations: Numbers) -> dict[str, int]:
        return dict(zip(self.units, summed(self.tasks.unit.codes, durations, len(self.units)).tolist(), strict=True))

    def gaps(self, units: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Gaps before the tasks of some units, unit by unit: the tasks, and for how long their unit had no ready task before, in ps."""
        tasks, bounds = self._in_turn(units)
        begun = np.zeros(len(tasks), np.int64)
        begun[1:] = self.end[tasks[:-1]]
        begun[bounds[:-1][np.diff(bounds) > 0]] = 0
        gap = self.start[tasks] - begun
        there = np.flatnonzero(gap)
        return tasks[there], gap[there]

    @cached_property
    def released_by(self) -> Codes:
        """Of each task, the one whose end (or start) made it ready last [tasks]; NOBODY for one that waited for its arrival time only.

        Where that is the start of a stream that became ready in the same instant, it is the task that released the stream.
        """
        found, stream = self._first(self.tasks.after, self.arrival), self._first(self.tasks.after_start, self.start)
        none = found == NOBODY
        found[none] = stream[none]
        passes_on = np.flatnonzero(none & (stream != NOBODY) & (self.ready[stream] == self.ready))
        at = stream[passes_on]
        while len(more := np.flatnonzero(np.isin(at, passes_on))):
            at[more] = stream[at[more]]
        found[passes_on] = found[at]
        return found

    def _first(self, edges: Edges, time: Numbers) -> Codes:
        """Of each task, the first of those it has an edge to whose *time* is when it became ready [tasks]; else NOBODY."""
        found = np.full(len(self), NOBODY, np.int32)
        for low in range(0, len(self), TOGETHER):
            high = min(len(self), low + TOGETHER)
            of = np.repeat(np.arange(low, high), np.diff(edges.offsets[low : high + 1]))
            others = edges.others[edges.offsets[low] : edges.offsets[high]]
            hits = np.flatnonzero(time[others] == self.ready[of])[::-1]
            found[of[hits]] = others[hits]  # of several the last one written stays, which is the first edge
        return found

    def blamed(self, index: Numbers, gap: Numbers) -> Iterator[tuple[Numbers, Codes, Numbers]]:
        """Tasks that units waited for during the *gap* before each of some tasks: those that released each other, step by step.

        Back from a task's start: its last predecessor while that worked or waited for its own unit, then that one's, and so on. Each step
        gives the numbers of the gaps that go on, the blockers (or NOBODY), and their picoseconds.
        """
        of, at, until = np.arange(len(index)), index.astype(np.int32), self.start[index]
        since = until - gap
        while len(of):
            blocker = self.released_by[at]
            begun = np.where(blocker == NOBODY, since, np.maximum(since, self.ready[blocker]))
            some = begun < until
            yield of[some], blocker[some], (until - begun)[some]
            goes_on = (blocker != NOBODY) & (since < begun)
            of, at, until, since = of[goes_on], blocker[goes_on], begun[goes_on], since[goes_on]

    def blockers(self, index: int, gap: int) -> Iterator[tuple[int | None, int]]:
        """The blockers of a single gap: each a task, or None, with its picoseconds."""
        for _, blocker, ps in self.blamed(np.array([index]), np.array([gap])):
            yield from ((None if one == NOBODY else one, time) for one, time in zip(blocker.tolist(), ps.tolist(), strict=True))

    def chain(self, since: int = 0) -> Iterator[tuple[int | None, int]]:
        """Critical chain of the run: the last task to end and, back from its start, those that released each other; with picoseconds.

        What the chain did before *since*, in picoseconds, is left out.
        """
        last = int(np.argmax(np.where(self.skipped, 0, self.end))) if self.tasks else 0
        if self.tasks and (end := int(self.end[last])) > since:
            start = max(since, int(self.start[last]))
            yield last, end - start
            if start > since:
                yield from self.blockers(last, start - since)
