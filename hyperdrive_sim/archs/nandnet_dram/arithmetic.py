"""Counts of NAND-Net in DRAM: small layers go through the row commands themselves, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hyperdrive_sim.archs._nandnet.arithmetic import Counting
from hyperdrive_sim.archs._nandnet.decomposition import PRODUCTS, XNOR, Bits, Counts, Taps, chunked, compression
from hyperdrive_sim.archs.nandnet_dram.ambit import numbers, packed_columns, run
from hyperdrive_sim.archs.nandnet_dram.timing import PassProgram
from hyperdrive_sim.network.box import chunks

MOST_JOBS = 2**18
"""That are computed by row commands; each is a bit column of its own."""
COLUMNS = 2**16
"""That are computed at a time, to stay within a processor's cache."""


class Dram(Counting):
    """Compression loses targets where all products of a group are one."""

    def __init__(self, program: PassProgram) -> None:
        spec, self.chunk = program
        limit = compression(spec.compression, spec.chunk_taps) if spec.compression > 1 else None
        super().__init__(PRODUCTS[spec.multiply], limit)
        self.spec = spec
        self.name = f"counts of {self.product.name} products in chunks of {spec.chunk_taps}, compressed by {spec.compression}"

    def in_hardware(self, under: Taps, weights: Bits) -> Counts | None:
        """Every job in a column: its operands in rows, the commands of a pass, the number that they leave behind."""
        if len(under.bits) * len(weights) * -(-weights.shape[1] // self.spec.chunk_taps) > MOST_JOBS:
            return None
        found = np.empty((len(under.bits), len(weights)), np.int32)
        chunk, size = self.chunk, self.spec.chunk_taps
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
