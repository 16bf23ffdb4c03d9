"""Chips of a run by kind: those of each part of a system, or all of them where there is but one kind."""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

from hyperdrive_sim.reports.records import PartRecord
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.systems.placed import kind_of

IN_A_ROW = 8
"""So many chips without a mesh stand beside each other; more stand in rows."""


class ChipKind(NamedTuple):
    """Chips of one kind as a picture has them: *tiles* are the names that a report has their tiles under, row by row of *mesh*.

    *part* is the part of the system that they are, empty where there is no other; *chips* is how many it says that it has. Chips of which
    *is_mesh* is false have no links between them: `mesh` is but how they are drawn.
    """

    part: str
    chips: int
    mesh: tuple[int, int]
    is_mesh: bool
    tiles: tuple[str, ...]
    layers: tuple[str, ...] | None = None
    """Layers that they run; None for all."""

    def runs(self, layer: str) -> bool:
        return self.layers is None or layer in self.layers


def chips_by_kind(report: Report) -> tuple[ChipKind, ...]:
    """The chips of every part of a system, in its order; of any other machine all of them."""
    if not report.parts:
        mesh = report.machine.mesh
        return (ChipKind("", report.machine.chips, mesh or (1, len(report.tiles)), mesh is not None, tuple(report.tiles)),)
    return tuple(_of_part(report, part) for part in report.parts)


def _of_part(report: Report, part: PartRecord) -> ChipKind:
    """The chips of a part; several meshes stand beside each other, and chips without one in a row, or in several as even as can be."""
    tiles = tuple(chip for chip in report.tiles if kind_of(report.machine.member(chip)) in (part.name, ""))
    rows, columns = part.mesh or _rows(len(tiles))
    meshes = len(tiles) // max(1, rows * columns)
    if meshes > 1 and meshes * rows * columns == len(tiles):
        places = ((mesh * rows + row) * columns + column for row in range(rows) for mesh in range(meshes) for column in range(columns))
        tiles, columns = tuple(tiles[place] for place in places), meshes * columns
    return ChipKind(part.name, part.chips, (rows, columns), part.mesh is not None, tiles, part.layers)


def _rows(chips: int) -> tuple[int, int]:
    if chips <= IN_A_ROW:
        return 1, chips
    rows = next(rows for rows in range(isqrt(chips), 0, -1) if chips % rows == 0)
    return rows, chips // rows
