"""Colours that colour-blind eyes tell apart, on white paper as on a dark screen."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, to_hex, to_rgb

from hyperdrive_sim.report.report import Report

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999")
"""M. Okabe, K. Ito: Color Universal Design (2008), with grey for their black and yellow, which dark or white paper would swallow."""

DARKER = 0.62
PALETTE = (*OKABE_ITO, *(to_hex((DARKER * red, DARKER * green, DARKER * blue)) for red, green, blue in map(to_rgb, OKABE_ITO)))

DARKEST, LIGHTEST = 0.25, 0.88
"""Of viridis, what neither a black nor a white ground swallows."""

SHARES = "cividis"
"""For a share of 0 to 1."""


def ink(ax: Axes) -> str:
    """What these axes are written in, legible on their ground whatever that is."""
    return to_hex(ax.xaxis.label.get_color())


def ground(ax: Axes) -> str:
    return to_hex(ax.get_facecolor())


def coloured(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in their order; the same again after the fourteenth."""
    return {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(names)}


def of_kinds(report: Report) -> dict[str, str]:
    """The colours of computing, of each kind of unit, of what waits for it, and of waiting for arrivals: the same in every plot."""
    return coloured(("computing", *dict.fromkeys(unit.kind for unit in report.machine.units), "arrival"))


def in_order(count: int) -> Colormap:
    """So many colours from first to last, to be told apart as far as they can."""
    shades = colormaps["viridis"]
    return ListedColormap([shades(DARKEST + (LIGHTEST - DARKEST) * place / max(1, count - 1)) for place in range(count)])
