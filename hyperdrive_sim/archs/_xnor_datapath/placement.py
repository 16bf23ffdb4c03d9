"""Placement in one core: maps of signs alternate between the two feature-map memories, partial sums lie beside the map they become.

Each step is two moments: 2 n while it convolves, 2 n + 1 while it pools. A map that is pooled lies whole in its memory first, and the
pooled one is then written over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs._xnor_datapath import timing
from hyperdrive_sim.archs._xnor_datapath.machine import BPUS, MAPS, SUMS
from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs._xnor_datapath.steps import CorePlan, CoreStep, Term, plan
from hyperdrive_sim.archs._xnor_datapath.timing import Geometry
from hyperdrive_sim.errors import DoesNotFit, InvalidInput, Mistake
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.placement import Allocation, LiveRange, Part, Placement, allocate

BEFORE_ALL = -1
"""Moment at which maps come from the host."""


class CoreLayout(NamedTuple):
    """Layout of a network in the two feature-map memories.

    *memory*, *bits*: of each map of signs; *live_ranges*: by memory; *channels*: most output channels of a block, by step; *at_once*: how
    many of those in the same cycle; *kept*: True if all parameters stay in the buffer.
    """

    network: Network
    spec: DatapathSpec
    plan: CorePlan
    kept: bool
    memory: dict[str, str]
    bits: dict[str, int]
    live_ranges: dict[str, list[LiveRange]]
    channels: tuple[int, ...]
    at_once: tuple[int, ...]

    def shortage(self, bits: dict[str, int]) -> tuple[int, str, int]:
        """Largest number of missing bits, in which memory and at which moment; 0 bits where everything fits."""
        worst = 0, MAPS[0], 0
        for memory, live_ranges in self.live_ranges.items():
            alive = _alive_bits(live_ranges)
            fullest = int(alive.argmax())
            missing = int(alive[fullest]) - bits[memory]
            if missing <= 0:
                missing = allocate(live_ranges, bits[memory])[1] - bits[memory]
            worst = max(worst, (missing, memory, fullest + BEFORE_ALL))
        return worst


class CoreLayouts:
    """Candidate layouts of a network: the input in the first memory or in the second.

    Raises InvalidInput for fewer row banks than BPUs.
    """

    def __init__(self, network: Network, spec: DatapathSpec) -> None:
        if spec.row_banks < spec.bpus:
            raise InvalidInput.at("chip.row_banks", f"{spec.row_banks} rows cannot feed {spec.bpus} BPUs", "take at least as many")
        self.network, self.spec, self.plan = network, spec, plan(network)
        self.kept = _all_kept(network, self.plan, spec)
        self.bits = dict(zip(MAPS, spec.feature_map_memory_bits, strict=True))
        self.parameters = [max(self.parameter_bits(step, n, 1) for n in range(len(step.terms))) for step in self.plan.steps]
        """Parameter bits of one output channel of each step's largest term."""
        self.buffered = 10**9 if self.kept else spec.parameter_buffer_bits // 2
        """Bits of the buffer that a block's parameters may take: half, which leaves room for the next block; no limit if all stay in it."""

    @cached_property
    def best(self) -> CoreLayout:
        """Layout with the fewest missing bits; of those that fit, the one with the input in the first memory."""
        return min((self._with(entry) for entry in MAPS), key=lambda layout: max(0, layout.shortage(self.bits)[0]))

    def _with(self, entry: str) -> CoreLayout:
        memory = dict.fromkeys(self.plan.inputs, entry)
        for step in self.plan.steps:
            source = memory[step.terms[-1].source]
            memory[step.output] = MAPS[1 - MAPS.index(source)]
        maps = list(self._maps(memory))
        bits = {live.tensor: live.bits for _, live in maps}
        at_once = tuple(self.parallel(number) for number in range(len(self.plan.steps)))
        most = self.spec.word_bits
        while True:
            live_ranges, channels = self._live_ranges(memory, maps, at_once, most)
            layout = CoreLayout(self.network, self.spec, self.plan, self.kept, memory, bits, live_ranges, channels, at_once)
            if most == 1 or layout.shortage(self.bits)[0] <= 0:
                return layout
            most //= 2

    def _maps(self, memory: dict[str, str]) -> Iterator[tuple[str, LiveRange]]:
        """Live range of every map of signs, with its memory; a map still to be pooled goes by the name of the pooling's input."""
        first, last = _lifetimes(self.plan)
        for number, step in enumerate(self.plan.steps):
            if step.pool and step.sign:
                whole = unpooled(step)
                bits = max(self.map_bits(self.network.shape(name)) for name in (whole, step.output))
                yield memory[step.output], LiveRange(whole, bits, 2 * number, 2 * number)
        pooled = {step.output: unpooled(step) for step in self.plan.steps if step.pool}
        for name in first:
            onto = pooled.get(name)
            yield memory[name], LiveRange(name, self.map_bits(self.network.shape(name)), first[name], last[name], onto)

    def _live_ranges(
        self, memory: dict[str, str], maps: list[tuple[str, LiveRange]], at_once: tuple[int, ...], most: int
    ) -> tuple[dict[str, list[LiveRange]], tuple[int, ...]]:
        """Live ranges by memory, with those of the partial sums, and output channels of a block, by step.

        A block has as many channels as there is room for, *most* at most, but no fewer than are computed in the same cycle.
        """
        live_ranges = {name: [live for where, live in maps if where == name] for name in MAPS}
        taken = {name: _alive_bits(live_ranges[name]) for name in MAPS}
        channels = []
        for number, step in enumerate(self.plan.steps):
            sink, each = memory[step.output], self.sum_bits(step)
            moment = 2 * number - BEFORE_ALL
            free = self.bits[sink] - int(taken[sink][moment]) if moment < len(taken[sink]) else self.bits[sink]
            room = min(most, free // each, self.buffered // self.parameters[number])
            together = max(at_once[number], timing.power_of_two(room))
            channels.append(together)
            live = together if len(step.terms) > 1 or not step.sign else at_once[number]
            live_ranges[sink].append(LiveRange(sums_of(step), live * each, 2 * number, 2 * number))
        return live_ranges, tuple(channels)

    def parameter_bits(self, step: CoreStep, number: int, channels: int) -> int:
        return parameter_bits(self.network, step, number, channels, self.spec)

    def parallel(self, number: int) -> int:
        """Largest number of output channels of a step computed in the same cycle: their parameters must be in the buffer together."""
        step = self.plan.steps[number]
        most = max(timing.side_by_side(w, self.spec) for term in step.terms for w in timing.windows(term.conv.window.kernel, self.spec))
        most = min(most, step.terms[-1].conv.out_channels)
        held = self.spec.parameter_buffer_bits // self.parameters[number]
        return most if held >= most else timing.power_of_two(held)

    def map_bits(self, shape: Shape) -> int:
        return shape.rows * shape.columns * timing.words(shape.channels, self.spec) * self.spec.word_bits

    def sum_bits(self, step: CoreStep) -> int:
        """Bits of one channel's partial sums."""
        shape = self.network.shape(step.terms[-1].conv.name)
        return shape.rows * shape.columns * self.spec.psum_word_bits


def _alive_bits(live_ranges: list[LiveRange]) -> NDArray[np.int64]:
    """Bits alive at each moment, from BEFORE_ALL on."""
    changes = np.zeros(max((live.last for live in live_ranges), default=0) - BEFORE_ALL + 2, np.int64)
    for _, bits, first, last, onto in live_ranges:
        changes[first - BEFORE_ALL + (onto is not None)] += bits
        changes[last - BEFORE_ALL + 1] -= bits
    return np.cumsum(changes)


def unpooled(step: CoreStep) -> str:
    """Name of the pooling's input: a map of signs, or of sums that the chip thresholds before it pools."""
    assert step.pool is not None
    return step.pool.inputs[0]


def parameter_bits(network: Network, step: CoreStep, number: int, channels: int, spec: DatapathSpec) -> int:
    """Bits of the parameters of *channels* output channels of a term.

    Weights in whole words and, for the last term of a step that ends in signs, thresholds.
    """
    term, ends = step.terms[number], bool(step.sign) and number == len(step.terms) - 1
    weights = term.conv.window.taps * timing.words(network.shape(term.source).channels, spec) * spec.word_bits
    return channels * (weights + ends * spec.psum_word_bits)


def _all_kept(network: Network, ours: CorePlan, spec: DatapathSpec) -> bool:
    """True if all parameters of the network fit into the buffer, and so stay in it."""
    sizes = ((step, n, term.conv.out_channels) for step in ours.steps for n, term in enumerate(step.terms))
    return sum(parameter_bits(network, *size, spec) for size in sizes) <= spec.parameter_buffer_bits


def geometry(network: Network, term: Term) -> Geometry:
    return Geometry(term.conv, network.shape(term.source), network.shape(term.conv.name))


def _lifetimes(plan: CorePlan) -> tuple[dict[str, int], dict[str, int]]:
    """First and last moments of the maps of signs, by map. Sums for the host are never there as a whole."""
    first = {}
    for number, step in enumerate(plan.steps):
        first.update({name: 2 * number - 1 for name in step.sources if name in plan.inputs and name not in first})
        if step.sign:
            first[step.output] = 2 * number + bool(step.pool)
    last = dict(first)
    for number, step in enumerate(plan.steps):
        last.update(dict.fromkeys(step.sources, 2 * number))
    last.update({name: 2 * len(plan.steps) for name in plan.outputs if name in first})
    return first, last


def laid_out(network: Network, spec: DatapathSpec) -> CoreLayout:
    """Best layout of a network. Raises DoesNotFit, naming the layer, the memory and the bits."""
    layouts = CoreLayouts(network, spec)
    for step in layouts.plan.steps:
        for number, term in enumerate(step.terms):
            needed = layouts.parameter_bits(step, number, 1)
            if needed > spec.parameter_buffer_bits:
                problem = f"layer '{term.conv.name}' needs {needed} bits for one output channel, {spec.parameter_buffer_bits} are there"
                raise DoesNotFit(Mistake("chip.parameter_buffer_bits", problem, "make it larger"))
    best = layouts.best
    missing, memory, moment = best.shortage(layouts.bits)
    if missing > 0:
        step = layouts.plan.steps[max(0, min(moment, 2 * len(layouts.plan.steps) - 1)) // 2]
        role = "sink" if memory == best.memory[step.output] else "source"
        needed, there = layouts.bits[memory] + missing, layouts.bits[memory]
        problem = f"layer '{step.terms[-1].conv.name}' needs {needed} bits in its {role} memory, {there} are there"
        cure = f"the two memories are {list(spec.feature_map_memory_bits)}; take larger ones, or a smaller input or network"
        raise DoesNotFit(Mistake("chip.feature_map_memory_bits", problem, cure))
    return best


class Room(NamedTuple):
    """Addresses *low* up to *high* of a memory, in bits, and their *owner*: the map that they hold, pool to or sum up to."""

    memory: str
    low: int
    high: int
    owner: str

    def overlaps(self, other: Room) -> bool:
        return self.memory == other.memory and self.low < other.high and other.low < self.high


def addresses(layout: CoreLayout) -> dict[str, tuple[str, int]]:
    """Memory and address, in bits, of every live range by name."""
    return {live.tensor: (memory, at) for memory, live, at in _placed(layout)}


def rooms(layout: CoreLayout) -> Iterator[Room]:
    """Addresses of every live range in the feature-map memories, with their owners."""
    steps = layout.plan.steps
    owners = {sums_of(step): step.output for step in steps} | {unpooled(step): step.output for step in steps if step.pool}
    for memory, live, at in _placed(layout):
        yield Room(memory, at, at + live.bits, owners.get(live.tensor, live.tensor))


def _placed(layout: CoreLayout) -> Iterator[tuple[str, LiveRange, int]]:
    """Every live range with its memory and its address, in bits."""
    for memory, there in zip(MAPS, layout.spec.feature_map_memory_bits, strict=True):
        address, _ = allocate(layout.live_ranges[memory], there)
        yield from ((memory, live, address[live.tensor]) for live in layout.live_ranges[memory])


def sums_of(step: CoreStep) -> str:
    """Name of a step's partial sums among the live ranges; no layer has it."""
    return f"sums of {step.terms[-1].conv.name}"


def placed(layout: CoreLayout) -> Placement:
    """Placement of a network: parts and allocations."""
    shape, ours = layout.network.shape, layout.plan
    allocations: dict[str, tuple[Allocation, ...]] = dict.fromkeys((*MAPS, SUMS), ())
    for memory, (tensor, bits, first, last, _), at in _placed(layout):
        if tensor in layout.bits:  # room for partial sums is only kept free
            allocations[memory] += (Allocation(tensor, shape(tensor).box, at, bits, first, last),)
    parts = tuple(Part(step.output, shape(step.output).box, BPUS, layout.memory[step.output] if step.sign else SUMS) for step in ours.steps)
    sums = {term.sums for step in ours.steps for term in step.terms}
    held = {one.tensor for their in allocations.values() for one in their}
    words = dict.fromkeys(sums, layout.spec.psum_word_bits) | dict.fromkeys(held, 1)
    return Placement(parts, allocations, ours.host, words)
