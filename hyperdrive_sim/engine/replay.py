"""Execution of a schedule's effects on real tensors, in simulated time order, each memory holding only what was put into it.

A task reads what it needs from its own memories at the moment it starts and writes at the moment it ends, over a link with a latency
that much later. A pixel that a chip computes from must therefore really have arrived by then: a missing border exchange, a layer that
starts too early, a map that is overwritten too soon ends in NotThere or in values that differ from golden.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from hyperdrive_sim.engine.background import Background
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.computing import Common, Computes, Watch
from hyperdrive_sim.engine.effects import Weights, reads, writes
from hyperdrive_sim.engine.places import Instance, Memories
from hyperdrive_sim.engine.pooling import pool_places
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.network.box import Box, new
from hyperdrive_sim.network.golden import Computation
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.schedule import STRETCH, Schedule
from hyperdrive_sim.schedule.tasks import Compute, Copy, Load


def replay(
    compiled: Compiled, computation: Computation, watch: Watch | None = None, threads: int | None = None
) -> Iterator[dict[str, Array]]:
    """Outputs of the network by name, one mapping per frame, computed by the tasks in the order of the trace; empty for a dropped frame.

    *watch* sees every block that a unit computes, in that order too. What a block becomes is settled by what its task reads when it
    starts, so *threads*, by default one for each processor, compute it while the replay goes on to the task's end: nothing depends on
    how many there are. Raises NotThere where a task reads what its memory does not hold.
    """
    schedule, dropped = compiled.trace.tasks, set(compiled.trace.dropped)
    with Background(threads) as background:
        memories = Memories(compiled.machine, compiled.placement, computation, pool_places(compiled.schedule, compiled.machine))
        executors = _Executors(schedule, memories, Common(computation, memories, background, watch))
        under_way: dict[int, Any] = {}
        for at_end, pattern, instance in _moments(compiled.trace):
            if at_end:
                executors[pattern].end(instance, under_way.pop(instance.number))
                executors.ended(pattern)
            else:
                under_way[instance.number] = executors[pattern].begin(instance)
    frames = (() if frame in dropped else computation.network.outputs for frame in range(schedule.frames))
    return ({name: memories.host.whole(name, frame) for name in outputs} for frame, outputs in enumerate(frames))


def _moments(trace: Trace) -> Iterator[tuple[bool, int, Instance]]:
    """Starts and ends of tasks with an effect in time order, as (True at the end, pattern, the task); in one instant ends first, each in
    the schedule's order.

    The end of a task with a latency is its arrival.
    """
    tasks = trace.tasks
    moving = np.flatnonzero(tasks.pattern != NO_EFFECT)
    count = len(moving)
    times = np.concatenate((trace.arrival[moving], trace.start[moving]))
    order = np.lexsort((np.tile(moving, 2), np.repeat([0, 1], count), times))
    for first in range(0, len(order), STRETCH):
        part = order[first : first + STRETCH]
        indices = moving[part % count]
        columns = (column[indices].tolist() for column in (tasks.pattern, tasks.c0, tasks.c1, tasks.frame))
        for at_end, index, pattern, *its in zip((part < count).tolist(), indices.tolist(), *columns, strict=True):
            yield at_end, pattern, new(Instance, (tasks, index, *its))


class _Executor(Protocol):
    """What the tasks of one pattern do when they start and when they end."""

    def begin(self, instance: Instance) -> Any:
        """What is kept until the task's end. Raises NotThere if what it reads is not there."""
        ...

    def end(self, instance: Instance, kept: Any) -> None: ...


class _Executors(dict[int, _Executor]):
    """Executors by pattern, each made when its first task starts and let go when its last one has ended: there may be one a pixel."""

    def __init__(self, schedule: Schedule, memories: Memories, common: Common) -> None:
        super().__init__()
        self.patterns, self.memories, self.common = schedule.patterns, memories, common
        self.left = np.bincount(schedule.pattern[schedule.pattern != NO_EFFECT], minlength=len(schedule.patterns)).tolist()

    def __missing__(self, pattern: int) -> _Executor:
        match effect := self.patterns[pattern]:
            case Copy():
                self[pattern] = _Copies(effect, self.memories)
            case Load():
                self[pattern] = _Loads(effect, self.memories)
            case Compute():
                self[pattern] = Computes(effect, self.common)
        return self[pattern]

    def ended(self, pattern: int) -> None:
        """Count a task that has ended."""
        self.left[pattern] -= 1
        if not self.left[pattern]:
            del self[pattern]


class _Copies:
    """Copies of blocks: taken when a task starts, put down when it ends."""

    def __init__(self, effect: Copy, memories: Memories) -> None:
        whole = effect._replace(c0=0, c1=memories.network.shape(effect.tensor).channels)
        sources = (memories.source(read, effect.source) for read in reads(whole, memories.network))
        targets = (memories.target(region) for region in writes(whole))
        self.moves = [(box[2:], source, target) for box, source, target in zip(effect.boxes, sources, targets, strict=True)]

    def begin(self, instance: Instance) -> list[Array]:
        channels = instance.c0, instance.c1
        return [source.read(new(Box, (*channels, *pixels)), instance) for pixels, source, _ in self.moves]

    def end(self, instance: Instance, kept: list[Array]) -> None:
        channels = instance.c0, instance.c1
        for (pixels, _, target), values in zip(self.moves, kept, strict=True):
            target.write(new(Box, (*channels, *pixels)), values, instance.frame)


class _Loads:
    """Weights that come into buffers when a task ends."""

    def __init__(self, effect: Load, memories: Memories) -> None:
        self.layer, self.bits = effect.layer, effect.bits
        self.targets = [memories.fifos[target] for target in effect.targets]

    def begin(self, instance: Instance) -> None:
        pass

    def end(self, instance: Instance, kept: None) -> None:
        for target in self.targets:
            target.push(Weights(self.layer, instance.c0, instance.c1), None, self.bits)
