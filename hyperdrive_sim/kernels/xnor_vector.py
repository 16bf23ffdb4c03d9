"""Vector variant of the binary convolution: arrays are laid out here for the compiled loops of `xnor_llvm`, and handed to them.

Weights lie in panels [panel, kernel row x kernel column x word, lane].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels import xnor_llvm
from hyperdrive_sim.kernels.emit import Target
from hyperdrive_sim.kernels.kept import Kept
from hyperdrive_sim.kernels.layout import BandPlan, LoopPlan, OutPixels, Prepared, address, aligned, blocks, under_kernel
from hyperdrive_sim.kernels.processors import shared
from hyperdrive_sim.kernels.sliding import Limits, PackedWeights, Sliding, cut
from hyperdrive_sim.kernels.xnor_bits import (
    WORD,
    PackedMap,
    Rule,
    Ternary,
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
LIMITS = Limits(band_elements=1 << 16, threaded_macs=1 << 24)  # in words: half of a common second-level cache, 1 ms


_TYPES = {Result.SUM: np.int32, Result.SIGN: np.int8}


class XnorVectors:
    """Binary convolution with explicit vectors, in panels whose sums of four pixels fit into the registers.

    *word_bits* is how many bits a lane counts at a time, *widths* are those that a panel may have, in output channels, narrowest first.
    """

    def __init__(self, name: str, word_bits: int, widths: tuple[int, ...], target: Target | None = None) -> None:
        self.name = name
        self._word = np.dtype(f"u{word_bits // 8}")
        self._widths = widths
        self._target = target
        self._plans: Kept[tuple[Any, ...], Prepared] = Kept()

    def pack_map(self, x: Ternary) -> PackedMap:
        checked_map(x)
        words, valid, ternary = self._bits(x)
        if not ternary:
            raise not_ternary()
        return PackedMap(words, valid, x.shape[2])

    def pack_weights(self, signs: NDArray[np.int8]) -> PackedWeights:
        """Pack signs, one panel at a time: little memory is needed beside the result."""
        out_channels, rows, columns, in_channels = checked_signs(signs)
        lanes = self._lanes(out_channels)
        used = self._used(in_channels)
        panels = aligned((-(-out_channels // lanes), rows * columns * used, lanes), self._word)
        for number, panel in enumerate(panels):
            words, valid, ternary = self._bits(signs[number * lanes : (number + 1) * lanes])
            if valid is not None or not ternary:
                raise not_binary()
            panel[:, : len(words)] = words.view(self._word)[..., :used].reshape(len(words), -1).T
            panel[:, len(words) :] = 0
        return PackedWeights(panels, out_channels, rows, columns, in_channels)

    def _lanes(self, out_channels: int) -> int:
        """Width of the panels: the widest of those that leave the fewest lanes idle. The narrowest are slower, and for narrow layers."""
        fitting = [lanes for lanes in self._widths if lanes >= out_channels]
        return min(fitting or self._widths[1:] or self._widths, key=lambda lanes: (-(-out_channels // lanes) * lanes, -lanes))

    def _used(self, channels: int) -> int:
        """Words of a pixel in which there are channels; there may be one more, half of 64 bits."""
        return -(-channels // (8 * self._word.itemsize))

    def _bits(self, values: Ternary) -> tuple[Words, Words | None, bool]:
        """Bits of the +1, a mask of those not 0 (None if none is 0), and True if there is nothing but -1, 0 and +1."""
        channels = values.shape[-1]
        words, valid = np.empty((2, *values.shape[:-1], words_of(channels)), np.uint64)
        if not values.size:
            return words, None, True
        if channels % WORD:  # the last pixel's last word reads on
            room = np.empty(values.size + WORD, values.dtype)
            room[: values.size].reshape(values.shape)[...] = values
        else:
            room = np.ascontiguousarray(values)
        seen = np.empty(2, np.int64)
        pixels = values.size // channels
        pack = xnor_llvm.pack(values.dtype == np.float32, self._target)
        pack(address(room), address(words), address(valid), pixels, channels, address(seen))
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
        run, shape, bands, threads = self._prepared(result, x, packed, stride)
        out = np.empty(shape, _TYPES[result])
        words, valid = np.ascontiguousarray(x.words), None if x.valid is None else np.ascontiguousarray(x.valid)
        levels = None if rule is None else Rule(_widened(rule.thresholds, shape[2]), _widened(rule.flipped, shape[2]))
        first, weights, results = address(words), address(packed.words), address(out)
        to_valid = 0 if valid is None else address(valid) - first
        thresholds, flipped = (0, 0) if levels is None else (address(levels.thresholds), address(levels.flipped))

        def work(band: BandPlan) -> None:
            run(first + band.inputs, to_valid, band.plan.address, weights, thresholds, flipped, results + band.outputs)

        shared(work, bands, threads)
        return out

    def _prepared(self, result: Result, x: PackedMap, packed: PackedWeights, stride: int) -> Prepared:
        """What is the same for all convolutions of equal sizes: finding it out takes longer than a small one."""
        key = result is Result.SUM, x.words.shape, x.channels, x.valid is None, packed[1:], stride
        if (known := self._plans.get(key)) is not None:
            return known
        return self._plans.keep(key, self._prepare(result, fitted(x, packed, stride), packed, masked=x.valid is not None))

    def _prepare(self, result: Result, sizes: Sliding, packed: PackedWeights, *, masked: bool) -> Prepared:
        panels, _, lanes = packed.words.shape
        out = OutPixels(sizes.out_rows, sizes.out_columns, panels * lanes, result.value // 8)
        pixels = 1 if sizes.out_rows * sizes.out_columns == 1 else PIXELS
        run = xnor_llvm.convolve(Specialization(result, 8 * self._word.itemsize, lanes, pixels, masked), self._target)

        def plan(size: Sliding) -> LoopPlan:
            return self._plan(size, packed, pixels, out.channels * out.itemsize)

        return Prepared.of(run, cut(sizes, packed.out_channels, LIMITS), plan, sizes.columns * sizes.channels * 8, out)

    def _plan(self, sizes: Sliding, packed: PackedWeights, pixels: int, out_bytes: int) -> LoopPlan:
        """Plan of a band; pixels of the result are *out_bytes* apart."""
        pixel_bytes = sizes.channels * 8
        offsets = under_kernel(sizes, pixel_bytes, self._word.itemsize, self._used(packed.in_channels))
        table = blocks(sizes, pixels, pixel_bytes, out_bytes)
        return LoopPlan.of(XnorPlanHead(len(packed.words), len(table), len(offsets), products(packed)), offsets, table)


def _widened(values: NDArray[Any], channels: int) -> NDArray[Any]:
    """Values of a rule in contiguous memory, also for idle lanes."""
    if len(values) == channels:
        return np.ascontiguousarray(values)
    wide = np.zeros(channels, values.dtype)
    wide[: len(values)] = values
    return wide


def _first(out: NDArray[Any], channels: int) -> NDArray[Any]:
    """Results without those of idle lanes."""
    return out if out.shape[2] == channels else out[:, :, :channels].copy()
