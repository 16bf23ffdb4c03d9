"""Tornado plots of a sensitivity: what would help, and how far a result moves with each figure it rests on, the largest first."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Literal, NamedTuple, get_args

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from hyperdrive_sim.outputs.palette import BLUE, ORANGE
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import amount, axes, titled
from hyperdrive_sim.outputs.plots.colours import ink
from hyperdrive_sim.reports.summary import signed
from hyperdrive_sim.study.sensitivity import Sensitivity

Measure = Literal["units", "time", "energy"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

WHAT: dict[Measure, str] = {
    "units": "units in half their time",
    "time": "settings that are not well known",
    "energy": "settings and prices that are not well known",
}

MOST_BARS = 14
UNSEEN = 0.0005
"""A change too small to be seen in its label."""
BAR_INCHES, AROUND_INCHES = 0.32, 1.3
"""Of a bar, and of what stands above and below all of them."""
WIDTH = 7.4
LESS, MORE = BLUE, ORANGE
NAME_LETTERS = 30
ROOM = 0.45
"""Beside the bars, for what is written at their ends, as a part of the longest."""


class Bar(NamedTuple):
    """A row of the plot: what is changed, and for each value that was tried how it is called and what it changes."""

    name: str
    ends: Sequence[tuple[str, float]]

    @property
    def most(self) -> float:
        return max(abs(change) for _, change in self.ends)


def tornado(found: Sensitivity, of: Measure = "energy", *, ax: Axes | None = None) -> Axes:
    """A bar per figure, from the least that the tried values make of time or energy to the most, each end with its value.

    With `units`, a bar per kind of unit, or group that brings more than its kinds alone, in half their time.
    """
    there("of", of, MEASURES)
    shown = bars(found, of)
    ax = axes(ax, WIDTH, AROUND_INCHES + BAR_INCHES * max(1, len(shown)))
    for row, bar in enumerate(shown):
        _draw(ax, row, bar)
    _lay_out(ax, shown)
    whole = amount(found.energy_j, "J") if of == "energy" else amount(found.time_s, "s")
    ax.set_xlabel(f"change of {whole}, a frame's energy" if of == "energy" else f"change of {whole}, the {found.time_is}")
    titled(ax, found.title, WHAT[of])
    return ax


def bars(found: Sensitivity, of: Measure) -> list[Bar]:
    """Bars of a plot, the longest first; what moves nothing has none."""
    every = _units(found) if of == "units" else _figures(found, of)
    return sorted((bar for bar in every if bar.most >= UNSEEN), key=lambda bar: -bar.most)[:MOST_BARS]


def _units(found: Sensitivity) -> list[Bar]:
    return [Bar(fill(" and ".join(one.kinds), NAME_LETTERS), [("", one.change)]) for one in found.worth_saying]


def _figures(found: Sensitivity, of: Measure) -> list[Bar]:
    """A bar for each figure of which some value could be run."""
    bars = []
    for figure in found.figures:
        changes = [(_said(one.value), one.time_change if of == "time" else one.energy_change) for one in figure.tried]
        ends = [(value, change) for value, change in changes if change is not None]
        if ends:
            bars.append(Bar(f"{figure.name}\n{_said(figure.value)}, {figure.provenance}", ends))
    return bars


def _said(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _draw(ax: Axes, row: int, bar: Bar) -> None:
    """A bar with what is at its ends; of several values, those that change least and most to either side."""
    changes = dict(sorted(bar.ends, key=lambda end: end[1]))
    low, high = min(0.0, *changes.values()), max(0.0, *changes.values())
    ax.barh([row, row], [low, high], height=0.62, color=[LESS, MORE])
    for value, change in changes.items():
        if change in (low, high) and abs(change) >= UNSEEN:
            text = f"{value}: {signed(change)}" if value else signed(change)
            side, shift = ("right", -4) if change < 0 else ("left", 4)
            ax.annotate(text, (change, row), (shift, 0), textcoords="offset points", ha=side, va="center", fontsize="small")


def _lay_out(ax: Axes, bars: Sequence[Bar]) -> None:
    changes = [change for bar in bars for _, change in bar.ends] or [0.01]
    low, high = min(0.0, *changes), max(0.0, *changes)
    beside = ROOM * (high - low)
    ax.set_xlim(low - (beside if low < 0 else 0.02 * (high - low)), high + (beside if high > 0 else 0.02 * (high - low)))
    ax.set_ylim(max(1, len(bars)) - 0.4, -0.6)
    ax.set_yticks(range(len(bars)), [bar.name for bar in bars], fontsize="small")
    ax.xaxis.set_major_formatter(PercentFormatter(xmax=1))
    ax.axvline(0, color=ink(ax), linewidth=0.8)
    ax.grid(axis="x", color=ink(ax), alpha=0.15)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
