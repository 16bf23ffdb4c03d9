"""Maps and weights of -1 and +1 as bits, 64 channels a word: formats and checks that all variants of their convolution share.

A product of two signs is -1 where their bits differ, so a sum over n products is n - 2 * popcount(x xor w).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels.sliding import PackedWeights, Sliding, checked, placed

WORD = 64
CHUNK = 1 << 18  # values that are compared at a time, so that a layer of 38 MB needs no second one

_INT32, _BOOL = np.dtype(np.int32), np.dtype(np.bool_)

Words = NDArray[np.uint64]
Ternary = NDArray[np.int8] | NDArray[np.float32]


class PackedMap(NamedTuple):
    """A map of -1, 0 and +1 as bits, 1 for +1. The bits beyond the last channel are 0 here and in the weights, and never differ."""

    words: Words  # [rows, columns, words of a pixel]
    valid: Words | None  # as many: 0 where the map is 0; None if it is 0 nowhere
    channels: int


class Rule(NamedTuple):
    """Thresholds that turn sums into signs, per output channel: +1 from *thresholds* on upwards or, where *flipped*, downwards."""

    thresholds: NDArray[np.int32]
    flipped: NDArray[np.bool_]

    @classmethod
    def checked(cls, thresholds: NDArray[np.int32], flipped: NDArray[np.bool_], packed: PackedWeights) -> Rule:
        for name, values, kind in (("thresholds", thresholds, _INT32), ("flipped", flipped, _BOOL)):
            if values.dtype != kind or values.shape != (packed.out_channels,):
                wanted, given = f"{kind} [{packed.out_channels}]", f"{values.dtype} {list(values.shape)}"
                raise ValueError(f"{name} must be {wanted}, one per output channel, not {given}")
        return cls(thresholds, flipped)

    def signs(self, sums: NDArray[np.int32]) -> NDArray[np.int8]:
        return self.holds(sums).view(np.int8) * np.int8(2) - np.int8(1)

    def holds(self, sums: NDArray[np.int32]) -> NDArray[np.bool_]:
        above: NDArray[np.bool_] = sums >= self.thresholds
        return np.where(self.flipped, sums <= self.thresholds, above) if self.flipped.any() else above


def words_of(channels: int) -> int:
    return -(-channels // WORD)


def full_words(shape: tuple[int, ...], channels: int) -> Words:
    """Mask of a map that is 0 nowhere: a read-only view of words with the bits of all channels set."""
    return np.broadcast_to(_full_pixel(channels), shape)


@lru_cache(maxsize=64)  # of a number alone: 5 us, of the 45 that a small layer takes
def _full_pixel(channels: int) -> Words:
    return as_words(np.ones(channels, np.bool_))


def as_words(flags: NDArray[np.bool_]) -> Words:
    """Pack flags [..., channels] into words [..., words].

    A channel has the same bit in maps and in weights; which one it is depends on the machine.
    """
    channels = flags.shape[-1]
    if channels % WORD == 0:  # one long row is packed many times faster than many short ones
        return np.packbits(flags.ravel(), bitorder="little").view(np.uint64).reshape(*flags.shape[:-1], words_of(channels))
    packed = np.zeros((*flags.shape[:-1], words_of(channels) * 8), np.uint8)
    packed[..., : -(-channels // 8)] = np.packbits(flags, axis=-1, bitorder="little")
    return packed.view(np.uint64)


def packed_map(x: Ternary) -> PackedMap:
    """Pack a map [rows, columns, channels] by numpy alone. Raises ValueError for values other than -1, 0 and +1."""
    checked_map(x)
    if x.dtype != np.int8:
        with np.errstate(invalid="ignore"):  # of NaN
            x, given = x.astype(np.int8), x
        if (x != given).any():
            raise not_ternary()
    if x.size and (x.min() < -1 or x.max() > 1):
        raise not_ternary()
    nonzero = x != 0
    return PackedMap(as_words(x > 0), None if nonzero.all() else as_words(nonzero), x.shape[2])


def packed_signs(signs: NDArray[np.int8]) -> PackedWeights:
    """Pack signs by numpy alone; words [kernel_rows * kernel_columns * words, out_channels]. Raises ValueError unless all are +-1."""
    shape = out_channels, rows, columns, in_channels = checked_signs(signs)
    words = np.empty((rows * columns * words_of(in_channels), out_channels), np.uint64)
    step = max(1, CHUNK // signs[0].size)
    for start in range(0, out_channels, step):
        words[:, start : start + step] = _sign_bits(signs[start : start + step]).T
    return PackedWeights(words, *shape)


def _sign_bits(signs: NDArray[np.int8]) -> Words:
    if not signs.all() or signs.min() < -1 or signs.max() > 1:
        raise not_binary()
    return as_words(signs > 0).reshape(len(signs), -1)


def checked_map(x: NDArray[Any]) -> None:
    if x.dtype not in (np.int8, np.float32) or x.ndim != 3 or x.shape[2] == 0:
        raise ValueError(f"x must be int8 or float32 [rows, columns, channels], at least one channel, not {x.dtype} {list(x.shape)}")


def checked_signs(signs: NDArray[Any]) -> tuple[int, int, int, int]:
    if signs.dtype != np.int8:
        raise ValueError(f"signs must be int8, not {signs.dtype}")
    return checked(signs)


def not_ternary() -> ValueError:
    return ValueError("x must hold -1, +1 and, as padding, 0 only")


def not_binary() -> ValueError:
    return ValueError("signs must hold -1 and +1 only")


def fitted(x: PackedMap, packed: PackedWeights, stride: int) -> Sliding:
    """Sizes of convolving *x* with *packed*, in words instead of channels. Raises ValueError for what does not fit."""
    rows, columns, words = x.words.shape
    return placed((rows, columns, x.channels), packed, stride)._replace(channels=words)


def products(packed: PackedWeights) -> int:
    """Number of products in a sum where no input is 0."""
    return packed.kernel_rows * packed.kernel_columns * packed.in_channels
