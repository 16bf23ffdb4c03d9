"""The roofline: what layers attain, under what the arrays and the links allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill

from matplotlib.axes import Axes

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.plots.axes import amount, axes, legend, logarithmic, measured, titled
from hyperdrive_sim.outputs.plots.colours import PALETTE, ground, ink, of_kinds
from hyperdrive_sim.outputs.plots.labels import Labels, Named
from hyperdrive_sim.report.derived.actions import done
from hyperdrive_sim.report.derived.roofline import WHOLE, Point, Roofline
from hyperdrive_sim.report.derived.roofline import roofline as found_for
from hyperdrive_sim.report.report import Report
from hyperdrive_sim.text.wording import counted

NAME_LETTERS = 30
ENTRY_INCHES = 0.9
"""What one of several runs needs of the legend."""
MARKERS = "os^DvP"
ALIKE = 0.05
"""Points that differ by less than this part lie on each other."""
LAYER_POINTS, WHOLE_POINTS = 6.0, 12.0
"""How large a marker is, in printer's points."""


def roofline(reports: Report | Sequence[Report], *, most: int = 8, ax: Axes | None = None) -> Axes:
    """A point per layer: operations per bit that crosses the chips' edges, against operations per second.

    A layer's bits are those of one kind of link, the kind whose rate they take up longest: under its roof the layer stands, and under the
    arrays' peak. Its seconds are those that the arrays worked on it or stood still before it, so that all layers' are the whole run's;
    a point above its link's roof had bits brought while earlier layers computed. The whole run is a larger point. The *most* that stay
    furthest below their roofs are named as far as there is room. A layer without a bit across an edge has no place here; the title
    counts those.
    """
    shown = [reports] if isinstance(reports, Report) else list(reports)
    if not shown:
        raise InvalidInput.at("reports", "there are none to draw", "give at least one")
    roofs = [found_for(report, done(report)) for report in shown]
    points = [[*roof.points, *([roof.whole] if roof.whole else [])] for roof in roofs]
    every = [point for some in points for point in some]
    if not every:
        raise InvalidInput.at("reports", "nothing in them crosses a chip's edge", "give a run that takes input or weights from outside")
    ax = axes(ax, 9.0 if len(shown) == 1 else 10.0, max(5.4, 1.0 + ENTRY_INCHES * len(shown)))
    _limited(ax, roofs, every)
    links = list(dict.fromkeys(point.link for point in every))
    for number, (report, roof, some) in enumerate(zip(shown, roofs, points, strict=True)):
        name = f"{fill(report.scenario.title, NAME_LETTERS)}\n" if len(shown) > 1 else ""
        peak = report.machine.peak_ops_per_s
        ax.axhline(peak, color=PALETTE[number % len(PALETTE)] if name else ink(ax), label=f"{name}peak {amount(peak, 'Op/s')}", zorder=1)
        for place, link in enumerate(links):
            colour = PALETTE[number % len(PALETTE)] if name else of_kinds(report)[link]
            _of_a_link(ax, roof, [point for point in some if point.link == link], colour, MARKERS[place % len(MARKERS)])
    _named(ax, [(point, point.ops_per_s / roof.roof_ops_per_s(point)) for roof in roofs for point in roof.points], every, most)
    legend(ax)
    left_out = sum(len(roof.unlinked) for roof in roofs)
    title = shown[0].scenario.title if len(shown) == 1 else counted(len(shown), "run")
    without = f"; {counted(left_out, 'layer')} without a bit across an edge not shown" if left_out else ""
    titled(ax, title, f"what layers attain under their roofs; the larger point is the whole run{without}")
    return ax


def _limited(ax: Axes, roofs: Sequence[Roofline], points: Sequence[Point]) -> None:
    """Logarithmic axes around all points, all peaks, and where the roofs meet them."""
    used, peaks = {point.link for point in points}, [roof.peak_ops_per_s for roof in roofs]
    knees = [roof.peak_ops_per_s / limit for roof in roofs for link, limit in roof.bits_per_s.items() if link in used]
    logarithmic(ax, "x", [*(point.ops_per_bit for point in points), *knees])
    logarithmic(ax, "y", [*(point.ops_per_s for point in points), *peaks])
    measured(ax.xaxis, "operations per bit of I/O, over the link that it keeps busy longest", "Op/bit")
    measured(ax.yaxis, "attained", "Op/s")
    ax.grid(color=ink(ax), alpha=0.15)
    ax.set_axisbelow(True)


def _of_a_link(ax: Axes, roof: Roofline, points: Sequence[Point], colour: str, marker: str) -> None:
    """One kind of link of one report: its roof, up to the peak, and the points below it."""
    if not points:
        return
    limit, link = roof.bits_per_s.get(points[0].link), points[0].link
    label = f"{link}, {amount(limit, 'bit/s')}" if limit else f"{link}, of no stated rate"
    if limit:
        low, knee = ax.get_xlim()[0], roof.peak_ops_per_s / limit
        ax.plot([low, knee], [low * limit, knee * limit], linestyle="--", linewidth=1.2, color=colour, zorder=1)
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


def _named(ax: Axes, layers: Sequence[tuple[Point, float]], points: Sequence[Point], most: int) -> None:
    """Names for those furthest below their roofs; layers that can hardly be told apart are named by the first of them.

    *layers* come with the share of their roof that they attain; names keep clear of all *points*.
    """
    alike: dict[tuple[float, ...], list[tuple[Point, float]]] = {}
    for point, share in layers:
        alike.setdefault(tuple(round(math.log(value) / ALIKE) for value in (point.ops_per_bit, point.ops_per_s)), []).append((point, share))
    lowest = sorted(alike.values(), key=lambda some: some[0][1])[:most]
    firsts = [(some[0][0], f" and {len(some) - 1} more" if len(some) > 1 else "") for some in lowest]
    Labels(ax, [*(_place(point, point.layer + more) for point, more in firsts), *map(_place, points)])


def _place(point: Point, name: str = "") -> Named:
    return Named(point.ops_per_bit, point.ops_per_s, WHOLE_POINTS if point.layer == WHOLE else LAYER_POINTS, name)
