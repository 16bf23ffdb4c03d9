"""The registries of drawn constants, for layers that are given none, and of the range of values that their maps then have.

A layer's file registers both, as far as they differ from the defaults here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.network.layers.layer import Layer, Shapes
from hyperdrive_sim.network.parameters import Array, Parameters


class Range(NamedTuple):
    """A rough range of the values in a map: around *centre*, *spread* to either side, none below 0 if *cut*."""

    centre: float
    spread: float
    cut: bool = False


class Around(NamedTuple):
    """A layer's surroundings, which its constants are drawn for: shapes and ranges of its inputs, channels and readers of its output.

    *offsets* are small and drawn already, one per channel, exact in FP16, for layers that have an offset. *activated* are the readers
    of the activations that read the output.
    """

    shapes: Shapes
    ranges: Sequence[Range]
    channels: int
    readers: Sequence[Layer]
    offsets: Array
    activated: Sequence[Layer] = ()


@singledispatch
def drawn(layer: Layer, rng: np.random.Generator, around: Around) -> Parameters | None:
    """Constants of a layer, drawn so that maps keep a spread of about one; None for a layer that has none, which is the default."""
    return None


@singledispatch
def map_range(layer: Layer, ranges: Sequence[Range], shapes: Shapes) -> Range:
    """Rough range of a layer's output, from those of its inputs: around 0 and spread by 1, unless the layer registers something else."""
    return Range(0.0, 1.0)


def normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Array:
    """Real weights for sums of *fan_in* products: normal, of variance 2 / *fan_in* (He initialisation), exact in FP16."""
    values: Array = rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float16).astype(np.float32)
    return values
