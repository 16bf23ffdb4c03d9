"""Limits of this machine: what a task costs here, how many of them there is memory for, and how long a run may last.

One limit holds for all commands that simulate. It leaves a share of the memory free, because more is made of a run than its report.
"""

from __future__ import annotations

from math import floor, log10

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files.ordinary import size
from hyperdrive_sim.rates import MAX_PS, too_long
from hyperdrive_sim.scenario.inputs import Inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.study import memory, samples

SHARE = 0.6
"""Part of the free memory that a run may take. A page took up to 1.25 times the memory of its run, a timeline up to 1.6 times."""

AT_MOST_BYTES = 2048
"""Of a task, whatever it is: a schedule that is far from the limit need not be tried."""


class Limit:
    """Decision whether a scenario can be run with the memory that was free when this was made: *room* bytes of it may be taken."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.room = scenario, int(SHARE * memory.free_bytes())

    def __call__(self, made: Compiled, tasks: int) -> None:
        """Raises InvalidInput if a schedule that has *tasks* at least has more than there would be memory for."""
        if not self._is_far_from(tasks) and made.size > (most := self.most(made)):
            raise too_many(self.scenario, made, made.size, most)

    def allows(self, made: Compiled, tasks: int) -> bool:
        return self._is_far_from(tasks) or tasks <= self.most(made)

    def _is_far_from(self, tasks: int) -> bool:
        return tasks * AT_MOST_BYTES <= self.room

    def check_files(self, files: Inputs) -> None:
        """Raises InvalidInput for a picture or weights that there is no memory for, before their values are loaded."""
        if files.bytes > self.room:
            key = "input" if files.picture else "weights"
            problem = f"takes {size(files.bytes)} to be read, and there are {size(self.room)} for it here"
            raise InvalidInput(self.scenario.document.mistake(key, problem, "take a smaller one"))

    def most(self, made: Compiled) -> int:
        """The largest number of tasks, to two digits: the memory of a machine is never quite the same."""
        return _two_digits(self.room / samples.bytes_per_task(made))


def _two_digits(number: float) -> int:
    """A number rounded down to two significant digits.

    >>> _two_digits(12_789_000.5), _two_digits(7)
    (12000000, 7)
    """
    unit = 10 ** max(0, floor(log10(max(1.0, number))) - 1)
    return int(number // unit * unit)


def too_many(scenario: Scenario, made: Compiled, tasks: int, most: int) -> InvalidInput:
    """The refusal of *tasks* where *most* is the largest number, with the number of frames that can be run instead."""
    frames, each = made.arrivals.frames, samples.bytes_per_task(made)

    def said(count: int) -> str:
        takes, there = (size(int(float(f"{each * number:.2g}"))) for number in (count, most))
        return f"{count} tasks, about {takes}, and there is memory for {most}, about {there}"

    first = made.of_frames(1).size if frames > 1 else tasks
    if first <= most:
        more = made.of_frames(2).size - first  # the first frame may have more tasks, all others have equally many
        fit = 1 + (most - first) // more
        return InvalidInput.at("frames", f"{frames} frames are {said(tasks)}", f"take at most {fit}")
    coarsest = scenario.architecture.grains[0]
    finer = f"`granularity: {coarsest}`, or " if made.grain != coarsest else ""
    return InvalidInput.at("", f"a frame is {said(first)}", f"take {finer}a smaller network, input or mesh")


def length_ps(made: Compiled, schedule: Schedule) -> float:
    """Picoseconds that a run of a schedule cannot last longer than."""
    slowest = max(unit.latency_ps for unit in made.machine.units)
    return float(schedule.ps.sum(dtype=np.float64)) + len(schedule) * slowest + made.arrivals.frames * made.arrivals.period_ps


def check_length(scenario: Scenario, made: Compiled) -> None:
    """Raises InvalidInput for a schedule whose end might not be a time of 64 bits; writes the schedule, unless frames alone take longer."""
    with scenario.locating():
        longest = float(made.arrivals.frames * made.arrivals.period_ps)
        if longest <= MAX_PS:
            longest = length_ps(made, made.schedule)
        if longest > MAX_PS:
            raise too_long(longest)
