"""What reading a model leaves: maps, each made by one layer from values of other maps, and values, which are functions of a map's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from hyperdrive_sim.importing.axes import View
from hyperdrive_sim.importing.expression import Expression, X
from hyperdrive_sim.importing.thresholds import Integers, Lattice, Reals
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.layers import (
    Add,
    ChannelPad,
    ChannelShuffle,
    Concat,
    Flatten,
    GlobalMean,
    Layer,
    MaxPool,
    MeanPool,
    Slice,
    Upsample,
)
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Parameters

ANY_NUMBER: Lattice = Reals()

Bounds = tuple[float, float]
ANY_BOUNDS: Bounds = (-inf, inf)


class Padding(NamedTuple):
    """Pixels around a map that a later window takes in: (top, left, bottom, right), all of one value."""

    pads: tuple[int, int, int, int]
    value: float


@dataclass(frozen=True, eq=False)
class Map:
    """A map: its *layer*, whose inputs are filled in later, that layer's constants, and the values that it takes.

    An input of the model has no layer. *lattice* says which values can occur, *bounds* between which two they are.
    """

    name: str
    shape: Shape
    layer: Layer | None = None
    parameters: Parameters = NO_PARAMETERS
    sources: tuple[Value, ...] = ()
    lattice: Lattice = ANY_NUMBER
    bounds: Bounds = ANY_BOUNDS

    @property
    def is_integer(self) -> bool:
        """True for sums of signs, and for such sums added up."""
        return not isinstance(self.lattice, Reals)


class Value(NamedTuple):
    """A function of a map's values, seen as *view*, in a frame of *padding*; *name* is that of the node that it comes from.

    *ended* names an operator behind it that is left out, behind which nothing else may be computed.
    """

    map: Map
    expression: Expression
    view: View
    name: str
    padding: Padding | None = None
    ended: str = ""

    @property
    def lattice(self) -> Lattice:
        """Which values can occur: those of the map if it is the map itself."""
        return self.map.lattice if self.expression is X else ANY_NUMBER


def bounds_of(layer: Layer, lattice: Lattice, sources: Iterable[Bounds]) -> Bounds:
    """Bounds of what a layer makes of values that have bounds themselves, as far as it moves, adds or compares them."""
    if isinstance(lattice, Integers):
        return lattice.low, lattice.high
    if not isinstance(layer, Add | ChannelPad | ChannelShuffle | Concat | Flatten | GlobalMean | MaxPool | MeanPool | Slice | Upsample):
        return ANY_BOUNDS
    lows, highs = zip(*sources, strict=True)
    if isinstance(layer, Add):
        return lows[0] + layer.gain * lows[1], highs[0] + layer.gain * highs[1]
    zeros = (0.0,) if isinstance(layer, ChannelPad | MeanPool) else ()  # those around a map count
    return min(*lows, *zeros, inf), max(*highs, *zeros, -inf)
