"""Inner loops of the vector variant: blocks of four output pixels x a panel of 8 to 64 output channels, and the packing of signs into bits.

A vector lane is an output channel, so nothing is ever summed across lanes, and stride and odd sizes cost nothing extra; the block lives in
vector registers while all words of its windows stream past, in one loop whose table says where each lies. Where the hardware counts bits
in vectors, words have 32 bits: counts are then as wide as the sums that are stored, and 96 channels need no fourth of idle ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]

from hyperdrive_sim.kernels.emit import (
    FLOAT,
    I8,
    I32,
    I64,
    Builder,
    Target,
    Value,
    Vectors,
    at,
    compiled,
    function,
    intrinsic,
    loop,
    number,
)
from hyperdrive_sim.kernels.once import once
from hyperdrive_sim.kernels.xnor_bits import WORD

BEYOND_ALL_SUMS = 1 << 30


class Result(Enum):
    """Result stored for each output value, a sum or its sign, and the bits that this takes."""

    SUM = 32
    SIGN = 8


class Specialization(NamedTuple):
    """Properties of a convolution that its code is compiled for. Lanes are the output channels of a panel, pixels those of a block."""

    result: Result
    word_bits: int
    lanes: int
    pixels: int
    masked: bool  # some inputs are 0


class XnorPlanHead(NamedTuple):
    """Head of a plan, in int64. Two tables follow: of `layout.under_kernel`, then of `layout.blocks`."""

    panels: int
    blocks: int
    words: int  # under the kernel
    products: int  # in a sum, where no input is 0


class _XnorPanel(NamedTuple):
    """Operands of the sums of one panel of output channels; see `XnorPlanHead` for the numbers."""

    x: Value
    to_valid: Value  # from a word of the map to its mask, in bytes
    weights: Value
    words: Value
    offsets: Value  # of the words under the kernel, in bytes
    products: Value


class _PixelCount(NamedTuple):
    """Counts of one pixel: products that are -1, for all output channels of a panel, and products in all."""

    negative: Value
    products: Value


class _Levels(NamedTuple):
    """Level that each channel's sum is compared with, and the channels whose answer is reversed."""

    levels: Value
    reversed: Value


def _counts(v: Vectors, wanted: Specialization, starts: Value, panel: _XnorPanel) -> list[_PixelCount]:
    """Counts for the pixels of a block. Where some inputs are 0 (`masked`), the products of each pixel are counted, too."""
    b = v.b
    firsts = [b.load(at(b, starts, I64, number(pixel))) for pixel in range(wanted.pixels)]
    pixels = [b.inttoptr(b.add(panel.x, first), I8.as_pointer()) for first in firsts]
    weights, offsets = (b.inttoptr(table, kind.as_pointer()) for table, kind in ((panel.weights, v.type), (panel.offsets, I64)))

    def word(index: Value, *totals: Value) -> Sequence[Value]:
        weight, offset = b.load(b.gep(weights, [index]), align=v.bits // 8), b.load(b.gep(offsets, [index]))
        places = [offset, b.add(offset, panel.to_valid)] if wanted.masked else [offset]
        inputs = [[b.bitcast(b.gep(pixel, [place]), v.element.as_pointer()) for place in places] for pixel in pixels]
        found = [_negative(v, weight, *its) for its in inputs]
        found += [_ones(v, mask) for _, *masks in inputs for mask in masks]
        return [b.add(total, more) for total, more in zip(totals, found, strict=True)]

    counters = [ir.Constant(v.element, 0)] * wanted.pixels if wanted.masked else []
    totals = loop(b, panel.words, [v.integer(0)] * wanted.pixels + counters, word)
    products = [total if v.bits == 32 else b.trunc(total, I32) for total in totals[wanted.pixels :]] or [panel.products] * wanted.pixels
    return [_PixelCount(_narrowed(v, total), its) for total, its in zip(totals[: wanted.pixels], products, strict=True)]


def _negative(v: Vectors, weight: Value, word: Value, mask: Value | None = None) -> Value:
    """Number of products that are -1 among those of the word at an address."""
    differ = v.b.xor(v.spread(v.b.load(word)), weight)
    return v.ones(differ if mask is None else v.b.and_(differ, v.spread(v.b.load(mask))))


def _ones(v: Vectors, address: Value) -> Value:
    """Number of bits set in the word at an address.

    It is loaded apart from the vector's: LLVM would spread this one, by the unit that counts in vectors.
    """
    return intrinsic(v.b, f"llvm.ctpop.i{v.bits}", v.b.load_atomic(address, "monotonic", v.bits // 8))


def _narrowed(v: Vectors, counts: Value) -> Value:
    """Counts as 32-bit integers: the lower halves, which one shuffle of two vectors takes."""
    if v.bits == 32:
        return counts
    halves = v.b.bitcast(counts, ir.VectorType(I32, 2 * v.lanes))
    return v.b.shuffle_vector(halves, halves, ir.Constant(ir.VectorType(I32, v.lanes), list(range(0, 2 * v.lanes, 2))))


def _levels(sums: Vectors, wanted: Specialization, products: Value, thresholds: Value, flipped: Value) -> _Levels:
    """Levels of a panel's channels: s <= t, where flipped, is what s >= t + 1 is not.

    Where the products of every sum are known, a level is how many of them may be -1.
    """
    b = sums.b
    thresholds = b.load(at(b, thresholds, sums.type, number(0)), align=4)
    for clip, limit in (("smax", -BEYOND_ALL_SUMS), ("smin", BEYOND_ALL_SUMS)):  # as unreachable as what lies beyond, and cannot overflow
        thresholds = intrinsic(b, f"llvm.{clip}.v{sums.lanes}i32", thresholds, sums.integer(limit))
    bytes_ = Vectors(b, I8, sums.lanes)
    flags = b.icmp_unsigned("!=", b.load(at(b, flipped, bytes_.type, number(0)), align=1), bytes_.integer(0))
    levels = b.add(thresholds, b.zext(flags, sums.type))
    return _Levels(levels if wanted.masked else b.ashr(b.sub(sums.spread(products), levels), sums.integer(1)), flags)


def _sums(sums: Vectors, total: _PixelCount) -> Value:
    """Sums of a pixel: products less twice those that are -1."""
    return sums.b.sub(sums.spread(total.products), sums.b.add(total.negative, total.negative))


def _signs(sums: Vectors, wanted: Specialization, total: _PixelCount, rule: _Levels) -> Value:
    """Signs of a pixel, from its sums or, where the products are known, from the number of those that are -1."""
    b, signs = sums.b, Vectors(sums.b, I8, sums.lanes)
    reached = b.icmp_signed(">=", _sums(sums, total), rule.levels) if wanted.masked else b.icmp_signed("<=", total.negative, rule.levels)
    return b.select(b.xor(reached, rule.reversed), signs.integer(1), signs.integer(-1))


def _convolve(module: Any, wanted: Specialization) -> None:
    """Emit `convolve(x, to_valid, plan, weights, thresholds, flipped, out)`: all blocks of all panels."""
    b = function(module, "convolve", 7)
    v, sums = Vectors(b, ir.IntType(wanted.word_bits), wanted.lanes), Vectors(b, I32, wanted.lanes)
    x, to_valid, plan, weights, thresholds, flipped, out = b.function.args
    panels, blocks, words, products = (b.load(at(b, plan, I64, number(place))) for place in range(len(XnorPlanHead._fields)))
    offsets = b.add(plan, number(8 * len(XnorPlanHead._fields)))
    table, products = b.add(offsets, b.mul(words, number(8))), b.trunc(products, I32)

    def panel(_: Value, weights: Value, thresholds: Value, flipped: Value, out: Value) -> Sequence[Value]:
        now = _XnorPanel(x, to_valid, weights, words, offsets, products)
        rule = _levels(sums, wanted, products, thresholds, flipped) if wanted.result is Result.SIGN else None

        def block(place: Value) -> Sequence[Value]:
            starts = b.add(table, b.mul(place, number(16 * wanted.pixels)))
            for pixel, total in enumerate(_counts(v, wanted, starts, now)):
                target = b.add(out, b.load(at(b, starts, I64, number(wanted.pixels + pixel))))
                stored = _sums(sums, total) if rule is None else _signs(sums, wanted, total, rule)
                b.store(stored, b.inttoptr(target, stored.type.as_pointer()), align=1)
            return []

        loop(b, blocks, [], block)
        steps = (b.mul(words, number(v.lanes * v.bits // 8)), *(number(v.lanes * size) for size in (4, 1, wanted.result.value // 8)))
        return [b.add(address, step) for address, step in zip((weights, thresholds, flipped, out), steps, strict=True)]

    loop(b, panels, [weights, thresholds, flipped, out], panel)
    b.ret_void()


def _pack(module: Any, element: Any) -> None:
    """Emit `pack`: channels to words of signs and masks of channels that are not 0. It reads up to 63 values beyond the last pixel.

    `seen` [2] receives a word with all bits set if no channel is 0, and one with any bit set if a channel is not -1, 0 or +1.
    """
    b: Builder = function(module, "pack", 6)
    v = Vectors(b, element, WORD)
    values, words, valid, pixels, channels, seen = b.function.args
    last = b.udiv(b.sub(channels, number(1)), number(WORD))
    rest = b.lshr(number(-1), b.and_(b.neg(channels), number(WORD - 1)))  # the bits that are channels in a pixel's last word

    def pixel(place: Value, *seen: Value) -> Sequence[Value]:
        source, target = b.mul(place, channels), b.mul(place, b.add(last, number(1)))

        def word(index: Value, full: Value, wild: Value) -> Sequence[Value]:
            address = at(b, values, element, b.add(source, b.mul(index, number(WORD))))
            now = b.load(b.bitcast(address, v.type.as_pointer()), align=v.bits // 8)
            mask = b.select(b.icmp_unsigned("==", index, last), rest, number(-1))
            tests = _ternary(v, now) if element is I8 else _real_ternary(v, now)
            positive, nonzero, strange = (b.and_(b.bitcast(test, I64), mask) for test in tests)
            b.store(positive, at(b, words, I64, b.add(target, index)))
            b.store(nonzero, at(b, valid, I64, b.add(target, index)))
            return [b.and_(full, b.or_(nonzero, b.not_(mask))), b.or_(wild, strange)]

        return loop(b, b.add(last, number(1)), seen, word)

    for place, value in enumerate(loop(b, pixels, [number(-1), number(0)], pixel)):
        b.store(value, at(b, seen, I64, number(place)))
    b.ret_void()


def _ternary(v: Vectors, values: Value) -> tuple[Value, Value, Value]:
    """Where integers are above 0, not 0, and none of -1, 0 and +1."""
    zero, b = v.integer(0), v.b
    strange = b.icmp_unsigned(">", b.add(values, v.integer(1)), v.integer(2))
    return b.icmp_signed(">", values, zero), b.icmp_signed("!=", values, zero), strange


def _real_ternary(v: Vectors, values: Value) -> tuple[Value, Value, Value]:
    """Where real numbers are above 0, not 0, and none of -1, 0 and +1, as NaN is not."""
    zero, b = v.constant(0.0), v.b
    nonzero = b.fcmp_unordered("!=", values, zero)
    strange = b.and_(nonzero, b.fcmp_unordered("!=", intrinsic(b, f"llvm.fabs.v{v.lanes}f{v.bits}", values), v.constant(1.0)))
    return b.fcmp_ordered(">", values, zero), nonzero, strange


@once
def convolve(wanted: Specialization, target: Target | None = None) -> Callable[..., None]:
    """Compiled `convolve(x, to_valid, plan, weights, thresholds, flipped, out)`, for this processor unless another is named.

    Addresses are integers; nothing is checked.
    """
    module = ir.Module()
    _convolve(module, wanted)
    return compiled(module, target or Target.host())["convolve"]


@once
def pack(real: bool, target: Target | None = None) -> Callable[..., None]:
    """Compiled `pack(values, words, valid, pixels, channels, seen)` of float32 (*real*) or int8; see `_pack`."""
    module = ir.Module()
    _pack(module, FLOAT if real else I8)
    return compiled(module, target or Target.host())["pack"]
