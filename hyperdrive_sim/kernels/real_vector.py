"""Vector variants of the convolution of real numbers: arrays are laid out for the compiled loops of `real_llvm`, and handed to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hyperdrive_sim.kernels import real_llvm
from hyperdrive_sim.kernels.emit import Target
from hyperdrive_sim.kernels.kept import Kept
from hyperdrive_sim.kernels.layout import BandPlan, LoopPlan, OutPixels, Prepared, address, blocks, under_kernel
from hyperdrive_sim.kernels.processors import shared
from hyperdrive_sim.kernels.real_llvm import SQUARE, RealPlanHead, Specialization
from hyperdrive_sim.kernels.real_numpy import Array, slid
from hyperdrive_sim.kernels.sliding import FLOATS, Sliding, cut

LIMITS = FLOATS


class RealVectors:
    """Convolution with vectors of so many bytes; *pixels* are those of a block, by the width of a panel in vectors.

    More than eight need more registers for their addresses than there are: 12 pixels x 2 vectors take 1.6 times as long as 8 x 2.
    """

    def __init__(self, name: str, vector_bytes: int, pixels: Mapping[int, int], target: Target | None = None) -> None:
        self.name = name
        self._vector_bytes, self._pixels = vector_bytes, pixels
        self._target = target
        self._plans: Kept[tuple[Any, ...], Prepared] = Kept()

    def convolve(self, x: Array, weights: Array, strides: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)) -> Array:
        run, shape, bands, threads = self._prepared(x, weights, strides, dilation)
        x, rows = np.ascontiguousarray(x), _rows(weights.reshape(len(weights), -1))
        out: Array = np.empty(shape, x.dtype)
        first, taps, results = address(x), address(rows), address(out)

        def work(band: BandPlan) -> None:
            run(first + band.inputs, band.plan.address, taps, results + band.outputs)

        shared(work, bands, threads)
        return out if shape[2] == len(weights) else out[:, :, : len(weights)].copy()

    def _prepared(self, x: Array, weights: Array, strides: tuple[int, int], dilation: tuple[int, int]) -> Prepared:
        """What is the same for all convolutions of equal sizes: finding it out takes longer than a small one."""
        key = x.shape, weights.shape, x.dtype, weights.dtype, strides, dilation
        if (known := self._plans.get(key)) is not None:
            return known
        sizes = slid(x, weights, strides, dilation)
        out_channels, wanted = len(weights), self._specialization(x.dtype == np.float64, len(weights))
        out = OutPixels(sizes.out_rows, sizes.out_columns, -(-out_channels // wanted.panel) * wanted.panel, x.itemsize)

        def plan(size: Sliding) -> LoopPlan:
            return _plan(size, out_channels, wanted, out)

        run, row_bytes = real_llvm.convolve(wanted, self._target), sizes.columns * sizes.channels * x.itemsize
        return self._plans.keep(key, Prepared.of(run, cut(sizes, out_channels, LIMITS), plan, row_bytes, out))

    def _specialization(self, double: bool, out_channels: int) -> Specialization:
        """The widest panel of those that leave the fewest lanes idle."""
        vector = self._vector_bytes // (8 if double else 4)
        width = min(self._pixels, key=lambda width: (-(-out_channels // (width * vector)) * width, -width))
        return Specialization(double, width * vector, self._pixels[width])


def _plan(sizes: Sliding, out_channels: int, wanted: Specialization, out: OutPixels) -> LoopPlan:
    """Plan of a band."""
    pixel_bytes = sizes.channels * out.itemsize
    offsets = under_kernel(sizes, pixel_bytes, out.itemsize, sizes.channels)
    table = blocks(sizes, wanted.pixels, pixel_bytes, out.channels * out.itemsize)
    return LoopPlan.of(RealPlanHead(out_channels, len(table), len(offsets), max(len(offsets), SQUARE)), offsets, table)


def _rows(weights: Array) -> Array:
    """Weights [out channel, product] in contiguous memory, at least SQUARE products each."""
    if (products := weights.shape[1]) >= SQUARE:
        return np.ascontiguousarray(weights)
    rows = np.zeros((len(weights), SQUARE), weights.dtype)
    rows[:, :products] = weights
    return rows
