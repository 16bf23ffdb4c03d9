"""Layers that move values and compute nothing: shuffles of channels, more of them, and parts of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Range, map_range
from hyperdrive_sim.network.layers.cutting import cut, not_made
from hyperdrive_sim.network.layers.layer import Holds, Moving, Shapes, Weightless, no_choice, not_taken, refuse, too_small
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelShuffle(Moving):
    """Channel shuffle (Zhang et al., ShuffleNet, CVPR 2018): channels of *groups* equal runs are dealt out in turn.

    Channel k of run g becomes channel k * *groups* + g, so that the next grouped convolution sees some of every group before.
    """

    name: str
    inputs: tuple[str]
    groups: int

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *too_small(1, groups=self.groups)])

    @property
    def kind(self) -> str:
        return f"shuffle{self.groups}"

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        if x.channels % self.groups:
            raise InvalidInput.at(self.name, f"deals out {x.channels} channels", f"its {self.groups} groups must divide them")
        return x

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        # any few channels come from all over the map
        return out.channels(0, shapes[0].channels)

    def makes(self, out: Box, shapes: Shapes) -> Box:
        return self.needs(0, out, shapes)

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return inputs[0]


Along = Literal["channels", "rows", "columns"]

AXES: tuple[Along, ...] = ("channels", "rows", "columns")
"""Axes of a map, as `Shape` has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Moving):
    """Part of a map: its channels, rows or columns *start* to *stop*, the latter not included, and of these every *step*-th.

    Slice(name="front", inputs=("conv",), start=0, stop=16)
    Slice(name="every_other", inputs=("conv",), axis="rows", start=0, stop=32, step=2)
    """

    name: str
    inputs: tuple[str]
    start: int
    stop: int
    step: int = 1
    axis: Along = "channels"

    def __post_init__(self) -> None:
        faults = [
            *not_taken(1, self.inputs),
            *no_choice(AXES, axis=self.axis),
            *too_small(0, start=self.start),
            *too_small(1, step=self.step),
        ]
        refuse(self.name, faults or too_small(self.start + 1, stop=self.stop))

    @property
    def kind(self) -> str:
        return ("slice" if self.axis == "channels" else "crop") + (f"/{self.step}" if self.step > 1 else "")

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        there = x[AXES.index(self.axis)]
        if self.stop > there:
            raise InvalidInput.at(self.name, f"takes {self.axis} up to {self.stop}, '{self.inputs[0]}' has {there}")
        return x._replace(**{self.axis: len(range(self.start, self.stop, self.step))})

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        first = 2 * AXES.index(self.axis)
        start, last = (self.start + number * self.step for number in (out[first], out[first + 1] - 1))
        box: Box = getattr(out, self.axis)(start, last + 1)
        return box

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return inputs[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPad(Weightless):
    """Channels of zeros *before* and *after* those of a map: the shortcut without weights (He et al., CVPR 2016, option A)."""

    name: str
    inputs: tuple[str]
    before: int = 0
    after: int = 0

    kind = "channelpad"

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *too_small(0, before=self.before, after=self.after)])

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        return x._replace(channels=self.before + x.channels + self.after)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out.channels(out.c0 - self.before, out.c1 - self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten(Weightless):
    """All values of a map as channels of one pixel, in the order of training tools: channel by channel, in each row by row."""

    name: str
    inputs: tuple[str]

    kind = "flatten"

    def __post_init__(self) -> None:
        refuse(self.name, not_taken(1, self.inputs))

    def output(self, shapes: Shapes) -> Shape:
        return Shape(shapes[0].size, 1, 1)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return shapes[0].box

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return inputs[0]


@cut.register(ChannelShuffle)
def _cut_shuffle(layer: ChannelShuffle, out: Box, given: Sequence[Box], shapes: Shapes) -> ChannelShuffle:
    if out[:2] != (0, shapes[0].channels):
        raise not_made(layer, out, "of which a block has all channels")
    return layer


@cut.register(Slice)
def _cut_slice(layer: Slice, out: Box, given: Sequence[Box], shapes: Shapes) -> Slice:
    return replace(layer, start=0, stop=given[0].shape[AXES.index(layer.axis)])


@cut.register(ChannelPad)
def _cut_pad(layer: ChannelPad, out: Box, given: Sequence[Box], shapes: Shapes) -> ChannelPad:
    under = layer.needs(0, out, shapes)
    return replace(layer, before=given[0].c0 - under.c0, after=under.c1 - given[0].c1)


@cut.register(Flatten)
def _cut_flat(layer: Flatten, out: Box, given: Sequence[Box], shapes: Shapes) -> Flatten:
    if out != layer.output(shapes).box:
        raise not_made(layer, out, "of which a block has all channels")
    return layer


@computed.register(ChannelShuffle)
def _shuffled(layer: ChannelShuffle, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    x = operands[0].astype(dtype)
    return np.ascontiguousarray(x.reshape(*x.shape[:2], layer.groups, -1).swapaxes(2, 3)).reshape(x.shape)


@computed.register(Slice)
def _sliced(layer: Slice, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    every = {axis: slice(None, None, layer.step if axis == layer.axis else 1) for axis in AXES}
    return operands[0].astype(dtype)[every["rows"], every["columns"], every["channels"]]


@computed.register(ChannelPad)
def _padded(layer: ChannelPad, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    return operands[0].astype(dtype)


@computed.register(Flatten)
def _flattened(layer: Flatten, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    return operands[0].astype(dtype).transpose(2, 0, 1).reshape(1, 1, -1)


@map_range.register(ChannelShuffle)
@map_range.register(Slice)
@map_range.register(ChannelPad)
@map_range.register(Flatten)
def _range(layer: ChannelShuffle | Slice | ChannelPad | Flatten, ranges: Sequence[Range], shapes: Shapes) -> Range:
    return ranges[0]
