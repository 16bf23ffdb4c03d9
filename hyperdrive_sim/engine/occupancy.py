"""Occupancy: bits held over time, for each memory, from the reads and writes of the tasks.

A map takes its room from when the first task that writes it starts until the last one that reads it has ended; one that is written over
another takes that one's room with it. A buffer holds what came last.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.effects import MapInMemory, sources, targets, writes
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.schedule.columns import Numbers, grouped
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Machine, Memory
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.tasks import Effect, Load

Event = tuple[int, int]
"""A change of occupancy: time in picoseconds, and bits more or (below 0) fewer."""


class Occupancy(NamedTuple):
    """Bits held by a memory of *capacity* bits over time: `bits[n]` from `times_ps[n]` on."""

    times_ps: NDArray[np.int64]
    bits: NDArray[np.int64]
    capacity: int

    @property
    def peak(self) -> int:
        return int(self.bits.max(initial=0))


def occupancies(machine: Machine, placement: Placement, trace: Trace) -> Mapping[str, Occupancy]:
    """Bits held over time, for each memory of the machine by name."""
    groups, streams = list(_groups(trace)), _Streams(machine, placement, trace)
    lives = _lives(groups, trace.start, trace.arrival, {memory.name for memory in machine.memories if memory.kind == "pool"})
    for group in groups:
        streams.take(group)
    alike: dict[object, Occupancy] = {}
    found = {}
    for memory in machine.memories:
        its, of_maps = placement.allocations.get(memory.name, ()), lives.get(memory.name, {})
        if memory.kind == "ram":
            found[memory.name] = _summed(_of_ram(its, of_maps), memory.bits)
        elif memory.kind == "pool":
            found[memory.name] = _summed(_of_pool(its, of_maps, memory.entries or 1), memory.bits)
        else:  # one stream fills the buffers of many chips
            into = streams.into[memory.name]
            same = (memory.bits, memory.entries, *map(id, into))
            if same not in alike:
                alike[same] = _summed(_of_buffer(memory, into), memory.bits)
            found[memory.name] = alike[same]
    return found


def _summed(events: Iterable[Event], capacity: int) -> Occupancy:
    """Occupancy after a series of events in any order; events of one instant count as one."""
    total: dict[int, int] = {0: 0}
    for at, bits in events:
        total[at] = total.get(at, 0) + bits
    times = np.array(sorted(total), np.int64)
    changes = np.array([total[at] for at in times.tolist()], np.int64)
    return Occupancy(times, changes.cumsum(dtype=np.int64), capacity)


Life = tuple[int, int]
"""Live range of a map: start and end in picoseconds."""
Lives = dict[tuple[MapInMemory, int], list[Life]]
"""Live ranges by map in its memory and frame."""
OfMaps = Mapping[tuple[str, int], Sequence[Life]]
"""Live ranges in a memory by map and tile."""


class _Group(NamedTuple):
    """Tasks of one frame whose effects differ in their channels alone: the effect of one of them, and the indices of all."""

    effect: Effect
    frame: int
    numbers: NDArray[np.int64]


def _groups(trace: Trace) -> Iterator[_Group]:
    """Groups of the tasks with an effect, in the order of their first tasks; what one group does is looked at only once."""
    tasks = trace.tasks
    moving = np.flatnonzero(tasks.pattern != NO_EFFECT)
    key = tasks.pattern[moving].astype(np.int64) * tasks.frames + tasks.frame[moving]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    order, bounds = grouped(group, len(first))
    for place in np.argsort(first).tolist():
        numbers = moving[order[bounds[place] : bounds[place + 1]]]
        effect = tasks.effect(int(numbers[0]))
        assert effect is not None
        yield _Group(effect, int(tasks.frame[numbers[0]]), numbers)


def _lives(groups: Iterable[_Group], starts: Numbers, arrivals: Numbers, pools: Container[str]) -> Mapping[str, OfMaps]:
    """Live ranges by memory, map and tile, one for each frame; in *pools*, which have whole maps, all tiles of a map are 0.

    A map that is written and never read lives until it is written in full.
    """
    written: Lives = {}
    read: Lives = {}
    for effect, frame, numbers in groups:
        life = int(starts[numbers].min()), int(arrivals[numbers].max())
        for lives, maps in ((read, sources(effect)), (written, targets(effect))):
            for memory, tensor, tile in maps:
                lives.setdefault(((memory, tensor, 0 if memory in pools else tile), frame), []).append(life)
    found: dict[str, dict[tuple[str, int], list[Life]]] = {}
    for key, its in written.items():
        (memory, tensor, tile), _ = key
        last = max(end for _, end in (*its, *read.get(key, ())))
        found.setdefault(memory, {}).setdefault((tensor, tile), []).append((min(start for start, _ in its), last))
    return found


class _Streams:
    """Events of each buffer, by its name: streams of arriving entries, each in the order of its tasks."""

    def __init__(self, machine: Machine, placement: Placement, trace: Trace) -> None:
        self.tasks, self.word_bits, self.arrivals = trace.tasks, placement.word_bits, trace.arrival
        self.into: dict[str, list[Sequence[Event]]] = {memory.name: [] for memory in machine.memories if memory.kind == "fifo"}

    def take(self, group: _Group) -> None:
        times = self.arrivals[group.numbers].tolist()
        if isinstance(group.effect, Load):  # one stream fills the buffers of many chips
            stream = [(at, group.effect.bits) for at in times]
            for target in group.effect.targets:
                self.into[target].append(stream)
            return
        streams: dict[str, list[Event]] = {memory: [] for memory, *_ in targets(group.effect) if memory in self.into}
        for number, at in zip(group.numbers.tolist(), times, strict=True) if streams else ():
            for memory, tensor, box, _ in writes(self.tasks.effect(number)):
                if memory in streams:
                    streams[memory].append((at, box.size * self.word_bits[tensor]))
        for memory, stream in streams.items():
            self.into[memory].append(stream)


def _of_ram(allocations: Sequence[Allocation], lives: OfMaps) -> Iterator[Event]:
    """Events of a RAM: an allocation takes its room at its start and gives it back at its end, or when an alias starts before that."""
    born = sorted(((life, one) for one in allocations for life in lives.get((one.tensor, one.tile), ())), key=lambda pair: pair[0])
    alive: list[tuple[int, Allocation]] = []
    for (start, end), one in born:
        gone = [(until, other) for until, other in alive if one.overlaps(other)]
        for until, other in gone:
            alive.remove((until, other))
            yield min(until, start), -other.bits
        alive.append((end, one))
        yield start, one.bits
    for end, one in alive:
        yield end, -one.bits


def _of_pool(allocations: Sequence[Allocation], lives: OfMaps, entries: int) -> Iterator[Event]:
    """Events of a pool: each frame's map takes one of the *entries* of its allocation, and gives it back at its end."""
    for one in allocations:
        for start, end in lives.get((one.tensor, one.tile), ()):
            yield start, one.bits // entries
            yield end, -(one.bits // entries)


def _of_buffer(memory: Memory, streams: Iterable[Sequence[Event]]) -> Iterator[Event]:
    """Events of a buffer: an arriving entry takes room, those that it pushes out give theirs back."""
    fifo: Fifo[int] = Fifo(memory.bits, memory.entries)
    for at, bits in sorted((event for stream in streams for event in stream), key=lambda event: event[0]):
        yield at, bits - sum(fifo.push(bits, bits))
