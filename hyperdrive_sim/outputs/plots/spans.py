"""Units over time: who works on what, and when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, NoNorm
from matplotlib.patches import Patch
from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.palette import colours
from hyperdrive_sim.outputs.plots.along import NAMES_INCHES, layers_along
from hyperdrive_sim.outputs.plots.asked import there, window
from hyperdrive_sim.outputs.plots.axes import axes, legend, measured, named, titled
from hyperdrive_sim.outputs.plots.colours import in_order
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.gantt import busiest, shares
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.columns import Codes
from hyperdrive_sim.text.wording import counted

PARTS = 2000
"""Into how many parts the time shown is cut; a row is a strip of so many dots."""
ROW_INCHES = 0.19
FEWEST_ROWS = 10
"""A picture of fewer is as high."""
MARGIN = 0.004
"""On either side, of the time shown, so that nothing hides behind the frame."""
TINT = 0.5
"""How opaque a part is: its busy share to this power, so that a little is seen too."""
BAR = 0.84
"""How high a bar is, of its unit's row."""


def gantt(
    report: Report,
    units: str | Sequence[str] | None = None,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    most: int = 40,
    by: str = "layer",
    ax: Axes | None = None,
) -> Axes:
    """A row per unit, a bar where it works, coloured by layer or by kind of task (*by* is "task"); above, the layer that arrays work on.

    The *most* busiest units, of every kind in turn, unless *units* are named. Of what is shorter than a two thousandth of the time shown,
    nothing is left out: it is drawn in the mean of its colours, the paler the longer the unit is idle there.
    """
    there("by", by, ("layer", "task"))
    if most < 1:
        raise InvalidInput.at("most", f"{most} units are none", "give at least 1")
    start, end = window(report, start_s, end_s)
    rows = list(busiest(report, most)) if units is None else there("units", units, [unit.name for unit in report.machine.units])
    names, kinds = _kinds(report, by)
    ax = axes(ax, 10.0, 1.3 + NAMES_INCHES + ROW_INCHES * max(FEWEST_ROWS, len(rows)))
    shades = in_order(len(names)) if by == "layer" else ListedColormap(list(colours(names).values()))
    edges = np.linspace(start, end, PARTS + 1) * PS_PER_S
    colour_of = shades(np.arange(len(names)))[:, :3]
    for row, unit in enumerate(rows):
        strip = _strip(shares(report.trace, unit, edges, kind=kinds.astype(np.int64)), colour_of)
        ax.imshow(strip[None], extent=(start, end, row + BAR / 2, row - BAR / 2), aspect="auto")
    _explained(ax, by, names, shades)
    named(ax.yaxis, rows)
    ax.set_ylabel("unit")
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(start - MARGIN * (end - start), end + MARGIN * (end - start))
    measured(ax.xaxis, "time", "s")
    layers_along(ax, report, start, end)
    some = f"{len(rows)} of " if len(rows) < len(report.machine.units) else ""
    titled(ax, report.scenario.title, f"what {some}{counted(len(report.machine.units), 'unit')} did, by {by}")
    return ax


def _kinds(report: Report, by: str) -> tuple[list[str], Codes]:
    """The names that colours stand for, and the position of each task's among them."""
    trace = report.trace
    if by == "layer":
        return list(trace.layers), trace.tasks.layer.codes
    return list(trace.tasks.name.values), trace.tasks.name.codes


def _strip(busy: NDArray[np.float64], shades: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean colour of what a unit does in each part of the time, the paler the less that is: [part, RGBA].

    *busy* are its shares of the parts by kind of task, *shades* the colours of the kinds.
    """
    total = busy.sum(axis=0)
    colour = (shades.T @ busy).T / np.where(total, total, 1.0)[:, None]
    return np.column_stack((colour, total**TINT)).clip(0.0, 1.0)


def _explained(ax: Axes, by: str, names: Sequence[str], shades: Colormap) -> None:
    """Add the key of colours: layers, which are many and in order, on a bar of their own, kinds of tasks in a legend."""
    if by == "task":
        legend(ax, handles=[Patch(color=shades(number), label=name) for number, name in enumerate(names)])
        return
    bar = ax.figure.colorbar(ScalarMappable(NoNorm(0, len(names) - 1), shades), ax=ax, aspect=40, pad=0.01)
    bar.ax.minorticks_off()
    named(bar.ax.yaxis, names)
    bar.ax.invert_yaxis()
    bar.set_label("layer")
