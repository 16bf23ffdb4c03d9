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

TAPS = 32  # of a chunk; NAND-Net's running example, and with 262,144 columns what its speedups agree with


class Multiplication(NamedTuple):
    """An operation per tap, and how its products are compressed: whether ones or zeros count."""

    operation: Operation
    gates: Gates


MULTIPLICATIONS: Mapping[str, Multiplication] = {
    "xnor": Multiplication(XNOR, ONES),
    "and": Multiplication(AND, ONES),
    "nand": Multiplication(NAND, ZEROS),
    "nor": Multiplication(NOR, ONES),
}
"""By name: XNOR counts equal signs; the others taps where both are +1, NOR from operands whose 1 means -1."""


class Count(NamedTuple):
    """A population count of D0, D1, ... and the rows of its number, least significant bit first."""

    program: Program
    results: tuple[Address, ...]


@dataclass(frozen=True)
class Chunk:
    """Three programs that run in this order; activations in D0 to D(taps - 1), as many weights after them, and they stay there."""

    multiply: Program
    compress: Program
    count: Program
    results: tuple[Address, ...]  # a binary number, least significant bit first
    counted: int  # rows whose ones it counts
    zeros_count: bool  # whether a target is a 0 in those

    @cached_property
    def program(self) -> Program:
        return self.multiply + self.compress + self.count

    def targets(self, number: NDArray[Any]) -> NDArray[np.int64]:
        """Number of targets where the results hold this number; compression may have lost some."""
        return np.asarray(self.counted - number if self.zeros_count else number, np.int64)


def multiply_and_count(multiply: str, compression: int, popcount: str, *, taps: int = TAPS, fused: bool = False) -> Chunk:
    """The chunk that multiplies, compresses groups of so many products (1: not at all) and counts, by the names in the tables.

    Fused, two AND products and their OR are one operation of nine commands instead of twelve.
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
    """Of so many rows as they are: NAND-Net counts the ones of every window of activations."""
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
    """Activation and weight of each tap."""
    taps = len(draft.operands) // 2
    return list(zip(draft.operands[:taps], draft.operands[taps:], strict=True))


def _products(draft: Draft, operation: Operation) -> Sequence[Address]:
    return [draft.one(operation, *pair) for pair in _pairs(draft)]


def _fused(draft: Draft) -> Sequence[Address]:
    """Of every two taps, whether any has a product of 1; the product of a last odd one."""
    pairs = _pairs(draft)
    kept = [draft.one(AND_OR, *first, *second) for first, second in zip(pairs[::2], pairs[1::2], strict=False)]
    return kept + [draft.one(AND, *pair) for pair in pairs[len(pairs) - len(pairs) % 2 :]]
