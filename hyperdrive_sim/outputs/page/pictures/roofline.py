"""The roofline: a point for each layer, a slope for each kind of link, a roof for the arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hyperdrive_sim.outputs.page.picture import INK, Picture, PlotlyJson, logarithmic, plain, short
from hyperdrive_sim.outputs.palette import marks, of_units
from hyperdrive_sim.reports.derived.roofline import Roofline, RooflinePoint, called, outstanding
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import si

HEIGHT, LEAST = 480, 320
NAMED = 10
_ROOF: PlotlyJson = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}


def roofline(roofs: Sequence[Roofline], report: Report) -> Picture:
    """The picture of a roofline, or of those of a system's parts; links have the colours that units of their kind have in the timeline."""
    colour, mark = of_units(report), marks(link for one in roofs for link in one.links)
    points = [point for one in roofs for point in one.points]
    x = logarithmic("operations per bit over its link", _intensities(roofs), "Op/bit", 3)
    y = logarithmic("operations per second", [*(p.ops_per_s for p in points), *(one.peak_ops_per_s for one in roofs)], "Op/s")
    ends = tuple(10.0**power for power in x["range"])
    lines = [line for one in roofs for line in _roofs(one, ends[0], ends[1], colour)]
    links = dict.fromkeys(link for one in roofs for link in one.links)
    drawn = [_points([p for p in points if p.link == link], link, colour[link], mark[link]) for link in links]
    unlinked = [layer for one in roofs for layer in one.unlinked]
    missing = f" Not drawn: {', '.join(unlinked)}, which move nothing over a link." if unlinked else ""
    whose = "all arrays of its part together can compute" if len(roofs) > 1 else "all arrays together can compute"
    return Picture(
        "roofline",
        "Roofline",
        f"Every layer that computes, against what {whose} and all links of a kind together can carry. A layer has "
        "the colour of the kind of link that it keeps busy longest, and its operations per bit count the bits over those. Named are layers "
        f"far below their roofs and those that take longest; all say their names when pointed at.{missing}",
        "Operations per bit stand in the table of layers.",
        HEIGHT,
        [*lines, *(trace for trace in drawn if trace["x"])],
        {"xaxis": x, "yaxis": y, "hovermode": "closest", "showlegend": True},
        names=named(roofs),
        plot=LEAST,
    )


def _intensities(roofs: Sequence[Roofline]) -> list[float]:
    """Operations per bit that the picture has room for: of all layers, and where roofs meet."""
    return [found for one in roofs for found in (*(point.ops_per_bit for point in one.points), *one.ridges.values())]


def _roofs(found: Roofline, left: float, right: float, colour: Mapping[str, str]) -> Iterator[PlotlyJson]:
    """The peak of the arrays from end to end, and the slope of each kind of link up to it."""
    arrays = " ".join(filter(None, (found.part, "arrays")))
    peak = {"x": [left, right], "y": [found.peak_ops_per_s] * 2, "name": f"{arrays}, {si(found.peak_ops_per_s, 'Op/s')}"}
    said = {"mode": "lines+text", "text": ["", plain(found.part)], "textposition": "bottom left"} if found.part else {}
    yield {**_ROOF, **peak, **said, "line": {"color": INK, "width": 1.5}}
    for link, rate in found.bits_per_s.items():
        ends = found.slope(link, left)
        slope = {"x": [short(intensity) for intensity, _ in ends], "y": [short(attained) for _, attained in ends]}
        dashed = {"color": colour[link], "width": 1.5, "dash": "dash"}
        yield {**_ROOF, **slope, "name": f"{link}, {si(rate, 'bit/s')}", "line": dashed}


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
