"""What every layer says of itself: its geometry, its work and what its map holds. It knows nothing of chips.

One MAC is two Op; a scale, a bias, an add and a comparison are one Op each; a ReLU is none, and neither is a sign, whose batch norm and
comparison the papers of binary chips leave out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.network.box import Box, Shape

BINARY_BITS = 1
REAL_BITS = 16  # FP16

Shapes = Sequence[Shape]
"""Of all inputs of a layer, in their order."""

Holds = Literal["real", "sums", "signs"]
"""What a map holds: real numbers; integers, the sums of binary convolutions over binary maps; or signs, -1 and +1."""


class Layer(Protocol):
    """A layer, known by its name, with the names of the maps that it takes. Frozen; what no layer can be is refused when it is made.

    All methods take the shapes of all inputs. *size* counts output values, of the whole map or of a block of it.
    """

    @property
    def name(self) -> str: ...

    @property
    def inputs(self) -> tuple[str, ...]: ...

    @property
    def kind(self) -> str:
        """What sort of layer it is, in a word: conv3x3/2, add."""
        ...

    def output(self, shapes: Shapes) -> Shape:
        """The shape of the map it makes; empty where a window does not fit. InvalidInput for shapes that do not go together."""
        ...

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        """The block of input number *which_input* under a block of output; it may reach into the padding."""
        ...

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        """What its map holds, from what its inputs do. InvalidInput for inputs that it cannot take."""
        ...

    def macs(self, size: int, shapes: Shapes) -> int:
        """Multiply-accumulates."""
        ...

    def ops(self, size: int, shapes: Shapes) -> int:
        """Operations of every kind."""
        ...

    def weight_count(self, shapes: Shapes) -> int: ...

    def weight_bits(self, shapes: Shapes) -> int: ...


class Weightless:
    """What a layer without weights says of its work: no products, no operations unless it names some, a map of real numbers."""

    __slots__ = ()

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        return "real"

    def macs(self, size: int, shapes: Shapes) -> int:
        return 0

    def ops(self, size: int, shapes: Shapes) -> int:
        return 0

    def weight_count(self, shapes: Shapes) -> int:
        return 0

    def weight_bits(self, shapes: Shapes) -> int:
        return 0


def refuse(layer: str, faults: Iterable[str]) -> None:
    """Raises InvalidInput with all faults of a layer, if there are any."""
    InvalidInput.collected(Mistake(layer, fault) for fault in faults)


def too_small(least: int, **given: int) -> list[str]:
    """A fault for each property that is less than *least*."""
    return [f"{name} must be at least {least}, not {value}" for name, value in given.items() if value < least]
