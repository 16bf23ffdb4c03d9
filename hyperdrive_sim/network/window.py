"""Windows that slide over a map. Together with `Box`, the one place where positions, padding and kernels are added up."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from numbers import Integral
from typing import NamedTuple, TypeGuard

from hyperdrive_sim.network.box import Box, Shape


class Slide(NamedTuple):
    """A window along one axis: *kernel* taps that lie *dilation* pixels apart, moved on by *stride* pixels at a time.

    *before* and *after* are the pixels of padding at the two ends of the axis.
    """

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def extent(self) -> int:
        """Pixels from the first tap to the last, both included."""
        return (self.kernel - 1) * self.dilation + 1

    def positions(self, size: int) -> int:
        """Number of positions on an axis of *size* pixels and its padding, which is the output's size; 0 if the window does not fit."""
        return max(0, (size + self.before + self.after - self.extent) // self.stride + 1)

    def under(self, start: int, stop: int) -> tuple[int, int]:
        """Input pixels under the output pixels start..stop, from the first tap of the first to the last tap of the last."""
        first = start * self.stride - self.before
        return first, first + (stop - 1 - start) * self.stride + self.extent

    def tap(self, number: int, positions: int) -> slice:
        """Indices of the pixels under one tap at so many positions, in an array that begins at the first tap of the first position."""
        first = number * self.dilation
        return slice(first, first + (positions - 1) * self.stride + 1, self.stride)


class Window(NamedTuple):
    """A kernel and how it slides over a map: pairs are (rows, columns), pads (top, left, bottom, right) in pixels.

    The value of the padding is not said here: each kind of layer has its own (`values.padding_value`).

        Window.square(3, padding=1)                        3 x 3, the map keeps its size
        Window(kernel=(1, 7), pads=(0, 3, 0, 3))           one row of seven columns
        Window.square(3, padding=2, dilation=2)            3 x 3 taps spread over 5 x 5 pixels
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)

    @classmethod
    def square(cls, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Window:
        """A window with rows and columns alike and the same padding on all four sides."""
        return cls((kernel, kernel), (stride, stride), (dilation, dilation), (padding, padding, padding, padding))

    @property
    def rows(self) -> Slide:
        """The window along the rows, from top to bottom."""
        return Slide(self.kernel[0], self.stride[0], self.dilation[0], self.pads[0], self.pads[2])

    @property
    def columns(self) -> Slide:
        """The window along the columns, from left to right."""
        return Slide(self.kernel[1], self.stride[1], self.dilation[1], self.pads[1], self.pads[3])

    @property
    def taps(self) -> int:
        """Number of taps: pixels of one channel under the kernel at each position."""
        return prod(self.kernel)

    def over(self, x: Shape, channels: int) -> Shape:
        """Shape of the output for an input of shape *x*; empty if the window does not fit."""
        return Shape(channels, self.rows.positions(x.rows), self.columns.positions(x.columns))

    def positions(self, rows: int, columns: int) -> tuple[int, int]:
        """Number of positions, down and across, on a map of so many rows and columns that holds its padding already."""
        bare = self._replace(pads=(0, 0, 0, 0))
        return bare.rows.positions(rows), bare.columns.positions(columns)

    def under(self, out: Box) -> Box:
        """The block of input pixels under a block of output pixels; may reach into the padding. The channels stay."""
        return Box(out.c0, out.c1, *self.rows.under(out.r0, out.r1), *self.columns.under(out.w0, out.w1))

    def faults(self) -> Iterator[str]:
        """Mistakes in the window, a sentence for each property: "kernel must be ..., not ..."."""
        for name, size, least in (("kernel", 2, 1), ("stride", 2, 1), ("dilation", 2, 1), ("pads", 4, 0)):
            given = getattr(self, name)
            if not _integers(given, size, least):
                what = "(rows, columns)" if size == 2 else "(top, left, bottom, right)"
                yield f"{name} must be {size} integers of at least {least}, {what}, not {given}"

    def __str__(self) -> str:
        """Kernel, dilation and stride in short, as in a layer's `kind`: 3x3, 3x3/2, 1x7/1x2, 3x3d2."""
        dilation = f"d{_short(self.dilation)}" if self.dilation != (1, 1) else ""
        return "x".join(map(str, self.kernel)) + dilation + (f"/{_short(self.stride)}" if self.stride != (1, 1) else "")


def window_faults(window: object) -> Iterator[str]:
    """Mistakes in what a layer is given as its window, which need not even be one."""
    if isinstance(window, Window):
        yield from window.faults()
    else:
        yield f"window must be a Window, such as Window.square(3), not {window!r}"


def is_integer(value: object) -> TypeGuard[int]:
    """True for an integer, also numpy's, but not for True and False."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _integers(given: object, size: int, least: int) -> bool:
    return isinstance(given, tuple) and len(given) == size and all(is_integer(number) and number >= least for number in given)


def _short(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"
