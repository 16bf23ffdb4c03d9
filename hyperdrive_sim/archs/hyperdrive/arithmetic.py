"""Hyperdrive's numbers: FP16 feature maps, and every single add rounded to FP16 in the chip's order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hyperdrive_sim import kernels
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS
from hyperdrive_sim.archs.hyperdrive.steps import runs
from hyperdrive_sim.golden import Array, Parameters, apply_in
from hyperdrive_sim.layers import Add, Conv, Layer


class Fp16:
    """Taps row by row, in each tap input channel by input channel; then factor, bypass, offset and ReLU, each result rounded to FP16.

    Layers of the host are computed in float32 and handed over as FP16.
    """

    dtype = np.dtype(np.float16)
    bits = WORD_BITS

    def __init__(self, kernel: str = "fastest") -> None:
        self._kernel = kernels.kernel(kernel)
        self._packed: dict[tuple[str, int, int], Any] = {}

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        if not runs(layer):
            return apply_in(np.float32, layer, operands, parameters).astype(np.float16)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return self._applied(layer, operands, parameters)

    def _applied(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        match layer:
            case Conv():
                y = self._kernel.convolve(operands[0], self._pack(layer.name, parameters), layer.stride)
            case Add():
                y = operands[0] + operands[1]
        if parameters.scale is not None:
            y *= parameters.scale
        if parameters.bias is not None:
            y += parameters.bias
        if layer.relu:
            y[y < 0] = 0
        return y

    def _pack(self, name: str, parameters: Parameters) -> Any:
        """The weights as the kernel wants them, made once per block of output channels."""
        assert parameters.weights is not None
        block = (name, parameters.first, len(parameters.weights))
        if block not in self._packed:
            self._packed[block] = self._kernel.pack(parameters.weights)
        return self._packed[block]
