"""Gantt charts: what the busiest units did when, in bars that can be seen or in shares of equal parts of the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.reports.derived.bins import binned, cut
from hyperdrive_sim.reports.report import Report

UNITS = 24
PIXELS = 1000
MOST_BARS = 3000


class GanttBar(NamedTuple):
    """Tasks of one unit, of the layers *first* to *last*, and for how long of `start_ps` to `end_ps` it worked."""

    unit: str
    first: str
    last: str
    tasks: int
    start_ps: int
    end_ps: int
    busy_ps: int

    @property
    def share(self) -> float:
        return self.busy_ps / (self.end_ps - self.start_ps)


class Gantt(NamedTuple):
    """A Gantt chart: the units that have a row, and their bars.

    `pixel_ps` is the longest gap that a bar hides, `tasks` how many there are in all bars, `idle_units` and `left_out` how many units did
    nothing and how many others are not drawn.
    """

    units: tuple[str, ...]
    bars: tuple[GanttBar, ...]
    pixel_ps: int
    tasks: int
    idle_units: int
    left_out: int


def gantt(report: Report, units: int = UNITS, most: int = MOST_BARS) -> Gantt:
    """The Gantt chart of at most so many *units* and bars: the coarser, the more there would be."""
    trace = report.trace
    chosen = busiest(report, units)
    pixel = max(1, trace.makespan_ps // PIXELS)
    while len(bars := [bar for unit in chosen for bar in merged(trace, unit, pixel)]) > most:
        pixel *= 2
    worked = len(trace.units)
    return Gantt(chosen, tuple(bars), pixel, sum(bar.tasks for bar in bars), len(report.units) - worked, worked - len(chosen))


def busiest(report: Report, most: int) -> tuple[str, ...]:
    """The units to show, at most so many of those that did anything, in the machine's order.

    Each kind's busiest comes before any kind's second, and so on; where not all of one rank have room, the busier ones do.
    """
    rank, seen = {}, Counter[str]()
    for row in sorted(report.units, key=lambda row: -row.busy_s):
        if row.busy_s:
            rank[row.name] = seen[row.kind], -row.busy_s
            seen[row.kind] += 1
    chosen = set(sorted(rank, key=rank.__getitem__)[:most])
    return tuple(row.name for row in report.units if row.name in chosen)


def shares(trace: Trace, unit: str, edges_ps: NDArray[np.float64], *, kind: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shares of each part of the time, between two edges, in which a unit is busy with tasks of each kind: [kinds, parts].

    *kind* numbers the kind of every task of the trace from 0.
    """
    mine = trace.by_unit.get(unit, np.zeros(0, np.int64))
    mine = mine[(trace.end[mine] > edges_ps[0]) & (trace.start[mine] < edges_ps[-1])]
    task, part, held = cut(trace.start[mine], trace.end[mine], edges_ps)
    kinds = int(kind.max(initial=-1)) + 1
    return binned(kind[mine[task]], part, held, shape=(kinds, len(edges_ps) - 1)) / np.diff(edges_ps)


def merged(trace: Trace, unit: str, pixel_ps: int) -> Iterator[GanttBar]:
    """A unit's bars: a layer's tasks with less than a pixel between them; bars shorter than a pixel are joined until they fill one."""
    held: GanttBar | None = None
    for bar in _by_layer(trace, unit, pixel_ps):
        if held and bar.start_ps - held.end_ps < pixel_ps and bar.end_ps - held.start_ps < pixel_ps:
            held = _joined(held, bar)
            continue
        if held:
            yield held
        held = bar
    if held:
        yield held


def _by_layer(trace: Trace, unit: str, pixel_ps: int) -> Iterator[GanttBar]:
    mine = trace.by_unit[unit]
    start, end = trace.start[mine], trace.end[mine]
    layers = trace.tasks.layer.codes[mine]
    cuts = np.flatnonzero((layers[1:] != layers[:-1]) | (start[1:] - end[:-1] >= pixel_ps)) + 1
    firsts = np.concatenate(([0], cuts))
    busy = np.add.reduceat(end - start, firsts)
    for first, last, worked in zip(firsts.tolist(), [*cuts.tolist(), len(mine)], busy.tolist(), strict=True):
        layer = trace.layers[layers[first]]
        yield GanttBar(unit, layer, layer, last - first, int(start[first]), int(end[last - 1]), worked)


def _joined(one: GanttBar, other: GanttBar) -> GanttBar:
    return GanttBar(one.unit, one.first, other.last, one.tasks + other.tasks, one.start_ps, other.end_ps, one.busy_ps + other.busy_ps)
