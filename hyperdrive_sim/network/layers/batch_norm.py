"""Batch norm in evaluation: a factor and an offset per channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Around, Range, drawn, map_range
from hyperdrive_sim.network.layers.layer import Shapes, Weightless, no_booleans, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed, finished
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNorm(Weightless):
    """Factor times value plus offset, both per channel, then optionally a ReLU: a batch norm that no convolution takes in."""

    name: str
    inputs: tuple[str]
    relu: bool = False

    kind = "batchnorm"

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *no_booleans(relu=self.relu)])

    def output(self, shapes: Shapes) -> Shape:
        return shapes[0]

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def ops(self, size: int, shapes: Shapes) -> int:
        return 2 * size


@computed.register(BatchNorm)
def _computed(layer: BatchNorm, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    return finished(operands[0].astype(dtype), parameters, relu=layer.relu)


@drawn.register(BatchNorm)
def _drawn(layer: BatchNorm, rng: np.random.Generator, around: Around) -> Parameters:
    """What brings the range of the input to a spread of one around 0."""
    ((centre, spread, _),) = around.ranges
    factor = rng.uniform(0.5, 1.5, around.channels) / max(spread, 1e-3)
    return Parameters(scale=factor, bias=around.offsets - factor * centre)


@map_range.register(BatchNorm)
def _range(layer: BatchNorm, ranges: Sequence[Range], shapes: Shapes) -> Range:
    return Range(0.0, 1.0, layer.relu)
