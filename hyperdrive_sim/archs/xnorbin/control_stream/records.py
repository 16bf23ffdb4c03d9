"""Records of a control stream, and their fields: one table from which bytes and text are written and read.

Maps lie in memory word by word: all pixels' words of the first channels, row by row, then those of the next. A bit is 1 for +1; bits beyond
the last channel are 0. Partial sums are two's complement, all pixels of one channel, then the next. Addresses are in bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from hyperdrive_sim.network.box import chunks, cuts

Sizes = tuple[int, int, int]
"""Channels, rows, columns."""

Kind = Literal["text", "integer", "integers", "choice", "words"]


class Field(NamedTuple):
    """How a field is written: *number* of integers (0: any number), one of *choices*, words of the machine's width, or a text."""

    name: str
    kind: Kind
    number: int = 1
    choices: tuple[str, ...] = ()


def _integer(**more: Any) -> Any:
    return field(metadata={"kind": "integer"}, **more)


def _integers(count: int = 0, **more: Any) -> Any:
    return field(metadata={"kind": "integers", "number": count}, **more)


def _choice(*choices: str) -> Any:
    return field(metadata={"kind": "choice", "choices": choices})


def _text() -> Any:
    return field(metadata={"kind": "text"})


def _words() -> Any:
    return field(metadata={"kind": "words"})


@dataclass(frozen=True)
class Machine:
    """The chip that a stream is for: the sizes of its array, words and memories, and what decides the cycles of a pass."""

    bpus: int = _integer()  # rows of a kernel at a time
    xnor_sums: int = _integer()  # columns of a kernel at a time
    word_bits: int = _integer()
    psum_bits: int = _integer()
    memory_bits: tuple[int, int] = _integers(2)
    small_kernels: str = _choice("idle", "packed")
    strided_columns: str = _choice("passed", "skipped")
    window_fill: str = _choice("padded", "overlapped", "full", "hidden")
    drain_cycles: int = _integer()


@dataclass(frozen=True)
class Input:
    """A map of signs comes from the host."""

    map: str = _text()
    memory: int = _integer()
    address: int = _integer()
    shape: tuple[int, int, int] = _integers(3)  # channels, rows, columns


@dataclass(frozen=True)
class Pass:
    """A block of output channels of one convolution: sums of products, added to what is there, and thresholded if it ends in signs.

    *together* channels are computed at a time, and their sums lie at `sums`: they begin at 0, at a multiple (*gain*) of a map of signs, or
    go on where the record before left them. The weights come in the order: channels at a time, part of the kernel that fits the array,
    word of input channels, output channel, tap. With `end` signs, a channel's bit is 1 from its threshold on upwards or, where it is
    flipped, downwards; with `end` sums they stay where they are, negative ones as 0 if `relu` is 1.
    """

    layer: str = _text()
    memory: int = _integer()  # of the input map
    address: int = _integer()
    shape: tuple[int, int, int] = _integers(3)
    kernel: tuple[int, int] = _integers(2)
    stride: int = _integer()
    pads: tuple[int, int, int, int] = _integers(4)  # top, left, bottom, right
    beyond: int = _integer()  # what lies there: 0, or a sign
    channels: tuple[int, int] = _integers(2)  # from, to
    together: int = _integer()
    sums: tuple[int, int] = _integers(2)  # memory, address
    begin: str = _choice("zero", "signs", "sums")
    bypass: tuple[int, int] = _integers(2)  # memory, address; of `begin` signs
    gain: int = _integer()
    weights: bytes = _words()
    end: str = _choice("sums", "signs")
    relu: int = _integer()
    output: tuple[int, int] = _integers(2)  # memory, address; of `end` signs
    pitch: int = _integer()  # bits from one word of the output to the next: as many as its pixels take, or more
    thresholds: tuple[int, ...] = _integers()
    flipped: tuple[int, ...] = _integers()


@dataclass(frozen=True)
class Pool:
    """Words of a map of signs are pooled: a channel's bit is the OR of those under a window, or their AND where `by_and` says 1."""

    layer: str = _text()
    memory: int = _integer()
    address: int = _integer()
    shape: tuple[int, int, int] = _integers(3)
    pitch: int = _integer()  # as of the pass that wrote it
    kernel: tuple[int, int] = _integers(2)
    stride: tuple[int, int] = _integers(2)
    pads: tuple[int, int, int, int] = _integers(4)
    channels: tuple[int, int] = _integers(2)  # whole words, but for the last
    output: tuple[int, int] = _integers(2)
    by_and: tuple[int, ...] = _integers()


@dataclass(frozen=True)
class Output:
    """A map of signs, or some channels of a map of sums, goes to the host."""

    map: str = _text()
    memory: int = _integer()
    address: int = _integer()
    shape: tuple[int, int, int] = _integers(3)
    holds: str = _choice("signs", "sums")
    channels: tuple[int, int] = _integers(2)


Record = Input | Pass | Pool | Output
KINDS: dict[str, type[Record]] = {"input": Input, "pass": Pass, "pool": Pool, "output": Output}


@dataclass(frozen=True)
class Stream:
    """A machine, and what it does."""

    machine: Machine
    records: tuple[Record, ...]


def fields_of(kind: type[Machine | Record]) -> Iterator[Field]:
    for one in fields(kind):
        yield Field(one.name, **one.metadata)


def word_bytes(machine: Machine) -> int:
    """Bytes of a word in a file."""
    return -(-machine.word_bits // 8)


class Part(NamedTuple):
    """Part of a kernel that the array takes at a time: *rows* x *columns* taps, the first at row *top*, column *left*."""

    top: int
    left: int
    rows: int
    columns: int

    @property
    def taps(self) -> int:
        return self.rows * self.columns


def parts(kernel: tuple[int, int], machine: Machine) -> list[Part]:
    """Parts of a kernel: the whole where it fits the array, else as few and as even ones as do, the first a largest."""
    rows, columns = (cuts(size, -(-size // most)) for size, most in zip(kernel, (machine.bpus, machine.xnor_sums), strict=True))
    return [Part(top, left, bottom - top, right - left) for top, bottom in pairwise(rows) for left, right in pairwise(columns)]


def tiles(channels: int, machine: Machine) -> int:
    """Words that hold the channels of a pixel."""
    return -(-channels // machine.word_bits)


def runs_of_weights(record: Pass, machine: Machine) -> Iterator[tuple[int, int, Part, int]]:
    """The order of the weights: channels at a time (from, to), part of the kernel, word of input channels."""
    for low, high in chunks(*record.channels, record.together):
        for part in parts(record.kernel, machine):
            for tile in range(tiles(record.shape[0], machine)):
                yield low, high, part, tile


def out_shape(shape: Sizes, kernel: tuple[int, int], stride: tuple[int, int], pads: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns that a window leaves of a map."""
    _, rows, columns = shape
    top, left, bottom, right = pads
    return (rows + top + bottom - kernel[0]) // stride[0] + 1, (columns + left + right - kernel[1]) // stride[1] + 1
