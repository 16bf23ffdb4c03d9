"""The registry of golden values: what each kind of layer computes, in its plainest form. Its file registers it.

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
    """A layer's output (rows, columns, channels) in a floating-point type, from operands that cover exactly its windows."""
    raise TypeError(f"nothing says what '{layer.name}', a {layer.kind}, computes; register it with values.computed")


@singledispatch
def padding_value(layer: Layer) -> float:
    """What a layer sees beyond the edge of its input: 0 unless it registers something else."""
    return 0.0


def finished(y: Array, parameters: Parameters, *, relu: bool) -> Array:
    """The factor and the offset of each channel, where there are any, then a ReLU, where there is one."""
    if parameters.scale is not None:
        y = y * parameters.scale.astype(y.dtype)
    if parameters.bias is not None:
        y = y + parameters.bias.astype(y.dtype)
    return np.maximum(y, 0) if relu else y


def given(weights: Array | None) -> Array:
    """Weights that must be there. Raises InvalidInput."""
    if weights is None:
        raise InvalidInput.at("weights", "are missing for a layer that needs them")
    return weights
