"""Which maps a model has, and which function of which map each operator takes: one pass over its nodes.

Constants are computed on the way. Operators that act on every value by itself are gathered into expressions, changes of axes into views,
frames into paddings; every other operator makes a map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.importing import axes, folding, functions, pads, products, views, windows
from hyperdrive_sim.importing.axes import Unfit, View
from hyperdrive_sim.importing.elementwise import ELEMENTWISE, QONNX, QONNX_DOMAINS
from hyperdrive_sim.importing.expression import X
from hyperdrive_sim.importing.folding import Unfoldable
from hyperdrive_sim.importing.maps import Map, Value
from hyperdrive_sim.importing.plain import Model, Node, shortened
from hyperdrive_sim.importing.products import channels_last
from hyperdrive_sim.importing.reader import Reader
from hyperdrive_sim.network.box import MOST_SIDE, Shape

LEFT_OUT = frozenset({"Softmax", "LogSoftmax", "ArgMax", "Hardmax", "TopK"})
"""Operators at the end of a classifier that do not change which class is the largest."""

_IN_ORDER = frozenset({"Softmax", "LogSoftmax"})
"""Of these, operators whose values are in the order of those before: others may follow, such as an ArgMax."""

_ARRANGING = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Cast", "CastLike", "Dropout"})
"""Operators that arrange values and change none: what is left out before them leaves nothing for them to do."""

SIZES = frozenset({"Shape", "Size"})
"""Operators that make constants of the shape of a map."""

_BATCH_NORM = "take a batch norm in its place"
_INTEGERS = "this form holds integers of eight bits; export binary layers as QONNX or as float"

_HELP = {
    **dict.fromkeys(("LSTM", "GRU", "RNN"), "recurrent networks are not simulated"),
    **dict.fromkeys(("Loop", "Scan"), "unroll it before the export"),
    **dict.fromkeys(("LayerNormalization", "InstanceNormalization", "GroupNormalization", "LRN"), _BATCH_NORM),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), _INTEGERS),
    **dict.fromkeys(("NonMaxSuppression", "NonZero"), "export the network without what is done to its outputs"),
    "If": "export one of its branches",
    "ConvTranspose": "take an upsampling and a convolution in its place",
    "DepthToSpace": "take an upsampling in its place",
    "SpaceToDepth": "take a convolution with stride in its place",
    "Einsum": "write it as a convolution or a matrix product",
}
"""What would help with operators that are not understood."""

Act = Callable[[Reader, Node], "Value | list[Value]"]

_ACTS: Mapping[str, Act] = {**products.ACTS, **windows.ACTS, **pads.ACTS, **views.ACTS, **functions.ACTS}
"""What makes a map, or another view of one, by the operator's type."""


def read(reader: Reader) -> tuple[Value, ...]:
    """Read a model; returns the values that are its outputs. Raises InvalidInput for what is not understood."""
    _enter(reader)
    for node in map(reader.named, reader.model.nodes):
        try:
            _node(reader, node)
        except (Unfoldable, Unfit) as error:
            node.refuse(str(error))
        except OverflowError:
            node.refuse("follows too many others that act on every value by itself", "simplify the graph")
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            # no schema says of what type and shape a stranger's attributes and constants are; numpy does where they are used
            node.refuse(f"has inputs or attributes that do not go together: {str(error) or type(error).__name__}")
    missing = [name for name in reader.model.outputs if name not in reader.values]
    if missing or not reader.model.outputs:
        name = shortened(missing[0]) if missing else ""
        raise InvalidInput.at("network", f"output '{name}' of '{reader.model.name}' does not follow from its inputs")
    makers = {name: node for node in reader.model.nodes for name in node.outputs}
    return tuple(_left(reader, makers.get(name), reader.values[name]) for name in reader.model.outputs)


def _left(reader: Reader, maker: Node | None, value: Value) -> Value:
    """An output, its channels in the order of the model. How its axes are arranged is not kept: a map is a map."""
    if maker is None or axes.shuffle(value.view) == 1:
        return value
    return reader.in_order(maker, value)


def _enter(reader: Reader) -> None:
    wanted = reader.options.input_shape
    if wanted and len(reader.model.inputs) > 1:
        raise InvalidInput.at("input_shape", f"is one shape, '{reader.model.name}' has {len(reader.model.inputs)} inputs", "leave it out")
    for name, sizes in reader.model.inputs.items():
        view, shape = _input_view(reader, name, sizes, wanted)
        taken = Map(reader.unused(name), shape)
        reader.inputs.append(taken)
        reader.values[name] = Value(taken, X, view, taken.name)
    if not reader.inputs:
        raise InvalidInput.at("network", f"'{reader.model.name}' has no inputs")


def _input_view(reader: Reader, name: str, sizes: tuple[int | None, ...], wanted: Sequence[int] | None) -> tuple[View, Shape]:
    last = _enters_channels_last(reader.model, name)
    if len(sizes) == 2:
        sizes = (*sizes, 1, 1)
    elif len(sizes) == 3 and not last:
        sizes = (1, *sizes)
    if len(sizes) != 4:
        raise InvalidInput.at("network", f"input '{shortened(name)}' has {len(sizes)} dimensions", "take [images, channels, rows, columns]")
    images, *rest = sizes
    channels, rows, columns = (rest[2], rest[0], rest[1]) if last else rest
    if wanted:
        if channels not in (None, wanted[0]):
            problem = f"has {wanted[0]} channels, '{reader.model.name}' takes {channels}"
            raise InvalidInput.at("input_shape", problem, f"it is {reader.options.words.sizes}")
        channels, rows, columns = wanted
    if channels is None or rows is None or columns is None:
        open_sizes = f"input '{shortened(name)}' of '{reader.model.name}' leaves sizes open"
        raise InvalidInput.at("input_shape", f"is missing: {open_sizes}", f"give {reader.options.words.sizes}")
    if max(channels, rows, columns) > MOST_SIDE or (images or 1) > MOST_SIDE:
        raise InvalidInput.at("network", f"input '{shortened(name)}' has a side of more than {MOST_SIDE:,}")
    shape = Shape(channels, rows, columns)
    if len(reader.model.inputs[name]) == 2:
        return axes.of_vector(images or 1, channels), shape
    view = axes.of_map(images or 1, *shape)
    if len(reader.model.inputs[name]) == 3 and not last:
        view = view[1:]
    return (axes.transposed(view, (0, 2, 3, 1)) if last else view), shape


def _node(reader: Reader, node: Node) -> None:
    if node.domain and not (node.domain in QONNX_DOMAINS and node.op in QONNX) and not channels_last(node):
        node.refuse(f"is of the domain '{shortened(node.domain)}', which is not known", "export with ONNX's own operators or as QONNX")
    if any(name in reader.values or name in reader.constants for name in node.outputs if name):
        node.refuse("makes what another operator has made already")
    if any(name in reader.lists for name in node.inputs):
        _pick(reader, node)
        return
    unknown = [name for name in node.inputs if name and name not in reader.values and name not in reader.constants]
    if unknown:
        node.refuse(f"takes '{shortened(unknown[0])}', which nothing before it makes", "a graph must be in order and without cycles")
    taken = [reader.values.get(name) for name in node.inputs]
    if node.op == "CastLike":  # what it takes besides says a type alone
        taken = taken[:1]
    if not any(taken):
        _fold(reader, node)
        return
    ended = next((one for one in taken if one and one.ended), None)
    if ended and node.op in _ARRANGING and taken[0] is ended:
        reader.values |= dict.fromkeys(node.outputs, ended)
        return
    if ended and not (node.op in LEFT_OUT and ended.ended in _IN_ORDER):
        node.refuse(f"takes what {ended.ended} makes", f"{ended.ended} is understood only where a network ends")
    _act(reader, node)


def _pick(reader: Reader, node: Node) -> None:
    if node.op != views.PICK or node.inputs[0] not in reader.lists:
        node.refuse("takes a list of maps", "take its maps one by one")
    reader.values[node.outputs[0]] = views.pick(reader, node)


def _fold(reader: Reader, node: Node) -> None:
    if not folding.foldable(node):
        node.refuse("is computed from constants alone and is not understood", _HELP.get(node.op, ""))
    inputs = [reader.constants.get(name) for name in node.inputs]
    for name, made in zip(node.outputs, folding.folded(node, inputs, len(node.outputs), reader.budget), strict=False):
        reader.constants[name] = made
    reader.folded(node)


def _act(reader: Reader, node: Node) -> None:
    if node.op in SIZES:
        shape = axes.sizes(reader.value(node, 0).view)
        reader.constants[node.outputs[0]] = folding.sizes(shape, node.attributes) if node.op == "Shape" else np.asarray(prod(shape))
        return
    if node.op == views.SPLIT_TO_LIST:
        reader.lists[node.outputs[0]] = node
        return
    known = _ACTS.get(node.op)
    if known is not None:
        made = known(reader, node)
    elif node.op in ELEMENTWISE:
        made = functions.elementwise(reader, node)
    elif node.op in LEFT_OUT:
        made = [reader.value(node, 0)._replace(ended=node.op)] * len(node.outputs)
        reader.notes.append(f"{node} is left out: it does not change which class is the largest")
    else:
        node.refuse("is not understood", _HELP.get(node.op, "see the README for the operators that are"))
    for name, value in zip(node.outputs, made if isinstance(made, list) else [made], strict=False):
        reader.values[name] = value


def _enters_channels_last(model: Model, name: str) -> bool:
    """True if an input is transposed from channels last before anything else than functions of every value reads it."""
    readers: dict[str, list[Node]] = {}
    for node in model.nodes:
        for taken in node.inputs:
            readers.setdefault(taken, []).append(node)
    seen = {name}
    todo = [name]
    while todo:
        for node in readers.get(todo.pop(), ()):
            if node.op == "Transpose":
                return tuple(node.attributes.get("perm") or ()) == (0, 3, 1, 2)
            if channels_last(node):
                return True
            if node.op in ELEMENTWISE and node.outputs and node.outputs[0] not in seen:
                seen.add(node.outputs[0])
                todo.append(node.outputs[0])
    return False
