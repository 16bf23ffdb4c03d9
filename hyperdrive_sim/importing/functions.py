"""Operators that act on every value of a map by itself, with constants or with another map of the same shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from hyperdrive_sim.importing import axes
from hyperdrive_sim.importing.axes import CHANNEL, Axis, View
from hyperdrive_sim.importing.elementwise import SAME
from hyperdrive_sim.importing.expression import Expression, X, evaluate, ordered, substituted
from hyperdrive_sim.importing.maps import Padding, Value
from hyperdrive_sim.importing.plain import Constant, Node
from hyperdrive_sim.importing.reader import SIGNS, Reader
from hyperdrive_sim.importing.steps import Affine
from hyperdrive_sim.importing.thresholds import Integers, Lattice
from hyperdrive_sim.network.layers import Add


def elementwise(reader: Reader, node: Node) -> Value:
    if node.op in SAME:
        return reader.value(node, 0)
    taken = [reader.values[name] for name in node.inputs if name in reader.values]
    first = taken[0]
    if any(one.map is not first.map for one in taken):
        return _combined(reader, node, taken)
    if any(one.view != first.view or one.padding != first.padding for one in taken):
        node.refuse("combines a map with itself in another shape")
    first = _fitting(reader, node, first)
    arguments = tuple(
        first_or.expression if (first_or := reader.values.get(name)) else _along(reader, node, name, first) for name in node.inputs
    )
    if first.map is not taken[0].map:  # it was flattened for constants that differ from pixel to pixel
        arguments = tuple(X if isinstance(one, Expression) else one for one in arguments)
    expression = Expression(node.op, arguments, node.attributes, node.name)
    ordered(expression)
    if evaluate(expression.alone, np.zeros((1, 1))).shape not in ((1, 1), (first.map.shape.channels, 1)):
        node.refuse("has inputs that do not go together")
    return first._replace(expression=expression, name=node.name, padding=_around(node, expression.alone, first))


def _along(reader: Reader, node: Node, name: str, value: Value) -> Constant:
    """A constant as a number or one for each channel of a map."""
    constant = reader.constants[name] if name else np.zeros(0)
    if not name or (node.op == "Clip" and constant.size <= 1):
        return constant
    if node.op == "MultiThreshold":
        return _thresholds_along(reader, node, constant, value)
    return per_channel(reader, node, constant, value.view, value.map.shape.channels)


def _thresholds_along(reader: Reader, node: Node, constant: Constant, value: Value) -> Constant:
    last = node.attributes.get("data_layout") in ("NHWC", "NWC")
    if constant.ndim != 2:
        node.refuse(f"has thresholds of the shape {list(constant.shape)}", "they are [channels, thresholds]")
    shape = [-1] if last else [-1, *[1] * (len(value.view) - 2)]
    columns = [per_channel(reader, node, column.reshape(shape), value.view, value.map.shape.channels) for column in constant.T]
    return np.stack([np.broadcast_to(column, value.map.shape.channels if column.ndim else 1) for column in columns], axis=1)


def _fitting(reader: Reader, node: Node, value: Value) -> Value:
    """The value or, where a constant differs from pixel to pixel of a flattened map, that map as channels of a single pixel."""
    shape, view = value.map.shape, value.view
    if len(view) != 2 or shape.rows * shape.columns == 1 or value.padding:
        return value
    constants = [reader.constants[name] for name in node.inputs if name in reader.constants]
    if all(_spread(constant, view, shape.channels) is not None for constant in constants):
        return value
    return reader.flattened(node, value)


def per_channel(reader: Reader, node: Node, constant: Constant, view: View, channels: int) -> Constant:
    spread = _spread(constant, view, channels)
    if spread is None:
        problem = f"has a constant of the shape {list(constant.shape)} beside {list(axes.sizes(view))}"
        node.refuse(f"{problem}, which is not one number for each channel", "give the map a constant per channel")
    return spread


def _around(node: Node, function: Expression, value: Value) -> Padding | None:
    """The frame of a map after a *function* of its values."""
    if value.padding is None:
        return None
    found = evaluate(function, np.array([[value.padding.value]]))
    if np.ptp(found) != 0 or not np.isfinite(found).all():
        node.refuse("makes something different of the padding in each channel", "pad after it")
    return value.padding._replace(value=float(found.flat[0]))


def _combined(reader: Reader, node: Node, taken: list[Value]) -> Value:
    """Two maps, or more, as one."""
    if node.op not in ("Add", "Sub", "Sum") or len(taken) != len(node.inputs):
        problem = f"combines the maps '{taken[0].map.name}' and '{taken[-1].map.name}'"
        node.refuse(problem, "sums, differences and concatenations of maps are understood")
    made = taken[0]
    for other in taken[1:]:
        negated = other._replace(expression=Expression("Neg", (other.expression,), {}, node.name)) if node.op == "Sub" else other
        made = _added(reader, node, made, negated)
    return made


def _added(reader: Reader, node: Node, one: Value, other: Value) -> Value:
    if one.padding or other.padding or axes.sizes(one.view) != axes.sizes(other.view):
        node.refuse(f"adds {list(axes.sizes(one.view))} and {list(axes.sizes(other.view))}", "both must have one shape, without a Pad")
    if one.map.shape != other.map.shape or one.view != other.view:
        one, other = reader.in_order(node, one), reader.in_order(node, other)
    if weighed := _weighed(reader, one, other):
        first, second, gain, affine = weighed
        layer = Add(name=reader.unused(node.name), inputs=("", ""), gain=gain, relu=False)
        made = reader.made(node, layer, [first, second], _sum_of(first.map.lattice, second.map.lattice, gain))
        return Value(made, applied(affine, node.name), one.view, node.name)
    made = reader.made(node, Add(name=reader.unused(node.name), inputs=("", ""), relu=False), [one, other])
    return Value(made, X, one.view, node.name)


def _weighed(reader: Reader, one: Value, other: Value) -> tuple[Value, Value, int, Affine] | None:
    """Two maps of integers with a common factor: the sums, what is added to them, how often, and what is done to the result."""
    pairs = [(value, linear(reader, value)) for value in (one, other)]
    for (first, a), (second, b) in (pairs, pairs[::-1]):
        if a is None or b is None or not first.map.is_integer or first.map.lattice == SIGNS or not second.map.is_integer:
            continue
        if a.factor.size != 1 or b.factor.size != 1 or not a.factor:
            continue
        gain = float(b.factor.ravel()[0] / a.factor.ravel()[0])
        if gain == round(gain) and 1 <= gain <= 2**15:
            bare = first._replace(expression=X), second._replace(expression=X)
            return *bare, int(gain), Affine(a.factor, a.offset + b.offset)
    return None


def linear(reader: Reader, value: Value) -> Affine | None:
    found = reader.steps(value)
    if isinstance(found, Expression) or len(found) > 1:
        return None
    step = found[0] if found else Affine(np.asarray(1.0), np.asarray(0.0))
    return step if isinstance(step, Affine) else None


def batch_norm(reader: Reader, node: Node) -> Value:
    if node.attributes.get("training_mode", 0) or sum(bool(name) for name in node.outputs) > 1:
        node.refuse("is in training mode", "call model.eval() before the export")
    value = reader.value(node, 0)
    scale, bias, mean, variance = (reader.constant(node, number) for number in range(1, 5))
    if scale is None or bias is None or mean is None or variance is None or len({one.shape for one in (scale, bias, mean, variance)}) > 1:
        node.refuse("lacks a constant, or has them of different lengths")
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + node.attributes.get("epsilon", 1e-5))
    offset = bias.astype(np.float64) - mean.astype(np.float64) * factor
    reader.finite(node, factor, offset)
    value = _batch_normed(reader, node, value, len(factor))
    shape = [-1, *[1] * (len(value.view) - 2)]
    a, b = (per_channel(reader, node, one.reshape(shape), value.view, value.map.shape.channels) for one in (factor, offset))
    function = Expression("Add", (Expression("Mul", (X, a), {}, node.name), b), {}, node.name)
    return value._replace(
        expression=substituted(function, value.expression), name=node.name, padding=_around(node, function, value)
    )  # fmt: skip


def _batch_normed(reader: Reader, node: Node, value: Value, channels: int) -> Value:
    """The value, flattened where a batch norm is of single values and not of a map's channels."""
    shape = value.map.shape
    if len(value.view) == 2 and shape.rows * shape.columns > 1 and channels == shape.size:
        return reader.flattened(node, value)
    return value


def _spread(constant: Constant, view: View, channels: int) -> Constant | None:
    """A constant beside a view as a number or one for each channel [channels]; None where it differs along another axis."""
    if not constant.size:
        return None
    if constant.size == 1 or np.ptp(constant.astype(np.float64)) == 0:
        return np.asarray(constant.ravel()[0])
    shape = constant.shape
    while len(shape) > len(view) and shape[0] == 1:
        shape = shape[1:]
    if len(shape) > len(view):
        return None
    shape = (1,) * (len(view) - len(shape)) + shape
    parts: list[int] = []
    for size, dimension in zip(shape, view, strict=True):
        there = [axis.size for axis in dimension]
        if size not in (1, prod(there)):
            return None
        parts += there if size == prod(there) else [1] * len(there)
    flat = [axis for dimension in view for axis in dimension]
    found = constant.reshape(parts)
    for number, axis in enumerate(flat):
        if axis.name != CHANNEL:
            if found.shape[number] > 1 and not (found == found.take([0], number)).all():
                return None
            found = found.take([0], number)
    if prod(found.shape) == 1:
        return np.asarray(found.ravel()[0])
    index = _index(flat)
    made = np.empty(channels, found.dtype)
    made[index.ravel()] = np.broadcast_to(found, index.shape).ravel()
    return made


def _index(flat: Sequence[Axis]) -> Constant:
    """The number of the channel at every place of a view's axes, those of rows and columns being of size 1."""
    index = np.zeros((1,) * len(flat), np.int64)
    for number, axis in enumerate(flat):
        if axis.name == CHANNEL:
            place = [1] * len(flat)
            place[number] = axis.size
            index = index + (np.arange(axis.size) * axis.stride).reshape(place)
    return index


def applied(affine: Affine, name: str) -> Expression:
    """X times a factor plus an offset, without what changes nothing."""
    made = X
    if not (affine.factor == 1).all():
        made = Expression("Mul", (made, affine.factor), {}, name)
    if affine.offset.any():
        made = Expression("Add", (made, affine.offset), {}, name)
    return made


def _sum_of(one: Lattice, other: Lattice, gain: int) -> Lattice:
    """The integers that a sum of two maps of integers can have."""
    assert isinstance(one, Integers)
    assert isinstance(other, Integers)
    step = 2 if one.step == 2 and other.step * gain % 2 == 0 else 1
    return Integers(one.low + gain * other.low, one.high + gain * other.high, step)


ACTS = {"BatchNormalization": batch_norm}
