"""Utilisation of every tile of every chip, as a heatmap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from hyperdrive_sim.outputs.palette import SHARES
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import Thinned, axes, titled
from hyperdrive_sim.reports.derived.tile_map import TilePicture, borders, tile_pictures
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import percent

TILE_INCHES = 0.1
SHORTEST, WIDEST, HIGHEST = 3.8, 12.0, 8.0
STRIP_INCHES = 0.9
"""A picture lower than that has its scale below."""
APART = 20
"""Parts of a system stand this part of all their tiles from each other."""


def tile_use(report: Report, layer: str | None = None, *, ax: Axes | None = None) -> Axes:
    """A heatmap of all tiles of all chips, in the whole run or in one layer: the share of a chip's busy time that each did useful work.

    The scale is 0 to 1 for every machine and layer, so that pictures can be held side by side. The chips of each part of a system stand
    beside those of the others, under its name; in a layer, those of the part that runs it.
    """
    if layer is not None:
        there("layer", layer, report.tiles_by_layer)
    pictures = tile_pictures(report, layer)
    shares, firsts = _beside(pictures)
    tile = max(TILE_INCHES, SHORTEST / max(shares.shape))
    high, wide = (min(tile, HIGHEST / shares.shape[0], WIDEST / shares.shape[1]) * length for length in shares.shape)
    strip = high < STRIP_INCHES
    ax = axes(ax, wide + (1.1 if strip else 1.9), high + (1.5 if strip else 1.1), "constrained" if strip else "compressed")
    image = ax.imshow(shares, vmin=0, vmax=1, cmap=SHARES, interpolation="nearest")
    for picture, first in zip(pictures, firsts, strict=True):
        _borders(ax, picture, first)
    if len(pictures) == 1:
        _numbered(ax, pictures[0], strip)
    else:
        _named(ax, pictures, firsts)
    bar = ax.figure.colorbar(image, ax=ax, location="bottom" if strip else "right", aspect=30, format=PercentFormatter(xmax=1))
    bar.set_label("useful share of busy time (%)")
    where = "whole run" if layer is None else layer
    means = "; ".join(f"{f'{one.part} ' if one.part else ''}mean {percent(one.shares.mean())}" for one in pictures)
    titled(ax, report.scenario.title, f"tile use, {where}: {means}, least {percent(min(one.shares.min() for one in pictures))}")
    return ax


def _beside(pictures: Sequence[TilePicture]) -> tuple[NDArray[np.float64], list[int]]:
    """Pictures beside each other, with nothing between them and below those that are lower; and the first column of each."""
    if len(pictures) == 1:
        return pictures[0].shares, [0]
    apart = max(1, sum(one.shares.shape[1] for one in pictures) // APART)
    widths = [one.shares.shape[1] + apart for one in pictures]
    firsts = [sum(widths[:number]) for number in range(len(widths))]
    shares = np.full((max(one.shares.shape[0] for one in pictures), sum(widths) - apart), np.nan)
    for one, first in zip(pictures, firsts, strict=True):
        shares[: one.shares.shape[0], first : first + one.shares.shape[1]] = one.shares
    return shares, firsts


def _numbered(ax: Axes, picture: TilePicture, strip: bool) -> None:
    """Numbers of the tiles of one kind of chip."""
    (rows, columns), per_chip = picture.mesh, picture.tiles
    _counted(ax.yaxis, "row", rows, per_chip[0], wide=1.5)
    _counted(ax.xaxis, "column", columns, per_chip[1], wide=2.8)
    if strip:
        ax.yaxis.label.set(rotation="horizontal", ha="right", va="center")


def _named(ax: Axes, pictures: Sequence[TilePicture], firsts: Sequence[int]) -> None:
    """Names of parts below their chips."""
    said = [f"{one.part}\n{one.mesh[0]} x {one.mesh[1]} of\n{one.tiles[0]} x {one.tiles[1]}" for one in pictures]
    middles = [first + (one.shares.shape[1] - 1) / 2 for one, first in zip(pictures, firsts, strict=True)]
    ax.set_xticks(middles, said, fontsize="small")
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("chips of each part, and tiles of a chip")


def _borders(ax: Axes, picture: TilePicture, first: int) -> None:
    """Lines round every chip, dark with a light seam: one of the two shows on any colour of the scale."""
    rows, columns = borders(picture.mesh, picture.tiles)
    columns = [first + column for column in columns]
    seam = [withStroke(linewidth=1.8, foreground="white")]
    ax.hlines(rows, columns[0], columns[-1], color="black", linewidth=0.7, path_effects=seam, clip_on=False)
    ax.vlines(columns, rows[0], rows[-1], color="black", linewidth=0.7, path_effects=seam, clip_on=False)


def _counted(axis: Axis, name: str, chips: int, per_chip: int, *, wide: float) -> None:
    """Tiles counted over the whole machine; where there are several chips, from the first tile of each."""
    every = per_chip if chips > 1 else 1
    axis.set_major_locator(Thinned(chips * per_chip // every, every, wide))
    axis.set_label_text(f"tile {name} ({per_chip} in a chip)" if chips > 1 else f"tile {name} (of {per_chip})")
