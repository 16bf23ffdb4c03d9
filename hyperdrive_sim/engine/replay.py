"""Execution of a schedule's effects on real tensors, in simulated time order, each memory holding only what was put into it.

A task reads what it needs from its own memories at the moment it starts and writes at the moment it ends, over a link with a latency
that much later. A pixel that a chip computes from must therefore really have arrived by then: a missing border exchange, a layer that
starts too early, a map that is overwritten too soon ends in NotThere or in values that differ from golden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.background import Background, Result
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.effects import Read, bypasses, reads, results, weights, window, writes
from hyperdrive_sim.engine.memories import Buffer, Contents, Host, Ram
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, padded, rearranged
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.tasks import HOST, Compute, Copy, Load, OperandLocations, Patch, Region, Task

Watch = Callable[[Task, str, Box, Array], None]
"""Callback for a computed block: task, layer, box, values [rows, columns, channels]."""


def replay(
    compiled: Compiled, computation: Computation, watch: Watch | None = None, threads: int | None = None
) -> Iterator[dict[str, Array]]:
    """Outputs of the network by name, one mapping per frame, computed by the tasks in the order of the trace.

    *watch* sees every block that a unit computes, in that order too. What a block becomes is settled by what its task reads when it
    starts, so *threads*, by default one for each processor, compute it while the replay goes on to the task's end: nothing depends on
    how many there are. Raises NotThere where a task reads what its memory does not hold.
    """
    schedule = compiled.schedule
    with Background(threads) as background:
        run = _Replay(compiled, computation, watch, background)
        under_way: dict[int, Task] = {}
        for index, at_end in _moments(compiled.trace):
            task = under_way.pop(index) if at_end else under_way.setdefault(index, schedule[index])
            assert task.effect is not None
            (run.end if at_end else run.begin)(index, task, task.effect)
    return ({name: run.host.whole(name, frame) for name in computation.network.outputs} for frame in range(schedule.frames))


def _moments(trace: Trace) -> Iterator[tuple[int, bool]]:
    """Starts and ends of tasks with an effect in time order, as (index, True at the end); in one instant ends first, each in the
    schedule's order.

    The end of a task with a latency is its arrival.
    """
    moving = np.flatnonzero(trace.tasks.pattern != NO_EFFECT)
    count = len(moving)
    times = np.concatenate((trace.arrival[moving], trace.start[moving]))
    kinds = np.repeat([0, 1], count)
    order = np.lexsort((np.tile(moving, 2), kinds, times))
    yield from zip(np.tile(moving, 2)[order].tolist(), (order < count).tolist(), strict=True)


class _Window(NamedTuple):
    """Padded input of the first layer for one patch, with the contents that it was read from and their versions at that time."""

    values: Array
    sources: tuple[tuple[Contents, int], ...]

    @property
    def current(self) -> bool:
        """True if nothing of what it was read from has changed since."""
        return all(contents.version == version for contents, version in self.sources)


Need = tuple[OperandLocations, int, Box, Box]
"""What a window depends on beside the contents of memories: locations, frame, the box that is fetched, the padded box that is needed."""


class _Replay:
    """State of a replay: contents of the memories, the blocks that tasks under way have read, and those that they compute.

    *windows* are those of each unit's latest task: the next one often computes other channels of the same pixels.
    """

    def __init__(self, compiled: Compiled, computation: Computation, watch: Watch | None, background: Background) -> None:
        machine, placement = compiled.machine, compiled.placement
        self.computation, self.network, self.watch, self.background = computation, computation.network, watch, background
        self.dtype, self.word_bits = computation.arithmetic.dtype, placement.word_bits
        self.host = Host(computation, placement.host)
        self.rams = {m.name: Ram(placement.allocations.get(m.name, ())) for m in machine.memories if m.kind == "ram"}
        self.fifos: dict[str, Buffer[Array | None]] = {m.name: Buffer(m) for m in machine.memories if m.kind == "fifo"}
        self.macs_each: dict[tuple[str, ...], float] = {}
        self.moved: dict[int, list[Array]] = {}
        self.computed: dict[int, list[Result]] = {}
        self.windows: dict[str, dict[Need, _Window]] = {}

    def begin(self, index: int, task: Task, effect: Compute | Copy | Load) -> None:
        match effect:
            case Copy():
                self.moved[index] = [self._fetched(read, task, effect.source) for read in reads(effect, self.network)]
            case Compute():
                known, now = self.windows.get(task.unit, {}), dict[Need, _Window]()
                self.windows[task.unit] = now
                self.computed[index] = [self._begun(task, effect, patch, known, now) for patch in effect.patches]

    def end(self, index: int, task: Task, effect: Compute | Copy | Load) -> None:
        match effect:
            case Copy():
                for region, values in zip(writes(effect), self.moved.pop(index), strict=True):
                    self._put(region, values, task.frame)
            case Load():
                for target in effect.targets:
                    self.fifos[target].push(weights(effect), None, effect.bits)
            case Compute():
                self._finish(task, effect, self.computed.pop(index))

    def _fetched(self, read: Read, task: Task, reader: str) -> Array:
        """Values of a block for a task that starts [rows, columns, channels].

        Raises NotThere if some are missing, and names *reader* as what lacks them.
        """
        tensor, box, regions = read
        memory = regions[0].memory if regions else ""
        if memory == HOST:
            return self.host.whole(tensor, task.frame)[box.slices(self.network.shape(tensor).box)]
        if memory in self.fifos:
            return self._kept(memory, read, task)
        out = np.empty((box.r1 - box.r0, box.w1 - box.w0, box.c1 - box.c0), self.dtype)
        found = 0
        for region in regions:
            found += self.rams[region.memory].read(region, task.frame, out, box)
        if found < box.size:
            raise NotThere(f"{reader} lacks {box.size - found} of {box.size} values of '{tensor}' ({box}) when {_who(task)} starts")
        return out

    def _kept(self, memory: str, read: Read, task: Task) -> Array:
        """Values of a block from a buffer, which keeps it as a whole or not at all. Raises NotThere if it has been pushed out."""
        values = self.fifos[memory].get((read.tensor, read.box, task.frame))
        if values is None:
            raise NotThere(f"{memory} no longer holds '{read.tensor}' ({read.box}) when {_who(task)} sends it")
        return values

    def _begun(self, task: Task, effect: Compute, patch: Patch, known: dict[Need, _Window], now: dict[Need, _Window]) -> Result:
        """A patch's values, to be asked for when the task ends; what they are computed from is read here."""
        layers, channels = effect.locations.layers, (effect.c0, effect.c1)
        block = patch.out.channels(*channels)
        first = self.network[layers[0]]
        needed = first.needs(0, self.network.under(layers, block)[0], self.network.input_shapes(first))
        need = effect.locations, task.frame, patch.fetch, needed
        window = known.get(need)
        if window is None or not window.current:
            window = self._window(task, effect, patch, needed)
        if window.sources:
            now[need] = window
        operands = [window.values, *self._bypasses(task, effect, patch)]
        work = partial(self.computation.fused, layers, operands, channels)
        return self.background.result(work, self._macs_each(layers) * block.size)

    def _macs_each(self, layers: tuple[str, ...]) -> float:
        """MACs for one output value of some fused layers, about."""
        if layers not in self.macs_each:
            self.macs_each[layers] = sum(map(self.network.macs, layers)) / self.network.shape(layers[-1]).size
        return self.macs_each[layers]

    def _window(self, task: Task, effect: Compute, patch: Patch, needed: Box) -> _Window:
        """The first layer's input under *patch*, cut to the box that is *needed*, with its padding around it."""
        first, lying = self.network[effect.locations.layers[0]], list(window(effect, patch, self.network))
        blocks = (self._fetched(read, task, task.unit) for read in lying)
        known = [region.tensor for region in effect.locations.reads]
        fetched = rearranged(self.computation, first.inputs[0], patch.fetch, known, blocks)
        sources = [contents for read in lying for region in read.regions for contents in self._contents(region)]
        return _Window(padded(fetched, needed, first, patch.fetch), tuple((contents, contents.version) for contents in sources))

    def _contents(self, region: Region) -> list[Contents]:
        """What a region is read from; nothing where it is no RAM."""
        return self.rams[region.memory].held.get(region.tensor, []) if region.memory in self.rams else []

    def _bypasses(self, task: Task, effect: Compute, patch: Patch) -> Iterator[Array]:
        """A block of each later layer's other input."""
        block = patch.out.channels(effect.c0, effect.c1)
        blocks = (self._fetched(read, task, task.unit) for read in bypasses(effect, patch, self.network))
        lying = [region.tensor for region in effect.locations.operands]
        for name in self.network.bypasses(effect.locations.layers):
            yield rearranged(self.computation, name, block, lying, blocks)

    def _finish(self, task: Task, effect: Compute, blocks: list[Result]) -> None:
        """Store what a task has computed. Raises NotThere if its weights are not there."""
        locations = effect.locations
        if weights(effect) not in self.fifos[locations.weights]:
            which = f"the weights of '{locations.layers[0]}', channels {effect.c0}:{effect.c1}"
            raise NotThere(f"{locations.weights} lacks {which}, when {_who(task)} ends")
        for patch, result in zip(effect.patches, blocks, strict=True):
            block, values = patch.out.channels(effect.c0, effect.c1), result()
            if self.watch is not None:
                self.watch(task, locations.layers[-1], block, values)
            for region in results(effect, patch):
                self._put(region, values[region.box.slices(block)], task.frame)

    def _put(self, region: Region, values: Array, frame: int) -> None:
        memory, tensor, box = region
        if memory == HOST:
            self.host.write(tensor, box, values, frame)
        elif memory in self.fifos:
            # a copy, because a border must not keep the whole block alive that it is a part of
            self.fifos[memory].push((tensor, box, frame), values.copy(), box.size * self.word_bits[tensor])
        else:
            self.rams[memory].write(tensor, box, values, frame)


def _who(task: Task) -> str:
    return f"{task.name} of {task.layer} on {task.unit}, frame {task.frame},"
