"""Executes a schedule's effects on real tensors, in simulated time order, each memory holding only what was put into it.

A task reads what it needs from its own memories at the moment it starts and writes at the moment it ends, over a link with a latency
that much later. A pixel that a chip computes from must therefore really have arrived by then: a missing border exchange, a layer that
starts too early, a map that is overwritten too soon ends in NotThere or in values that differ from golden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.memories import Buffer, Host, Ram
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, framed
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.tasks import HOST, Compute, Copy, Load, Task

Watch = Callable[[Task, str, Box, Array], None]


def replay(compiled: Compiled, computation: Computation, watch: Watch | None = None) -> Iterator[dict[str, Array]]:
    """The network's outputs by name, for each frame, computed by the tasks as the trace ordered them.

    *watch* sees every block that a unit computes. Raises NotThere where a task reads what its memory does not hold.
    """
    run, schedule = _Replay(compiled, computation, watch), compiled.schedule
    for index, at_end in _moments(compiled.trace):
        task = schedule.tasks[index]
        if task.effect is not None:
            (run.end if at_end else run.begin)(index, task, task.effect)
    frames = 1 + max((task.frame for task in schedule.tasks), default=0)
    return ({name: run.host.whole(name, frame) for name in computation.network.outputs} for frame in range(frames))


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

    def __init__(self, compiled: Compiled, computation: Computation, watch: Watch | None) -> None:
        machine, placement = compiled.machine, compiled.placement
        self.computation, self.network, self.watch = computation, computation.network, watch
        self.dtype, self.word_bits = computation.arithmetic.dtype, placement.word_bits
        self.host = Host(computation, placement.host)
        self.rams = {m.name: Ram(placement.residents.get(m.name, ())) for m in machine.memories if m.kind == "ram"}
        self.fifos: dict[str, Buffer[Array | None]] = {m.name: Buffer(m) for m in machine.memories if m.kind == "fifo"}
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
                for target in effect.targets:
                    self.fifos[target].push((effect.layer, effect.c0, effect.c1), None, effect.bits)
            case Compute():
                self._compute(task, effect, self.under_way.pop(index))

    def _fetched(self, memory: str, tensor: str, box: Box, task: Task) -> Array:
        """A block from one memory that must hold all of it."""
        if memory == HOST:
            return self.host.whole(tensor, task.frame)[box.slices(self.network.shape(tensor).box)]
        if memory in self.fifos:
            key = tensor, box, task.frame
            if key not in self.fifos[memory] or (values := self.fifos[memory][key]) is None:
                raise NotThere(f"{memory} no longer holds '{tensor}' ({box}) when {_who(task)} sends it")
            return values
        out = np.empty((box.r1 - box.r0, box.w1 - box.w0, box.c1 - box.c0), self.dtype)
        self._count(self.rams[memory].read(tensor, box, task.frame, out, box), box.size, memory, tensor, box, task)
        return out

    def _count(self, found: int, wanted: int, memory: str, tensor: str, box: Box, task: Task) -> None:
        if found < wanted:
            raise NotThere(f"{memory} lacks {wanted - found} of {wanted} values of '{tensor}' ({box}) when {_who(task)} starts")

    def _operands(self, task: Task, effect: Compute) -> list[list[Array]]:
        """For each patch: the first layer's input window, then a block for each bypass."""
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
        needed = layer.needs(0, self.network.under(effect.site.layers, out)[0], self.network.input_shapes(layer))
        return framed(held, needed, layer, fetch)

    def _bypasses(self, task: Task, effect: Compute, out: Box) -> list[Array]:
        block = out.channels(effect.c0, effect.c1)
        return [self._fetched(region.memory, region.tensor, block, task) for region in effect.site.operands]

    def _compute(self, task: Task, effect: Compute, operands: list[list[Array]]) -> None:
        site = effect.site
        if (site.layers[0], effect.c0, effect.c1) not in self.fifos[site.weights]:
            raise NotThere(
                f"{site.weights} lacks the weights of '{site.layers[0]}', channels {effect.c0}:{effect.c1}, when {_who(task)} ends"
            )
        for patch, blocks in zip(effect.patches, operands, strict=True):
            values = self.computation.fused(site.layers, blocks, (effect.c0, effect.c1))
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
            self.fifos[memory].push((tensor, box, frame), values, box.size * self.word_bits[tensor])
        else:
            self.rams[memory].write(tensor, box, values, frame)


def _who(task: Task) -> str:
    return f"{task.name} of {task.layer} on {task.unit}, frame {task.frame},"
