"""Convolutions, of real numbers and of signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.kernels import real
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.add import Add
from hyperdrive_sim.network.layers.constants import Around, Range, drawn, map_range, normal
from hyperdrive_sim.network.layers.cutting import cut, cut_window, not_made
from hyperdrive_sim.network.layers.layer import BINARY_BITS, REAL_BITS, Holds, Shapes, no_booleans, no_choice, not_taken, refuse, too_small
from hyperdrive_sim.network.layers.values import DType, computed, finished, given, padding_value
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.window import Window, window_faults

RESIDUAL_GAIN = 0.2
"""How much a drawn branch adds to its bypass: small enough that the maps of a ResNet-152 stay within FP16's range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """A 2-D convolution, then optionally a factor and an offset per output channel (batch norm), then ReLU.

        Conv(name="conv1", inputs=("input",), out_channels=64, window=Window.square(3, padding=1))

    Binary weights are +-1. Over binary *maps* too, which are signs, the products are XNORs and the sums integers. The padding's value is
    *pad*: 0, which over signs is a third value and contributes nothing, or one of the signs. Networks for Hyperdrive put the offset of a
    convolution that feeds a residual add into the `Add`, because the chip adds the bypass before the bias.

    In *groups*, output channels and input channels are cut into as many equal runs, and each run of outputs takes its run of inputs
    alone; with as many groups as input channels, the convolution is depthwise.
    """

    name: str
    inputs: tuple[str]
    out_channels: int
    window: Window
    groups: int = 1
    weights: Literal["binary", "real"] = "binary"
    maps: Literal["binary", "real"] = "real"
    pad: Literal[-1, 0, 1] = 0
    scale: bool = True
    bias: bool = True
    relu: bool = True

    def __post_init__(self) -> None:
        faults = [*not_taken(1, self.inputs), *window_faults(self.window)]
        faults += too_small(1, out_channels=self.out_channels, groups=self.groups)
        faults += [*no_choice(("binary", "real"), weights=self.weights, maps=self.maps), *no_choice((-1, 0, 1), pad=self.pad)]
        faults += no_booleans(scale=self.scale, bias=self.bias, relu=self.relu)
        if not faults and self.out_channels % self.groups:
            faults = [f"groups must divide out_channels; {self.groups} do not divide {self.out_channels}"]
        refuse(self.name, faults)

    @property
    def kind(self) -> str:
        groups = f"g{self.groups}" if self.groups > 1 else ""
        return ("xnor" if self.maps == "binary" else "conv") + str(self.window) + groups

    @property
    def counts(self) -> bool:
        """True if the products are those of signs, and the sums are neither scaled nor offset: integers."""
        return self.weights == self.maps == "binary" and not self.scale and not self.bias

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        if x.channels % self.groups:
            problem = f"takes {x.channels} channels from '{self.inputs[0]}', which its {self.groups} groups do not divide"
            raise InvalidInput.at(self.name, problem, "groups must divide the channels of the input")
        return self.window.over(x, self.out_channels)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        # a group takes all of its input channels, however few of its output channels are asked for
        inputs, outputs = shapes[0].channels // self.groups, self.out_channels // self.groups
        return self.window.under(out.channels(out.c0 // outputs * inputs, -(-out.c1 // outputs) * inputs))

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        if self.maps == "binary" and inputs[0] != "signs":
            problem = f"is a convolution over signs, which '{self.inputs[0]}' does not give"
            raise InvalidInput.at(self.name, problem, "put a Sign before it")
        return "sums" if self.counts else "real"

    def macs(self, size: int, shapes: Shapes) -> int:
        return size * self.window.taps * (shapes[0].channels // self.groups)

    def ops(self, size: int, shapes: Shapes) -> int:
        return 2 * self.macs(size, shapes) + size * (self.scale + self.bias)

    def weight_count(self, shapes: Shapes) -> int:
        return self.macs(self.out_channels, shapes)

    def weight_bits(self, shapes: Shapes) -> int:
        return self.weight_count(shapes) * (BINARY_BITS if self.weights == "binary" else REAL_BITS)


@computed.register(Conv)
def _computed(layer: Conv, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    x, weights = operands[0].astype(dtype, copy=False), given(parameters.weights).astype(dtype, copy=False)
    groups = [(x, weights)] if layer.groups == 1 else by_group(layer, x, weights, parameters.first)
    sums = [_kernel().convolve(inputs, taps, layer.window.stride, layer.window.dilation) for inputs, taps in groups]
    return finished(sums[0] if len(sums) == 1 else np.concatenate(sums, axis=2), parameters, relu=layer.relu)


@lru_cache  # it keeps plans and compiled code
def _kernel() -> real.RealKernel:
    return real.kernel()


def by_group(layer: Conv, x: Array, weights: Array, first: int) -> Iterator[tuple[Array, Array]]:
    """Input channels and weights of each group that any of the wanted output channels, from *first* on, belongs to."""
    inputs, outputs, stop = weights.shape[3], layer.out_channels // layer.groups, first + len(weights)
    # an operand holds all channels, or as `needs` has it only those of the groups that are wanted
    skipped = 0 if x.shape[2] == inputs * layer.groups else first // outputs
    for group in range(first // outputs, -(-stop // outputs)):
        start, end = max(first, group * outputs), min(stop, (group + 1) * outputs)
        channel = (group - skipped) * inputs
        yield x[:, :, channel : channel + inputs], weights[start - first : end - first]


@padding_value.register(Conv)
def _pad(layer: Conv) -> float:
    return float(layer.pad)


@cut.register(Conv)
def _cut(layer: Conv, out: Box, given: Sequence[Box], shapes: Shapes) -> Conv:
    """The convolution of some channels; of one in groups, whole groups or channels of a single one."""
    each, channels = layer.out_channels // layer.groups, out.c1 - out.c0
    within_one = out.c0 // each == (out.c1 - 1) // each
    if not within_one and (out.c0 % each or out.c1 % each):
        raise not_made(layer, out, "of which a block has whole groups, or lies within one")
    groups = 1 if within_one else channels // each
    return replace(layer, out_channels=channels, groups=groups, window=cut_window(layer.window, out, given[0]))


@drawn.register(Conv)
def _drawn(layer: Conv, rng: np.random.Generator, around: Around) -> Parameters:
    """Factors keep the spread of a map near one; those of a branch, which a residual `Add` takes, are small beside its bypass."""
    fan_in = layer.macs(1, around.shapes)
    shape = (layer.out_channels, *layer.window.kernel, fan_in // layer.window.taps)
    binary = layer.weights == "binary"
    weights = (2 * rng.integers(0, 2, shape, np.int8) - 1).astype(np.int8) if binary else normal(rng, shape, fan_in)
    # a projection is added too: it has an offset of its own, and no activation behind it
    branch = around.activated if layer.bias else (*around.readers, *around.activated)
    residual = any(isinstance(reader, Add) for reader in branch)
    spread = (np.sqrt(2 / fan_in) if binary else 1.0) * (RESIDUAL_GAIN if residual else 1.0)
    scale = (spread * rng.uniform(0.75, 1.25, layer.out_channels)).astype(np.float16)
    return Parameters(weights, scale if layer.scale else None, around.offsets if layer.bias else None)


@map_range.register(Conv)
def _range(layer: Conv, ranges: Sequence[Range], shapes: Shapes) -> Range:
    """Sums of n products of signs spread by the root of n, real maps by about one."""
    if layer.maps == "binary":
        return Range(0.0, float(np.sqrt(layer.macs(1, shapes))), layer.relu)
    return Range(0.0, 0.8, layer.relu)
