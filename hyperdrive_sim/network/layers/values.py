"""The registry of golden values: what each kind of layer computes, in its plainest form. A layer's file registers its own.

@computed.register(Upsample)
def _computed(layer: Upsample, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.layers.layer import Layer
from hyperdrive_sim.network.parameters import Array, Parameters

DType = type[np.floating[Any]]


@singledispatch
def computed(layer: Layer, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    """A layer's output (rows, columns, channels) in a floating-point type, from operands that cover exactly its windows.

    Raises TypeError for a kind of layer that has registered nothing.
    """
    raise TypeError(f"nothing says what '{layer.name}', a {layer.kind}, computes; register it with values.computed")


@singledispatch
def padding_value(layer: Layer) -> float:
    """Padding value: -inf for max pooling, `layer.pad` for a convolution, NaN for a mean that leaves it out, 0 for all others."""
    return 0.0


def finished(y: Array, parameters: Parameters, *, relu: bool) -> Array:
    """A map after the factor and the offset of each channel, as far as there are any, and then, if wanted, a ReLU.

    Works in place, on a map that nobody else holds: new ones would take as long as a small convolution.
    """
    if parameters.scale is not None:
        y *= parameters.scale.astype(y.dtype)
    if parameters.bias is not None:
        y += parameters.bias.astype(y.dtype)
    return np.maximum(y, 0, out=y) if relu else y


def given(weights: Array | None) -> Array:
    """Weights of a layer that needs them. Raises InvalidInput if they are missing."""
    if weights is None:
        raise InvalidInput.at("weights", "are missing for a layer that needs them")
    return weights
