"""Memories over time: a strip for the fullest of each kind, from empty to full."""

from __future__ import annotations

from collections.abc import Sequence

from hyperdrive_sim.outputs.page.picture import LINE, Picture, PlotlyJson, faded, linear, plain, short
from hyperdrive_sim.outputs.palette import colours
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.memory_use import MemoryCurve
from hyperdrive_sim.reports.summary import percent, si

STRIP, AROUND = 44, 110
FILL = 0.4
_FULL: PlotlyJson = {
    "type": "rect",
    "xref": "paper",
    "x0": 0,
    "x1": 1,
    "y0": 0,
    "y1": 1,
    "line": {"width": 1, "color": LINE},
    "layer": "below",
}


def memories(curves: Sequence[MemoryCurve], makespan_ps: int) -> Picture:
    """The picture of memories over time: a strip for each, the first on top."""
    colour = colours(curve.name for curve in curves)
    factor, x = linear("time", makespan_ps / PS_PER_S, "s")
    strips = ["y", *(f"y{number}" for number in range(2, len(curves) + 1))]
    data = [{**_held(curve, factor), **_area(colour[curve.name]), "yaxis": strip} for curve, strip in zip(curves, strips, strict=True)]
    axes = {strip.replace("y", "yaxis"): _strip_axis(curves[number].name, number, len(curves)) for number, strip in enumerate(strips)}
    frames = [{**_FULL, "yref": f"{strip} domain"} for strip in strips]
    return Picture(
        "memories",
        "Memories over time",
        "The fullest memory of each kind, from empty to full; of many changes within a moment, the highest is drawn.",
        "How full each kind gets stands in the table below.",
        len(curves) * STRIP + AROUND,
        data,
        {"xaxis": {**x, "showgrid": False, "anchor": strips[-1]}, **axes, "shapes": frames, "showlegend": False, "hovermode": "closest"},
    )


def _held(curve: MemoryCurve, factor: float) -> PlotlyJson:
    seconds = [time / PS_PER_S for time in (*curve.times_ps.tolist(), curve.end_ps)]
    bits = [*curve.bits.tolist(), int(curve.bits[-1])]
    shares = [held / curve.capacity_bits for held in bits]
    said = [f"{plain(curve.name)}: {si(held, 'bit')}, {percent(share)}" for held, share in zip(bits, shares, strict=True)]
    moments = {"x": [short(second * factor) for second in seconds], "y": list(map(short, shares))}
    return {**moments, "customdata": said, "hovertemplate": "%{customdata}<extra></extra>"}


def _area(colour: str) -> PlotlyJson:
    line = {"shape": "hv", "width": 1, "color": colour}
    return {"type": "scatter", "mode": "lines", "fill": "tozeroy", "fillcolor": faded(colour, FILL), "line": line}


def _strip_axis(name: str, number: int, strips: int) -> PlotlyJson:
    """The axis of one of several strips, the first on top, with its name beside it."""
    top = 1 - number / strips
    ticks = {"tickvals": [0.5], "ticktext": [plain(name)], "ticks": "", "showgrid": False, "showline": False}
    return {**ticks, "range": [0, 1], "domain": [short(top - 0.85 / strips), short(top)]}
