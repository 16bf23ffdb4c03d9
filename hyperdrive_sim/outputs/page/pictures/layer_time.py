"""The time of each layer: a bar of what its arrays compute and what they stand still for."""

from __future__ import annotations

from math import fsum

from hyperdrive_sim.outputs.page.picture import Picture, linear, plain, short
from hyperdrive_sim.outputs.palette import of_layer_time
from hyperdrive_sim.reports.derived.layer_time import said as called
from hyperdrive_sim.reports.derived.layer_time import seconds_by_layer
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import percent, si

HEIGHT, LEAST = 380, 180
ROOM = 1.05
"""Height of the axis, in that of the highest bar."""
NAME_PIXELS = 11


def layer_time(report: Report) -> Picture:
    """The picture of the time of layers, per frame; the same as the plot of this name."""
    stack, colour = seconds_by_layer(report), of_layer_time(report)
    names = [plain(row.name) for row in report.layers]
    took = [fsum(parts) for parts in zip(*(part.tolist() for part in stack.values()), strict=True)]
    total = fsum(took)
    factor, y = linear("time per frame", ROOM * max(took), "s")
    data = []
    for cause, part in stack.items():
        seconds = part.tolist()
        says = [f"{name}: {called(cause)} {si(one, 's')}, {percent(one / total)}" for name, one in zip(names, seconds, strict=True)]
        bars = {"x": names, "y": [short(one * factor) for one in seconds], "customdata": says, "marker": {"color": colour[cause]}}
        name = f"{called(cause)}, {percent(fsum(seconds) / total)}"
        data.append({**bars, "type": "bar", "name": name, "hovertemplate": "%{customdata}<extra></extra>"})
    x = {"type": "category", "tickangle": -90, "tickfont": {"size": NAME_PIXELS}, "showgrid": False}
    return Picture(
        "layer_time",
        "Where the time goes",
        f"How long the arrays compute each layer and what they stand still for, on average over them: together {si(total, 's')} per frame.",
        "The time of each layer stands in the table of layers.",
        HEIGHT,
        data,
        {"xaxis": x, "yaxis": y, "barmode": "stack", "bargap": 0.15, "hovermode": "closest", "legend": {"traceorder": "normal"}},
        plot=LEAST,
    )
