"""How full each memory is over time, from the tasks that put things into it and take them out again.

A map takes its room from when the first task that writes it starts until the last one that reads it has ended; one that is written over
another takes that one's room with it. A buffer holds what came last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.machine import Machine, Memory
from hyperdrive_sim.placement import Placement, Resident
from hyperdrive_sim.schedule import Compute, Copy, Load, Site
from hyperdrive_sim.trace import Trace

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
    lives, pushed = _Lives(), _pushes(machine, placement, trace)
    for task, start, end in zip(trace.tasks, trace.start.tolist(), trace.end.tolist(), strict=True):
        match task.effect:
            case Compute(site):
                lives.site(site, task.frame, start, end)
            case Copy(tensor, _, _, _, source, target):
                lives.copy(tensor, source, target, task.frame, start, end + task.latency_ps)
    held = lives.by_map()
    found = {}
    for memory in machine.memories:
        if memory.kind == "fifo":
            events: Iterable[Event] = _of_buffer(memory, pushed.get(memory.name, []))
        else:
            events = _of_ram(placement.residents.get(memory.name, ()), held.get(memory.name, {}))
        found[memory.name] = _summed(events, memory.bits)
    return found


def _summed(events: Iterable[Event], capacity: int) -> Occupancy:
    """Events of one instant count as one."""
    total: dict[int, int] = {0: 0}
    for at, bits in events:
        total[at] = total.get(at, 0) + bits
    times = np.array(sorted(total), np.int64)
    changes = np.array([total[at] for at in times.tolist()], np.int64)
    return Occupancy(times, changes.cumsum(dtype=np.int64), capacity)


Life = list[int]
"""From when to when, in picoseconds."""


class _Lives:
    """When maps are first written and last used, each frame by itself."""

    def __init__(self) -> None:
        self.sites: dict[tuple[int, int], tuple[Site, Life]] = {}
        self.written: dict[tuple[str, str, int], Life] = {}
        self.read: dict[tuple[str, str, int], Life] = {}

    def site(self, site: Site, frame: int, start: int, end: int) -> None:
        """A site serves many tasks, so its regions are looked at only once, in the end."""
        if known := self.sites.get((id(site), frame)):
            _stretch(known[1], start, end)
        else:
            self.sites[id(site), frame] = site, [start, end]

    def copy(self, tensor: str, source: str, target: str, frame: int, start: int, end: int) -> None:
        _touch(self.read, (source, tensor, frame), start, end)
        _touch(self.written, (target, tensor, frame), start, end)

    def by_map(self) -> dict[str, dict[str, list[Life]]]:
        """By memory and tensor, a life for every frame. What is written and never read lives until it is written in full."""
        for (_, frame), (site, (start, end)) in self.sites.items():
            for region in (*site.reads, *site.operands):
                _touch(self.read, (region.memory, region.tensor, frame), start, end)
            for region in site.stores:
                _touch(self.written, (region.memory, region.tensor, frame), start, end)
        lives: dict[str, dict[str, list[Life]]] = {}
        for key, (start, end) in self.written.items():
            memory, tensor, _ = key
            last = max(end, self.read[key][1]) if key in self.read else end
            lives.setdefault(memory, {}).setdefault(tensor, []).append([start, last])
        return lives


def _touch(lives: dict[tuple[str, str, int], Life], key: tuple[str, str, int], start: int, end: int) -> None:
    _stretch(lives.setdefault(key, [start, end]), start, end)


def _stretch(life: Life, start: int, end: int) -> None:
    life[0], life[1] = min(life[0], start), max(life[1], end)


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


def _pushes(machine: Machine, placement: Placement, trace: Trace) -> dict[str, list[Event]]:
    """What comes into each buffer, in the order in which it comes."""
    buffers = {memory.name for memory in machine.memories if memory.kind == "fifo"}
    pushed: dict[str, list[Event]] = {}
    for task, end in zip(trace.tasks, trace.end.tolist(), strict=True):
        match task.effect:
            case Load(_, _, _, bits, targets):
                for target in targets:
                    pushed.setdefault(target, []).append((end + task.latency_ps, bits))
            case Copy(tensor, c0, c1, boxes, _, target) if target in buffers:
                bits = sum(box.channels(c0, c1).size for box in boxes) * placement.word_bits[tensor]
                pushed.setdefault(target, []).append((end + task.latency_ps, bits))
            case Compute(site, c0, c1, patches):
                for region in (region for region in site.stores if region.memory in buffers):
                    values = sum((patch.out.channels(c0, c1) & region.box).size for patch in patches)
                    if values:
                        pushed.setdefault(region.memory, []).append((end, values * placement.word_bits[region.tensor]))
    return {name: sorted(events, key=lambda event: event[0]) for name, events in pushed.items()}


def _of_buffer(memory: Memory, pushed: Sequence[Event]) -> Iterator[Event]:
    """What no longer fits is pushed out, oldest first."""
    kept: deque[int] = deque()
    used = 0
    for at, bits in pushed:
        kept.append(bits)
        used += bits
        yield at, bits
        while used > memory.bits or len(kept) > (memory.entries or len(kept)):
            used -= kept[0]
            yield at, -kept.popleft()
