"""The program of one pass: multiply the taps of a chunk, compress the products, count the targets; in all columns at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs.nandnet_dram.ambit.commands import Program
from hyperdrive_sim.archs.nandnet_dram.ambit.compression import NETWORKS, ONES, ZEROS, Gates, compressed
from hyperdrive_sim.archs.nandnet_dram.ambit.draft import Draft, packed
from hyperdrive_sim.archs.nandnet_dram.ambit.operations import AND, AND_OR, NAND, NOR, XNOR, Operation
from hyperdrive_sim.archs.nandnet_dram.ambit.popcounts import POPCOUNTS
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import Address

TAPS = 32  # per chunk; NAND-Net's running example, and with 262,144 columns what its speedups agree with


class Multiplication(NamedTuple):
    """The operation on each tap, and the gates that compress its products, which depend on whether ones or zeros are targets."""

    operation: Operation
    gates: Gates


MULTIPLICATIONS: Mapping[str, Multiplication] = {
    "xnor": Multiplication(XNOR, ONES),
    "and": Multiplication(AND, ONES),
    "nand": Multiplication(NAND, ZEROS),
    "nor": Multiplication(NOR, ONES),
}
"""Multiplications by name: XNOR counts equal signs; the others count taps where both are +1, NOR from operands whose 1 means -1."""


class Count(NamedTuple):
    """A population count of D0, D1, ... and the rows that hold its result, least significant bit first."""

    program: Program
    results: tuple[Address, ...]


@dataclass(frozen=True)
class Chunk:
    """Three programs that run in this order, on activations in D0 to D(taps - 1) and as many weights after them, which stay there."""

    multiply: Program
    compress: Program
    count: Program
    results: tuple[Address, ...]  # a binary number, least significant bit first
    counted: int  # rows whose ones are counted
    zeros_count: bool  # True if a target is a 0 in those rows

    @cached_property
    def program(self) -> Program:
        return self.multiply + self.compress + self.count

    def targets(self, number: NDArray[Any]) -> NDArray[np.int64]:
        """Number of targets where the results hold this number; compression may have lost some."""
        return np.asarray(self.counted - number if self.zeros_count else number, np.int64)


def multiply_and_count(multiply: str, compression: int, popcount: str, *, taps: int = TAPS, fused: bool = False) -> Chunk:
    """Build the chunk that multiplies, compresses groups of *compression* products (1: not at all) and counts.

    *multiply* names one of MULTIPLICATIONS, *popcount* one of POPCOUNTS. If *fused*, two AND products and their OR are one operation of
    nine commands instead of twelve. Raises ValueError for an unknown name or group, for no taps, and for products
    that cannot be fused.
    """
    _check(multiply, compression, fused)
    _check_count(popcount, taps)
    operation, gates = MULTIPLICATIONS[multiply]
    draft = Draft(2 * taps)
    products = _fused(draft) if fused else _products(draft, operation)
    multiplied = len(draft.commands)
    kept = products if fused else compressed(draft, products, compression, gates)
    compressing = len(draft.commands)
    program, results = packed(draft, POPCOUNTS[popcount](draft, kept))
    commands = program.commands
    return Chunk(
        multiply=Program(commands[:multiplied]),
        compress=Program(commands[multiplied:compressing]),
        count=Program(commands[compressing:]),
        results=results,
        counted=len(kept),
        zeros_count=gates is ZEROS,
    )


def population_count(popcount: str, rows: int) -> Count:
    """Build the count of D0 to D(rows - 1) as they are: NAND-Net counts the ones of every window of activations, without a product."""
    _check_count(popcount, rows)
    draft = Draft(rows)
    return Count(*packed(draft, POPCOUNTS[popcount](draft, draft.operands)))


def _check(multiply: str, compression: int, fused: bool) -> None:
    _check_known("multiply", multiply, MULTIPLICATIONS)
    _check_known("compression", compression, (1, *NETWORKS))
    if fused and (multiply, compression) != ("and", 2):
        raise ValueError(f"only products of 'and' in groups of 2 are fused with their compression, not of '{multiply}' in {compression}")


def _check_count(popcount: str, rows: int) -> None:
    _check_known("popcount", popcount, POPCOUNTS)
    if rows < 1:
        raise ValueError(f"there must be at least one row to count, not {rows}")


def _check_known(name: str, chosen: object, known: Iterable[object]) -> None:
    if chosen not in (choices := list(known)):
        raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}, not {chosen}")


def _pairs(draft: Draft) -> list[tuple[Address, Address]]:
    """Rows of activation and weight, tap by tap."""
    taps = len(draft.operands) // 2
    return list(zip(draft.operands[:taps], draft.operands[taps:], strict=True))


def _products(draft: Draft, operation: Operation) -> Sequence[Address]:
    return [draft.one(operation, *pair) for pair in _pairs(draft)]


def _fused(draft: Draft) -> Sequence[Address]:
    """Rows that are 1 if either of two taps has a product of 1, for every two taps; then the product of a last odd one."""
    pairs = _pairs(draft)
    kept = [draft.one(AND_OR, *first, *second) for first, second in zip(pairs[::2], pairs[1::2], strict=False)]
    return kept + [draft.one(AND, *pair) for pair in pairs[len(pairs) - len(pairs) % 2 :]]
