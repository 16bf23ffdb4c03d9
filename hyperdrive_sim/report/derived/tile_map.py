"""The use of all tiles of all chips as one picture, on the machine's own axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.report.report import Report
from hyperdrive_sim.schedule.mapped import Tiles

WHOLE_RUN = "whole run"


class TileMap(NamedTuple):
    """`mesh` and `tiles` are [rows, columns] of chips and of a chip's tiles, `chips` their names, row by row.

    `frames` holds the different pictures there are, [picture, rows, columns] of shares from 0 to 1, and `shown` the picture of the whole
    run and of each layer: layers of the same shape look the same.
    """

    mesh: tuple[int, int]
    tiles: tuple[int, int]
    chips: tuple[str, ...]
    frames: NDArray[np.float64]
    shown: dict[str, int]


def tile_map(report: Report) -> TileMap:
    mesh = report.system.mesh or (1, len(report.tiles))
    known: dict[bytes, int] = {}
    frames: list[NDArray[np.float64]] = []
    shown: dict[str, int] = {}
    for name, tiles in {WHOLE_RUN: report.tiles, **report.tiles_by_layer}.items():
        picture = laid_out(tiles, mesh)
        shown[name] = known.setdefault(picture.tobytes(), len(frames))
        if shown[name] == len(frames):
            frames.append(picture)
    rows, columns = next(iter(report.tiles.values())).shape
    return TileMap(mesh, (rows, columns), tuple(report.tiles), np.stack(frames), shown)


def laid_out(tiles: Tiles, mesh: tuple[int, int]) -> NDArray[np.float64]:
    """Every chip's tiles where the chip is: [rows of chips x rows of tiles, columns of chips x columns of tiles]."""
    chips = np.stack(list(tiles.values()))
    rows, columns = chips.shape[1:]
    return chips.reshape(*mesh, rows, columns).transpose(0, 2, 1, 3).reshape(mesh[0] * rows, mesh[1] * columns)
