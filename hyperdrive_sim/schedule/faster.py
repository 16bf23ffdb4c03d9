"""A schedule with some kinds of unit twice as fast: what would help is tried, not concluded from who is busy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.schedule import Schedule


def twice_as_fast(schedule: Schedule, machine: Machine, kinds: Collection[str]) -> Schedule:
    """The same tasks, those of units of some *kinds* in half the time, rounded up.

    A task that lasted until a stream that it started with had come in still does: it uses what the stream brings, and is not cut below it.
    Latencies and arrivals stay as they are.
    """
    mine = np.array([machine.kinds[unit] in kinds for unit in schedule.unit.values], np.bool_)[schedule.unit.codes]
    ps = np.where(mine, -(-schedule.ps // 2), schedule.ps)
    tasks, streams = schedule.after_start.rows, schedule.after_start.others
    lasts = schedule.ps[tasks] >= schedule.ps[streams] + schedule.latency_ps[streams]
    tasks, streams = tasks[lasts], streams[lasts]
    while True:  # a stream may have started with a stream, and be lengthened itself
        needed = ps[streams] + schedule.latency_ps[streams]
        short = needed > ps[tasks]
        if not short.any():
            return replace(schedule, ps=ps)
        np.maximum.at(ps, tasks[short], needed[short])
