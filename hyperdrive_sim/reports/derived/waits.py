"""Waiting, summed up by kind of unit so that a mesh of hundreds of chips is as short as one chip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.layer_table import ARRIVAL
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.sums import mean


class UnitKind(NamedTuple):
    """All units of one kind: the mean and the busiest one's share of the run, and the waiting for them.

    The latter is for how long ready tasks waited for them in all, which unit the most waited for, and for how long each layer's tasks
    held that one meanwhile.
    """

    name: str
    units: int
    mean: float
    busiest: float
    busiest_unit: str
    waited_s: float
    most_waited_unit: str
    most_waited_s: float
    held_s: Mapping[str, float]


def chain(report: Report) -> dict[tuple[str, str], float]:
    """Seconds by layer and kind of unit along the chain of tasks that released each other, which ends with the last task of the run."""
    kind, spent = {unit.name: unit.kind for unit in report.units}, Counter[tuple[str, str]]()
    for index, ps in report.trace.chain():
        tasks = report.trace.tasks
        spent[("", ARRIVAL) if index is None else (tasks.layer[index], kind[tasks.unit[index]])] += ps
    return {key: ps / PS_PER_S for key, ps in spent.items()}


def stalls(report: Report) -> dict[str, dict[str, float]]:
    """Seconds that an array stood still over the whole run, on average over the arrays, by cause and layer."""
    found: dict[str, dict[str, float]] = {}
    for row in report.layers:
        for cause, seconds in row.stalls.items():
            if seconds:
                found.setdefault(cause, {})[row.name] = seconds
    return found


def kinds(report: Report) -> tuple[UnitKind, ...]:
    """Every kind of unit, in the machine's order."""
    rows: dict[str, list[int]] = {}
    for number, row in enumerate(report.units):
        rows.setdefault(row.kind, []).append(number)
    return tuple(_kind(report, kind, numbers) for kind, numbers in rows.items())


def _kind(report: Report, name: str, numbers: list[int]) -> UnitKind:
    rows = [report.units[number] for number in numbers]
    busiest, waited = max(rows, key=lambda row: row.busy_s), max(rows, key=lambda row: row.waiting_s)
    waiting_ps = report.trace.waiting_ps()
    total = sum(waiting_ps.get(row.name, 0) for row in rows) / PS_PER_S
    held = {layer: ps / PS_PER_S for layer, ps in held_ps(report.trace, waited.name).items()} if waited.waiting_s else {}
    share = mean(row.utilization for row in rows)
    return UnitKind(name, len(rows), share, busiest.utilization, busiest.name, total, waited.name, waited.waiting_s, held)


def held_ps(trace: Trace, unit: str) -> Counter[str]:
    """Picoseconds that each layer's tasks held a unit that others waited for; one in which two waited counts twice.

    A task waits from when it is ready until it starts, while all that the unit does in between goes before it: how many wait for each
    of a unit's tasks is a running sum, so a long queue costs no more than a short one.
    """
    mine = trace.by_unit[unit]
    ready, start, end = trace.ready[mine], trace.start[mine], trace.end[mine]
    position = np.arange(len(mine))
    first = np.minimum(np.searchsorted(end, ready, "right"), position)
    steps = np.bincount(first, minlength=len(mine)) - np.bincount(position, minlength=len(mine))
    waiting = np.cumsum(steps)
    held = waiting * (end - start)
    before = np.where(first < position, np.maximum(0, ready - start[first]), 0)
    np.subtract.at(held, first, before)
    total: Counter[str] = Counter()
    for index, ps in zip(mine[held > 0].tolist(), held[held > 0].tolist(), strict=True):
        total[trace.tasks.layer[index]] += ps
    return total
