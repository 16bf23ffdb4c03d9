"""The numbers of NAND-Net in DRAM: counts of bit products per chunk, and the sums of signs that follow from them.

Small layers go through the row commands themselves, bit for bit; large ones through matrix products that count alike. Compression loses
targets where all products of a group are one; that is this hardware's function, and what it does to a sum shows beside float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hyperdrive_sim.ambit import numbers, packed_columns, run
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.box import chunks
from hyperdrive_sim.decomposition import PRODUCTS, XNOR, Bits, Counts, Taps, chunked, compression, counts, kernels, sums_of, taps
from hyperdrive_sim.golden import Array, Parameters, apply_in, onwards
from hyperdrive_sim.layers import Conv, Layer

MOST_JOBS = 2**18
"""That are computed by row commands; each is a bit column of its own."""
COLUMNS = 2**16
"""That are computed at a time, to stay within a processor's cache."""


class Dram:
    """Signs and sums, carried as float32, exact below 2**24. The periphery pools and compares in the network's order."""

    dtype = np.dtype(np.float32)
    slow_macs_per_s = None

    def __init__(self, spec: NandnetDramSpec) -> None:
        self.spec, self.product = spec, PRODUCTS[spec.multiply]
        self.limit = compression(spec.compression, spec.chunk_taps) if spec.compression > 1 else None

    @property
    def name(self) -> str:
        return f"counts of {self.product.name} products in chunks of {self.spec.chunk_taps}, compressed by {self.spec.compression}"

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        if not isinstance(layer, Conv) or not layer.counts:
            return apply_in(np.float32, layer, operands, parameters)
        under, weights = taps(operands[0], layer), _kernels(parameters)
        return self._finished(layer, under, weights, counts(self.product, under, weights, self.limit))

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        conv = layers[0]
        assert isinstance(conv, Conv)
        under, weights = taps(operands[0], conv), _kernels(parameters[0])
        if len(under.bits) * len(weights) * -(-weights.shape[1] // self.spec.chunk_taps) <= MOST_JOBS:
            targets = self._by_commands(under, weights)
        else:
            targets = counts(self.product, under, weights, self.limit)
        return onwards(self, self._finished(conv, under, weights, targets), layers[1:], (), parameters[1:])

    def _finished(self, conv: Conv, under: Taps, weights: Bits, targets: Counts) -> Array:
        sums = sums_of(self.product, under, weights, targets)
        return (np.maximum(sums, 0) if conv.relu else sums).astype(self.dtype)

    def _by_commands(self, under: Taps, weights: Bits) -> Counts:
        """Every job in a column: its operands in rows, the commands of a pass, the number that they leave behind."""
        found = np.empty((len(under.bits), len(weights)), np.int32)
        chunk, size = timing.chunk(self.spec), self.spec.chunk_taps
        x, valid = (chunked(bits, size).reshape(-1, size) for bits in (under.bits, under.valid))
        for first, last in chunks(0, len(weights), max(1, COLUMNS // len(x))):
            rows = np.concatenate(list(self._operands(x, valid, weights[first:last])))
            after = run(chunk.program, packed_columns(rows))
            targets = chunk.targets(numbers(after.rows(chunk.results)))[: rows.shape[1]]
            found[:, first:last] = targets.reshape(last - first, len(under.bits), -1).sum(axis=2).T
        return found

    def _operands(self, x: Bits, valid: Bits, weights: Bits) -> Iterator[Bits]:
        """Activations, then weights, [taps, columns]. Where XNOR finds no tap, the weight is made unlike the activation."""
        size = x.shape[1]
        w = chunked(weights, size)
        each = np.broadcast_to(w[:, None], (len(w), len(x) // w.shape[1], *w.shape[1:])).reshape(-1, size)
        many, there = np.tile(x, (len(w), 1)), np.tile(valid, (len(w), 1))
        if self.product == XNOR:
            each = each | ~there
        yield from ((bits ^ self.product.inverted).T for bits in (many, each))


def _kernels(parameters: Parameters) -> Bits:
    assert parameters.weights is not None
    return kernels(parameters.weights)
