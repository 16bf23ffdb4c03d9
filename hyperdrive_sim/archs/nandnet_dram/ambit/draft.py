"""Drafts of long programs: every result gets a row of its own; afterwards rows that are not read again are reused for others."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from hyperdrive_sim.archs.nandnet_dram.ambit.commands import Command, Program
from hyperdrive_sim.archs.nandnet_dram.ambit.operations import Operation
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import Address, data


class Draft:
    """A program under construction, on operands in D0, D1, ... Each operation applied writes to new rows of its own."""

    def __init__(self, operands: int) -> None:
        self.operands = [data(number) for number in range(operands)]
        self.commands: list[Command] = []
        self._rows = operands

    def apply(self, operation: Operation, *operands: Address) -> list[Address]:
        """Append an operation on these rows; returns the rows of its results. Raises ValueError for a wrong number of operands."""
        if len(operands) != operation.operands:
            raise ValueError(f"an operation on {operation.operands} rows cannot be applied to {len(operands)}")
        fresh = self._fresh(operation.program.data_rows - operation.operands)
        self.commands += operation.program.on(*operands, *fresh).commands
        return fresh[: operation.results]

    def one(self, operation: Operation, *operands: Address) -> Address:
        """Append an operation with a single result on these rows; returns the row of that result."""
        (result,) = self.apply(operation, *operands)
        return result

    def _fresh(self, count: int) -> list[Address]:
        self._rows += count
        return [data(number) for number in range(self._rows - count, self._rows)]


class PackedProgram(NamedTuple):
    """A program and the rows of its results."""

    program: Program
    results: tuple[Address, ...]


def packed(draft: Draft, results: Sequence[Address]) -> PackedProgram:
    """Rename the draft's rows to few: a row is reused after its last access. Operands and results keep theirs to the end."""
    names = _Names(len(draft.operands), _last_uses(draft.commands) | dict.fromkeys(results, len(draft.commands)))
    commands = tuple(command.renamed(names.at(position, command)) for position, command in enumerate(draft.commands))
    return PackedProgram(Program(commands), tuple(names.of.get(row, row) for row in results))


def _last_uses(commands: Sequence[Command]) -> dict[Address, int]:
    return {row: position for position, command in enumerate(commands) for row in command.addresses}


class _Names:
    """Assignment of real rows to a draft's rows, command by command: the free row of the lowest number first."""

    def __init__(self, operands: int, last_uses: dict[Address, int]) -> None:
        self.of: dict[Address, Address] = {}
        self._operands, self._last_uses = operands, last_uses
        self._free: list[Address] = []
        self._taken = operands

    def at(self, position: int, command: Command) -> dict[Address, Address]:
        """Real rows of one command's data rows, operands aside; those used for the last time are free for the next command."""
        used = [row for row in command.addresses if row.group == "D" and row.number >= self._operands]
        names = {row: self._name(row) for row in used}
        for row in names:
            if self._last_uses[row] == position:
                heappush(self._free, names[row])
        return names

    def _name(self, row: Address) -> Address:
        if row not in self.of:
            self.of[row] = heappop(self._free) if self._free else self._another()
        return self.of[row]

    def _another(self) -> Address:
        self._taken += 1
        return data(self._taken - 1)
