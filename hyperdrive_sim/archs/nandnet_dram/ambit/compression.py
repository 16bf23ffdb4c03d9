"""NAND-Net's popcount compression: of every n products one is dropped; only their rarest outcome, all of them 1, is miscounted, by 1.

A sorting network moves the ones of a group to the front; the last wire, which is 1 only if all are, is dropped, so a group counts
min(ones, n - 1). The m mod n products left over pass through: m rows become m - m // n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hyperdrive_sim.archs.nandnet_dram.ambit.draft import Draft
from hyperdrive_sim.archs.nandnet_dram.ambit.operations import AND, OR, Operation
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import Address

NETWORKS: Mapping[int, Sequence[tuple[int, int]]] = {
    2: [(0, 1)],
    3: [(0, 1), (1, 2), (0, 1)],
    4: [(0, 1), (2, 3), (0, 2), (1, 3), (1, 2)],
    5: [(0, 3), (1, 4), (0, 2), (1, 3), (0, 1), (2, 4), (1, 2), (3, 4), (2, 3)],
}
"""Smallest sorting networks by size of group: comparators, each of two wires, the first of which gets the larger value."""


class Gates(NamedTuple):
    """The two gates of a comparator: one says that either of two products is a target, the other that both are."""

    either: Operation
    both: Operation


ONES = Gates(OR, AND)
ZEROS = Gates(AND, OR)
"""Gates for products whose targets are 0, as those of NAND."""


def compressed(draft: Draft, rows: Sequence[Address], group: int, gates: Gates = ONES) -> list[Address]:
    """Compress groups of rows; returns the rows that are left to count, which are all of them with a group of 1."""
    if group == 1:
        return list(rows)
    whole = len(rows) - len(rows) % group
    kept = [_all_but_one(draft, rows[start : start + group], gates) for start in range(0, whole, group)]
    return [row for some in kept for row in some] + list(rows[whole:])


def _all_but_one(draft: Draft, rows: Sequence[Address], gates: Gates) -> list[Address]:
    """Sort the ones of a group to the front and drop the last wire, whose own gate (the second of its last comparator) is left out."""
    wires, network = list(rows), NETWORKS[len(rows)]
    settling = max(position for position, (_, last) in enumerate(network) if last == len(rows) - 1)
    for position, (first, last) in enumerate(network):
        pair = wires[first], wires[last]
        wires[first] = draft.one(gates.either, *pair)
        if position != settling:
            wires[last] = draft.one(gates.both, *pair)
    return wires[:-1]
