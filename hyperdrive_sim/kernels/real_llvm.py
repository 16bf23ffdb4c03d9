"""Inner loops of the vector variants of the convolution of real numbers.

A vector lane is an output channel; a block of six or eight output pixels x two or four vectors of them lives in registers while its
products stream past. Products come in chunks: their weights are transposed into a first-level cache, where all blocks take them from, and
between two chunks sums lie where the results will. That changes no bit: each sum is one chain of fused multiply-adds, whatever the chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]

from hyperdrive_sim.kernels.emit import DOUBLE, FLOAT, I8, I64, Target, Value, Vectors, at, compiled, function, loop, number
from hyperdrive_sim.kernels.once import once

SQUARE = 8  # of weights that are transposed at a time: with 16 it is no faster, and takes 20 ms more to compile
CHUNK_BYTES = 1 << 15  # at most, of the transposed weights: two thirds of a first-level cache


class Specialization(NamedTuple):
    """Properties of a convolution that its code is compiled for: the type, output channels of a panel, pixels of a block."""

    double: bool
    panel: int
    pixels: int

    @property
    def chunk(self) -> int:
        """Products of a chunk, a multiple of SQUARE."""
        return CHUNK_BYTES // (self.panel * (8 if self.double else 4))


class RealPlanHead(NamedTuple):
    """Head of a plan, in int64. Two tables follow: of `layout.under_kernel`, an entry per product, then of `layout.blocks`."""

    out_channels: int
    blocks: int
    products: int  # in a sum
    weights: int  # of an output channel: as many, or SQUARE if they are fewer


class _Weights(NamedTuple):
    """Weights of all output channels."""

    start: Value
    channels: Value
    row: Value  # entries of an output channel


class _Chunk(NamedTuple):
    """Operands of the products of one chunk for one panel: *offsets* are of the inputs, in bytes, *weights* are transposed."""

    x: Value
    offsets: Value
    weights: Value
    count: Value
    zeros: Value  # address of sums to start from, 0 where there are some already


def _transpose(v: Vectors, panel: int, weights: _Weights, room: Value, *, lane: Value, start: Value, count: Value) -> None:
    """Write the weights of a chunk to `room`, [product, lane], from [lane, product], in squares; *lane* is the first.

    The last square of all reaches back where products end earlier: into the squares before it, or into as much room before the chunk.
    Idle lanes repeat the last output channel.
    """
    b, size = v.b, v.bits // 8
    channel, last = b.sub(weights.channels, number(1)), b.sub(weights.row, number(v.lanes))

    def strip(turn: Value) -> Sequence[Value]:
        first = b.mul(turn, number(v.lanes))
        lanes = [b.add(b.add(lane, first), number(place)) for place in range(v.lanes)]
        lanes = [b.mul(b.select(b.icmp_unsigned("<", place, channel), place, channel), weights.row) for place in lanes]
        rows = [at(b, weights.start, v.element, place) for place in lanes]
        to = b.add(room, b.mul(first, number(size)))

        def square(turn: Value) -> Sequence[Value]:
            product = b.add(start, b.mul(turn, number(v.lanes)))
            product = b.select(b.icmp_unsigned("<", product, last), product, last)
            read = [b.load(b.bitcast(b.gep(row, [product]), v.type.as_pointer()), align=size) for row in rows]
            target = b.inttoptr(b.add(to, b.mul(b.sub(product, start), number(panel * size))), v.type.as_pointer())
            for place, written in enumerate(v.transposed(read)):
                b.store(written, b.gep(target, [number(place * panel // v.lanes)]), align=size)
            return []

        loop(b, b.udiv(b.add(count, number(v.lanes - 1)), number(v.lanes)), [], square)
        return []

    loop(b, number(panel // v.lanes), [], strip)


def _block(v: Vectors, places: int, starts: Value, out: Value, chunk: _Chunk) -> None:
    """Add the products of a chunk to the sums of a block of so many pixels."""
    b, size = v.b, v.bits // 8
    firsts = [b.load(at(b, starts, I64, number(pixel))) for pixel in range(places)]
    pixels = [b.inttoptr(b.add(chunk.x, first), I8.as_pointer()) for first in firsts]
    targets = [b.add(out, b.load(at(b, starts, I64, number(places + pixel)))) for pixel in range(places)]
    begun = b.icmp_unsigned("==", chunk.zeros, number(0))
    weights, offsets = b.inttoptr(chunk.weights, v.type.as_pointer()), b.inttoptr(chunk.offsets, I64.as_pointer())

    def product(index: Value, *totals: Value) -> Sequence[Value]:
        weight, offset = b.load(b.gep(weights, [index]), align=size), b.load(b.gep(offsets, [index]))
        inputs = [b.load(b.bitcast(b.gep(pixel, [offset]), v.element.as_pointer())) for pixel in pixels]
        return [v.fma(v.spread(value), weight, total) for value, total in zip(inputs, totals, strict=True)]

    sources = [b.select(begun, target, chunk.zeros) for target in targets]
    before = [b.load(at(b, source, v.type, number(0)), align=size) for source in sources]
    for target, total in zip(targets, loop(b, chunk.count, before, product), strict=True):
        b.store(total, at(b, target, v.type, number(0)), align=size)


def _convolve(module: Any, wanted: Specialization) -> None:
    """Emit `convolve(x, plan, weights, out)`: all blocks of all chunks of all panels."""
    b = function(module, "convolve", 4)
    element = DOUBLE if wanted.double else FLOAT
    v, squares = Vectors(b, element, wanted.panel), Vectors(b, element, SQUARE)
    size = v.bits // 8
    x, plan, weights, out = b.function.args
    channels, blocks, products, row = (b.load(at(b, plan, I64, number(place))) for place in range(len(RealPlanHead._fields)))
    offsets = b.add(plan, number(8 * len(RealPlanHead._fields)))
    table = b.add(offsets, b.mul(products, number(8)))
    zeros, room = (b.alloca(v.type, size=places) for places in (1, SQUARE + wanted.chunk))
    b.store(v.constant(0.0), zeros)
    zeros, room = b.ptrtoint(zeros, I64), b.add(b.ptrtoint(room, I64), number(SQUARE * wanted.panel * size))

    its = _Weights(weights, channels, row)

    def panel(place: Value, out: Value) -> Sequence[Value]:
        lane = b.mul(place, number(wanted.panel))

        def part(place: Value) -> Sequence[Value]:
            start = b.mul(place, number(wanted.chunk))
            left = b.sub(products, start)
            count = b.select(b.icmp_unsigned("<", left, number(wanted.chunk)), left, number(wanted.chunk))
            _transpose(squares, wanted.panel, its, room, lane=lane, start=start, count=count)
            first = b.select(b.icmp_unsigned("==", place, number(0)), zeros, number(0))
            now = _Chunk(x, b.add(offsets, b.mul(start, number(8))), room, count, first)

            def block(index: Value) -> Sequence[Value]:
                _block(v, wanted.pixels, b.add(table, b.mul(index, number(16 * wanted.pixels))), out, now)
                return []

            loop(b, blocks, [], block)
            return []

        loop(b, b.udiv(b.add(products, number(wanted.chunk - 1)), number(wanted.chunk)), [], part)
        return [b.add(out, number(wanted.panel * size))]

    loop(b, b.udiv(b.add(channels, number(wanted.panel - 1)), number(wanted.panel)), [out], panel)
    b.ret_void()


@once
def convolve(wanted: Specialization, target: Target | None = None) -> Callable[..., None]:
    """Compiled `convolve(x, plan, weights, out)`, for this processor unless another is named.

    Addresses are integers; nothing is checked.
    """
    module = ir.Module()
    _convolve(module, wanted)
    return compiled(module, target or Target.host())["convolve"]
