"""Cost of a schedule in time and memory, from a sample of it that is written, simulated and tabulated.

A sample is a schedule as well, because edges point back. Either it is the beginning, or it is what a writer keeps that only counts: the
first two passes of each loop. The beginning is like the rest where frames are short, and otherwise only its first layers are seen.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Sequence
from contextlib import suppress
from math import prod
from sys import getsizeof
from time import perf_counter
from typing import NamedTuple

from hyperdrive_sim.engine.compiled import Compiled, collector_paused, silent
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.schedule.tasks import Schedule, Task
from hyperdrive_sim.schedule.writer import Writer

TIMED = 1_000, 8
TRACED = 500, 4
"""Numbers of tasks that are tried, and how many times that again: the difference has no part of what is done once per run."""

KEPT = 2_000
"""Number of tasks that a counter has kept of enough layers to stand for all."""

MOST_WALKED = 100_000
"""Number of tasks whose objects are looked at one by one: a second's work."""

ALLOCATED = 1.2
"""Memory that the process takes over what its objects say they need: pages half full, and blocks of the next larger size."""


class _Enough(Exception):
    """As many tasks as were wanted have been written."""


class _FirstTasks(Writer):
    """Writer that ends once it has a number of tasks, or some more where a lowering does not go through `add`."""

    def __init__(self, wanted: int) -> None:
        super().__init__(large=wanted - 1, when_large=self._end)
        self.wanted = wanted

    def _end(self) -> None:
        raise _Enough

    def add(self, task: Task) -> int:
        if len(self.tasks) >= self.wanted:
            raise _Enough
        return super().add(task)


def beginning(made: Compiled, tasks: int) -> list[Task]:
    """About the first *tasks* of a schedule, or all if there are fewer."""
    writer = _FirstTasks(tasks)
    with suppress(_Enough):
        made.mapped.write(writer, made.arrivals, made.grain)
    return writer.tasks


def sample(made: Compiled, counter: Writer, few: int, times: int) -> tuple[list[Task], list[Task]]:
    """At most about *few* tasks and that many *times* as many, more if there are so many units: as if each had been at work before.

    They are from all of a schedule if its *counter* has kept enough, and else from its beginning.
    """
    wanted = times * max(few, len(made.machine.units))
    tasks = counter.tasks[:wanted] if len(counter.tasks) >= KEPT else beginning(made, wanted)
    return tasks[: max(1, len(tasks) // times)], tasks


def _run(made: Compiled, tasks: Sequence[Task]) -> None:
    """Check, simulate and tabulate tasks, as a run does with all of a schedule."""
    quiet = Compiled(made.mapped, made.arrivals, made.grain, progress=silent)
    part = quiet.scheduled(Schedule(tasks).checked(made.machine))
    _ = part.schedule.bound, part.trace.busy_ps(), part.trace.waiting_ps()
    list(layer_rows(part))


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


class Timing(NamedTuple):
    """Seconds to write a schedule, those after that until it is tabulated, and the number of tasks that both are known from."""

    writing_s: float
    running_s: float
    tried: int


def timing(made: Compiled, counter: Writer, counting_s: float) -> Timing:
    """Time a sample of a schedule, and go from there to all of it; *counter* has counted its tasks in *counting_s* seconds."""
    with collector_paused():
        _run(made, beginning(made, TIMED[0]))  # what is only done once in a process is over then
        if made.arrivals.frames > 1 and (frame := made.of_frames(1).size) <= prod(TIMED):
            whole = _whole_frames(made, frame)
            return Timing(0.0, whole.at(counter.size), whole.more)
        few, more = sample(made, counter, *TIMED)
        line = Line(len(few), _timed(made, few), len(more), _timed(made, more))
        return Timing(counting_s + counter.skipped.seconds, line.at(counter.size), len(more))


def _whole_frames(made: Compiled, frame: int) -> Line:
    """Seconds to write and run the first frame, and enough of them: those after the first are alike."""
    each = made.of_frames(2).size - frame
    frames = min(made.arrivals.frames, max(2, 1 + (prod(TIMED) - frame) // each))
    found: list[float] = []
    for number in (1, frames):
        begun = perf_counter()
        tasks = beginning(made, frame + (number - 1) * each)
        _run(made, tasks)
        found += [len(tasks), perf_counter() - begun]
    few, least, more, most = found
    return Line(int(few), least, int(more), most)


def _timed(made: Compiled, tasks: Sequence[Task]) -> float:
    begun = perf_counter()
    _run(made, tasks)
    return perf_counter() - begun


def bytes_per_task(made: Compiled, counter: Writer) -> float:
    """Bytes of memory that each task of a run takes at its peak; *counter* has counted the tasks."""
    with collector_paused():
        few, more = sample(made, counter, *TRACED)
        _run(made, few)  # what is only done once in a process is over then
        line = Line(len(few), _traced(made, few), len(more), _traced(made, more))
        return ALLOCATED * (line.each + _repeated_bytes(counter))


def _traced(made: Compiled, tasks: Sequence[Task]) -> int:
    """Peak of the bytes that are allocated while tasks are run."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        _run(made, tasks)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if ours:
            tracemalloc.stop()


def _repeated_bytes(counter: Writer) -> float:
    """Bytes of a task with what it alone refers to, on average over those in the second passes of loops; over all if there are none.

    What tasks of the first pass refer to as well, such as the boxes of a chip's part, is there once however often the loop is gone through.
    """
    known: set[int] = set()
    again = {index for passed in counter.repeated for index in passed}
    sizes = [(index in again, _new_bytes(task, known)) for index, task in enumerate(counter.tasks[:MOST_WALKED])]
    chosen = [size for repeated, size in sizes if repeated] or [size for _, size in sizes]
    return sum(chosen) / max(1, len(chosen))


def _new_bytes(thing: object, known: set[int]) -> int:
    """Bytes of an object and of all plain data in it that is not *known*, and is from then on. Texts are names, which many share."""
    found, todo = 0, [thing]
    while todo:
        one = todo.pop()
        if id(one) not in known and isinstance(one, tuple | dict | int):
            known.add(id(one))
            found += getsizeof(one)
            if not isinstance(one, Box):  # its numbers are small, and those that Python has once for all
                todo += gc.get_referents(one)
    return found
