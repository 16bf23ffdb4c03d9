"""What a network is made of. A layer knows its own geometry and work and nothing of chips.

Every layer has a `name`, the names of its `inputs`, and four methods: `output(*shapes)`, `needs(box, shape)` (the input block under
an output block; it may reach into the padding), `macs(size, *shapes)` and `ops(size, *shapes)` for *size* output pixels.
One MAC is two Op; a scale, a bias, an add and a comparison are one Op each; a ReLU is none, and neither is a sign, whose batch norm and
comparison the papers of binary chips leave out.

Maps hold real numbers, the integer sums of binary convolutions over binary maps, or signs, -1 and +1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape

BINARY_BITS = 1
REAL_BITS = 16  # FP16


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """A convolution, then optionally a factor and an offset per output channel (batch norm), then ReLU.

    Binary weights are +-1. Over binary *maps* too, which are signs, the products are XNORs and the sums integers. Beyond the edge of its
    input it sees *pad*: 0, which over signs is a third value and contributes nothing, or one of the signs. Networks for Hyperdrive put
    the offset of a convolution that feeds a residual add into the `Add`, because the chip adds the bypass before the bias.
    """

    name: str
    inputs: tuple[str]
    out_channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    weights: Literal["binary", "real"] = "binary"
    maps: Literal["binary", "real"] = "real"
    pad: Literal[-1, 0, 1] = 0
    scale: bool = True
    bias: bool = True
    relu: bool = True

    @property
    def kind(self) -> str:
        name = "xnor" if self.maps == "binary" else "conv"
        return f"{name}{self.kernel}x{self.kernel}" + (f"/{self.stride}" if self.stride > 1 else "")

    @property
    def counts(self) -> bool:
        """Whether its products are those of signs, and its results their bare sums."""
        return self.weights == self.maps == "binary" and not self.scale and not self.bias

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
    """The sum of two maps of one shape, the second one *gain* times, then optionally an offset per channel, then ReLU.

    A residual bypass. A bypass of signs needs a gain to weigh anything against the sums of thousands of products.
    """

    name: str
    inputs: tuple[str, str]
    gain: int = 1
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
class Sign:
    """+1 where a factor times the input plus an offset, both per channel (batch norm), is positive, -1 where it is negative.

    The factor may be negative. What exactly 0 becomes is a choice, *zero*: training tools leave it 0, which no bit can hold.
    """

    name: str
    inputs: tuple[str]
    zero: Literal[-1, 1] = 1

    kind = "sign"

    def output(self, x: Shape) -> Shape:
        return x

    def needs(self, box: Box, x: Shape) -> Box:
        return box

    def macs(self, size: int, x: Shape) -> int:
        return 0

    def ops(self, size: int, x: Shape) -> int:
        return 0

    def weight_bits(self, x: Shape) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermometer:
    """Real numbers in 0..1 as signs: channel c * *levels* + l is +1 where channel c is at least (l + 1/2) / *levels*.

    *fill* more channels of +1 make the number of channels a round one.
    """

    name: str
    inputs: tuple[str]
    levels: int
    fill: int = 0

    kind = "thermometer"

    def output(self, x: Shape) -> Shape:
        return Shape(x.channels * self.levels + self.fill, x.rows, x.columns)

    def needs(self, box: Box, x: Shape) -> Box:
        return box.channels(0, x.channels)

    def macs(self, size: int, x: Shape) -> int:
        return 0

    def ops(self, size: int, x: Shape) -> int:
        return size

    def weight_bits(self, x: Shape) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """A window that slides over each channel by itself."""

    name: str
    inputs: tuple[str]
    kernel: int
    stride: int
    padding: int = 0

    what = ""

    @property
    def kind(self) -> str:
        return f"{self.what}{self.kernel}x{self.kernel}/{self.stride}"

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


class MaxPool(_Pool):
    """The largest pixel under a sliding window; padding never wins."""

    __slots__ = ()
    what = "maxpool"


class MeanPool(_Pool):
    """The mean of the pixels under a sliding window; padding counts as zeros."""

    __slots__ = ()
    what = "meanpool"


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


Layer = Conv | Add | Sign | Thermometer | MaxPool | MeanPool | GlobalMean | Dense


def _slid(x: Shape, channels: int, kernel: int, stride: int, padding: int) -> Shape:
    """The map that a window leaves that slides over *x*; empty where the window does not fit."""
    rows, columns = (max(0, (size + 2 * padding - kernel) // stride + 1) for size in (x.rows, x.columns))
    return Shape(channels, rows, columns)
