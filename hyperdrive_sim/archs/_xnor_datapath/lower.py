"""Schedule of the datapath: for every block of output channels a task on each unit that is busy with it, all begun together.

The array computes while rows come from the source memory, weights through the parameters' port and partial sums go to the sink memory
and back; the next block begins when the slowest of the four has done. Only the flash runs ahead, as far as the parameter buffer has
room, and blocks are cut so that the array never waits for parameters that a later channel needs. A step begins with the first rows, for
which the array waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hyperdrive_sim.archs._xnor_datapath import timing
from hyperdrive_sim.archs._xnor_datapath.blocks import BlockTimes, block_ranges
from hyperdrive_sim.archs._xnor_datapath.machine import BPUS, BUFFER, FLASH, HOST_LINK, PARAMETERS, SINK, SOURCE, SUMS
from hyperdrive_sim.archs._xnor_datapath.placement import CoreLayout, geometry, parameter_bits, rooms
from hyperdrive_sim.archs._xnor_datapath.steps import CoreStep
from hyperdrive_sim.archs._xnor_datapath.timing import BlockCost, Pooled
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Compute, Copy, Load, OperandLocations, Patch, Region, Task
from hyperdrive_sim.schedule.writer import Writer

BLOCK, CHANNEL = "block", "channel"
GRAINS = (BLOCK, CHANNEL)


def write(layout: CoreLayout, machine: Machine, to: Writer, arrivals: Arrivals, grain: str) -> None:
    """Write the tasks of all frames of *arrivals*, one frame after the other."""
    lowering = _Lowering(layout, machine, to, grain)
    for frame in to.each(range(arrivals.frames)):
        lowering.frame(frame, frame * arrivals.period_ps)


class TermWork(NamedTuple):
    """Term *number* of a step in one frame: its operand locations, and the patch that every block of its channels computes."""

    step: CoreStep
    number: int
    frame: int
    locations: OperandLocations
    patch: Patch
    reader: str
    """Port that its rows come through: the source's, unless the map lies in the memory that is written."""

    @property
    def layer(self) -> str:
        return self.step.terms[self.number].conv.name

    @property
    def last(self) -> bool:
        return self.number == len(self.step.terms) - 1


class _Lowering:
    """State of the lowering: the tasks written so far, and which of them later ones must wait for."""

    def __init__(self, layout: CoreLayout, machine: Machine, to: Writer, grain: str) -> None:
        self.layout, self.machine, self.to = layout, machine, to
        self.network, self.spec, self.plan = layout.network, layout.spec, layout.plan
        self.channels = layout.channels if grain == BLOCK else layout.at_once
        self.cuts: dict[int, list[tuple[int, int]]] = {}
        """Blocks of each step's channels, by its number."""
        self.aliases = _aliases(layout)
        self.add = to.add
        self.ends: list[int] = []
        """Tasks that the next block waits for: all of the block before."""
        self.arrived: dict[str, int] = {}
        self.used: dict[str, list[int]] = {}
        """Tasks of the last block that read or wrote each map."""
        self.left: dict[str, int] = {}
        """Task that took each map, or the last of its sums, to the host."""
        self.parameters: Fifo[list[int]] = Fifo(self.spec.parameter_buffer_bits)
        """Blocks of parameters in the buffer, each as the list of the task that uses it."""
        self.users: list[int] = []
        """Newest entry of that buffer; the task that uses it is appended once it is written."""
        self.loaded: int | None = None

    def frame(self, number: int, not_before_ps: int) -> None:
        for at, step in enumerate(self.plan.steps):
            for entry in step.sources:
                if entry in self.plan.inputs and not any(entry in earlier.sources for earlier in self.plan.steps[:at]):
                    self._enter(entry, number, not_before_ps)
            self._run(at, step, number)
            if step.sign and step.output in self.plan.outputs:
                self._leave(step, number)

    def _enter(self, tensor: str, frame: int, not_before_ps: int) -> None:
        """Write the input of a map of signs, once the host has the maps that it is made from and its aliases are no longer used."""
        shape, memory = self.network.shape(tensor), self.layout.memory[tensor]
        bits = self.layout.bits[tensor]
        after = {*(self.left[name] for name in self.network.made_from(tensor, self.plan.outputs)), *self._displaced(tensor)}
        effect = Copy(tensor, 0, shape.channels, (shape.box,), HOST, memory)
        actions = {"input_io.bit": bits, "map_write.word": bits // self.spec.word_bits}
        ps = self.machine.unit[HOST_LINK].ps(bits)
        self.arrived[tensor] = self.add(
            Task("input", tensor, HOST_LINK, ps, tuple(sorted(after)), (), effect, actions, 0, not_before_ps, frame)
        )

    def _displaced(self, tensor: str) -> Iterator[int]:
        """Tasks that must end before a map is written: of its aliases, the last block that used one, and their transfers to the host."""
        aliases = self.aliases[tensor]
        yield from max((self.used[name] for name in aliases if name in self.used), default=[])
        yield from (self.left[name] for name in aliases if name in self.left)

    def _leave(self, step: CoreStep, frame: int) -> None:
        """Write the transfer of a finished map of signs to the host."""
        tensor, name = step.output, step.terms[-1].conv.name
        bits, shape = self.layout.bits[tensor], self.network.shape(tensor)
        effect = Copy(tensor, 0, shape.channels, (shape.box,), self.layout.memory[tensor], HOST)
        actions = {"output_io.bit": bits, "map_read.word": bits // self.spec.word_bits}
        ps = self.machine.unit[HOST_LINK].ps(bits)
        self.left[tensor] = self.add(Task("output", name, HOST_LINK, ps, tuple(self.ends), (), effect, actions, frame=frame))

    def _run(self, at: int, step: CoreStep, frame: int) -> None:
        """Write all blocks of a step, in each of them its terms one after the other."""
        works = [self._work(step, number, frame) for number in range(len(step.terms))]
        before = {self.arrived.pop(name) for name in step.sources if name in self.arrived}
        before |= {self.left[name] for name in self.aliases[step.output] if name in self.left}
        self._first_rows(works[0], sorted({*self.ends, *before}))
        costs: dict[tuple[int, int, int], BlockCost] = {}
        if at not in self.cuts:
            self.cuts[at] = self._cut(at, works)
        for c0, c1 in self.to.each(self.cuts[at]):
            for work in works:
                words = self._words_done(step, c1) - self._words_done(step, c0) if work.last else 0
                key = work.number, c1 - c0, words
                if key not in costs:
                    costs[key] = self._cost(work, c1 - c0, words)
                self._block(work, c0, c1, costs[key])
            if not step.sign:
                self._pass_on(step, (c0, c1), frame)
        for name in (*step.sources, step.output):
            self.used[name] = self.ends

    def _cut(self, at: int, works: list[TermWork]) -> list[tuple[int, int]]:
        """Blocks of a step's channels: multiples of what is computed in the same cycle."""
        step, each, spec = works[-1].step, self.layout.at_once[at], self.spec
        channels = step.terms[-1].conv.out_channels
        compute_ps = load_ps = 0
        for work in works:
            cost = self._cost(work, channels, self._words_done(step, channels) if work.last else 0)
            compute_ps += self._times(work, cost).until_next(spec, shared=work.reader == SINK)
            load_ps += self.machine.unit[FLASH].ps(parameter_bits(self.network, step, work.number, channels, spec))
        if not step.sign:
            compute_ps += self.machine.unit[HOST_LINK].ps(self.network.shape(step.output).size * spec.psum_word_bits)
        return block_ranges(channels, each, self.channels[at], compute_ps, load_ps)

    def _work(self, step: CoreStep, number: int, frame: int) -> TermWork:
        """Operand locations, patch and port of a term."""
        term, layers, shape = step.terms[number], step.layers(number), self.network.shape
        out, x, memory = shape(layers[-1]).box, shape(term.source), self.layout.memory
        under = self.network.under(layers, out)[0]
        operands = (Region(memory.get(term.bypass, SUMS), term.bypass, shape(term.bypass).box),) if term.bypass else ()
        ends = step.sign is not None and number == len(step.terms) - 1
        store = Region(memory[step.output] if ends else SUMS, layers[-1], out)
        locations = OperandLocations(layers, (Region(memory[term.source], term.source, x.box),), operands, BUFFER, (store,))
        reader = SINK if memory[term.source] == memory[step.output] else SOURCE
        return TermWork(step, number, frame, locations, Patch(out, term.conv.needs(0, under, (x,)).clipped(x)), reader)

    def _words_done(self, step: CoreStep, channels: int) -> int:
        """Words of signs that are complete and can be pooled once *channels* channels are done; the last word need not be full."""
        if step.pool is None or step.sign is None:
            return 0
        return timing.words(channels, self.spec) if channels == step.terms[-1].conv.out_channels else channels // self.spec.word_bits

    def _cost(self, work: TermWork, channels: int, words: int) -> BlockCost:
        step, term = work.step, work.step.terms[work.number]
        pooled = Pooled(words, self.network.shape(step.output), step.pool) if step.pool and words else None
        ends = work.last and step.sign is not None
        return timing.block(geometry(self.network, term), channels, self.spec, adds=term.add is not None, ends=ends, pooled=pooled)

    def _first_rows(self, work: TermWork, after: list[int]) -> None:
        """Write the filling of the row banks before the array can begin, without the rows that come late in every pass.

        It has no actions: the block's own rows pay for all words.
        """
        where = geometry(self.network, work.step.terms[work.number])
        window = timing.windows(where.conv.window.kernel, self.spec)[0]
        words = timing.first_rows(window, where) * timing.row_words(window, where) - timing.late_words(window, where, self.spec)
        ps = max(1, self.machine.unit[work.reader].ps(words * self.spec.word_bits))
        self.ends = [self.add(Task("first rows", work.layer, work.reader, ps, tuple(after), frame=work.frame))]

    def _block(self, work: TermWork, c0: int, c1: int, cost: BlockCost) -> None:
        """Write the four units' tasks for a block of channels of one term, all begun together but for the rows that come late."""
        spec, name, frame, times = self.spec, work.layer, work.frame, self._times(work, cost)
        load = self._load(work, c0, c1)
        late = [self._rows("late rows", work, times.late, cost.late_words, self.ends)] if cost.late_words else []
        rows = self._rows("rows", work, times.rows, cost.source_words - cost.late_words, late or self.ends)
        read, first = {"parameter_read.word": -(-cost.parameter_bits // spec.word_bits)}, (*late, rows)[0]
        weights = self.add(Task("weights", name, PARAMETERS, times.weights, load, (first,), None, read, frame=frame))
        double = spec.weight_registers == "double"
        begun = (weights,) * double + (rows,) * bool(late)
        done = () if double else (weights,)
        array = {"bpu.unit_cycle": cost.unit_cycles, "dma.cycle": cost.array_cycles}
        effect = Compute(work.locations, c0, c1, (work.patch,))
        self.computed = self.add(Task("compute", name, BPUS, times.array, done, begun, effect, array, frame=frame))
        sink = {"psum_read.word": cost.sink_reads, "psum_write.word": cost.sink_writes}
        sums = self.add(Task("sums", name, SINK, times.sums, (), (self.computed,), None, sink, frame=frame))
        if load:
            self.users.append(self.computed)
        self.ends = [rows, weights, self.computed, sums]

    def _times(self, work: TermWork, cost: BlockCost) -> BlockTimes:
        unit, clock, word = self.machine.unit, self.machine.clock, self.spec.word_bits
        late = unit[work.reader].ps(cost.late_words * word)
        rows = max(1, unit[work.reader].ps((cost.source_words - cost.late_words) * word))
        weights = unit[PARAMETERS].ps(cost.parameter_bits)
        return BlockTimes(late, rows, weights, clock.ps(cost.array_cycles), clock.ps(cost.sink_cycles))

    def _rows(self, what: str, work: TermWork, ps: int, words: int, after: list[int]) -> int:
        """Write the transfer of *words* words of the input map to the row banks."""
        return self.add(Task(what, work.layer, work.reader, ps, tuple(after), (), None, {"map_read.word": words}, frame=work.frame))

    def _load(self, work: TermWork, c0: int, c1: int) -> tuple[int, ...]:
        """Write the load of a block's parameters from the flash as soon as there is room; none if the buffer keeps them from frame 0 on."""
        if self.layout.kept and work.frame:
            return ()
        bits = parameter_bits(self.network, work.step, work.number, c1 - c0, self.spec)
        self.users = []
        gone = self.parameters.push(self.users, bits)
        after = [*([] if self.loaded is None else [self.loaded]), *(gone[-1] if gone else [])]
        actions = {"weight_io.bit": bits, "parameter_write.word": -(-bits // self.spec.word_bits)}
        effect = Load(work.layer, c0, c1, bits, (BUFFER,))
        ps = self.machine.unit[FLASH].ps(bits)
        self.loaded = self.add(Task("load", work.layer, FLASH, ps, tuple(after), (), effect, actions, frame=work.frame))
        return (self.loaded,)

    def _pass_on(self, step: CoreStep, channels: tuple[int, int], frame: int) -> None:
        """Write the transfer of a block of sums to the host; the next block waits for it, as it takes the same room."""
        c0, c1 = channels
        box = self.network.shape(step.output).box
        words = box.channels(c0, c1).size
        bits = words * self.spec.psum_word_bits
        effect = Copy(step.output, c0, c1, (box,), SUMS, HOST)
        ps = self.machine.unit[HOST_LINK].ps(bits)
        actions, name = {"output_io.bit": bits, "psum_read.word": words}, step.terms[-1].conv.name
        self.ends = [self.add(Task("output", name, HOST_LINK, ps, tuple(self.ends), (), effect, actions, frame=frame))]
        self.left[step.output] = self.ends[0]


def _aliases(layout: CoreLayout) -> dict[str, set[str]]:
    """Aliases, by map: for every input, the maps that share bits with it; for every result, the outputs among those. Itself included."""
    taken, ours = list(rooms(layout)), layout.plan
    found: dict[str, set[str]] = {name: set() for name in (*ours.inputs, *(step.output for step in ours.steps))}
    for room in taken:
        if room.owner in ours.inputs:
            found[room.owner] |= {other.owner for other in taken if room.overlaps(other)}
        if room.owner in ours.outputs:
            for other in taken:
                if other.owner not in ours.inputs and room.overlaps(other):
                    found[other.owner].add(room.owner)
    return found
