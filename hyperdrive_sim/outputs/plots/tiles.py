"""Utilisation of every tile of every chip, as a heatmap."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter

from hyperdrive_sim.outputs.palette import SHARES
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import Thinned, axes, titled
from hyperdrive_sim.reports.derived.tile_map import TilePicture, borders, tile_picture
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import percent

TILE_INCHES = 0.1
SHORTEST, WIDEST, HIGHEST = 3.8, 12.0, 8.0
STRIP_INCHES = 0.9
"""A picture lower than that has its scale below."""


def tile_use(report: Report, layer: str | None = None, *, ax: Axes | None = None) -> Axes:
    """A heatmap of all tiles of all chips, in the whole run or in one layer: the share of a chip's busy time that each did useful work.

    The scale is 0 to 1 for every machine and layer, so that pictures can be held side by side.
    """
    if layer is not None:
        there("layer", layer, report.tiles_by_layer)
    picture = tile_picture(report, layer)
    (rows, columns), per_chip, shares = picture
    tile = max(TILE_INCHES, SHORTEST / max(shares.shape))
    high, wide = (min(tile, HIGHEST / shares.shape[0], WIDEST / shares.shape[1]) * length for length in shares.shape)
    strip = high < STRIP_INCHES
    ax = axes(ax, wide + (1.1 if strip else 1.9), high + (1.5 if strip else 1.1), "constrained" if strip else "compressed")
    image = ax.imshow(shares, vmin=0, vmax=1, cmap=SHARES, interpolation="nearest")
    _borders(ax, picture)
    _counted(ax.yaxis, "row", rows, per_chip[0], wide=1.5)
    _counted(ax.xaxis, "column", columns, per_chip[1], wide=2.8)
    if strip:
        ax.yaxis.label.set(rotation="horizontal", ha="right", va="center")
    bar = ax.figure.colorbar(image, ax=ax, location="bottom" if strip else "right", aspect=30, format=PercentFormatter(xmax=1))
    bar.set_label("useful share of busy time (%)")
    where = "whole run" if layer is None else layer
    titled(ax, report.scenario.title, f"tile use, {where}: mean {percent(shares.mean())}, least {percent(shares.min())}")
    return ax


def _borders(ax: Axes, picture: TilePicture) -> None:
    """Lines round every chip, dark with a light seam: one of the two shows on any colour of the scale."""
    rows, columns = borders(picture.mesh, picture.tiles)
    seam = [withStroke(linewidth=1.8, foreground="white")]
    ax.hlines(rows, columns[0], columns[-1], color="black", linewidth=0.7, path_effects=seam, clip_on=False)
    ax.vlines(columns, rows[0], rows[-1], color="black", linewidth=0.7, path_effects=seam, clip_on=False)


def _counted(axis: Axis, name: str, chips: int, per_chip: int, *, wide: float) -> None:
    """Tiles counted over the whole machine; where there are several chips, from the first tile of each."""
    every = per_chip if chips > 1 else 1
    axis.set_major_locator(Thinned(chips * per_chip // every, every, wide))
    axis.set_label_text(f"tile {name} ({per_chip} in a chip)" if chips > 1 else f"tile {name} (of {per_chip})")
