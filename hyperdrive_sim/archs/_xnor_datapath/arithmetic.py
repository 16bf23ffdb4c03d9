"""Arithmetic of the datapath: XNOR and count, integer partial sums of a fixed width, one threshold per output channel, pooling on bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs._xnor_datapath import timing
from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs._xnor_datapath.steps import runs
from hyperdrive_sim.errors import Overflow
from hyperdrive_sim.kernels import xnor
from hyperdrive_sim.kernels.xnor_bits import Rule
from hyperdrive_sim.network.box import chunks
from hyperdrive_sim.network.golden import apply_in
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, Sign
from hyperdrive_sim.network.layers.pool import pooled
from hyperdrive_sim.network.layers.sign import sign
from hyperdrive_sim.network.parameters import Array, Parameters

Sums = NDArray[np.int32]


class Xnor:
    """Arithmetic on signs and integer sums, carried as float32, which holds integers below 2**24 exactly.

    A layer alone is computed as the network has it: batch norm and sign in float64, after a pooling of sums. Fused layers are computed
    as the hardware does: the sum is compared with one integer per output channel, and bits are pooled, by AND where the batch norm's
    factor is negative.
    Layers of the host are computed in float32.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, spec: DatapathSpec, kernel: str = "fastest") -> None:
        self.spec, self._wanted = spec, kernel
        self.most = 2 ** (spec.psum_word_bits - 1) - 1
        self._packed: dict[tuple[str, int, int], Any] = {}
        self._rules: dict[tuple[str, int, int], Rule] = {}

    @cached_property
    def _kernel(self) -> xnor.XnorKernel:
        """Compiled convolution, made at first use: a run that computes no values loads no compiler."""
        return xnor.kernel(self._wanted)

    @property
    def name(self) -> str:
        return f"xnor and count by kernel '{self._kernel.name}', partial sums of {self.spec.psum_word_bits} bits"

    @property
    def slow_macs_per_s(self) -> float | None:
        return 40e9 if xnor.fastest() == "numpy" else None

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        if isinstance(layer, Conv) and runs(layer):
            sums = self._convolved(layer, operands[0], parameters)
            return (np.maximum(sums, 0) if layer.relu else sums).astype(self.dtype)
        return apply_in(np.float32, layer, operands, parameters)

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        conv, *behind = layers
        assert isinstance(conv, Conv)
        start, relu = None, conv.relu
        if behind and isinstance(add := behind[0], Add):
            start, relu = add.gain * operands[1].astype(np.int32), add.relu
            behind = behind[1:]
        self._check_width(conv, operands[0], parameters[0], start)
        norm = next((layer for layer in behind if isinstance(layer, Sign)), None)
        if norm is None:
            sums = self._summed(conv, operands[0], parameters[0], start)
            return (np.maximum(sums, 0) if relu else sums).astype(self.dtype)
        rule = self._rule(norm, parameters[layers.index(norm)], relu)
        signs = self._thresholded(conv, operands[0], parameters[0], start, rule)
        for pool in behind:
            if isinstance(pool, MaxPool):
                by_and = rule.flipped if behind[0] is pool else np.zeros_like(rule.flipped)
                signs = pooled_bits(signs, pool, by_and)
        return signs.astype(self.dtype)

    def _thresholded(self, conv: Conv, x: Array, parameters: Parameters, start: Sums | None, rule: Rule) -> NDArray[np.int8]:
        """Signs of the sums; without a bypass by the kernel itself, whose vectors compare while the sums are in registers."""
        if start is not None:
            return rule.signs(self._summed(conv, x, parameters, start))
        weights = self._pack(conv.name, parameters)
        return self._kernel.threshold(self._kernel.pack_map(x), weights, conv.window.rows.stride, *rule)

    def _summed(self, conv: Conv, x: Array, parameters: Parameters, start: Sums | None) -> Sums:
        """Sums of the convolution, added to the bypass *start* if there is one."""
        sums = self._convolved(conv, x, parameters)
        return sums if start is None else sums + start

    def _convolved(self, conv: Conv, x: Array, parameters: Parameters) -> Sums:
        return self._kernel.convolve(self._kernel.pack_map(x), self._pack(conv.name, parameters), conv.window.rows.stride)

    def _pack(self, name: str, parameters: Parameters) -> Any:
        """Weights in the layout that the kernel wants, made once per block of output channels."""
        assert parameters.weights is not None
        block = (name, parameters.first, len(parameters.weights))
        if block not in self._packed:
            self._packed[block] = self._kernel.pack_weights(parameters.weights)
        return self._packed[block]

    def _rule(self, norm: Sign, parameters: Parameters, relu: bool) -> Rule:
        channels = 0 if parameters.scale is None else len(parameters.scale)
        block = (norm.name, parameters.first, channels)
        if block not in self._rules:
            self._rules[block] = folded(norm, parameters, self.most, relu=relu)
        return self._rules[block]

    def _check_width(self, conv: Conv, x: Array, parameters: Parameters, start: Sums | None) -> None:
        """Raise Overflow if a partial sum does not fit its word at any time. Where none can, nothing is computed."""
        assert parameters.weights is not None
        begin = int(np.abs(start).max()) if start is not None else 0
        if parameters.weights[0].size + begin <= self.most:
            return
        for running in self._partial_sums(conv, x.astype(np.int8), parameters.weights, start):
            if (beyond := (running > self.most) | (running < -self.most - 1)).any():
                row, column, channel = (int(n) for n in np.argwhere(beyond)[0])
                where = f"channel {channel + parameters.first}, row {row}, column {column} of '{conv.name}'"
                raise Overflow(f"a partial sum of {running[row, column, channel]} ({where}) does not fit {self.spec.psum_word_bits} bits")

    def _partial_sums(self, conv: Conv, x: NDArray[np.int8], weights: NDArray[np.int8], start: Sums | None) -> Iterator[Sums]:
        """Partial sums in memory after each pass: sub-kernel by sub-kernel, word by word of the input channels."""
        running = start
        stride, kernel = conv.window.rows.stride, conv.window.kernel
        rows, columns = ((size - taps) // stride * stride for size, taps in zip(x.shape, kernel, strict=False))
        for window in timing.windows(kernel, self.spec):
            top, left = window.top, window.left
            under = x[top : top + rows + window.rows, left : left + columns + window.columns]
            taps = weights[:, top : top + window.rows, left : left + window.columns]
            for c0, c1 in chunks(0, x.shape[2], self.spec.word_bits):
                word, signs = np.ascontiguousarray(under[:, :, c0:c1]), np.ascontiguousarray(taps[:, :, :, c0:c1])
                part = self._kernel.convolve(self._kernel.pack_map(word), self._kernel.pack_weights(signs), stride)
                running = part if running is None else running + part
                yield running


def folded(norm: Sign, parameters: Parameters, most: int, *, relu: bool = False) -> Rule:
    """ReLU, batch norm and sign folded into one integer per channel with which a sum is compared.

    Found by bisection over all sums from -*most* - 1 to *most*, evaluating the sign itself: it changes at most once as the sum grows.
    """
    factor = parameters.scale if parameters.scale is not None else np.ones(1)
    flipped = np.asarray(factor < 0)
    low, high = np.full(len(factor), -most - 1, np.int64), np.full(len(factor), most + 1, np.int64)
    while (low < high).any():
        middle = (low + high) // 2
        sums = np.maximum(middle, 0) if relu else middle
        turned = (sign(sums[None, None], norm, parameters)[0, 0] > 0) != flipped
        low, high = np.where(turned, low, np.minimum(middle + 1, high)), np.where(turned, middle, high)
    return Rule((high - flipped).astype(np.int32), flipped)


def pooled_bits(signs: NDArray[np.int8], pool: MaxPool, by_and: NDArray[np.bool_]) -> NDArray[np.int8]:
    """OR of the signs under each window or, in the channels of *by_and*, their AND; padding never decides."""
    turned = np.where(by_and, np.int8(-1), np.int8(1))
    top, left, bottom, right = pool.window.pads
    padded = np.pad(signs * turned, ((top, bottom), (left, right), (0, 0)), constant_values=-1)
    return pooled(np.maximum, padded, pool.window) * turned
