"""Memories over time: a strip for the fullest of each kind, from empty to full."""

from __future__ import annotations

from collections.abc import Sequence

from hyperdrive_sim.outputs.page.picture import LINE, Picture, Spec, colours, faded, linear, plain, short
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.report.derived.memory_use import MemoryKind, curve
from hyperdrive_sim.report.report import Report
from hyperdrive_sim.report.summary import percent, si

STRIP, AROUND = 44, 110
FILL = 0.4
_FULL: Spec = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "line": {"width": 1, "color": LINE}, "layer": "below"}


def memories(kinds: Sequence[MemoryKind], report: Report) -> Picture:
    """The fullest kind on top; one that nothing ever was in has no strip."""
    used = [kind for kind in kinds if kind.peak_bits]
    colour, makespan = colours(kind.name for kind in used), report.trace.makespan_ps
    factor, x = linear("time", makespan / PS_PER_S, "s")
    strips = ["y", *(f"y{number}" for number in range(2, len(used) + 1))]
    data = []
    for kind, strip in zip(used, strips, strict=True):
        times, bits = curve(report.occupancy[kind.fullest], makespan)
        seconds = [time / PS_PER_S for time in (*times.tolist(), makespan)]
        drawn = {"x": [short(second * factor) for second in seconds], **_held(kind, [*bits.tolist(), int(bits[-1])])}
        data.append({**drawn, **_area(colour[kind.name]), "yaxis": strip})
    axes = {strip.replace("y", "yaxis"): _strip_axis(used[number].fullest, number, len(used)) for number, strip in enumerate(strips)}
    frames = [{**_FULL, "yref": f"{strip} domain"} for strip in strips]
    return Picture(
        "memories",
        "Memories over time",
        "The fullest memory of each kind, from empty to full; of many changes within a moment, the highest is drawn.",
        "How full each kind gets stands in the table below.",
        len(used) * STRIP + AROUND,
        data,
        {"xaxis": {**x, "showgrid": False, "anchor": strips[-1]}, **axes, "shapes": frames, "showlegend": False, "hovermode": "closest"},
    )


def _held(kind: MemoryKind, bits: Sequence[int]) -> Spec:
    shares = [held / kind.capacity_bits for held in bits]
    said = [f"{plain(kind.fullest)}: {si(held, 'bit')}, {percent(share)}" for held, share in zip(bits, shares, strict=True)]
    return {"y": list(map(short, shares)), "customdata": said, "hovertemplate": "%{customdata}<extra></extra>"}


def _area(colour: str) -> Spec:
    line = {"shape": "hv", "width": 1, "color": colour}
    return {"type": "scatter", "mode": "lines", "fill": "tozeroy", "fillcolor": faded(colour, FILL), "line": line}


def _strip_axis(name: str, number: int, strips: int) -> Spec:
    """One of several, the first on top, with its name beside it."""
    top = 1 - number / strips
    ticks = {"tickvals": [0.5], "ticktext": [plain(name)], "ticks": "", "showgrid": False, "showline": False}
    return {**ticks, "range": [0, 1], "domain": [short(top - 0.85 / strips), short(top)]}
