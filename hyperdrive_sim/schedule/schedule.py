"""The schedule: plain data that says what every unit does, after what, to which data and at what cost; a column for each.

Three readers take it and none knows the others: the engine gives every task a start and an end, the replay executes the tasks'
effects on real tensors, the ledger prices their actions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.errors import Finding
from hyperdrive_sim.schedule import admission
from hyperdrive_sim.schedule.admission import Stream
from hyperdrive_sim.schedule.columns import Codes, Edges, Interned, Numbers, actions_by, interned, summed
from hyperdrive_sim.schedule.critical_path import longest_path_ps
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.tasks import NOTHING, Effect, Task

STRETCH = 4096
"""Number of tasks that are made at a time where all are gone through."""


@dataclass(frozen=True, eq=False)
class Schedule(Sequence[Task]):
    """Tasks in the order in which they were written, which alone decides between tasks of one priority and frame ready at once.

    Every attribute is a column [tasks] of what `Task` has, and a task a row of it; times are in picoseconds. An effect is kept as the
    number of its *pattern* and its channels *c0* to *c1*. A `Writer` makes a schedule. Frames of its *streams* may be dropped.

    A task of 0 ps is one that was skipped (`Stream`): a plan has none, the schedule that a trace is of has those of dropped frames.
    """

    name: Interned[str]
    layer: Interned[str]
    unit: Interned[str]
    ps: Numbers
    after: Edges
    after_start: Edges
    pattern: Codes
    c0: Codes
    c1: Codes
    patterns: Sequence[Effect]
    actions: Interned[Mapping[str, int]]
    latency_ps: Numbers
    not_before_ps: Numbers
    frame: Codes
    priority: Codes
    streams: tuple[Stream, ...] = ()

    def __len__(self) -> int:
        return len(self.ps)

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> list[Task]: ...
    def __getitem__(self, index: int | slice) -> Task | list[Task]:
        if isinstance(index, slice):
            return list(map(self.__getitem__, range(*index.indices(len(self)))))
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} tasks, and no task {index}")
        return Task(
            self.name[index],
            self.layer[index],
            self.unit[index],
            int(self.ps[index]),
            self.after[index],
            self.after_start[index],
            self.effect(index),
            self.actions[index],
            int(self.latency_ps[index]),
            int(self.not_before_ps[index]),
            int(self.frame[index]),
            int(self.priority[index]),
        )

    def __iter__(self) -> Iterator[Task]:
        """All tasks one after the other, a few thousand of them made at a time."""
        for first in range(0, len(self), STRETCH):
            yield from self._tasks(slice(first, min(len(self), first + STRETCH)))

    def _tasks(self, rows: slice) -> Iterator[Task]:
        named = (map(column.values.__getitem__, column.codes[rows].tolist()) for column in (self.name, self.layer, self.unit, self.actions))
        name, layer, unit, actions = named
        ps, latency, not_before, frame, priority = (
            column[rows].tolist() for column in (self.ps, self.latency_ps, self.not_before_ps, self.frame, self.priority)
        )
        after, after_start = (map(edges.__getitem__, range(rows.start, rows.stop)) for edges in (self.after, self.after_start))
        effects = map(self.effect, range(rows.start, rows.stop))
        return map(Task, name, layer, unit, ps, after, after_start, effects, actions, latency, not_before, frame, priority)

    def effect(self, index: int) -> Effect | None:
        """What a task does to data."""
        pattern = int(self.pattern[index])
        if pattern == NO_EFFECT:
            return None
        effect: Effect = self.patterns[pattern]._replace(c0=int(self.c0[index]), c1=int(self.c1[index]))
        return effect

    def first(self, tasks: int) -> Schedule:
        """The first *tasks*, or all if there are fewer: a schedule, as edges point back."""
        count = min(tasks, len(self))
        columns = {one.name: _first(getattr(self, one.name), count) for one in fields(self)}
        if self.streams:
            there = set(columns["frame"].tolist())
            columns["streams"] = tuple(some for stream in self.streams if (some := stream.among(there)).frames)
        return Schedule(**columns)

    def skipping(self, skipped: NDArray[np.bool_]) -> Schedule:
        """The schedule as it is carried out if some tasks are *skipped* [tasks] (`Stream`); which frames are dropped is settled in it.

        What a skipped task would have started with, it comes after. With no task skipped it is the schedule itself.
        """
        if not skipped.any():
            return self
        after, after_start = self.after.moved(self.after_start, skipped)
        nothing = len(self.actions.values)
        return replace(
            self,
            ps=np.where(skipped, 0, self.ps),
            latency_ps=np.where(skipped, 0, self.latency_ps),
            pattern=np.where(skipped, np.int32(NO_EFFECT), self.pattern),
            actions=interned(np.where(skipped, np.int32(nothing), self.actions.codes), (*self.actions.values, NOTHING)),
            after=after,
            after_start=after_start,
            streams=(),
        )

    @property
    def skipped(self) -> NDArray[np.bool_]:
        """True for each task that was skipped [tasks]."""
        skipped: NDArray[np.bool_] = self.ps == 0
        return skipped

    @property
    def dropped(self) -> tuple[int, ...]:
        """Frames that were dropped: those with a task that was skipped."""
        return tuple(np.unique(self.frame[self.skipped]).tolist())

    def checked(self, machine: Machine) -> Schedule:
        """Return self after checking that units exist, edges point back, durations are positive and streams are of its frames.

        Raises Finding.
        """
        strange = np.array([unit not in machine.unit for unit in self.unit.values], np.bool_)[self.unit.codes]
        forward = np.zeros(len(self), np.bool_)
        for edges in (self.after, self.after_start):
            rows = edges.rows
            forward[rows[(edges.others >= rows) | (edges.others < 0)]] = True
        for index in np.flatnonzero(strange | (self.ps < 1) | forward)[:1].tolist():
            if strange[index]:
                raise self._fault(index, f"wants the unit '{self.unit[index]}', which this machine does not have")
            if self.ps[index] < 1:
                raise self._fault(index, f"takes {self.ps[index]} ps; a task takes at least one")
            raise self._fault(index, "comes after a task that is not written before it")
        if self.streams and (wrong := admission.fault(self.streams, set(self.frame.tolist()))):
            raise Finding(wrong)
        return self

    def _fault(self, index: int, problem: str) -> Finding:
        return Finding(f"task {index} ({self.name[index]} of {self.layer[index]}) {problem}")

    @property
    def frames(self) -> int:
        """Number of frames that tasks are of; 1 if there are none."""
        return 1 + int(self.frame.max(initial=0))

    @cached_property
    def work_ps(self) -> Counter[str]:
        """Busy time of each unit, in the order of their first task."""
        work = summed(self.unit.codes, self.ps, len(self.unit.values))
        return Counter(dict(zip(self.unit.values, work.tolist(), strict=True)))

    @cached_property
    def critical_path_ps(self) -> int:
        """Length of the critical path in picoseconds: the makespan if every task had a unit of its own."""
        return longest_path_ps(self.ps, self.latency_ps, self.not_before_ps, self.after, self.after_start)

    @property
    def bound(self) -> tuple[str, int]:
        """The larger lower bound of the makespan and what sets it: a unit's work, or the critical path."""
        unit, work = max(self.work_ps.items(), key=lambda item: item[1], default=("nothing", 0))
        path = self.critical_path_ps
        return (unit, work) if work >= path else ("critical path", path)

    @property
    def action_counts(self) -> Counter[str]:
        """Counts of all actions."""
        total: Counter[str] = Counter()
        for (_, action), count in self.actions_by_layer.items():
            total[action] += count
        return total

    @cached_property
    def actions_by_layer(self) -> Counter[tuple[str, str]]:
        """Counts of actions by layer and action."""
        return actions_by(self.layer, self.actions)


def _first(column: Any, count: int) -> Any:
    """The first *count* rows of a column."""
    if isinstance(column, Interned | Edges):
        return column.first(count)
    return column[:count] if isinstance(column, np.ndarray) else column
