"""Layers along the time of a run: which one the arrays work on, and from when to when."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hyperdrive_sim.reports.derived.bins import spread
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.machine import is_array

PARTS = 1000


class LayerSpan(NamedTuple):
    """From `start_ps` to `end_ps`, most of what the arrays did was for a layer."""

    layer: str
    start_ps: float
    end_ps: float


def layer_spans(report: Report, start_ps: float = 0.0, end_ps: float | None = None, *, parts: int = PARTS) -> tuple[LayerSpan, ...]:
    """The layer that arrays work on most, all arrays together, in each of so many equal parts of the time.

    Parts in which no array works belong to the layer around them, if it is one; else no layer has them.
    """
    trace, arrays = report.trace, {unit.name for unit in report.machine.units if is_array(unit.kind)}
    edges = np.linspace(start_ps, trace.makespan_ps if end_ps is None else end_ps, parts + 1)
    of_array = trace.tasks.unit.mapped([unit in arrays for unit in trace.units], np.bool_)
    within = (trace.end > edges[0]) & (trace.start < edges[-1])
    some = np.flatnonzero(of_array & within)
    start, end = trace.start[some], trace.end[some]
    busy = spread(trace.tasks.layer.codes[some], (start, end), end - start, edges, count=len(trace.layers))
    worked = np.flatnonzero(busy.any(axis=0))
    if not len(worked):
        return ()
    layers = busy.argmax(axis=0)[worked]
    firsts = np.flatnonzero(np.diff(layers, prepend=-1))
    lasts = np.append(firsts[1:], len(worked)) - 1
    spans = zip(layers[firsts].tolist(), edges[worked[firsts]].tolist(), edges[worked[lasts] + 1].tolist(), strict=True)
    return tuple(LayerSpan(trace.layers[layer], first, last) for layer, first, last in spans)
