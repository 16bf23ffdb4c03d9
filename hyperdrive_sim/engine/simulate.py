"""When everything happens: the times of all tasks of a schedule, by one of two engines that give the same trace, span for span.

SimPy's is the reference, and as quick as the other where tasks are few. The compiled one needs numba, which takes half a second to start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, get_args

import numpy as np

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput, MissingExtra, Stuck
from hyperdrive_sim.kernels import loops
from hyperdrive_sim.schedule.admission import POLICIES, beginnings
from hyperdrive_sim.schedule.columns import grouped
from hyperdrive_sim.schedule.schedule import Schedule

Progress = Callable[[int], None]
Engine = Literal["auto", "simpy", "compiled"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

_preferred: ContextVar[Engine] = ContextVar("preferred", default="auto")


@contextmanager
def preferring(engine: Engine) -> Iterator[None]:
    """Let schedules be simulated by one engine while the block lasts, where nobody names another. Raises as `chosen` does."""
    chosen(engine, 0)
    token = _preferred.set(engine)
    try:
        yield
    finally:
        _preferred.reset(token)


def preferred() -> Engine:
    """The engine that is taken where nobody names one."""
    return _preferred.get()


def simulate(schedule: Schedule, progress: Progress | None = None, engine: Engine = "auto") -> Trace:
    """Simulate a schedule: the times, in picoseconds, at which every task became ready, started and ended.

    *progress* is told now and then how many tasks have ended. With `auto`, schedules that are worth it run on the compiled engine if numba
    is there. Raises Stuck if tasks remain that nothing will ever start, MissingExtra for `compiled` without numba.
    """
    trace = (_compiled if chosen(engine, len(schedule)) == "compiled" else _simpy)(schedule, progress)
    if (trace.end < 0).any():
        raise Stuck(_who_waits(trace))
    return trace


def chosen(engine: Engine, tasks: int) -> Engine:
    """The engine that is meant, for so many tasks. Raises MissingExtra for `compiled` without numba, InvalidInput for what is none."""
    if engine not in ENGINES:
        raise InvalidInput.at("engine", f"there is no {engine!r}", f"use {', '.join(ENGINES)}")
    if engine == "compiled" and not loops.there():
        raise MissingExtra("the compiled engine", "fast")
    if engine == "auto":
        return "compiled" if loops.worth_it(tasks) else "simpy"
    return engine


def _simpy(schedule: Schedule, progress: Progress | None) -> Trace:
    from hyperdrive_sim.engine.clockwork import Clockwork  # simpy takes 0.05 s to import

    return Clockwork(schedule, progress).run()


def _compiled(schedule: Schedule, progress: Progress | None) -> Trace:
    columns = schedule.unit.codes, schedule.ps, schedule.latency_ps, schedule.not_before_ps, schedule.priority, schedule.frame
    after, after_start = ((edges.offsets, edges.others) for edges in (schedule.after, schedule.after_start))
    run = loops.event_loop().EventLoop(columns, len(schedule.unit.values), after, after_start, _drops(schedule))
    while run.goes_on():
        if progress is not None:
            progress(run.ended)
    tasks = schedule if run.skipped is None else schedule.skipping(run.skipped > 0)
    return Trace(tasks, run.ready, run.start, run.end)


def _drops(schedule: Schedule) -> Any:
    """Which frames the compiled loop may drop, as it wants them; None if no task is, or can be, skipped."""
    if not schedule.streams and schedule.ps.all():
        return None
    frames = [frame for stream in schedule.streams for frame in stream.frames]
    slot = np.full(schedule.frames, len(frames), np.int32)
    slot[frames] = np.arange(len(frames))
    order, bounds = grouped(slot[schedule.frame], len(frames) + 1)
    arrival_ps = np.array([at for stream in schedule.streams for at in stream.arrival_ps], np.int64)
    rows, first = np.zeros((len(schedule.streams), 5), np.int64), 0
    for row, stream in zip(rows, schedule.streams, strict=True):
        limit = stream.late_ps if stream.policy == "late" else stream.waiting
        row[:] = first, len(stream.frames), stream.kept, POLICIES.index(stream.policy), limit
        first += len(stream.frames)
    begins = beginnings(schedule.frame, schedule.not_before_ps)
    return loops.event_loop().Drops(schedule.skipped, begins, (bounds[:-1], order[: bounds[-2]]), arrival_ps, rows)


def _who_waits(trace: Trace) -> str:
    tasks = trace.tasks
    stuck = np.flatnonzero(trace.end < 0)
    first = tasks[int(stuck[0])]
    missing = [other for other in (*first.after, *first.after_start) if trace.end[other] < 0]
    names = ", ".join(f"{tasks.name[other]} of {tasks.layer[other]}" for other in missing[:3])
    return f"{len(stuck)} tasks never started; the first is {first.name} of {first.layer} on {first.unit}, which waits for {names}"
