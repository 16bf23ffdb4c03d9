"""The timeline: a row for each of the busiest units, a bar where it works."""

from __future__ import annotations

from collections.abc import Sequence

from hyperdrive_sim.outputs.page.picture import Picture, PlotlyJson, linear, plain, short
from hyperdrive_sim.outputs.page.pictures.along import along, with_layers
from hyperdrive_sim.outputs.palette import of_units
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.gantt import Gantt, GanttBar
from hyperdrive_sim.reports.derived.layer_spans import LayerSpan
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import percent, si
from hyperdrive_sim.text.wording import counted

ROW, AROUND = 19, 110
OTHER_LAYER = 0.55
HEIGHT, THINNEST = 0.84, 0.06


def timeline(found: Gantt, spans: Sequence[LayerSpan], report: Report) -> Picture:
    """The picture of a Gantt chart and of the layers along it: every other one has a lighter shade; the caption says what was merged."""
    kind, colour = {row.name: row.kind for row in report.units}, of_units(report)
    factor, x = linear("time", report.trace.makespan_ps / PS_PER_S, "s")
    number = {row.name: position for position, row in enumerate(report.layers)}
    data = []
    for one in dict.fromkeys(kind[unit] for unit in found.units):
        bars = [bar for bar in found.bars if kind[bar.unit] == one]
        shades = [OTHER_LAYER if number[bar.first] % 2 else 1 for bar in bars]
        data.append({**_bars(bars, factor), "name": one, "marker": {"color": colour[one], "opacity": shades, "line": {"width": 0}}})
    rows = {"categoryorder": "array", "categoryarray": list(found.units)[::-1], "ticks": "", "showgrid": False, "automargin": True}
    picture = Picture(
        "timeline",
        "Timeline",
        _caption(found),
        "What the time goes to stands in the tables of this section.",
        len(found.units) * ROW + AROUND,
        data,
        {"xaxis": {**x, "showgrid": False}, "yaxis": rows, "barmode": "overlay", "hovermode": "closest", "showlegend": True},
        plot=len(found.units) * ROW,
    )
    return with_layers(picture, along(spans, report, factor, len(found.units) * ROW))


def _caption(found: Gantt) -> str:
    units = counted(len(found.units), "unit")
    drawn = f"{units}, a shade for every other layer; a bar is as high as its unit was busy in it. Above, the layers that arrays work on."
    gap = si(found.pixel_ps / PS_PER_S, "s")
    merged = f" {found.tasks:,} tasks are {len(found.bars):,} bars: tasks of one layer less than {gap} apart are merged into one,"
    others = f" Of each kind the busiest are drawn; {counted(found.left_out, 'other unit')} worked too." if found.left_out else ""
    idle = f" {counted(found.idle_units, 'unit')} did nothing." if found.idle_units else ""
    return f"{drawn}{merged} and so are tasks of several layers that take less together.{others}{idle}"


def _bars(bars: Sequence[GanttBar], factor: float) -> PlotlyJson:
    return {
        **{"type": "bar", "orientation": "h", "hovertemplate": "%{y}: %{customdata}<extra></extra>"},
        "y": [bar.unit for bar in bars],
        "base": [short(bar.start_ps / PS_PER_S * factor) for bar in bars],
        "x": [short((bar.end_ps - bar.start_ps) / PS_PER_S * factor) for bar in bars],
        "width": [round(max(THINNEST, HEIGHT * bar.share), 2) for bar in bars],
        "customdata": [_said(bar) for bar in bars],
    }


def _said(bar: GanttBar) -> str:
    layers = bar.first if bar.first == bar.last else f"{bar.first} to {bar.last}"
    start, end = (si(ps / PS_PER_S, "s") for ps in (bar.start_ps, bar.end_ps))
    return f"{plain(layers)}<br>{start} to {end}, {percent(bar.share)} busy, {counted(bar.tasks, 'task')}"
