"""A picture of a page: data and layout as plotly.js takes them, and the words around it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor, log10
from types import MappingProxyType
from typing import Any, NamedTuple

from hyperdrive_sim.outputs.page.table import scale
from hyperdrive_sim.reports.summary import si

INK, LINE = "@ink", "@line"
"""Colours that the reader's colour scheme decides."""

DECADES = 2.5
"""From how many on an axis has ticks at powers of ten alone."""

PlotlyJson = Mapping[str, Any]
"""A part of what plotly.js takes: data of a trace, a layout, an axis."""


NOTHING: PlotlyJson = MappingProxyType({})


class Picture(NamedTuple):
    """A picture of a page, as plotly.js takes it.

    `instead` says where its figures stand as text; `height` and the least and largest width are in CSS pixels; `frames` are for a picture
    with a slider; `names` are those that labels.js writes where there is room, the most important first; `plot` is the least height of what
    stands within the axes: a legend of many lines makes the picture higher.
    """

    name: str
    title: str
    caption: str
    instead: str
    height: int
    data: Sequence[PlotlyJson]
    layout: PlotlyJson
    frames: PlotlyJson = NOTHING
    widths: tuple[int, int] = (300, 1600)
    names: PlotlyJson = NOTHING
    plot: int = 0

    @property
    def spec(self) -> PlotlyJson:
        shown = {"data": self.data, "layout": self.layout, "height": self.height, "widths": self.widths}
        return {**shown, "frames": dict(self.frames), "names": dict(self.names), "plot": self.plot}


def faded(colour: str, share: float) -> str:
    """A colour through which one sees what is behind it.

    >>> faded("#D55E00", 0.4)
    'rgba(213,94,0,0.4)'
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgba({red},{green},{blue},{share})"


def plain(text: str) -> str:
    """Text that plotly shall not read as markup."""
    return html.escape(text, quote=False)


def short(value: float) -> float:
    """A number rounded to six digits, more than a picture shows."""
    return float(f"{value:.6g}")


def axis(title: str, **more: Any) -> PlotlyJson:
    return {"title": {"text": title}, **more}


def logarithmic(title: str, values: Iterable[float], unit: str, room: float = 2.0) -> PlotlyJson:
    """An axis on which all *values* stand, with a factor of *room* on both sides; ticks at powers of ten, and between them if few."""
    found = list(values)
    low, high = log10(min(found) / room), log10(max(found) * room)
    digits = (1,) if high - low > DECADES else (1, 2, 5)
    at = [digit * 10.0**power for power in range(floor(low), ceil(high)) for digit in digits]
    ticks = {"tickvals": at, "ticktext": [si(value, unit) for value in at]}
    return axis(title, type="log", range=[short(low), short(high)], **ticks)


def linear(title: str, largest: float, unit: str) -> tuple[float, PlotlyJson]:
    """An axis from 0 in a unit that fits the *largest* value, and the factor that brings a quantity onto it."""
    power, prefix = scale([largest])
    return 10.0**-power, axis(f"{title}, {prefix}{unit}", range=[0, short(largest * 10.0**-power)])
