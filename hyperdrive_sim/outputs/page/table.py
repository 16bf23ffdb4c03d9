"""Tables as a page shows them: columns of cells that are read as text and sorted by value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from hyperdrive_sim.reports.summary import PREFIXES, percent, si

DECIMALS = 3
LONG = 36


class Cell(NamedTuple):
    """A cell: its text and the number it is sorted by, None where the text itself says it; a `mark` stands behind it."""

    text: str
    value: float | None = None
    mark: str = ""


NONE = Cell("")


class PageColumn(NamedTuple):
    """A column of a table; the first one names the rows."""

    head: str
    cells: Sequence[Cell]

    @property
    def numeric(self) -> bool:
        return any(cell.value is not None for cell in self.cells)

    @property
    def kind(self) -> str:
        """Class of its cells in the style sheet: numbers stand to the right, short texts in one line."""
        return "number" if self.numeric else "prose" if max(map(len, (cell.text for cell in self.cells)), default=0) > LONG else ""


class PageTable(NamedTuple):
    """A table of a page, in which its `name` is unique; `remark` stands below.

    A long one is shown in a window of its own that can be sorted and searched by `noun`.
    """

    name: str
    caption: str
    columns: Sequence[PageColumn]
    remark: str = ""
    noun: str = ""

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        return list(zip(*(column.cells for column in self.columns), strict=True))


def words(head: str, texts: Sequence[str]) -> PageColumn:
    return PageColumn(head, [Cell(one) for one in texts])


def amounts(head: str, values: Sequence[float], unit: str = "") -> PageColumn:
    """A column of quantities, each with a prefix of its own because they lie far apart."""
    return PageColumn(head, [Cell(si(value, unit), value) for value in values])


def shares(head: str, values: Sequence[float]) -> PageColumn:
    return PageColumn(head, [Cell(percent(value), value) for value in values])


def counts(head: str, values: Sequence[float]) -> PageColumn:
    return PageColumn(head, [Cell(f"{value:,.0f}", value) for value in values])


def measured(head: str, values: Sequence[float], unit: str, among: Sequence[float] = ()) -> PageColumn:
    """A column of quantities in one unit, which stands in the head and fits the largest, of these or of all *among* which they stand."""
    power, prefix = scale(among or values)
    large = max(map(abs, among or values), default=0.0) >= 100 * 10.0**power
    decimals = DECIMALS - large
    return PageColumn(f"{head}, {prefix}{unit}", [Cell(_fixed(value / 10.0**power, decimals), value) for value in values])


def scale(values: Sequence[float]) -> tuple[int, str]:
    """The power of ten in which the largest of some quantities has one to three digits before the point, and its prefix."""
    largest = max(map(abs, values), default=0.0)
    power = 3 * math.floor(math.log10(largest) / 3) if largest else 0
    power = min(max(PREFIXES), max(min(PREFIXES), power))
    return power, PREFIXES[power]


def _fixed(value: float, decimals: int) -> str:
    """A number with so many decimals; one that is not zero never reads as zero."""
    if not value:
        return "0"
    least = 10.0**-decimals
    return f"< {least:.{decimals}f}" if 0 < value < least / 2 else f"{value:,.{decimals}f}"
