"""The writer that takes an architecture's tasks, one by one or many at once, or only counts how many they would be."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import numpy as np

from hyperdrive_sim.schedule.admission import Stream
from hyperdrive_sim.schedule.columns import Codes, Interned, Numbers
from hyperdrive_sim.schedule.growing import Growing, GrowingEdges, GrowingValues, Links
from hyperdrive_sim.schedule.patterns import NO_EFFECT, Patterns
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Effect, Task

T = TypeVar("T")

TOGETHER = 16_384
"""Number of tasks that are made columns, or repeated, at a time, at least a frame's."""

COLUMNS = {
    **dict.fromkeys(("name", "layer", "unit", "pattern", "c0", "c1", "actions", "frame", "priority"), np.int32),
    **dict.fromkeys(("ps", "latency_ps", "not_before_ps"), np.int64),
}
"""Columns of a schedule but for its edges, with the type of their entries."""


class Stamp(NamedTuple):
    """Tasks that a loop writes in each of its passes: columns [tasks] of what all passes have in common.

    *pattern* numbers the effects of *patterns*, whose channels are those of the pass; NO_EFFECT for a task that only takes time.
    """

    name: Interned[str]
    unit: Interned[str]
    ps: Numbers
    actions: Interned[Mapping[str, int]]
    latency_ps: Numbers
    pattern: Codes
    patterns: Sequence[Effect]


class Writer:
    """Takes tasks in the order of the schedule; one that is *counting* keeps none of them, only their number.

    A lowering is written once, as loops over frames, blocks or passes, and serves both: it runs its regular loops through `each`, or
    writes all their passes at once by `stamp`. `size` is the number of tasks that have been written, or would have been.

    One that writes calls *when_large* once there are more than *large* tasks, and again whenever they have doubled: it may raise before
    there are many more.
    """

    def __init__(self, *, counting: bool = False, large: int | None = None, when_large: Callable[[int], None] | None = None) -> None:
        self.counting, self.large, self.when_large = counting, large, when_large
        self.enough: int | None = None
        """Number of tasks beyond which nothing is looked at: what writes all frames at once need not write more of them."""
        self.size = 0
        self.patterns = Patterns()
        self.streams: list[Stream] = []
        """Streams whose frames may be dropped."""
        self._names, self._layers, self._units = GrowingValues[str](), GrowingValues[str](), GrowingValues[str]()
        self._actions = GrowingValues[Mapping[str, int]]()
        self._columns = {name: Growing(dtype) for name, dtype in COLUMNS.items()}
        self._after, self._after_start = GrowingEdges(), GrowingEdges()
        self._single: list[Task] = []
        self._known: dict[Hashable, tuple[int, int]] = {}
        self._stamps: dict[int, tuple[Stamp, dict[str, Any]]] = {}
        """Columns of each stamp, by its identity: while that is kept, nothing else can have it."""

    def add(self, task: Task) -> int:
        """Write a task; returns its position, which later tasks may come after."""
        position = self.size
        self.size = position + 1
        if not self.counting:
            self._single.append(task)
            if len(self._single) >= TOGETHER:
                self._flush()
        return position

    def stamp(
        self,
        stamp: Stamp,
        passes: Sequence[tuple[int, int]],
        layer: str,
        frame: int,
        after: Iterable[Links],
        after_start: Iterable[Links],
    ) -> int:
        """Write the tasks of some *passes* of a loop, given as the channels c0 to c1 of each; returns the position of the first.

        *after* and *after_start* are their edges, those of a task in the order in which it is to have them.
        """
        first, count = self.size, len(stamp.ps) * len(passes)
        self.size += count
        if self.counting:
            return first
        self._notice()
        self._flush()
        channels = np.array(passes, np.int32).reshape(-1, 2, 1)
        self._write(
            (len(passes), len(stamp.ps)),
            **self._common(stamp),
            layer=self._layers.code(layer),
            c0=channels[:, 0],
            c1=channels[:, 1],
            not_before_ps=0,
            frame=frame,
            priority=0,
        )
        self._after.link(after, first, count)
        self._after_start.link(after_start, first, count)
        return first

    def repeat(self, tasks: int, frames: int, entering: Sequence[int] = (), times_ps: Sequence[int] = ()) -> None:
        """Write the last *tasks*, those of one frame, again for so many more *frames*.

        Edges point as far back as in that frame, and so must all that the next one waits for. Tasks at the positions *entering* wait for
        their frame's arrival: *times_ps* are those of the further frames, if they have any.
        """
        if self.counting or not tasks:
            self.size += tasks * frames
            return
        self._flush()
        waits, arrive = np.array(entering, np.int64) - (self.size - tasks), np.array(times_ps, np.int64)
        for done in range(0, frames, most := max(1, TOGETHER // tasks)):
            self._notice()
            times = min(most, frames - done)
            later = np.arange(1, times + 1)[:, None]
            last = {name: column.last(tasks) for name, column in self._columns.items()}
            last["frame"] = last["frame"] + later
            if times_ps:
                last["not_before_ps"] = np.zeros((times, tasks), np.int64)
                last["not_before_ps"][:, waits] = arrive[done : done + times, None]
            self._write((times, tasks), **last)
            for edges in (self._after, self._after_start):
                edges.repeat(tasks, times)
            self.size += tasks * times

    def extend(self, tasks: Schedule) -> int:
        """Write a whole schedule behind what has been written; returns the position of its first task."""
        first, self.size = self.size, self.size + len(tasks)
        if self.counting:
            return first
        self._notice()
        self._flush()
        patterns = self.patterns.extend(tasks.patterns)
        self._write(
            (len(tasks),),
            name=self._names.codes(tasks.name),
            layer=self._layers.codes(tasks.layer),
            unit=self._units.codes(tasks.unit),
            ps=tasks.ps,
            pattern=np.where(tasks.pattern == NO_EFFECT, NO_EFFECT, tasks.pattern + patterns),
            c0=tasks.c0,
            c1=tasks.c1,
            actions=self._actions.codes(tasks.actions),
            latency_ps=tasks.latency_ps,
            not_before_ps=tasks.not_before_ps,
            frame=tasks.frame,
            priority=tasks.priority,
        )
        for own, edges in ((self._after, tasks.after), (self._after_start, tasks.after_start)):
            own.add(np.diff(edges.offsets), edges.others + first)
        self.streams += tasks.streams
        return first

    def inner(self) -> Writer:
        """A writer of a schedule that this one is to take by `extend`: its tasks count here as soon as they are written there."""

        def noticed(size: int) -> None:
            self._notice(size)
            own.large = self._left()

        own = Writer(large=self._left(), when_large=noticed)
        return own

    def _left(self) -> int | None:
        """How many more tasks are written before *when_large* is called."""
        return None if self.large is None else self.large - self.size

    def _write(self, shape: tuple[int, ...], **columns: Any) -> None:
        """Write as many rows as *shape* has places, from columns of that shape, or that can be repeated to it."""
        rows = math.prod(shape)
        for name, values in columns.items():
            self._columns[name].room(rows).reshape(shape)[...] = values

    def _common(self, stamp: Stamp) -> Mapping[str, Any]:
        """Columns that all passes of a stamp have in common, by the codes of this schedule."""
        if id(stamp) not in self._stamps:
            patterns = self.patterns.extend(stamp.patterns)
            self._stamps[id(stamp)] = (
                stamp,
                {
                    "name": self._names.codes(stamp.name),
                    "unit": self._units.codes(stamp.unit),
                    "ps": stamp.ps,
                    "pattern": np.where(stamp.pattern == NO_EFFECT, NO_EFFECT, stamp.pattern + patterns),
                    "actions": self._actions.codes(stamp.actions),
                    "latency_ps": stamp.latency_ps,
                },
            )
        return self._stamps[id(stamp)][1]

    def each(self, items: Sequence[T], alike: Hashable = None) -> Iterator[T]:
        """The items of a loop whose passes write equally many tasks each, from the second pass on.

        Loops with one key *alike* write equally many tasks in their first passes, and in their others. A writer that counts runs the
        first two passes of one such loop and works out the rest, so what a pass leaves behind for the next must not be needed after it.
        """
        if not self.counting:
            for item in items:
                self._notice()
                yield item
            return
        if alike is not None and alike in self._known:
            if items:
                first, other = self._known[alike]
                self.size += first + other * (len(items) - 1)
            return
        passes: list[int] = []
        for item in items[:2]:
            before = self.size
            yield item
            passes.append(self.size - before)
        if len(passes) == 2:
            self.size += passes[1] * (len(items) - 2)
            if alike is not None:
                self._known[alike] = passes[0], passes[1]

    def _notice(self, more: int = 0) -> None:
        """Call *when_large* if there are more than *large* tasks, and *more* elsewhere: it may raise before they are written."""
        size = self.size + more
        if self.when_large and self.large is not None and size > self.large:
            self.large = 2 * size
            self.when_large(size)

    def _flush(self) -> None:
        """Make columns of the tasks that came one by one."""
        if not self._single:
            return
        self._notice()
        name, layer, unit, ps, after, after_start, effect, actions, latency, not_before, frame, priority = zip(*self._single, strict=True)
        self._write(
            (len(name),),
            name=self._names.codes_of(name),
            layer=self._layers.codes_of(layer),
            unit=self._units.codes_of(unit),
            ps=ps,
            pattern=[NO_EFFECT if one is None else self.patterns.number(one) for one in effect],
            c0=[0 if one is None else one.c0 for one in effect],
            c1=[0 if one is None else one.c1 for one in effect],
            actions=self._actions.codes_of(actions),
            latency_ps=_same(latency),
            not_before_ps=_same(not_before),
            frame=_same(frame),
            priority=_same(priority),
        )
        for own, edges in ((self._after, after), (self._after_start, after_start)):
            own.add(np.fromiter(map(len, edges), np.int64), np.fromiter(chain.from_iterable(edges), np.int32))
        self._single = []

    def schedule(self) -> Schedule:
        """All that was written; the writer is done with then."""
        self._flush()
        columns: dict[str, Any] = {name: column.whole() for name, column in self._columns.items()}
        distinct: dict[str, GrowingValues[Any]] = {
            "name": self._names,
            "layer": self._layers,
            "unit": self._units,
            "actions": self._actions,
        }
        columns |= {name: values.column(columns[name]) for name, values in distinct.items()}
        columns |= {"after": self._after.whole(), "after_start": self._after_start.whole()}
        return Schedule(**columns, patterns=self.patterns, streams=tuple(self.streams))


def _same(column: Sequence[int]) -> int | Sequence[int]:
    """The one value that all rows have, if they do, as they mostly do where tasks hardly ever say it; else the column."""
    return column[0] if column.count(column[0]) == len(column) else column


def scheduled(tasks: Iterable[Task], streams: Iterable[Stream] = ()) -> Schedule:
    """The schedule of some tasks, given one by one, with the streams that their frames may be dropped from."""
    writer = Writer()
    writer.streams += streams
    for task in tasks:
        writer.add(task)
    return writer.schedule()
