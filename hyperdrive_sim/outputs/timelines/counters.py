"""Counters over time: bits in memories, bits over links, power. Each value holds until the next one.

The power of a task is its energy over its duration, its traffic the bits that it moves across a chip's edge over its duration. Both count
where its unit is: what it takes to send weights to a chip is power of the host that sends them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.outputs.timelines.columns import Floats, Ints, TaskColumns
from hyperdrive_sim.outputs.timelines.overview import MACHINE, by_kind
from hyperdrive_sim.outputs.timelines.window import TimeWindow
from hyperdrive_sim.rates import PS_PER_S

CHIP_STEPS, MACHINE_STEPS = 250, 1000
"""Into how many steps a window is cut where not every change is shown."""

PW = 10**12
"""Powers are added up as integer picowatts, so that tasks that come and go leave nothing behind."""


class CounterTrack(NamedTuple):
    """A counter over time: *values[n]*, in *unit*, hold from *times[n]* on, in picoseconds."""

    place: str
    name: str
    unit: str
    times: Ints
    values: Floats | Ints


class Steps(NamedTuple):
    """An integer that changes at *times*, the first of which is 0."""

    times: Ints
    values: Ints


def every_change(columns: TaskColumns, window: TimeWindow) -> Iterator[CounterTrack]:
    """Counters of every memory, every link, and the power of every place and of the whole machine."""
    trace = columns.report.trace
    shown = partial(_shown, window=window)
    for name in columns.report.occupancy:
        yield shown(columns.place[name], name, "bit", _held(columns, [name]))
    for unit in trace.units:
        if columns.io_bits[trace.by_unit[unit]].any():
            yield shown(columns.place[unit], f"{unit} traffic", "bit/s", _traffic(columns, [unit]))
    for where in columns.places:
        if units := [unit for unit in trace.units if columns.place[unit] == where]:
            yield shown(where, f"{where} power", "W", _power(columns, units))
    yield shown(MACHINE, "machine power", "W", _power(columns, trace.units))


def by_chip(columns: TaskColumns, window: TimeWindow) -> Iterator[CounterTrack]:
    """Counters of memories, traffic and power of every place, in steps."""
    report, stepped = columns.report, partial(_stepped, edges=_edges(window, CHIP_STEPS))
    for where in columns.places:
        if memories := [name for name in report.occupancy if columns.place[name] == where]:
            yield stepped(where, f"{where} memories", "bit", _held(columns, memories))
        if units := [unit for unit in report.trace.units if columns.place[unit] == where]:
            yield stepped(where, f"{where} traffic", "bit/s", _traffic(columns, units))
            yield stepped(where, f"{where} power", "W", _power(columns, units))


def by_kind_of_unit(columns: TaskColumns, window: TimeWindow) -> Iterator[CounterTrack]:
    """Counters of memories and power of the whole machine and of the traffic of its units by kind, in steps."""
    report, stepped = columns.report, partial(_stepped, edges=_edges(window, MACHINE_STEPS))
    yield stepped(MACHINE, "memories", "bit", _held(columns, tuple(report.occupancy)))
    for group in by_kind(columns):
        traffic = _traffic(columns, group.units)
        if traffic.values.any():
            yield stepped(MACHINE, f"{group.name} traffic", "bit/s", traffic)
    yield stepped(MACHINE, "power", "W", _power(columns, report.trace.units))


def _held(columns: TaskColumns, memories: Sequence[str]) -> Steps:
    """The bits in some memories."""
    found = [columns.report.occupancy[name] for name in memories]
    return _added(np.concatenate([one.times_ps for one in found]), np.concatenate([np.diff(one.bits, prepend=0) for one in found]))


def _traffic(columns: TaskColumns, units: Sequence[str]) -> Steps:
    """The bits per second of the tasks under way."""
    return _under_way(columns, units, columns.io_bits.astype(np.float64) * PS_PER_S)


def _power(columns: TaskColumns, units: Sequence[str]) -> Steps:
    """The picowatts of the tasks under way: a picojoule per picosecond is a watt."""
    return _under_way(columns, units, columns.pj * PW)


def _under_way(columns: TaskColumns, units: Sequence[str], amounts: Floats) -> Steps:
    """Each task's amount over its duration, from its start to its end, added up over the tasks of some units."""
    trace = columns.report.trace
    tasks = np.concatenate([trace.by_unit[unit] for unit in units])
    start, end = trace.start[tasks], trace.end[tasks]
    rates = np.rint(amounts[tasks] / (end - start)).astype(np.int64)
    return _added(np.concatenate((start, end)), np.concatenate((rates, -rates)))


def _added(times: Ints, changes: Ints) -> Steps:
    """Changes of one instant count as one; one that changes nothing is left out."""
    order = np.argsort(times, kind="stable")
    instants, firsts = np.unique(np.concatenate(([0], times[order])), return_index=True)
    total = np.add.reduceat(np.concatenate(([0], changes[order])), firsts)
    kept = np.flatnonzero((total != 0) | (instants == 0))
    return Steps(instants[kept], total[kept].cumsum())


def _shown(where: str, name: str, unit: str, steps: Steps, *, window: TimeWindow) -> CounterTrack:
    """Every step from the one that holds when the window begins."""
    low, high = _at(steps, window.start), np.searchsorted(steps.times, window.end)
    return CounterTrack(where, name, unit, np.maximum(steps.times[low:high], window.start), _scaled(steps.values[low:high], unit))


def _edges(window: TimeWindow, steps: int) -> Ints:
    """Edges of so many equal parts of a window; fewer, if it has fewer picoseconds."""
    return np.unique(np.linspace(window.start, window.end, steps + 1).round().astype(np.int64))


def _stepped(where: str, name: str, unit: str, steps: Steps, *, edges: Ints) -> CounterTrack:
    """One value between each two edges, the most bits or the mean rate or power; those that repeat the last one are left out."""
    values = _most(steps, edges) if unit == "bit" else _mean(steps, edges)
    kept = np.flatnonzero(np.diff(values, prepend=np.nan))
    return CounterTrack(where, name, unit, edges[kept], _scaled(values[kept], unit))


def _scaled(values: Floats | Ints, unit: str) -> Floats | Ints:
    return values / PW if unit == "W" else values


def _mean(steps: Steps, edges: Ints) -> Floats:
    """The mean between edges."""
    before = np.concatenate(([0.0], np.cumsum(steps.values[:-1] * np.diff(steps.times).astype(np.float64))))
    at = _at(steps, edges)
    return np.diff(before[at] + steps.values[at] * (edges - steps.times[at]).astype(np.float64)) / np.diff(edges)


def _most(steps: Steps, edges: Ints) -> Ints:
    """The largest value between edges."""
    bounds = np.stack((_at(steps, edges[:-1]), np.searchsorted(steps.times, edges[1:])), axis=1)
    most: Ints = np.maximum.reduceat(np.append(steps.values, 0), bounds.ravel())[::2]
    return most


def _at(steps: Steps, times: int | Ints) -> Ints:
    """The positions of the steps that hold at some times."""
    return np.searchsorted(steps.times, times, "right") - 1
