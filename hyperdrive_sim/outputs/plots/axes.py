"""Axes common to all plots: shown by a notebook, with a title, units on both, and names that do not touch."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from textwrap import fill
from typing import Any, Literal, cast

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, Locator, LogLocator, NullFormatter, PercentFormatter

from hyperdrive_sim.reports.summary import si

DOTS_PER_INCH = 130
NO_BREAK = "\N{NO-BREAK SPACE}"
LINE = 1.25
"""A line of text, in font sizes."""
BEYOND = 1.6
"""How far a logarithmic axis reaches beyond its values, as a factor."""
MANY = 60
"""A logarithmic axis that spans this factor has a tick for each decade only."""
LETTER = 0.55
"""The mean width of a letter, in font sizes."""


class Shown(Axes):
    """Axes alone on a figure, which a notebook shows where a cell ends with them. No list of open figures holds on to them."""

    def _repr_png_(self) -> bytes:
        data, figure = io.BytesIO(), cast(Figure, self.figure)
        figure.savefig(data, format="png", dpi=DOTS_PER_INCH)
        return data.getvalue()


def axes(ax: Axes | None, width: float, height: float, layout: Literal["constrained", "compressed"] = "constrained") -> Axes:
    """The axes that were given, or new ones on a figure of so many inches, in the colours of the style in use."""
    return ax or Figure(figsize=(width, height), layout=layout).add_subplot(axes_class=Shown)


def titled(ax: Axes, title: str, what: str) -> None:
    """Write the title: the run and, below, what is shown of it; a number stays in a line with its unit."""
    text = ax.set_title("", loc="left", fontsize="medium")
    room = max(24, int(inches(ax) * 72 / (LETTER * float(text.get_fontsize()))))
    tied = re.sub(r"(?<=\d) ", NO_BREAK, what)
    text.set_text("\n".join(fill(line, room) for line in (title, tied)).replace(NO_BREAK, " "))


def measured(axis: Axis, quantity: str, unit: str) -> None:
    """An axis of a quantity: its label has the unit, its ticks have prefixes."""
    axis.set_label_text(f"{quantity} ({unit})")
    axis.set_major_formatter(PercentFormatter(xmax=1) if unit == "%" else EngFormatter(unit))
    axis.set_minor_formatter(NullFormatter())


def amount(value: float, unit: str) -> str:
    """A number in a text, with the prefixes that axes have."""
    return si(value, unit).replace(" u", " \N{MICRO SIGN}")


def logarithmic(ax: Axes, side: Literal["x", "y"], values: Sequence[float]) -> None:
    """A logarithmic axis with some room around positive values, and a tick at 1, 2 and 5 where one a decade would be few."""
    low, high = min(values) / BEYOND, max(values) * BEYOND
    ax.set(**{f"{side}scale": "log", f"{side}lim": (low, high)})
    axis = ax.xaxis if side == "x" else ax.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0,) if high / low > MANY else (1.0, 2.0, 5.0)))


def inches(ax: Axes, side: str = "x") -> float:
    """Width (or, for "y", height) of axes, in inches."""
    return (ax.bbox.width if side == "x" else ax.bbox.height) / ax.figure.dpi


class Thinned(Locator):
    """Positions 0, *every*, 2 *every* ...: all, or every second, third ..., so that labels so many font sizes wide do not touch."""

    def __init__(self, count: int, every: int = 1, wide: float = LINE) -> None:
        self.count, self.every, self.wide = count, every, wide

    def __call__(self) -> range:
        axis: Any = self.axis
        low, high = sorted(axis.get_view_interval())
        size = axis.get_tick_params().get("labelsize") or axis.get_major_ticks(1)[0].label1.get_fontsize()
        room = inches(axis.axes, axis.axis_name) * 72 / (size * self.wide)
        step = max(1, math.ceil((high - low) / self.every / max(1.0, room)))
        return range(0, self.count * self.every, step * self.every)


def named(axis: Axis, names: Sequence[str], upright: bool = False) -> None:
    """A name for each of 0, 1, 2 ...; where there are more than there is room for, every second or third is written."""
    axis.set_tick_params(labelsize=7, labelrotation=90 if upright else 0)
    axis.set_major_locator(Thinned(len(names)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: names[round(value)] if 0 <= round(value) < len(names) else ""))


def legend(ax: Axes, **options: Any) -> None:
    """Draw a legend beside the axes, where it hides nothing."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0, fontsize="small", frameon=False, **options)
