"""Activation functions that are layers of their own: those that a convolution does not take in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Around, Range, drawn, map_range
from hyperdrive_sim.network.layers.layer import Holds, Shapes, Weightless, no_choice, no_numbers, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters

FUNCTIONS = ("relu", "leaky_relu", "prelu", "clip", "sigmoid", "tanh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(Weightless):
    """A function of every value by itself.

        Activation(name="act", inputs=("conv",), function="leaky_relu", slope=0.1)
        Activation(name="act", inputs=("conv",), function="clip", low=-1.0, high=1.0)

    *slope* is what a leaky ReLU multiplies negative values by; a parametric one (prelu) has a slope per channel among its constants, as
    its `scale`. *low* and *high* are what a clip keeps values between.
    """

    name: str
    inputs: tuple[str]
    function: Literal["relu", "leaky_relu", "prelu", "clip", "sigmoid", "tanh"]
    slope: float = 0.01
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        faults = [*not_taken(1, self.inputs), *no_choice(FUNCTIONS, function=self.function)]
        faults += no_numbers(slope=self.slope, low=self.low, high=self.high)
        if not faults and self.low > self.high:
            faults.append(f"low must not be above high; {self.low:g} is above {self.high:g}")
        refuse(self.name, faults)

    @property
    def kind(self) -> str:
        return self.function

    def output(self, shapes: Shapes) -> Shape:
        return shapes[0]

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return "sums" if self.function == "relu" and inputs[0] == "sums" else "real"

    def ops(self, size: int, shapes: Shapes) -> int:
        return 0 if self.function in ("relu", "clip") else size


@computed.register(Activation)
def _computed(layer: Activation, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    x = operands[0].astype(dtype)
    match layer.function:
        case "relu":
            return np.maximum(x, 0)
        case "leaky_relu":
            return np.where(x < 0, x * dtype(layer.slope), x)
        case "prelu":
            slopes = 1 if parameters.scale is None else parameters.scale.astype(dtype)
            return np.where(x < 0, x * slopes, x)
        case "clip":
            return np.clip(x, dtype(layer.low), dtype(layer.high))
        case "tanh":
            return np.tanh(x)
    with np.errstate(over="ignore"):  # the exponential of a large number is infinite, and its sigmoid 0
        return 1 / (1 + np.exp(-x))


@drawn.register(Activation)
def _drawn(layer: Activation, rng: np.random.Generator, around: Around) -> Parameters | None:
    return Parameters(scale=rng.uniform(0.1, 0.4, around.channels)) if layer.function == "prelu" else None


@map_range.register(Activation)
def _range(layer: Activation, ranges: Sequence[Range], shapes: Shapes) -> Range:
    return ranges[0]._replace(cut=layer.function == "relu")
