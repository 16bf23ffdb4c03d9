"""Schedule of the datapath: for every block of output channels a task on each unit that is busy with it, all begun together.

The array computes while rows come from the source memory, weights through the parameters' port and partial sums go to the sink memory
and back; the next block begins when the slowest of the four has done. Only the flash runs ahead, as far as the parameter buffer has
room, and blocks are cut so that the array never waits for parameters that a later channel needs. A step begins with the first rows, for
which the array waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hyperdrive_sim.archs._xnor_datapath import timing
from hyperdrive_sim.archs._xnor_datapath.blocks import BlockTimes, block_ranges
from hyperdrive_sim.archs._xnor_datapath.machine import BPUS, BUFFER, FLASH, HOST_LINK, PARAMETERS, SINK, SOURCE, SUMS
from hyperdrive_sim.archs._xnor_datapath.placement import CoreLayout, geometry, parameter_bits, rooms
from hyperdrive_sim.archs._xnor_datapath.steps import CoreStep
from hyperdrive_sim.archs._xnor_datapath.timing import BlockCost, Pooled
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.tasks import HOST, NOTHING, Arrivals, Compute, Copy, Load, OperandLocations, Patch, Region, Task
from hyperdrive_sim.schedule.writer import Writer

BLOCK, CHANNEL = "block", "channel"
GRAINS = (BLOCK, CHANNEL)


def write(layout: CoreLayout, machine: Machine, to: Writer, arrivals: Arrivals, grain: str) -> None:
    """Write the tasks of all frames of *arrivals*, one frame after the other."""
    lowering = _Lowering(layout, machine, to, grain)
    for frame in to.each(range(arrivals.frames)):
        lowering.frame(frame, arrivals.at(frame))


class TermWork(NamedTuple):
    """Term *number* of a step: its operand locations, and the patch, alone, that every block of its channels computes."""

    step: CoreStep
    number: int
    layer: str
    locations: OperandLocations
    patches: tuple[Patch]
    reader: str
    """Port that its rows come through: the source's, unless the map lies in the memory that is written."""

    @property
    def last(self) -> bool:
        return self.number == len(self.step.terms) - 1


class BlockWork(NamedTuple):
    """What a block of a term's channels has the units do, the same for all blocks of one size: how long each takes, and its actions.

    *late*, the actions of the rows that come late, is empty if none do.
    """

    term: TermWork
    times: BlockTimes
    late: Mapping[str, int]
    rows: Mapping[str, int]
    weights: Mapping[str, int]
    array: Mapping[str, int]
    sums: Mapping[str, int]
    parameter_bits: int
    load: Mapping[str, int]


class _Lowering:
    """State of the lowering: the tasks written so far, and which of them later ones must wait for."""

    def __init__(self, layout: CoreLayout, machine: Machine, to: Writer, grain: str) -> None:
        self.layout, self.machine, self.to = layout, machine, to
        self.network, self.spec, self.plan = layout.network, layout.spec, layout.plan
        self.channels = layout.channels if grain == BLOCK else layout.at_once
        self.terms: dict[int, list[TermWork]] = {}
        """Terms of each step, by its number."""
        self.cuts: dict[int, list[tuple[int, int]]] = {}
        """Blocks of each step's channels, by its number."""
        self.works: dict[tuple[int, int, int, int], BlockWork] = {}
        """By the numbers of step and term, the block's channels and the words of signs that it completes."""
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
        if at not in self.terms:
            self.terms[at] = [self._term(step, number) for number in range(len(step.terms))]
            self.cuts[at] = self._cut(at)
        terms, host = self.terms[at], step.sign is None
        before = {self.arrived.pop(name) for name in step.sources if name in self.arrived}
        before |= {self.left[name] for name in self.aliases[step.output] if name in self.left}
        self._first_rows(terms[0], sorted({*self.ends, *before}), frame)
        for c0, c1 in self.to.each(self.cuts[at]):
            done = self._words_done(step, c0, c1)
            for term in terms:
                key = at, term.number, c1 - c0, done if term.last else 0
                if key not in self.works:
                    self.works[key] = self._work(term, *key[2:])
                self._block(self.works[key], c0, c1, frame)
            if host:
                self._pass_on(step, (c0, c1), frame)
        for name in (*step.sources, step.output):
            self.used[name] = self.ends

    def _cut(self, at: int) -> list[tuple[int, int]]:
        """Blocks of a step's channels: multiples of what is computed in the same cycle."""
        terms, each, spec = self.terms[at], self.layout.at_once[at], self.spec
        step = terms[-1].step
        channels = step.terms[-1].conv.out_channels
        compute_ps = load_ps = 0
        for term in terms:
            work = self._work(term, channels, self._words_done(step, 0, channels) if term.last else 0)
            compute_ps += work.times.until_next(spec, shared=term.reader == SINK)
            load_ps += work.times.load
        if not step.sign:
            compute_ps += self.machine.unit[HOST_LINK].ps(self.network.shape(step.output).size * spec.psum_word_bits)
        return block_ranges(channels, each, self.channels[at], compute_ps, load_ps)

    def _term(self, step: CoreStep, number: int) -> TermWork:
        """Operand locations, patch and port of a term."""
        term, layers, shape = step.terms[number], step.layers(number), self.network.shape
        out, x, memory = shape(layers[-1]).box, shape(term.source), self.layout.memory
        under = self.network.under(layers, out)[0]
        operands = (Region(memory.get(term.bypass, SUMS), term.bypass, shape(term.bypass).box),) if term.bypass else ()
        ends = step.sign is not None and number == len(step.terms) - 1
        store = Region(memory[step.output] if ends else SUMS, layers[-1], out)
        locations = OperandLocations(layers, (Region(memory[term.source], term.source, x.box),), operands, BUFFER, (store,))
        reader = SINK if memory[term.source] == memory[step.output] else SOURCE
        patch = Patch(out, term.conv.needs(0, under, (x,)).clipped(x))
        return TermWork(step, number, term.conv.name, locations, (patch,), reader)

    def _words_done(self, step: CoreStep, c0: int, c1: int) -> int:
        """Words of signs that channels *c0* to *c1* complete, so that they can be pooled; a step's last word need not be full."""
        if step.pool is None or step.sign is None:
            return 0
        done = timing.words(c1, self.spec) if c1 == step.terms[-1].conv.out_channels else c1 // self.spec.word_bits
        return done - c0 // self.spec.word_bits

    def _work(self, term: TermWork, channels: int, words: int) -> BlockWork:
        """What the units do for so many channels, which complete so many *words* of signs to be pooled."""
        cost, word = self._cost(term, channels, words), self.spec.word_bits
        bits = parameter_bits(self.network, term.step, term.number, channels, self.spec)
        return BlockWork(
            term,
            self._times(term, cost, bits),
            late={"map_read.word": cost.late_words} if cost.late_words else NOTHING,
            rows={"map_read.word": cost.source_words - cost.late_words},
            weights={"parameter_read.word": -(-cost.parameter_bits // word)},
            array={"bpu.unit_cycle": cost.unit_cycles, "dma.cycle": cost.array_cycles},
            sums={"psum_read.word": cost.sink_reads, "psum_write.word": cost.sink_writes},
            parameter_bits=bits,
            load={"weight_io.bit": bits, "parameter_write.word": -(-bits // word)},
        )

    def _cost(self, work: TermWork, channels: int, words: int) -> BlockCost:
        step, term = work.step, work.step.terms[work.number]
        pooled = Pooled(words, self.network.shape(step.output), step.pool) if step.pool and words else None
        ends = work.last and step.sign is not None
        return timing.block(geometry(self.network, term), channels, self.spec, adds=term.add is not None, ends=ends, pooled=pooled)

    def _times(self, term: TermWork, cost: BlockCost, parameter_bits: int) -> BlockTimes:
        unit, clock, word = self.machine.unit, self.machine.clock, self.spec.word_bits
        load, late = unit[FLASH].ps(parameter_bits), unit[term.reader].ps(cost.late_words * word)
        rows = max(1, unit[term.reader].ps((cost.source_words - cost.late_words) * word))
        weights = unit[PARAMETERS].ps(cost.parameter_bits)
        return BlockTimes(load, late, rows, weights, clock.ps(cost.array_cycles), clock.ps(cost.sink_cycles))

    def _first_rows(self, work: TermWork, after: list[int], frame: int) -> None:
        """Write the filling of the row banks before the array can begin, without the rows that come late in every pass.

        It has no actions: the block's own rows pay for all words.
        """
        where = geometry(self.network, work.step.terms[work.number])
        window = timing.windows(where.conv.window.kernel, self.spec)[0]
        words = timing.first_rows(window, where) * timing.row_words(window, where) - timing.late_words(window, where, self.spec)
        ps = max(1, self.machine.unit[work.reader].ps(words * self.spec.word_bits))
        self.ends = [self.add(Task("first rows", work.layer, work.reader, ps, tuple(after), frame=frame))]

    def _block(self, work: BlockWork, c0: int, c1: int, frame: int) -> None:
        """Write the four units' tasks for a block of channels of one term, all begun together but for the rows that come late."""
        term, times, add, ends = work.term, work.times, self.add, tuple(self.ends)
        layer, reader = term.layer, term.reader
        load = self._load(work, c0, c1, frame)
        late = (add(Task("late rows", layer, reader, times.late, ends, (), None, work.late, 0, 0, frame)),) if work.late else ()
        rows = add(Task("rows", layer, reader, times.rows, late or ends, (), None, work.rows, 0, 0, frame))
        weights = add(Task("weights", layer, PARAMETERS, times.weights, load, late or (rows,), None, work.weights, 0, 0, frame))
        double = self.spec.weight_registers == "double"
        begun = (weights,) * double + (rows,) * bool(late)
        done = () if double else (weights,)
        effect = Compute(term.locations, c0, c1, term.patches)
        computed = add(Task("compute", layer, BPUS, times.array, done, begun, effect, work.array, 0, 0, frame))
        sums = add(Task("sums", layer, SINK, times.sums, (), (computed,), None, work.sums, 0, 0, frame))
        if load:
            self.users.append(computed)
        self.ends = [rows, weights, computed, sums]

    def _load(self, work: BlockWork, c0: int, c1: int, frame: int) -> tuple[int, ...]:
        """Write the load of a block's parameters from the flash as soon as there is room; none if the buffer keeps them from frame 0 on."""
        if self.layout.kept and frame:
            return ()
        layer, bits = work.term.layer, work.parameter_bits
        self.users = []
        gone = self.parameters.push(self.users, bits)
        after = [*([] if self.loaded is None else [self.loaded]), *(gone[-1] if gone else [])]
        effect = Load(layer, c0, c1, bits, (BUFFER,))
        self.loaded = self.add(Task("load", layer, FLASH, work.times.load, tuple(after), (), effect, work.load, 0, 0, frame))
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
