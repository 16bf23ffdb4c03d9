"""Inner loops of the vector variant: blocks of four output pixels x 8, 16 or 32 output channels, and the packing of signs into bits.

A vector lane is an output channel, so nothing is ever summed across lanes, and stride and odd sizes cost nothing extra; the block lives in
vector registers while all words of its windows stream past.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]

from hyperdrive_sim.kernels.emit import I1, I8, I32, I64, Builder, Target, Value, Vectors, at, compiled, function, intrinsic, loop, number
from hyperdrive_sim.kernels.xnor_bits import WORD


class Result(Enum):
    """Result stored for each output value, a sum or its sign, and the bits that this takes."""

    SUM = 32
    SIGN = 8


class Specialization(NamedTuple):
    """Properties of a convolution that its code is compiled for. Lanes are the output channels of a panel, pixels those of a block."""

    result: Result
    lanes: int
    pixels: int
    masked: bool  # some inputs are 0


class XnorPlanHead(NamedTuple):
    """Head of a plan, in int64; the table of `layout.blocks` follows."""

    panels: int
    blocks: int
    kernel_rows: int
    run: int  # kernel columns x words of a pixel
    row_bytes: int  # of the input
    products: int  # in a sum, where no input is 0


class _XnorPanel(NamedTuple):
    """Operands of the sums of one panel of output channels; see `XnorPlanHead` for the numbers."""

    x: Value
    valid: Value
    weights: Value
    kernel_rows: Value
    run: Value
    row_bytes: Value
    products: Value


class _PixelCount(NamedTuple):
    """Counts of one pixel: products that are -1, for all output channels of a panel, and products in all."""

    negative: Value
    products: Value


def _sums(v: Vectors, wanted: Specialization, starts: Value, panel: _XnorPanel) -> list[_PixelCount]:
    """Counts for the pixels of a block. Where some inputs are 0 (`masked`), the products of each pixel are counted, too."""
    b = v.b
    offsets = [b.load(at(b, starts, I64, number(pixel))) for pixel in range(wanted.pixels)]
    planes = [panel.x, panel.valid] if wanted.masked else [panel.x]

    def kernel_row(place: Value, *totals: Value) -> Sequence[Value]:
        under = b.mul(place, panel.row_bytes)
        rows = [[b.inttoptr(b.add(plane, b.add(under, offset)), I64.as_pointer()) for plane in planes] for offset in offsets]
        weights = at(b, panel.weights, v.type, b.mul(place, panel.run))

        def word(index: Value, *totals: Value) -> Sequence[Value]:
            weight = b.load(b.gep(weights, [index]), align=8)
            inputs = [[b.gep(start, [index]) for start in row] for row in rows]
            found = [_negative(v, weight, *both) for both in inputs]
            found += [_ones(b, mask) for _, *masks in inputs for mask in masks]
            return [b.add(total, more) for total, more in zip(totals, found, strict=True)]

        return loop(b, panel.run, totals, word)

    counters = [number(0)] * wanted.pixels if wanted.masked else []
    totals = loop(b, panel.kernel_rows, [v.integer(0)] * wanted.pixels + counters, kernel_row)
    products = totals[wanted.pixels :] or [panel.products] * wanted.pixels
    return [_PixelCount(*both) for both in zip(totals[: wanted.pixels], products, strict=True)]


def _negative(v: Vectors, weight: Value, word: Value, mask: Value | None = None) -> Value:
    """Number of products that are -1 among those of the word at an address."""
    differ = v.b.xor(v.spread(v.b.load(word)), weight)
    return v.ones(differ if mask is None else v.b.and_(differ, v.spread(v.b.load(mask))))


def _ones(b: Builder, address: Value) -> Value:
    """Number of bits set in the word at an address.

    It is loaded apart from the vector's: LLVM would spread this one, by the unit that counts in vectors.
    """
    return intrinsic(b, "llvm.ctpop.i64", b.load_atomic(address, "monotonic", 8))


def _stored(v: Vectors, wanted: Specialization, total: _PixelCount, rule: Value) -> Value:
    """Results of a pixel as they are stored. The *rule* of a panel is a level per lane and then, as bits, where the answer is reversed."""
    b, sums = v.b, Vectors(v.b, I32, v.lanes)
    if wanted.result is Result.SUM:
        negative = b.trunc(total.negative, sums.type)
        return b.sub(sums.spread(b.trunc(total.products, I32)), b.add(negative, negative))
    levels = b.load(at(b, rule, v.type, number(0)), align=8)
    reverse = b.trunc(b.load(at(b, rule, I64, number(v.lanes))), ir.IntType(v.lanes))
    bits = b.xor(b.bitcast(_reaches(v, wanted, total, levels), reverse.type), reverse)
    signs = Vectors(b, I8, v.lanes)
    return b.select(b.bitcast(bits, ir.VectorType(I1, v.lanes)), signs.integer(1), signs.integer(-1))


def _reaches(v: Vectors, wanted: Specialization, total: _PixelCount, levels: Value) -> Value:
    """True if a sum is at least its level. Where the products are known, a level says instead how many of them may be -1."""
    if not wanted.masked:
        return v.b.icmp_signed("<=", total.negative, levels)
    sums = v.b.sub(v.spread(total.products), v.b.add(total.negative, total.negative))
    return v.b.icmp_signed(">=", sums, levels)


def _convolve(module: Any, wanted: Specialization) -> None:
    """Emit `convolve(x, valid, plan, weights, rule, out)`: all blocks of all panels."""
    b = function(module, "convolve", 6)
    v = Vectors(b, I64, wanted.lanes)
    x, valid, plan, weights, rule, out = b.function.args
    panels, blocks, *sizes = (b.load(at(b, plan, I64, number(place))) for place in range(len(XnorPlanHead._fields)))
    table = b.add(plan, number(8 * len(XnorPlanHead._fields)))

    def panel(_: Value, weights: Value, rule: Value, out: Value) -> Sequence[Value]:
        now = _XnorPanel(x, valid, weights, *sizes)

        def block(place: Value) -> Sequence[Value]:
            starts = b.add(table, b.mul(place, number(16 * wanted.pixels)))
            for pixel, total in enumerate(_sums(v, wanted, starts, now)):
                target = b.add(out, b.load(at(b, starts, I64, number(wanted.pixels + pixel))))
                stored = _stored(v, wanted, total, rule)
                b.store(stored, b.inttoptr(target, stored.type.as_pointer()), align=1)
            return []

        loop(b, blocks, [], block)
        weight_bytes = b.mul(b.mul(now.kernel_rows, now.run), number(v.lanes * 8))
        steps = (weight_bytes, number(8 * (v.lanes + 1)), number(v.lanes * wanted.result.value // 8))
        return [b.add(address, step) for address, step in zip((weights, rule, out), steps, strict=True)]

    loop(b, panels, [weights, rule, out], panel)
    b.ret_void()


def _pack(module: Any) -> None:
    """Emit `pack`: int8 channels to words of signs and masks of channels that are not 0. It reads up to 63 bytes beyond the last pixel.

    `seen` [2] receives a word with all bits set if no channel is 0, and one with any bit set if a channel is not -1, 0 or +1.
    """
    b: Builder = function(module, "pack", 6)
    v = Vectors(b, I8, WORD)
    values, words, valid, pixels, channels, seen = b.function.args
    last = b.udiv(b.sub(channels, number(1)), number(WORD))
    rest = b.lshr(number(-1), b.and_(b.neg(channels), number(WORD - 1)))  # the bits that are channels in a pixel's last word

    def pixel(place: Value, *seen: Value) -> Sequence[Value]:
        source, target = b.mul(place, channels), b.mul(place, b.add(last, number(1)))

        def word(index: Value, full: Value, wild: Value) -> Sequence[Value]:
            address = at(b, values, I8, b.add(source, b.mul(index, number(WORD))))
            now = b.load(b.bitcast(address, v.type.as_pointer()), align=1)
            mask = b.select(b.icmp_unsigned("==", index, last), rest, number(-1))
            strange = b.icmp_unsigned(">", b.add(now, v.integer(1)), v.integer(2))
            tests = (b.icmp_signed(">", now, v.integer(0)), b.icmp_signed("!=", now, v.integer(0)), strange)
            positive, nonzero, strange = (b.and_(b.bitcast(test, I64), mask) for test in tests)
            b.store(positive, at(b, words, I64, b.add(target, index)))
            b.store(nonzero, at(b, valid, I64, b.add(target, index)))
            return [b.and_(full, b.or_(nonzero, b.not_(mask))), b.or_(wild, strange)]

        return loop(b, b.add(last, number(1)), seen, word)

    for place, value in enumerate(loop(b, pixels, [number(-1), number(0)], pixel)):
        b.store(value, at(b, seen, I64, number(place)))
    b.ret_void()


@lru_cache  # code stays for as long as the process: compiling takes longer than most layers
def convolve(wanted: Specialization, target: Target | None = None) -> Callable[..., None]:
    """Compiled `convolve(x, valid, plan, weights, rule, out)`, for this processor unless another is named.

    Addresses are integers; nothing is checked.
    """
    module = ir.Module()
    _convolve(module, wanted)
    return compiled(module, target or Target.host())["convolve"]


@lru_cache
def pack(target: Target | None = None) -> Callable[..., None]:
    """Compiled `pack(values, words, valid, pixels, channels, seen)`; see `_pack`."""
    module = ir.Module()
    _pack(module)
    return compiled(module, target or Target.host())["pack"]
