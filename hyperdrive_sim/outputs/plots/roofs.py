"""The roofline: what layers attain, under what the arrays and the links allow."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from matplotlib.axes import Axes

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.palette import MARKS, PALETTE, marks, of_units
from hyperdrive_sim.outputs.plots.axes import amount, axes, legend, logarithmic, measured, titled
from hyperdrive_sim.outputs.plots.colours import ground, ink
from hyperdrive_sim.outputs.plots.labels import Labels, Named
from hyperdrive_sim.reports.derived.actions import action_counts
from hyperdrive_sim.reports.derived.roofline import WHOLE, Roofline, RooflinePoint, called, outstanding
from hyperdrive_sim.reports.derived.roofline import rooflines as found_for
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.side_by_side import common_title, names
from hyperdrive_sim.text.wording import counted

NAME_LETTERS = 30
ENTRY_INCHES = 0.9
"""What one of several runs needs of the legend."""
LAYER_POINTS, WHOLE_POINTS = 6.0, 12.0
"""How large a marker is, in printer's points."""


def roofline(reports: Report | Sequence[Report], *, most: int = 8, ax: Axes | None = None) -> Axes:
    """A point per layer: operations per bit that crosses the chips' edges, against operations per second.

    A layer's bits are those of one kind of link, the kind whose rate they take up longest: under its roof the layer stands, and under the
    arrays' peak. Its seconds are those that the arrays worked on it or stood still for it, or those that one unit was busy with it, if
    that is longer: its bits may be moved while other layers are computed. The whole run is a larger point. Those that stay furthest below
    their roofs and those that take longest, *most* in all, are named as far as there is room. A layer without a bit across an edge has no
    place here; the title counts those. Each part of a system has a peak of its own, and a point of all that it does in the run.
    """
    shown = [reports] if isinstance(reports, Report) else list(reports)
    if not shown:
        raise InvalidInput.at("reports", "there are none to draw", "give at least one")
    runs = [
        (name, report, roof) for name, report in zip(names(shown), shown, strict=True) for roof in found_for(report, action_counts(report))
    ]
    roofs = [roof for _, _, roof in runs]
    points = [[*roof.points, *([roof.whole] if roof.whole else [])] for roof in roofs]
    every = [point for some in points for point in some]
    if not every:
        raise InvalidInput.at("reports", "nothing in them crosses a chip's edge", "give a run that takes input or weights from outside")
    ax = axes(ax, 9.0 if len(shown) == 1 else 10.0, max(5.4, 1.0 + ENTRY_INCHES * len(runs)))
    _limited(ax, roofs, every)
    mark, several = marks(link for roof in roofs for link in roof.links), len(shown) > 1
    for number, ((run, report, roof), some) in enumerate(zip(runs, points, strict=True)):
        whose = " ".join(filter(None, (roof.part, "peak")))
        name = f"{fill(run, NAME_LETTERS)}\n" if several else ""
        own, peak = PALETTE[number % len(PALETTE)], roof.peak_ops_per_s
        ax.axhline(peak, color=own if several else ink(ax), label=f"{name}{whose} {amount(peak, 'Op/s')}", zorder=1)
        if roof.part and not several:
            ax.annotate(roof.part, (1, peak), (-4, -3), ("axes fraction", "data"), "offset points", fontsize="small", ha="right", va="top")
        for link in dict.fromkeys(point.link for point in some):
            colour = own if several else of_units(report)[link]
            _of_a_link(ax, roof, [point for point in some if point.link == link], colour, MARKS[mark[link]])
    Labels(ax, [*(_place(point, called(point, others)) for point, others in outstanding(roofs, most)), *map(_place, every)])
    legend(ax)
    left_out = sum(len(roof.unlinked) for roof in roofs)
    title = shown[0].scenario.title if len(shown) == 1 else common_title(shown) or counted(len(shown), "run")
    without = f"; {counted(left_out, 'layer')} without a bit across an edge not shown" if left_out else ""
    larger = "the larger points are all that a part does" if any(roof.part for roof in roofs) else "the larger point is the whole run"
    titled(ax, title, f"what layers attain under their roofs; {larger}{without}")
    return ax


def _limited(ax: Axes, roofs: Sequence[Roofline], points: Sequence[RooflinePoint]) -> None:
    """Logarithmic axes around all points, all peaks, and where the roofs meet them."""
    used, peaks = {point.link for point in points}, [roof.peak_ops_per_s for roof in roofs]
    ridges = [ridge for roof in roofs for link, ridge in roof.ridges.items() if link in used]
    logarithmic(ax, "x", [*(point.ops_per_bit for point in points), *ridges])
    logarithmic(ax, "y", [*(point.ops_per_s for point in points), *peaks])
    measured(ax.xaxis, "operations per bit of I/O, over the link that it keeps busy longest", "Op/bit")
    measured(ax.yaxis, "attained", "Op/s")
    ax.grid(color=ink(ax), alpha=0.15)
    ax.set_axisbelow(True)


def _of_a_link(ax: Axes, roof: Roofline, points: Sequence[RooflinePoint], colour: str, marker: str) -> None:
    """One kind of link of one report: its roof, up to the peak, and the points below it."""
    link = points[0].link
    limit, slope = roof.bits_per_s.get(link), roof.slope(link, ax.get_xlim()[0])
    label = f"{link}, {amount(limit, 'bit/s')}" if limit else f"{link}, of no stated rate"
    if slope:
        ax.plot(*zip(*slope, strict=True), linestyle="--", linewidth=1.2, color=colour, zorder=1)
    for whole, size in ((False, LAYER_POINTS), (True, WHOLE_POINTS)):
        some = [point for point in points if (point.layer == WHOLE) is whole]
        ax.plot(
            [point.ops_per_bit for point in some],
            [point.ops_per_s for point in some],
            linestyle="",
            marker=marker,
            markersize=size,
            color=colour,
            markeredgecolor=ground(ax),
            markeredgewidth=0.6,
            alpha=0.85,
            zorder=2,
        )
    ax.plot([], [], marker=marker, markersize=LAYER_POINTS, linestyle="--" if limit else "", color=colour, label=label)


def _place(point: RooflinePoint, name: str = "") -> Named:
    return Named(point.ops_per_bit, point.ops_per_s, WHOLE_POINTS if point.layer == WHOLE else LAYER_POINTS, name)
