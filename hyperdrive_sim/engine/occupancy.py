"""How full each memory is over time, from the tasks that put things into it and take them out again.

A map takes its room from when the first task that writes it starts until the last one that reads it has ended; one that is written over
another takes that one's room with it. A buffer holds what came last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Machine, Memory
from hyperdrive_sim.schedule.placement import Placement, Resident
from hyperdrive_sim.schedule.tasks import Compute, Copy, Load, Region, Site

Event = tuple[int, int]
"""When, in picoseconds, and how many bits more or fewer."""


class Occupancy(NamedTuple):
    """A memory of *capacity* bits holds `bits[n]` from `times_ps[n]` on."""

    times_ps: NDArray[np.int64]
    bits: NDArray[np.int64]
    capacity: int

    @property
    def peak(self) -> int:
        return int(self.bits.max(initial=0))


def occupancies(machine: Machine, placement: Placement, trace: Trace) -> Mapping[str, Occupancy]:
    """That of every memory of a machine."""
    moves = _Moves(machine, placement, trace)
    lives, pushed = moves.lives(), moves.pushed()
    alike: dict[object, Occupancy] = {}
    found = {}
    for memory in machine.memories:
        if memory.kind == "ram":
            found[memory.name] = _summed(_of_ram(placement.residents.get(memory.name, ()), lives.get(memory.name, {})), memory.bits)
        else:  # one stream fills the buffers of many chips
            streams = pushed.get(memory.name, [])
            same = (memory.bits, memory.entries, *map(id, streams))
            if same not in alike:
                alike[same] = _summed(_of_buffer(memory, streams), memory.bits)
            found[memory.name] = alike[same]
    return found


def _summed(events: Iterable[Event], capacity: int) -> Occupancy:
    """Events of one instant count as one."""
    total: dict[int, int] = {0: 0}
    for at, bits in events:
        total[at] = total.get(at, 0) + bits
    times = np.array(sorted(total), np.int64)
    changes = np.array([total[at] for at in times.tolist()], np.int64)
    return Occupancy(times, changes.cumsum(dtype=np.int64), capacity)


Life = tuple[int, int]
"""From when to when, in picoseconds."""
Lives = dict[tuple[str, str, int], list[Life]]
"""By memory, tensor and frame."""


class _Moves:
    """The tasks that write, read or bring each thing, by their numbers; equal ones together, so that each is looked at only once."""

    def __init__(self, machine: Machine, placement: Placement, trace: Trace) -> None:
        self.trace, self.word_bits = trace, placement.word_bits
        self.buffers = {memory.name for memory in machine.memories if memory.kind == "fifo"}
        self.computed: dict[tuple[int, int], tuple[Site, list[int]]] = {}
        self.copied: dict[tuple[str, str, str, int], list[int]] = {}
        self.loaded: dict[tuple[str, ...], list[int]] = {}
        for number, task in enumerate(trace.tasks):
            match task.effect:
                case Compute(site):
                    self.computed.setdefault((id(site), task.frame), (site, []))[1].append(number)
                case Copy(tensor, _, _, _, source, target):
                    self.copied.setdefault((source, target, tensor, task.frame), []).append(number)
                case Load(_, _, _, _, targets):
                    self.loaded.setdefault(targets, []).append(number)

    def lives(self) -> dict[str, dict[str, list[Life]]]:
        """By memory and tensor, a life for every frame. What is written and never read lives until it is written in full."""
        written, read = self._uses()
        found: dict[str, dict[str, list[Life]]] = {}
        for key, lives in written.items():
            memory, tensor, _ = key
            last = max(end for _, end in (*lives, *read.get(key, ())))
            found.setdefault(memory, {}).setdefault(tensor, []).append((min(start for start, _ in lives), last))
        return found

    def _uses(self) -> tuple[Lives, Lives]:
        written: Lives = {}
        read: Lives = {}
        for (_, frame), (site, numbers) in self.computed.items():
            life = self._life(numbers)
            for region in (*site.reads, *site.operands):
                read.setdefault((region.memory, region.tensor, frame), []).append(life)
            for region in site.stores:
                written.setdefault((region.memory, region.tensor, frame), []).append(life)
        for (source, target, tensor, frame), numbers in self.copied.items():
            life = self._life(numbers)
            read.setdefault((source, tensor, frame), []).append(life)
            written.setdefault((target, tensor, frame), []).append(life)
        return written, read

    def _life(self, numbers: Sequence[int]) -> Life:
        """From the first start to the last arrival."""
        tasks, latest = self.trace.tasks, int(self.trace.end[numbers].max())
        late = max((tasks[number].latency_ps for number in numbers), default=0)
        return int(self.trace.start[numbers].min()), latest + late

    def pushed(self) -> dict[str, list[Sequence[Event]]]:
        """What comes into each buffer: streams, each in its order."""
        found: dict[str, list[Sequence[Event]]] = {}
        for targets, numbers in self.loaded.items():
            stream = [self._event(number, self._loaded_bits(number)) for number in numbers]
            for target in targets:
                found.setdefault(target, []).append(stream)
        for (_, target, tensor, _), numbers in self.copied.items():
            if target in self.buffers:
                bits = self.word_bits[tensor]
                found.setdefault(target, []).append([self._event(number, self._copied_values(number) * bits) for number in numbers])
        for site, numbers in self.computed.values():
            for region in (region for region in site.stores if region.memory in self.buffers):
                events = [self._event(number, self._values_in(number, region)) for number in numbers]
                found.setdefault(region.memory, []).append([event for event in events if event[1]])
        return found

    def _event(self, number: int, bits: int) -> Event:
        return int(self.trace.end[number]) + self.trace.tasks[number].latency_ps, bits

    def _loaded_bits(self, number: int) -> int:
        effect = self.trace.tasks[number].effect
        assert isinstance(effect, Load)
        return effect.bits

    def _copied_values(self, number: int) -> int:
        effect = self.trace.tasks[number].effect
        assert isinstance(effect, Copy)
        return sum(box.channels(effect.c0, effect.c1).size for box in effect.boxes)

    def _values_in(self, number: int, region: Region) -> int:
        """Bits of a region that one task computes."""
        effect = self.trace.tasks[number].effect
        assert isinstance(effect, Compute)
        values = sum((patch.out.channels(effect.c0, effect.c1) & region.box).size for patch in effect.patches)
        return values * self.word_bits[region.tensor]


def _of_ram(residents: Sequence[Resident], lives: Mapping[str, Sequence[Life]]) -> Iterator[Event]:
    """Room is taken at birth and given back at death, or to whoever is born on the same bits before that."""
    born = sorted(((life, one) for one in residents for life in lives.get(one.tensor, ())), key=lambda pair: (pair[0], pair[1].address))
    alive: list[tuple[int, Resident]] = []
    for (start, end), one in born:
        gone = [(until, other) for until, other in alive if until <= start or one.overlaps(other)]
        for until, other in gone:
            alive.remove((until, other))
            yield min(until, start), -other.bits
        alive.append((end, one))
        yield start, one.bits
    for end, one in alive:
        yield end, -one.bits


def _of_buffer(memory: Memory, streams: Iterable[Sequence[Event]]) -> Iterator[Event]:
    """What comes in takes room, what it pushes out gives it back."""
    fifo: Fifo[int] = Fifo(memory.bits, memory.entries)
    for at, bits in sorted((event for stream in streams for event in stream), key=lambda event: event[0]):
        yield at, bits - sum(fifo.push(bits, bits))
