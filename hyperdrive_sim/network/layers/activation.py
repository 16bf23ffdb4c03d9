"""Activation functions that are layers of their own: those that a convolution does not take in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Around, Range, drawn, map_range
from hyperdrive_sim.network.layers.layer import Holds, Shapes, Weightless, no_choice, no_numbers, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters

STEP = 1 / 64
"""Distance of the points from which the error function is extrapolated, by seven terms to 1e-16."""


def erf(x: Array) -> Array:
    """The error function in float64: Taylor's series around the nearest of a table's points. From 6 on it is 1 to the last digit."""
    x = np.clip(x.astype(np.float64), -6, 6)
    table = np.array([math.erf(point * STEP) for point in range(round(6 / STEP) + 1)])
    near = np.rint(np.nan_to_num(x) / STEP)
    at, last, hermite = near * STEP, np.zeros_like(x), np.ones_like(x)
    y = np.sign(near) * table[np.abs(near).astype(np.int64)]
    term = 2 / math.sqrt(math.pi) * np.exp(-at * at)
    for n in range(1, 8):  # derivatives of exp(-x^2) are Hermite's polynomials times it
        term = term * (x - at) / n
        y = y + term * hermite
        last, hermite = hermite, -2 * at * hermite - 2 * (n - 1) * last
    return np.asarray(y)


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(x, x.dtype.type(0)))


def _gelu(x: Array) -> Array:
    return np.asarray(x * (0.5 * (1 + erf(x * math.sqrt(0.5)))).astype(x.dtype))


def _gelu_tanh(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))))


CURVES: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softplus": _softplus,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "hard_swish": lambda x: x * (np.clip(x + 3, 0, 6) / 6),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "mish": lambda x: x * np.tanh(_softplus(x)),
}
"""Functions without parameters, in the type of what they take."""

FUNCTIONS = ("relu", "leaky_relu", "prelu", "clip", "elu", *CURVES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(Weightless):
    """A function of every value by itself.

        Activation(name="act", inputs=("conv",), function="leaky_relu", slope=0.1)
        Activation(name="act", inputs=("conv",), function="clip", low=-1.0, high=1.0)

    *slope* is what a leaky ReLU multiplies negative values by, and an ELU their e^x - 1; a parametric ReLU (prelu) has a slope per channel
    among its constants, as its `scale`. *low* and *high* are what a clip keeps values between. SiLU is x sigmoid(x), of GELU there is
    the one of the error function and the approximation by tanh.
    """

    name: str
    inputs: tuple[str]
    function: Literal[
        "relu", "leaky_relu", "prelu", "clip", "elu", "sigmoid", "tanh", "softplus", "silu", "hard_swish", "gelu", "gelu_tanh", "mish"
    ]  # fmt: skip
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
        case "elu":
            return np.where(x < 0, np.expm1(np.minimum(x, 0)) * dtype(layer.slope), x)
    with np.errstate(over="ignore"):  # the exponential of a large number is infinite, and its sigmoid 0
        return CURVES[layer.function](x)


@drawn.register(Activation)
def _drawn(layer: Activation, rng: np.random.Generator, around: Around) -> Parameters | None:
    return Parameters(scale=rng.uniform(0.1, 0.4, around.channels)) if layer.function == "prelu" else None


@map_range.register(Activation)
def _range(layer: Activation, ranges: Sequence[Range], shapes: Shapes) -> Range:
    return ranges[0]._replace(cut=layer.function == "relu")
