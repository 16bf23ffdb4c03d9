"""What the busiest units did when, in bars that can be seen: spans closer together than a pixel are one bar."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.report.report import Report

UNITS = 24
PIXELS = 1000
MOST_BARS = 3000


class Bar(NamedTuple):
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


class Timeline(NamedTuple):
    """`pixel_ps` is the longest gap that a bar hides, `tasks` how many there are in all bars, `idle_units` and `left_out` how many units
    did nothing and how many others are not drawn.
    """

    units: tuple[str, ...]
    bars: tuple[Bar, ...]
    pixel_ps: int
    tasks: int
    idle_units: int
    left_out: int


def timeline(report: Report, units: int = UNITS, most: int = MOST_BARS) -> Timeline:
    """Of at most so many *units* and bars: the coarser, the more there would be."""
    trace = report.trace
    chosen = busiest(report, units)
    pixel = max(1, trace.makespan_ps // PIXELS)
    while len(bars := [bar for unit in chosen for bar in merged(trace, unit, pixel)]) > most:
        pixel *= 2
    worked = len(trace.units)
    return Timeline(chosen, tuple(bars), pixel, sum(bar.tasks for bar in bars), len(report.units) - worked, worked - len(chosen))


def busiest(report: Report, most: int) -> tuple[str, ...]:
    """Units that did anything, at most so many: of each kind the busiest, as many of one kind as of another; in the machine's order."""
    by_kind: dict[str, list[str]] = {}
    for row in sorted(report.units, key=lambda row: -row.busy_s):
        if row.busy_s:
            by_kind.setdefault(row.kind, []).append(row.name)
    in_turn = [unit for rank in zip_longest(*by_kind.values()) for unit in rank if unit]
    chosen = set(in_turn[:most])
    return tuple(row.name for row in report.units if row.name in chosen)


def merged(trace: Trace, unit: str, pixel_ps: int) -> Iterator[Bar]:
    """A unit's bars: a layer's tasks with less than a pixel between them; bars shorter than a pixel are joined until they fill one."""
    held: Bar | None = None
    for bar in _by_layer(trace, unit, pixel_ps):
        if held and bar.start_ps - held.end_ps < pixel_ps and bar.end_ps - held.start_ps < pixel_ps:
            held = _joined(held, bar)
            continue
        if held:
            yield held
        held = bar
    if held:
        yield held


def _by_layer(trace: Trace, unit: str, pixel_ps: int) -> Iterator[Bar]:
    mine = trace.by_unit[unit]
    start, end = trace.start[mine], trace.end[mine]
    layers = trace.layer_index[mine]
    cuts = np.flatnonzero((layers[1:] != layers[:-1]) | (start[1:] - end[:-1] >= pixel_ps)) + 1
    firsts = np.concatenate(([0], cuts))
    busy = np.add.reduceat(end - start, firsts)
    for first, last, worked in zip(firsts.tolist(), [*cuts.tolist(), len(mine)], busy.tolist(), strict=True):
        layer = trace.layers[layers[first]]
        yield Bar(unit, layer, layer, last - first, int(start[first]), int(end[last - 1]), worked)


def _joined(one: Bar, other: Bar) -> Bar:
    return Bar(one.unit, one.first, other.last, one.tasks + other.tasks, one.start_ps, other.end_ps, one.busy_ps + other.busy_ps)
