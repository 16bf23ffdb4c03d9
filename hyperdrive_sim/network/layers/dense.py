"""A fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Around, drawn, normal
from hyperdrive_sim.network.layers.cutting import cut
from hyperdrive_sim.network.layers.layer import REAL_BITS, Holds, Shapes, not_taken, refuse, too_small
from hyperdrive_sim.network.layers.values import DType, computed, finished, given
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """A fully connected layer with real weights and an offset over a whole map: the classifier."""

    name: str
    inputs: tuple[str]
    features: int

    kind = "dense"
    weights = "real"

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *too_small(1, features=self.features)])

    def output(self, shapes: Shapes) -> Shape:
        return Shape(self.features, 1, 1)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return shapes[0].box

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return "real"

    def macs(self, size: int, shapes: Shapes) -> int:
        return size * shapes[0].size

    def ops(self, size: int, shapes: Shapes) -> int:
        return 2 * self.macs(size, shapes) + size

    def weight_count(self, shapes: Shapes) -> int:
        return self.features * shapes[0].size

    def weight_bits(self, shapes: Shapes) -> int:
        return self.weight_count(shapes) * REAL_BITS


@computed.register(Dense)
def _computed(layer: Dense, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    """Matrix product of the weights and the map as one vector, in which channels vary fastest, then columns, then rows."""
    y = given(parameters.weights).astype(dtype, copy=False) @ operands[0].astype(dtype, copy=False).ravel()
    return finished(y.reshape(1, 1, -1), parameters, relu=False)


@cut.register(Dense)
def _cut(layer: Dense, out: Box, given: Sequence[Box], shapes: Shapes) -> Dense:
    return replace(layer, features=out.c1 - out.c0)


@drawn.register(Dense)
def _drawn(layer: Dense, rng: np.random.Generator, around: Around) -> Parameters:
    inputs = around.shapes[0].size
    return Parameters(weights=normal(rng, (around.channels, inputs), inputs), bias=around.offsets)
