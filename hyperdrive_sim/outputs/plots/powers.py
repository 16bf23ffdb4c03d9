"""Power over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.palette import of_power
from hyperdrive_sim.outputs.plots.along import NAMES_INCHES, layers_along
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import amount, axes, legend, measured, titled
from hyperdrive_sim.outputs.plots.colours import ground, ink
from hyperdrive_sim.reports.derived.power import BY, PARTS, said
from hyperdrive_sim.reports.derived.power import power as found_for
from hyperdrive_sim.reports.report import Report


def power(report: Report, by: str = "part", *, bins: int = PARTS, ax: Axes | None = None) -> Axes:
    """The mean power in each of *bins* equal parts of the run, by what it is spent on, with the layers that the arrays work on above.

    *by* "part" tells apart the core and, of what crosses the chips' edges, what it carries; *by* "unit" the kinds of units. A task's
    energy is spread evenly over its time, and what stands still takes none: so the area is the energy of the run.
    """
    there("by", by, BY)
    if bins < 1:
        raise InvalidInput.at("bins", f"{bins} parts of the time are none", "give at least 1")
    found, colour = found_for(report, by, bins), of_power(report, by)
    ax = axes(ax, 9.0, 4.0 + NAMES_INCHES)
    below = np.zeros(bins)
    for name, watts in found.watts.items():
        label = f"{said(name, by)}, {amount(float(watts.mean()), 'W')}"
        top = below + watts
        ax.stairs(top, found.edges_s, baseline=below, fill=True, facecolor=colour[name], edgecolor=ground(ax), linewidth=0, label=label)
        below = top
    ax.axhline(found.mean_w, color=ink(ax), linewidth=1.0, linestyle="--", label=f"mean, {amount(found.mean_w, 'W')}")
    ax.set_xlim(found.edges_s[0], found.edges_s[-1])
    ax.set_ylim(0, 1.05 * below.max() or 1.0)
    measured(ax.xaxis, "time", "s")
    measured(ax.yaxis, "power", "W")
    layers_along(ax, report, *ax.get_xlim())
    legend(ax, reverse=True)
    part, most = amount(found.part_s, "s"), amount(float(below.max()), "W")
    titled(ax, report.scenario.title, f"power in means of {part}, at most {most}; the layers that arrays work on above")
    return ax
