"""The use of tiles: chips times tiles, as the machine has them, with a slider for the layers."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np

from hyperdrive_sim.outputs.page.picture import Picture, PlotlyJson, axis
from hyperdrive_sim.outputs.palette import SHARES
from hyperdrive_sim.reports.derived.tile_map import TileMap, borders

WHITE = "#FFFFFF"
"""Between chips, whatever the page's colours: no share has it."""

STEP = 1000
"""Shares are kept to a tenth of a percent, which is what one reads."""

CELL, LARGE_CELL, MANY_CELLS = 15, 28, 30
AROUND, BESIDE = 110, 190
TALLEST, LOWEST, NARROWEST = 860, 180, 300


def tiles(found: TileMap) -> Picture:
    """The share of the time in which each tile was of use, for the whole run and for each layer."""
    one, of = len(found.chips) == 1, f" of {found.part}" if found.part else ""
    tiles = f"{found.tiles[0]} x {found.tiles[1]} tiles"
    what = f"The {tiles if of else 'tiles'} of the chip{of}" if one else f"{len(found.chips)} chips{of}, each with its {tiles}"
    rows, columns = found.frames.shape[1:]
    cell = min(LARGE_CELL if max(rows, columns) <= MANY_CELLS else CELL, (TALLEST - AROUND) / rows)
    bar = {"title": {"text": "share of the time", "side": "right"}, "tickformat": ".0%", "thickness": 12, "outlinewidth": 0}
    data = {
        **{"type": "heatmap", "zmin": 0, "zmax": 1, "colorscale": SHARES.capitalize(), "colorbar": bar},
        "hovertemplate": "%{customdata}: %{z:.1%}<extra></extra>",
    }
    layout = {
        "xaxis": _tile_axis("columns", columns, found.tiles[1], one),
        "yaxis": {**_tile_axis("rows", rows, found.tiles[0], one), "scaleanchor": "x", "range": [rows - 0.5, -0.5]},
        "shapes": list(_borders(found)),
    }
    return Picture(
        f"tiles-{found.part}" if found.part else "tiles",
        f"Use of the tiles{of}" if of else "Use of tiles",
        f"{what}: the share of its array's busy time in which a tile did useful work, from 0 (dark) to 100 % (bright).",
        "The mean of each chip stands in the table below, that of each layer in the table of layers.",
        max(LOWEST, round(rows * cell) + AROUND),
        [data],
        layout,
        _frames(found),
        (NARROWEST, round(columns * cell) + BESIDE),
    )


def _frames(found: TileMap) -> PlotlyJson:
    """The different pictures, packed, and which of them every position of the slider shows."""
    packed = base64.b64encode(np.rint(found.frames * STEP).astype("<u2").tobytes()).decode()
    shown = {"names": list(found.shown), "shown": list(found.shown.values())}
    return {"tiles": found.tiles, "mesh": found.mesh, "chips": found.chips, "step": STEP, "shares": packed, **shown}


def _tile_axis(what: str, cells: int, tiles: int, one: bool) -> PlotlyJson:
    """An axis of tiles, on which chips are numbered in their middle, the tiles of a single chip one by one."""
    at = list(range(cells)) if one else [tiles * chip + (tiles - 1) / 2 for chip in range(cells // tiles)]
    ticks = {"tickvals": at, "ticktext": list(map(str, range(len(at)))), "ticks": ""}
    lines = {"showgrid": False, "zeroline": False, "constrain": "domain", "range": [-0.5, cells - 0.5]}
    return axis(f"{what} of {'tiles' if one else 'chips'}", **ticks, **lines)


def _borders(found: TileMap) -> Iterator[PlotlyJson]:
    """Lines between chips."""
    line = {"type": "line", "line": {"color": WHITE, "width": 2}}
    rows, columns = borders(found.mesh, found.tiles)
    for at in columns[1:-1]:
        yield {**line, "x0": at, "x1": at, "y0": rows[0], "y1": rows[-1]}
    for at in rows[1:-1]:
        yield {**line, "x0": columns[0], "x1": columns[-1], "y0": at, "y1": at}
