"""A bounded buffer that keeps what came last. Lowering, replay, proof and occupancy all learn from it what makes way for what."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

UNLIMITED = 2**63 - 1


class Fifo(Generic[T]):
    """Items of known sizes in the order of arrival: at most *bits* in all and, if given, at most *entries* of them.

    What no longer fits is pushed out, oldest first. An item larger than the whole buffer empties it and is lost itself.
    """

    __slots__ = ("_items", "bits", "entries", "used")

    def __init__(self, bits: int, entries: int | None = None) -> None:
        self.bits, self.entries = bits, entries or UNLIMITED
        self.used = 0
        self._items: deque[tuple[T, int]] = deque()

    def make_room(self, bits: int) -> list[T]:
        """Push out as few items as must go before one of *bits* comes in; returns them, oldest first."""
        items, gone = self._items, []
        while items and (self.used + bits > self.bits or len(items) >= self.entries):
            item, size = items.popleft()
            self.used -= size
            gone.append(item)
        return gone

    def push(self, item: T, bits: int) -> list[T]:
        """Take an item in; returns what is pushed out, oldest first."""
        full = self.used + bits > self.bits or len(self._items) >= self.entries
        gone = self.make_room(bits) if full else []  # most of the millions fit
        if bits > self.bits:
            return [*gone, item]
        self._items.append((item, bits))
        self.used += bits
        return gone

    @property
    def newest(self) -> T | None:
        """The item that came last, if it is still there."""
        return self._items[-1][0] if self._items else None


class FifoRows:
    """What `Fifo` does, for many items at once, each of them a row of *width* numbers; for items of at least one bit that all fit."""

    def __init__(self, width: int, bits: int, entries: int | None = None) -> None:
        self.bits, self.entries = bits, entries or UNLIMITED
        self.rows: NDArray[np.int64] = np.zeros((0, width), np.int64)
        self.sizes: NDArray[np.int64] = np.zeros(0, np.int64)

    def push(self, rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Take items in; returns those that are pushed out, oldest first, and the number of the new one that each makes way for."""
        there = len(self.sizes)
        rows, sizes = np.concatenate((self.rows, rows)), np.concatenate((self.sizes, sizes))
        gone = pushed_out(sizes, self.bits, self.entries)
        self.rows, self.sizes = rows[gone[-1] :], sizes[gone[-1] :]
        return rows[: gone[-1]], np.repeat(np.arange(len(gone) - there), np.diff(gone[there:], prepend=0))


def pushed_out(sizes: NDArray[np.int64], bits: int, entries: int = UNLIMITED) -> NDArray[np.int64]:
    """How many items have been pushed out of a buffer of *bits* once each of a row of items of some *sizes* is in [items]."""
    ends = np.cumsum(sizes)
    return np.maximum(np.searchsorted(ends - sizes, ends - bits, "left"), np.arange(1, len(sizes) + 1) - entries)
