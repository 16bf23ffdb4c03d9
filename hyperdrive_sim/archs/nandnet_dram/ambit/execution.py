"""Execution of row commands on the rows of a sub-array, bit for bit: a word holds 64 columns, and every column computes on its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs.nandnet_dram.ambit.commands import AAP, Command, Program
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import Address, Wordline, raised
from hyperdrive_sim.errors import NotThere

Words = NDArray[np.uint64]
WORD = 64


class Subarray:
    """The contents of a sub-array's cells: at power-up nothing but the constants. A state never changes; `after` is the next one."""

    def __init__(self, cells: Mapping[str, Words]) -> None:
        """Take cells by the name of their row (`Wordline.cells`).

        States share arrays, so that a copy of a row costs nothing; nobody writes to one.
        """
        self._cells = cells

    @classmethod
    def holding(cls, rows: Words) -> Subarray:
        """The state with rows uint64 [data rows, words] in D0, D1, ... and the constants. Raises ValueError for another type or shape."""
        if rows.dtype != np.uint64 or rows.ndim != 2:
            raise ValueError(f"rows must be uint64 [rows, words], not {rows.dtype} {list(rows.shape)}")
        zeros = np.zeros(rows.shape[1], np.uint64)
        return cls({"C0": zeros, "C1": ~zeros} | {f"D{number}": row for number, row in enumerate(rows.copy())})

    def after(self, program: Program) -> Subarray:
        """The state after a program. Raises NotThere for a command that senses a row to which nothing was written."""
        cells = dict(self._cells)
        for position, command in enumerate(program.commands):
            if missing := [line.cells for line in raised(command.source) if line.cells not in cells]:
                raise NotThere(f"command {position}, {command}, reads {missing[0]}, to which nothing was written")
            _execute(cells, command)
        return Subarray(cells)

    def rows(self, addresses: Iterable[Address]) -> Words:
        """Copy single rows, [addresses, words].

        Raises NotThere for one to which nothing was written, ValueError for an address of several rows.
        """
        return np.stack([self._row(address) for address in addresses])

    def _row(self, address: Address) -> Words:
        line, *others = raised(address)
        if others:
            raise ValueError(f"{address} is not a single row")
        if line.cells not in self._cells:
            raise NotThere(f"{address} is read, to which nothing was written")
        return _charge(self._cells, line)


def run(program: Program, rows: Words) -> Subarray:
    """Run a program on rows [data rows, words] in D0, D1, ... and nothing elsewhere; returns the state after it."""
    return Subarray.holding(rows).after(program)


def _execute(cells: dict[str, Words], command: Command) -> None:
    """Apply one command to *cells*: a row sensed alone is restored as it was; of three, each is left with the majority."""
    source = raised(command.source)
    sensed = _charge(cells, source[0])
    if len(source) == 3:
        sensed = _majority(sensed, _charge(cells, source[1]), _charge(cells, source[2]))
        _write(cells, source, sensed)
    if isinstance(command, AAP):
        _write(cells, raised(command.target), sensed)


def _charge(cells: Mapping[str, Words], line: Wordline) -> Words:
    return ~cells[line.cells] if line.inverted else cells[line.cells]


def _write(cells: dict[str, Words], lines: Iterable[Wordline], value: Words) -> None:
    for line in lines:
        cells[line.cells] = ~value if line.inverted else value


def _majority(a: Words, b: Words, c: Words) -> Words:
    two = a | b
    two &= c
    two |= a & b
    return two


def packed_columns(bits: NDArray[Any]) -> Words:
    """Pack bits [rows, columns] into rows of uint64 words [rows, words]; columns that fill up the last word are 0."""
    spare = -bits.shape[1] % WORD
    packed = np.packbits(np.pad(bits.astype(np.bool_), ((0, 0), (0, spare))), axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint64)


def numbers(rows: Words) -> NDArray[np.int64]:
    """Read the number in each column of rows [bits, words], least significant bit first; [64 * words]."""
    bits = np.unpackbits(np.ascontiguousarray(rows).view(np.uint8), axis=1, bitorder="little")
    total = np.zeros(bits.shape[1], np.int64)
    for weight, row in enumerate(bits):
        total += row.astype(np.int64) << weight
    return total
