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

from hyperdrive_sim.importing.elementwise import ELEMENTWISE, SAME, clip_bounds, quant_range

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


@dataclass(frozen=True, eq=False)
class Affine:
    """A factor and an offset, each a number or one per channel."""

    factor: Numbers
    offset: Numbers

    def after(self, earlier: Affine) -> Affine:
        """One for two, of which the other comes first."""
        return Affine(self.factor * earlier.factor, self.factor * earlier.offset + self.offset)


@dataclass(frozen=True, eq=False)
class Activate:
    """An activation function or a quantisation: the fields of the layer, and slopes per channel if it has some."""

    fields: Mapping[str, Any]
    slopes: Numbers | None = None


Step = Affine | Activate


ZERO, ONE = np.asarray(0.0), np.asarray(1.0)


def steps(expression: Expression) -> list[Step] | Expression:
    """An expression as steps one after the other, neighbouring factors and offsets as one; what is no such step where there is any."""
    found: list[Step] = []
    chain = []
    while expression is not X:
        if len(expression.inner) != 1:
            return expression
        chain.append(expression)
        expression = expression.inner[0]
    for one in reversed(chain):
        step = None if one.op in SAME else _step(one)
        if step is None and one.op not in SAME:
            return one
        if isinstance(step, Affine) and found and isinstance(found[-1], Affine):
            found[-1] = step.after(found[-1])
        elif step is not None:
            found.append(step)
    return found


def _step(one: Expression) -> Step | None:
    constants = [np.asarray(it, np.float64) for it in one.arguments if not isinstance(it, Expression)]
    first = isinstance(one.arguments[0], Expression)
    number = constants[0] if constants else ZERO
    match one.op:
        case "Add" | "Sum" if len(constants) == 1:
            return Affine(ONE, number)
        case "Sub":
            return Affine(ONE, np.asarray(-number)) if first else Affine(np.asarray(-ONE), number)
        case "Mul":
            return Affine(number, ZERO)
        case "Div" if first:
            return Affine(np.asarray(1 / number), ZERO)
        case "Neg":
            return Affine(np.asarray(-ONE), ZERO)
        case "Quant" if all(constant.size == 1 for constant in constants):
            scale, zero, bits = (float(constant.ravel()[0]) for constant in constants)
            return _quantised(scale, zero, bits, one.attributes)
        case _:
            return _activation(one, constants)


def _activation(one: Expression, constants: list[Numbers]) -> Activate | None:
    match one.op:
        case "Relu":
            return Activate({"function": "relu"})
        case "LeakyRelu":
            return Activate({"function": "leaky_relu", "slope": float(one.attributes.get("alpha", 0.01))})
        case "PRelu":
            return Activate({"function": "prelu"}, constants[0])
        case "Sigmoid" | "Tanh":
            return Activate({"function": one.op.lower()})
        case "Clip":
            return _clipped(*clip_bounds(constants, one.attributes))
        case "Max" if len(constants) == 1:
            return _clipped(constants[0], np.asarray(np.inf))
        case "Min" if len(constants) == 1:
            return _clipped(np.asarray(-np.inf), constants[0])
    return None


def _clipped(low: NDArray[Any], high: NDArray[Any]) -> Activate | None:
    if low.size != 1 or high.size != 1:
        return None
    least, most = float(low.ravel()[0]), float(high.ravel()[0])
    return Activate({"function": "relu"} if (least, most) == (0, np.inf) else {"function": "clip", "low": least, "high": most})


_ROUNDINGS = {
    "ROUND": "even",
    "HALF_EVEN": "even",
    "FLOOR": "floor",
    "DOWN": "floor",
    "CEIL": "ceil",
    "UP": "ceil",
    "ROUND_TO_ZERO": "zero",
}


def _quantised(scale: float, zero: float, bits: float, attributes: Mapping[str, Any]) -> Activate | None:
    if zero or not 1 <= bits <= 32:
        return None
    low, high = quant_range(bits, attributes)
    rounding = _ROUNDINGS.get(str(attributes.get("rounding_mode", "ROUND")).upper())
    return Activate({"step": scale, "low": int(low), "high": int(high), "rounding": rounding}) if rounding else None
