"""Several runs in one picture: how a quantity goes with what is swept, and which runs no other is better than."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.palette import MARKS, PALETTE, colours, marks
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import axes, legend, logarithmic, measured, titled
from hyperdrive_sim.outputs.plots.colours import ground, ink
from hyperdrive_sim.outputs.plots.labels import Labels, Named
from hyperdrive_sim.reports.derived.metrics import METRICS, Metric, front
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.side_by_side import common_title
from hyperdrive_sim.reports.side_by_side import names as called
from hyperdrive_sim.text.wording import counted

WIDE = 10
"""An axis whose values lie further apart than by this factor is logarithmic."""
POINT_POINTS = 7.0
"""How large a marker is, in printer's points."""
APART = 1.4
"""Values that differ by this factor have room for a tick each on a logarithmic axis."""
FEW = 10
"""So many points can be named on a small figure."""
NAME_LETTERS = 30


def scaling(
    xs: Sequence[float],
    reports: Sequence[Report],
    quantity: str = "frames_per_s",
    *,
    x: str = "size of the machine (chips)",
    ideal: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """A quantity of several reports over what differs between them, *xs*, called *x* on its axis.

    The ideal, dashed, is that of the smallest machine if nothing but size mattered: rates go with *xs*, latency against them, all else
    stays as it is.
    """
    what = METRICS[there("quantity", quantity, METRICS)[0]]
    if not reports or len(xs) != len(reports):
        problem = f"{counted(len(xs), 'value')} for {counted(len(reports), 'report')}"
        raise InvalidInput.at("xs", problem, "give one for each, and at least one")
    if ideal and what.grows and min(xs) <= 0:
        raise InvalidInput.at("xs", f"{min(xs):g} is no size from which to grow", "give positive values, or ideal=False")
    order = sorted(range(len(xs)), key=xs.__getitem__)
    at, values = [float(xs[place]) for place in order], [what.of(reports[place]) for place in order]
    ax = axes(ax, 6.4, 4.4)
    if ideal:
        fine = np.geomspace(at[0], at[-1], 100) if what.grows else np.array([at[0], at[-1]])
        ax.plot(fine, values[0] * (fine / at[0]) ** what.grows, linestyle="--", color=ink(ax), linewidth=1, label="ideal", zorder=1)
    ax.plot(at, values, marker="o", markersize=POINT_POINTS, color=PALETTE[0], markeredgecolor=ground(ax), label="simulated", zorder=2)
    _swept(ax, at, x)
    _scaled(ax, "y", what, [value for line in ax.lines for value in np.asarray(line.get_ydata(), float)])
    ax.grid(color=ink(ax), alpha=0.15)
    legend(ax)
    names = list(dict.fromkeys(report.scenario.title for report in reports))
    titled(ax, names[0] if len(names) == 1 else counted(len(reports), "run"), what.name)
    return ax


def pareto(reports: Sequence[Report], x: str = "latency", y: str = "energy", *, ax: Axes | None = None) -> Axes:
    """A point per report, named by its title and what differs from others of that title as far as there is room.

    The line goes through those that no other is better than in both.
    """
    across, up = (METRICS[there(key, name, METRICS)[0]] for key, name in (("x", x), ("y", y)))
    if not reports:
        raise InvalidInput.at("reports", "there are none to draw", "give at least one")
    points = np.array([[across.of(report), up.of(report)] for report in reports])
    best = front(points, across.better, up.better)
    ax = axes(ax, *((8.0, 5.4) if len(reports) <= FEW else (11.0, 7.5)))
    line = points[sorted(best, key=lambda place: (points[place, 0], points[place, 1]))]
    turn: Literal["post", "pre"] = "post" if across.better == "less" else "pre"
    ax.step(*line.T, "--", where=turn, color=ink(ax), linewidth=1, label="front", zorder=1)
    kinds = list(dict.fromkeys(report.system.architecture for report in reports))
    colour, mark = colours(kinds), marks(kinds)
    for kind in kinds:
        some = points[[report.system.architecture == kind for report in reports]]
        shape = MARKS[mark[kind]]
        ax.plot(*some.T, shape, markersize=POINT_POINTS, color=colour[kind], markeredgecolor=ground(ax), label=kind, zorder=2)
    _scaled(ax, "x", across, points[:, 0].tolist())
    _scaled(ax, "y", up, points[:, 1].tolist())
    names = [fill(name, NAME_LETTERS) for name in called(reports)]
    order = [*best, *(place for place in range(len(reports)) if place not in best)]
    Labels(ax, [Named(float(points[place, 0]), float(points[place, 1]), POINT_POINTS, names[place]) for place in order])
    ax.grid(color=ink(ax), alpha=0.15)
    legend(ax)
    titled(ax, common_title(reports) or counted(len(reports), "run"), f"{up.name} and {across.name}, the better the {_corner(across, up)}")
    return ax


def _corner(across: Metric, up: Metric) -> str:
    return f"{'lower' if up.better == 'less' else 'higher'} and further {'left' if across.better == 'less' else 'right'}"


def _swept(ax: Axes, at: Sequence[float], name: str) -> None:
    """The axis of what was swept; its values are the ticks where they are few and far apart."""
    ax.set_xlabel(name)
    if at[0] > 0 and at[-1] >= WIDE * at[0]:
        logarithmic(ax, "x", at)
        if all(one * APART <= other for one, other in pairwise(at)):
            ax.set_xticks(at)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_locator(NullLocator())


def _scaled(ax: Axes, side: Literal["x", "y"], quantity: Metric, values: Sequence[float]) -> None:
    """Scale an axis: from zero where values lie close to each other, else logarithmic."""
    if min(values) > 0 and max(values) >= WIDE * min(values):
        logarithmic(ax, side, values)
    else:
        ax.set(**{f"{side}lim": (0, 1.08 * max(values) or 1.0)})
    measured(ax.xaxis if side == "x" else ax.yaxis, quantity.name, quantity.unit)
