"""Portable compiled variant of the binary convolution: plain loops, any processor that numba knows.

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
from hyperdrive_sim.kernels.sliding import Band, Limits, PackedWeights, in_bands
from hyperdrive_sim.kernels.xnor_bits import PackedMap, Rule, fitted, full_words, packed_map, packed_signs

LIMITS = Limits(band_elements=1 << 16, threaded_macs=1 << 22)  # in words: half of a common second-level cache, 1 ms

_LOOPS = "void(uint64[::1], uint64[::1], uint64[:,::1], int32[:,::1], int64[::1], int64, int64)"


class XnorLoops:
    """Loops over output pixels, words, output channels; the innermost becomes vector code."""

    name = "numba"
    pack_map = staticmethod(packed_map)
    pack_weights = staticmethod(packed_signs)

    def convolve(self, x: PackedMap, packed: PackedWeights, stride: int) -> NDArray[np.int32]:
        sizes = fitted(x, packed, stride)
        out = np.empty((sizes.out_rows, sizes.out_columns, packed.out_channels), np.int32)
        valid = full_words(x.words.shape, x.channels) if x.valid is None else x.valid
        loops = _compiled()

        def work(band: Band) -> None:
            words, masks = x.words[band.inputs].flatten(), valid[band.inputs].flatten()  # writable, as the signature says
            firsts, run = band.sizes.firsts() * sizes.channels, sizes.kernel_columns * sizes.channels
            loops(
                words, masks, packed.words, out[band.outputs].reshape(-1, packed.out_channels), firsts, run, sizes.columns * sizes.channels
            )

        in_bands(sizes, packed.out_channels, work, LIMITS)
        return out

    def threshold(
        self, x: PackedMap, packed: PackedWeights, stride: int, thresholds: NDArray[np.int32], flipped: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        return Rule.checked(thresholds, flipped, packed).signs(self.convolve(x, packed, stride))


@once
def _compiled() -> Callable[..., None]:
    return jit.compiled(_loops, _LOOPS)


@numba.njit
def _ones(word: Any) -> Any:
    """Number of bits set in a word. LLVM recognises these lines and has an instruction for them."""
    twos = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    fours = (twos & np.uint64(0x3333333333333333)) + ((twos >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bytes_ = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (bytes_ * np.uint64(0x0101010101010101)) >> np.uint64(56)


def _loops(words: Any, masks: Any, weights: Any, sums: Any, firsts: Any, run: int, row: int) -> None:
    """Sums of all pixels of a band, one at a time: four that share a weight gain 10 % on large maps and lose half on small ones."""
    taps, channels = weights.shape
    negative = np.empty(channels, np.uint64)
    for pixel in range(len(firsts)):
        products = np.uint64(0)
        for channel in range(channels):
            negative[channel] = 0
        for kernel_row in range(taps // run):
            for place in range(run):
                under, signs = firsts[pixel] + kernel_row * row + place, weights[kernel_row * run + place]
                word, mask = words[under], masks[under]
                products += _ones(mask)
                for channel in range(channels):
                    negative[channel] += _ones((word ^ signs[channel]) & mask)
        for channel in range(channels):
            sums[pixel, channel] = np.int32(products) - np.int32(2) * np.int32(negative[channel])
