"""Checks of a control stream: it asks for nothing that its machine does not have, before anything is executed."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from hyperdrive_sim.archs.xnorbin.control_stream.records import (
    Input,
    Machine,
    Output,
    Pass,
    Pool,
    Sizes,
    Stream,
    out_shape,
    parts,
    tiles,
    word_bytes,
)
from hyperdrive_sim.errors import InvalidInput

LIMITS = {"bpus": (1, 64), "xnor_sums": (1, 64), "word_bits": (1, 64), "psum_bits": (2, 30), "drain_cycles": (0, 10_000)}
MOST_MEMORY_BITS = 2**30
MOST_SIDE, MOST_CHANNELS, MOST_KERNEL = 2**16, 2**20, 2**10
MOST_RECORDS = 1_000_000
MOST_MACS = 10**12
"""Products of a whole stream: executed one after the other, its records cannot keep the machine for days."""

MOST_VALUES = 2**28
"""Of a map that goes to the host, and of what lies under the windows of a pass that is computed at a time."""


def checked(stream: Stream) -> Stream:
    """The stream itself. Raises InvalidInput for the first field that its machine cannot do, with the number and layer of its record."""
    if wrong := next(_of_machine(stream.machine), ""):
        raise InvalidInput.at("stream", f"its machine has {wrong}", "export it again")
    if len(stream.records) > MOST_RECORDS:
        raise InvalidInput.at("stream", f"has {len(stream.records):,} records, more than {MOST_RECORDS:,}", "export a smaller network")
    for number, record in enumerate(stream.records, start=1):
        if wrong := next(_of_record(record, stream.machine), ""):
            called = record.map if isinstance(record, Input | Output) else record.layer
            raise InvalidInput.at("stream", f"record {number}, '{called}': {wrong}", "export it again, or mend its text")
    if wrong := next(_of_all(stream), ""):
        raise InvalidInput.at("stream", wrong, "export it again, or mend its text")
    return stream


def _of_all(stream: Stream) -> Iterator[str]:
    """What is wrong with records together."""
    for kind in (Input, Output):
        shapes: dict[str, Sizes] = {}
        for record in stream.records:
            if isinstance(record, kind) and shapes.setdefault(record.map, record.shape) != record.shape:
                yield f"'{record.map}' is of shape {shapes[record.map]} and of shape {record.shape}"
    if sum(_macs(record) for record in stream.records if isinstance(record, Pass)) > MOST_MACS:
        yield f"has more than {MOST_MACS:,} products"


def _macs(record: Pass) -> int:
    rows, columns = out_shape(record.shape, record.kernel, (record.stride, record.stride), record.pads)
    return (record.channels[1] - record.channels[0]) * rows * columns * prod(record.kernel) * record.shape[0]


def _of_machine(machine: Machine) -> Iterator[str]:
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(machine, name) <= most:
            yield f"{name} {getattr(machine, name)}, which must be {least} to {most}"
    if min(machine.memory_bits) < 1 or sum(machine.memory_bits) > MOST_MEMORY_BITS:
        yield f"memories of {machine.memory_bits} bits; together they may have up to {MOST_MEMORY_BITS:,}"


def _of_record(record: Input | Pass | Pool | Output, machine: Machine) -> Iterator[str]:
    yield from _of_shape("shape", record.shape)
    match record:
        case Input():
            yield from _in_memory("the map", (record.memory, record.address), signs_bits(record.shape, machine), machine)
        case Output():
            yield from _of_channels(record.channels, record.shape[0])
            if prod(record.shape) > MOST_VALUES:
                yield f"a map of more than {MOST_VALUES:,} values"
            channels = record.channels[1] - record.channels[0]
            of_sums = channels * record.shape[1] * record.shape[2] * machine.psum_bits
            bits = signs_bits(record.shape, machine) if record.holds == "signs" else of_sums
            yield from _in_memory("the map", (record.memory, record.address), bits, machine)
        case Pool():
            yield from _of_pool(record, machine)
        case Pass():
            yield from _of_pass(record, machine)


def signs_bits(shape: Sizes, machine: Machine) -> int:
    """Bits of a map of signs in memory."""
    return tiles(shape[0], machine) * machine.word_bits * shape[1] * shape[2]


def _of_shape(name: str, shape: Sizes) -> Iterator[str]:
    for size, most in zip(shape, (MOST_CHANNELS, MOST_SIDE, MOST_SIDE), strict=True):
        if not 1 <= size <= most:
            yield f"{name} {shape} has a size beyond 1 to {most:,}"


def _of_window(record: Pass | Pool, stride: tuple[int, int]) -> Iterator[str]:
    if not all(1 <= size <= MOST_KERNEL for size in (*record.kernel, *stride)):
        yield f"kernel {record.kernel} or stride {stride} has a size beyond 1 to {MOST_KERNEL}"
    if not all(0 <= size <= MOST_KERNEL for size in record.pads):
        yield f"pads {record.pads} has a size beyond 0 to {MOST_KERNEL}"
    if min(out_shape(record.shape, record.kernel, stride, record.pads)) < 1:
        yield f"kernel {record.kernel} does not fit a map of {record.shape}"


def _of_channels(channels: tuple[int, int], of: int = MOST_CHANNELS) -> Iterator[str]:
    if not 0 <= channels[0] < channels[1] <= of:
        yield f"channels {channels} are no range within {of}"


def _in_memory(what: str, place: tuple[int, int], bits: int, machine: Machine) -> Iterator[str]:
    memory, address = place
    if memory not in (0, 1):
        yield f"{what} lies in memory {memory}; there are 0 and 1"
    elif not 0 <= address <= machine.memory_bits[memory] - bits:
        yield f"{what} takes {bits:,} bits from {address:,}; memory {memory} has {machine.memory_bits[memory]:,}"


def _of_pass(record: Pass, machine: Machine) -> Iterator[str]:
    yield from _of_window(record, (record.stride, record.stride))
    yield from _of_channels(record.channels)
    yield from _in_memory("its input", (record.memory, record.address), signs_bits(record.shape, machine), machine)
    if record.beyond not in (-1, 0, 1):
        yield f"beyond {record.beyond}, which must be 0, 1 or -1"
    if not 1 <= record.together <= MOST_CHANNELS:
        yield f"together {record.together}, which must be 1 or more"
    channels, tile = record.channels[1] - record.channels[0], tiles(record.shape[0], machine)
    rows, columns = out_shape(record.shape, record.kernel, (record.stride, record.stride), record.pads)
    if rows * columns * max(part.taps for part in parts(record.kernel, machine)) * machine.word_bits > MOST_VALUES:
        yield f"more than {MOST_VALUES:,} values under its windows at a time"
    wanted = channels * prod(record.kernel) * tile * word_bytes(machine)
    if len(record.weights) != wanted:
        yield f"weights of {len(record.weights):,} bytes, {wanted:,} are wanted"
    if any(part.rows > machine.bpus or part.columns > machine.xnor_sums for part in parts(record.kernel, machine)):
        yield f"kernel {record.kernel} in parts that do not fit the array"
    kept = channels if record.begin == "sums" or record.end == "sums" else min(channels, record.together)
    yield from _in_memory("its partial sums", record.sums, kept * rows * columns * machine.psum_bits, machine)
    if record.begin == "signs":
        words = tiles(record.channels[1], machine) * machine.word_bits
        yield from _in_memory("its bypass", record.bypass, words * rows * columns, machine)
        if abs(record.gain) >= 2**machine.psum_bits:
            yield f"gain {record.gain}, which a partial sum cannot hold"
    if record.end == "signs":
        yield from _of_signs(record, machine, rows * columns * machine.word_bits)


def _of_signs(record: Pass, machine: Machine, plane: int) -> Iterator[str]:
    channels = record.channels[1] - record.channels[0]
    if record.pitch < plane:
        yield f"pitch {record.pitch}, a word of all pixels takes {plane}"
    bits = (tiles(record.channels[1], machine) - 1) * record.pitch + plane
    yield from _in_memory("its output", record.output, bits, machine)
    for name in ("thresholds", "flipped"):
        if len(getattr(record, name)) != channels:
            yield f"{len(getattr(record, name))} {name} for {channels} channels"
    if set(record.flipped) - {0, 1}:
        yield "flipped must be 0 or 1"


def _of_pool(record: Pool, machine: Machine) -> Iterator[str]:
    yield from _of_window(record, record.stride)
    yield from _of_channels(record.channels, record.shape[0])
    low, high = record.channels
    if low % machine.word_bits or (high % machine.word_bits and high != record.shape[0]):
        yield f"channels {record.channels} are no whole words"
    plane = record.shape[1] * record.shape[2] * machine.word_bits
    if record.pitch < plane:
        yield f"pitch {record.pitch}, a word of all pixels takes {plane}"
    yield from _in_memory("its input", (record.memory, record.address), (tiles(high, machine) - 1) * record.pitch + plane, machine)
    out = prod(out_shape(record.shape, record.kernel, record.stride, record.pads)) * machine.word_bits
    if out * prod(record.kernel) > MOST_VALUES:
        yield f"more than {MOST_VALUES:,} values under its windows at a time"
    yield from _in_memory("its output", record.output, tiles(high, machine) * out, machine)
    if len(record.by_and) != high - low or set(record.by_and) - {0, 1}:
        yield f"by_and must be {high - low} numbers, 0 or 1"
