"""Cost of a schedule in time and memory, from its beginning, which is written, simulated and tabulated.

The beginning of a schedule is a schedule as well, because edges point back. It is like the rest where frames are short; otherwise only the
first layers are seen.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any, NamedTuple

from hyperdrive_sim.engine.compiled import Compiled, collector_paused, silent
from hyperdrive_sim.engine.simulate import Engine, chosen
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import Stamp, Writer

TRIED = 16_000
PARTS = 4
"""Number of tasks that are tried, and of parts of them, the first of which is tried alone: so what is done once per run is told apart."""

ALLOCATED = 1.1
"""Memory that the process takes over what its objects say they need: pages half full, and blocks of the next larger size."""


class _Enough(Exception):
    """As many tasks as were wanted have been written."""


class _FirstTasks(Writer):
    """Writer that ends once it has a number of tasks, or some more where many are written at once."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.wanted = wanted

    def add(self, task: Task) -> int:
        position = super().add(task)
        self._end()
        return position

    def stamp(self, stamp: Stamp, *passes: Any) -> int:
        first = super().stamp(stamp, *passes)
        self._end()
        return first

    def repeat(self, tasks: int, frames: int, period_ps: int) -> None:
        super().repeat(tasks, min(frames, -(-self.wanted // tasks)), period_ps)
        self._end()

    def _end(self) -> None:
        if self.size >= self.wanted:
            raise _Enough


def beginning(made: Compiled, tasks: int) -> Schedule:
    """The first *tasks* of a schedule, or all if there are fewer."""
    writer = _FirstTasks(tasks)
    with suppress(_Enough):
        made.mapped.write(writer, made.arrivals, made.grain)
    return writer.schedule().first(tasks)


class Line(NamedTuple):
    """What is measured on few tasks and on more; on the same twice where a schedule has no more."""

    few: int
    least: float
    more: int
    most: float

    @property
    def each(self) -> float:
        """What each further task adds."""
        return max(0.0, self.most - self.least) / (self.more - self.few) if self.more > self.few else self.most / max(1, self.more)

    def at(self, tasks: int) -> float:
        return self.most + (tasks - self.more) * self.each


def timed(made: Compiled) -> Line:
    """Seconds that some tasks take from being written to being tabulated."""
    with collector_paused():
        return _tried(made, _timed)


def bytes_per_task(made: Compiled) -> float:
    """Bytes of memory that each task of a run takes at its peak."""
    with collector_paused():
        return ALLOCATED * _tried(made, _traced).each


def _tried(made: Compiled, measure: Callable[[Callable[[], None]], float]) -> Line:
    """What is measured while the beginning of a schedule is run, and a larger one; the first time in a process does not count."""
    engine = chosen(made.engine, made.size)
    wanted = max(TRIED, PARTS * len(made.machine.units))  # so that each unit has been at work in a part of them
    found: list[float] = []
    for tasks in (wanted // PARTS, wanted // PARTS, wanted):
        sizes: list[int] = []
        cost = measure(lambda tasks=tasks, sizes=sizes: sizes.append(_run(made, tasks, engine)))  # type: ignore[misc]
        found += [*sizes, cost]
    return Line(int(found[2]), found[3], int(found[4]), found[5])


def _run(made: Compiled, tasks: int, engine: Engine) -> int:
    """Write, check, simulate and tabulate the first tasks, as a run does with all of a schedule; returns how many there were."""
    quiet = Compiled(made.mapped, made.arrivals, made.grain, progress=silent, engine=engine)
    part = quiet.scheduled(beginning(made, tasks).checked(made.machine))
    _ = part.schedule.bound, part.trace.busy_ps(), part.trace.waiting_ps()
    list(layer_rows(part))
    return len(part.schedule)


def _timed(work: Callable[[], None]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun


def _traced(work: Callable[[], None]) -> float:
    """Peak of the bytes that are allocated meanwhile."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if ours:
            tracemalloc.stop()
