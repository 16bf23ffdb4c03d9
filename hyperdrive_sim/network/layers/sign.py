"""Binarisation: the sign of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Around, drawn
from hyperdrive_sim.network.layers.layer import Holds, Shapes, Weightless, no_choice, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign(Weightless):
    """Binarisation: +1 where factor * x + offset, both per channel (batch norm), is positive, -1 where it is negative.

    The factor may be negative. What exactly 0 becomes is a choice, *zero*: training tools leave it 0, which no bit can hold.
    """

    name: str
    inputs: tuple[str]
    zero: Literal[-1, 1] = 1

    kind = "sign"

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *no_choice((-1, 1), zero=self.zero)])

    def output(self, shapes: Shapes) -> Shape:
        return shapes[0]

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return "signs"


def sign(x: Array, layer: Sign, parameters: Parameters) -> Array:
    """Signs of a map, -1 and +1 as int8, with factor and offset in float64; an absent factor is 1, an absent offset 0."""
    y = x.astype(np.float64)
    if parameters.scale is not None:
        y *= parameters.scale
    if parameters.bias is not None:
        y += parameters.bias
    positive = y >= 0 if layer.zero > 0 else y > 0
    return positive.view(np.int8) * np.int8(2) - np.int8(1)


@computed.register(Sign)
def _computed(layer: Sign, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    # not cast before: a threshold that float64 can tell from a sum must not be rounded onto it
    return sign(operands[0], layer, parameters).astype(dtype)


@drawn.register(Sign)
def _drawn(layer: Sign, rng: np.random.Generator, around: Around) -> Parameters:
    """A batch norm whose zero lies within the range of the input, half of the time on an integer; one factor in four is negative."""
    channels, (values,) = around.channels, around.ranges
    factor = np.where(rng.random(channels) < 0.25, -1, 1) * rng.uniform(0.5, 1.5, channels)
    zero = values.centre + rng.normal(0, 0.4 * values.spread, channels)
    if values.cut:
        zero = np.abs(zero)
    # sums, which spread widely, must now and then equal their threshold: only there it shows what becomes of exactly 0
    zero = np.where((rng.random(channels) < 0.5) & (values.spread > 2), np.round(zero), zero)
    return Parameters(scale=factor, bias=-(factor * zero))
