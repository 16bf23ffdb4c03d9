"""The interface of a layer: its geometry, its work and the kind of values in its output. A layer knows nothing of chips.

One MAC is two Op; a scale, a bias, an add and a comparison are one Op each; a ReLU is none, and neither is a sign, whose batch norm and
comparison the papers of binary chips leave out. Which of a layer's operations the arrays of a chip do, and their peak counts, is told by a
placement (`Placement.ops`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Literal, Protocol

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.window import is_integer
from hyperdrive_sim.text.wording import counted

BINARY_BITS = 1
REAL_BITS = 16  # FP16

Shapes = Sequence[Shape]
"""Shapes of all inputs of a layer, in their order."""

Holds = Literal["real", "sums", "signs"]
"""Kind of values in a map: real numbers; integers, the sums of binary convolutions over binary maps; or signs, -1 and +1."""


class Layer(Protocol):
    """A layer: its name, the names of the maps that it takes, its geometry and its work.

    Frozen; making one raises InvalidInput for properties that no layer can have. *shapes* are those of all inputs, *size* is a number of
    output values, of the whole map or of a block of it.
    """

    @property
    def name(self) -> str: ...

    @property
    def inputs(self) -> tuple[str, ...]: ...

    @property
    def kind(self) -> str:
        """Kind of layer, in a word: conv3x3/2, add."""
        ...

    def output(self, shapes: Shapes) -> Shape:
        """Shape of the output; empty if a window does not fit. Raises InvalidInput for input shapes that do not go together."""
        ...

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        """Block of input number *which_input* that the block *out* of the output takes; may reach into the padding."""
        ...

    def holds(self, inputs: Sequence[Holds]) -> Holds:
        """Kind of values in the output, from those in the inputs. Raises InvalidInput for inputs that the layer cannot take."""
        ...

    def macs(self, size: int, shapes: Shapes) -> int:
        """Multiply-accumulates for *size* output values."""
        ...

    def ops(self, size: int, shapes: Shapes) -> int:
        """Operations of every kind for *size* output values; one MAC is two of them."""
        ...

    def weight_count(self, shapes: Shapes) -> int:
        """Number of weights of the whole layer."""
        ...

    def weight_bits(self, shapes: Shapes) -> int:
        """Bits of all weights: 1 each where they are binary, 16 where they are real."""
        ...


class Weightless:
    """Base of layers without weights: no MACs and, unless overridden, no operations and an output of real numbers."""

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


class Moving(Weightless):
    """Base of layers that move values and compute nothing: what they make can be read where their inputs lie."""

    __slots__ = ()

    def makes(self, out: Box, shapes: Shapes) -> Box:
        """Block of the output that is made of `needs` of *out*: *out* itself, in some layers with more around it."""
        return out


def refuse(layer: str, faults: Iterable[str]) -> None:
    """Raise InvalidInput with all faults of a layer, if there are any."""
    InvalidInput.collected(Mistake(layer, fault) for fault in faults)


def too_small(least: int, **given: object) -> list[str]:
    """Sentences on properties that are less than *least* or no integers, one for each."""
    integers = {name: value for name, value in given.items() if is_integer(value)}
    small = [f"{name} must be at least {least}, not {value}" for name, value in integers.items() if value < least]
    return small + no_integers(**given)


def no_booleans(**given: object) -> list[str]:
    """Sentences on properties that are neither True nor False, one for each."""
    return [f"{name} must be True or False, not {value!r}" for name, value in given.items() if not isinstance(value, bool)]


def no_integers(**given: object) -> list[str]:
    """Sentences on properties that are no integers, one for each."""
    return [f"{name} must be an integer, not {value!r}" for name, value in given.items() if not is_integer(value)]


def no_numbers(**given: object) -> list[str]:
    """Sentences on properties that are no numbers, one for each; infinities are some, NaN is none."""
    numbers = (name for name, value in given.items() if isinstance(value, Real) and not isinstance(value, bool) and value == value)
    missing = given.keys() - set(numbers)
    return [f"{name} must be a number, not {value!r}" for name, value in given.items() if name in missing]


def no_choice(choices: Sequence[object], **given: object) -> list[str]:
    """Sentences on properties that are none of the *choices*, one for each."""
    known = " or ".join(map(repr, choices))
    return [f"{name} must be {known}, not {value!r}" for name, value in given.items() if value not in choices]


def not_taken(number: int | None, inputs: object) -> list[str]:
    """A sentence on inputs that are not so many names, or not names at all if any number is taken.

    It says nothing on a bare text, whose letters would be taken for names: the network knows whether that is the name of a map.
    """
    listed = inputs if isinstance(inputs, tuple | list) else (None,)
    if isinstance(inputs, str) or (all(isinstance(name, str) for name in listed) and number in (None, len(listed))):
        return []
    return [f"inputs must be a tuple of {'names' if number is None else counted(number, 'name')}, not {inputs!r}"]
