"""How the latencies of a run's frames are spread: bars, and lines for the median, the 99th percentile and the deadline."""

from __future__ import annotations

from itertools import pairwise

from hyperdrive_sim.outputs import palette
from hyperdrive_sim.outputs.page.picture import INK, Picture, PlotlyJson, axis, linear, short
from hyperdrive_sim.reports.derived.latencies import DEADLINE, Latencies
from hyperdrive_sim.reports.summary import met, si
from hyperdrive_sim.text.wording import counted

HEIGHT, LEAST = 300, 180
ROOM = 1.08
"""Height of the axis, in that of the highest bar."""
DASH = {"median": "dash", "99th percentile": "dot", DEADLINE: "solid"}


def latency(found: Latencies) -> Picture:
    """The picture of latencies; the same as the plot of this name."""
    to_x, x = linear("latency", found.range_s[1], "s")
    low, high = (short(edge * to_x) for edge in found.range_s)
    top = short(ROOM * max(found.counts))
    y = axis("frames", range=[0, top], tickformat=",d", **({"dtick": 1} if max(found.counts) <= 5 else {}))
    data: list[PlotlyJson] = [_bars(found, to_x), *_lines(found, to_x, top)]
    missed = "" if found.misses is None else f" The deadline is {met(found.misses, found.frames)}."
    return Picture(
        "latency",
        "Latency of the frames",
        f"How many of {found.frames:,} frames took how long from their arrival to their last output, a bar for each "
        f"{si(found.width_s, 's')}.{missed}",
        "How many frames took how long stands in the table of latencies.",
        HEIGHT,
        data,
        {"xaxis": {**x, "range": [low, high]}, "yaxis": y, "bargap": 0, "hovermode": "closest", "showlegend": True},
        plot=LEAST,
    )


def _bars(found: Latencies, to_x: float) -> PlotlyJson:
    edges = [edge * to_x for edge in found.edges_s]
    between = list(pairwise(edges))
    said = pairwise([si(edge, "s") for edge in found.edges_s])
    says = [f"{low} to {high}: {counted(number, 'frame')}" for (low, high), number in zip(said, found.counts, strict=True)]
    middles, widths = [short((low + high) / 2) for low, high in between], [short(high - low) for low, high in between]
    bars = {"type": "bar", "name": "frames", "x": middles, "width": widths, "y": list(found.counts), "marker": {"color": palette.LATENCIES}}
    return {**bars, "customdata": says, "hovertemplate": "%{customdata}<extra></extra>"}


def _lines(found: Latencies, to_x: float, top: float) -> list[PlotlyJson]:
    """A line for each mark; of one that is far off, the legend alone."""
    lines: list[PlotlyJson] = []
    for mark in found.marks:
        at = short(mark.at_s * to_x)
        where = {"x": [at, at], "y": [0, top]} if mark.shown else {"x": [None], "y": [None]}
        line = {"color": palette.DEADLINE if mark.name == DEADLINE else INK, "dash": DASH[mark.name], "width": 2}
        name = f"{mark.name}, {si(mark.at_s, 's')}"
        lines.append({"type": "scatter", "mode": "lines", "name": name, **where, "line": line, "hoverinfo": "name"})
    return lines
