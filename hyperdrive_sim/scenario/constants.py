"""Constants that a network's layers take: the arrays of a file of weights, each with its name, its shape and what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from math import prod
from typing import Any

import numpy as np

from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Activation, Add, BatchNorm, Conv, Dense, Layer, Sign
from hyperdrive_sim.network.parameters import Array, Parameters

WEIGHTS, SCALE, BIAS = "weights", "scale", "bias"
"""Parts of a layer's constants, as `Parameters` calls them."""

NEUTRAL = {SCALE: 1.0, BIAS: 0.0}
"""What a part is where a file has no array for it; weights must be there."""

SIGNS, REAL, HALF, EXACT = map(np.dtype, (np.int8, np.float32, np.float16, np.float64))
"""Types of binary weights, of real ones, of what is in FP16, and of a batch norm, whose threshold may be next to an integer."""


@dataclass(frozen=True)
class Constant:
    """One array: the part of a layer's constants that it is, its shape and type, and in words what it holds."""

    layer: str
    part: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    holds: str

    @property
    def name(self) -> str:
        """Name of the array: the layer's own for weights, with the part behind it for others."""
        return self.layer if self.part == WEIGHTS else f"{self.layer}.{self.part}"

    @property
    def absent(self) -> float | None:
        """The value that a layer has in place of an array that is absent; None if it may not be."""
        return NEUTRAL.get(self.part)

    @property
    def is_binary(self) -> bool:
        return self.dtype == SIGNS

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.size * self.dtype.itemsize

    def to_dict(self) -> dict[str, Any]:
        """The array as plain data, for JSON."""
        said = {"name": self.name, "layer": self.layer, "part": self.part, "shape": list(self.shape), "type": str(self.dtype)}
        return {**said, "holds": self.holds, "absent": self.absent}


def constants(network: Network) -> tuple[Constant, ...]:
    """All arrays that a network's layers take, in the order of the layers; those that may be absent too."""
    return tuple(one for layer in network for one in _of_layer(layer, network))


def drawn(network: Network, parameters: Mapping[str, Parameters]) -> dict[str, Array]:
    """Arrays of a file of weights with the values of *parameters*, by name, in the order and layout in which a file has them."""
    return {one.name: _as_written(one, getattr(parameters[one.layer], one.part)) for one in constants(network)}


def _as_written(one: Constant, values: Array) -> Array:
    return values.transpose(0, 3, 1, 2) if values.ndim == len("oyxi") else values


def in_layout(values: Array) -> Array:
    """Values of an array of a file in the layout of `Parameters`: of a convolution's weights, input channels vary fastest."""
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1)) if values.ndim == len("oiyx") else values


@singledispatch
def _of_layer(layer: Layer, network: Network) -> Iterator[Constant]:
    """The arrays of a layer; of one that has no constants, none."""
    yield from ()


@_of_layer.register
def _of_conv(layer: Conv, network: Network) -> Iterator[Constant]:
    inputs = network.shape(layer.inputs[0]).channels // layer.groups
    what, dtype = ("weights of -1 or +1", SIGNS) if layer.weights == "binary" else ("real weights", REAL)
    group = " of a group" if layer.groups > 1 else ""
    shape = layer.out_channels, inputs, *layer.window.kernel
    yield Constant(layer.name, WEIGHTS, shape, dtype, f"{what} [out, in{group}, rows, columns]")
    yield from _per_channel(layer, network, HALF, factor="factor" if layer.scale else "", offset="offset" if layer.bias else "")


@_of_layer.register
def _of_dense(layer: Dense, network: Network) -> Iterator[Constant]:
    shape = layer.features, network.shape(layer.inputs[0]).size
    yield Constant(layer.name, WEIGHTS, shape, REAL, "real weights [out, rows x columns x channels]")
    yield from _per_channel(layer, network, HALF, offset="offset")


@_of_layer.register
def _of_add(layer: Add, network: Network) -> Iterator[Constant]:
    yield from _per_channel(layer, network, HALF, offset="offset of the sum" if layer.bias else "")


@_of_layer.register
def _of_sign(layer: Sign, network: Network) -> Iterator[Constant]:
    yield from _per_channel(layer, network, EXACT, factor="factor before the sign", offset="offset before the sign")


@_of_layer.register
def _of_batch_norm(layer: BatchNorm, network: Network) -> Iterator[Constant]:
    yield from _per_channel(layer, network, EXACT, factor="factor", offset="offset")


@_of_layer.register
def _of_activation(layer: Activation, network: Network) -> Iterator[Constant]:
    yield from _per_channel(layer, network, EXACT, factor="slope below 0" if layer.function == "prelu" else "")


def _per_channel(layer: Layer, network: Network, dtype: np.dtype[Any], *, factor: str = "", offset: str = "") -> Iterator[Constant]:
    """The vectors of a layer, a value per output channel each; one that is not named the layer does not have."""
    channels = network.shape(layer.name).channels
    for part, what in ((SCALE, factor), (BIAS, offset)):
        if what:
            yield Constant(layer.name, part, (channels,), dtype, f"{what}, per channel")
