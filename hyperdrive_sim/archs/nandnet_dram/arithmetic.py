"""Arithmetic of NAND-Net in DRAM: counts with compression's loss; small layers are computed by the row commands, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hyperdrive_sim.archs._nandnet.arithmetic import Counting
from hyperdrive_sim.archs._nandnet.decomposition import PRODUCTS, XNOR, Bits, Counts, Taps, chunked, compression
from hyperdrive_sim.archs.nandnet_dram.ambit import numbers, packed_columns, run
from hyperdrive_sim.archs.nandnet_dram.timing import PassProgram
from hyperdrive_sim.network.box import chunks

MOST_JOBS = 2**18
"""Up to this many jobs, each a bit column of its own, a layer is computed by row commands; beyond it, by matrix product."""
COLUMNS = 2**16
"""Columns computed at a time, to stay within a processor's cache."""


class Dram(Counting):
    """Arithmetic of the DRAM: compression loses a target wherever all products of a group are targets."""

    def __init__(self, program: PassProgram) -> None:
        spec, self.chunk = program
        limit = compression(spec.compression, spec.chunk_taps) if spec.compression > 1 else None
        super().__init__(PRODUCTS[spec.multiply], limit)
        self.spec = spec
        self.name = f"counts of {self.product.name} products in chunks of {spec.chunk_taps}, compressed by {spec.compression}"

    def kernels_of_ones(self, taps: int) -> Bits:
        """One kernel of ones; for an exact count under compression two, which share each group so that no group of products is all ones."""
        spec = self.spec
        if spec.kernels_of_ones < 2:
            return np.ones((spec.kernels_of_ones, taps), np.bool_)
        last = np.arange(taps) % spec.chunk_taps % spec.compression == spec.compression - 1
        return np.stack([~last, last])

    def in_hardware(self, under: Taps, weights: Bits) -> Counts | None:
        """Targets [positions, out] by row commands: a column per job, operands in rows, the commands of a pass, the number that they leave.

        None beyond MOST_JOBS.
        """
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
        """Operand rows: activations, then weights, each [taps, columns], a column for every job (output channel, position, chunk)."""
        size = x.shape[1]
        w = chunked(weights, size)
        each = np.broadcast_to(w[:, None], (len(w), len(x) // w.shape[1], *w.shape[1:])).reshape(-1, size)
        many, there = np.tile(x, (len(w), 1)), np.tile(valid, (len(w), 1))
        if self.product == XNOR:  # beyond the edge the activation is 0; a weight of 1 is unlike it, so that the two are no target
            each = each | ~there
        yield from ((bits ^ self.product.inverted).T for bits in (many, each))
