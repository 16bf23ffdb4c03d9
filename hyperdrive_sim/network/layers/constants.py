"""The registries of drawn constants: what a layer is tried on where nobody gives it weights, and where that leaves its map's values.

A layer's file registers both, as far as they are not what is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.network.layers.layer import Layer, Shapes
from hyperdrive_sim.network.parameters import Array, Parameters


class Range(NamedTuple):
    """Roughly which values a map holds: around *centre*, *spread* to either side, none below 0 if *cut*."""

    centre: float
    spread: float
    cut: bool = False


class Around(NamedTuple):
    """What constants are drawn by: the shapes and the ranges of a layer's inputs, the channels of its output, and who reads that.

    *offsets* are small and drawn already, one per channel, exact in FP16: for whoever has an offset.
    """

    shapes: Shapes
    ranges: Sequence[Range]
    channels: int
    readers: Sequence[Layer]
    offsets: Array


@singledispatch
def drawn(layer: Layer, rng: np.random.Generator, around: Around) -> Parameters | None:
    """A layer's constants, drawn so that maps keep a spread of about one; None for a layer that has none, as it is unless registered."""
    return None


@singledispatch
def map_range(layer: Layer, ranges: Sequence[Range], shapes: Shapes) -> Range:
    """Which values a layer's map holds, from those of its inputs: around 0 and spread by 1, unless it registers something else."""
    return Range(0.0, 1.0)


def normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Array:
    """Real weights, exact in FP16."""
    values: Array = rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float16).astype(np.float32)
    return values
