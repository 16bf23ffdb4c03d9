"""Portable compiled variant of the ordered-FP16 convolution: plain loops, any processor that numba knows.

No compiled function here may call one of another file: numba's disk cache looks for changes in this file only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba  # type: ignore[import-untyped,unused-ignore]
import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels import jit
from hyperdrive_sim.kernels.once import once
from hyperdrive_sim.kernels.sliding import Band, PackedWeights, Sliding, checked, in_bands, sliding

SCALE = np.float32(2.0**112)  # here 65520, where FP16 overflows, is where rounding carries a float32 into infinity

_LOOPS = "void(float32[::1], float32[:,::1], float32[:,::1], int64[::1], int64, int64)"


class Fp16Loops:
    """Loops over output pixels by four, taps in the chip's order, output channels; the innermost becomes vector code."""

    name = "numba"

    def pack(self, signs: NDArray[np.int8]) -> PackedWeights:
        """Pack signs; words [taps, out_channels]."""
        out_channels, rows, columns, in_channels = checked(signs)
        words = np.ascontiguousarray(signs.reshape(out_channels, -1).T.astype(np.float32))
        return PackedWeights(words, out_channels, rows, columns, in_channels)

    def convolve(self, x: NDArray[np.float16], packed: PackedWeights, stride: int) -> NDArray[np.float16]:
        sizes = sliding(x, packed, stride)
        out = np.empty((sizes.out_rows, sizes.out_columns, packed.out_channels), np.float16)
        loops = _compiled()

        def work(band: Band) -> None:
            with np.errstate(all="ignore"):
                out[band.outputs] = _convolved(loops, x[band.inputs], packed.words, band.sizes)

        in_bands(sizes, packed.out_channels, work)
        return out


def _convolved(loops: Callable[..., None], x: NDArray[np.float16], words: NDArray[np.float32], sizes: Sliding) -> NDArray[np.floating[Any]]:
    flat = x.astype(np.float32, order="C").ravel() * SCALE
    totals = np.empty((sizes.out_rows * sizes.out_columns, words.shape[1]), np.float32)
    loops(flat, words, totals, sizes.firsts() * sizes.channels, sizes.kernel_columns * sizes.channels, sizes.columns * sizes.channels)
    totals[np.isnan(totals)] = np.nan  # one NaN for all of them
    return (totals / SCALE).reshape(sizes.out_rows, sizes.out_columns, -1)


@once
def _compiled() -> Callable[..., None]:
    return jit.compiled(_loops, _LOOPS)


@numba.njit
def _rounded(total: Any) -> Any:
    """A float32 rounded to 11 bits, the precision of FP16, ties to even."""
    bits = np.float32(total).view(np.uint32)
    odd = (bits >> np.uint32(13)) & np.uint32(1)
    return np.uint32((bits + np.uint32(0xFFF) + odd) & np.uint32(0xFFFFE000)).view(np.float32)


def _loops(x: Any, weights: Any, totals: Any, firsts: Any, run: int, row: int) -> None:
    """Ordered sums of all output pixels, written to totals [pixels, out_channels].

    Four pixels share a weight: twice as fast for 16 channels as one. The last pixel fills the last four.
    """
    taps, channels = weights.shape
    last = len(firsts) - 1
    a, b = np.empty(channels, np.float32), np.empty(channels, np.float32)
    c, d = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for pixel in range(0, last + 1, 4):
        pb, pc, pd = min(pixel + 1, last), min(pixel + 2, last), min(pixel + 3, last)
        fa, fb, fc, fd = firsts[pixel], firsts[pb], firsts[pc], firsts[pd]
        for channel in range(channels):
            a[channel] = b[channel] = c[channel] = d[channel] = np.float32(0)
        for kernel_row in range(taps // run):
            for place in range(run):
                under, signs = kernel_row * row + place, weights[kernel_row * run + place]
                xa, xb, xc, xd = x[fa + under], x[fb + under], x[fc + under], x[fd + under]
                for channel in range(channels):
                    a[channel] = _rounded(a[channel] + signs[channel] * xa)
                    b[channel] = _rounded(b[channel] + signs[channel] * xb)
                    c[channel] = _rounded(c[channel] + signs[channel] * xc)
                    d[channel] = _rounded(d[channel] + signs[channel] * xd)
        for channel in range(channels):
            totals[pd, channel], totals[pc, channel], totals[pb, channel] = d[channel], c[channel], b[channel]
            totals[pixel, channel] = a[channel]
