"""Hyperdrive's schedule: weights streamed once to all chips, a task per chip and block of output channels, borders sent as they are made.

Per block of C output channels: the weight stream runs while every chip computes the first pixel of its patches with it. If the
stream is as fast as the array (16 bit per cycle, as published) that pixel and the rest are one task; if it is slower, the rest comes
after the whole stream, so the array stalls for what is missing, once per block.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hyperdrive_sim.archs.hyperdrive import timing
from hyperdrive_sim.archs.hyperdrive.exchange import Exchange
from hyperdrive_sim.archs.hyperdrive.machine import HOST_LINK, WEIGHTS, array
from hyperdrive_sim.archs.hyperdrive.pieces import Piece, Pieces, locations
from hyperdrive_sim.archs.hyperdrive.placement import BEFORE_ALL, MeshLayout, bypasses_paid
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS
from hyperdrive_sim.archs.hyperdrive.steps import HyperdriveStep, block_inputs, channel_weights
from hyperdrive_sim.network.box import Box, chunks, new
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mesh import Chip
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.tasks import HOST, NOTHING, Arrivals, Compute, Copy, Load, OperandLocations, Patch, Task
from hyperdrive_sim.schedule.writer import Writer


class BlockCosts(NamedTuple):
    """Picoseconds and actions of each piece of a block, by its number of pixels, and the duration of its first pixel."""

    pieces: dict[int, tuple[int, dict[str, int]]]
    head_ps: int


class Block(NamedTuple):
    """Block of output channels c0..c1, with its costs."""

    c0: int
    c1: int
    costs: BlockCosts


class StepWork(NamedTuple):
    """Properties of a step in one frame that all its blocks and chips share.

    `costs`: costs of a block, by the input channels that it takes; `hidden`: True if the weights of every block arrive as fast as its
    first pixel uses them; `sends_halo`: True if borders are exchanged; `leaves`: True if the map goes to the host.
    """

    step: HyperdriveStep
    frame: int
    costs: dict[int, BlockCosts]
    hidden: bool
    sends_halo: bool
    leaves: bool


class Post(NamedTuple):
    """One chip's share of a step: its array, its operand locations, and the pieces of its part of the output."""

    chip: Chip
    array: str
    locations: OperandLocations
    pieces: tuple[Piece, ...]


class Stream(NamedTuple):
    """Block of weights in the weight buffers: the task that brought it, and the tasks that compute with it."""

    task: int
    readers: list[int]


class Lowering:
    """State of the lowering: the tasks written so far, and which of them later ones must wait for."""

    def __init__(self, layout: MeshLayout, machine: Machine, placement: Placement, to: Writer, grain: str) -> None:
        self.layout, self.machine, self.placement, self.to = layout, machine, placement, to
        self.network, self.spec, self.chips = layout.network, layout.spec, layout.mesh.chips
        self.pieces = Pieces(layout, grain)
        self.tasks, self.add = to.tasks, to.add
        self.exchange = Exchange(layout, machine, to.tasks)
        self.buffers = tuple(f"{chip}.wbuf" for chip in self.chips)
        self.weights: Fifo[Stream] = Fifo(self.spec.weight_buffer_bits, self.spec.weight_buffer_blocks)
        self.last: list[int] = []
        self.arrived: dict[tuple[str, Chip], list[int]] = {}
        self.step_ends: list[list[int]] = []
        self.left: dict[Chip, list[int]] = {}
        self.paid = bypasses_paid(layout)

    def write(self, arrivals: Arrivals) -> None:
        """Write the tasks of all frames of *arrivals*, one frame after the other."""
        for frame in self.to.each(range(arrivals.frames)):
            self.frame(frame, frame * arrivals.period_ps)

    def frame(self, number: int, not_before_ps: int) -> None:
        gate = self._gate() if number else []
        self.step_ends = []
        for entry in self.layout.plan.inputs:
            self._enter(entry, number, not_before_ps, gate)
        for step in self.layout.plan.steps:
            self._run(step, number)
            self.step_ends.append(self.last)

    def _enter(self, tensor: str, frame: int, not_before_ps: int, gate: list[int]) -> None:
        """Write the input of a map: the host sends every chip its part, block by block of channels; the chips exchange the borders."""
        link = self.machine.unit[HOST_LINK]
        first: int | None = None
        for c0, c1 in self.to.each([*chunks(0, self.network.shape(tensor).channels, self.spec.lanes)]):
            for chip in self.chips:
                part = self.layout.part(tensor, chip)
                after = tuple(gate) if first is None else (first,) if gate else ()
                bits = part.channels(c0, c1).size * WORD_BITS
                effect = Copy(tensor, c0, c1, (part,), HOST, f"{chip}.fmm")
                actions = self.exchange.moved("input_io.bit", bits)
                sent = self.add(Task("input", tensor, HOST_LINK, link.ps(bits), after, (), effect, actions, 0, not_before_ps, frame))
                first = sent if first is None else first
                self.arrived.setdefault((tensor, chip), []).append(sent)
                if tensor in self.layout.halo_maps:
                    (routes,) = self.exchange.routes(tensor, chip, _stored(part), c1 - c0, stored=True)
                    self.exchange.send(tensor, (tensor, c0, c1, frame), routes, sent, stored=True)

    def _run(self, step: HyperdriveStep, frame: int) -> None:
        """Write the tasks of all blocks of a step on all chips."""
        work = self._work(step, frame)
        waits = {chip: self._inputs(step, chip) for chip in self.chips}
        leaving = {chip: self._departures(step, chip) for chip in self.chips}
        posts = [Post(chip, array(chip), locations(step, chip, self.layout), self.pieces.of(step, chip)) for chip in self.chips]
        shape = self.network.shape(step.output)
        alike = self.network.shape(step.source), shape, step.main.window, work.hidden, work.sends_halo, work.leaves
        for c0, c1 in self.to.each([*chunks(0, shape.channels, self.spec.lanes)], alike):
            block = Block(c0, c1, work.costs[block_inputs(step, c0, c1, self.network)])
            stream = self._stream(step, c0, c1, frame)
            ends = []
            for position, post in enumerate(posts):
                before = waits.pop(post.chip, [])
                if self.spec.prefetches and self.last:
                    before.append(self.last[position])
                begins = (stream.task, *leaving.pop(post.chip, ()))
                ends.append(self._block(work, post, block, before, begins))
            self.last = ends
            stream.readers.extend(ends)
        if self.spec.prefetches:
            self.exchange.credits = dict(zip(self.chips, self.last, strict=True))

    def _work(self, step: HyperdriveStep, frame: int) -> StepWork:
        sizes = {piece.pixels for chip in self.chips for piece in self.pieces.of(step, chip)}
        blocks = [*chunks(0, self.network.shape(step.output).channels, self.spec.lanes)]
        taken = [block_inputs(step, *block, self.network) for block in blocks]
        costs = {inputs: self._costs(step, inputs, sizes) for inputs in set(taken)}
        stream = self.machine.unit[WEIGHTS]
        hidden = all(stream.ps(self._bits(step, *block)) <= costs[inputs].head_ps for block, inputs in zip(blocks, taken, strict=True))
        return StepWork(step, frame, costs, hidden, step.output in self.layout.halo_maps, step.output in self.layout.plan.outputs)

    def _costs(self, step: HyperdriveStep, inputs: int, sizes: Iterable[int]) -> BlockCosts:
        core = self.machine.clock
        actions = {n: timing.phases(n, step, inputs, self.spec, bypass=step.output in self.paid) for n in sizes}
        return BlockCosts(
            {n: (core.ps(sum(cycles.values())), cycles) for n, cycles in actions.items()}, core.ps(timing.head_cycles(step, inputs))
        )

    def _bits(self, step: HyperdriveStep, c0: int, c1: int) -> int:
        """Bits of weights that are streamed for a block of output channels."""
        return (c1 - c0) * channel_weights(step, self.network)

    def _inputs(self, step: HyperdriveStep, chip: Chip) -> list[int]:
        """Tasks that a chip's first block of a step comes after: arrivals of maps and borders that no earlier step has waited for."""
        waits = [task for tensor in step.maps for task in self.arrived.pop((tensor, chip), ())]
        waits += [task for tensor in step.halos for task in self.exchange.arrivals.pop((tensor, chip), ())]
        return waits + self.left.pop(chip, [])

    def _departures(self, step: HyperdriveStep, chip: Chip) -> list[int]:
        """Transfers from a chip's memories that must be under way when its first block of a step begins: those of the maps it reads."""
        return [task for tensor in step.halos for task in self.exchange.departures.pop((tensor, chip), ())]

    def _stream(self, step: HyperdriveStep, c0: int, c1: int, frame: int) -> Stream:
        """Write the stream of one block's weights to all chips at once, as soon as every chip has room for them."""
        layer, bits = step.main.name, self._bits(step, c0, c1)
        after = [reader for stream in self.weights.make_room(bits) for reader in stream.readers]
        if before := self.weights.newest:  # the buffer pushes out what came first, so blocks must come in order
            after.append(before.task)
        effect, ps = Load(layer, c0, c1, bits, self.buffers), self.machine.unit[WEIGHTS].ps(bits)
        task = Task("stream", layer, WEIGHTS, ps, tuple(after), (), effect, self.exchange.moved("weight_io.bit", bits), frame=frame)
        stream = Stream(self.add(task), [])
        self.weights.push(stream, bits)
        return stream

    def _block(self, work: StepWork, post: Post, block: Block, before: list[int], begins: tuple[int, ...]) -> int:
        """Write one chip's tasks for one block of output channels; return the last task of its array.

        They come after the tasks *before* and start with those that it *begins* with, the first of which is the stream of its weights.
        """
        chip, unit, at, pieces = post
        c0, c1, (costs, head_ps) = block
        name, frame, tasks = work.step.main.name, work.frame, self.tasks
        routes = self.exchange.routes(work.step.output, chip, pieces, c1 - c0) if work.sends_halo else None
        after, done = before, -1
        stream = begins[0]
        for number, (pixels, patches) in enumerate(pieces):
            ps, actions = costs[pixels]
            if number == 0 and not work.hidden:
                tasks.append(Task("first", name, unit, head_ps, tuple(before), begins, None, NOTHING, 0, 0, frame))
                ps, after, begins = max(1, ps - head_ps), [len(tasks) - 1, stream], ()
            if routes is not None:
                after = after + self.exchange.room(routes[number])
            done = len(tasks)
            effect = new(Compute, (at, c0, c1, patches))
            tasks.append(new(Task, ("compute", name, unit, ps, tuple(after), begins, effect, actions, 0, 0, frame, 0)))
            if routes is not None:
                self.exchange.send(name, (work.step.output, c0, c1, frame), routes[number], done)
            after, begins = [done], ()
        if work.leaves:
            self._leave(work.step, chip, (c0, c1, frame), done)
        return done

    def _leave(self, step: HyperdriveStep, chip: Chip, block: tuple[int, int, int], done: int) -> None:
        """Write the transfer of a finished block from a chip to the host."""
        c0, c1, frame = block
        part = self.layout.part(step.output, chip)
        bits = part.channels(c0, c1).size * WORD_BITS
        effect = Copy(step.output, c0, c1, (part,), f"{chip}.fmm", HOST)
        ps = self.machine.unit[HOST_LINK].ps(bits)
        task = Task("output", step.main.name, HOST_LINK, ps, (done,), (), effect, self.exchange.moved("output_io.bit", bits), frame=frame)
        self.left.setdefault(chip, []).append(self.add(task))

    def _gate(self) -> list[int]:
        """Tasks of the previous frame that must end before the next frame's input may be written over its maps."""
        free_after = max(map(_last_alias, self.placement.allocations.values()))
        if free_after < len(self.step_ends):
            return self.step_ends[free_after]
        return [*self.step_ends[-1], *(task for tasks in self.left.values() for task in tasks)]


def _last_alias(allocations: tuple[Allocation, ...]) -> int:
    """Last step in which an allocation shares bits with the input's, the input itself included."""
    inputs = [allocation for allocation in allocations if allocation.first == BEFORE_ALL]
    return max((other.last for one in inputs for other in allocations if one.overlaps(other)), default=BEFORE_ALL)


def _stored(part: Box) -> tuple[Piece, ...]:
    """Single piece for a part that is in the feature-map memory as a whole."""
    return (Piece(0, (Patch(part, part),)),)
