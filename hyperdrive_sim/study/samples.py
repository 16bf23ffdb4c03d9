"""Cost of a schedule in time and memory, from its beginning, which is written, simulated and tabulated.

The beginning of a schedule is a schedule as well, because edges point back. It is like the rest where frames are short; otherwise only the
first layers are seen.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from time import perf_counter
from typing import NamedTuple

from hyperdrive_sim.engine.compiled import Compiled, collector_paused, silent
from hyperdrive_sim.engine.simulate import Engine, chosen
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.schedule.critical_path import longest_path_ps
from hyperdrive_sim.schedule.growing import Links
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
    """Writer that ends once it has a number of tasks, or some more where a pass or a frame is written at once."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.wanted = self.enough = wanted

    def add(self, task: Task) -> int:
        position = super().add(task)
        self._end()
        return position

    def stamp(
        self,
        stamp: Stamp,
        passes: Sequence[tuple[int, int]],
        layer: str,
        frame: int,
        after: Iterable[Links],
        after_start: Iterable[Links],
    ) -> int:
        """Write as many of the passes as are wanted: all of them may be many times more, and a sample would cost what they do."""
        wanted = passes[: -(-(self.wanted - self.size) // max(1, len(stamp.ps)))]
        end = self.size + len(wanted) * len(stamp.ps)
        first = super().stamp(stamp, wanted, layer, frame, _before(after, end), _before(after_start, end))
        self._end()
        return first

    def repeat(self, tasks: int, frames: int, entering: Sequence[int] = (), times_ps: Sequence[int] = ()) -> None:
        wanted = min(frames, -(-self.wanted // max(1, tasks)))
        super().repeat(tasks, wanted, entering, times_ps[:wanted])
        self._end()

    def _end(self) -> None:
        if self.size >= self.wanted:
            raise _Enough


def _before(links: Iterable[Links], end: int) -> list[Links]:
    """Those edges that belong to tasks before position *end*."""
    return [Links(one.tasks[one.tasks < end], one.others[one.tasks < end]) for one in links]


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
        (line,) = _tried(made, _timed)
        return line


def bytes_per_task(made: Compiled) -> float:
    """Bytes of memory that each task of a run takes at its peak, which is where a task takes most: what is taken once has no say there.

    The stages are told apart because one that takes much once may be the peak of few tasks, and another that of many.
    """
    with collector_paused():
        return ALLOCATED * max(stage.each for stage in _tried(made, _traced))


def _tried(made: Compiled, measure: Callable[[Iterator[int]], tuple[int, list[float]]]) -> list[Line]:
    """What is measured while the beginning of a schedule is run, and a larger one; the first time in a process does not count."""
    engine = chosen(made.engine, made.size)
    wanted = max(TRIED, PARTS * len(made.machine.units))  # so that each unit has been at work in a part of them
    measure(_stages(made, wanted // PARTS, engine))
    (few, least), (more, most) = (measure(_stages(made, tasks, engine)) for tasks in (wanted // PARTS, wanted))
    return [Line(few, low, more, high) for low, high in zip(least, most, strict=True)]


def _stages(made: Compiled, tasks: int, engine: Engine) -> Iterator[int]:
    """Write, check, simulate and tabulate the first tasks, as a run does with all of a schedule; after each stage how many there are."""
    quiet = Compiled(made.mapped, made.arrivals, made.grain, progress=silent, engine=engine)
    schedule = beginning(made, tasks)
    yield len(schedule)
    part = quiet.scheduled(schedule.checked(made.machine))
    yield len(schedule)
    trace = part.trace
    yield len(schedule)
    columns = schedule.ps, schedule.latency_ps, schedule.not_before_ps
    longest_path_ps(*columns, schedule.after, schedule.after_start, as_of=made.size)
    yield len(schedule)
    _ = schedule.work_ps, trace.busy_ps(), trace.waiting_ps()
    yield len(schedule)
    list(layer_rows(part))
    yield len(schedule)


def _timed(stages: Iterator[int]) -> tuple[int, list[float]]:
    """Number of tasks, and seconds that all stages take together."""
    begun = perf_counter()
    tasks = max(stages)
    return tasks, [perf_counter() - begun]


def _traced(stages: Iterator[int]) -> tuple[int, list[float]]:
    """Number of tasks, and for each stage the peak of the bytes that have been allocated since the first began."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        found: list[tuple[int, float]] = []
        tracemalloc.reset_peak()
        for tasks in stages:
            found.append((tasks, tracemalloc.get_traced_memory()[1] - before))
            tracemalloc.reset_peak()
        return found[-1][0], [peak for _, peak in found]
    finally:
        if ours:
            tracemalloc.stop()
