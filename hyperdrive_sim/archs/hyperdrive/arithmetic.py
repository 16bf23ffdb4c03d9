"""Hyperdrive's numbers: FP16 feature maps, and every single add rounded to FP16 in the chip's order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from hyperdrive_sim import kernels
from hyperdrive_sim.archs.hyperdrive.steps import runs
from hyperdrive_sim.network.golden import apply_in, sequential
from hyperdrive_sim.network.layers import Add, Conv, Layer
from hyperdrive_sim.network.parameters import Array, Parameters

NUMPY_MACS_PER_S = 0.5e9
"""Speed of the numpy kernel on blocks of 16 channels, in MACs per second, measured on one core of a server (0.2 to 1.0e9)."""


class Fp16:
    """Arithmetic of the chip: every product and sum rounded to FP16, in the order in which the hardware adds.

    Taps row by row, in each tap input channel by input channel; then factor, bypass, offset and ReLU, each result rounded to FP16, as
    factors and offsets are before.
    Layers of the host are computed in float32 and handed over as FP16.
    """

    dtype = np.dtype(np.float16)

    def __init__(self, kernel: str = "fastest") -> None:
        self._wanted = kernel
        self._packed: dict[tuple[str, int, int], Any] = {}

    @cached_property
    def _kernel(self) -> kernels.Fp16Kernel:
        """Compiled convolution, made at first use: a run that computes no values loads no compiler."""
        return kernels.kernel(self._wanted)

    @property
    def name(self) -> str:
        return f"fp16 by kernel '{self._kernel.name}'"

    @property
    def slow_macs_per_s(self) -> float | None:
        return NUMPY_MACS_PER_S if kernels.fastest() == "numpy" else None

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        if not runs(layer) or not isinstance(layer, Conv | Add):
            return apply_in(np.float32, layer, operands, parameters).astype(np.float16)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return self._applied(layer, operands, parameters)

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        return sequential(self, layers, operands, parameters)

    def _applied(self, layer: Conv | Add, operands: Sequence[Array], parameters: Parameters) -> Array:
        if isinstance(layer, Add):
            y = _rounded(np.add, operands[0], operands[1])
        else:
            y = self._kernel.convolve(operands[0], self._pack(layer.name, parameters), layer.window.rows.stride)
        if parameters.scale is not None:
            y = _rounded(np.multiply, y, parameters.scale.astype(np.float16))
        if parameters.bias is not None:
            y = _rounded(np.add, y, parameters.bias.astype(np.float16))
        return _relu(y) if layer.relu else y

    def _pack(self, name: str, parameters: Parameters) -> Any:
        """Weights in the layout that the kernel wants, made once per block of output channels."""
        assert parameters.weights is not None
        block = (name, parameters.first, len(parameters.weights))
        if block not in self._packed:
            self._packed[block] = self._kernel.pack(parameters.weights)
        return self._packed[block]


def _rounded(operation: Callable[..., Array], a: Array, b: Array) -> Array:
    """Sum or product of FP16 values, rounded to FP16; rounding to float32 first is harmless, as that has more than twice the digits."""
    return operation(a.astype(np.float32), b.astype(np.float32)).astype(np.float16)


NEGATIVE_INFINITY = np.float16(-np.inf).view(np.int16)
"""Bits of -inf read as an integer: those of the other negative numbers lie below it, those of the negative NaNs above."""


def _relu(y: Array) -> Array:
    """ReLU in place: negative numbers become +0, NaN stays. Works on the bits, fifty times faster than comparing halves in numpy."""
    bits = y.view(np.int16)
    bits *= bits > NEGATIVE_INFINITY
    return y
