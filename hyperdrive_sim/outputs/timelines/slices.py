"""Slices of a unit's time, in which it works or waits: format-independent, in order, none overlapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.outputs.timelines.columns import TaskColumns
from hyperdrive_sim.outputs.timelines.halo import Arrow, Arrows
from hyperdrive_sim.outputs.timelines.window import TimeWindow
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.tasks import Task

AT_ONCE = 256
"""So many of a unit's tasks are looked at together: some formats have all units in hand at once."""

SliceDetails = tuple[tuple[str, str | int | float], ...]
"""What a viewer shows of a slice beside its name, in this order."""


class Slice(NamedTuple):
    """A slice of time, from *start* to *end* in picoseconds: work on the layer *name* or, in a *stall*, waiting.

    *number* is the position in the schedule of the task that is worked on, or that comes after the stall. *sends* and *receives*
    are the arrows that begin and end here.
    """

    start: int
    end: int
    name: str
    number: int
    details: SliceDetails
    stall: bool = False
    sends: tuple[Arrow, ...] = ()
    receives: tuple[Arrow, ...] = ()


class Track(NamedTuple):
    """A row of a timeline: where it belongs, what it is called, and its slices."""

    place: str
    name: str
    slices: Callable[[], Iterator[Slice]]


def clipped(slices: Iterator[Slice], window: TimeWindow) -> Iterator[Slice]:
    """The slices that touch a window, cut off where it begins and ends; one that was cut says from when to when it really was."""
    for one in slices:
        start, end = max(one.start, window.start), min(one.end, window.end)
        if (start, end) == (one.start, one.end):
            yield one
        elif start < end:
            yield one._replace(start=start, end=end, details=(*one.details, ("start_ps", one.start), ("end_ps", one.end)))


def of_unit(unit: str, columns: TaskColumns, window: TimeWindow, arrows: Arrows) -> Iterator[Slice]:
    """Every task of a unit, and before it what the unit waited for."""
    return clipped(_of_unit(unit, columns, window, arrows), window)


def _of_unit(unit: str, columns: TaskColumns, window: TimeWindow, arrows: Arrows) -> Iterator[Slice]:
    report, trace = columns.report, columns.report.trace
    for index, free, start, end, pj in _spans(unit, columns, window):
        if free < start:
            yield from stalls(report, index, start - free)
        task = trace.tasks[index]
        details = (*_of_task(task), ("cycles", report.machine.clock.cycles(task.ps)), ("energy_pj", pj), *task.actions.items())
        yield Slice(start, end, task.layer, index, details, sends=arrows.sent_by(index), receives=arrows.received_by(index))


def _spans(unit: str, columns: TaskColumns, window: TimeWindow) -> Iterator[tuple[int, int, int, int, float]]:
    """A unit's tasks that touch a window with the gap before them: position, since when the unit was free, start, end, picojoules."""
    trace = columns.report.trace
    mine = trace.by_unit.get(unit, np.empty(0, np.int64))
    ends = trace.end[mine]
    free = np.concatenate(([0], ends[:-1]))
    low, high = np.searchsorted(ends, window.start, "right"), np.searchsorted(free[: len(mine)], window.end)
    for at in range(low, high, AT_ONCE):
        some = slice(at, min(high, at + AT_ONCE))
        tasks = mine[some]
        yield from zip(*(one.tolist() for one in (tasks, free[some], trace.start[tasks], ends[some], columns.pj[tasks])), strict=True)


def _of_task(task: Task) -> SliceDetails:
    effect = task.effect
    channels = (("channels", f"{effect.c0}-{effect.c1 - 1}"),) if effect else ()
    return ("task", task.name), ("frame", task.frame), *channels


def stalls(report: Report, index: int, gap: int) -> Iterator[Slice]:
    """Stalls during the *gap* before a task, by the unit and layer that was waited for, from the first to the last."""
    trace = report.trace
    parts: list[Slice] = []
    end = int(trace.start[index])
    for blocker, ps in trace.blockers(index, gap):
        name, details = _reason(None if blocker is None else trace.tasks[blocker], report.machine)
        if parts and parts[-1].details == details:
            parts[-1] = parts[-1]._replace(start=end - ps)
        else:
            parts.append(Slice(end - ps, end, name, index, details, stall=True))
        end -= ps
    return reversed(parts)


def _reason(holder: Task | None, machine: Machine) -> tuple[str, SliceDetails]:
    """Name and details of a stall: of a unit that waits for a task, or for its own task's arrival."""
    if holder is None:
        return "waits for arrival", (("cause", "arrival"),)
    cause = machine.unit[holder.unit].kind
    where = ("unit", holder.unit), ("task", holder.name), ("frame", holder.frame)
    return f"waits for {cause} ({holder.layer})", (("cause", cause), ("holder", holder.layer), *where)
