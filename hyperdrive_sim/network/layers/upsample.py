"""Nearest-neighbour upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.constants import Range, map_range
from hyperdrive_sim.network.layers.cutting import cut, not_made
from hyperdrive_sim.network.layers.layer import Holds, Moving, Shapes, not_taken, refuse, too_small
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsample(Moving):
    """Nearest-neighbour upsampling: every pixel *factor* times in each direction.

    A block of the output must begin and end at multiples of *factor*: it is computed from whole pixels of the input.
    """

    name: str
    inputs: tuple[str]
    factor: int

    def __post_init__(self) -> None:
        refuse(self.name, [*not_taken(1, self.inputs), *too_small(1, factor=self.factor)])

    @property
    def kind(self) -> str:
        return f"upsample{self.factor}x{self.factor}"

    def output(self, shapes: Shapes) -> Shape:
        (x,) = shapes
        return Shape(x.channels, x.rows * self.factor, x.columns * self.factor)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        r0, w0 = out.r0 // self.factor, out.w0 // self.factor
        return Box(out.c0, out.c1, r0, -(-out.r1 // self.factor), w0, -(-out.w1 // self.factor))

    def makes(self, out: Box, shapes: Shapes) -> Box:
        block, factor = self.needs(0, out, shapes), self.factor
        return Box(block.c0, block.c1, block.r0 * factor, block.r1 * factor, block.w0 * factor, block.w1 * factor)

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return inputs[0]


@cut.register(Upsample)
def _cut(layer: Upsample, out: Box, given: Sequence[Box], shapes: Shapes) -> Upsample:
    if layer.makes(out, shapes) != out:
        raise not_made(layer, out, "of which a block has all copies of a pixel")
    return layer


@computed.register(Upsample)
def _computed(layer: Upsample, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    return operands[0].astype(dtype).repeat(layer.factor, axis=0).repeat(layer.factor, axis=1)


@map_range.register(Upsample)
def _range(layer: Upsample, ranges: Sequence[Range], shapes: Shapes) -> Range:
    return ranges[0]
