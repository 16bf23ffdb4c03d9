"""A function of every value as steps that layers compute: factors and offsets, activations, quantisations.

What exporters write with several operators, such as a GELU of five, is not looked for by their names: the function is evaluated and
compared with the activations that there are, at points from 2**-24 to 2**24 either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.importing.elementwise import SAME, SELU, clip_bounds, quant_range
from hyperdrive_sim.importing.expression import Expression, Numbers, X, evaluate, ordered
from hyperdrive_sim.network.layers.activation import CURVES

POWERS = np.exp2(np.linspace(-24, 24, 193))
POINTS = np.concatenate([-POWERS[::-1], [0.0], POWERS])
WANTED = np.abs(POINTS) <= 64
"""Points at which a function must be finite; beyond, an exponential may be infinite where the activation is not."""

ALIKE = 1e-6
"""Share by which a function may differ from an activation: its constants are float32."""

NO_FACTOR = 2.0**-23
"""Distance of a factor from 1 that float32 does not have."""


@dataclass(frozen=True, eq=False)
class Affine:
    """A factor and an offset, each a number or one per channel, and the names of the nodes that they come from."""

    factor: Numbers
    offset: Numbers
    names: tuple[str, ...] = ()

    def after(self, earlier: Affine) -> Affine:
        """One for two, of which the other comes first."""
        return Affine(self.factor * earlier.factor, self.factor * earlier.offset + self.offset, earlier.names + self.names)

    @property
    def changes(self) -> bool:
        return bool((np.abs(self.factor - 1) > NO_FACTOR).any() or self.offset.any())


@dataclass(frozen=True, eq=False)
class Activate:
    """An activation function or a quantisation: the fields of the layer, and slopes per channel if it has some."""

    fields: Mapping[str, Any]
    slopes: Numbers | None = None
    names: tuple[str, ...] = ()


Step = Affine | Activate

ZERO, ONE = np.asarray(0.0), np.asarray(1.0)


def steps(expression: Expression) -> list[Step] | Expression:
    """An expression as steps one after the other, neighbouring factors and offsets as one; else the first part that is no such steps."""
    found: list[Step] = []
    for part in parts(expression):
        made = _steps(part)
        if made is None:
            return part
        names = tuple(one.name for one in ordered(part) if one is not X)
        for step in (replace(step, names=names) for step in made):
            if isinstance(step, Affine) and found and isinstance(found[-1], Affine):
                found[-1] = step.after(found[-1])
            else:
                found.append(step)
    return [step for step in found if not isinstance(step, Affine) or step.changes]


def parts(expression: Expression) -> list[Expression]:
    """Functions of X, each of what the one before it makes, as many as there are: cut where all goes through one operator."""
    order = ordered(expression)
    place = {one: number for number, one in enumerate(order)}
    last = list(range(len(order)))
    for number, one in enumerate(order):
        for inner in one.inner:
            last[place[inner]] = number
    found: list[Expression] = []
    made, reach = {order[0]: X}, last[0]
    for number, one in enumerate(order[1:], 1):
        made[one] = Expression(
            one.op, tuple(made[it] if isinstance(it, Expression) else it for it in one.arguments), one.attributes, one.name
        )
        if reach <= number:
            found.append(made[one])
            made = {one: X}
        reach = max(reach, last[number])
    return found


def is_staircase(part: Expression) -> bool:
    """True for a function of few values: one that was meant for a sign, or for a quantisation."""
    return len(np.unique(evaluate(part, POINTS[None])[0])) < len(POINTS) / 4


def _steps(part: Expression) -> list[Step] | None:
    alone = part.inner == (X,)
    if alone and part.op in SAME:
        return []
    return (_of_operator(part) if alone else None) or _of_values(part)


def _of_operator(one: Expression) -> list[Step] | None:
    constants = [np.asarray(it, np.float64) for it in one.arguments if not isinstance(it, Expression)]
    first = isinstance(one.arguments[0], Expression)
    number = constants[0] if constants else ZERO
    match one.op:
        case "Add" | "Sum" if len(constants) == 1:
            return [Affine(ONE, number)]
        case "Sub":
            return [Affine(ONE, np.asarray(-number)) if first else Affine(np.asarray(-ONE), number)]
        case "Mul":
            return [Affine(number, ZERO)]
        case "Div" if first:
            return [Affine(np.asarray(1 / number), ZERO)]
        case "Neg":
            return [Affine(np.asarray(-ONE), ZERO)]
        case "Quant" if all(constant.size == 1 for constant in constants):
            scale, zero, bits = (float(constant.ravel()[0]) for constant in constants)
            return _quantised(scale, zero, bits, one.attributes)
        case _:
            return _activation(one, constants)


def _activation(one: Expression, constants: list[Numbers]) -> list[Step] | None:
    match one.op:
        case "Relu":
            return [Activate({"function": "relu"})]
        case "LeakyRelu":
            return [Activate({"function": "leaky_relu", "slope": float(one.attributes.get("alpha", 0.01))})]
        case "PRelu":
            return [Activate({"function": "prelu"}, constants[0])]
        case "Elu" | "Selu" | "Celu":
            return _exponential(one.op, one.attributes)
        case "HardSigmoid":
            alpha, beta = (np.asarray(float(one.attributes.get(name, default))) for name, default in (("alpha", 0.2), ("beta", 0.5)))
            return [Affine(alpha, beta), Activate({"function": "clip", "low": 0.0, "high": 1.0})]
        case "Clip":
            return _clipped(*clip_bounds(constants, one.attributes))
        case "Max" if len(constants) == 1:
            return _clipped(constants[0], np.asarray(np.inf))
        case "Min" if len(constants) == 1:
            return _clipped(np.asarray(-np.inf), constants[0])
    return None


def _exponential(op: str, attributes: Mapping[str, Any]) -> list[Step]:
    """An ELU and what is made of it: alpha (e^x - 1) below 0, times a factor or of a share of x."""
    alpha, gamma = (float(attributes.get(name, default)) for name, default in zip(("alpha", "gamma"), _DEFAULTS[op], strict=True))
    if op == "Celu":
        scale = np.asarray(alpha)
        return [Affine(1 / scale, ZERO), Activate({"function": "elu", "slope": 1.0}), Affine(scale, ZERO)]
    return [Activate({"function": "elu", "slope": alpha}), Affine(np.asarray(gamma if op == "Selu" else 1.0), ZERO)]


_DEFAULTS = {"Elu": (1.0, 1.0), "Celu": (1.0, 1.0), "Selu": SELU}
"""Alpha and gamma of the operators that have exponentials, where the file does not say them."""


def _clipped(low: NDArray[Any], high: NDArray[Any]) -> list[Step] | None:
    if low.size != 1 or high.size != 1:
        return None
    least, most = float(low.ravel()[0]), float(high.ravel()[0])
    return [Activate({"function": "relu"} if (least, most) == (0, np.inf) else {"function": "clip", "low": least, "high": most})]


_ROUNDINGS = {
    "ROUND": "even",
    "HALF_EVEN": "even",
    "FLOOR": "floor",
    "DOWN": "floor",
    "CEIL": "ceil",
    "UP": "ceil",
    "ROUND_TO_ZERO": "zero",
}


def _quantised(scale: float, zero: float, bits: float, attributes: Mapping[str, Any]) -> list[Step] | None:
    if zero or not 1 <= bits <= 32:
        return None
    low, high = quant_range(bits, attributes)
    rounding = _ROUNDINGS.get(str(attributes.get("rounding_mode", "ROUND")).upper())
    return [Activate({"step": scale, "low": int(low), "high": int(high), "rounding": rounding})] if rounding else None


def _of_values(part: Expression) -> list[Step] | None:
    """The activation, with a factor and an offset behind it, that has the values of a function; None if there is none."""
    values = evaluate(part, POINTS[None])
    if values.shape[1] != len(POINTS) or not np.isfinite(values[:, WANTED]).all():
        return None
    return _bent(values) or _curved(values)


def _alike(values: Numbers, wanted: Numbers, scale: Numbers) -> bool:
    """True for values [channels, points] that differ by no more than the rounding of constants, where they are finite."""
    near = np.abs(values - wanted) <= ALIKE * (np.abs(wanted) + np.abs(scale)[:, None])
    return bool(near[np.isfinite(values)].all())


def _bent(values: Numbers) -> list[Step] | None:
    """A function that is straight on both sides of 0."""
    below, offset, above = (values[:, np.searchsorted(POINTS, point)] for point in (-1.0, 0.0, 1.0))
    left, right = offset - below, above - offset
    slope = np.where(POINTS < 0, left[:, None], right[:, None])
    if not _alike(values, offset[:, None] + slope * POINTS, np.abs(left) + np.abs(right)):
        return None
    left, right = (np.where(np.abs(one) <= ALIKE * np.abs(other), 0, one) for one, other in ((left, right), (right, left)))
    if (left == right).all():
        return [Affine(_number(right), _number(offset))]
    if right.all():
        return [_leaky(_number(left / right)), Affine(_number(right), _number(offset))]
    return None if right.any() else [Affine(-ONE, ZERO), Activate({"function": "relu"}), Affine(_number(-left), _number(offset))]


def _leaky(slope: Numbers) -> Activate:
    if slope.ndim:
        return Activate({"function": "prelu"}, slope)
    return Activate({"function": "leaky_relu", "slope": float(slope)} if slope else {"function": "relu"})


def _curved(values: Numbers) -> list[Step] | None:
    """A function that is one of the layer's without parameters, times a factor and with an offset."""
    for name, curve in CURVES.items():
        wanted = curve(POINTS)
        low, high = (int(pick(np.where(np.abs(POINTS) <= 8, wanted, wanted[len(POWERS)]))) for pick in (np.argmin, np.argmax))
        factor = (values[:, high] - values[:, low]) / (wanted[high] - wanted[low])
        offset = values[:, high] - factor * wanted[high]
        offset = np.where(np.abs(offset) <= ALIKE * np.abs(factor), 0, offset)
        if factor.all() and _alike(values, factor[:, None] * wanted + offset[:, None], np.abs(factor)):
            return [Activate({"function": name}), Affine(_number(factor), _number(offset))]
    return None


def _number(of_channels: Numbers) -> Numbers:
    """A single number where all channels have the same."""
    return of_channels if np.ptp(of_channels) else np.asarray(of_channels[0])
