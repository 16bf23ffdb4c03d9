"""Thermometer code: real numbers as signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.cutting import cut, not_made
from hyperdrive_sim.network.layers.layer import Holds, Shapes, Weightless, not_taken, refuse, too_small
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermometer(Weightless):
    """Thermometer code of numbers in 0..1: channel c * *levels* + l is +1 where channel c is at least (l + 1/2) / *levels*.

    *fill* channels of +1 are appended, to make the number of channels a round one.
    """

    name: str
    inputs: tuple[str]
    levels: int
    fill: int = 0

    kind = "thermometer"

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *too_small(1, levels=self.levels), *too_small(0, fill=self.fill)])

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        return Shape(x.channels * self.levels + self.fill, x.rows, x.columns)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out.channels(0, shapes[0].channels)

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return "signs"

    def ops(self, size: int, shapes: Shapes) -> int:
        return size


@cut.register(Thermometer)
def _cut(layer: Thermometer, out: Box, given: Sequence[Box], shapes: Shapes) -> Thermometer:
    if out[:2] != (0, layer.output(shapes).channels):
        raise not_made(layer, out, "of which a block has all channels")
    return layer


@computed.register(Thermometer)
def _computed(layer: Thermometer, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    x = operands[0].astype(dtype)
    steps = (np.arange(layer.levels, dtype=dtype) + dtype(0.5)) / layer.levels
    signs = np.where(x[..., None] >= steps, 1, -1).reshape(*x.shape[:2], -1)
    return np.concatenate((signs, np.ones((*x.shape[:2], layer.fill))), axis=2).astype(dtype)
