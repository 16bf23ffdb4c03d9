"""How the latencies of a run's frames are spread."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from hyperdrive_sim.outputs import palette
from hyperdrive_sim.outputs.plots.axes import amount, axes, legend, measured, titled
from hyperdrive_sim.outputs.plots.colours import ground, ink
from hyperdrive_sim.reports.derived.latencies import DEADLINE, latencies
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import met
from hyperdrive_sim.text.wording import counted

ROOM = 1.08
"""Height of the axis, in that of the highest bar."""
TICKS = 7
"""On an axis, at most: numbers of latencies are long."""
STYLE = {"median": "--", "99th percentile": ":", DEADLINE: "-"}


def latency(report: Report, *, ax: Axes | None = None) -> Axes:
    """How many frames have which latency, from arrival to last output, in bins whose edges are round numbers.

    Lines are the median, the 99th percentile and, if the scenario has one, the deadline; one that lies far off the bars stands in the
    legend alone.
    """
    found = latencies(report.time)
    ax = axes(ax, 9.0, 3.6)
    top = ROOM * max(found.counts)
    low, high = found.edges_s[:-1], found.edges_s[1:]
    widths = [after - before for before, after in zip(low, high, strict=True)]
    ax.bar(low, found.counts, widths, align="edge", color=palette.LATENCIES, edgecolor=ground(ax), linewidth=0.6, label="frames")
    for mark in found.marks:
        at, colour = [mark.at_s] * (2 * mark.shown), palette.DEADLINE if mark.name == DEADLINE else ink(ax)
        ax.plot(at, [0, top][: len(at)], color=colour, linestyle=STYLE[mark.name], label=f"{mark.name}, {amount(mark.at_s, 's')}")
    ax.set_xlim(*found.range_s)
    ax.set_ylim(0, top)
    measured(ax.xaxis, "latency", "s")
    ax.set_ylabel("frames")
    ax.xaxis.set_major_locator(MaxNLocator(TICKS))
    ax.yaxis.set_major_locator(MaxNLocator(TICKS, integer=True))
    legend(ax)
    missed = "" if found.misses is None else f"; the deadline is {met(found.misses, found.frames)}"
    titled(ax, report.scenario.title, f"latencies of {counted(found.frames, 'frame')}, a bar for each {amount(found.width_s, 's')}{missed}")
    return ax
