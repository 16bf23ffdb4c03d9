"""Executes a schedule's effects on real tensors, in simulated time order, each memory holding only what was put into it.

A task reads what it needs from its own memories at the moment it starts and writes at the moment it ends, over a link with a latency
that much later. A pixel that a chip computes from must therefore really have arrived by then: a missing border exchange, a layer that
starts too early, a map that is overwritten too soon ends in NotThere or in values that differ from golden.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.box import Box
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.golden import Array, Computation, padding_value, whole
from hyperdrive_sim.machine import Machine, Memory
from hyperdrive_sim.network import INPUT
from hyperdrive_sim.placement import Placement, Resident
from hyperdrive_sim.schedule import Compute, Copy, Load, Schedule, Task
from hyperdrive_sim.trace import Trace

HOST = "host"  # the memory of everything outside the accelerator: it holds whole maps, as many as it likes

Watch = Callable[[Task, str, Box, Array], None]


class Held:
    """What is in a resident's place: values of one frame, and which of them are there. Nothing is kept of one that is gone."""

    __slots__ = ("frame", "resident", "rivals", "there", "values")

    def __init__(self, resident: Resident) -> None:
        self.resident = resident
        self.rivals: list[Held] = []
        self.frame = -1
        self.values: Array | None = None
        self.there: NDArray[np.bool_] | None = None

    def take(self, box: Box, values: Array, frame: int) -> None:
        if self.values is None or self.there is None or self.frame != frame:
            shape = self.resident.box.shape
            size = (shape.rows, shape.columns, shape.channels)
            self.values, self.there, self.frame = np.zeros(size, values.dtype), np.zeros(size, np.bool_), frame
        where = box.slices(self.resident.box)
        self.values[where], self.there[where] = values, True
        for rival in self.rivals:
            if rival.values is not None:
                rival.forget(self.resident, box)

    def forget(self, writer: Resident, box: Box) -> None:
        """Lose what lay where *writer*'s block is now: the same pixels if both lie alike, else all pixels of the channels hit."""
        mine = self.resident
        assert self.there is not None
        if (mine.address, mine.bits, mine.box) == (writer.address, writer.bits, writer.box):
            self.there[box.slices(mine.box)] = False
        else:
            low, high = writer.addresses(box)
            per_channel = mine.bits // (mine.box.c1 - mine.box.c0)
            first, last = (low - mine.address) // per_channel, -(-(high - mine.address) // per_channel)
            self.there[:, :, max(0, first) : max(0, last)] = False
        if not self.there.any():
            self.values = self.there = None


class Ram:
    """A memory in which every map has an address; writing one map destroys what else lay there."""

    def __init__(self, residents: tuple[Resident, ...]) -> None:
        self.held: dict[str, list[Held]] = {}
        places = [Held(resident) for resident in residents]
        for held in places:
            self.held.setdefault(held.resident.tensor, []).append(held)
            held.rivals = [other for other in places if other is not held and held.resident.overlaps(other.resident)]

    def write(self, tensor: str, box: Box, values: Array, frame: int) -> None:
        for held in self.held.get(tensor, ()):
            if common := box & held.resident.box:
                held.take(common, values[common.slices(box)], frame)

    def read(self, tensor: str, box: Box, frame: int, into: Array, origin: Box) -> int:
        """Put what is here of a block into an array that holds *origin*; returns how many values of this frame there were."""
        found = 0
        for held in self.held.get(tensor, ()):
            common = box & held.resident.box
            if common and held.values is not None and held.there is not None and held.frame == frame:
                where = common.slices(held.resident.box)
                into[common.slices(origin)] = held.values[where]
                found += int(np.count_nonzero(held.there[where]))
        return found


class Fifo:
    """A buffer that keeps what came last: what no longer fits is pushed out, oldest first. What comes twice takes up room twice."""

    def __init__(self, memory: Memory) -> None:
        self.name, self.bits, self.entries = memory.name, memory.bits, memory.entries or 2**63
        self.order: deque[tuple[tuple[object, ...], int]] = deque()
        self.kept: dict[tuple[object, ...], tuple[int, Array | None]] = {}
        """How often each thing is there, and its values."""
        self.used = 0

    def push(self, key: tuple[object, ...], bits: int, values: Array | None = None) -> None:
        self.order.append((key, bits))
        self.kept[key] = (self.kept.get(key, (0, None))[0] + 1, values)
        self.used += bits
        while self.used > self.bits or len(self.order) > self.entries:
            gone, size = self.order.popleft()
            self.used -= size
            times, its = self.kept.pop(gone)
            if times > 1:
                self.kept[gone] = (times - 1, its)

    def get(self, key: tuple[object, ...]) -> tuple[int, Array | None] | None:
        return self.kept.get(key)


class Host:
    """The other end of the links. Computes the layers left to it when they are asked for, each frame from what has arrived."""

    def __init__(self, computation: Computation, layers: frozenset[str]) -> None:
        self.computation, self.layers = computation, layers
        self.maps: dict[tuple[str, int], Array] = {}
        self.there: dict[tuple[str, int], NDArray[np.bool_]] = {}
        self.missing: dict[tuple[str, int], int] = {}

    def write(self, tensor: str, box: Box, values: Array, frame: int) -> None:
        shape = self.computation.network.shape(tensor)
        if (tensor, frame) not in self.maps:
            self.maps[tensor, frame] = np.zeros((shape.rows, shape.columns, shape.channels), values.dtype)
            self.there[tensor, frame] = np.zeros((shape.rows, shape.columns, shape.channels), np.bool_)
            self.missing[tensor, frame] = shape.size
        where = box.slices(shape.box)
        self.missing[tensor, frame] -= box.size - int(np.count_nonzero(self.there[tensor, frame][where]))
        self.maps[tensor, frame][where], self.there[tensor, frame][where] = values, True

    def whole(self, tensor: str, frame: int) -> Array:
        """A map of which the host has every pixel, or can compute it. Raises NotThere if some of it has not come yet."""
        if tensor == INPUT:
            return self.computation.x.astype(self.computation.arithmetic.dtype)
        if self.missing.get((tensor, frame), 1) == 0:
            return self.maps[tensor, frame]
        if tensor not in self.layers:
            raise NotThere(f"the host needs '{tensor}' of frame {frame}, which has not arrived in full")
        sources = {name: self.whole(name, frame) for name in self.computation.network[tensor].inputs}
        self.maps[tensor, frame] = whole(self.computation, tensor, sources)
        self.missing[tensor, frame] = 0
        return self.maps[tensor, frame]


def replay(
    computation: Computation, machine: Machine, placement: Placement, schedule: Schedule, trace: Trace, watch: Watch | None = None
) -> Iterator[Array]:
    """The network's output for each frame, computed by the tasks as the trace ordered them.

    *watch* sees every block that a unit computes. Raises NotThere where a task reads what its memory does not hold.
    """
    run = _Replay(computation, machine, placement, watch)
    for index, at_end in _moments(trace):
        task = schedule.tasks[index]
        if task.effect is not None:
            (run.end if at_end else run.begin)(index, task, task.effect)
    frames = 1 + max((task.frame for task in schedule.tasks), default=0)
    return (run.host.whole(computation.network.output, frame) for frame in range(frames))


def _moments(trace: Trace) -> Iterator[tuple[int, bool]]:
    """Starts and ends (arrivals, where there is a latency) in time order; in one instant ends first, each in the schedule's order."""
    count = len(trace)
    latencies = np.fromiter((task.latency_ps for task in trace.tasks), np.int64, count)
    times = np.concatenate((trace.end + latencies, trace.start))
    kinds = np.repeat([0, 1], count)
    order = np.lexsort((np.tile(np.arange(count), 2), kinds, times))
    for moment in order.tolist():
        yield moment % count, moment < count


class _Replay:
    """The memories' contents, and what the tasks that are under way have read."""

    def __init__(self, computation: Computation, machine: Machine, placement: Placement, watch: Watch | None) -> None:
        self.computation, self.network, self.watch = computation, computation.network, watch
        self.dtype, self.word_bits = computation.arithmetic.dtype, computation.arithmetic.bits
        self.host = Host(computation, placement.host)
        self.rams = {m.name: Ram(placement.residents.get(m.name, ())) for m in machine.memories if m.kind == "ram"}
        self.fifos = {m.name: Fifo(m) for m in machine.memories if m.kind == "fifo"}
        self.under_way: dict[int, list[list[Array]]] = {}

    def begin(self, index: int, task: Task, effect: Compute | Copy | Load) -> None:
        match effect:
            case Copy():
                boxes = [box.channels(effect.c0, effect.c1) for box in effect.boxes]
                self.under_way[index] = [[self._fetched(effect.source, effect.tensor, box, task)] for box in boxes]
            case Compute():
                self.under_way[index] = self._operands(task, effect)

    def end(self, index: int, task: Task, effect: Compute | Copy | Load) -> None:
        match effect:
            case Copy():
                for box, (values,) in zip(effect.boxes, self.under_way.pop(index), strict=True):
                    self._put(effect.target, effect.tensor, box.channels(effect.c0, effect.c1), values, task.frame)
            case Load():
                bits = self.network.weight_bits(effect.layer) * (effect.c1 - effect.c0) // self.network.shape(effect.layer).channels
                for target in effect.targets:
                    self.fifos[target].push((effect.layer, effect.c0, effect.c1, task.frame), bits)
            case Compute():
                self._compute(task, effect, self.under_way.pop(index))

    def _fetched(self, memory: str, tensor: str, box: Box, task: Task) -> Array:
        """A block from one memory that must hold all of it."""
        if memory == HOST:
            return self.host.whole(tensor, task.frame)[box.slices(self.network.shape(tensor).box)]
        if memory in self.fifos:
            kept = self.fifos[memory].get((tensor, box, task.frame))
            if kept is None or kept[1] is None:
                raise NotThere(f"{memory} no longer holds '{tensor}' ({box}) when {_who(task)} sends it")
            return kept[1]
        out = np.empty((box.r1 - box.r0, box.w1 - box.w0, box.c1 - box.c0), self.dtype)
        self._count(self.rams[memory].read(tensor, box, task.frame, out, box), box.size, memory, tensor, box, task)
        return out

    def _count(self, found: int, wanted: int, memory: str, tensor: str, box: Box, task: Task) -> None:
        if found < wanted:
            raise NotThere(f"{memory} lacks {wanted - found} of {wanted} values of '{tensor}' ({box}) when {_who(task)} starts")

    def _operands(self, task: Task, effect: Compute) -> list[list[Array]]:
        """For each patch: the first layer's input window, then a block for each operand of the later layers."""
        return [[self._window(task, effect, patch.out, patch.fetch), *self._bypasses(task, effect, patch.out)] for patch in effect.patches]

    def _window(self, task: Task, effect: Compute, out: Box, fetch: Box) -> Array:
        layer = self.network[effect.site.layers[0]]
        tensor = layer.inputs[0]
        held = np.zeros((fetch.r1 - fetch.r0, fetch.w1 - fetch.w0, fetch.c1 - fetch.c0), self.dtype)
        found = 0
        for region in effect.site.reads:
            common = region.box & fetch
            if common:
                found += self.rams[region.memory].read(tensor, common, task.frame, held, fetch)
        self._count(found, fetch.size, task.unit, tensor, fetch, task)
        needed = layer.needs(out, self.network.shape(tensor))
        inside = needed & fetch
        if needed == inside:
            return held[needed.slices(fetch)]
        window = np.full((needed.r1 - needed.r0, needed.w1 - needed.w0, needed.c1 - needed.c0), padding_value(layer), held.dtype)
        window[inside.slices(needed)] = held[inside.slices(fetch)]
        return window

    def _bypasses(self, task: Task, effect: Compute, out: Box) -> list[Array]:
        block = out.channels(effect.c0, effect.c1)
        return [self._fetched(region.memory, region.tensor, block, task) for region in effect.site.operands]

    def _compute(self, task: Task, effect: Compute, operands: list[list[Array]]) -> None:
        site = effect.site
        if self.fifos[site.weights].get((site.layers[0], effect.c0, effect.c1, task.frame)) is None:
            raise NotThere(
                f"{site.weights} lacks the weights of '{site.layers[0]}', channels {effect.c0}:{effect.c1}, when {_who(task)} ends"
            )
        for patch, (window, *bypasses) in zip(effect.patches, operands, strict=True):
            values = self.computation.layer(site.layers[0], [window], (effect.c0, effect.c1))
            for name, bypass in zip(site.layers[1:], bypasses, strict=True):
                values = self.computation.layer(name, [values, bypass], (effect.c0, effect.c1))
            self._store(task, effect, patch.out.channels(effect.c0, effect.c1), values)

    def _store(self, task: Task, effect: Compute, block: Box, values: Array) -> None:
        if self.watch is not None:
            self.watch(task, effect.site.layers[-1], block, values)
        for region in effect.site.stores:
            common = block & region.box
            if common:
                self._put(region.memory, region.tensor, common, values[common.slices(block)], task.frame)

    def _put(self, memory: str, tensor: str, box: Box, values: Array, frame: int) -> None:
        if memory == HOST:
            self.host.write(tensor, box, values, frame)
        elif memory in self.fifos:
            self.fifos[memory].push((tensor, box, frame), box.size * self.word_bits, values)
        else:
            self.rams[memory].write(tensor, box, values, frame)


def _who(task: Task) -> str:
    return f"{task.name} of {task.layer} on {task.unit}, frame {task.frame},"
