"""Rows of an Ambit sub-array: addresses, and the wordlines that each raises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, cast

DESIGNATED = (
    *("T0", "T1", "T2", "T3", "DCC0", "~DCC0", "DCC1", "~DCC1"),  # B0 to B7
    *("~DCC0 T0", "~DCC1 T1", "T2 T3", "T0 T3"),  # B8 to B11: a copy to two rows
    *("T0 T1 T2", "T1 T2 T3", "DCC0 T1 T2", "DCC1 T0 T3"),  # B12 to B15: a majority of three
)
"""Wordlines that B0 to B15 raise (Ambit, table 1): four rows T and two of dual contact, DCC.

~ is the wordline that joins a cell to the other bit line.
"""

Group = Literal["B", "C", "D"]
_SIZES = {"B": len(DESIGNATED), "C": 2}


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A row address: D0, D1, ... hold data, C0 all zeros, C1 all ones; B0 to B15 raise designated rows, up to three at once."""

    group: Group
    number: int

    def __post_init__(self) -> None:
        if self.number < 0 or self.number >= _SIZES.get(self.group, self.number + 1):
            raise ValueError(f"{self} is no row: there are B0 to B15, C0, C1, and D0 and up")

    @classmethod
    def parse(cls, text: str) -> Address:
        if not (match := re.fullmatch(r"([BCD])(\d+)", text)):
            raise ValueError(f"'{text}' is no row: there are B0 to B15, C0, C1, and D0 and up")
        return cls(cast(Group, match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.group}{self.number}"


C0, C1 = Address("C", 0), Address("C", 1)


def data(number: int) -> Address:
    return Address("D", number)


class Wordline(NamedTuple):
    """One wordline of one row of cells; an inverted one reads and writes the complement of what the cells hold."""

    cells: str
    inverted: bool


@cache  # a table of the few addresses that there are
def raised(address: Address) -> tuple[Wordline, ...]:
    """The wordlines of an address: one, two or three."""
    names = DESIGNATED[address.number] if address.group == "B" else str(address)
    return tuple(Wordline(name.removeprefix("~"), name.startswith("~")) for name in names.split())
