"""Inner loops of the vector variants: blocks of a few output pixels x 16 or 32 output channels, all taps in the chip's order.

A vector lane is an output channel, so stride, odd sizes and 7 x 7 planes cost nothing extra; the block lives in vector registers while
all taps stream past. With 32 registers of 512 bits, ten pixels hide the latency of the adder, and 49, 196, 784 or 3136 pixels fill blocks
of ten to 98 % or better. GMAC/s of one core on 7 x 7 x 512 -> 16 with 7, 8, 10, 12, 14 pixels: FP16 82, 78, 95, 78, 83; float32 with 7, 8,
10, 12: 21, 20, 25, 21. AVX2 has 16 registers of half as many bits, which six pixels fill; on 26 x 20 x 64 -> 16 with 4, 5, 6, 7, 8, 10 of
another processor: 12, 13, 15, 10, 12, 9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]

from hyperdrive_sim.kernels.emit import FLOAT, HALF, I16, I64, Builder, Target, Value, Vectors, at, compiled, function, loop, number
from hyperdrive_sim.kernels.once import once

SCALE = 100  # float32 variants hold x * 2**100, see _cancelling
NAN = 0x7E00  # the one NaN that all variants return


class Fp16PlanHead(NamedTuple):
    """Head of a plan, in int64. The table of `layout.blocks` follows: per block, byte offsets of its pixels in x and in out [2, pixels]."""

    panels: int
    blocks: int
    kernel_rows: int
    run: int  # kernel columns x input channels
    row_bytes: int  # of x


class Native(NamedTuple):
    """Compiled functions of one element type and lane count. Addresses are plain integers; nothing is checked."""

    convolve: Callable[[int, int, int, int], None]  # x, plan, weights, out
    widen: Callable[[int, int, int], None]  # halves, floats, count of at least 16


class _Adder(NamedTuple):
    """A rounding addition of weight * pixel to a total that is held as total * 2**exponent."""

    exponent: int
    add: Callable[[Vectors, Value, Value, Value], Value]  # vectors, total, weight, pixel


def _native(v: Vectors, total: Value, weight: Value, pixel: Value) -> Value:
    """Addition in FP16: AVX512-FP16 rounds by itself, and a weight of +-1 makes the multiplication exact."""
    return v.fma(weight, pixel, total)


def _cancelling(v: Vectors, total: Value, weight: Value, pixel: Value) -> Value:
    """Addition in float32 as (s + c) - c with c = 2**13 times the power of two in s: the adder rounds s to 11 bits, ties to even.

    Sums below 2**-13 are exact in FP16, so its subnormals need nothing. At scale 2**100 c overflows from |s| >= 32768 on
    and the total stays infinite or NaN whatever follows: the blocks to be done again by _carrying.
    """
    s = v.fma(weight, pixel, total)
    power = v.b.bitcast(v.b.and_(v.b.bitcast(s, v.integers), v.integer(0xFF800000)), v.type)
    return v.fma(power, v.constant(-8192.0), v.fma(power, v.constant(8192.0), s))


def _carrying(v: Vectors, total: Value, weight: Value, pixel: Value) -> Value:
    """Addition in float32, rounded to even on the bits of s: exact everywhere.

    At scale 2**112 the carry turns 65520 into infinity, as FP16 does.
    """
    s = v.b.bitcast(v.fma(v.b.fmul(weight, v.constant(2.0 ** (112 - SCALE))), pixel, total), v.integers)
    odd = v.b.and_(v.b.lshr(s, v.integer(13)), v.integer(1))
    return v.b.bitcast(v.b.and_(v.b.add(v.b.add(s, v.integer(0xFFF)), odd), v.integer(0xFFFFE000)), v.type)


_NATIVE = _Adder(0, _native)
_FAST = _Adder(SCALE, _cancelling)
_SURE = _Adder(112, _carrying)


class _Fp16Panel(NamedTuple):
    """Operands of the sums of one panel of output channels; see `Fp16PlanHead` for the numbers."""

    x: Value
    weights: Value
    kernel_rows: Value
    run: Value
    row_bytes: Value


def _totals(v: Vectors, add: Callable[..., Value], starts: Value, pixels: int, panel: _Fp16Panel) -> list[Value]:
    """Sums of a block over all taps, in the order kernel row, kernel column, input channel: the last two are one run in memory.

    One base register per pixel and one index for all. Address arithmetic on integers instead of `gep` tempts LLVM into ten
    increments per tap, 30 % slower.
    """
    b = v.b

    def kernel_row(place: Value, *totals: Value) -> Sequence[Value]:
        row = b.add(panel.x, b.mul(place, panel.row_bytes))
        offsets = [b.load(at(b, starts, I64, number(pixel))) for pixel in range(pixels)]
        inputs = [b.inttoptr(b.add(row, offset), v.element.as_pointer()) for offset in offsets]
        weights = at(b, panel.weights, v.type, b.mul(place, panel.run))

        def tap(index: Value, *totals: Value) -> Sequence[Value]:
            weight = b.load(b.gep(weights, [index]), align=v.bits // 8)
            values = [v.spread(b.load(b.gep(pixel, [index]))) for pixel in inputs]
            return [add(v, total, weight, value) for total, value in zip(totals, values, strict=True)]

        return loop(b, panel.run, totals, tap)

    return loop(b, panel.kernel_rows, [v.constant(0.0)] * pixels, kernel_row)


def _halves(v: Vectors, totals: Value, exponent: int) -> Value:
    """Bits of totals * 2**-exponent as FP16, which is exact; every NaN becomes the one NaN."""
    whole = ir.VectorType(I16, v.lanes)
    exact = totals if v.element is HALF else v.b.fptrunc(v.b.fmul(totals, v.constant(2.0**-exponent)), ir.VectorType(HALF, v.lanes))
    is_nan = v.b.fcmp_unordered("uno", totals, totals)
    return v.b.select(is_nan, ir.Constant(whole, [NAN] * v.lanes), v.b.bitcast(exact, whole))


def _store(v: Vectors, totals: Sequence[Value], exponent: int, targets: Value, out: Value) -> None:
    for pixel, total in enumerate(totals):
        address = v.b.add(out, v.b.load(at(v.b, targets, I64, number(pixel))))
        halves = _halves(v, total, exponent)
        v.b.store(halves, v.b.inttoptr(address, halves.type.as_pointer()), align=2)


def _any_not_finite(v: Vectors, totals: Sequence[Value]) -> Value:
    """True if any total is infinite or NaN: 0 * total is NaN exactly there."""
    mark = v.constant(0.0)
    for total in totals:
        mark = v.fma(total, v.constant(0.0), mark)
    flags = ir.IntType(v.lanes)
    return v.b.icmp_unsigned("!=", v.b.bitcast(v.b.fcmp_unordered("uno", mark, mark), flags), ir.Constant(flags, 0))


def _block(v: Vectors, starts: Value, pixels: int, out: Value, panel: _Fp16Panel) -> None:
    """Sum and store a block of so many pixels of one panel; in float32 once more, exactly, if any sum became too large."""
    targets = v.b.add(starts, number(8 * pixels))
    usual = _NATIVE if v.element is HALF else _FAST
    totals = _totals(v, usual.add, starts, pixels, panel)
    _store(v, totals, usual.exponent, targets, out)
    if usual is _FAST:
        with v.b.if_then(_any_not_finite(v, totals), likely=False):
            _store(v, _totals(v, _SURE.add, starts, pixels, panel), _SURE.exponent, targets, out)


def _convolve(module: Any, element: Any, lanes: int, pixels: int) -> None:
    """Emit `convolve(x, plan, weights, out)`: all blocks, of so many pixels, of all panels."""
    b = function(module, "convolve", 4)
    v = Vectors(b, element, lanes)
    x, plan, weights, out = b.function.args
    panels, blocks, *sizes = (b.load(at(b, plan, I64, number(place))) for place in range(len(Fp16PlanHead._fields)))
    table = b.add(plan, number(8 * len(Fp16PlanHead._fields)))

    def panel(_: Value, weights: Value, out: Value) -> Sequence[Value]:
        now = _Fp16Panel(x, weights, *sizes)

        def block(place: Value) -> Sequence[Value]:
            _block(v, b.add(table, b.mul(place, number(16 * pixels))), pixels, out, now)
            return []

        loop(b, blocks, [], block)
        weight_bytes = b.mul(b.mul(now.kernel_rows, now.run), number(lanes * v.bits // 8))
        return [b.add(weights, weight_bytes), b.add(out, number(2 * lanes))]

    loop(b, panels, [weights, out], panel)
    b.ret_void()


def _widen(module: Any) -> None:
    """Emit `widen(halves, floats, count)`: FP16 to float32 * 2**SCALE, 16 at a time; the last 16 may overlap those before."""
    b: Builder = function(module, "widen", 3)
    v = Vectors(b, FLOAT, 16)
    halves, floats, count = b.function.args
    last = b.sub(count, number(16))

    def sixteen(place: Value) -> Sequence[Value]:
        index = b.mul(place, number(16))
        index = b.select(b.icmp_unsigned("<", index, last), index, last)
        source = b.bitcast(at(b, halves, I16, index), ir.VectorType(HALF, 16).as_pointer())
        wide = b.fmul(b.fpext(b.load(source, align=2), v.type), v.constant(2.0**SCALE))
        b.store(wide, b.bitcast(at(b, floats, FLOAT, index), v.type.as_pointer()), align=4)
        return []

    loop(b, b.udiv(b.add(count, number(15)), number(16)), [], sixteen)
    b.ret_void()


@once
def native(half: bool, lanes: int, pixels: int, target: Target | None = None) -> Native:
    """Compiled functions for FP16 (*half*) or float32 vectors of so many lanes, and blocks of so many pixels.

    For this processor unless another is named.
    """
    module = ir.Module()
    _convolve(module, HALF if half else FLOAT, lanes, pixels)
    _widen(module)
    return Native(**compiled(module, target or Target.host()))
