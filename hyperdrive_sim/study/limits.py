"""Limits of this machine: what a task costs here, how many of them there is memory for, and how long a run may last.

One limit holds for all commands that simulate. It leaves a share of the memory free, because more is made of a run than its report.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import floor, log10
from time import perf_counter
from typing import NamedTuple

from hyperdrive_sim.engine.compiled import Compiled, collector_paused, silent
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.tasks import Schedule, Task
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.study import memory

SHARE = 0.6
"""Part of the free memory that a run may take. A page took up to 1.25 times the memory of its run, a timeline up to 1.6 times."""

TIMED = 1_000, 8_000
TRACED = 500, 2_000
"""Numbers of tasks at the beginning of a schedule that are tried: the difference of two has no part of what is done once per run."""

ALLOCATED = 1.2
"""Memory that the process takes over what its objects say they need: pages half full, and blocks of the next larger size."""

AT_MOST_BYTES = 4096
"""Of a task, whatever it is: a schedule that is far from the limit need not be tried."""

MAX_PS = 2**63 - 1


@contextmanager
def located(scenario: Scenario) -> Iterator[None]:
    """Give mistakes that are found after parsing their place in the scenario."""
    try:
        yield
    except InvalidInput as error:
        raise scenario.located(error) from None


class _Enough(Exception):
    """As many tasks as were wanted have been written."""


class _FirstTasks(Writer):
    """Writer that ends once it has a number of tasks, or some more where a lowering does not go through `add`."""

    def __init__(self, wanted: int) -> None:
        super().__init__(large=wanted, when_large=self._end)
        self.wanted = wanted

    def _end(self) -> None:
        raise _Enough

    def add(self, task: Task) -> int:
        if len(self.tasks) >= self.wanted:
            raise _Enough
        return super().add(task)


def beginning(made: Compiled, tasks: int) -> Compiled:
    """A copy with about the first *tasks* of its schedule, or all if there are fewer: a schedule as well, since edges point back."""
    writer = _FirstTasks(tasks)
    with suppress(_Enough):
        made.mapped.write(writer, made.arrivals, made.grain)
    quiet = Compiled(made.mapped, made.arrivals, made.grain, progress=silent)
    return quiet.scheduled(Schedule(writer.tasks).checked(made.machine))


def _tried(made: Compiled, tasks: int) -> Compiled:
    """Write, simulate and tabulate about the first *tasks*, as a run does with all."""
    with collector_paused():
        part = beginning(made, tasks)
        _ = part.schedule.bound, part.trace.busy_ps(), part.trace.waiting_ps()
        list(layer_rows(part))
    return part


class Seconds(NamedTuple):
    """Durations of two trials, of few tasks and of more; the same trial twice where the schedule has no more."""

    few: int
    few_s: float
    more: int
    more_s: float

    def of(self, tasks: int) -> float:
        """Seconds that a run of *tasks* takes, on the line through both."""
        each = (self.more_s - self.few_s) / (self.more - self.few) if self.more > self.few else 0.0
        return self.more_s + max(0, tasks - self.more) * max(0.0, each)


def seconds(made: Compiled) -> Seconds:
    """Time the beginning of a schedule: it is written, simulated and tabulated."""
    _tried(made, TIMED[0])  # what is only done once in a process is over then
    found: list[float] = []
    for wanted in TIMED:
        begun = perf_counter()
        found += [len(_tried(made, wanted).schedule), perf_counter() - begun]
    few, few_s, more, more_s = found
    return Seconds(int(few), few_s, int(more), more_s)


def bytes_per_task(made: Compiled) -> float:
    """Bytes of memory that each task of a run takes at its peak, found at the beginning of its schedule."""
    _tried(made, TRACED[0])
    (few, least), (more, most) = (_traced(made, wanted) for wanted in TRACED)
    return ALLOCATED * ((most - least) / (more - few) if more > few else most / max(1, more))


def _traced(made: Compiled, tasks: int) -> tuple[int, int]:
    """Number of tasks tried, and the peak of what was allocated meanwhile, in bytes."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        count = len(_tried(made, tasks).schedule)
        return count, tracemalloc.get_traced_memory()[1] - before
    finally:
        if ours:
            tracemalloc.stop()


class Limit:
    """Decision whether a scenario can be run with the memory that was free when this was made: *room* bytes of it may be taken."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.room = scenario, int(SHARE * memory.free_bytes())

    def __call__(self, made: Compiled, tasks: int) -> None:
        """Raises InvalidInput for more *tasks* than there would be memory for."""
        if not self.allows(made, tasks):
            raise too_many(self.scenario, made, tasks, self.most(made))

    def allows(self, made: Compiled, tasks: int) -> bool:
        return tasks * AT_MOST_BYTES <= self.room or tasks <= self.most(made)

    def most(self, made: Compiled) -> int:
        """The largest number of tasks, to two digits: the memory of a machine is never quite the same."""
        return _two_digits(self.room / bytes_per_task(made))


def _two_digits(number: float) -> int:
    """A number rounded down to two significant digits.

    >>> _two_digits(12_789_000.5), _two_digits(7)
    (12000000, 7)
    """
    unit = 10 ** max(0, floor(log10(max(1.0, number))) - 1)
    return int(number // unit * unit)


def too_many(scenario: Scenario, made: Compiled, tasks: int, most: int) -> InvalidInput:
    """The refusal of *tasks* where *most* is the largest number, with the number of frames that can be run instead."""
    frames, there = made.arrivals.frames, f"and there is memory for {most} here"
    first, two = (made.of_frames(number).size for number in (1, 2))
    if first <= most:  # a frame is as many tasks as any other, but for the first
        fit = 1 + (most - first) // (two - first)
        return InvalidInput.at("frames", f"{frames} frames are {tasks} tasks, {there}", f"take at most {fit}")
    coarsest = scenario.architecture.grains[0]
    finer = f"`granularity: {coarsest}`, or " if made.grain != coarsest else ""
    return InvalidInput.at("", f"a frame is {first} tasks, {there}", f"take {finer}a smaller network, input or mesh")


def length_ps(made: Compiled, schedule: Schedule, tasks: int) -> int:
    """Picoseconds that a run of *tasks* cannot last longer than, if their beginning, *schedule*, is like the rest."""
    slowest = max(unit.latency_ps for unit in made.machine.units)
    worked = sum(schedule.work_ps.values()) * tasks // max(1, len(schedule))
    return worked + tasks * slowest + made.arrivals.frames * made.arrivals.period_ps


def check_length(scenario: Scenario, made: Compiled) -> None:
    """Raises InvalidInput for a schedule whose end might not be a time of 64 bits; writes the schedule."""
    with located(scenario):
        longest = length_ps(made, made.schedule, len(made.schedule))
        if longest > MAX_PS:
            problem = f"this would last up to {longest / PS_PER_S:.2g} s, more than the {MAX_PS / PS_PER_S:.2g} s that can be simulated"
            raise InvalidInput.at("", problem, "take faster links, a faster clock or fewer frames")
