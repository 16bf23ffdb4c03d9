"""Convolutions and matrix products, and of which values their sums are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from hyperdrive_sim.importing import axes, functions, windows
from hyperdrive_sim.importing.axes import CHANNEL, COLUMN, IMAGE, ROW, Axis
from hyperdrive_sim.importing.binary import FEW, binary, decided, zeros
from hyperdrive_sim.importing.expression import X
from hyperdrive_sim.importing.maps import ANY_NUMBER, Value
from hyperdrive_sim.importing.plain import Constant, Node
from hyperdrive_sim.importing.reader import Reader
from hyperdrive_sim.importing.steps import Affine
from hyperdrive_sim.importing.thresholds import Integers
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.layers import Conv, Dense
from hyperdrive_sim.network.parameters import Parameters
from hyperdrive_sim.network.window import Slide, Window


def conv(reader: Reader, node: Node) -> Value:
    last = channels_last(node)
    value, weights, bias = reader.value(node, 0), reader.constant(node, 1), reader.constant(node, 2)
    if last:
        value = value._replace(view=axes.transposed(value.view, (0, 3, 1, 2)))
    value = windows.as_map(reader, node, value)
    if weights is None or weights.ndim != 4:
        node.refuse(f"has weights of the shape {_shape(weights)}", "convolutions in two dimensions are understood")
    if last:
        weights = weights.transpose(0, 3, 1, 2)
    groups = int(node.attributes.get("group", 1))
    window = windows.window_of(node, value, weights.shape[2:])
    made = convolved(reader, node, value, weights.transpose(0, 2, 3, 1), bias, window, groups)
    return made._replace(view=axes.transposed(made.view, (0, 2, 3, 1))) if last else made


def convolved(reader: Reader, node: Node, value: Value, weights: Constant, bias: Constant | None, window: Window, groups: int) -> Value:
    """A convolution with weights [out, rows, columns, in]."""
    reader.finite(node, weights, bias)
    weights = _without_zeros(reader, node, weights)
    out, _, _, inputs = weights.shape
    if groups < 1 or inputs * groups != value.map.shape.channels or out % groups:
        taken = f"{inputs * groups} channels in {groups} groups" if groups > 1 else f"{inputs} channels"
        node.refuse(f"has weights for {taken}, its input has {value.map.shape.channels}")
    if bias is not None and bias.shape != (out,):
        node.refuse(f"has {bias.size} offsets for {out} channels")
    signs, own = reader.signs(value), binary(weights)
    source, magnitude = signs or (value._replace(padding=None), 1.0)
    window, pad = _padded(reader, node, value, window, magnitude)
    counts = signs is not None and own is not None
    layer = Conv(
        name=reader.unused(node.name), inputs=("",), out_channels=out, window=window, groups=groups, weights="binary" if own else "real",
        maps="binary" if counts else "real", pad=pad, scale=False, bias=False, relu=False,
    )  # fmt: skip
    lattice = _sums(layer, source.map.shape) if counts else ANY_NUMBER
    values = own.signs if own else weights.astype(np.float32)
    made = reader.made(node, layer, [source._replace(padding=None)], lattice, Parameters(weights=np.ascontiguousarray(values)))
    factor = magnitude * (own.magnitude if own else np.ones(1))
    affine = Affine(factor if np.ptp(factor) else np.asarray(factor[0]), np.asarray(0.0) if bias is None else bias.astype(np.float64))
    return Value(made, functions.applied(affine, node.name), axes.of_map(windows.images(value.view), *made.shape), node.name)


def _without_zeros(reader: Reader, node: Node, weights: Constant) -> Constant:
    """Weights of which those that are 0 become what a sign's 0 does, if that is said. A note says so, or why they are real."""
    gone, zero = zeros(weights), reader.options.zero
    if gone is None:
        return weights
    are = "is" if gone.sum() == 1 else "are"
    said = f"{gone.sum():,} of its {weights.size:,} weights {are} 0, all others of one magnitude in each output channel"
    few = gone.mean() <= FEW
    if zero and few:
        reader.notes.append(f"{node}: {said}; 0 is taken for {zero:+d}")
        return decided(weights, gone, zero)
    cure = "write their sign as torch.where(w >= 0, 1.0, -1.0)"
    if few:
        cure = f"{reader.options.words.zero}, 1 or -1, says what a sign's 0 becomes, or {cure}"
    reader.notes.append(f"{node} has real weights, not binary ones: {said}; {cure}")
    return weights


def _padded(reader: Reader, node: Node, value: Value, window: Window, magnitude: float) -> tuple[Window, Literal[-1, 0, 1]]:
    """The window with the frame of a Pad before it, and the value of the padding in terms of a map's signs."""
    if value.padding is None:
        return window, 0
    pad = value.padding.value / magnitude
    if any(window.pads) and pad:
        node.refuse(f"pads with zeros what is padded with {value.padding.value:g}", "pad once")
    if abs(pad - round(pad)) > 1e-6 or round(pad) not in (-1, 0, 1):
        node.refuse(f"takes a map that is padded with {value.padding.value:g}", "the padding may be -1, 0 or 1")
    return windows.framed(window, value.padding), 1 if pad > 0.5 else -1 if pad < -0.5 else 0


def gemm(reader: Reader, node: Node) -> Value:
    value, weights, bias = reader.value(node, 0), _matrix(reader, node), reader.constant(node, 2)
    if node.attributes.get("transA", 0):
        node.refuse("takes its input transposed", "images are its rows")
    if not node.attributes.get("transB", 0):
        weights = weights.T
    weights = weights * float(node.attributes.get("alpha", 1.0))
    if bias is not None:
        flat = bias.ravel() if bias.size in (1, len(weights)) else bias
        bias = np.broadcast_to(flat, len(weights)) * float(node.attributes.get("beta", 1.0))
    return _dense(reader, node, value, weights, bias)


def matmul(reader: Reader, node: Node) -> Value:
    if node.inputs[0] in reader.constants:
        node.refuse("multiplies a constant by a map", "the map is its first input")
    return _dense(reader, node, reader.value(node, 0), _matrix(reader, node).T, None)


def _matrix(reader: Reader, node: Node) -> Constant:
    """The second input, of two dimensions."""
    weights = reader.constant(node, 1)
    if weights is None or weights.ndim != 2:
        node.refuse(f"has weights of the shape {_shape(weights)}", "a matrix is wanted")
    return weights


def _dense(reader: Reader, node: Node, value: Value, weights: Constant, bias: Constant | None) -> Value:
    """A product of the last dimension with weights [out, in]."""
    view, shape = value.view, value.map.shape
    *others, last = view
    every = sorted(name for name, size in zip((CHANNEL, ROW, COLUMN), shape, strict=True) if size > 1)
    if sorted(set(axes.names(last))) == every:
        return _whole(reader, node, value, weights, bias)
    if axes.names(last) != [CHANNEL]:  # channels last: a product at every pixel
        node.refuse(f"takes {list(axes.sizes(view))}", "flatten the map, or put its channels last")
    if weights.shape[1] != shape.channels:
        node.refuse(f"has weights for {weights.shape[1]} values, {shape.channels} channels come")
    made = convolved(reader, node, value, weights[:, None, None, :], bias, Window.square(1), 1)
    return made._replace(view=(*others, (Axis(CHANNEL, len(weights)),)))


def _whole(reader: Reader, node: Node, value: Value, weights: Constant, bias: Constant | None) -> Value:
    """A product with all values of a map."""
    shape = value.map.shape
    if weights.shape[1] != shape.size:
        problem = f"has weights for {weights.shape[1]:,} values, a map of {shape} has {shape.size:,}"
        node.refuse(problem, f"its {reader.options.words.input_shape} must be the one that it was trained for")
    if value.padding:
        node.refuse("takes a map with a Pad", "pad before a convolution or a pooling")
    reader.finite(node, weights, bias)
    weights = _without_zeros(reader, node, weights)
    placed = np.empty(weights.shape, np.float32)
    placed[:, _order(value.view[-1], shape)] = weights
    kernel = placed.reshape(len(weights), shape.rows, shape.columns, shape.channels)
    vector = (*value.view[:-1], (Axis(CHANNEL, len(weights)),))
    if binary(kernel) is not None:
        made = convolved(reader, node, value, kernel, bias, Window((shape.rows, shape.columns)), 1)
        return made._replace(view=vector)
    signs = reader.signs(value)
    source, magnitude = signs or (value, 1.0)
    layer = Dense(name=reader.unused(node.name), inputs=("",), features=len(weights))
    offsets = np.zeros(len(weights)) if bias is None else bias.astype(np.float64)
    parameters = Parameters(weights=(placed * magnitude).astype(np.float32), bias=offsets)
    return Value(reader.made(node, layer, [source], parameters=parameters), X, vector, node.name)


def _shape(weights: Constant | None) -> list[int]:
    return [] if weights is None else list(weights.shape)


def channels_last(node: Node) -> bool:
    return node.domain == "qonnx.custom_op.channels_last" and node.op == "Conv"


def _order(dimension: Sequence[Axis], shape: Shape) -> Constant:
    """Where each value of a flattened dimension lies in the map as an array (rows, columns, channels)."""
    strides = {ROW: shape.columns * shape.channels, COLUMN: shape.channels, CHANNEL: 1, IMAGE: 0}
    index = np.zeros((), np.int64)
    for axis in dimension:
        index = index[..., None] + np.arange(axis.size) * strides[axis.name] * axis.stride
    return np.asarray(index).ravel()


def _sums(conv: Conv, x: Shape) -> Integers:
    """The sums that a convolution of signs can have."""
    inputs = x.channels // conv.groups
    if conv.pad:
        most = conv.window.taps * inputs
        return Integers(-most, most, 2)
    rows, columns = _there(conv.window.rows, x.rows), _there(conv.window.columns, x.columns)
    products = {row * column * inputs for row in rows for column in columns}
    most = max(products)
    return Integers(-most, most, 2 if len({count % 2 for count in products}) == 1 else 1)


def _there(slide: Slide, size: int) -> set[int]:
    """How many of a window's taps lie on an axis of *size* pixels, at any of its positions."""
    taps = np.arange(slide.kernel) * slide.dilation
    found: set[int] = set()
    positions = slide.positions(size)
    edge = slide.extent // slide.stride + 1
    for position in {*range(min(positions, edge + 1)), *range(max(0, positions - edge - 1), positions)}:
        at = position * slide.stride - slide.before + taps
        found.add(int(((at >= 0) & (at < size)).sum()))
    return found or {0}


ACTS = {"Conv": conv, "Gemm": gemm, "MatMul": matmul}
