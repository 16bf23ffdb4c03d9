"""Concatenation of maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Range, map_range
from hyperdrive_sim.network.layers.cutting import cut
from hyperdrive_sim.network.layers.layer import Holds, Moving, Shapes, not_taken, refuse, too_small
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat(Moving):
    """Concatenation along the channels: maps of the same rows and columns, one after the other in the order of the inputs."""

    name: str
    inputs: tuple[str, ...]

    kind = "concat"

    def __post_init__(self) -> None:
        refuse(self.name, not_taken(None, self.inputs) or too_small(1, inputs=len(self.inputs)))

    def output(self, shapes: Shapes) -> Shape:
        sizes = {shape[1:] for shape in shapes}
        if len(sizes) > 1:
            problem = f"cannot put {' and '.join(map(str, shapes))} side by side"
            raise InvalidInput.at(self.name, problem, "all inputs must have the same rows and columns")
        return shapes[0]._replace(channels=sum(shape.channels for shape in shapes))

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        """Block of an input that the block *out* takes: its channels that come from this input; empty if none do."""
        before, channels = sum(shape.channels for shape in shapes[:which_input]), shapes[which_input].channels
        return out.channels(*(min(max(bound - before, 0), channels) for bound in (out.c0, out.c1)))

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return inputs[0] if len(set(inputs)) == 1 else "real"


@cut.register(Concat)
def _cut(layer: Concat, out: Box, given: Sequence[Box], shapes: Shapes) -> Concat:
    return layer


@computed.register(Concat)
def _computed(layer: Concat, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    return np.concatenate([operand.astype(dtype) for operand in operands], axis=2)


@map_range.register(Concat)
def _range(layer: Concat, ranges: Sequence[Range], shapes: Shapes) -> Range:
    """A range wide enough for all inputs, around the mean of their centres."""
    centre = fsum(one.centre for one in ranges) / len(ranges)
    return Range(centre, max(abs(one.centre - centre) + one.spread for one in ranges), all(one.cut for one in ranges))
