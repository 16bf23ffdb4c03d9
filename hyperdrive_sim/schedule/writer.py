"""The writer that takes an architecture's tasks, one by one or many at once, or only counts how many they would be."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.schedule.columns import Codes, Edges, Interned, Numbers, hashable, interned, offsets
from hyperdrive_sim.schedule.patterns import NO_EFFECT, Patterns
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Effect, Task

T = TypeVar("T")
V = TypeVar("V")

TOGETHER = 16_384
"""Number of single tasks that are made columns at a time."""


class Links(NamedTuple):
    """Edges between tasks by their positions: task `tasks[n]` comes after, or starts with, task `others[n]`."""

    tasks: Numbers
    others: Numbers


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
        self.size = 0
        self.patterns = Patterns()
        self._names, self._layers, self._units = _Values[str](), _Values[str](), _Values[str]()
        self._actions = _Values[Mapping[str, int]]()
        self._written: list[_Rows] = []
        self._single: list[Task] = []
        self._known: dict[Hashable, tuple[int, int]] = {}
        self._runs: dict[int, tuple[Sequence[Effect], int]] = {}

    def add(self, task: Task) -> int:
        """Write a task; returns its position, which later tasks may come after."""
        if not self.counting:
            self._single.append(task)
            if len(self._single) >= TOGETHER:
                self._flush()
        self.size += 1
        return self.size - 1

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
        channels = np.array(passes, np.int32).reshape(-1, 2)
        self._written.append(
            _Rows(
                self._repeated(self._names.codes(stamp.name), channels),
                np.broadcast_to(np.int32(self._layers.code(layer)), count),
                self._repeated(self._units.codes(stamp.unit), channels),
                self._repeated(stamp.ps, channels),
                _edges(after, first, count),
                _edges(after_start, first, count),
                self._repeated(self._numbered(stamp), channels),
                np.repeat(channels[:, 0], len(stamp.ps)),
                np.repeat(channels[:, 1], len(stamp.ps)),
                self._repeated(self._actions.codes(stamp.actions), channels),
                self._repeated(stamp.latency_ps, channels),
                np.broadcast_to(np.int64(0), count),
                np.broadcast_to(np.int32(frame), count),
                np.broadcast_to(np.int32(0), count),
            )
        )
        return first

    def extend(self, tasks: Schedule) -> int:
        """Write a whole schedule behind what has been written; returns the position of its first task."""
        first = self.size
        self.size += len(tasks)
        self._flush()
        pattern = np.where(tasks.pattern == NO_EFFECT, NO_EFFECT, tasks.pattern + self.patterns.extend(tasks.patterns)).astype(np.int32)
        after, after_start = (Edges(edges.offsets, edges.others + np.int32(first)) for edges in (tasks.after, tasks.after_start))
        names, numbers = (
            (self._names.codes(tasks.name), self._layers.codes(tasks.layer), self._units.codes(tasks.unit)),
            (tasks.c0, tasks.c1),
        )
        rest = self._actions.codes(tasks.actions), tasks.latency_ps, tasks.not_before_ps, tasks.frame, tasks.priority
        self._written.append(_Rows(*names, tasks.ps, after, after_start, pattern, *numbers, *rest))
        return first

    @staticmethod
    def _repeated(column: NDArray[Any], passes: NDArray[Any]) -> NDArray[Any]:
        return np.tile(column, len(passes))

    def _numbered(self, stamp: Stamp) -> Codes:
        """Numbers of a stamp's patterns among all."""
        if id(stamp.patterns) not in self._runs:
            self._runs[id(stamp.patterns)] = stamp.patterns, self.patterns.extend(stamp.patterns)
        first = self._runs[id(stamp.patterns)][1]
        return np.where(stamp.pattern == NO_EFFECT, NO_EFFECT, stamp.pattern + first).astype(np.int32)

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

    def _notice(self) -> None:
        """Call *when_large* if there are more than *large* tasks: it may raise before they are written."""
        if self.when_large and self.large is not None and self.size > self.large:
            self.large = 2 * self.size
            self.when_large(self.size)

    def _flush(self) -> None:
        """Make columns of the tasks that came one by one."""
        if not self._single:
            return
        name, layer, unit, ps, after, after_start, effect, actions, latency, not_before, frame, priority = zip(*self._single, strict=True)
        self._written.append(
            _Rows(
                np.array(list(map(self._names.code, name)), np.int32),
                np.array(list(map(self._layers.code, layer)), np.int32),
                np.array(list(map(self._units.code, unit)), np.int32),
                np.array(ps, np.int64),
                _listed(after),
                _listed(after_start),
                np.array(list(map(self.patterns.number, effect)), np.int32),
                np.array([0 if one is None else one.c0 for one in effect], np.int32),
                np.array([0 if one is None else one.c1 for one in effect], np.int32),
                np.array(list(map(self._actions.code, actions)), np.int32),
                np.array(latency, np.int64),
                np.array(not_before, np.int64),
                np.array(frame, np.int32),
                np.array(priority, np.int32),
            )
        )
        self._single = []

    def schedule(self) -> Schedule:
        """All that was written; the writer is done with then."""
        self._flush()
        rows, self._written = self._written or [_NOTHING], []
        columns: list[Any] = []
        for place in range(len(_Rows._fields)):  # one after the other, so that little is there twice at a time
            columns.append(_joined([getattr(some, _Rows._fields[place]) for some in rows]))
            rows = [some._replace(**{_Rows._fields[place]: None}) for some in rows]
        whole = _Rows(*columns)
        return Schedule(
            self._names.column(whole.name),
            self._layers.column(whole.layer),
            self._units.column(whole.unit),
            whole.ps,
            whole.after,
            whole.after_start,
            whole.pattern,
            whole.c0,
            whole.c1,
            self.patterns,
            self._actions.column(whole.actions),
            whole.latency_ps,
            whole.not_before_ps,
            whole.frame,
            whole.priority,
        )


def scheduled(tasks: Iterable[Task]) -> Schedule:
    """The schedule of some tasks, given one by one."""
    writer = Writer()
    for task in tasks:
        writer.add(task)
    return writer.schedule()


class _Rows(NamedTuple):
    """Columns of some tasks in a row; values are codes of the writer's."""

    name: Any
    layer: Any
    unit: Any
    ps: Any
    after: Any
    after_start: Any
    pattern: Any
    c0: Any
    c1: Any
    actions: Any
    latency_ps: Any
    not_before_ps: Any
    frame: Any
    priority: Any


class _Values(Generic[V]):
    """Distinct values, each with its code."""

    def __init__(self) -> None:
        self.values: list[V] = []
        self._code: dict[Hashable, int] = {}
        self._same: dict[int, tuple[Any, Any]] = {}
        """By identity, with what it belongs to: while that is kept, nothing else can have its identity."""

    def code(self, value: V) -> int:
        if isinstance(value, Mapping):  # millions of tasks share few of them
            known = self._same.get(id(value))
            if known is None:
                known = self._same[id(value)] = value, self._of(hashable(value), value)
            return int(known[1])
        return self._of(value, value)

    def _of(self, key: Any, value: V) -> int:
        if key not in self._code:
            self._code[key] = len(self.values)
            self.values.append(value)
        return self._code[key]

    def codes(self, column: Interned[V]) -> Codes:
        """The codes of a column of other codes."""
        known = self._same.get(id(column.values))
        if known is None:
            found = np.array(list(map(self.code, column.values)), np.int32)
            known = self._same[id(column.values)] = column.values, found
        codes: Codes = known[1][column.codes]
        return codes

    def column(self, codes: Codes) -> Interned[V]:
        return interned(codes, self.values)


def _listed(rows: Sequence[tuple[int, ...]]) -> Edges:
    counts = np.fromiter(map(len, rows), np.int64, len(rows))
    return Edges(offsets(counts), np.fromiter((other for row in rows for other in row), np.int32, int(counts.sum())))


def _edges(links: Iterable[Links], first: int, count: int) -> Edges:
    """Edges of *count* tasks from position *first* on."""
    some = list(links) or [Links(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    tasks, others = (np.concatenate(column) for column in zip(*some, strict=True))
    order = np.argsort(tasks, kind="stable")
    return Edges(offsets(np.bincount(tasks - first, minlength=count)), others[order].astype(np.int32))


def _joined(columns: Sequence[Any]) -> Any:
    """Columns one behind the other."""
    if not isinstance(columns[0], Edges):
        return np.concatenate(columns)
    counts = np.concatenate([np.diff(edges.offsets) for edges in columns])
    return Edges(offsets(counts), np.concatenate([edges.others for edges in columns]))


_NO_EDGES = Edges(np.zeros(1, np.int64), np.zeros(0, np.int32))
_NOTHING = _Rows(
    *([_NO_EDGES if "after" in name else np.zeros(0, np.int64 if name.endswith("ps") else np.int32) for name in _Rows._fields])
)
