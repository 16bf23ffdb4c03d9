"""The roofline: a point for each layer, a slope for each kind of link, a roof for the arrays."""

from __future__ import annotations

from collections.abc import Sequence

from hyperdrive_sim.outputs.page.picture import INK, Picture, PlotlyJson, logarithmic, plain, short
from hyperdrive_sim.outputs.palette import marks, of_units
from hyperdrive_sim.reports.derived.roofline import Roofline, RooflinePoint, called, outstanding
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import si

HEIGHT, LEAST = 480, 320
NAMED = 10
_ROOF: PlotlyJson = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}


def roofline(found: Roofline, report: Report) -> Picture:
    """The picture of a roofline; links have the colours that units of their kind have in the timeline."""
    colour, mark = of_units(report), marks(found.links)
    intensity = [*(point.ops_per_bit for point in found.points), *found.ridges.values()]
    x = logarithmic("operations per bit over its link", intensity, "Op/bit", 3)
    left, right = (10.0**power for power in x["range"])
    peak = {"x": [left, right], "y": [found.peak_ops_per_s] * 2, "name": f"arrays, {si(found.peak_ops_per_s, 'Op/s')}"}
    roofs = [{**_ROOF, **peak, "line": {"color": INK, "width": 1.5}}]
    for link, rate in found.bits_per_s.items():
        ends = found.slope(link, left)
        slope = {"x": [short(intensity) for intensity, _ in ends], "y": [short(attained) for _, attained in ends]}
        dashed = {"color": colour[link], "width": 1.5, "dash": "dash"}
        roofs.append({**_ROOF, **slope, "name": f"{link}, {si(rate, 'bit/s')}", "line": dashed})
    points = [_points([p for p in found.points if p.link == link], link, colour[link], mark[link]) for link in found.links]
    y = logarithmic("operations per second", [*(point.ops_per_s for point in found.points), found.peak_ops_per_s], "Op/s")
    missing = f" Not drawn: {', '.join(found.unlinked)}, which move nothing over a link." if found.unlinked else ""
    return Picture(
        "roofline",
        "Roofline",
        "Every layer that computes, against what all arrays together can compute and all links of a kind together can carry. A layer has "
        "the colour of the kind of link that it keeps busy longest, and its operations per bit count the bits over those. Named are layers "
        f"far below their roofs and those that take longest; all say their names when pointed at.{missing}",
        "Operations per bit stand in the table of layers.",
        HEIGHT,
        [*roofs, *(trace for trace in points if trace["x"])],
        {"xaxis": x, "yaxis": y, "hovermode": "closest", "showlegend": True},
        names=named([found]),
        plot=LEAST,
    )


def named(roofs: Sequence[Roofline]) -> PlotlyJson:
    """The points that have their names beside them, the most important first."""
    firsts = outstanding(roofs, NAMED)
    return {"points": [[short(point.ops_per_bit), short(point.ops_per_s), plain(called(point, others))] for point, others in firsts]}


def _points(points: Sequence[RooflinePoint], name: str, colour: str, symbol: str) -> PlotlyJson:
    return {
        **{"type": "scatter", "mode": "markers", "name": f"layers at {name}", "hovertemplate": "%{customdata}<extra></extra>"},
        "marker": {"color": colour, "symbol": symbol, "size": 8, "opacity": 0.8},
        "x": [short(point.ops_per_bit) for point in points],
        "y": [short(point.ops_per_s) for point in points],
        "customdata": [f"{plain(p.layer)}<br>{p.ops_per_bit:,.4g} Op/bit over {p.link}<br>{si(p.ops_per_s, 'Op/s')}" for p in points],
    }
