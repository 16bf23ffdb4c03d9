"""The sum of two maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Around, Range, drawn, map_range
from hyperdrive_sim.network.layers.layer import Holds, Shapes, Weightless, no_booleans, no_integers, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed, finished
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Weightless):
    """A residual add: the sum of two maps of one shape, the second times *gain*, then optionally an offset per channel, then ReLU.

    The second input is the bypass. One of signs needs a gain to weigh anything against the sums of thousands of products.
    """

    name: str
    inputs: tuple[str, str]
    gain: int = 1
    bias: bool = False
    relu: bool = True

    kind = "add"

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(2, self.inputs), *no_integers(gain=self.gain), *no_booleans(bias=self.bias, relu=self.relu)])

    def output(self, shapes: Shapes) -> Shape:
        a, b = shapes
        if a != b:
            raise InvalidInput.at(self.name, f"cannot add {a} and {b}", "both inputs must have one shape")
        return a

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return "sums" if not self.bias and inputs[0] == "sums" and inputs[1] != "real" else "real"

    def ops(self, size: int, shapes: Shapes) -> int:
        return size * (1 + self.bias)


@computed.register(Add)
def _computed(layer: Add, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    one, other = (operand.astype(dtype) for operand in operands)
    return finished(one + layer.gain * other, parameters, relu=layer.relu)


@drawn.register(Add)
def _drawn(layer: Add, rng: np.random.Generator, around: Around) -> Parameters | None:
    return Parameters(bias=around.offsets) if layer.bias else None


@map_range.register(Add)
def _range(layer: Add, ranges: Sequence[Range], shapes: Shapes) -> Range:
    one, other = ranges
    return Range(0.0, float(np.hypot(one.spread, layer.gain * other.spread)), layer.relu)
