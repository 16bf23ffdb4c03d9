"""numpy variant of the binary convolution: always there, three to eight times slower than compiled loops."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.sliding import PackedWeights, Sliding
from hyperdrive_sim.kernels.xnor_bits import PackedMap, Rule, Words, fitted, packed_map, packed_signs, products

TILE_SUMS = 1 << 16  # whose words, counts and totals stay in a second-level cache


class XnorNumpy:
    """Tiles of [pixels, out_channels]; three numpy calls add one word, 64 channels of a tap, to all of them."""

    name = "numpy"
    pack_map = staticmethod(packed_map)
    pack_weights = staticmethod(packed_signs)

    def convolve(self, x: PackedMap, packed: PackedWeights, stride: int) -> NDArray[np.int32]:
        sizes = fitted(x, packed, stride)
        firsts = sizes.firsts() * sizes.channels
        out = np.empty((len(firsts), packed.out_channels), np.int32)
        step = max(1, TILE_SUMS // packed.out_channels)
        for start in range(0, len(firsts), step):
            out[start : start + step] = _sums(x, firsts[start : start + step], packed, sizes)
        return out.reshape(sizes.out_rows, sizes.out_columns, packed.out_channels)

    def threshold(
        self, x: PackedMap, packed: PackedWeights, stride: int, thresholds: NDArray[np.int32], flipped: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        return Rule.checked(thresholds, flipped, packed).signs(self.convolve(x, packed, stride))


def _sums(x: PackedMap, firsts: NDArray[np.int64], packed: PackedWeights, sizes: Sliding) -> NDArray[np.int32]:
    """Sums [pixels, out_channels]: products - 2 * (number of those that are -1). Where inputs are 0, each pixel's products are counted."""
    shape = len(firsts), packed.out_channels
    differ, ones, negative = np.empty(shape, np.uint64), np.empty(shape, np.uint8), np.zeros(shape, np.int32)
    count = np.full((len(firsts), 1), products(packed) if x.valid is None else 0, np.int32)
    masks = repeat(None) if x.valid is None else _under(x.valid, firsts, sizes)
    for signs, inputs, mask in zip(packed.words, _under(x.words, firsts, sizes), masks, strict=False):
        np.bitwise_xor(inputs, signs, out=differ)
        if mask is not None:
            np.bitwise_and(differ, mask, out=differ)
            count += np.bitwise_count(mask)
        np.bitwise_count(differ, out=ones)
        np.add(negative, ones, out=negative)
    return count - 2 * negative


def _under(plane: Words, firsts: NDArray[np.int64], sizes: Sliding) -> Iterator[Words]:
    """Input words under the kernel, one after the other, each for all pixels [pixels, 1]."""
    words = plane.ravel()
    for kernel_row in range(sizes.kernel_rows):
        for place in range(sizes.kernel_columns * sizes.channels):
            yield words[firsts + (kernel_row * sizes.columns * sizes.channels + place), None]
