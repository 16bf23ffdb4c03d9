"""Vector variants of the convolution of real numbers: arrays are laid out for the compiled loops of `real_llvm`, and handed to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hyperdrive_sim.kernels import real_llvm
from hyperdrive_sim.kernels.emit import Target
from hyperdrive_sim.kernels.layout import LoopPlan, address, blocks, under_kernel
from hyperdrive_sim.kernels.real_llvm import RealPlanHead, Specialization
from hyperdrive_sim.kernels.real_numpy import Array, slid
from hyperdrive_sim.kernels.sliding import Band, Sliding, in_bands


class RealVectors:
    """Convolution with vectors of so many bytes; *pixels* are those of a block, by the width of a panel in vectors.

    More than eight need more registers for their addresses than there are: 12 pixels x 2 vectors take 1.6 times as long as 8 x 2.
    """

    def __init__(self, name: str, vector_bytes: int, pixels: Mapping[int, int], target: Target | None = None) -> None:
        self.name = name
        self._vector_bytes, self._pixels = vector_bytes, pixels
        self._target = target
        self._plans: dict[tuple[Sliding, int, Specialization], LoopPlan] = {}

    def convolve(self, x: Array, weights: Array, strides: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)) -> Array:
        sizes = slid(x, weights, strides, dilation)
        out_channels, wanted = len(weights), self._specialization(x.dtype == np.float64, len(weights))
        run = real_llvm.convolve(wanted, self._target)
        x, weights = np.ascontiguousarray(x), _rows(weights.reshape(out_channels, -1), wanted.vector)
        out = np.empty((sizes.out_rows, sizes.out_columns, -(-out_channels // wanted.panel) * wanted.panel), x.dtype)
        first, taps, results = address(x), address(weights), address(out)

        def work(band: Band) -> None:
            plan = self._plan(band.sizes, out_channels, wanted)
            run(first + band.inputs.start * x.strides[0], plan.address, taps, results + band.outputs.start * out.strides[0])

        in_bands(sizes, out_channels, work)
        return out if out.shape[2] == out_channels else out[:, :, :out_channels].copy()

    def _specialization(self, double: bool, out_channels: int) -> Specialization:
        """The widest panel of those that leave the fewest lanes idle."""
        vector = self._vector_bytes // (8 if double else 4)
        width = min(self._pixels, key=lambda width: (-(-out_channels // (width * vector)) * width, -width))
        return Specialization(double, vector, width * vector, self._pixels[width])

    def _plan(self, sizes: Sliding, out_channels: int, wanted: Specialization) -> LoopPlan:
        """Plan of a convolution; made once and shared by all of equal sizes."""
        key = sizes, out_channels, wanted
        if key not in self._plans:
            itemsize = 8 if wanted.double else 4
            offsets = under_kernel(sizes, sizes.channels * itemsize, itemsize, sizes.channels)
            table = blocks(sizes, wanted.pixels, sizes.channels * itemsize, -(-out_channels // wanted.panel) * wanted.panel * itemsize)
            head = RealPlanHead(out_channels, len(table), len(offsets), max(len(offsets), wanted.vector))
            self._plans[key] = LoopPlan.of(head, offsets, table)
        return self._plans[key]


def _rows(weights: Array, least: int) -> Array:
    """Weights [out channel, product] in contiguous memory, at least so many products each."""
    if (products := weights.shape[1]) >= least:
        return np.ascontiguousarray(weights)
    rows = np.zeros((len(weights), least), weights.dtype)
    rows[:, :products] = weights
    return rows
