"""numpy variant of the ordered-FP16 convolution: always there, the plainest that is still exact.

numpy adds float16 by converting each value there and back. Six times faster: add in float32 and round by (s + c) - c, on tiles that stay in
cache; c is 2**13 times the power of two in s, so the float32 adder itself rounds s to the 11 bits of an FP16, ties to even. Everything is
held times 2**100, where c overflows as soon as |s| reaches 32768 and the total stays not finite: those pixels are added again in float16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.sliding import PackedWeights, checked, sliding

SCALE = np.float32(2.0**100)
TILE_ELEMENTS = 1 << 15

_POWER_OF_TWO = np.uint32(0xFF800000)  # sign and exponent of a float32
_TO_ELEVEN_BITS = np.float32(2.0**13)

Array = NDArray[Any]


class Fp16Numpy:
    """Tiles of [out_channels, pixels]; one numpy call adds one tap to all of them."""

    name = "numpy"

    def pack(self, signs: NDArray[np.int8]) -> PackedWeights:
        """Pack signs; words [taps, out_channels, 1]."""
        out_channels, rows, columns, in_channels = checked(signs)
        return PackedWeights(signs.reshape(out_channels, -1).T[:, :, None].astype(np.float32), out_channels, rows, columns, in_channels)

    def convolve(self, x: NDArray[np.float16], packed: PackedWeights, stride: int) -> NDArray[np.float16]:
        sizes = sliding(x, packed, stride)
        firsts = sizes.firsts()
        under = np.arange(sizes.kernel_rows)[:, None] * sizes.columns + np.arange(sizes.kernel_columns)
        flat = x.reshape(-1, sizes.channels)
        out = np.empty((len(firsts), packed.out_channels), np.float16)
        step = max(64, TILE_ELEMENTS // packed.out_channels)
        with np.errstate(all="ignore"):
            for start in range(0, len(firsts), step):
                pixels = firsts[start : start + step]
                out[start : start + step] = _tile(flat, pixels + under.reshape(-1, 1), packed.words).T
        return out.reshape(sizes.out_rows, sizes.out_columns, packed.out_channels)


def _tile(flat: Array, windows: Array, words: Array) -> Array:
    """Sums [out_channels, pixels] over *windows*, the indices of the input pixels under the kernel [kernel pixels, pixels]."""
    scaled = _rounded_sums(_taps(flat, windows, words, SCALE), (words.shape[1], windows.shape[1]))
    out = (scaled / SCALE).astype(np.float16)
    again = ~np.isfinite(scaled).all(axis=0)
    if again.any():
        out[:, again] = _float16_sums(_taps(flat, windows[:, again], words, np.float16(1)), (len(out), int(again.sum())))
        out[np.isnan(out)] = np.nan  # one NaN for all of them
    return out


def _taps(flat: Array, windows: Array, words: Array, scale: np.float16 | np.float32) -> Iterator[tuple[Array, Array]]:
    """Scaled values [pixels] and their signs [out_channels, 1] of each addition, in the chip's order; both in the type of *scale*."""
    channels = flat.shape[1]
    for place, window in enumerate(windows):
        values = np.multiply(flat[window].T, scale, dtype=scale.dtype, order="C")
        yield from zip(values, words[place * channels : (place + 1) * channels].astype(scale.dtype), strict=True)


def _rounded_sums(taps: Iterator[tuple[Array, Array]], shape: tuple[int, int]) -> Array:
    total, term, power = np.zeros((3, *shape), np.float32)
    bits, power_bits = total.view(np.uint32), power.view(np.uint32)
    for values, signs in taps:
        np.multiply(signs, values, out=term)
        np.add(total, term, out=total)
        np.bitwise_and(bits, _POWER_OF_TWO, out=power_bits)
        np.multiply(power, _TO_ELEVEN_BITS, out=power)
        np.add(total, power, out=total)
        np.subtract(total, power, out=total)
    return total


def _float16_sums(taps: Iterator[tuple[Array, Array]], shape: tuple[int, int]) -> Array:
    total = np.zeros(shape, np.float16)
    for values, signs in taps:
        total += signs * values
    return total
