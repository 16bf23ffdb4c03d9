"""Limits of this machine: what a task costs here, how many of them there is memory for, and how long a run may last.

One limit holds for all commands that simulate. It leaves a share of the memory free, because more is made of a run than its report.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.files.ordinary import size
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import MAX_PS, PS_PER_S, too_long
from hyperdrive_sim.scenario.inputs import Inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.study import memory, samples

SHARE = 0.6
"""Part of the free memory that a run may take. A page took up to 1.25 times the memory of its run, a timeline up to 1.6 times."""

AT_MOST_BYTES = 1024
"""Of a task, whatever it is: a schedule that is far from the limit need not be tried."""

REAL, EXACT, PROVEN, PACKED, HALOS = 4, 8, 2, 5, 2
"""Bytes of a real weight, of a value in float64, of the frame number that the proof keeps for a value, and of a binary weight with what two
kernels pack it into; and how large a map is at most that is cut into windows with halos, by the map."""


class Limit:
    """Decision whether a scenario can be run with the memory that was free when this was made: *room* bytes of it may be taken."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.room = scenario, int(SHARE * memory.free_bytes())
        self._most: dict[tuple[str, int], int] = {}

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
        key = made.grain, made.arrivals.frames
        if key not in self._most:
            free = memory.free_bytes()
            each = samples.bytes_per_task(made)
            once = max(0, free - memory.free_bytes())  # for numba and its loops, which are loaded as the sample is run
            self._most[key] = _two_digits(max(0.0, self.room - SHARE * once) / each)
        return self._most[key]


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
    return float(schedule.ps.sum(dtype=np.float64)) + len(schedule) * slowest + made.arrivals.last_ps


def check_length(scenario: Scenario, made: Compiled) -> None:
    """Raises InvalidInput for a schedule whose end might not be a time of 64 bits; writes the schedule."""
    with scenario.locating():
        if (longest := length_ps(made, made.schedule)) > MAX_PS:
            raise too_long(longest)


def arrivals(scenario: Scenario) -> Arrivals:
    """When the frames of a scenario arrive. Raises InvalidInput, located, if the last of them does beyond the times of 64 bits."""
    found = scenario.arrivals
    if found.last_ps > MAX_PS:
        problem = f"the last frame arrives after {found.last_ps / PS_PER_S:.2g} s, and {MAX_PS / PS_PER_S:.2g} s can be simulated"
        key = "arrivals" if scenario.settings.arrivals else "frames_per_s"
        raise InvalidInput(scenario.document.mistake(key, problem, "take a higher rate or fewer frames"))
    return found


def affordable(scenario: Scenario, made: Compiled) -> int:
    """How many times there is memory now for all values, beside what a run takes. Raises InvalidInput where there is not for once."""
    needed, room = value_bytes(made), Limit(scenario).room
    if needed <= room:
        return room // max(1, needed)
    take = f"take {size(needed)} to compute and compare, and there are {size(room)} for them here"
    if made.arrivals.frames > 1 and value_bytes(made.of_frames(1)) <= room:
        raise InvalidInput(scenario.document.mistake("frames", f"the values of {made.arrivals.frames} frames {take}", "take fewer"))
    raise InvalidInput(scenario.document.mistake("input_shape", f"its values {take}", "take a smaller one"))


def value_bytes(made: Compiled) -> int:
    """Bytes of memory that a check takes for values, at most and about, if it does one thing after the other; all at once, less than twice.

    First the replay: what lies in the memories and, of every frame, what the host has, a window under each unit, which together are a map
    with its halos, and golden maps: those of one layer and of what later ones read, of several frames all. Before it the proof keeps a
    frame number for each value. Behind it the maps that golden keeps, and those of one layer and of what later ones read in float64. All
    along the weights, and as the kernels read them, for whole maps and for blocks. Not in it are numba with its kernels, the proof's sets
    of tasks, and the bands that threads compute, some 250 MB however small the network is: the reserve that every limit leaves.
    """
    network, placement, size = made.network, made.placement, made.mapped.arithmetic.dtype.itemsize
    shapes = {name: network.shape(name).size for name in network.maps}
    placed = sum(times * sum(one.box.size for one in placement.allocations[memory]) for memory, times in placement.examples.items())
    at_host = made.arrivals.frames * sum(shapes[name] for name in {*placement.host, *network.outputs})
    weights = {layer.name: layer.weight_count(network.input_shapes(layer)) for layer in network}
    drawn = sum(count * (REAL if getattr(network[name], "weights", "") == "real" else PACKED) for name, count in weights.items())
    alive = _alive(network, shapes)
    golden = alive if made.arrivals.frames == 1 else sum(shapes.values())
    replayed = size * (placed + at_host + HALOS * max(shapes.values()) + golden)
    return drawn + max(PROVEN * placed, replayed, size * (at_host + golden) + EXACT * (alive + 2 * max(weights.values())))


def _alive(network: Network, shapes: Mapping[str, int]) -> int:
    """The most values of maps that are held at a time where layers are computed in order, each map until its last reader has taken it."""
    waiting, held, most = {name: len(network.consumers(name)) for name in shapes}, dict.fromkeys(network.inputs), 0
    for layer in network:
        held[layer.name] = None
        most = max(most, sum(shapes[name] for name in held))
        for name in {*layer.inputs, layer.name}:
            waiting[name] -= name in layer.inputs
            if not waiting[name]:
                del held[name]
    return most
