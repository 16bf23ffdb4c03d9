"""Columns of a schedule: of few distinct values, and of edges, as numpy arrays that every reader takes as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

V = TypeVar("V")
K = TypeVar("K", bound=Hashable)

Numbers = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Interned(Generic[V]):
    """A column of few distinct values: `values`, in the order in which they first occur, and for each row the place of its value there."""

    codes: Codes
    values: tuple[V, ...]

    def __getitem__(self, row: Any) -> Any:
        return self.values[self.codes[row]]

    def first(self, rows: int) -> Interned[V]:
        """The first *rows*."""
        return interned(self.codes[:rows], self.values)

    def mapped(self, of: Sequence[Any], dtype: Any = np.int64) -> NDArray[Any]:
        """What each row's value stands for [rows]; *of* has one entry for each of `values`."""
        return np.array(of, dtype)[self.codes]

    @property
    def numbered(self) -> Interned[int]:
        """The column with the place of each value in place of the value: of values that are no keys."""
        return Interned(self.codes, tuple(range(len(self.values))))


def interned(codes: Codes, values: Sequence[V]) -> Interned[V]:
    """A column from codes into *values* in any order; values that are equal become one, and those that no row has are dropped."""
    first = np.full(len(values), len(codes), np.int64)
    np.minimum.at(first, codes, np.arange(len(codes)))
    order = [number for number in np.argsort(first, kind="stable").tolist() if first[number] < len(codes)]
    places: dict[Any, int] = {}
    kept: list[V] = []
    place_of = np.zeros(max(1, len(values)), np.int32)
    for number in order:
        key = hashable(values[number])
        if key not in places:
            places[key] = len(kept)
            kept.append(values[number])
        place_of[number] = places[key]
    return Interned(place_of[codes], tuple(kept))


def hashable(value: Any) -> Hashable:
    """A key that equal values share: of counts by action, the pairs in their order."""
    return tuple(value.items()) if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of each row to others: those of row n are `others[offsets[n] : offsets[n + 1]]`, in the order in which they were written."""

    offsets: Numbers
    others: Codes

    def __getitem__(self, row: Any) -> Any:
        return tuple(self.others[self.offsets[row] : self.offsets[row + 1]].tolist())

    @property
    def rows(self) -> Numbers:
        """Row that each edge belongs to [edges]."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def first(self, rows: int) -> Edges:
        """Those of the first *rows*."""
        return Edges(self.offsets[: rows + 1], self.others[: self.offsets[rows]])

    def moved(self, others: Edges, rows: NDArray[np.bool_]) -> tuple[Edges, Edges]:
        """Those with the edges that *others* has of some *rows*, behind their own, and *others* without them."""
        own, theirs = self.rows, others.rows
        go = rows[theirs]
        row = np.concatenate((own, theirs[go]))
        order = np.argsort(row, kind="stable")
        count = len(rows)
        taken = Edges(offsets(np.bincount(row, minlength=count)), np.concatenate((self.others, others.others[go]))[order])
        return taken, Edges(offsets(np.bincount(theirs[~go], minlength=count)), others.others[~go])

    def lists(self) -> list[list[int]]:
        """Edges of every row, as plain lists."""
        others, bounds = self.others.tolist(), self.offsets.tolist()
        return [others[low:high] for low, high in pairwise(bounds)]

    def backwards(self) -> Edges:
        """The same edges seen from their other ends: for each row, those that have an edge to it, in ascending order."""
        count = np.bincount(self.others, minlength=len(self.offsets) - 1)
        order = np.argsort(self.others, kind="stable")
        return Edges(offsets(count), self.rows.astype(np.int32)[order])


def offsets(counts: NDArray[Any]) -> Numbers:
    """Where each row's entries begin, and at last where they end, from their *counts*."""
    found = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=found[1:])
    return found


def grouped(codes: NDArray[Any], count: int) -> tuple[Numbers, Numbers]:
    """Rows by group in ascending order, and where each of *count* groups begins there, and at last where they end."""
    narrow = codes.astype(np.uint16) if count <= 2**16 else codes  # which numpy sorts by radix
    return np.argsort(narrow, kind="stable"), offsets(np.bincount(codes, minlength=count))


def ranked(column: Codes) -> tuple[int, Codes]:
    """Number of distinct values of a column of numbers from 0, and for each row the place of its own among them in ascending order."""
    there = np.bincount(column, minlength=1) > 0
    return int(there.sum()), (np.cumsum(there) - 1).astype(np.int32)[column]


def largest(group: NDArray[Any], values: Numbers, count: int) -> Numbers:
    """Largest of *values* in each of *count* groups; `group[n]` is that of `values[n]`, and groups are mostly in runs."""
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    found = np.full(count, np.iinfo(np.int64).min)
    if len(begins):
        np.maximum.at(found, group[begins], np.maximum.reduceat(values, begins))
    return found


def summed(group: NDArray[Any], values: NDArray[Any], count: int) -> Numbers:
    """Sum of *values* in each of *count* groups, exact; `group[n]` is that of `values[n]`.

    `np.bincount` with weights would add them up in float64, which loses picoseconds beyond 2^53 of them: two and a half hours.
    """
    totals = np.zeros(count, np.int64)
    np.add.at(totals, group, values)
    return totals


def pairs(one: Interned[K], other: Interned[V]) -> dict[tuple[K, V], int]:
    """How often each pair of values occurs in a row together, in the order in which they first do."""
    size = len(other.values)
    key = one.codes.astype(np.int64) * size + other.codes
    runs = np.flatnonzero(np.diff(key, prepend=-1))  # where rows are alike in a row, as they mostly are, these are few
    keys, first, group = np.unique(key[runs], return_index=True, return_inverse=True)
    times = summed(group, np.diff(runs, append=len(key)), len(keys))
    found: dict[tuple[K, V], int] = {}
    for place in np.argsort(first).tolist():
        mine, others = divmod(int(keys[place]), size)
        found[one.values[mine], other.values[others]] = int(times[place])
    return found


def actions_by(groups: Interned[K], actions: Interned[Mapping[str, int]]) -> Counter[tuple[K, str]]:
    """Counts of actions by group, in the order in which they first occur."""
    total: Counter[tuple[K, str]] = Counter()
    for (group, which), times in pairs(groups, actions.numbered).items():
        for action, count in actions.values[which].items():
            total[group, action] += times * count
    return total
