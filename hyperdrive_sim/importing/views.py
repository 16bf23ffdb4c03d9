"""Operators that move values and compute nothing: other orders and shapes of axes, channels cut and put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from hyperdrive_sim.importing import axes, folding
from hyperdrive_sim.importing.axes import CHANNEL, Axis
from hyperdrive_sim.importing.maps import Value
from hyperdrive_sim.importing.plain import Constant, Node
from hyperdrive_sim.importing.reader import Reader
from hyperdrive_sim.network.layers import AXES, Concat, Slice


def concat(reader: Reader, node: Node) -> Value:
    values = [reader.value(node, number) for number in range(len(node.inputs))]
    count = len(values[0].view)
    axis = int(node.attributes.get("axis", 1)) % max(1, count)
    if any(len(value.view) != count or value.padding for value in values):
        node.refuse("puts maps of different dimensions side by side")
    values = [reader.in_order(node, value) for value in values]
    if any(set(axes.names(value.view[axis])) - {CHANNEL} or axes.sizes(value.view)[axis] != value.map.shape.channels for value in values):
        node.refuse(f"puts maps side by side along their {_plural(values[0].view[axis])}", "all channels of maps can be put together")
    sources, behind, lattice = reader.moved(values)
    made = reader.made(node, Concat(name=reader.unused(node.name), inputs=("",) * len(values)), sources, lattice)
    view = list(values[0].view)
    view[axis] = (Axis(CHANNEL, made.shape.channels),)
    return Value(made, behind, tuple(view), node.name)


def _cut(reader: Reader, node: Node, value: Value, axis: int, cut: range) -> Value:
    """Some of the places along an axis of a view."""
    if cut == range(axes.sizes(value.view)[axis]):
        return value
    what = _plural(value.view[axis])
    along = next((one for one in AXES if one == what), None)
    if along is None or value.padding:
        node.refuse(f"takes some {what}" + (" of a map with a Pad" if value.padding else ""), "rows, columns and channels can be cut")
    if not cut or cut.step < 1:
        node.refuse(f"takes {what} from the last one to the first" if cut else f"takes no {what}")
    if len(value.view[axis]) > 1:
        value = reader.in_order(node, value)
    parts = [one for one in value.view[axis] if one.size > 1]
    view = list(value.view)
    view[axis] = tuple(one._replace(size=len(cut)) for one in parts)
    if what == "channels":
        cut = _runs(node, value, parts, cut)
    sources, behind, lattice = reader.moved([value])
    layer = Slice(name=reader.unused(node.name), inputs=("",), axis=along, start=cut.start, stop=cut[-1] + 1, step=cut.step)
    return Value(reader.made(node, layer, sources, lattice), behind, tuple(view), node.name)


def _plural(dimension: Sequence[Axis]) -> str:
    """What lies along a dimension of a view."""
    found = dict.fromkeys(axes.names(dimension) or (axis.name for axis in dimension))
    return " and ".join(f"{name}s" for name in found) or "values"


def _runs(node: Node, value: Value, parts: Sequence[Axis], cut: range) -> range:
    """Some of all channels or, where these are cut into runs of one length, all channels of some runs."""
    channels = value.map.shape.channels
    if len(parts) != 1 or parts[0].size * parts[0].stride != channels or (cut.step > 1 and parts[0].stride > 1):
        node.refuse("takes some of the channels of each group", "take whole groups that lie side by side")
    stride = parts[0].stride
    return range(cut.start * stride, (cut[-1] + 1) * stride, cut.step)


def split(reader: Reader, node: Node) -> list[Value]:
    value = reader.value(node, 0)
    axis = int(node.attributes.get("axis", 0)) % len(value.view)
    size, made, start = axes.sizes(value.view)[axis], [], 0
    for part in folding.parts(reader.constants_of(node), node.attributes, len(node.outputs), size):
        made.append(_cut(reader, node, value, axis, range(start, start + part)))
        start += part
    return made


def pick(reader: Reader, node: Node) -> Value:
    """One map of a list that a map was split into. Only those are made that are picked."""
    source = reader.lists[node.inputs[0]]
    value, parts, number = reader.value(source, 0), reader.constant(source, 1), reader.constant(node, 1)
    axis = int(source.attributes.get("axis", 0)) % len(value.view)
    if parts is None or number is None or not parts.size or parts.min() < 1:
        node.refuse("takes a map of a list whose sizes are not known", "give the size of each piece")
    return _cut(reader, node, value, axis, _piece(parts, int(number), axes.sizes(value.view)[axis]))


def _piece(parts: Constant, number: int, size: int) -> range:
    """Places of a piece of an axis that is cut into pieces of certain sizes or, by a single number, of the same."""
    if parts.ndim:
        ends = np.cumsum(parts).tolist()
        return range(ends[number] - int(parts[number]), ends[number])
    each = int(parts)
    start = range(0, size, each)[number]
    return range(start, min(start + each, size))


def slice_(reader: Reader, node: Node) -> Value:
    value = reader.value(node, 0)
    for axis, cut in folding.slices(reader.constants_of(node), node.attributes, len(value.view)).items():
        value = _cut(reader, node, value, axis, range(axes.sizes(value.view)[axis])[cut])
    return value


def transpose(reader: Reader, node: Node) -> Value:
    value = reader.value(node, 0)
    order = node.attributes.get("perm") or tuple(reversed(range(len(value.view))))
    return value._replace(view=axes.transposed(value.view, order))


def reshape(reader: Reader, node: Node) -> Value:
    value = reader.value(node, 0)
    shape = folding.integers(reader.constants_of(node), 1, node.attributes, "shape")
    if shape is None:
        node.refuse("has no shape")
    return _viewed(reader, node, value, shape)


def flatten(reader: Reader, node: Node) -> Value:
    value = reader.value(node, 0)
    before, axis = axes.sizes(value.view), int(node.attributes.get("axis", 1))
    return _viewed(reader, node, value, (prod(before[:axis]), prod(before[axis:])))


def squeeze(reader: Reader, node: Node) -> Value:
    value = reader.value(node, 0)
    before, listed = axes.sizes(value.view), folding.integers(reader.constants_of(node), 1, node.attributes, "axes")
    which = {axis % len(before) for axis in listed} if listed is not None else {n for n, size in enumerate(before) if size == 1}
    if any(before[axis] != 1 for axis in which):
        node.refuse(f"takes away axes of {list(before)} that are not of size 1")
    return value._replace(view=tuple(one for n, one in enumerate(value.view) if n not in which))


def unsqueeze(reader: Reader, node: Node) -> Value:
    value = reader.value(node, 0)
    listed = folding.integers(reader.constants_of(node), 1, node.attributes, "axes") or ()
    count = len(value.view) + len(listed)
    which, rest = {axis % count for axis in listed}, iter(value.view)
    return value._replace(view=tuple(() if n in which else next(rest, ()) for n in range(count)))


def _viewed(reader: Reader, node: Node, value: Value, shape: Sequence[int]) -> Value:
    view = axes.reshaped(value.view, shape)
    if value.padding and view != value.view:
        node.refuse("reshapes a map with a Pad", "pad before a convolution or a pooling")
    return value._replace(view=view)


ACTS: dict[str, Callable[[Reader, Node], Value | list[Value]]] = {
    "Concat": concat, "Split": split, "Slice": slice_, "Transpose": transpose, "Reshape": reshape, "Flatten": flatten,
    "Squeeze": squeeze, "Unsqueeze": unsqueeze,
}  # fmt: skip

SPLIT_TO_LIST, PICK = "SplitToSequence", "SequenceAt"
"""Operators that make a list of maps, and that take one of them."""
