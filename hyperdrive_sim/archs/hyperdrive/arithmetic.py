"""Hyperdrive's numbers: FP16 feature maps, and every single add rounded to FP16 in the chip's order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from hyperdrive_sim import kernels
from hyperdrive_sim.archs.hyperdrive.steps import runs
from hyperdrive_sim.kernels import finishing
from hyperdrive_sim.kernels.finishing import Steps, rounded
from hyperdrive_sim.network.golden import apply_in, sequential
from hyperdrive_sim.network.layers import Activation, Add, Conv, Layer, MeanPool
from hyperdrive_sim.network.layers.conv import by_group
from hyperdrive_sim.network.layers.pool import taps
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.window import Window

NUMPY_MACS_PER_S = 0.5e9
"""Speed of the numpy kernel on blocks of 16 channels, in MACs per second, measured on one core of a server (0.2 to 1.0e9)."""


class Fp16:
    """Arithmetic of the chip: every product and sum rounded to FP16, in the order in which the hardware adds.

    Taps row by row, in each tap input channel by input channel; then factor, bypass, offset and ReLU, each result rounded to FP16, as
    factors, offsets and the slopes of leaky ReLUs are before.
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

    @cached_property
    def _finishing(self) -> finishing.Finishing:
        return finishing.kernel("numpy" if self._wanted == "numpy" else "fastest")

    @property
    def name(self) -> str:
        return f"fp16 by kernel '{self._kernel.name}'"

    @property
    def slow_macs_per_s(self) -> float | None:
        return NUMPY_MACS_PER_S if kernels.fastest() == "numpy" else None

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        if not runs(layer) or not isinstance(layer, Conv | MeanPool | Add | Activation):
            return apply_in(np.float32, layer, operands, parameters).astype(np.float16)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            match layer:
                case MeanPool():
                    return _mean(operands[0], layer.window)
                case Activation():
                    return _leaky(operands[0], np.float16(layer.slope))
            return self._applied(layer, operands, parameters)

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        return sequential(self, layers, operands, parameters)

    def _applied(self, layer: Conv | Add, operands: Sequence[Array], parameters: Parameters) -> Array:
        y, other = (operands[0], operands[1]) if isinstance(layer, Add) else (self._convolved(layer, operands[0], parameters), None)
        scale, bias = (None if given is None else given.astype(np.float16) for given in (parameters.scale, parameters.bias))
        return self._finishing.finish(y, Steps(scale, other, bias, layer.relu))

    def _convolved(self, layer: Conv, x: Array, parameters: Parameters) -> Array:
        """Sums of a block of output channels, group by group: each lane adds the inputs of its own group, in their order."""
        assert parameters.weights is not None
        sums, first = [], parameters.first
        for inputs, weights in by_group(layer, x, parameters.weights, first):
            packed = self._pack(layer.name, first, weights)
            sums.append(self._kernel.convolve(np.ascontiguousarray(inputs), packed, layer.window.rows.stride))
            first += len(weights)
        return sums[0] if len(sums) == 1 else np.concatenate(sums, axis=2)

    def _pack(self, name: str, first: int, weights: Array) -> Any:
        """Weights in the layout that the kernel wants, made once per block of output channels."""
        block = (name, first, len(weights))
        if block not in self._packed:
            self._packed[block] = self._kernel.pack(weights)
        return self._packed[block]


def _mean(x: Array, window: Window) -> Array:
    """Mean of the pixels under a window, as the array makes it: one tap after the other added up, then times 1 / taps."""
    y = np.zeros((*window.positions(*x.shape[:2]), x.shape[2]), np.float16)
    for tap in taps(x, window):
        y = rounded(np.add, y, tap)
    return rounded(np.multiply, y, np.asarray(1 / window.taps, np.float16))


def _leaky(x: Array, slope: np.float16) -> Array:
    """Leaky ReLU: negative numbers times the slope, which is an FP16 too."""
    return np.where(x < 0, rounded(np.multiply, x, np.asarray(slope)), x)
