"""A bounded buffer that keeps what came last. Lowering, replay, proof and occupancy all learn from it what makes way for what."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

UNLIMITED = 2**63


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


def pushed_out(sizes: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """How many items have been pushed out of a buffer of *bits* once each of a row of items of some *sizes* is in [items].

    What `Fifo` does one by one, for items of at least one bit that all fit.
    """
    ends = np.cumsum(sizes)
    return np.searchsorted(ends - sizes, ends - bits, "left")
