"""Sizes of a kernel that slides over a padded map, and the cutting of large maps into bands of rows that threads can share."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.processors import processors, shared

BAND_ELEMENTS = 1 << 18  # of the input: 1 MiB as float32, half of a common second-level cache
THREADED_MACS = 1 << 27  # starting and joining threads costs 0.2 ms, which is 20 MMAC of the fastest variant


class Limits(NamedTuple):
    """Sizes from which on a convolution is cut into bands, and these are shared among threads."""

    band_elements: int  # of the input
    threaded_macs: int


FLOATS = Limits(BAND_ELEMENTS, THREADED_MACS)


class PackedWeights(NamedTuple):
    """Signs of a layer in the order in which one variant reads them; `words` means nothing to the other variants."""

    words: NDArray[Any]
    out_channels: int
    kernel_rows: int
    kernel_columns: int
    in_channels: int


class Sliding(NamedTuple):
    """Sizes of one convolution: padded input, kernel, stride. The kernel fits into the map."""

    rows: int
    columns: int
    channels: int
    kernel_rows: int
    kernel_columns: int
    stride: int  # of the rows and, unless there is another, of the columns
    column_stride: int | None = None
    dilation: tuple[int, int] = (1, 1)  # of rows and columns

    @property
    def across(self) -> int:
        """Stride of the columns."""
        return self.column_stride or self.stride

    @property
    def extent_rows(self) -> int:
        """Rows from the kernel's first to its last, both included."""
        return (self.kernel_rows - 1) * self.dilation[0] + 1

    @property
    def out_rows(self) -> int:
        return (self.rows - self.extent_rows) // self.stride + 1

    @property
    def out_columns(self) -> int:
        return (self.columns - (self.kernel_columns - 1) * self.dilation[1] - 1) // self.across + 1

    def macs(self, out_channels: int) -> int:
        return self.out_rows * self.out_columns * self.kernel_rows * self.kernel_columns * self.channels * out_channels

    def firsts(self) -> NDArray[np.int64]:
        """Index of the first input pixel under the kernel, for every output pixel, row by row [out_rows * out_columns]."""
        row = np.arange(self.out_rows)[:, None] * (self.stride * self.columns)
        return (row + np.arange(self.out_columns) * self.across).ravel()


class Band(NamedTuple):
    """A band: some output rows, the input rows that they need, and the sizes of the convolution between them."""

    inputs: slice
    outputs: slice
    sizes: Sliding


class Cut(NamedTuple):
    """The bands of a convolution and the number of threads that share them."""

    bands: tuple[Band, ...]
    threads: int


def checked(signs: NDArray[np.int8]) -> tuple[int, int, int, int]:
    """Shape of the signs. Raises ValueError unless it is 4-D without a 0."""
    if signs.ndim != 4 or 0 in signs.shape:
        raise ValueError(f"signs must be [out_channels, kernel_rows, kernel_columns, in_channels], none of them 0, not {list(signs.shape)}")
    return signs.shape


def sliding(x: NDArray[np.float16], packed: PackedWeights, stride: int) -> Sliding:
    """Sizes of convolving *x* with *packed*. Raises ValueError for what does not fit: the compiled variants read memory as these say."""
    if x.dtype != np.float16 or x.ndim != 3:
        raise ValueError(f"x must be float16 [rows, columns, channels], not {x.dtype} {list(x.shape)}")
    return placed(x.shape, packed, stride)


def placed(shape: tuple[int, ...], packed: PackedWeights, stride: int) -> Sliding:
    """Sizes of convolving a map [rows, columns, channels] with *packed*. Raises ValueError for what does not fit."""
    rows, columns, channels = shape
    if channels != packed.in_channels:
        raise ValueError(f"x has {channels} channels, the weights were packed for {packed.in_channels}")
    if stride < 1 or rows < packed.kernel_rows or columns < packed.kernel_columns:
        raise ValueError(f"a {packed.kernel_rows} x {packed.kernel_columns} kernel at stride {stride} has no place on {rows} x {columns}")
    return Sliding(rows, columns, channels, packed.kernel_rows, packed.kernel_columns, stride)


def in_bands(sizes: Sliding, out_channels: int, work: Callable[[Band], None], limits: Limits = FLOATS) -> None:
    """Call *work* for bands that cover the output, in threads if that pays."""
    bands, threads = cut(sizes, out_channels, limits)
    shared(work, bands, threads)


@lru_cache(maxsize=256)  # of sizes alone: 4 us, of the 20 that a small layer takes
def cut(sizes: Sliding, out_channels: int, limits: Limits = FLOATS) -> Cut:
    """Bands whose input stays in cache, enough of them for every thread, and the number of threads."""
    threads = processors() if sizes.macs(out_channels) >= limits.threaded_macs else 1
    cached = limits.band_elements // (sizes.columns * sizes.channels * sizes.stride)
    step = max(1, min(cached, -(-sizes.out_rows // threads)))
    return Cut(tuple(_band(sizes, start, min(start + step, sizes.out_rows)) for start in range(0, sizes.out_rows, step)), threads)


def _band(sizes: Sliding, start: int, stop: int) -> Band:
    inputs = slice(start * sizes.stride, (stop - 1) * sizes.stride + sizes.extent_rows)
    return Band(inputs, slice(start, stop), sizes._replace(rows=inputs.stop - inputs.start))
