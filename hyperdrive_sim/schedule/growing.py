"""Columns that grow while a schedule is written: in place, so that nothing is there twice, however large it becomes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule.columns import Codes, Edges, Interned, Numbers, hashable, interned

V = TypeVar("V")

MOST = 2**31 - 2
"""Tasks, and edges, that there may be at most: positions are numbers of 32 bits, and where edges end has one entry more."""

FEWEST = 1024
"""Entries that there is room for at first."""


class Growing:
    """An array that grows at its end. More room than is used costs nothing: memory is taken when something is written there."""

    def __init__(self, dtype: Any) -> None:
        self._there: NDArray[Any] = np.empty(FEWEST, dtype)
        self.size = 0

    def room(self, count: int) -> NDArray[Any]:
        """Where the next *count* entries go. Raises InvalidInput for more than MOST in all."""
        first, self.size = self.size, self.size + count
        if self.size > MOST + 1:
            raise InvalidInput.at(
                "", f"more than {MOST:,} tasks, or edges between them", "take a smaller network, input or mesh, or fewer frames"
            )
        if self.size > len(self._there):
            self._there.resize(max(self.size, 3 * len(self._there) // 2), refcheck=False)
        return self._there[first : self.size]

    def last(self, count: int) -> NDArray[Any]:
        """A copy of the last *count* entries."""
        return self._there[self.size - count : self.size].copy()

    def whole(self) -> NDArray[Any]:
        """The array, which no longer grows."""
        self._there.resize(self.size, refcheck=False)
        return self._there


class Links(NamedTuple):
    """Edges between tasks by their positions: task `tasks[n]` comes after, or starts with, task `others[n]`."""

    tasks: Numbers
    others: Numbers


class GrowingEdges:
    """Edges of ever more tasks."""

    def __init__(self) -> None:
        self._ends, self._others = Growing(np.int64), Growing(np.int32)
        self._ends.room(1)[0] = 0

    def add(self, counts: NDArray[Any], others: Any) -> None:
        """Those of the next tasks, *counts* of each."""
        self._ends.room(len(counts))[:] = self._others.size + np.cumsum(counts)
        self._others.room(len(others))[:] = others

    def link(self, links: Iterable[Links], first: int, count: int) -> None:
        """Those of *count* tasks from position *first* on; of one task in the order of *links*."""
        none = np.zeros(0, np.int64)
        tasks, others = map(np.concatenate, zip(Links(none, none), *links, strict=True))
        self.add(np.bincount(tasks - first, minlength=count), others[np.argsort(tasks, kind="stable")])

    def repeat(self, tasks: int, times: int) -> None:
        """Those of the last *tasks*, so many *times* more: of each time, to tasks that are as far back."""
        ends = self._ends.last(tasks + 1)
        others = self._others.last(int(ends[-1] - ends[0]))
        self.add(np.tile(np.diff(ends), times), (others + tasks * np.arange(1, times + 1)[:, None]).ravel())

    def whole(self) -> Edges:
        return Edges(self._ends.whole(), self._others.whole())


class GrowingValues(Generic[V]):
    """Distinct values of a column, each with its code, in the order in which they first occur."""

    def __init__(self) -> None:
        self.values: list[V] = []
        self._code: dict[Hashable, int] = {}
        self._columns: dict[int, tuple[Interned[V], Codes]] = {}
        """By identity, with the column that it belongs to: while that is kept, nothing else can have its identity."""

    def code(self, value: V) -> int:
        key = hashable(value)
        if key not in self._code:
            self._code[key] = len(self.values)
            self.values.append(value)
        return self._code[key]

    def codes_of(self, values: Sequence[V]) -> Codes:
        """The code of each of some values, at least one, most of which are the same few: only these are looked at."""
        keys: Sequence[Any] = list(map(id, values)) if isinstance(values[0], Mapping) else values  # mappings are no keys
        codes = {key: self.code(value) for key, value in dict(zip(keys, values, strict=True)).items()}
        return np.fromiter(map(codes.__getitem__, keys), np.int32, len(keys))

    def codes(self, column: Interned[V]) -> Codes:
        """The codes of a column that has codes of its own."""
        if id(column) not in self._columns:
            own = interned(column.codes, column.values)
            self._columns[id(column)] = column, np.array(list(map(self.code, own.values)), np.int32)[own.codes]
        return self._columns[id(column)][1]

    def column(self, codes: Codes) -> Interned[V]:
        return Interned(codes, tuple(self.values))
