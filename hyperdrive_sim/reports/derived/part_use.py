"""Parts of a system along the run: which frame each chip or mesh computes when, and what each part takes of the energy."""

from __future__ import annotations

from math import fsum
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.sums import mean
from hyperdrive_sim.schedule.columns import largest
from hyperdrive_sim.schedule.machine import is_array
from hyperdrive_sim.systems.placed import kind_of

MOST_VISITS = 600
BESIDE = "links and memories"
"""What is of no part: the wires between them, and the memories beside them."""


class Visit(NamedTuple):
    """A frame on a chip or a mesh of a system: from the first to the last moment at which its arrays compute any of it."""

    member: str
    frame: int
    start_ps: int
    end_ps: int


class PartShare(NamedTuple):
    """Shares of the run in which a part's arrays compute, on average, and its busiest unit works; and its energy per frame, in joules."""

    part: str
    arrays: float
    busiest: float
    core_j: float
    io_j: float


def visits(report: Report, most: int = MOST_VISITS) -> tuple[Visit, ...]:
    """Visits of frames, member by member in the machine's order: of all frames, or of the first so that there are at most so many."""
    trace, machine = report.trace, report.machine
    arrays = {unit.name: unit.part for unit in machine.units if is_array(unit.kind)}
    members = tuple(dict.fromkeys(arrays.values()))
    of_unit = np.array([members.index(arrays[unit]) if unit in arrays else -1 for unit in trace.units], np.int64)
    member, frame = of_unit[trace.tasks.unit.codes], trace.tasks.frame.astype(np.int64)
    some = np.flatnonzero((member >= 0) & ~trace.skipped)
    frames = int(frame.max(initial=0)) + 1
    key, which = np.unique(member[some] * frames + frame[some], return_inverse=True)
    start, end = -largest(which, -trace.start[some], len(key)), largest(which, trace.end[some], len(key))
    found = [
        Visit(members[number // frames], number % frames, *span)
        for number, *span in zip(key.tolist(), start.tolist(), end.tolist(), strict=True)
    ]
    last = sorted(visit.frame for visit in found)[: most + 1]
    return tuple(visit for visit in found if len(found) <= most or visit.frame < last[-1])


def part_shares(report: Report) -> tuple[PartShare, ...]:
    """Shares of each part of a system, and last of what is of no part."""
    busy = {row.name: row.utilization for row in report.units}
    found = [
        PartShare(
            part.name,
            mean(
                row.utilization
                for row in report.units
                if is_array(row.kind) and kind_of(report.machine.unit[row.name].part) in (part.name, "")
            ),
            busy[part.busiest],
            part.energy.core_j,
            part.energy.io_j,
        )
        for part in report.parts
    ]
    core, io = (total - fsum(of_parts) for total, of_parts in _energies(report))
    return (*found, PartShare(BESIDE, 0.0, 0.0, max(0.0, core), max(0.0, io)))


def _energies(report: Report) -> tuple[tuple[float, list[float]], tuple[float, list[float]]]:
    """Energy of the core and of I/O: in all, and of each part."""
    return (
        (report.energy.core_j, [part.energy.core_j for part in report.parts]),
        (report.energy.io_j, [part.energy.io_j for part in report.parts]),
    )
