"""A strip of layers along an axis of time, and above it their names, of which labels.js writes those that have room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hyperdrive_sim.outputs.page.picture import Picture, PlotlyJson, plain, short
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.layer_spans import LayerSpan
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import si

STRIP, GAP, LETTER = 12, 6, 6.5
"""Height of the strip, what is free below it, and length of a letter, in CSS pixels."""
LONGEST = 24
"""Letters of a name; of a longer one the end is shown, which tells layers apart."""
SHADES = (0.85, 0.4)


class Along(NamedTuple):
    """A picture with the layers along its time. `share` is how much of its height is left for what it shows."""

    pixels: int
    share: float
    data: PlotlyJson
    axis: PlotlyJson
    names: PlotlyJson


def along(spans: Sequence[LayerSpan], report: Report, factor: float, below: int) -> Along:
    """The strip above something that is *below* pixels high; *factor* brings seconds onto the axis."""
    number = {row.name: position for position, row in enumerate(report.layers)}
    names = [ended(span.layer) for span in spans]
    room = STRIP + LETTER * max(map(len, names), default=0)
    high = STRIP / room
    share = below / (below + GAP + room)
    at = [(short(span.start_ps / PS_PER_S * factor), short(span.end_ps / PS_PER_S * factor)) for span in spans]
    data = {
        **{"type": "bar", "orientation": "h", "yaxis": "y2", "showlegend": False, "hovertemplate": "%{customdata}<extra></extra>"},
        **{"base": [start for start, _ in at], "x": [short(end - start) for start, end in at]},
        **{"y": [short(high / 2)] * len(at), "width": [short(high)] * len(at), "customdata": [_said(span) for span in spans]},
        "marker": {"color": "@soft", "opacity": [SHADES[number.get(span.layer, 0) % 2] for span in spans], "line": {"width": 0}},
    }
    axis = {"domain": [short(1 - share * room / below), 1], "range": [0, 1], "fixedrange": True, "visible": False}
    written = {"along": [[*ends, plain(name)] for ends, name in zip(at, names, strict=True)], "above": short(high)}
    return Along(round(GAP + room), short(share), data, axis, written)


def ended(name: str) -> str:
    """A name, or of one that is too long its end.

    >>> ended("layer1.0.conv1"), ended("features.denseblock1.denselayer6.conv2")
    ('layer1.0.conv1', '...ck1.denselayer6.conv2')
    """
    return name if len(name) <= LONGEST else f"...{name[3 - LONGEST :]}"


def with_layers(picture: Picture, layers: Along) -> Picture:
    """A picture whose x axis is time, with the layers above it."""
    y = {**picture.layout["yaxis"], "domain": [0, layers.share]}
    layout = {**picture.layout, "yaxis": y, "yaxis2": layers.axis}
    height, plot = picture.height + layers.pixels, picture.plot + layers.pixels
    return picture._replace(height=height, data=[*picture.data, layers.data], layout=layout, names=layers.names, plot=plot)


def _said(span: LayerSpan) -> str:
    start, end = (si(ps / PS_PER_S, "s") for ps in (span.start_ps, span.end_ps))
    return f"{plain(span.layer)}<br>{start} to {end}"
