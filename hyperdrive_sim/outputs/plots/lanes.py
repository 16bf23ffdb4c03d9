"""Memories and links over time: a lane for each, as high as its capacity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.palette import colours, of_units
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import amount, axes, measured, titled
from hyperdrive_sim.outputs.plots.colours import ink
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.link_use import LinkUse, by_kind, by_unit
from hyperdrive_sim.reports.derived.memory_use import MemoryCurve, curves
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import percent
from hyperdrive_sim.text.wording import counted

PITCH = 1.5
"""From lane to lane, in lanes; a lane's name stands above it."""
LANE_INCHES = 0.85
BINS = 200
STEPS = 2000
"""Of a curve at most: more than a picture has dots."""


class Lane(NamedTuple):
    """A curve in a lane: *values* between *edges_s*, which are one more. It is *top* high; *bounded* says that no value can be above."""

    name: str
    edges_s: NDArray[np.float64]
    values: NDArray[np.float64]
    top: float
    colour: str
    bounded: bool = True


def occupancy(report: Report, memories: str | Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
    """Bits held by memories over time; a lane is as high as its memory is large, with a line at that capacity.

    Of the memories that all chips have alike, the fullest is taken unless told otherwise; the fullest of all stands on top, and what
    nothing ever was in is left out.
    """
    found = curves(report, None if memories is None else there("memories", memories, report.occupancy), STEPS)
    colour = colours(curve.name for curve in found)
    ax = _lanes(ax, [_held(curve, colour[curve.name]) for curve in found], "bit")
    ax.set_ylabel("held (bit)")
    which = " in the fullest memory of each kind" if memories is None else ""
    titled(ax, report.scenario.title, f"bits held{which}; a lane's line is its capacity")
    return ax


def _held(curve: MemoryCurve, colour: str) -> Lane:
    text = f"{curve.name}: at most {amount(curve.peak_bits, 'bit')} of {amount(curve.capacity_bits, 'bit')}, {percent(curve.share)}"
    edges = np.append(curve.times_ps, curve.end_ps) / PS_PER_S
    return Lane(text, edges, curve.bits.astype(float), curve.capacity_bits, colour)


def bandwidth(report: Report, units: str | Sequence[str] | None = None, *, bins: int = BINS, ax: Axes | None = None) -> Axes:
    """I/O across the chips' edges over time: the mean rate in each of *bins* equal parts of the run.

    A lane for each of the *units*, or for all links of a kind together, with a line at their rate where they have one; a task's bits are
    spread evenly over its time. Links that carry nothing are left out unless asked for.
    """
    if bins < 1:
        raise InvalidInput.at("bins", f"{bins} parts of the time are none", "give at least 1")
    if units is None:
        kinds, colour = list(by_kind(report, bins)), of_units(report)
        lanes = [_carried(use, f"{use.name}, {counted(use.links, 'link')}", colour[use.name]) for use in kinds]
    else:
        uses = list(by_unit(report, there("units", units, report.machine.unit), bins))
        colour = colours(use.name for use in uses)
        lanes = [_carried(use, use.name, colour[use.name]) for use in uses]
    ax = _lanes(ax, lanes, "bit/s")
    ax.set_ylabel("carried (bit/s)")
    part = amount(report.trace.makespan_ps / bins / PS_PER_S, "s")
    titled(ax, report.scenario.title, f"I/O in means of {part}; a lane's line is the rate of its links")
    return ax


def _carried(use: LinkUse, name: str, colour: str) -> Lane:
    limit, mean, most = use.limit_bits_per_s, use.mean_bits_per_s, float(use.bits_per_s.max())
    text = f" of {amount(limit, 'bit/s')}, {percent(mean / limit)}" if limit else f", at most {amount(most, 'bit/s')}"
    top = limit or most or 1.0
    return Lane(f"{name}: mean {amount(mean, 'bit/s')}{text}", use.edges_s, use.bits_per_s, top, colour, limit is not None)


def _lanes(ax: Axes | None, lanes: Sequence[Lane], unit: str) -> Axes:
    """The lanes, the first on top; lane n stands on -n * PITCH and is one high."""
    ax = axes(ax, 8.0, 1.2 + LANE_INCHES * max(2, len(lanes)))
    for number, (name, edges, values, top, colour, bounded) in enumerate(lanes):
        base = -number * PITCH
        ax.stairs(base + values / top, edges, baseline=base, fill=True, color=colour)
        ax.hlines(base, edges[0], edges[-1], color=ink(ax), linewidth=0.5)
        if bounded:
            ax.hlines(base + 1, edges[0], edges[-1], color=ink(ax), linewidth=1.0)
        ax.annotate(name, (0, base + 1), (4, 2), ("axes fraction", "data"), "offset points", fontsize="small", va="bottom")
    bases = [-number * PITCH for number in range(len(lanes))]
    ax.set_yticks([base + end for base in bases for end in (0, 1)], [amount(end * lane.top, unit) for lane in lanes for end in (0, 1)])
    ax.tick_params(axis="y", labelsize=7)
    ax.set_ylim(-(len(lanes) - 1) * PITCH - 0.1, PITCH + 0.05)
    ax.set_xlim(0, max((lane.edges_s[-1] for lane in lanes), default=1.0))
    ax.spines[["top", "right"]].set_visible(False)
    measured(ax.xaxis, "time", "s")
    return ax
