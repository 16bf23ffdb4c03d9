"""The registry of cut layers: the layer that computes just a block of another one's output. A layer's file registers its own.

@cut.register(Upsample)
def _cut(layer: Upsample, out: Box, given: Sequence[Box], shapes: Shapes) -> Layer: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.layers.layer import Layer, Shapes
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.text.wording import with_article


@singledispatch
def cut(layer: Layer, out: Box, given: Sequence[Box], shapes: Shapes) -> Layer:
    """The layer that makes the block *out* of another one's output from just the blocks *given* of its inputs, of *shapes* as a whole.

    By default the layer itself, if every value follows from those at its own place. Raises InvalidInput for a block that no layer makes
    of these.
    """
    if any(box != out for box in given):
        raise not_made(layer, out, "every value of which follows from others than those at its own place")
    return layer


def not_made(layer: Layer, out: Box, why: str) -> InvalidInput:
    """The error for a block that no layer makes."""
    return InvalidInput.at(layer.name, f"is {with_article(layer.kind)}, {why}", f"it cannot be cut at the block {out}")


def cut_window(window: Window, out: Box, given: Box) -> Window:
    """A window that slides over the block *given* alone: it keeps only the padding that lies outside of the whole map.

    What a window stops short of may be there besides.
    """
    under = window.under(out)
    pads = given.r0 - under.r0, given.w0 - under.w0, max(0, under.r1 - given.r1), max(0, under.w1 - given.w1)
    return window._replace(pads=pads)
