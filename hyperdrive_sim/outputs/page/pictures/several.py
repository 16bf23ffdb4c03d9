"""Several runs in one picture: energies, latency against energy, rooflines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import fsum
from textwrap import wrap
from typing import Any

from hyperdrive_sim.outputs.page.picture import Picture, PlotlyJson, axis, linear, logarithmic, plain, short
from hyperdrive_sim.outputs.palette import GREY, MARKS, PALETTE, of_layer_time, of_parts
from hyperdrive_sim.reports.derived.actions import joules_by_part
from hyperdrive_sim.reports.derived.layer_time import said, seconds_by_layer
from hyperdrive_sim.reports.derived.roofline import Roofline
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import percent, si

LABEL = 28
NO_BREAK = "\N{NO-BREAK SPACE}"
SMALL = 0.02
"""Causes of stalls that take less than this share of every run's time are one."""
ELSE = "something else"
ROW, LINE, AROUND = 44, 17, 120
HEIGHT, LOW = 480, 400
WIDTHS = (600, 1600)
SHAPES = tuple(MARKS)


def times(names: Sequence[str], reports: Sequence[Report]) -> Picture:
    """A bar per run: the shares of its time in which arrays compute and in which they stand still, by cause."""
    stacks = [_shares(report) for report in reports]
    largest = {cause: max(stack.get(cause, 0.0) for stack in stacks) for stack in stacks for cause in stack}
    colour = {**of_layer_time(*reports), ELSE: GREY}
    data = []
    for cause in [*(cause for cause, share in largest.items() if share >= SMALL), ELSE]:
        small = [other for other, share in largest.items() if share < SMALL] if cause == ELSE else [cause]
        shares = [fsum(stack.get(one, 0.0) for one in small) for stack in stacks]
        data.append(
            {
                **{"type": "bar", "orientation": "h", "name": said(cause), "marker": {"color": colour[cause]}},
                "y": [label(run) for run in names],
                "x": list(map(short, shares)),
                "customdata": [f"{said(cause)}: {percent(share)}" for share in shares],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    return Picture(
        "times",
        "Where the time goes",
        "Every run's time: how long its arrays compute and what they stand still for, on average over them.",
        "What the time of each run goes to stands in its tables.",
        _rows(names) + AROUND,
        [bars for bars in data if any(bars["x"])],
        {
            "xaxis": axis("share of the time", range=[0, 1], tickformat=".0%", ticklabeloverflow="allow"),
            "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False},
            "barmode": "stack",
            "legend": {"traceorder": "normal"},
        },
        plot=_rows(names),
    )


def _shares(report: Report) -> dict[str, float]:
    """Shares of a run's time by what it goes to."""
    parts = {cause: fsum(seconds.tolist()) for cause, seconds in seconds_by_layer(report).items()}
    total = fsum(parts.values())
    return {cause: seconds / total for cause, seconds in parts.items()}


def energies(names: Sequence[str], reports: Sequence[Report]) -> Picture:
    """A bar per run: the core, then I/O by what it carries."""
    parts = [joules_by_part(report) for report in reports]
    factor, x = linear("energy per frame", max(report.energy.total_j for report in reports) * 1.02, "J")
    colour = of_parts()
    data = []
    for part in dict.fromkeys(part for one in parts for part in one):
        joules, name = [one.get(part, 0.0) for one in parts], f"I/O, {part}" if part else "core"
        data.append(
            {
                **{"type": "bar", "orientation": "h", "name": name, "marker": {"color": colour[part]}},
                "y": [label(run) for run in names],
                "x": [short(one * factor) for one in joules],
                "customdata": [si(one, "J") for one in joules],
                "hovertemplate": f"{name}: %{{customdata}}<extra></extra>",
            }
        )
    return Picture(
        "energies",
        "Energy of a frame",
        "Every run's energy: the core's, and that of I/O by what it carries.",
        "Core and I/O stand in the table above.",
        _rows(names) + AROUND,
        data,
        {
            "xaxis": x,
            "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False},
            "barmode": "stack",
            "legend": {"traceorder": "normal"},
        },
        plot=_rows(names),
    )


def trade_off(names: Sequence[str], reports: Sequence[Report]) -> Picture:
    """A point per run; the best are down left."""
    found = [(report.time.latency_s, report.energy.total_j) for report in reports]
    data = [
        {
            **_marked(number, name, SHAPES[number % len(SHAPES)], 13),
            **{"x": [short(latency)], "y": [short(joules)], "mode": "markers+text"},
            **{"text": [f" {number + 1}"], "textposition": "middle right"},
            "customdata": [f"{plain(name)}<br>{si(latency, 's')}, {si(joules, 'J')}"],
        }
        for number, (name, (latency, joules)) in enumerate(zip(names, found, strict=True))
    ]
    latency = logarithmic("latency", [latency for latency, _ in found], "s")
    energy = logarithmic("energy per frame", [joules for _, joules in found], "J")
    layout = {"xaxis": latency, "yaxis": energy, "hovermode": "closest", "showlegend": True}
    title, caption = "Latency and energy of a frame", "Down is cheaper, left is faster."
    return Picture("trade_off", title, caption, "Both stand in the table above.", LOW, data, layout, widths=WIDTHS)


def rooflines(names: Sequence[str], of_runs: Sequence[Sequence[Roofline]]) -> Picture:
    """Every run's layers under its arrays' peak and the kind of link that most of its layers keep busy longest, by part."""
    roofs = [roof for run in of_runs for roof in run]
    every = [point for roof in roofs for point in roof.points]
    x = logarithmic("operations per bit over its link", [point.ops_per_bit for point in every], "Op/bit")
    y = logarithmic("operations per second", [*(point.ops_per_s for point in every), *(roof.peak_ops_per_s for roof in roofs)], "Op/s")
    left, right = (10.0**power for power in x["range"])
    data = [trace for number, run in enumerate(of_runs) for roof in run for trace in _roofline(number, names[number], roof, (left, right))]
    return Picture(
        "rooflines",
        "Rooflines",
        "Every layer of every run. A line is a run's roof: what the links can carry that most of its layers keep busy longest, up to what "
        "its arrays can compute; without a slope where those links have no stated rate. Each part of a system has a roof of its own.",
        "Operations per bit stand in each run's table of layers.",
        HEIGHT,
        data,
        {"xaxis": x, "yaxis": y, "hovermode": "closest", "showlegend": True},
        widths=WIDTHS,
    )


def _roofline(number: int, name: str, roof: Roofline, ends: tuple[float, float]) -> tuple[PlotlyJson, PlotlyJson]:
    """A run's roof from end to end of the axis, and its layers; marks are open because runs of like chips lie on each other."""
    left, right = ends
    peak = roof.peak_ops_per_s
    slope = roof.slope(roof.main_link, left) or ((left, peak),)
    corners = [(short(x), short(y)) for x, y in (*slope, (right, peak))]
    name = f"{name}, {roof.part}" if roof.part else name
    roofs = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "legendgroup": name}
    line = {"color": PALETTE[number % len(PALETTE)], "width": 1.5}
    points = {
        "x": [short(point.ops_per_bit) for point in roof.points],
        "y": [short(point.ops_per_s) for point in roof.points],
        "customdata": [f"{plain(name)}<br>{plain(p.layer)}<br>{p.ops_per_bit:,.4g} Op/bit, {si(p.ops_per_s, 'Op/s')}" for p in roof.points],
    }
    marked = _marked(number, name, f"{SHAPES[number % len(SHAPES)]}-open", 9)
    return {**roofs, "line": line, "x": [x for x, _ in corners], "y": [y for _, y in corners]}, {**marked, **points}


def _marked(number: int, name: str, symbol: str, size: int) -> Mapping[str, Any]:
    """Points of a run, in its colour."""
    colour = PALETTE[number % len(PALETTE)]
    marker = {"color": colour, "symbol": symbol, "size": size, "line": {"width": 1.5, "color": colour}}
    said = {"hovertemplate": "%{customdata}<extra></extra>", "name": label(name), "legendgroup": name}
    return {"type": "scatter", "mode": "markers", "marker": marker, **said}


def _rows(names: Sequence[str]) -> int:
    """Height of a row for each run, with room for the lines of the longest name."""
    lines = max(label(name).count("<br>") + 1 for name in names)
    return len(names) * max(ROW, (lines + 1) * LINE)


def label(name: str) -> str:
    """A run's name in several short lines; a number stays with its unit."""
    lines = wrap(re.sub(r"(?<=\d) ", NO_BREAK, name), LABEL, break_on_hyphens=False)
    return "<br>".join(plain(line.replace(NO_BREAK, " ")) for line in lines)
