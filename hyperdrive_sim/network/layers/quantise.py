"""Quantisation: real numbers as multiples of a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Range, map_range
from hyperdrive_sim.network.layers.layer import Shapes, Weightless, no_choice, no_numbers, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters

ROUNDINGS = ("even", "floor", "ceil", "zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantise(Weightless):
    """Uniform quantisation: *step* times an integer between *low* and *high*, the one that value / step is rounded to.

    *rounding* is to the nearest, ties to the even one ("even"), down, up or towards zero. Inputs of binary networks are often so.
    """

    name: str
    inputs: tuple[str]
    step: float
    low: int
    high: int
    rounding: Literal["even", "floor", "ceil", "zero"] = "even"

    kind = "quantise"

    def __post_init__(self) -> None:
        faults = [*not_taken(1, self.inputs), *no_numbers(step=self.step, low=self.low, high=self.high)]
        faults += no_choice(ROUNDINGS, rounding=self.rounding)
        if not faults and not (0 < self.step < np.inf and self.low <= self.high):
            faults.append(f"step must be positive and low at most high, not {self.step:g}, {self.low} and {self.high}")
        refuse(self.name, faults)

    def output(self, shapes: Shapes) -> Shape:
        return shapes[0]

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def ops(self, size: int, shapes: Shapes) -> int:
        return size


@computed.register(Quantise)
def _computed(layer: Quantise, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    rounded = {"even": np.rint, "floor": np.floor, "ceil": np.ceil, "zero": np.trunc}[layer.rounding]
    return np.asarray(np.clip(rounded(operands[0].astype(dtype) / dtype(layer.step)), layer.low, layer.high) * dtype(layer.step), dtype)


@map_range.register(Quantise)
def _range(layer: Quantise, ranges: Sequence[Range], shapes: Shapes) -> Range:
    return ranges[0]
