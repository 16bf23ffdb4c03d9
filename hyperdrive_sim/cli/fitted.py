"""Tables that fit the terminal: columns are left out rather than numbers cut off, and it is said which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GAP = 2
"""Spaces between columns."""


class TerminalColumn(NamedTuple):
    """A column of a table: *spare* ones are left out where there is no room, *wraps* says between what a line may break.

    The higher its number, the sooner a spare column goes; 0 is needed. A column is as wide as its longest piece, or *least* if told so.
    """

    name: str
    cells: Sequence[str | Text]
    right: bool = True
    spare: int = 0
    wraps: str = ""
    least: int = 0

    @property
    def title(self) -> str:
        """Its name in one line."""
        return " ".join(self.name.split())

    @property
    def most(self) -> int:
        """Its width where nothing wraps."""
        return max(map(cell_len, self._lines))

    @property
    def needed(self) -> int:
        """Its width where all wraps that may."""
        if not self.wraps:
            return self.most
        pieces = [piece for line in self._lines for piece in line.split(self.wraps)]
        return min(self.most, max(self.least or max(map(cell_len, pieces)) + len(self.wraps.strip()), cell_len(self.title)))

    @property
    def _lines(self) -> list[str]:
        return [line for text in (self.name, *map(str, self.cells)) for line in text.split("\n")]


class FittedTable:
    """A table that leaves out columns rather than cutting off numbers, and says below which and how to see them.

    Where not even the needed columns have room, each row is a block of lines.
    """

    def __init__(self, title: str, *columns: TerminalColumn) -> None:
        self.title, self.columns = title, columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        columns = list(self.columns)
        spare = sorted((column for column in columns if column.spare), key=lambda column: column.spare)
        while spare and _needed(columns) > options.max_width:
            columns.remove(spare.pop())
        if _needed(columns) > options.max_width:
            yield from self._blocks()
            return
        yield self._table(columns, options.max_width)
        if left := [column.title for column in self.columns if column not in columns]:
            wide = _needed(self.columns)
            shown = f"shown by a terminal of {wide} columns or COLUMNS={wide}, and in --json"
            yield Text(f"left out for want of room: {', '.join(left)}; {shown}", style="dim")

    def _table(self, columns: Sequence[TerminalColumn], room: int) -> Table:
        table = Table(title=self.title, title_justify="left", title_style="bold", box=None, padding=(0, GAP, 0, 0), pad_edge=False)
        for column, width in zip(columns, _widths(columns, room), strict=True):
            justify: JustifyMethod = "right" if column.right else "left"
            table.add_column(column.name, justify=justify, no_wrap=not column.wraps, overflow="fold", width=width)
        for row in zip(*(column.cells for column in columns), strict=True):
            table.add_row(*row)
        return table

    def _blocks(self) -> Iterator[RenderableType]:
        """Every row by itself: the cell of its first column, and below it a line for each of the others that has one."""
        if self.title:
            yield Text(self.title, style="bold")
        first, *others = self.columns
        for number, name in enumerate(first.cells):
            yield Text.assemble(name, overflow="fold")
            for column in others:
                if str(cell := column.cells[number]):
                    named = Text.assemble((f"{column.title}: ", "dim"), cell, overflow="fold") if column.title else Text.assemble(cell)
                    yield Padding(named, (0, 0, 0, GAP))


def unlined(*columns: JustifyMethod) -> Table:
    """A table without a header or lines, for names and remarks; a word that is longer than its column goes on in the next line."""
    table = Table(show_header=False, box=None, padding=(0, GAP, 0, 0), pad_edge=False)
    for justify in columns:
        table.add_column(justify=justify, overflow="fold")
    return table


def _needed(columns: Sequence[TerminalColumn]) -> int:
    """Characters that a table of some columns takes at least."""
    return sum(column.needed for column in columns) + GAP * (len(columns) - 1)


def _widths(columns: Sequence[TerminalColumn], room: int) -> list[int]:
    """Widths of columns that have room: what is left of it goes to those that wrap, to all alike as far as they take it.

    Rich would take it from all columns in proportion, and cut off those that cannot give any.
    """
    widths = [column.needed for column in columns]
    left = room - _needed(columns)
    wanting = sorted(range(len(columns)), key=lambda number: columns[number].most - widths[number])
    for place, number in enumerate(wanting):
        more = min(columns[number].most - widths[number], left // (len(wanting) - place))
        widths[number] += more
        left -= more
    return widths
