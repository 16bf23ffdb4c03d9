"""Operators that look at a map through a window, and enlargements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from hyperdrive_sim.importing import axes, folding, functions
from hyperdrive_sim.importing.axes import COLUMN, IMAGE, ROW, Axis, View
from hyperdrive_sim.importing.expression import Expression, X
from hyperdrive_sim.importing.maps import ANY_NUMBER, Padding, Value
from hyperdrive_sim.importing.plain import Node
from hyperdrive_sim.importing.reader import SIGNS, Reader
from hyperdrive_sim.network.box import MOST_SIDE, Shape
from hyperdrive_sim.network.layers import GlobalMean, Layer, MaxPool, MeanPool, Upsample
from hyperdrive_sim.network.window import Window


def window_of(node: Node, value: Value, kernel: Sequence[int]) -> Window:
    """A node's window, without the frame that a Pad before it has made."""
    kernel_size, stride, dilation = (_pair(node, pair) for pair in (kernel, *(node.attributes.get(key, (1, 1)) for key in _SLIDES)))
    window = Window(kernel_size, stride, dilation)
    window = window._replace(pads=_auto_pads(node, value, window) or _four(node, node.attributes.get("pads", (0, 0, 0, 0))))
    if faults := list(window.faults()):
        node.refuse("; ".join(faults))
    if max(*window.kernel, *window.stride, *window.dilation, *window.pads) > MOST_SIDE:
        node.refuse(f"has a window with sizes of more than {MOST_SIDE:,}")
    if node.attributes.get("ceil_mode", 0):
        window = _rounded_up(_seen(value), window)
    return window


_SLIDES = ("strides", "dilations")


def _pair(node: Node, listed: object) -> tuple[int, int]:
    if not isinstance(listed, Sequence) or len(listed) != 2:
        node.refuse(f"has a window of {listed} in other than two dimensions", "rows and columns are wanted")
    return int(listed[0]), int(listed[1])


def _four(node: Node, listed: object) -> tuple[int, int, int, int]:
    if not isinstance(listed, Sequence) or len(listed) != 4:
        node.refuse(f"has the pads {listed}", "four are wanted: top, left, bottom, right")
    return int(listed[0]), int(listed[1]), int(listed[2]), int(listed[3])


def _seen(value: Value) -> Shape:
    """The shape of a map with the frame that a Pad has put around it."""
    top, left, bottom, right = value.padding.pads if value.padding else (0, 0, 0, 0)
    shape = value.map.shape
    return shape._replace(rows=shape.rows + top + bottom, columns=shape.columns + left + right)


def framed(window: Window, padding: Padding) -> Window:
    """The window with what a Pad before it has put around the map."""
    (a, b, c, d), (e, f, g, h) = window.pads, padding.pads
    return window._replace(pads=(a + e, b + f, c + g, d + h))


def _auto_pads(node: Node, value: Value, window: Window) -> tuple[int, int, int, int] | None:
    kind = node.attributes.get("auto_pad", "NOTSET")
    if kind in ("NOTSET", ""):
        return None
    if kind == "VALID":
        return (0, 0, 0, 0)
    shape = _seen(value)
    pairs = []
    for slide, size in ((window.rows, shape.rows), (window.columns, shape.columns)):
        total = max(0, (-(-size // max(1, slide.stride)) - 1) * slide.stride + slide.extent - size)
        less, more = total // 2, total - total // 2
        pairs.append((less, more) if kind == "SAME_UPPER" else (more, less))
    return pairs[0][0], pairs[1][0], pairs[0][1], pairs[1][1]


def _rounded_up(shape: Shape, window: Window) -> Window:
    """A window whose number of positions is rounded up: more pixels behind the map, as far as a position begins on it or before."""
    behind = []
    for slide, size in ((window.rows, shape.rows), (window.columns, shape.columns)):
        positions = -(-(size + slide.before + slide.after - slide.extent) // slide.stride) + 1
        if (positions - 1) * slide.stride >= size + slide.before:
            positions -= 1
        behind.append(max(slide.after, (positions - 1) * slide.stride + slide.extent - size - slide.before))
    top, left, _, _ = window.pads
    return window._replace(pads=(top, left, behind[0], behind[1]))


def max_pool(reader: Reader, node: Node) -> Value:
    value = as_map(reader, node, reader.value(node, 0))
    kernel = node.attributes.get("kernel_shape") or _seen(value)[1:]
    window = window_of(node, value, kernel)
    if value.padding:
        window = _pool_pads(reader, node, value, window)
    _refuse_padding_alone(node, window, value.map.shape)
    (source,), behind, lattice = reader.moved([value])
    if lattice is not SIGNS:
        source, behind = _bare_sums(reader, value)
        lattice = source.lattice
    layer = MaxPool(name=reader.unused(node.name), inputs=("",), window=window)
    made = reader.made(node, layer, [source._replace(padding=None)], lattice)
    return Value(made, behind, axes.of_map(images(value.view), *made.shape), node.name)


def _bare_sums(reader: Reader, value: Value) -> tuple[Value, Expression]:
    """A map of sums without its factor and offset, and these: the largest of rising values is the value of the largest."""
    affine = functions.linear(reader, value) if value.map.is_integer else None
    if affine is None or not (affine.factor > 0).all():
        return value, X
    return value._replace(expression=X), value.expression


def _pool_pads(reader: Reader, node: Node, value: Value, window: Window) -> Window:
    """A Pad before a max pooling is none of its own only where it may be larger than what else lies under a window."""
    assert value.padding is not None
    found, filling = reader.threshold(value), value.padding.value
    least = reader.bounds(value)[0] if found is None else float((found.middle - found.half).min())
    if filling > least:
        problem = f"takes the largest of a map that is padded with {filling:g} and may have smaller values"
        node.refuse(problem, "pad with the smallest value, or not at all")
    return framed(window, value.padding)


def _refuse_padding_alone(node: Node, window: Window, shape: Shape) -> None:
    """Raises InvalidInput for a window under which there may be padding alone, at one of its positions."""
    for slide, size in ((window.rows, shape.rows), (window.columns, shape.columns)):
        if max(slide.before, slide.after) >= slide.extent or (any((slide.before, slide.after)) and slide.dilation > size):
            node.refuse(f"has windows that lie in its padding {window.pads} alone", "pad by less than the window's size")


def mean_pool(reader: Reader, node: Node) -> Value:
    value = as_map(reader, node, reader.value(node, 0))
    shape, kernel = value.map.shape, node.attributes.get("kernel_shape") or _seen(value)[1:]
    window = window_of(node._replace(attributes={**node.attributes, "ceil_mode": 0}), value, kernel)
    own, rounded = any(window.pads), window_of(node, value, kernel)
    counts = bool(node.attributes.get("count_include_pad", 0)) or not own
    if rounded != window:  # what lies behind the padding is never counted
        if own and counts:
            node.refuse("rounds the number of its windows up and counts padding", "set ceil_mode=False")
        window, counts = rounded, False
    if value.padding:
        if value.padding.value or (any(window.pads) and not counts):
            node.refuse(f"takes the mean of a map that is padded with {value.padding.value:g}", "pad with zeros")
        window = framed(window, value.padding)
    whole = window.kernel == tuple(shape[1:]) and not any(window.pads) and window.dilation == (1, 1)
    name = reader.unused(node.name)
    layer: Layer = GlobalMean(name=name, inputs=("",)) if whole else MeanPool(name=name, inputs=("",), window=window, count_pads=counts)
    made = reader.made(node, layer, [value._replace(padding=None)])
    return Value(made, X, axes.of_map(images(value.view), *made.shape), node.name)


def reduced(reader: Reader, node: Node) -> Value:
    """A mean or a maximum over rows and columns."""
    value = reader.value(node, 0)
    listed, count = folding.integers(reader.constants_of(node), 1, node.attributes, "axes"), len(value.view)
    if not listed and node.attributes.get("noop_with_empty_axes", 0):
        return value
    which = {axis % count for axis in listed or range(count)}
    whole = not listed and value.map.shape.channels > 1
    over = [name for n, dimension in enumerate(value.view) if n in which for name in axes.names(dimension)]
    kept = [name for n, dimension in enumerate(value.view) if n not in which for name in axes.names(dimension)]
    if whole or set(over) - {ROW, COLUMN} or set(kept) & {ROW, COLUMN} or value.padding:
        node.refuse("sums up other than rows and columns", "a mean over all pixels of each channel is understood")
    name, shape = reader.unused(node.name), value.map.shape
    window = Window((shape.rows, shape.columns))
    layer: Layer = GlobalMean(name=name, inputs=("",)) if node.op == "ReduceMean" else MaxPool(name=name, inputs=("",), window=window)
    sources, behind, lattice = reader.moved([value]) if isinstance(layer, MaxPool) else ([value], X, ANY_NUMBER)
    made = reader.made(node, layer, sources, lattice)
    single = [(Axis(ROW, 1),) if n in which else dimension for n, dimension in enumerate(value.view)]
    kept_dims = single if node.attributes.get("keepdims", 1) else [one for n, one in enumerate(single) if n not in which]
    return Value(made, behind, tuple(kept_dims), node.name)


def upsample(reader: Reader, node: Node) -> Value:
    value = as_map(reader, node, reader.value(node, 0))
    if value.padding:
        node.refuse("enlarges a map with a Pad", "pad afterwards")
    if node.attributes.get("mode", "nearest") != "nearest":
        node.refuse(f"enlarges a map by '{node.attributes['mode']}'", "only 'nearest' is understood")
    factors = _factors(reader, node, value)
    if len(factors) != 4 or factors[:2] != [1, 1] or factors[2] != factors[3] or not 1 <= factors[2] <= MOST_SIDE or factors[2] % 1:
        said = " x ".join(f"{factor:g}" for factor in factors) or "what is not known"
        node.refuse(f"enlarges a map by {said}", "take one whole number for rows and columns, and 1 for images and channels")
    if node.op == "Resize" and not _repeats(node, int(factors[2])):
        node.refuse("enlarges a map by other than repeating its pixels", "take coordinates of 'half_pixel', or 'asymmetric' with 'floor'")
    sources, behind, lattice = reader.moved([value])
    made = reader.made(node, Upsample(name=reader.unused(node.name), inputs=("",), factor=int(factors[2])), sources, lattice)
    return Value(made, behind, axes.of_map(images(value.view), *made.shape), node.name)


def _repeats(node: Node, factor: int) -> bool:
    """True if the nearest pixel, as a Resize looks for it, is the one that lies under it."""
    where, rounding = (str(node.attributes.get(key, default)) for key, default in _NEAREST.items())
    if where == "asymmetric":
        return rounding == "floor" or (rounding == "round_prefer_floor" and factor <= 2)
    return where in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric") and rounding.startswith("round_prefer")


_NEAREST = {"coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_floor"}
"""Attributes of a Resize and their defaults."""


def _factors(reader: Reader, node: Node, value: Value) -> list[float]:
    """The factors of images, channels, rows and columns; none if they are not all there."""
    there, count = axes.sizes(value.view), len(value.view)
    which = [int(axis) % count for axis in node.attributes.get("axes") or range(count)]
    given = [one for one in reader.constants_of(node)[1:] if one is not None and one.size == len(which)]
    listed = given[-1].ravel() if given else np.asarray(node.attributes.get("scales") or ())
    if listed.size != len(which):
        return []
    factors = [1.0] * count
    for axis, one in zip(which, listed, strict=True):
        factors[axis] = float(one) / there[axis] if node.op == "Resize" and listed.dtype.kind in "iu" else float(one)
    return factors


def as_map(reader: Reader, node: Node, value: Value) -> Value:
    """A value as a map with rows and columns. Raises InvalidInput for any other view of one."""
    if not axes.is_map(value.view):
        node.refuse(f"takes {list(axes.sizes(value.view))}", "it must be [images, channels, rows, columns]")
    return reader.in_order(node, value)


def images(view: View) -> int:
    return prod(axis.size for dimension in view for axis in dimension if axis.name == IMAGE)


ACTS = {
    "MaxPool": max_pool, "GlobalMaxPool": max_pool, "AveragePool": mean_pool, "GlobalAveragePool": mean_pool,
    "ReduceMean": reduced, "ReduceMax": reduced, "Upsample": upsample, "Resize": upsample,
}  # fmt: skip
