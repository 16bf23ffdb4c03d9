"""Population counts: the number of rows that hold a 1, in every column, as a binary number in rows of its own.

All four are exact; they differ in how many adders they take. With m rows, m >= 1, the number has as many bits as m.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from hyperdrive_sim.archs.nandnet_dram.ambit.draft import Draft
from hyperdrive_sim.archs.nandnet_dram.ambit.operations import FULL_ADDER, HALF_ADDER, MAJORITY_ADDER
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import C0, Address

Rows = list[Address]


def counter(draft: Draft, rows: Sequence[Address]) -> Rows:
    """Serial counter: each row in turn is added by a chain of half adders, bitlen(i - 1) of them for row i.

    Every half adder is complete, also the last of a chain that cannot carry.
    """
    count = [rows[0]]
    for seen, row in enumerate(rows[1:], start=2):
        count = _incremented(draft, count, row)[: seen.bit_length()]
    return count


def _incremented(draft: Draft, count: Rows, carry: Address) -> Rows:
    sums = []
    for bit in count:
        total, carry = draft.apply(HALF_ADDER, bit, carry)
        sums.append(total)
    return [*sums, carry]


class _Number(NamedTuple):
    """A binary number, least significant row first, and the largest value that it can have."""

    rows: Rows
    most: int


def ripple(draft: Draft, rows: Sequence[Address]) -> Rows:
    """Tree of ripple-carry adders, neighbours first; of an odd number of operands, the last waits for the next level."""
    level = [_Number([row], 1) for row in rows]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [_added(draft, a, b) for a, b in pairs] + level[len(level) - len(level) % 2 :]
    return level[0].rows


def _added(draft: Draft, a: _Number, b: _Number) -> _Number:
    sums: Rows = []
    carry: Rows = []
    for bits in zip_longest(a.rows, b.rows):
        total, *carry = _naive(draft, *filter(None, bits), *carry)
        sums.append(total)
    most = a.most + b.most
    return _Number([*sums, *carry][: most.bit_length()], most)


Adder = Callable[..., Rows]


def _naive(draft: Draft, *rows: Address) -> Rows:
    """Sum and carry of two or three rows."""
    return draft.apply(HALF_ADDER if len(rows) == 2 else FULL_ADDER, *rows)


def _by_majorities(draft: Draft, *rows: Address) -> Rows:
    """Sum and carry of three rows, or of two and a constant 0."""
    return draft.apply(MAJORITY_ADDER, *rows, *[C0] * (3 - len(rows)))


def _saving_carries(draft: Draft, rows: Sequence[Address], add: Adder) -> Rows:
    """Add up rows from the lowest weight to the highest, until one row of each weight is left."""
    count, weight = [], list(rows)
    while weight:
        total, weight = _column(draft, weight, add)
        count.append(total)
    return count


def _column(draft: Draft, rows: Rows, add: Adder) -> tuple[Address, Rows]:
    """Reduce the rows of one weight, three at a time, then the last two, to a single sum; returns it and all carries."""
    waiting, carries = deque(rows), []
    while len(waiting) > 1:
        total, carry = add(draft, *(waiting.popleft() for _ in range(min(3, len(waiting)))))
        waiting.appendleft(total)
        carries.append(carry)
    return waiting[0], carries


def carry_save(draft: Draft, rows: Sequence[Address]) -> Rows:
    """Carry-save count: full adders take three rows of one weight, as long as there are three; a half adder takes the last two."""
    return _saving_carries(draft, rows, _naive)


def majority(draft: Draft, rows: Sequence[Address]) -> Rows:
    """Carry-save count with adders of eight commands (SIMDRAM), which are younger than NAND-Net and halve its gain."""
    return _saving_carries(draft, rows, _by_majorities)


POPCOUNTS: Mapping[str, Callable[[Draft, Sequence[Address]], Rows]] = {
    "counter": counter,
    "ripple": ripple,
    "carry_save": carry_save,
    "majority": majority,
}
