"""Memory layout of arrays for compiled loops, which are handed plain addresses."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import addressof, c_char
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.sliding import Cut, Sliding

ALIGNMENT = 64  # a vector that straddles two cache lines costs two loads: 177 instead of 189 GMAC/s in FP16


class LoopPlan(NamedTuple):
    """Numbers that a compiled loop reads, and their address. *words* is kept because it owns the memory."""

    words: NDArray[np.int64]
    address: int

    @classmethod
    def of(cls, head: tuple[int, ...], *tables: NDArray[np.int64]) -> LoopPlan:
        words = np.concatenate([np.array(head, np.int64), *(table.ravel() for table in tables)])
        return cls(words, words.ctypes.data)


class BandPlan(NamedTuple):
    """Plan of a band, and where in its map and in the results the band begins, in bytes."""

    plan: LoopPlan
    inputs: int
    outputs: int


class Prepared(NamedTuple):
    """A convolution of given sizes: compiled code, shape of the results (idle lanes included), bands and threads."""

    run: Callable[..., None]
    shape: tuple[int, int, int]
    bands: tuple[BandPlan, ...]
    threads: int

    @classmethod
    def of(cls, run: Callable[..., None], cut: Cut, plan: Callable[[Sliding], LoopPlan], row_bytes: int, out: OutPixels) -> Prepared:
        """Prepare bands whose sizes *plan* turns into plans; a row of the input has so many bytes."""
        plans = {size: plan(size) for size in {band.sizes for band in cut.bands}}
        out_row_bytes = out.columns * out.channels * out.itemsize
        placed = (BandPlan(plans[size], inputs.start * row_bytes, outputs.start * out_row_bytes) for inputs, outputs, size in cut.bands)
        return cls(run, (out.rows, out.columns, out.channels), tuple(placed), cut.threads)


class OutPixels(NamedTuple):
    """Shape of results, idle lanes included, and bytes of each."""

    rows: int
    columns: int
    channels: int
    itemsize: int


def blocks(sizes: Sliding, pixels: int, in_bytes: int, out_bytes: int) -> NDArray[np.int64]:
    """Byte offsets [block, 2, pixels]: of the first input pixel under the kernel, and of the result, for each pixel of a block.

    *in_bytes* and *out_bytes* are the sizes of a pixel. The last pixel fills the last block.
    """
    firsts = sizes.firsts()
    count = -(-len(firsts) // pixels)
    chosen = np.minimum(np.arange(count * pixels), len(firsts) - 1).reshape(count, 1, pixels)
    return np.concatenate([firsts[chosen] * in_bytes, chosen * out_bytes], axis=1)


def under_kernel(sizes: Sliding, pixel_bytes: int, word_bytes: int, words: int) -> NDArray[np.int64]:
    """Byte offsets of the words under the kernel from its first, row by row, pixel by pixel; of each pixel the first *words*."""
    row, column = sizes.dilation
    pixels = np.add.outer(np.arange(sizes.kernel_rows) * row * sizes.columns, np.arange(sizes.kernel_columns) * column)
    offsets: NDArray[np.int64] = np.add.outer(pixels * pixel_bytes, np.arange(words) * word_bytes)
    return offsets.ravel()


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array that starts at a cache line; its values are yet to be set."""
    size = int(np.prod(shape)) * dtype.itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def address(array: NDArray[Any]) -> int:
    """Address of a contiguous array that is not empty: in a fourth of the microsecond that `ctypes.data` takes, unless it is read-only."""
    return addressof(c_char.from_buffer(array)) if array.flags.writeable else array.ctypes.data  # type: ignore[arg-type]
