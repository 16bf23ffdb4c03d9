"""The use of all tiles of all chips of a kind as one picture, on the axes of their mesh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.reports.derived.chip_kinds import ChipKind, chips_by_kind
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.mapped import Tiles

WHOLE_RUN = "whole run"


class TilePicture(NamedTuple):
    """The use of all tiles of a kind of chip, in the whole run or in a layer: `shares` from 0 to 1, [rows, columns] of all of them.

    `part` is the part of a system that they are, empty where there is no other. `mesh` and `tiles` are [rows, columns] of chips and of a
    chip's tiles.
    """

    part: str
    mesh: tuple[int, int]
    tiles: tuple[int, int]
    shares: NDArray[np.float64]


class TileMap(NamedTuple):
    """The use of all tiles of a kind of chip in the whole run and in each layer that it runs.

    `part` is the part of a system that they are, empty where there is no other. `mesh` and `tiles` are [rows, columns] of chips and of a
    chip's tiles, `chips` the names of the chips, row by row.

    `frames` holds the different pictures there are, [picture, rows, columns] of shares from 0 to 1, and `shown` the picture of the whole
    run and of each layer: layers of the same shape look the same.
    """

    part: str
    mesh: tuple[int, int]
    tiles: tuple[int, int]
    chips: tuple[str, ...]
    frames: NDArray[np.float64]
    shown: dict[str, int]


def tile_maps(report: Report) -> tuple[TileMap, ...]:
    """The pictures of a whole run and of all its layers, for each kind of chip."""
    return tuple(_map(report, kind) for kind in chips_by_kind(report))


def _map(report: Report, kind: ChipKind) -> TileMap:
    known: dict[bytes, int] = {}
    frames: list[NDArray[np.float64]] = []
    shown: dict[str, int] = {}
    for layer in (None, *(layer for layer in report.tiles_by_layer if kind.runs(layer))):
        shares = _picture(report, kind, layer).shares
        number = shown[layer or WHOLE_RUN] = known.setdefault(shares.tobytes(), len(frames))
        if number == len(frames):
            frames.append(shares)
    whole = _picture(report, kind)
    return TileMap(whole.part, whole.mesh, whole.tiles, kind.tiles, np.stack(frames), shown)


def tile_pictures(report: Report, layer: str | None = None) -> tuple[TilePicture, ...]:
    """The use of tiles in a layer, of the kind of chip that runs it, or in the whole run, for each kind of chip."""
    return tuple(_picture(report, kind, layer) for kind in chips_by_kind(report) if layer is None or kind.runs(layer))


def _picture(report: Report, kind: ChipKind, layer: str | None = None) -> TilePicture:
    chips = report.tiles if layer is None else report.tiles_by_layer[layer]
    ours = {chip: chips[chip] for chip in kind.tiles}
    rows, columns = next(iter(ours.values())).shape
    return TilePicture(kind.part, kind.mesh, (rows, columns), laid_out(ours, kind.mesh))


def borders(mesh: tuple[int, int], tiles: tuple[int, int]) -> tuple[list[float], list[float]]:
    """Borders of chips, in tiles: from the upper edge of the first row of chips to the lower edge of the last, and so for columns.

    A tile's middle stands at its number, so its edges are half a tile off.
    """
    rows, columns = ([chip * per_chip - 0.5 for chip in range(chips + 1)] for chips, per_chip in zip(mesh, tiles, strict=True))
    return rows, columns


def laid_out(tiles: Tiles, mesh: tuple[int, int]) -> NDArray[np.float64]:
    """Every chip's tiles where the chip is: [rows of chips x rows of tiles, columns of chips x columns of tiles]."""
    chips = np.stack(list(tiles.values()))
    rows, columns = chips.shape[1:]
    return chips.reshape(*mesh, rows, columns).transpose(0, 2, 1, 3).reshape(mesh[0] * rows, mesh[1] * columns)
