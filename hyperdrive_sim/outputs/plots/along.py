"""Names of layers along an axis of time, above a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, Locator, NullLocator

from hyperdrive_sim.outputs.plots.axes import LINE, inches
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.layer_spans import LayerSpan, layer_spans
from hyperdrive_sim.reports.report import Report

NAME_SIZE = 7
"""Of a layer's name, in printer's points."""
NAMES_INCHES = 1.1
"""Room for names above a plot."""


class LongestFirst(Locator):
    """The middles of those spans whose names have room beside each other, the longest first; *spans* are by start and end in seconds."""

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        self.spans = spans

    def __call__(self) -> list[float]:
        axis: Any = self.axis
        low, high = axis.get_view_interval()
        apart = (high - low) * LINE * NAME_SIZE / 72 / inches(axis.axes)
        seen = [(max(start, low), min(end, high)) for start, end in self.spans if start < high and end > low]
        found: list[float] = []
        for start, end in sorted(seen, key=lambda span: span[0] - span[1]):
            middle = (start + end) / 2
            if all(abs(middle - other) >= apart for other in found):
                found.append(middle)
        return sorted(found)


def layers_along(ax: Axes, report: Report, start_s: float, end_s: float) -> None:
    """Write the layers that the arrays work on above the time at which they do, as many as there is room for."""
    spans = layer_spans(report, start_s * PS_PER_S, end_s * PS_PER_S)
    top = ax.secondary_xaxis("top")
    top.xaxis.set_major_locator(LongestFirst([(span.start_ps / PS_PER_S, span.end_ps / PS_PER_S) for span in spans]))
    top.xaxis.set_minor_locator(NullLocator())
    top.xaxis.set_major_formatter(FuncFormatter(lambda time, _: _at(spans, time * PS_PER_S)))
    top.tick_params(labelsize=NAME_SIZE, labelrotation=90, length=2)


def _at(spans: Sequence[LayerSpan], time_ps: float) -> str:
    return next((span.layer for span in spans if span.start_ps <= time_ps <= span.end_ps), "")
