"""The roofline: what layers attain, under what the arrays and the links allow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import NamedTuple

from matplotlib.axes import Axes

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.plots.axes import amount, axes, legend, logarithmic, measured, titled
from hyperdrive_sim.plots.colours import PALETTE, ground, ink, of_kinds
from hyperdrive_sim.plots.crossing import by_layer_and_kind, rates
from hyperdrive_sim.plots.labels import Labels, Named
from hyperdrive_sim.report import Report
from hyperdrive_sim.wording import counted

NAME_LETTERS = 30
ENTRY_INCHES = 0.9
"""What one of several runs needs of the legend."""
MARKERS = "os^DvP"
WHOLE = "whole run"
ALIKE = 0.05
"""Points that differ by less than this part lie on each other."""
LAYER_POINTS, WHOLE_POINTS = 6.0, 12.0
"""How large a marker is, in printer's points."""


class Point(NamedTuple):
    """What a layer, or the whole run, attains, and how much it computes for each bit of the link that its bits take up longest."""

    name: str
    link: str
    ops_per_bit: float
    ops_per_s: float
    roof_ops_per_s: float


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
    points = [list(_points(report)) for report in shown]
    every = [point for some in points for point in some]
    if not every:
        raise InvalidInput.at("reports", "nothing in them crosses a chip's edge", "give a run that takes input or weights from outside")
    ax = axes(ax, 9.0 if len(shown) == 1 else 10.0, max(5.4, 1.0 + ENTRY_INCHES * len(shown)))
    _limited(ax, shown, every)
    links = list(dict.fromkeys(point.link for point in every))
    for number, (report, some) in enumerate(zip(shown, points, strict=True)):
        name = f"{fill(report.scenario.title, NAME_LETTERS)}\n" if len(shown) > 1 else ""
        peak = report.machine.peak_ops_per_s
        ax.axhline(peak, color=PALETTE[number % len(PALETTE)] if name else ink(ax), label=f"{name}peak {amount(peak, 'Op/s')}", zorder=1)
        for place, link in enumerate(links):
            colour = PALETTE[number % len(PALETTE)] if name else of_kinds(report)[link]
            _of_a_link(ax, report, [point for point in some if point.link == link], colour, MARKERS[place % len(MARKERS)])
    _named(ax, every, most)
    legend(ax)
    left_out = sum(bool(row.ops) for report in shown for row in report.layers) + len(shown) - len(every)
    title = shown[0].scenario.title if len(shown) == 1 else counted(len(shown), "run")
    without = f"; {counted(left_out, 'layer')} without a bit across an edge not shown" if left_out else ""
    titled(ax, title, f"what layers attain under their roofs; the larger point is the whole run{without}")
    return ax


def _points(report: Report) -> Iterator[Point]:
    """Those of a report's layers, and the last one that of the whole run."""
    carried, limits, peak = by_layer_and_kind(report), rates(report), report.machine.peak_ops_per_s
    total: Counter[str] = Counter()
    for bits in carried.values():
        total.update(bits)
    rows = [(row.name, row.ops, row.utilization * peak, carried[row.name]) for row in report.layers if row.ops]
    rows.append((WHOLE, sum(row.ops for row in report.layers), report.throughput.ops_per_s, total))
    for name, ops, attained, bits in rows:
        if bits:
            link = max(bits, key=lambda kind: (bits[kind] / limits.get(kind, math.inf), bits[kind]))
            intensity = ops / bits[link]
            yield Point(name, link, intensity, attained, min(peak, intensity * limits.get(link, math.inf)))


def _limited(ax: Axes, reports: Sequence[Report], points: Sequence[Point]) -> None:
    """Logarithmic axes around all points, all peaks, and where the roofs meet them."""
    used = {point.link for point in points}
    peaks = [report.machine.peak_ops_per_s for report in reports]
    knees = [report.machine.peak_ops_per_s / limit for report in reports for link, limit in rates(report).items() if link in used]
    logarithmic(ax, "x", [*(point.ops_per_bit for point in points), *knees])
    logarithmic(ax, "y", [*(point.ops_per_s for point in points), *peaks])
    measured(ax.xaxis, "operations per bit of I/O, over the link that it keeps busy longest", "Op/bit")
    measured(ax.yaxis, "attained", "Op/s")
    ax.grid(color=ink(ax), alpha=0.15)
    ax.set_axisbelow(True)


def _of_a_link(ax: Axes, report: Report, points: Sequence[Point], colour: str, marker: str) -> None:
    """One kind of link of one report: its roof, up to the peak, and the points below it."""
    if not points:
        return
    limit, link = rates(report).get(points[0].link), points[0].link
    label = f"{link}, {amount(limit, 'bit/s')}" if limit else f"{link}, of no stated rate"
    if limit:
        low, knee = ax.get_xlim()[0], report.machine.peak_ops_per_s / limit
        ax.plot([low, knee], [low * limit, knee * limit], linestyle="--", linewidth=1.2, color=colour, zorder=1)
    for whole, size in ((False, LAYER_POINTS), (True, WHOLE_POINTS)):
        some = [point for point in points if (point.name == WHOLE) is whole]
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


def _named(ax: Axes, points: Sequence[Point], most: int) -> None:
    """Names for those furthest below their roofs; layers that can hardly be told apart are named by the first of them."""
    alike: dict[tuple[float, ...], list[Point]] = {}
    for point in points:
        if point.name != WHOLE:
            alike.setdefault(tuple(round(math.log(value) / ALIKE) for value in (point.ops_per_bit, point.ops_per_s)), []).append(point)
    lowest = sorted(alike.values(), key=lambda some: some[0].ops_per_s / some[0].roof_ops_per_s)[:most]
    named = [_place(some[0], some[0].name + (f" and {len(some) - 1} more" if len(some) > 1 else "")) for some in lowest]
    Labels(ax, [*named, *map(_place, points)])


def _place(point: Point, name: str = "") -> Named:
    return Named(point.ops_per_bit, point.ops_per_s, WHOLE_POINTS if point.name == WHOLE else LAYER_POINTS, name)
