"""Arithmetic of NAND-Net: counts of bit products, which fall short where the hardware does, and the sums of signs that follow.

Counts lost where many products are one are part of the hardware's function, not an error; their effect on a sum shows in the comparison
with float64. A single layer is computed by matrix products; a layer fused with those behind it is computed in the hardware's own way if it
is small enough, so that the two ways check each other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from hyperdrive_sim.archs._nandnet.decomposition import (
    XNOR,
    Bits,
    Counts,
    Limit,
    Product,
    Taps,
    activations,
    counts,
    kernels,
    sums_of,
    taps,
)
from hyperdrive_sim.archs._nandnet.steps import runs
from hyperdrive_sim.network.golden import apply_in, sequential_after
from hyperdrive_sim.network.layers import Conv, Layer
from hyperdrive_sim.network.parameters import Array, Parameters


class Counting(ABC):
    """Arithmetic by counting: signs and sums in float32, exact below 2**24; the periphery pools and compares in the network's order.

    *limit* bounds the counts of products, *shared* those of activations alone; None: the counts are exact. Hardware that counts activations
    as it counts products has `kernels_of_ones` for that, to which *limit* applies.
    """

    dtype = np.dtype(np.float32)
    slow_macs_per_s = None
    name: str

    def __init__(self, product: Product, limit: Limit | None, shared: Limit | None = None) -> None:
        self.product, self.limit, self.shared = product, limit, shared

    @abstractmethod
    def in_hardware(self, under: Taps, weights: Bits) -> Counts | None:
        """Targets [positions, out], counted step by step as the hardware does; None if the layer is too large to be computed this way."""

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        if not isinstance(layer, Conv) or not runs(layer):
            return apply_in(np.float32, layer, operands, parameters)
        under, weights = taps(operands[0], layer), _kernels(parameters)
        return self._finished(layer, under, weights, counts(self.product, under, self._with_ones(weights), self.limit))

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        conv = layers[0]
        assert isinstance(conv, Conv)
        under, weights = taps(operands[0], conv), _kernels(parameters[0])
        every = self._with_ones(weights)
        targets = self.in_hardware(under, every)
        if targets is None:  # too large for the hardware's steps; the matrix product has the same loss
            targets = counts(self.product, under, every, self.limit)
        return sequential_after(self, self._finished(conv, under, weights, targets), layers[1:], (), parameters[1:])

    def kernels_of_ones(self, taps: int) -> Bits:
        """Kernels [kernels, taps] that count activations among the products, every tap in one of them; none unless overridden."""
        return np.ones((0, taps), np.bool_)

    def _activations(self, under: Taps, of_ones: Counts) -> Counts | None:
        """Count of activations [positions], from targets of the kernels of ones [positions, kernels] if there are any; None for XNOR."""
        if self.product == XNOR:
            return None
        return np.asarray(of_ones.sum(axis=1), np.int32) if of_ones.shape[1] else activations(under, self.shared)

    def _with_ones(self, weights: Bits) -> Bits:
        return np.concatenate([weights, self.kernels_of_ones(weights.shape[1])])

    def _finished(self, conv: Conv, under: Taps, weights: Bits, targets: Counts) -> Array:
        own, of_ones = np.split(targets, [len(weights)], axis=1)
        sums = sums_of(self.product, under, weights, own, self._activations(under, of_ones))
        return (np.maximum(sums, 0) if conv.relu else sums).astype(self.dtype)


def _kernels(parameters: Parameters) -> Bits:
    assert parameters.weights is not None
    return kernels(parameters.weights)
