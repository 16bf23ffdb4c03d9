"""Operators that act on every value by itself, as ONNX and QONNX define them, in numpy.

They compute constants as well as functions of a map's values; a number is a float64 where it is one in the file, of whatever width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.network.layers.activation import CURVES, erf

Values = NDArray[Any]
Attributes = Mapping[str, Any]
Function = Callable[[Sequence[Values], Attributes], Values]

QONNX_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
"""Names that one domain of operators has had, the newest first."""

SELU = 1.67326319217681884765625, 1.05070102214813232421875
"""Alpha and gamma of a Selu that does not say them."""

BOOL, INTEGERS = 9, frozenset({2, 3, 4, 5, 6, 7, 12, 13})
"""Of the types that a Cast may name."""


def _cast(values: Sequence[Values], attributes: Attributes) -> Values:
    to = attributes.get("to", 1)
    if to == BOOL:
        return np.asarray(values[0] != 0)
    return np.asarray(np.trunc(values[0]).astype(np.int64) if to in INTEGERS else values[0].astype(np.float64))


def _clip(values: Sequence[Values], attributes: Attributes) -> Values:
    low, high = clip_bounds(values[1:], attributes)
    return np.asarray(np.minimum(np.maximum(values[0], low), high))


def clip_bounds(others: Sequence[Values], attributes: Attributes) -> tuple[Values, Values]:
    """The bounds of a Clip, which stand among its inputs or, in old files, its attributes."""
    given = [*others, *[np.zeros(0)] * (2 - len(others))]
    low = given[0] if given[0].size else np.asarray(attributes.get("min", -np.inf))
    high = given[1] if given[1].size else np.asarray(attributes.get("max", np.inf))
    return low, high


def _round_half(values: Values, mode: str) -> Values:
    modes: Mapping[str, Callable[[Values], Values]] = {
        **dict.fromkeys(("ROUND", "HALF_EVEN"), np.rint),
        **dict.fromkeys(("CEIL", "UP"), np.ceil),
        **dict.fromkeys(("FLOOR", "DOWN"), np.floor),
        "ROUND_TO_ZERO": np.trunc,
    }
    return np.asarray(modes[mode.upper()](values))


def quant_range(bits: float, attributes: Attributes) -> tuple[float, float]:
    """The smallest and the largest integer of QONNX's Quant."""
    if attributes.get("signed", 1):
        low = -(2.0 ** (bits - 1)) + (1 if attributes.get("narrow", 0) else 0)
        return low, 2.0 ** (bits - 1) - 1
    return 0.0, 2.0**bits - 1 - (1 if attributes.get("narrow", 0) else 0)


def _quant(values: Sequence[Values], attributes: Attributes) -> Values:
    x, scale, zero, bits = values
    low, high = quant_range(float(bits.ravel()[0]), attributes)
    integers = np.clip(_round_half(x / scale + zero, attributes.get("rounding_mode", "ROUND")), low, high)
    return np.asarray((integers - zero) * scale)


def _multi_threshold(values: Sequence[Values], attributes: Attributes) -> Values:
    """How many thresholds of its channel [channels, thresholds] a value [channels, ...] reaches, times a factor plus an offset."""
    x, thresholds = values
    passed = sum((x >= column.reshape(-1, *[1] * (x.ndim - 1)) for column in thresholds.T), np.zeros(1))
    return np.asarray(passed * attributes.get("out_scale", 1.0) + attributes.get("out_bias", 0.0))


def _leaky(values: Sequence[Values], attributes: Attributes) -> Values:
    return np.where(values[0] < 0, values[0] * attributes.get("alpha", 0.01), values[0])


def _divided(values: Sequence[Values], attributes: Attributes) -> Values:
    one, other = values
    if one.dtype.kind in "iu" and other.dtype.kind in "iu":  # of sizes, which a shape is computed from
        return np.asarray(np.trunc(one / other).astype(np.int64))
    return np.asarray(one / other)


def _elu(values: Sequence[Values], attributes: Attributes) -> Values:
    return _exponential(values[0], attributes.get("alpha", 1.0))


def _selu(values: Sequence[Values], attributes: Attributes) -> Values:
    alpha, gamma = attributes.get("alpha", SELU[0]), attributes.get("gamma", SELU[1])
    return np.asarray(gamma * _exponential(values[0], alpha))


def _celu(values: Sequence[Values], attributes: Attributes) -> Values:
    alpha = attributes.get("alpha", 1.0)
    return _exponential(values[0], alpha, alpha)


def _exponential(x: Values, factor: float, scale: float = 1.0) -> Values:
    return np.where(x < 0, factor * np.expm1(np.minimum(x, 0) / scale), x)


def _gelu(values: Sequence[Values], attributes: Attributes) -> Values:
    curve = CURVES["gelu_tanh" if attributes.get("approximate") == "tanh" else "gelu"]
    return curve(values[0].astype(np.float64))


def _hard_sigmoid(values: Sequence[Values], attributes: Attributes) -> Values:
    return np.asarray(np.clip(attributes.get("alpha", 0.2) * values[0] + attributes.get("beta", 0.5), 0, 1))


def _of(operation: Callable[..., Any]) -> Function:
    """A function that takes the values one by one. Raises TypeError for more of them: numpy's would write into what is too many."""

    def applied(values: Sequence[Values], attributes: Attributes) -> Values:
        if isinstance(operation, np.ufunc) and len(values) != operation.nin:
            raise TypeError(f"{operation.nin} inputs are wanted, {len(values)} are given")
        return np.asarray(operation(*values))

    return applied


def _curve(name: str) -> Function:
    """An activation of the layers, in float64 whatever it is given."""
    return _of(lambda x: CURVES[name](np.asarray(x, np.float64)))


def _over_all(operation: np.ufunc) -> Function:
    def applied(values: Sequence[Values], attributes: Attributes) -> Values:
        first, *others = values
        for other in others:
            first = np.asarray(operation(first, other))
        return first

    return applied


def _first(x: Values, *others: Values) -> Values:
    return x


def _bipolar(x: Values, scale: Values) -> Values:
    return np.where(x >= 0, scale, -scale)


ELEMENTWISE: dict[str, Function] = {
    "Abs": _of(np.abs), "Add": _of(np.add), "And": _of(np.logical_and), "BipolarQuant": _of(_bipolar), "Cast": _cast,
    "CastLike": _of(_first), "Ceil": _of(np.ceil), "Celu": _celu, "Clip": _clip, "Div": _divided, "Dropout": _of(_first), "Elu": _elu,
    "Equal": _of(np.equal), "Erf": _of(erf), "Exp": _of(np.exp), "Floor": _of(np.floor), "Gelu": _gelu, "Greater": _of(np.greater),
    "GreaterOrEqual": _of(np.greater_equal), "HardSigmoid": _hard_sigmoid, "HardSwish": _curve("hard_swish"), "Identity": _of(_first),
    "LeakyRelu": _leaky, "Less": _of(np.less), "LessOrEqual": _of(np.less_equal), "Log": _of(np.log), "Max": _over_all(np.maximum),
    "Min": _over_all(np.minimum), "Mish": _curve("mish"), "Mul": _of(np.multiply), "MultiThreshold": _multi_threshold,
    "Neg": _of(np.negative), "Not": _of(np.logical_not), "Or": _of(np.logical_or),
    "PRelu": _of(lambda x, slope: np.where(x < 0, x * slope, x)), "Pow": _of(np.power), "Quant": _quant,
    "Reciprocal": _of(lambda x: 1 / x), "Relu": _of(lambda x: np.maximum(x, 0)), "Round": _of(np.rint), "Selu": _selu,
    "Sigmoid": _curve("sigmoid"), "Sign": _of(np.sign), "Softplus": _curve("softplus"), "Sqrt": _of(np.sqrt), "Sub": _of(np.subtract),
    "Sum": _over_all(np.add), "Tanh": _of(np.tanh), "Where": _of(np.where), "Xor": _of(np.logical_xor),
}  # fmt: skip
"""What operators compute, by type."""

QONNX = frozenset({"BipolarQuant", "Quant", "MultiThreshold"})
"""Of these, operators that are not ONNX's."""

SAME = frozenset({"Identity", "Dropout", "CastLike"})
"""Operators that hand on their first input as it is."""
