"""Vector variant of the finishing of FP16 maps: pixel by pixel, channels 16 at a time, all steps while they are in registers.

A step that is left out is one that changes nothing: a factor of 1, an offset of -0, which leaves even -0 what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]
from numpy.typing import NDArray

from hyperdrive_sim.kernels.emit import FLOAT, HALF, I16, Target, Value, Vectors, at, compiled, function, loop, number
from hyperdrive_sim.kernels.finishing_numpy import FinishingNumpy, Halves, Steps
from hyperdrive_sim.kernels.layout import address
from hyperdrive_sim.kernels.once import once

LANES = 16


class PackedSteps(NamedTuple):
    """Steps, and their factors and offsets in float32 [2, channels]."""

    steps: Steps
    constants: NDArray[np.float32]


class FinishingVectors:
    """Vectors of float32, which the processor converts from and to FP16."""

    def __init__(self, name: str, target: Target | None = None) -> None:
        self.name = name
        self._target = target
        self._plain = FinishingNumpy()

    def pack(self, steps: Steps, channels: int) -> PackedSteps:
        scale = 1.0 if steps.scale is None else steps.scale
        bias = -0.0 if steps.bias is None else steps.bias
        constants = np.empty((2, channels), np.float32)
        constants[0], constants[1] = scale, bias
        return PackedSteps(steps, constants)

    def finish(self, y: Halves, packed: PackedSteps, other: Halves | None = None) -> Halves:
        steps, constants = packed
        channels = constants.shape[1]
        if y.shape[2] != channels or (other is not None and other.shape != y.shape):  # whose memory would be read all the same
            raise ValueError(f"{channels} channels cannot be finished with maps {[one.shape for one in (y, other) if one is not None]}")
        if channels < LANES:
            return self._plain.finish(y, steps, other)
        y, out = np.ascontiguousarray(y), np.empty(y.shape, np.float16)
        scale = address(constants)
        operands = [address(y), scale, scale + constants.strides[0], address(out)]
        if other is not None:
            other = np.ascontiguousarray(other)  # named, so that it lives until it has been read
            operands.append(address(other))
        native = finishing(other is not None, steps.relu, self._target)
        native(y.size // channels, channels, *operands)
        return out


@once
def finishing(with_other: bool, relu: bool, target: Target | None = None) -> Callable[..., None]:
    """Compiled function (pixels, channels, y, scale, bias, out), then the other map if there is one; all but the counts are addresses."""
    module = ir.Module()
    _emit(module, with_other=with_other, relu=relu)
    return compiled(module, target or Target.host())["finish"]


def _emit(module: Any, *, with_other: bool, relu: bool) -> None:
    """Emit `finish`: for every pixel, 16 channels at a time; the last 16 may overlap those before."""
    b = function(module, "finish", 7 if with_other else 6)
    v = Vectors(b, FLOAT, LANES)
    pixels, channels, y, scale, bias, out, *other = b.function.args
    last = b.sub(channels, number(LANES))
    groups = b.udiv(b.add(channels, number(LANES - 1)), number(LANES))

    def pixel(place: Value) -> Sequence[Value]:
        start = b.mul(place, channels)

        def sixteen(group: Value) -> Sequence[Value]:
            channel = b.mul(group, number(LANES))
            channel = b.select(b.icmp_unsigned("<", channel, last), channel, last)
            index = b.add(start, channel)
            value = _rounded(v, b.fmul(_wide(v, y, index), _floats(v, scale, channel)))
            for term in (*(_wide(v, map_, index) for map_ in other), _floats(v, bias, channel)):
                value = _rounded(v, b.fadd(value, term))
            _store(v, value, out, index, relu=relu)
            return []

        loop(b, groups, [], sixteen)
        return []

    loop(b, pixels, [], pixel)
    b.ret_void()


def _halves(v: Vectors, address: Value, index: Value) -> Value:
    """Pointer to 16 halves from *index* on."""
    return v.b.bitcast(at(v.b, address, I16, index), ir.VectorType(HALF, LANES).as_pointer())


def _wide(v: Vectors, address: Value, index: Value) -> Value:
    """Sixteen halves as float32."""
    return v.b.fpext(v.b.load(_halves(v, address, index), align=2), v.type)


def _floats(v: Vectors, address: Value, index: Value) -> Value:
    return v.b.load(v.b.bitcast(at(v.b, address, FLOAT, index), v.type.as_pointer()), align=4)


def _rounded(v: Vectors, value: Value) -> Value:
    """Values rounded to FP16, ties to even, still as float32."""
    return v.b.fpext(v.b.fptrunc(value, ir.VectorType(HALF, LANES)), v.type)


def _store(v: Vectors, value: Value, out: Value, index: Value, *, relu: bool) -> None:
    """Store values that are rounded; with *relu*, +0 for those that are not above 0. NaN compares as neither and stays."""
    if relu:
        value = v.b.select(v.b.fcmp_ordered("<=", value, v.constant(0.0)), v.constant(0.0), value)
    v.b.store(v.b.fptrunc(value, ir.VectorType(HALF, LANES)), _halves(v, out, index), align=2)
