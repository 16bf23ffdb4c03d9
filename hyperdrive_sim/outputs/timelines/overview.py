"""Fewer tracks for large meshes: units taken together, and all that they do for one layer of a frame as one slice.

Slices that overlap, because some units are at the next layer already, lie on lanes side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.outputs.timelines.columns import TaskColumns
from hyperdrive_sim.outputs.timelines.slices import Slice, Track, clipped, stalls
from hyperdrive_sim.outputs.timelines.window import TimeWindow
from hyperdrive_sim.schedule.machine import is_array

MACHINE = "machine"


class UnitGroup(NamedTuple):
    """Units that are shown as one: of a kind, under a name, somewhere."""

    place: str
    name: str
    kind: str
    units: tuple[str, ...]


def by_chip(columns: TaskColumns) -> Iterator[UnitGroup]:
    """The arrays of every chip, under its name; a unit that is not on a chip stands for itself."""
    units = columns.report.machine.units
    working = set(columns.report.trace.units)
    for where in columns.places:
        there = [unit for unit in units if columns.place[unit.name] == where and unit.name in working]
        if arrays := tuple(unit.name for unit in there if is_array(unit.kind)):
            yield UnitGroup(where, where, "array", arrays)
        else:
            yield from (UnitGroup(where, unit.name, unit.kind, (unit.name,)) for unit in there)


def by_kind(columns: TaskColumns) -> Iterator[UnitGroup]:
    """All units of a kind, under its name."""
    kinds: dict[str, list[str]] = {}
    working = set(columns.report.trace.units)
    for unit in columns.report.machine.units:
        if unit.name in working:
            kinds.setdefault(unit.kind, []).append(unit.name)
    return (UnitGroup(MACHINE, kind, kind, tuple(units)) for kind, units in kinds.items())


def tracks(groups: Iterable[UnitGroup], columns: TaskColumns, window: TimeWindow) -> Iterator[Track]:
    """The lanes of every group. While nobody in a group is at any layer, the first lane says what it waits for."""
    for group in groups:
        merged = sorted(_merged(group, columns))
        lanes = _lanes(merged)
        lanes[0] = sorted([*lanes[0], *_between(merged, columns)])
        for number, lane in enumerate(lanes, 1):
            name = group.name if number == 1 else f"{group.name} lane {number}"
            yield Track(group.place, name, partial(_within, lane, window))


def _within(lane: Sequence[Slice], window: TimeWindow) -> Iterator[Slice]:
    return clipped(iter(lane), window)


def _lanes(slices: Iterable[Slice]) -> list[list[Slice]]:
    """Each slice on the first lane that is free when it starts; *slices* are in order."""
    lanes: list[list[Slice]] = []
    for one in slices:
        free = next((lane for lane in lanes if lane[-1].end <= one.start), None)
        if free is None:
            lanes.append([one])
        else:
            free.append(one)
    return lanes


def _between(slices: Iterable[Slice], columns: TaskColumns) -> Iterator[Slice]:
    """Stalls for the times without slices: what the task that ends each of them waited for."""
    until = 0
    for one in slices:
        if one.start > until:
            yield from stalls(columns.report, one.number, one.start - until)
        until = max(until, one.end)


Key = tuple[str, int]
"""A layer of a frame."""


class _Total(NamedTuple):
    """Sums over a group's tasks of one layer and frame; *first* is the one that starts first."""

    first: int
    start: int
    end: int
    tasks: int
    busy_ps: int
    pj: float
    io_bits: int


def _merged(group: UnitGroup, columns: TaskColumns) -> Iterator[Slice]:
    """A slice for every layer of every frame that a group has tasks for, from the first one's start to the last one's end."""
    clock = columns.report.machine.clock
    totals = _totals(group, columns)
    stalled = _stalled(group, columns, {key: total.start for key, total in totals.items()})
    for (layer, frame), (first, start, end, tasks, busy_ps, pj, io_bits) in totals.items():
        share = busy_ps / (len(group.units) * (end - start))
        sums = ("tasks", tasks), ("cycles", clock.cycles(end - start)), ("busy", share), ("energy_pj", pj), ("io_bits", io_bits)
        causes = ((f"stalled_by_{cause}_ps", ps / len(group.units)) for cause, ps in stalled.get((layer, frame), {}).items())
        yield Slice(start, end, layer, first, (("frame", frame), *sums, *causes))


def _totals(group: UnitGroup, columns: TaskColumns) -> dict[Key, _Total]:
    trace = columns.report.trace
    tasks = np.concatenate([trace.by_unit[unit] for unit in group.units])
    numbers: dict[Key, int] = {}
    keys = zip(map(trace.layers.__getitem__, trace.tasks.layer.codes[tasks].tolist()), trace.tasks.frame[tasks].tolist(), strict=True)
    of_task = [numbers.setdefault(key, len(numbers)) for key in keys]
    order = np.lexsort((trace.start[tasks], of_task))
    tasks, ordered = tasks[order], np.array(of_task)[order]
    bounds = np.searchsorted(ordered, np.arange(len(numbers) + 1))
    firsts, start, end = bounds[:-1], trace.start[tasks], trace.end[tasks]
    sums = (np.add.reduceat(column, firsts) for column in (end - start, columns.pj[tasks], columns.io_bits[tasks]))
    found = (tasks[firsts], start[firsts], np.maximum.reduceat(end, firsts), np.diff(bounds), *sums)
    return {key: _Total(*total) for key, total in zip(numbers, zip(*(column.tolist() for column in found), strict=True), strict=True)}


def _stalled(group: UnitGroup, columns: TaskColumns, since: Mapping[Key, int]) -> dict[Key, Counter[str]]:
    """Picoseconds that the arrays of a group stood still before tasks of a layer once its slice had begun, by cause, added up."""
    trace, unit = columns.report.trace, columns.report.machine.unit
    stalled: dict[Key, Counter[str]] = {}
    gaps = trace.gaps([unit for unit in group.units if unit in trace.by_unit] if is_array(group.kind) else [])
    for index, gap in zip(*(column.tolist() for column in gaps), strict=True):
        key = trace.tasks.layer[index], int(trace.tasks.frame[index])
        for blocker, ps in trace.blockers(index, min(gap, int(trace.start[index]) - since[key])):
            cause = "arrival" if blocker is None else unit[trace.tasks.unit[blocker]].kind
            stalled.setdefault(key, Counter())[cause] += ps
    return stalled
