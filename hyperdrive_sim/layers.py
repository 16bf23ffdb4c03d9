"""What a network is made of. A layer knows its own geometry and work and nothing of chips.

Every layer has a `name`, the names of its `inputs`, and four methods: `output(*shapes)`, `needs(box, shape)` (the input block under
an output block; it may reach into the padding), `macs(size, *shapes)` and `ops(size, *shapes)` for *size* output pixels.
One MAC is two Op; a scale, a bias, an add and a comparison are one Op each; a ReLU is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hyperdrive_sim.box import Box, Shape
from hyperdrive_sim.errors import InvalidInput

BINARY_BITS = 1
REAL_BITS = 16  # FP16


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """A convolution with zero padding, then optionally a factor and an offset per output channel (batch norm), then ReLU.

    Binary weights are +-1. Networks for Hyperdrive put the offset of a convolution that feeds a residual add into the `Add`,
    because the chip adds the bypass before the bias.
    """

    name: str
    inputs: tuple[str]
    out_channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    weights: Literal["binary", "real"] = "binary"
    scale: bool = True
    bias: bool = True
    relu: bool = True

    @property
    def kind(self) -> str:
        return f"conv{self.kernel}x{self.kernel}" + (f"/{self.stride}" if self.stride > 1 else "")

    def output(self, x: Shape) -> Shape:
        return _slid(x, self.out_channels, self.kernel, self.stride, self.padding)

    def needs(self, box: Box, x: Shape) -> Box:
        return box.channels(0, x.channels).window(self.kernel, self.stride, self.padding)

    def macs(self, size: int, x: Shape) -> int:
        return size * self.kernel**2 * x.channels

    def ops(self, size: int, x: Shape) -> int:
        return 2 * self.macs(size, x) + size * (self.scale + self.bias)

    def weight_count(self, x: Shape) -> int:
        return self.out_channels * self.kernel**2 * x.channels

    def weight_bits(self, x: Shape) -> int:
        return self.weight_count(x) * (BINARY_BITS if self.weights == "binary" else REAL_BITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """The sum of two maps of one shape, then optionally an offset per channel, then ReLU: a residual bypass."""

    name: str
    inputs: tuple[str, str]
    bias: bool = False
    relu: bool = True

    kind = "add"

    def output(self, a: Shape, b: Shape) -> Shape:
        if a != b:
            raise InvalidInput.at(self.name, f"cannot add {a} and {b}", "both inputs must have one shape")
        return a

    def needs(self, box: Box, x: Shape) -> Box:
        return box

    def macs(self, size: int, *shapes: Shape) -> int:
        return 0

    def ops(self, size: int, *shapes: Shape) -> int:
        return size * (1 + self.bias)

    def weight_bits(self, *shapes: Shape) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool:
    """The largest pixel under a sliding window; padding never wins."""

    name: str
    inputs: tuple[str]
    kernel: int
    stride: int
    padding: int = 0

    @property
    def kind(self) -> str:
        return f"maxpool{self.kernel}x{self.kernel}/{self.stride}"

    def output(self, x: Shape) -> Shape:
        return _slid(x, x.channels, self.kernel, self.stride, self.padding)

    def needs(self, box: Box, x: Shape) -> Box:
        return box.window(self.kernel, self.stride, self.padding)

    def macs(self, size: int, x: Shape) -> int:
        return 0

    def ops(self, size: int, x: Shape) -> int:
        return size * self.kernel**2

    def weight_bits(self, x: Shape) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalMean:
    """The mean of each channel over the whole map."""

    name: str
    inputs: tuple[str]

    kind = "globalmean"

    def output(self, x: Shape) -> Shape:
        return Shape(x.channels, 1, 1)

    def needs(self, box: Box, x: Shape) -> Box:
        return x.box.channels(box.c0, box.c1)

    def macs(self, size: int, x: Shape) -> int:
        return 0

    def ops(self, size: int, x: Shape) -> int:
        return size * x.rows * x.columns

    def weight_bits(self, x: Shape) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """A fully connected layer with real weights and an offset: the classifier."""

    name: str
    inputs: tuple[str]
    features: int

    kind = "dense"
    weights = "real"

    def output(self, x: Shape) -> Shape:
        return Shape(self.features, 1, 1)

    def needs(self, box: Box, x: Shape) -> Box:
        return x.box

    def macs(self, size: int, x: Shape) -> int:
        return size * x.size

    def ops(self, size: int, x: Shape) -> int:
        return 2 * self.macs(size, x) + size

    def weight_count(self, x: Shape) -> int:
        return self.features * x.size

    def weight_bits(self, x: Shape) -> int:
        return self.weight_count(x) * REAL_BITS


Layer = Conv | Add | MaxPool | GlobalMean | Dense


def _slid(x: Shape, channels: int, kernel: int, stride: int, padding: int) -> Shape:
    """The map that a window leaves that slides over *x*; empty where the window does not fit."""
    rows, columns = (max(0, (size + 2 * padding - kernel) // stride + 1) for size in (x.rows, x.columns))
    return Shape(channels, rows, columns)
