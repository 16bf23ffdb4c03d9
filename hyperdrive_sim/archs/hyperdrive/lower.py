"""Hyperdrive's schedule: weights streamed once to all chips, a task per chip and block of output channels, borders sent as they are made.

Per block of C output channels: the weight stream runs while every chip computes the first pixel of its patches with it. If the
stream is as fast as the array (16 bit per cycle, as published) that pixel and the rest are one task; if it is slower, the rest comes
after the whole stream, so the array stalls for what is missing, once per block.

All blocks of a step are the same tasks (`BlockTasks`), which the writer stamps; here is what comes after what from block to block and
from step to step. Positions of tasks are arrays with one entry for each chip [chips], or `Marks` where a chip has several.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from hyperdrive_sim.archs.hyperdrive.blocks import BORDER, CORNER, STREAM
from hyperdrive_sim.archs.hyperdrive.exchange import Crossing
from hyperdrive_sim.archs.hyperdrive.machine import HOST_LINK
from hyperdrive_sim.archs.hyperdrive.marks import Marks
from hyperdrive_sim.archs.hyperdrive.pieces import Piece, single
from hyperdrive_sim.archs.hyperdrive.placement import BEFORE_ALL
from hyperdrive_sim.archs.hyperdrive.send_buffers import SendBuffers
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS
from hyperdrive_sim.archs.hyperdrive.step_blocks import CARRIED, Run, StepBlocks
from hyperdrive_sim.archs.hyperdrive.steps import HyperdriveStep
from hyperdrive_sim.network.box import Box, chunks
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.fifo import FifoRows
from hyperdrive_sim.schedule.growing import Links
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Copy, Task
from hyperdrive_sim.schedule.writer import Writer


class Lowering:
    """State of the lowering: which of the tasks written so far later ones must wait for."""

    def __init__(self, blocks: StepBlocks, placement: Placement, to: Writer) -> None:
        self.blocks, self.layout, self.placement, self.to = blocks, blocks.layout, placement, to
        self.network, self.spec, self.chips = blocks.network, blocks.spec, blocks.chips
        self.link = blocks.machine.unit[HOST_LINK]
        self.weights = FifoRows(len(self.chips), self.spec.weight_buffer_bits, self.spec.weight_buffer_blocks)
        """Blocks of weights in the buffers: of each, the tasks that compute with it [chips]."""
        self.streamed: Numbers = np.zeros((0, 2), np.int64)
        """The task that brought the newest of them and its bits, once there is one [0 or 1, 2]."""
        self.send_buffers = SendBuffers(blocks.buffers, self.spec.send_buffer_bits)
        self.last: Numbers = np.zeros(0, np.int64)
        """Of each chip, the task that its array has done last."""
        self.credits: Numbers = np.zeros(0, np.int64)
        """Of each chip, the task after which it has room for the next map's borders; none where chips are in step anyway."""
        self.step_ends: list[Numbers] = []
        self.entered: list[int] = []
        """Transfers from the host of the frame that is being written, which wait for its arrival."""
        self.arrived: defaultdict[str, Marks] = defaultdict(Marks)
        """Transfers from the host that bring each chip its part of a map."""
        self.arrivals: defaultdict[str, Marks] = defaultdict(Marks)
        """Transfers that bring each chip its neighbours' pixels of a map."""
        self.departures: defaultdict[str, Marks] = defaultdict(Marks)
        """Transfers that read a map's pixels in a chip's own memories; none where chips are in step anyway."""
        self.left = Marks()
        """Transfers of finished blocks from each chip to the host."""

    def write(self, arrivals: Arrivals) -> None:
        """Write the tasks of all frames of *arrivals*, one after the other.

        Once a frame leaves behind what the frame before left, all others are like it, and it is repeated.
        """
        before: tuple[Any, ...] = ()
        for frame in self.to.each(range(arrivals.frames)):
            first = self.to.size
            self.frame(frame, arrivals.at(frame))
            left = self._left_behind()
            if left == before:
                self.to.repeat(self.to.size - first, arrivals.frames - frame - 1, self.entered, arrivals.times_ps[frame + 1 :])
                return
            before = left

    def frame(self, number: int, not_before_ps: int) -> None:
        gate = self._gate() if number else []
        self.step_ends, self.entered = [], []
        for entry in self.layout.plan.inputs:
            self._enter(entry, number, not_before_ps, gate)
        for step, runs in zip(self.layout.plan.steps, self.blocks.runs, strict=True):
            self._run(step, runs, number)
            self.step_ends.append(self.last)

    def _left_behind(self) -> tuple[Any, ...]:
        """All that the next frame's tasks depend on, to be compared; positions are counted back from the end of what is written."""

        def back(tasks: Numbers) -> bytes:
            return (self.to.size - tasks).tobytes()

        buffers = [(back(buffer.rows), buffer.sizes.tobytes()) for buffer in (self.weights, *self.send_buffers.contents)]
        waiting = [
            [(tensor, chips.tobytes(), back(tasks)) for tensor, marks in some.items() for chips, tasks in [marks.joined()]]
            for some in (self.arrived, self.arrivals, self.departures, {"": self.left})
        ]
        streamed = back(self.streamed[:, 0]), self.streamed[:, 1].tobytes()
        return buffers, waiting, streamed, back(self.last), back(self.credits), list(map(back, self.step_ends))

    def _enter(self, tensor: str, frame: int, not_before_ps: int, gate: list[int]) -> None:
        """Write the input of a map: the host sends every chip its part, block by block of channels; the chips exchange the borders."""
        first: int | None = None
        for c0, c1 in self.to.each([*chunks(0, self.network.shape(tensor).channels, self.spec.lanes)]):
            for number, chip in enumerate(self.chips):
                part = self.layout.part(tensor, chip)
                after = tuple(gate) if first is None else (first,) if gate else ()
                bits = part.channels(c0, c1).size * WORD_BITS
                effect = Copy(tensor, c0, c1, (part,), HOST, f"{chip}.fmm")
                actions = {"input_io.bit": bits}
                sent = self.to.add(
                    Task("input", tensor, HOST_LINK, self.link.ps(bits), after, (), effect, actions, 0, not_before_ps, frame)
                )
                first = sent if first is None else first
                self.arrived[tensor].add([number], [sent])
                self.entered.append(sent)
                if tensor in self.layout.halo_maps:
                    (routes,) = self.blocks.exchange.routes(tensor, chip, _stored(part), c1 - c0, stored=True)
                    for border, corners in routes:
                        crossed = self._cross(tensor, (c0, c1), frame, BORDER, border, sent)
                        for corner in corners:
                            self._cross(tensor, (c0, c1), frame, CORNER, corner, crossed)

    def _cross(self, tensor: str, channels: tuple[int, int], frame: int, kind: int, crossing: Crossing, after: int) -> int:
        """Write the transfer of border pixels of an input, which are read from the sender's own memory."""
        waits = (after, int(self.credits[crossing.to])) if len(self.credits) else (after,)
        effect, actions = Copy(tensor, *channels, crossing.sent.boxes, crossing.source, crossing.target), {CARRIED[kind]: crossing.bits}
        task = Task(crossing.name, tensor, crossing.unit, crossing.ps, waits, (), effect, actions, crossing.latency_ps, 0, frame)
        sent = self.to.add(task)
        self.arrivals[tensor].add([crossing.to], [sent])
        if self.spec.prefetches:
            self.departures[tensor].add([crossing.via], [sent])
        return sent

    def _run(self, step: HyperdriveStep, runs: tuple[Run, ...], frame: int) -> None:
        """Write the tasks of all blocks of a step on all chips.

        A chip's first block waits for maps and borders that no earlier step has waited for, and starts with what must be under way by
        then: the transfers from the chip's memories of the maps that it reads.
        """
        before = [self.arrived.pop(tensor, Marks()) for tensor in step.maps]
        before += [self.arrivals.pop(tensor, Marks()) for tensor in step.halos]
        before.append(self.left)
        beside = [self.departures.pop(tensor, Marks()) for tensor in step.halos]
        self.left = Marks()
        for run in runs:
            if self.to.counting:
                self.to.size += len(run.channels) * len(run.block)
            else:
                self._stamp(step, run, frame, before, beside)
            before, beside = [], []
        if self.spec.prefetches:
            self.credits = self.last

    def _stamp(self, step: HyperdriveStep, run: Run, frame: int, before: list[Marks], beside: list[Marks]) -> None:
        """Write a run of blocks that are alike; its first comes after tasks of *before* and starts with those *beside*."""
        block, entries = run.block, run.block.begins
        at = self.to.size + len(block) * np.arange(len(run.channels))
        ends = at[:, None] + block.computed_last
        received = block.received
        after = [
            *self._streams(run, at, ends),
            *chain.from_iterable(marks.links(at[0] + entries) for marks in before),
            *self._in_turn(at[:, None] + entries, ends),
            _repeated(at, *block.links),
            *self.send_buffers.fill(block, at),
            *self._credited(at, received),
        ]
        after_start = [
            _repeated(at, entries, np.full(len(entries), STREAM)),
            *chain.from_iterable(marks.links(at[0] + entries) for marks in beside),
        ]
        self.to.stamp(run.stamp, run.channels, step.main.name, frame, after, after_start)
        self.last = ends[-1]
        self.arrivals[step.output].of_blocks(at, received)
        if self.spec.prefetches:
            self.departures[step.output].of_blocks(at, block.forwarded)
        self.left.of_blocks(at, block.leaving)

    def _streams(self, run: Run, at: Numbers, ends: Numbers) -> Iterator[Links]:
        """What the streams of some blocks wait for: every chip has room for the weights, as those that make way have been used.

        *ends* are what computes with each block [blocks, chips]. A stream comes after the one before, unless that one's block makes way.
        """
        gone, places = self.weights.push(ends, np.full(len(at), run.weight_bits))
        yield Links(np.repeat(at[places], len(self.chips)), gone.ravel())
        if self.spec.prefetches:
            streamed = np.concatenate((self.streamed, np.stack((at, np.full(len(at), run.weight_bits)), axis=1)))
            tasks, bits = streamed.T
            both = bits[:-1] + bits[1:] <= self.spec.weight_buffer_bits
            yield Links(tasks[1:][both], tasks[:-1][both])
            self.streamed = streamed[-1:]

    def _in_turn(self, entries: Numbers, ends: Numbers) -> Iterator[Links]:
        """Each chip computes block after block, also where weights come early; both [blocks, chips]."""
        if self.spec.prefetches:
            others = np.concatenate((self.last[None], ends[:-1])) if len(self.last) else ends[:-1]
            yield Links(entries[-len(others) :].ravel() if len(others) else np.zeros(0, np.int64), others.ravel())

    def _credited(self, at: Numbers, received: tuple[Numbers, Numbers]) -> Iterator[Links]:
        """A border comes in only once its receiver has room for it."""
        if len(self.credits):
            rows, receivers = received
            yield Links((at[:, None] + rows).ravel(), np.tile(self.credits[receivers], len(at)))

    def _gate(self) -> list[int]:
        """Tasks of the previous frame that must end before the next frame's input may be written over its maps."""
        free_after = max(_last_alias(self.placement.allocations[memory]) for memory in self.placement.examples)
        if free_after < len(self.step_ends):
            found: list[int] = self.step_ends[free_after].tolist()
            return found
        return [*self.step_ends[-1].tolist(), *self.left.by_chip()]


def _repeated(at: Numbers, tasks: Numbers, others: Numbers) -> Links:
    """Edges within a block, in each of the blocks *at* some positions."""
    return Links((at[:, None] + tasks).ravel(), (at[:, None] + others).ravel())


def _last_alias(allocations: tuple[Allocation, ...]) -> int:
    """Last step in which an allocation shares bits with the input's, the input itself included."""
    inputs = [allocation for allocation in allocations if allocation.first == BEFORE_ALL]
    return max((other.last for one in inputs for other in allocations if one.overlaps(other)), default=BEFORE_ALL)


def _stored(part: Box) -> tuple[Piece, ...]:
    """Single piece for a part that is in the feature-map memory as a whole."""
    return (Piece(0, single(part)),)
