"""A function of one value of a map, channel by channel: the operators between a map and whatever takes it.

X                                     the map's value itself
y = Expression("Sub", (X, mean))      constants are a number, or one for each channel [channels]
evaluate(y, points)                   [channels or 1, points]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.importing.elementwise import ELEMENTWISE, SAME

Numbers = NDArray[np.float64]

MOST_OPERATORS = 1_000
"""Operators between two maps; the longest way of writing a sign that an exporter was seen to use has 121."""


@dataclass(frozen=True, eq=False)
class Expression:
    """An operator on other expressions and constants, of the node *name*; X is what all begin with."""

    op: str
    arguments: tuple[Any, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def inner(self) -> tuple[Expression, ...]:
        """Arguments that are expressions."""
        return tuple(one for one in self.arguments if isinstance(one, Expression))

    @property
    def alone(self) -> Expression:
        """This operator by itself: on X in place of other expressions."""
        return Expression(self.op, tuple(X if isinstance(one, Expression) else one for one in self.arguments), self.attributes, self.name)


X = Expression("x")


def ordered(expression: Expression) -> list[Expression]:
    """All expressions in an expression, each once and after those that it takes. Raises OverflowError for more than MOST_OPERATORS."""
    found: dict[Expression, None] = {}  # an expression is itself and like no other
    todo = [(expression, False)]
    while todo:
        one, visited = todo.pop()
        if visited:
            found[one] = None
        elif one not in found:
            todo.append((one, True))
            todo += [(inner, False) for inner in one.inner]
        if len(found) > MOST_OPERATORS or len(todo) > 4 * MOST_OPERATORS:
            raise OverflowError
    return list(found)


def evaluate(expression: Expression, points: Numbers) -> Numbers:
    """The function at *points* [channels or 1, points], in float64."""
    known: dict[Expression, Any] = {X: points}
    for one in ordered(expression):
        if one is not X:
            arguments = [known[it] if isinstance(it, Expression) else _column(it, one.op) for it in one.arguments]
            known[one] = ELEMENTWISE[one.op](arguments, one.attributes)
    return np.asarray(known[expression], np.float64)


def _column(constant: NDArray[Any], op: str) -> NDArray[Any]:
    """A constant beside points: one for each channel becomes a column."""
    if op == "MultiThreshold" or constant.ndim == 0:
        return constant
    return constant.reshape(-1, 1) if constant.size else constant


RISING = frozenset({"Add", "Sum", "Max", "Min"})
"""Operators that rise with each of their inputs."""

MONOTONE = RISING | SAME | frozenset({"Mul", "Sub", "Neg", "Relu", "Clip", "Sigmoid", "Tanh", "HardSigmoid", "Exp", "Softplus"})
MONOTONE |= frozenset({"Sign", "Floor", "Ceil", "Round", "Quant", "BipolarQuant", "MultiThreshold"})
"""Operators that rise, or fall, all the way with the one input that is no constant."""


def bounds(expression: Expression, low: float, high: float) -> tuple[float, float]:
    """What no value is below and what none is above, where X is from *low* to *high*; infinities where nothing is known."""
    known: dict[Expression, Any] = {X: np.array([[low, high]])}
    for one in ordered(expression):
        if one is not X:
            arguments = [known[it] if isinstance(it, Expression) else _column(it, one.op) for it in one.arguments]
            follows = one.op in RISING or (one.op in MONOTONE and len(one.inner) == 1)
            ends = np.sort(ELEMENTWISE[one.op](arguments, one.attributes), axis=-1) if follows else np.full((1, 2), np.nan)
            known[one] = np.where(np.isnan(ends).any(axis=-1, keepdims=True), [[-np.inf, np.inf]], ends)
    return float(known[expression][:, 0].min()), float(known[expression][:, 1].max())


def substituted(expression: Expression, value: Expression) -> Expression:
    """The expression with *value* in place of X."""
    made = {X: value}
    for one in ordered(expression):
        if one is not X:
            arguments = tuple(made[it] if isinstance(it, Expression) else it for it in one.arguments)
            made[one] = Expression(one.op, arguments, one.attributes, one.name)
    return made[expression]
