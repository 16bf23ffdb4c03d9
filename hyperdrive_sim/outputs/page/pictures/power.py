"""Power over time: bars of the mean in equal parts of the run, by what it is spent on."""

from __future__ import annotations

from collections.abc import Sequence

from hyperdrive_sim.outputs.page.picture import Picture, PlotlyJson, linear, short
from hyperdrive_sim.outputs.page.pictures.along import along, with_layers
from hyperdrive_sim.outputs.palette import of_power
from hyperdrive_sim.reports.derived.layer_spans import LayerSpan
from hyperdrive_sim.reports.derived.power import Power
from hyperdrive_sim.reports.derived.power import said as called
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import si

PLOT, AROUND = 220, 120
ROOM = 1.05
"""Height of the axis, in that of the highest bar."""


def power(found: Power, spans: Sequence[LayerSpan], report: Report) -> Picture:
    """The picture of power by core and I/O; the same as the plot of this name."""
    colour = of_power(report, "part")
    most = float(found.total_w.max())
    to_x, x = linear("time", float(found.edges_s[-1]), "s")
    to_y, y = linear("power", ROOM * most, "W")
    part = found.part_s * to_x
    middles = [short((number + 0.5) * part) for number in range(len(found.total_w))]
    data: list[PlotlyJson] = []
    for name, watts in found.watts.items():
        bars = {"x": middles, "width": short(part), "y": [short(one * to_y) for one in watts.tolist()], "marker": _filled(colour[name])}
        says = {
            "customdata": [si(one, "W") for one in watts.tolist()],
            "hovertemplate": f"{called(name, 'part')} %{{customdata}}<extra></extra>",
        }
        data.append({**bars, **says, "type": "bar", "name": f"{called(name, 'part')}, {si(float(watts.mean()), 'W')}"})
    order = {"showlegend": True, "legend": {"traceorder": "normal"}}
    layout = {"xaxis": {**x, "showgrid": False}, "yaxis": y, "barmode": "stack", "bargap": 0, "hovermode": "closest", **order}
    picture = Picture(
        "power",
        "Power over time",
        f"The mean in each {si(found.part_s, 's')} of the run; over all of it {si(found.mean_w, 'W')}, at most {si(most, 'W')}. The area "
        "is the energy: a task's is spread evenly over its time. Above, the layers that arrays work on.",
        "What the energy goes to stands in the table of actions.",
        PLOT + AROUND,
        data,
        layout,
        plot=PLOT,
    )
    return with_layers(picture, along(spans, report, to_x, PLOT))


def _filled(colour: str) -> PlotlyJson:
    return {"color": colour, "line": {"width": 0}}
