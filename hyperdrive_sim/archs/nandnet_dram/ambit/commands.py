"""The two row commands, and programs made of them. A program is data: it is parsed, joined, renamed, counted, executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hyperdrive_sim.archs.nandnet_dram.ambit.cost import Counts
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import Address, data, raised


@dataclass(frozen=True, slots=True)
class AP:
    """Activate, precharge: three rows raised at once all become their majority; one row alone is refreshed."""

    source: Address

    def __post_init__(self) -> None:
        _check_source(self.source)

    @property
    def addresses(self) -> tuple[Address, ...]:
        return (self.source,)

    def renamed(self, names: Mapping[Address, Address]) -> AP:
        return AP(names.get(self.source, self.source))

    def __str__(self) -> str:
        return f"AP({self.source})"


@dataclass(frozen=True, slots=True)
class AAP:
    """Activate, activate, precharge: the source's value, or its majority, is written to every row of the target and back to the source.

    Raises ValueError for a source that cannot be sensed, a constant as the target, or both wordlines of one dual-contact row at once.
    """

    source: Address
    target: Address

    def __post_init__(self) -> None:
        _check_source(self.source)
        if self.target.group == "C":
            raise ValueError(f"{self} writes a constant")
        for cells, inverted in raised(self.target):
            if any(other.cells == cells and other.inverted != inverted for other in raised(self.source)):
                raise ValueError(f"{self} joins both bit lines: it raises both wordlines of {cells}")

    @property
    def addresses(self) -> tuple[Address, ...]:
        return self.source, self.target

    def renamed(self, names: Mapping[Address, Address]) -> AAP:
        return AAP(names.get(self.source, self.source), names.get(self.target, self.target))

    def __str__(self) -> str:
        return f"AAP({self.source},{self.target})"


Command = AAP | AP


def _check_source(source: Address) -> None:
    if len(raised(source)) == 2:
        raise ValueError(f"{source} cannot be sensed: it raises two rows, and if they differ nobody knows what comes out")


def _parsed(text: str) -> Command:
    if match := re.fullmatch(r"AAP\((\w+),(\w+)\)", text):
        return AAP(Address.parse(match[1]), Address.parse(match[2]))
    if match := re.fullmatch(r"AP\((\w+)\)", text):
        return AP(Address.parse(match[1]))
    raise ValueError(f"'{text}' is no command: write AAP(source,target) or AP(source)")


@dataclass(frozen=True)
class Program:
    """A sequence of row commands; no other command touches the sub-array in between."""

    commands: tuple[Command, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Program:
        """Read commands separated by spaces, as `str` writes them. Raises ValueError for text that is no command."""
        return cls(tuple(map(_parsed, text.split())))

    def __str__(self) -> str:
        return " ".join(map(str, self.commands))

    def __add__(self, other: Program) -> Program:
        return Program(self.commands + other.commands)

    @cached_property
    def counts(self) -> Counts:
        aaps = sum(isinstance(command, AAP) for command in self.commands)
        return Counts(aaps, len(self.commands) - aaps)

    @cached_property
    def data_rows(self) -> int:
        """Number of data rows in use: the program touches none but D0 to D(data_rows - 1)."""
        rows = (row for command in self.commands for row in command.addresses if row.group == "D")
        return 1 + max((row.number for row in rows), default=-1)

    def renamed(self, names: Mapping[Address, Address]) -> Program:
        return Program(tuple(command.renamed(names) for command in self.commands))

    def on(self, *rows: Address) -> Program:
        """A copy of the program on other rows in place of D0, D1, ...; a row that is only read may become a constant."""
        if len(rows) != self.data_rows:
            raise ValueError(f"a program on {self.data_rows} data rows cannot run on {len(rows)}")
        return self.renamed({data(number): row for number, row in enumerate(rows)})
