"""Colours that depend on the style in use or are matplotlib's own; all others are in the palette."""

from __future__ import annotations

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, to_hex

DARKEST, LIGHTEST = 0.25, 0.88
"""Of viridis, what neither a black nor a white ground swallows."""


def ink(ax: Axes) -> str:
    """Colour of text on these axes, legible on their ground whatever that is."""
    return to_hex(ax.xaxis.label.get_color())


def ground(ax: Axes) -> str:
    """Background colour of these axes."""
    return to_hex(ax.get_facecolor())


def in_order(count: int) -> Colormap:
    """So many colours from first to last, to be told apart as far as they can."""
    shades = colormaps["viridis"]
    return ListedColormap([shades(DARKEST + (LIGHTEST - DARKEST) * place / max(1, count - 1)) for place in range(count)])
