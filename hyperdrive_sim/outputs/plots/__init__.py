"""Pictures of reports: every plot takes a report and axes and gives the axes back, those of a figure of its own where it was given none.

    ax = report.plot.gantt()
    ax.figure.savefig("gantt.pdf")

What a plot draws it reads from the report; a layer's times and energies are those of a frame. `tornado` takes a sensitivity.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from hyperdrive_sim.errors import MissingExtra

try:
    from matplotlib.axes import Axes
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "matplotlib":
        raise
    raise MissingExtra("a plot", "plots") from None

from hyperdrive_sim.outputs.plots.lanes import bandwidth, occupancy
from hyperdrive_sim.outputs.plots.latencies import latency
from hyperdrive_sim.outputs.plots.layers import energy, layer_time
from hyperdrive_sim.outputs.plots.powers import power
from hyperdrive_sim.outputs.plots.roofs import roofline
from hyperdrive_sim.outputs.plots.several import pareto, scaling
from hyperdrive_sim.outputs.plots.spans import gantt
from hyperdrive_sim.outputs.plots.tiles import tile_use
from hyperdrive_sim.outputs.plots.tornado import tornado
from hyperdrive_sim.reports.report import Report

__all__ = [
    "Plots",
    "bandwidth",
    "energy",
    "gantt",
    "latency",
    "layer_time",
    "occupancy",
    "pareto",
    "power",
    "roofline",
    "scaling",
    "tile_use",
    "tornado",
]

P = ParamSpec("P")


def _of_its_report(plot: Callable[Concatenate[Report, P], Axes]) -> Callable[Concatenate[Plots, P], Axes]:
    @wraps(plot)
    def drawn(plots: Plots, /, *args: P.args, **options: P.kwargs) -> Axes:
        return plot(plots.report, *args, **options)

    return drawn


class Plots:
    """All plots of a single report, as `report.plot`. `scaling` and `pareto` are of several and are functions only."""

    def __init__(self, report: Report) -> None:
        self.report = report

    tile_use = _of_its_report(tile_use)
    layer_time = _of_its_report(layer_time)
    energy = _of_its_report(energy)
    power = _of_its_report(power)
    gantt = _of_its_report(gantt)
    latency = _of_its_report(latency)
    occupancy = _of_its_report(occupancy)
    bandwidth = _of_its_report(bandwidth)
    roofline = _of_its_report(roofline)
