"""Vector variant of the binary convolution: arrays are laid out here for the compiled loops of `xnor_llvm`, and handed to them.

Weights lie in panels [panel, kernel row, kernel column x word, lane].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels import xnor_llvm
from hyperdrive_sim.kernels.emit import Target
from hyperdrive_sim.kernels.layout import LoopPlan, aligned, blocks
from hyperdrive_sim.kernels.sliding import Band, Limits, PackedWeights, Sliding, in_bands
from hyperdrive_sim.kernels.xnor_bits import (
    WORD,
    PackedMap,
    Rule,
    Words,
    checked_map,
    checked_signs,
    fitted,
    not_binary,
    not_ternary,
    products,
    words_of,
)
from hyperdrive_sim.kernels.xnor_llvm import Result, Specialization, XnorPlanHead

PIXELS = 4  # of a block; with 5, a map with zeros needs more registers than there are: 43 instead of 73 % of what they can do
BEYOND_ALL_SUMS = 1 << 62
LIMITS = Limits(band_elements=1 << 16, threaded_macs=1 << 24)  # in words: half of a common second-level cache, 1 ms


class XnorVectors:
    """Binary convolution with explicit vectors, in panels of at most *widest* output channels.

    A panel is as wide as the registers allow, into which the sums of four pixels have to fit.
    """

    def __init__(self, name: str, widest: int, target: Target | None = None) -> None:
        self.name = name
        self._widest = widest
        self._target = target
        self._plans: dict[tuple[Sliding, int, int, int, int], LoopPlan] = {}

    def pack_map(self, x: NDArray[np.int8]) -> PackedMap:
        checked_map(x)
        words, valid, ternary = self._bits(x)
        if not ternary:
            raise not_ternary()
        return PackedMap(words, valid, x.shape[2])

    def pack_weights(self, signs: NDArray[np.int8]) -> PackedWeights:
        """Pack signs, one panel at a time: little memory is needed beside the result."""
        out_channels, rows, columns, in_channels = checked_signs(signs)
        lanes = min(self._widest, 8 if out_channels <= 8 else 16 if out_channels <= 16 else 32)
        run = columns * words_of(in_channels)
        panels = aligned((-(-out_channels // lanes), rows * run, lanes), np.dtype(np.uint64))
        for number, panel in enumerate(panels):
            words, valid, ternary = self._bits(signs[number * lanes : (number + 1) * lanes])
            if valid is not None or not ternary:
                raise not_binary()
            panel[:, : len(words)] = words.reshape(len(words), -1).T
        return PackedWeights(panels, out_channels, rows, columns, in_channels)

    def _bits(self, values: NDArray[np.int8]) -> tuple[Words, Words | None, bool]:
        """Bits of the +1, a mask of those not 0 (None if none is 0), and True if there is nothing but -1, 0 and +1."""
        channels = values.shape[-1]
        words, valid = np.empty((2, *values.shape[:-1], words_of(channels)), np.uint64)
        if not values.size:
            return words, None, True
        if channels % WORD:  # the last pixel's last word reads on
            room = np.empty(values.size + WORD, np.int8)
            room[: values.size].reshape(values.shape)[...] = values
        else:
            room = np.ascontiguousarray(values)
        seen = np.empty(2, np.int64)
        pixels = values.size // channels
        xnor_llvm.pack(self._target)(room.ctypes.data, words.ctypes.data, valid.ctypes.data, pixels, channels, seen.ctypes.data)
        nonzero, strange = seen.tolist()
        return words, None if nonzero == -1 else valid, not strange

    def convolve(self, x: PackedMap, packed: PackedWeights, stride: int) -> NDArray[np.int32]:
        return _first(self._convolved(Result.SUM, x, packed, stride), packed.out_channels)

    def threshold(
        self, x: PackedMap, packed: PackedWeights, stride: int, thresholds: NDArray[np.int32], flipped: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        rule = Rule.checked(thresholds, flipped, packed)
        return _first(self._convolved(Result.SIGN, x, packed, stride, rule), packed.out_channels)

    def _convolved(self, result: Result, x: PackedMap, packed: PackedWeights, stride: int, rule: Rule | None = None) -> NDArray[Any]:
        """Results [out_rows, out_columns, channels of all panels], idle lanes included."""
        sizes = fitted(x, packed, stride)
        panels, _, lanes = packed.words.shape
        out = np.empty((sizes.out_rows, sizes.out_columns, panels * lanes), np.int32 if result is Result.SUM else np.int8)
        pixels = 1 if sizes.out_rows * sizes.out_columns == 1 else PIXELS
        run = xnor_llvm.convolve(Specialization(result, lanes, pixels, x.valid is not None), self._target)
        words, valid = np.ascontiguousarray(x.words), None if x.valid is None else np.ascontiguousarray(x.valid)
        table = np.empty(0, np.int64) if rule is None else _table(rule, panels, lanes, products(packed) if x.valid is None else None)

        def work(band: Band) -> None:
            plan = self._plan(band.sizes, packed, pixels, out.strides[1])
            masks = 0 if valid is None else valid[band.inputs].ctypes.data
            rows, sums = words[band.inputs].ctypes.data, out[band.outputs].ctypes.data
            run(rows, masks, plan.address, packed.words.ctypes.data, table.ctypes.data, sums)

        in_bands(sizes, packed.out_channels, work, LIMITS)
        return out

    def _plan(self, sizes: Sliding, packed: PackedWeights, pixels: int, out_bytes: int) -> LoopPlan:
        """Plan of a convolution, shared by all of equal sizes; pixels of the result are *out_bytes* apart."""
        panels = len(packed.words)
        key = sizes, panels, products(packed), pixels, out_bytes
        if key not in self._plans:
            table = blocks(sizes, pixels, sizes.channels * 8, out_bytes)
            run, row = sizes.kernel_columns * sizes.channels, sizes.columns * sizes.channels * 8
            self._plans[key] = LoopPlan.of(XnorPlanHead(panels, len(table), sizes.kernel_rows, run, row, products(packed)), table)
        return self._plans[key]


def _table(rule: Rule, panels: int, lanes: int, products: int | None) -> NDArray[np.int64]:
    """Table [panels, lanes + 1] of levels that a sum must reach and, as bits, where this is reversed: s <= t is what s >= t + 1 is not.

    Where the *products* of every sum are known, a level is how many of them may be -1. Idle lanes never reach theirs.
    """
    channels = len(rule.thresholds)
    levels, reverse = np.empty(panels * lanes, np.int64), np.zeros(panels * lanes, np.bool_)
    np.add(rule.thresholds, rule.flipped, out=levels[:channels], dtype=np.int64)
    levels[channels:] = BEYOND_ALL_SUMS
    reverse[:channels] = rule.flipped
    table = np.empty((panels, lanes + 1), np.int64)
    table[:, :lanes] = (levels if products is None else (products - levels) >> 1).reshape(panels, lanes)
    table[:, lanes] = np.packbits(reverse, bitorder="little").view(f"u{lanes // 8}")
    return table


def _first(out: NDArray[Any], channels: int) -> NDArray[Any]:
    """Results without those of idle lanes."""
    return out if out.shape[2] == channels else out[:, :, :channels].copy()
