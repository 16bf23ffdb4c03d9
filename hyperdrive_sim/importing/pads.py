"""What a Pad puts around a map: a frame of pixels, which a later window takes in, and channels of zeros."""

from __future__ import annotations

import numpy as np

from hyperdrive_sim.importing import axes, folding
from hyperdrive_sim.importing.axes import CHANNEL, COLUMN, ROW, Axis
from hyperdrive_sim.importing.expression import X
from hyperdrive_sim.importing.maps import Padding, Value
from hyperdrive_sim.importing.plain import Node
from hyperdrive_sim.importing.reader import Reader
from hyperdrive_sim.network.box import MOST_SIDE
from hyperdrive_sim.network.layers import ChannelPad


def pad(reader: Reader, node: Node) -> Value:
    value, given = reader.value(node, 0), reader.constants_of(node)
    pads = folding.integers(given, 1, node.attributes, "pads") or ()
    number = given[2] if len(given) > 2 else None
    filling = float(number.ravel()[0]) if number is not None and number.size else float(node.attributes.get("value", 0.0))
    count = len(value.view)
    if len(pads) != 2 * count and len(given) > 3 and given[3] is not None:  # for some axes only
        full = [0] * (2 * count)
        for place, axis in enumerate(int(one) % count for one in given[3].ravel()):
            full[axis], full[axis + count] = pads[place], pads[place + given[3].size]
        pads = tuple(full)
    if not any(pads):
        return value
    if np.isnan(filling):
        node.refuse("pads with what is no number")
    if node.attributes.get("mode", "constant") != "constant" or len(pads) != 2 * count or min(pads) < 0 or max(pads) > MOST_SIDE:
        node.refuse("pads a map in a way that is not understood", "pad with a constant, by no negative number")
    value, pads = _more_channels(reader, node, value, pads, filling)
    if not any(pads):
        return value
    return value._replace(padding=_frame(reader, node, value, pads, filling))


def _more_channels(reader: Reader, node: Node, value: Value, pads: tuple[int, ...], filling: float) -> tuple[Value, tuple[int, ...]]:
    """The value with the channels of zeros that a Pad adds, and what is left of its pads."""
    sizes, count = axes.sizes(value.view), len(value.view)
    for number, dimension in enumerate(value.view):
        before, after = pads[number], pads[number + count]
        if not (before or after) or {axis.name for axis in dimension} != {CHANNEL} or sizes[number] != value.map.shape.channels:
            continue
        if filling or value.padding:
            node.refuse(f"adds channels of {filling:g}" + (" to a map with a Pad" if value.padding else ""), "channels of 0 can be added")
        value = reader.in_order(node, value)
        made = reader.made(node, ChannelPad(name=reader.unused(node.name), inputs=("",), before=before, after=after), [value])
        view = list(value.view)
        view[number] = (Axis(CHANNEL, made.shape.channels),)
        return Value(made, X, tuple(view), node.name), tuple(0 if n % count == number else size for n, size in enumerate(pads))
    return value, pads


def _frame(reader: Reader, node: Node, value: Value, pads: tuple[int, ...], filling: float) -> Padding:
    count, frame = len(value.view), {ROW: (0, 0), COLUMN: (0, 0)}
    for number, dimension in enumerate(value.view):
        pair = pads[number], pads[number + count]
        name = ([*axes.names(dimension), *(axis.name for axis in dimension)] or [""])[0]
        if any(pair) and name not in frame:
            node.refuse(f"pads {name or 'value'}s", "rows and columns can be padded, and channels with 0")
        if any(pair):
            frame[name] = pair
    found = (frame[ROW][0], frame[COLUMN][0], frame[ROW][1], frame[COLUMN][1])
    if value.padding is None:
        return Padding(found, filling)
    if value.padding.value != filling:
        node.refuse("pads a padded map with another value")
    a, b, c, d = (one + other for one, other in zip(found, value.padding.pads, strict=True))
    return Padding((a, b, c, d), filling)


ACTS = {"Pad": pad}
