"""Other values of a setting that is not known: a number by half less and more, another word in place of a word."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

LESS, MORE = 0.5, 1.5
"""What a number is multiplied by."""

DIGITS = 12
"""Of a product that is no more exact than its factors."""


def other_values(annotation: Any, value: object) -> tuple[object, ...]:
    """Values to try in place of one; none for what is neither a number nor one of a few words. *annotation* is the type of the setting."""
    match value:
        case bool():
            return (not value,)
        case int() | float() | tuple() if numbers := [_scaled(value, factor) for factor in (LESS, MORE)]:
            return tuple(number for number in numbers if number not in (None, value))
        case str():
            return tuple(word for word in dict.fromkeys(_words(annotation)) if word != value)
        case _:
            return ()


def _scaled(value: Any, factor: float) -> object:
    """A number times a factor, a whole one rounded away from itself and 1 at least; a tuple of numbers, each of them; else None."""
    match value:
        case bool():
            return None
        case int():
            return min(value, max(1, math.floor(value * factor))) if factor < 1 else math.ceil(value * factor)
        case float():
            return float(f"{value * factor:.{DIGITS}g}")
        case tuple():
            scaled = tuple(_scaled(one, factor) for one in value)
            return scaled if scaled and None not in scaled else None
        case _:
            return None


def _words(annotation: Any) -> Iterator[str]:
    """Words that a type allows, however deep its literals stand."""
    for inner in get_args(annotation):
        if get_origin(annotation) is not Literal:
            yield from _words(inner)
        elif isinstance(inner, str):
            yield inner
