"""NAND-Net's popcount compression: of every n products one is given up, and only their rarest outcome, all of them 1, miscounted by 1.

A sorting network moves the ones of a group to the front; the last wire, which is 1 only if all are, is dropped, so a group counts
min(ones, n - 1). What m mod n leaves over passes through: m rows become m - m // n.
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
"""By size of group, the smallest sorting networks: comparators of two wires, of which the first gets the larger."""


class Gates(NamedTuple):
    """The two outputs of a comparator: any of two products is a target, and both are."""

    either: Operation
    both: Operation


ONES = Gates(OR, AND)
ZEROS = Gates(AND, OR)
"""For products that are 0 where they count, as those of NAND."""


def compressed(draft: Draft, rows: Sequence[Address], group: int, gates: Gates = ONES) -> list[Address]:
    """The rows that are left to count; all of them with a group of 1."""
    if group == 1:
        return list(rows)
    whole = len(rows) - len(rows) % group
    kept = [_all_but_one(draft, rows[start : start + group], gates) for start in range(0, whole, group)]
    return [row for some in kept for row in some] + list(rows[whole:])


def _all_but_one(draft: Draft, rows: Sequence[Address], gates: Gates) -> list[Address]:
    """Comparators of two gates each, but of the one that settles the last wire, only the first."""
    wires, network = list(rows), NETWORKS[len(rows)]
    settling = max(position for position, (_, last) in enumerate(network) if last == len(rows) - 1)
    for position, (first, last) in enumerate(network):
        pair = wires[first], wires[last]
        wires[first] = draft.one(gates.either, *pair)
        if position != settling:
            wires[last] = draft.one(gates.both, *pair)
    return wires[:-1]
