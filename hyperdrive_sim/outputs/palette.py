"""Colours and marks of all pictures, drawn by matplotlib or by plotly: what is the same has the same colour everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.prices import IO_ACTIONS

BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY = "#CC79A7", "#56B4E9", "#999999"
VIOLET = "#8c6bb1"
"""None of the others, nor a shade of one: what no kind of unit has, however many there are."""

OKABE_ITO = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GREY)
"""M. Okabe, K. Ito: Color Universal Design (2008), for colour-blind eyes too; grey for their black and yellow, which dark or white paper
would swallow.
"""

DARKER = 0.62


def darker(colour: str) -> str:
    """A darker colour of the same hue, as #rrggbb.

    >>> darker(BLUE)
    '#00476e'
    """
    return "#" + bytes(round(DARKER * part) for part in bytes.fromhex(colour[1:])).hex()


PALETTE = (*OKABE_ITO, *map(darker, OKABE_ITO))
MARKS = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "cross": "P", "x": "X", "star": "*", "pentagon": "p"}
"""Shapes of points, as plotly calls them, and matplotlib."""

SHARES = "cividis"
"""The scale of a share of 0 to 1, from dark to bright."""

LATENCIES, DEADLINE = BLUE, VERMILLION
"""Of bars of frames, and of the line that none of them should be beyond."""

CORE, IO = BLUE, VERMILLION
"""Of energy that the core takes, and that crossing the edges of chips takes."""

IO_COLOURS = dict(zip(IO_ACTIONS, PALETTE[1:], strict=False))
"""I/O by action; the core's blue is left out."""


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in their order; the same again after the fourteenth."""
    return {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(dict.fromkeys(names))}


def marks(names: Iterable[str]) -> dict[str, str]:
    """A mark for each name, in their order, as plotly calls it; the same again after the eighth."""
    shapes = list(MARKS)
    return {name: shapes[place % len(shapes)] for place, name in enumerate(dict.fromkeys(names))}


def of_units(*reports: Report) -> dict[str, str]:
    """A colour for each kind of unit, arrays first and the others in the machines' order, and last for waiting for an arrival."""
    kinds = sorted((row.kind for report in reports for row in report.units), key=lambda kind: kind != "array")
    return colours((*kinds, "arrival"))


def of_layer_time(*reports: Report) -> dict[str, str]:
    """Colours for what the time of a layer goes to: arrays that compute, and what they wait for; for each other in a colour of its own."""
    kinds = of_units(*reports)
    return {"computing": BLUE, **kinds, "array": VIOLET}


def of_carried() -> dict[str, str]:
    """Colours of I/O by what it carries: that of the first action that does."""
    return {IO_ACTIONS[action]: colour for action, colour in reversed(IO_COLOURS.items())}


def of_parts() -> dict[str, str]:
    """Colours of the parts of an energy: of the core, under "", and of I/O by what it carries."""
    return {"": CORE, **of_carried()}


def of_power(report: Report, by: str) -> dict[str, str]:
    """Colours for what power is spent on, *by* "part" or by kind of "unit"."""
    return of_units(report) if by == "unit" else of_parts()
