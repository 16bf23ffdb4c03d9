"""Hyperdrive's numbers: FP16 feature maps, and every single add rounded to FP16 in the chip's order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

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


class _Block(NamedTuple):
    """A block of output channels, prepared: weights of each group (an add has none) and steps behind the sums, as the kernels read them."""

    weights: tuple[Any, ...]
    steps: Any


class Fp16:
    """Arithmetic of the chip: every product and sum rounded to FP16, in the order in which the hardware adds.

    Taps row by row, in each tap input channel by input channel; then factor, bypass, offset and ReLU, each result rounded to FP16, as
    factors, offsets and the slopes of leaky ReLUs are before.
    Layers of the host are computed in float32 and handed over as FP16.
    """

    dtype = np.dtype(np.float16)

    def __init__(self, kernel: str = "fastest") -> None:
        self._wanted = kernel
        self._blocks: WeakKeyDictionary[Parameters, dict[tuple[Any, ...], _Block | None]] = WeakKeyDictionary()

    def __reduce__(self) -> tuple[type[Fp16], tuple[str]]:
        """For another process, which prepares its blocks itself."""
        return type(self), (self._wanted,)

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
        if block := self._block((layer,), operands, (parameters,)):
            return self._computed(layer, block, operands, parameters)
        if not isinstance(layer, MeanPool | Activation) or not runs(layer):
            return apply_in(np.float32, layer, operands, parameters).astype(np.float16)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if isinstance(layer, MeanPool):
                return _mean(operands[0], layer.window)
            return _leaky(operands[0], np.float16(layer.slope))

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        if block := self._block(layers, operands, parameters):
            return self._computed(layers[0], block, operands, parameters[0])
        return sequential(self, layers, operands, parameters)

    def _block(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> _Block | None:
        """Block of the first layer's channels, prepared once and kept as long as its constants; None if one pass cannot make it."""
        if not isinstance(layers[0], Conv):  # quickly made, and all adds without constants share NO_PARAMETERS
            return self._prepared(layers, operands, parameters)
        blocks = self._blocks.setdefault(parameters[0], {})
        key = *(layer.name for layer in layers), *parameters[1:]
        if key not in blocks:
            blocks[key] = self._prepared(layers, operands, parameters)
        return blocks[key]

    def _prepared(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> _Block | None:
        steps = _steps(layers, parameters)
        if steps is None or not all(map(runs, layers)):
            return None
        first, x, weights = layers[0], operands[0], parameters[0].weights
        if not isinstance(first, Conv):
            return _Block((), self._finishing.pack(steps, x.shape[2]))
        assert weights is not None
        packed = tuple(self._kernel.pack(of_group) for _, of_group in by_group(first, x, weights, parameters[0].first))
        return _Block(packed, self._finishing.pack(steps, len(weights)))

    def _computed(self, layer: Layer, block: _Block, operands: Sequence[Array], parameters: Parameters) -> Array:
        """Output of a block of the convolution or add *layer*, plus a bypass if there is a second operand."""
        sums = self._convolved(layer, operands[0], block, parameters) if isinstance(layer, Conv) else operands[0]
        return self._finishing.finish(sums, block.steps, operands[1] if len(operands) > 1 else None)

    def _convolved(self, layer: Conv, x: Array, block: _Block, parameters: Parameters) -> Array:
        """Sums of a block of output channels, group by group: each lane adds the inputs of its own group, in their order."""
        stride = layer.window.rows.stride
        if layer.groups == 1:
            return self._kernel.convolve(x, block.weights[0], stride)
        assert parameters.weights is not None
        groups = zip(by_group(layer, x, parameters.weights, parameters.first), block.weights, strict=True)
        sums = [self._kernel.convolve(inputs, packed, stride) for (inputs, _), packed in groups]
        return sums[0] if len(sums) == 1 else np.concatenate(sums, axis=2)


def _steps(layers: Sequence[Layer], parameters: Sequence[Parameters]) -> Steps | None:
    """Steps behind the sums of a convolution, an add, or both if one pass makes the same of them; None for other layers."""
    match layers:
        case [Conv(relu=relu) | Add(relu=relu)]:
            scale, bias = parameters[0].scale, parameters[0].bias
        case [Conv(relu=False), Add(relu=relu)] if parameters[0].bias is None and parameters[1].scale is None:
            scale, bias = parameters[0].scale, parameters[1].bias
        case _:
            return None
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        scale, bias = (None if given is None else given.astype(np.float16) for given in (scale, bias))
    return Steps(scale, bias, relu)


def _mean(x: Array, window: Window) -> Array:
    """Mean of the pixels under a window, as the array makes it: one tap after the other added up, then times 1 / taps."""
    y = np.zeros((*window.positions(*x.shape[:2]), x.shape[2]), np.float16)
    for tap in taps(x, window):
        y = rounded(np.add, y, tap)
    return rounded(np.multiply, y, np.asarray(1 / window.taps, np.float16))


def _leaky(x: Array, slope: np.float16) -> Array:
    """Leaky ReLU: negative numbers times the slope, which is an FP16 too."""
    return np.where(x < 0, rounded(np.multiply, x, np.asarray(slope)), x)
