"""The numbers of NAND-Net: counts of bit products, which fall short where the hardware does, and the sums of signs that follow.

What is lost where many products are one is the hardware's function, and what that does to a sum shows beside float64. A layer alone is
computed by matrix products; a layer with what comes behind it in the hardware's own way if it is small enough, so that the one is held
against the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from hyperdrive_sim.archs._nandnet.decomposition import Bits, Counts, Limit, Product, Taps, counts, kernels, sums_of, taps
from hyperdrive_sim.archs._nandnet.steps import runs
from hyperdrive_sim.network.golden import apply_in, sequential_after
from hyperdrive_sim.network.layers import Conv, Layer
from hyperdrive_sim.network.parameters import Array, Parameters


class Counting(ABC):
    """Signs and sums, carried as float32, exact below 2**24. The periphery pools and compares in the network's order.

    *limit* is of the counts of products, *shared* of those of activations alone.
    """

    dtype = np.dtype(np.float32)
    slow_macs_per_s = None
    name: str

    def __init__(self, product: Product, limit: Limit | None, shared: Limit | None = None) -> None:
        self.product, self.limit, self.shared = product, limit, shared

    @abstractmethod
    def in_hardware(self, under: Taps, weights: Bits) -> Counts | None:
        """The targets [positions, out] as the hardware comes to them; None for too many to do so here."""

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        if not isinstance(layer, Conv) or not runs(layer):
            return apply_in(np.float32, layer, operands, parameters)
        under, weights = taps(operands[0], layer), _kernels(parameters)
        return self._finished(layer, under, weights, counts(self.product, under, weights, self.limit))

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        conv = layers[0]
        assert isinstance(conv, Conv)
        under, weights = taps(operands[0], conv), _kernels(parameters[0])
        targets = self.in_hardware(under, weights)
        if targets is None:
            targets = counts(self.product, under, weights, self.limit)
        return sequential_after(self, self._finished(conv, under, weights, targets), layers[1:], (), parameters[1:])

    def _finished(self, conv: Conv, under: Taps, weights: Bits, targets: Counts) -> Array:
        sums = sums_of(self.product, under, weights, targets, shared=self.shared)
        return (np.maximum(sums, 0) if conv.relu else sums).astype(self.dtype)


def _kernels(parameters: Parameters) -> Bits:
    assert parameters.weights is not None
    return kernels(parameters.weights)
