"""Writes the control stream of a schedule: a record for every task that moves or computes values, in the order of the schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs._xnor_datapath.arithmetic import folded
from hyperdrive_sim.archs._xnor_datapath.machine import MAPS, SUMS
from hyperdrive_sim.archs._xnor_datapath.placement import CoreLayout, addresses, sums_of, unpooled
from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs._xnor_datapath.steps import CoreStep
from hyperdrive_sim.archs.xnorbin.control_stream.records import (
    Input,
    Machine,
    Output,
    Pass,
    Pool,
    Record,
    Sizes,
    Stream,
    parts,
    tiles,
    word_bytes,
)
from hyperdrive_sim.network.layers import Conv, MaxPool, Sign
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Parameters
from hyperdrive_sim.schedule.tasks import HOST, Compute, Copy, Task


def exported(layout: CoreLayout, tasks: Iterable[Task], parameters: Mapping[str, Parameters]) -> Stream:
    """The stream of one frame's *tasks*; *parameters* are a network's constants by layer."""
    writer = _Writer(layout, parameters)
    return Stream(writer.machine, tuple(record for task in tasks for record in writer.records(task)))


def machine_of(spec: DatapathSpec) -> Machine:
    """The chip as a stream says it."""
    return Machine(
        bpus=spec.bpus,
        xnor_sums=spec.xnor_sums_per_bpu,
        word_bits=spec.word_bits,
        psum_bits=spec.psum_word_bits,
        memory_bits=spec.feature_map_memory_bits,
        small_kernels=spec.small_kernels,
        strided_columns=spec.strided_columns,
        window_fill=spec.window_fill,
        drain_cycles=spec.drain_cycles,
    )


class _Writer:
    """A network's layout and constants, from which the fields of records follow."""

    def __init__(self, layout: CoreLayout, parameters: Mapping[str, Parameters]) -> None:
        self.layout, self.parameters, self.machine = layout, parameters, machine_of(layout.spec)
        self.network = layout.network
        self.terms = {term.conv.name: (at, number) for at, step in enumerate(layout.plan.steps) for number, term in enumerate(step.terms)}
        self.steps = {step.output: step for step in layout.plan.steps}
        self.address = addresses(layout)

    def records(self, task: Task) -> Iterator[Record]:
        """What a task does to values; nothing for one that only takes time."""
        match task.effect:
            case Copy(tensor, _, _, _, source) if source == HOST:
                yield Input(tensor, *self._place(tensor), self._sizes(tensor))
            case Copy(tensor, c0, c1, _, source):
                step = self.steps[tensor]
                place = self._place(sums_of(step)) if source == SUMS else self._place(tensor)
                yield Output(tensor, *place, self._sizes(tensor), "sums" if source == SUMS else "signs", (c0, c1))
            case Compute(locations, c0, c1):
                at, number = self.terms[locations.layers[0]]
                step = self.layout.plan.steps[at]
                yield self._pass(at, step, number, c0, c1)
                if number == len(step.terms) - 1 and step.sign and step.pool:
                    yield from self._pool(step, step.pool, c0, c1)

    def _sizes(self, tensor: str) -> Sizes:
        channels, rows, columns = self.network.shape(tensor)
        return channels, rows, columns

    def _place(self, tensor: str) -> tuple[int, int]:
        """Number of the memory and address of a map of signs, or of a step's partial sums."""
        memory, address = self.address[tensor]
        return MAPS.index(memory), address

    def _pass(self, at: int, step: CoreStep, number: int, c0: int, c1: int) -> Pass:
        term, last = step.terms[number], number == len(step.terms) - 1
        conv, shape = term.conv, self.network.shape
        made = {one.sums for one in step.terms}
        begin = "zero" if term.bypass is None else "sums" if term.bypass in made else "signs"
        sign = step.sign if last else None
        memory, address = self._place(sums_of(step))
        together = self.layout.at_once[at]
        relu = conv.relu or (term.add is not None and term.add.relu)
        thresholds, flipped = self._rule(sign, relu, c0, c1) if sign else ((), ())
        unpooled_map = unpooled(step) if step.pool else step.output
        plane = shape(term.sums).rows * shape(term.sums).columns * self.machine.word_bits
        return Pass(
            layer=conv.name,
            memory=self._place(term.source)[0],
            address=self._place(term.source)[1],
            shape=self._sizes(term.source),
            kernel=conv.window.kernel,
            stride=conv.window.rows.stride,
            pads=conv.window.pads,
            beyond=conv.pad,
            channels=(c0, c1),
            together=together,
            sums=(memory, address),
            begin=begin,
            bypass=self._place(term.bypass) if begin == "signs" and term.bypass else (0, 0),
            gain=term.add.gain if begin == "signs" and term.add else 0,
            weights=self._weights(conv, c0, c1, together),
            end="signs" if sign else "sums",
            relu=int(relu and not sign),
            output=self._place(unpooled_map) if sign else (0, 0),
            pitch=(self._pitch(step, step.pool) if step.pool else plane) if sign else 0,
            thresholds=thresholds,
            flipped=flipped,
        )

    def _pitch(self, step: CoreStep, pool: MaxPool) -> int:
        """Bits from one word of a map that is still to be pooled to the next: there is room for the pooled one in its place."""
        sizes = (self.network.shape(name) for name in (pool.inputs[0], step.output))
        return max(shape.rows * shape.columns for shape in sizes) * self.machine.word_bits

    def _pool(self, step: CoreStep, pool: MaxPool, c0: int, c1: int) -> Iterator[Pool]:
        """The words that are complete with these channels."""
        shape, width = self.network.shape(unpooled(step)), self.machine.word_bits
        low, high = c0 // width * width, c1 if c1 == shape.channels else c1 // width * width
        if low >= high:
            return
        by_and: tuple[int, ...] = (0,) * (high - low)
        if step.behind[0] is pool:  # pooled before the sign: the largest sum has the sign of all where the factor is negative
            assert step.sign is not None
            _, by_and = self._rule(step.sign, False, low, high)
        window = pool.window
        place = self._place(unpooled(step))
        yield Pool(
            pool.name, *place, self._sizes(unpooled(step)), self._pitch(step, pool), window.kernel, window.stride, window.pads, (low, high),
            self._place(step.output), by_and,
        )  # fmt: skip

    def _rule(self, sign: Sign, relu: bool, c0: int, c1: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Thresholds and their directions."""
        its = self.parameters.get(sign.name, NO_PARAMETERS)
        most = 2 ** (self.machine.psum_bits - 1) - 1
        rule = folded(sign, its.channels(c0, c1), most, relu=relu)
        return tuple(rule.thresholds.tolist()), tuple(rule.flipped.astype(int).tolist())

    def _weights(self, conv: Conv, c0: int, c1: int, together: int) -> bytes:
        """Weights of channels c0 to c1 in the order in which the array takes them."""
        weights = self.parameters[conv.name].weights
        assert weights is not None
        machine = self.machine
        bits = np.zeros((c1 - c0, *weights.shape[1:3], tiles(weights.shape[3], machine) * machine.word_bits), np.bool_)
        bits[..., : weights.shape[3]] = weights[c0:c1] > 0
        packed = _packed(bits, machine)
        chosen = (
            packed[low : low + together, part.top : part.top + part.rows, part.left : part.left + part.columns, tile]
            for low in range(0, c1 - c0, together)
            for part in parts(conv.window.kernel, machine)
            for tile in range(packed.shape[3])
        )
        return b"".join(one.tobytes() for one in chosen)


def _packed(bits: NDArray[np.bool_], machine: Machine) -> NDArray[np.uint8]:
    """Words as bytes, [channels, rows, columns, words, bytes]."""
    words = bits.reshape(*bits.shape[:3], -1, machine.word_bits)
    padded = np.pad(words, [(0, 0)] * 4 + [(0, word_bytes(machine) * 8 - machine.word_bits)])
    return np.packbits(padded, axis=-1, bitorder="little")
