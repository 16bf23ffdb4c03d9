"""What a network is made of. A layer knows its own geometry and work and nothing of chips.

Every layer has a `name`, the names of its `inputs`, and methods that take the shapes of all of these: `output(shapes)`, `needs(which_input,
out, shapes)` (the block of input number *which_input* under a block of output; it may reach into the padding), `macs(size, shapes)` and
`ops(size, shapes)` for *size* output values, `weight_bits(shapes)`. What no layer can be is refused when it is made, by its name.
One MAC is two Op; a scale, a bias, an add and a comparison are one Op each; a ReLU is none, and neither is a sign, whose batch norm and
comparison the papers of binary chips leave out.

Maps hold real numbers, the integer sums of binary convolutions over binary maps, or signs, -1 and +1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.window import Window

Shapes = Sequence[Shape]
"""Of all inputs of a layer, in their order."""

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
    window: Window
    weights: Literal["binary", "real"] = "binary"
    maps: Literal["binary", "real"] = "real"
    pad: Literal[-1, 0, 1] = 0
    scale: bool = True
    bias: bool = True
    relu: bool = True

    def __post_init__(self) -> None:
        _refuse(self.name, [*self.window.faults(), *_too_small("out_channels", self.out_channels, 1)])

    @property
    def kind(self) -> str:
        return ("xnor" if self.maps == "binary" else "conv") + str(self.window)

    @property
    def counts(self) -> bool:
        """Whether its products are those of signs, and its results their bare sums."""
        return self.weights == self.maps == "binary" and not self.scale and not self.bias

    def output(self, shapes: Shapes) -> Shape:
        return self.window.over(shapes[0], self.out_channels)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return self.window.under(out.channels(0, shapes[0].channels))

    def macs(self, size: int, shapes: Shapes) -> int:
        return size * self.window.taps * shapes[0].channels

    def ops(self, size: int, shapes: Shapes) -> int:
        return 2 * self.macs(size, shapes) + size * (self.scale + self.bias)

    def weight_count(self, shapes: Shapes) -> int:
        return self.out_channels * self.window.taps * shapes[0].channels

    def weight_bits(self, shapes: Shapes) -> int:
        return self.weight_count(shapes) * (BINARY_BITS if self.weights == "binary" else REAL_BITS)


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

    def output(self, shapes: Shapes) -> Shape:
        a, b = shapes
        if a != b:
            raise InvalidInput.at(self.name, f"cannot add {a} and {b}", "both inputs must have one shape")
        return a

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def macs(self, size: int, shapes: Shapes) -> int:
        return 0

    def ops(self, size: int, shapes: Shapes) -> int:
        return size * (1 + self.bias)

    def weight_bits(self, shapes: Shapes) -> int:
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

    def output(self, shapes: Shapes) -> Shape:
        return shapes[0]

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def macs(self, size: int, shapes: Shapes) -> int:
        return 0

    def ops(self, size: int, shapes: Shapes) -> int:
        return 0

    def weight_bits(self, shapes: Shapes) -> int:
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

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        return Shape(x.channels * self.levels + self.fill, x.rows, x.columns)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out.channels(0, shapes[0].channels)

    def macs(self, size: int, shapes: Shapes) -> int:
        return 0

    def ops(self, size: int, shapes: Shapes) -> int:
        return size

    def weight_bits(self, shapes: Shapes) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """A window that slides over each channel by itself."""

    name: str
    inputs: tuple[str]
    window: Window

    what = ""

    def __post_init__(self) -> None:
        _refuse(self.name, self.window.faults())

    @property
    def kind(self) -> str:
        """With its stride even where that is 1, as poolings usually have a larger one."""
        return f"{self.what}{self.window}" + ("/1" if self.window.stride == (1, 1) else "")

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        return self.window.over(x, x.channels)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return self.window.under(out)

    def macs(self, size: int, shapes: Shapes) -> int:
        return 0

    def ops(self, size: int, shapes: Shapes) -> int:
        return size * self.window.taps

    def weight_bits(self, shapes: Shapes) -> int:
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

    def output(self, shapes: Shapes) -> Shape:
        return Shape(shapes[0].channels, 1, 1)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return shapes[0].box.channels(out.c0, out.c1)

    def macs(self, size: int, shapes: Shapes) -> int:
        return 0

    def ops(self, size: int, shapes: Shapes) -> int:
        (x,) = shapes
        return size * x.rows * x.columns

    def weight_bits(self, shapes: Shapes) -> int:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """A fully connected layer with real weights and an offset: the classifier."""

    name: str
    inputs: tuple[str]
    features: int

    kind = "dense"
    weights = "real"

    def output(self, shapes: Shapes) -> Shape:
        return Shape(self.features, 1, 1)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return shapes[0].box

    def macs(self, size: int, shapes: Shapes) -> int:
        return size * shapes[0].size

    def ops(self, size: int, shapes: Shapes) -> int:
        return 2 * self.macs(size, shapes) + size

    def weight_count(self, shapes: Shapes) -> int:
        return self.features * shapes[0].size

    def weight_bits(self, shapes: Shapes) -> int:
        return self.weight_count(shapes) * REAL_BITS


Layer = Conv | Add | Sign | Thermometer | MaxPool | MeanPool | GlobalMean | Dense


def _too_small(name: str, given: int, least: int) -> list[str]:
    return [] if given >= least else [f"{name} must be at least {least}, not {given}"]


def _refuse(layer: str, faults: Iterable[str]) -> None:
    """Raises InvalidInput with all faults of a layer, if there are any."""
    InvalidInput.collected(Mistake(layer, fault) for fault in faults)
