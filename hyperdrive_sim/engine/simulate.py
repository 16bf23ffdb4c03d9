"""When everything happens: the times of all tasks of a schedule, by one of two engines that give the same trace, span for span.

SimPy's is the reference, and as quick as the other where tasks are few. The compiled one needs numba, which takes half a second to start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

import numpy as np

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput, MissingExtra, Stuck
from hyperdrive_sim.kernels import loops
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
    if not trace.end.all():
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
    run = loops.event_loop().EventLoop(columns, len(schedule.unit.values), after, after_start)
    while run.goes_on():
        if progress is not None:
            progress(run.ended)
    return Trace(schedule, run.ready, run.start, run.end)


def _who_waits(trace: Trace) -> str:
    tasks = trace.tasks
    stuck = np.flatnonzero(trace.end == 0)
    first = tasks[int(stuck[0])]
    missing = [other for other in (*first.after, *first.after_start) if not trace.end[other]]
    names = ", ".join(f"{tasks.name[other]} of {tasks.layer[other]}" for other in missing[:3])
    return f"{len(stuck)} tasks never started; the first is {first.name} of {first.layer} on {first.unit}, which waits for {names}"
