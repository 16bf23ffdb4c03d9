"""Execution of a schedule's effects on real tensors, in simulated time order, each memory holding only what was put into it.

A task reads what it needs from its own memories at the moment it starts and writes at the moment it ends, over a link with a latency
that much later. A pixel that a chip computes from must therefore really have arrived by then: a missing border exchange, a layer that
starts too early, a map that is overwritten too soon ends in NotThere or in values that differ from golden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.effects import Read, operands, reads, results, weights, writes
from hyperdrive_sim.engine.memories import Buffer, Host, Ram
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, padded, rearranged
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.tasks import HOST, Compute, Copy, Load, OperandLocations, Region, Task

Watch = Callable[[Task, str, Box, Array], None]
"""Callback for a computed block: task, layer, box, values [rows, columns, channels]."""


def replay(compiled: Compiled, computation: Computation, watch: Watch | None = None) -> Iterator[dict[str, Array]]:
    """Outputs of the network by name, one mapping per frame, computed by the tasks in the order of the trace.

    *watch* sees every block that a unit computes. Raises NotThere where a task reads what its memory does not hold.
    """
    run, schedule = _Replay(compiled, computation, watch), compiled.schedule
    for index, at_end in _moments(compiled.trace):
        task = schedule[index]
        if task.effect is not None:
            (run.end if at_end else run.begin)(index, task, task.effect)
    return ({name: run.host.whole(name, frame) for name in computation.network.outputs} for frame in range(schedule.frames))


def _moments(trace: Trace) -> Iterator[tuple[int, bool]]:
    """Starts and ends of tasks in time order, as (index, True at the end); in one instant ends first, each in the schedule's order.

    The end of a task with a latency is its arrival.
    """
    count = len(trace)
    times = np.concatenate((trace.arrival, trace.start))
    kinds = np.repeat([0, 1], count)
    order = np.lexsort((np.tile(np.arange(count), 2), kinds, times))
    for moment in order.tolist():
        yield moment % count, moment < count


class _Replay:
    """State of a replay: contents of the memories, and the blocks that tasks under way have read."""

    def __init__(self, compiled: Compiled, computation: Computation, watch: Watch | None) -> None:
        machine, placement = compiled.machine, compiled.placement
        self.computation, self.network, self.watch = computation, computation.network, watch
        self.dtype, self.word_bits = computation.arithmetic.dtype, placement.word_bits
        self.host = Host(computation, placement.host)
        self.rams = {m.name: Ram(placement.allocations.get(m.name, ())) for m in machine.memories if m.kind == "ram"}
        self.fifos: dict[str, Buffer[Array | None]] = {m.name: Buffer(m) for m in machine.memories if m.kind == "fifo"}
        self.under_way: dict[int, list[list[Array]]] = {}

    def begin(self, index: int, task: Task, effect: Compute | Copy | Load) -> None:
        match effect:
            case Copy():
                self.under_way[index] = [[self._fetched(read, task, effect.source)] for read in reads(effect, self.network)]
            case Compute():
                self.under_way[index] = [
                    [self._fetched(read, task, task.unit) for read in operands(effect, patch, self.network)] for patch in effect.patches
                ]

    def end(self, index: int, task: Task, effect: Compute | Copy | Load) -> None:
        match effect:
            case Copy():
                for region, (values,) in zip(writes(effect), self.under_way.pop(index), strict=True):
                    self._put(region, values, task.frame)
            case Load():
                for target in effect.targets:
                    self.fifos[target].push(weights(effect), None, effect.bits)
            case Compute():
                self._compute(task, effect, self.under_way.pop(index))

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
        out = np.zeros((box.r1 - box.r0, box.w1 - box.w0, box.c1 - box.c0), self.dtype)
        found = 0
        for region in regions:
            found += self.rams[region.memory].read(region, task.frame, out, box)
        if found < box.size:
            raise NotThere(f"{reader} lacks {box.size - found} of {box.size} values of '{tensor}' ({box}) when {_who(task)} starts")
        return out

    def _kept(self, memory: str, read: Read, task: Task) -> Array:
        """Values of a block from a buffer, which keeps it as a whole or not at all. Raises NotThere if it has been pushed out."""
        key = read.tensor, read.box, task.frame
        if key not in self.fifos[memory] or (values := self.fifos[memory][key]) is None:
            raise NotThere(f"{memory} no longer holds '{read.tensor}' ({read.box}) when {_who(task)} sends it")
        return values

    def _compute(self, task: Task, effect: Compute, fetched: list[list[Array]]) -> None:
        locations = effect.locations
        if weights(effect) not in self.fifos[locations.weights]:
            which = f"the weights of '{locations.layers[0]}', channels {effect.c0}:{effect.c1}"
            raise NotThere(f"{locations.weights} lacks {which}, when {_who(task)} ends")
        for patch, blocks in zip(effect.patches, fetched, strict=True):
            block = patch.out.channels(effect.c0, effect.c1)
            window, *others = self._taken(locations, patch.fetch, block, iter(blocks))
            operands = [self._padded(locations, patch.fetch, block, window), *others]
            values = self.computation.fused(locations.layers, operands, (effect.c0, effect.c1))
            if self.watch is not None:
                self.watch(task, locations.layers[-1], block, values)
            for region in results(effect, patch):
                self._put(region, values[region.box.slices(block)], task.frame)

    def _taken(self, locations: OperandLocations, fetch: Box, block: Box, blocks: Iterator[Array]) -> Iterator[Array]:
        """The first layer's input under *fetch* and a *block* of each later layer's other input, from the *blocks* that hold them."""
        first = self.network[locations.layers[0]].inputs[0]
        yield rearranged(self.computation, first, fetch, [region.tensor for region in locations.reads], blocks)
        lying = [region.tensor for region in locations.operands]
        for name in self.network.bypasses(locations.layers):
            yield rearranged(self.computation, name, block, lying, blocks)

    def _padded(self, locations: OperandLocations, fetch: Box, block: Box, window: Array) -> Array:
        """Input of the first layer for a *block*: the *window* under *fetch*, cut to what the layer needs, with its padding around it."""
        first = self.network[locations.layers[0]]
        needed = first.needs(0, self.network.under(locations.layers, block)[0], self.network.input_shapes(first))
        return padded(window, needed, first, fetch)

    def _put(self, region: Region, values: Array, frame: int) -> None:
        memory, tensor, box = region
        if memory == HOST:
            self.host.write(tensor, box, values, frame)
        elif memory in self.fifos:
            self.fifos[memory].push((tensor, box, frame), values, box.size * self.word_bits[tensor])
        else:
            self.rams[memory].write(tensor, box, values, frame)


def _who(task: Task) -> str:
    return f"{task.name} of {task.layer} on {task.unit}, frame {task.frame},"
