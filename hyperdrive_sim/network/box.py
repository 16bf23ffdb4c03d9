"""Blocks of a feature map: half-open ranges of channels, rows and columns. All off-by-ones live here and in `window`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MOST_SIDE = 65_536
"""Channels, rows or columns of a map that a user may ask for."""

new = tuple.__new__
"""Makes a named tuple in half the time of calling its class, where millions of them are made: `new(Shape, (3, 7, 7))`."""


class Shape(NamedTuple):
    """The shape of a feature map: written [C, H, W] in scenarios, held as arrays (rows, columns, channels)."""

    channels: int
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Number of values."""
        return self.channels * self.rows * self.columns

    @property
    def box(self) -> Box:
        """The block that is the whole map."""
        return Box(0, self.channels, 0, self.rows, 0, self.columns)

    def __str__(self) -> str:
        return f"{self.channels} x {self.rows} x {self.columns}"


class Box(NamedTuple):
    """A block of a feature map: channels c0..c1, rows r0..r1, columns w0..w1, the ends not included. An empty block is falsy.

    >>> block = Box(0, 16, 0, 4, 4, 8)
    >>> str(block.grown(1).clipped(Shape(16, 8, 8)))
    'channels 0:16, rows 0:5, columns 3:8'
    """

    c0: int
    c1: int
    r0: int
    r1: int
    w0: int
    w1: int

    @property
    def shape(self) -> Shape:
        return Shape(self.c1 - self.c0, self.r1 - self.r0, self.w1 - self.w0)

    @property
    def size(self) -> int:
        """Number of values; 0 for an empty block."""
        return max(0, self.c1 - self.c0) * max(0, self.r1 - self.r0) * max(0, self.w1 - self.w0)

    def __bool__(self) -> bool:
        return self.c0 < self.c1 and self.r0 < self.r1 and self.w0 < self.w1

    def __and__(self, other: Box) -> Box:
        """The intersection of two blocks; empty (falsy) if they have nothing in common."""
        # written out, because millions of blocks are intersected
        c0, c1, r0, r1, w0, w1 = self
        d0, d1, s0, s1, x0, x1 = other
        return new(Box, (
            c0 if c0 > d0 else d0, c1 if c1 < d1 else d1,
            r0 if r0 > s0 else s0, r1 if r1 < s1 else s1,
            w0 if w0 > x0 else x0, w1 if w1 < x1 else x1,
        ))  # fmt: skip

    def contains(self, other: Box) -> bool:
        """True if *other* lies within this block."""
        return self & other == other

    def channels(self, start: int, stop: int) -> Box:
        """A copy with the channels start..stop."""
        return new(Box, (start, stop, self.r0, self.r1, self.w0, self.w1))

    def rows(self, start: int, stop: int) -> Box:
        """A copy with the rows start..stop."""
        return Box(self.c0, self.c1, start, stop, self.w0, self.w1)

    def columns(self, start: int, stop: int) -> Box:
        """A copy with the columns start..stop."""
        return Box(self.c0, self.c1, self.r0, self.r1, start, stop)

    def grown(self, halo: int) -> Box:
        """A copy with *halo* more pixels on all four sides and the same channels; may reach beyond the map."""
        return Box(self.c0, self.c1, self.r0 - halo, self.r1 + halo, self.w0 - halo, self.w1 + halo)

    def clipped(self, shape: Shape) -> Box:
        """The part that lies on a map of that shape."""
        return self & shape.box

    def slices(self, origin: Box) -> tuple[slice, slice, slice]:
        """Indices of this block in an array (rows, columns, channels) that holds the block *origin*."""
        return (
            slice(self.r0 - origin.r0, self.r1 - origin.r0),
            slice(self.w0 - origin.w0, self.w1 - origin.w0),
            slice(self.c0 - origin.c0, self.c1 - origin.c0),
        )

    def __str__(self) -> str:
        return f"channels {self.c0}:{self.c1}, rows {self.r0}:{self.r1}, columns {self.w0}:{self.w1}"


def cuts(size: int, parts: int) -> list[int]:
    """Borders 0 = b[0] <= ... <= b[parts] = size of the most even split: parts differ by one at most, the first is a largest.

    >>> cuts(7, 3)
    [0, 3, 5, 7]
    """
    return [-(-size * part // parts) for part in range(parts + 1)]


def chunks(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """Ranges of *step* that cover start..stop; the last may be shorter."""
    for low in range(start, stop, step):
        yield low, min(low + step, stop)
