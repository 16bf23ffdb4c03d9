"""The use of all tiles of all chips as one picture, on the machine's own axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.mapped import Tiles

WHOLE_RUN = "whole run"


class TilePicture(NamedTuple):
    """The use of all tiles, in the whole run or in a layer: `shares` from 0 to 1, [rows, columns] of tiles of the whole machine.

    `mesh` and `tiles` are [rows, columns] of chips and of a chip's tiles.
    """

    mesh: tuple[int, int]
    tiles: tuple[int, int]
    shares: NDArray[np.float64]


class TileMap(NamedTuple):
    """The use of all tiles in the whole run and in each layer.

    `mesh` and `tiles` are [rows, columns] of chips and of a chip's tiles, `chips` the names of the chips, row by row.

    `frames` holds the different pictures there are, [picture, rows, columns] of shares from 0 to 1, and `shown` the picture of the whole
    run and of each layer: layers of the same shape look the same.
    """

    mesh: tuple[int, int]
    tiles: tuple[int, int]
    chips: tuple[str, ...]
    frames: NDArray[np.float64]
    shown: dict[str, int]


def tile_map(report: Report) -> TileMap:
    """The pictures of a whole run and of all its layers."""
    known: dict[bytes, int] = {}
    frames: list[NDArray[np.float64]] = []
    shown: dict[str, int] = {}
    for layer in (None, *report.tiles_by_layer):
        mesh, tiles, shares = tile_picture(report, layer)
        number = shown[layer or WHOLE_RUN] = known.setdefault(shares.tobytes(), len(frames))
        if number == len(frames):
            frames.append(shares)
    return TileMap(mesh, tiles, tuple(report.tiles), np.stack(frames), shown)


def tile_picture(report: Report, layer: str | None = None) -> TilePicture:
    """The use of tiles in a layer, or in the whole run."""
    chips = report.tiles if layer is None else report.tiles_by_layer[layer]
    mesh = report.system.mesh or (1, len(chips))
    rows, columns = next(iter(chips.values())).shape
    return TilePicture(mesh, (rows, columns), laid_out(chips, mesh))


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
