"""Global average pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.cutting import cut
from hyperdrive_sim.network.layers.layer import Shapes, Weightless, not_taken, refuse
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalMean(Weightless):
    """Global average pooling: the mean of each channel over the whole map."""

    name: str
    inputs: tuple[str]

    kind = "globalmean"

    def __post_init__(self) -> None:
        refuse(self.name, not_taken(1, self.inputs))

    def output(self, shapes: Shapes) -> Shape:
        return Shape(shapes[0].channels, 1, 1)

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return shapes[0].box.channels(out.c0, out.c1)

    def ops(self, size: int, shapes: Shapes) -> int:
        (x,) = shapes
        return size * x.rows * x.columns


@cut.register(GlobalMean)
def _cut(layer: GlobalMean, out: Box, given: Sequence[Box], shapes: Shapes) -> GlobalMean:
    return layer


@computed.register(GlobalMean)
def _computed(layer: GlobalMean, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    mean: Array = operands[0].astype(dtype).mean(axis=(0, 1), keepdims=True)
    return mean
