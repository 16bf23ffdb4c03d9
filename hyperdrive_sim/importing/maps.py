"""What reading a model leaves: maps, each made by one layer from values of other maps, and values, which are functions of a map's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hyperdrive_sim.importing.axes import View
from hyperdrive_sim.importing.expression import Expression, X
from hyperdrive_sim.importing.thresholds import Lattice, Reals
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.layers import Layer
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Parameters

ANY_NUMBER: Lattice = Reals()


class Padding(NamedTuple):
    """Pixels around a map that a later window takes in: (top, left, bottom, right), all of one value."""

    pads: tuple[int, int, int, int]
    value: float


@dataclass(frozen=True, eq=False)
class Map:
    """A map: its *layer*, whose inputs are filled in later, that layer's constants, and the values that it takes.

    An input of the model has no layer. *lattice* says which values can occur.
    """

    name: str
    shape: Shape
    layer: Layer | None = None
    parameters: Parameters = NO_PARAMETERS
    sources: tuple[Value, ...] = ()
    lattice: Lattice = ANY_NUMBER

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
