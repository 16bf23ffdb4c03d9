"""What a network computes: the plainest correct numpy, which no architecture has a say in.

Feature maps are arrays (rows, columns, channels). An `Arithmetic` says how one layer turns operands into output values;
`forward` applies it to whole maps. The replay applies the same arithmetic to blocks, each taken from the memory of one chip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.box import Box, Shape
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.layers import Add, Conv, Dense, GlobalMean, Layer, MaxPool
from hyperdrive_sim.network import INPUT, Network

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """A layer's constants from output channel *first* on: weights [out, kernel rows, kernel columns, in] (+-1 as int8 where binary),
    and a factor and an offset per output channel.
    """

    weights: Array | None = None
    scale: Array | None = None
    bias: Array | None = None
    first: int = 0

    def channels(self, start: int, stop: int) -> Parameters:
        """What output channels start..stop need."""
        weights, scale, bias = (None if part is None else part[start:stop] for part in (self.weights, self.scale, self.bias))
        return Parameters(weights, scale, bias, start)


NO_PARAMETERS = Parameters()
RESIDUAL_GAIN = 0.2
"""How much a drawn branch adds to its bypass: small enough that the maps of a ResNet-152 stay within FP16's range."""


class Arithmetic(Protocol):
    """How values are held and computed, and by what (`name`). `bits` is what one feature-map value occupies."""

    dtype: np.dtype[Any]
    bits: int

    @property
    def name(self) -> str: ...

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        """The layer's output (rows, columns, channels) from operands that cover exactly its window, padding included.

        *parameters* are those of the output channels wanted.
        """
        ...


class Computation(NamedTuple):
    """What is to be computed, whoever does it: a network, its constants by layer, an input map and an arithmetic."""

    network: Network
    parameters: Mapping[str, Parameters]
    x: Array
    arithmetic: Arithmetic

    def layer(self, name: str, operands: Sequence[Array], channels: tuple[int, int] | None = None) -> Array:
        """A layer's output from operands that cover its window; of some output channels only, if asked."""
        parameters = self.parameters.get(name, NO_PARAMETERS)
        return self.arithmetic.apply(self.network[name], operands, parameters.channels(*channels) if channels else parameters)


class Exact:
    """Every layer in float64: what the numbers would be on an ideal machine, to rounding errors of 1e-16."""

    name = "float64"
    dtype = np.dtype(np.float64)
    bits = 64

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        return apply_in(np.float64, layer, operands, parameters)


def apply_in(dtype: type[np.floating[Any]], layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
    """One layer in an ordinary floating-point type, sums in whatever order the linear algebra takes."""
    x = operands[0].astype(dtype)
    match layer:
        case Conv():
            y = _convolved(x, _given(parameters.weights).astype(dtype), layer.stride)
        case Dense():
            y = (_given(parameters.weights).astype(dtype) @ x.ravel()).reshape(1, 1, -1)
        case Add():
            y = x + operands[1].astype(dtype)
        case MaxPool():
            return _largest(x, layer.kernel, layer.stride)
        case GlobalMean():
            mean: Array = x.mean(axis=(0, 1), keepdims=True)
            return mean
    if parameters.scale is not None:
        y = y * parameters.scale.astype(dtype)
    if parameters.bias is not None:
        y = y + parameters.bias.astype(dtype)
    return np.maximum(y, 0) if getattr(layer, "relu", False) else y


def _given(weights: Array | None) -> Array:
    if weights is None:
        raise InvalidInput.at("weights", "are missing for a layer that needs them")
    return weights


def _convolved(x: Array, weights: Array, stride: int) -> Array:
    """A sum over kernel rows of matrix products: only one row of taps is ever unfolded, so large maps stay in memory."""
    out_channels, kernel_rows, kernel_columns, _ = weights.shape
    rows, columns = ((size - kernel) // stride + 1 for size, kernel in zip(x.shape, (kernel_rows, kernel_columns), strict=False))
    by_row = np.ascontiguousarray(weights.reshape(out_channels, kernel_rows, -1).transpose(1, 2, 0))
    y = np.zeros((rows * columns, out_channels), x.dtype)
    for row, row_weights in enumerate(by_row):
        lines = x[row : row + (rows - 1) * stride + 1 : stride]
        taps = [lines[:, column : column + (columns - 1) * stride + 1 : stride] for column in range(kernel_columns)]
        y += np.concatenate(taps, axis=2).reshape(len(y), -1) @ row_weights
    return y.reshape(rows, columns, out_channels)


def _largest(x: Array, kernel: int, stride: int) -> Array:
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[:2])
    windows = [
        x[row : row + (rows - 1) * stride + 1 : stride, column : column + (columns - 1) * stride + 1 : stride]
        for row in range(kernel)
        for column in range(kernel)
    ]
    y = windows[0].copy()
    for window in windows[1:]:
        np.maximum(y, window, out=y)
    return y


def padding_value(layer: Layer) -> float:
    """What a layer sees beyond the edge of its input: zero, or for a maximum, less than anything."""
    return -np.inf if isinstance(layer, MaxPool) else 0.0


def framed(x: Array, needed: Box, layer: Layer) -> Array:
    """The block *needed* of a whole map, with the layer's padding where it reaches beyond the edge."""
    whole = Shape(x.shape[2], x.shape[0], x.shape[1]).box
    if needed == whole:
        return x
    inside = needed & whole
    out = np.full((needed.r1 - needed.r0, needed.w1 - needed.w0, needed.c1 - needed.c0), padding_value(layer), x.dtype)
    out[inside.slices(needed)] = x[inside.slices(whole)]
    return out


def forward(computation: Computation, known: Mapping[str, Array] | None = None) -> Iterator[tuple[str, Array]]:
    """Each layer's name and whole output, in the network's order; maps nobody needs any more are let go.

    From the input on, or from some *known* maps on: then only what follows from them.
    """
    network, dtype = computation.network, computation.arithmetic.dtype
    maps = {name: given.astype(dtype) for name, given in (known or {INPUT: computation.x}).items()}
    waiting = {name: len(network.consumers(name)) for name in (INPUT, *(layer.name for layer in network))}
    for layer in network:
        if layer.name in maps or not all(name in maps for name in layer.inputs):
            continue
        maps[layer.name] = whole(computation, layer.name, maps)
        yield layer.name, maps[layer.name]
        for name in layer.inputs:
            waiting[name] -= 1
            if not waiting[name]:
                del maps[name]


def whole(computation: Computation, name: str, maps: Mapping[str, Array]) -> Array:
    """One layer's whole output from the whole maps it takes."""
    network = computation.network
    layer, box = network[name], network.shape(name).box
    operands = [framed(maps[source], layer.needs(box, network.shape(source)), layer) for source in layer.inputs]
    return computation.layer(name, operands)


def random_parameters(network: Network, seed: int) -> dict[str, Parameters]:
    """Reproducible constants: random +-1 or normal weights, factors that keep the maps' spread near one, small offsets."""
    return {layer.name: _drawn(layer, network, seed) for layer in network if isinstance(layer, Conv | Dense | Add)}


def _drawn(layer: Conv | Dense | Add, network: Network, seed: int) -> Parameters:
    rng = np.random.default_rng([seed, crc32(layer.name.encode())])
    channels = network.shape(layer.name).channels
    bias = rng.normal(0, 0.1, channels).astype(np.float16)
    match layer:
        case Add():
            return Parameters(bias=bias if layer.bias else None)
        case Dense():
            inputs = network.shape(layer.inputs[0]).size
            return Parameters(weights=_normal(rng, (channels, inputs), inputs), bias=bias)
        case Conv():
            shape = (channels, layer.kernel, layer.kernel, network.shape(layer.inputs[0]).channels)
            fan_in = shape[1] * shape[2] * shape[3]
            binary = layer.weights == "binary"
            weights = (2 * rng.integers(0, 2, shape, np.int8) - 1).astype(np.int8) if binary else _normal(rng, shape, fan_in)
            residual = not layer.bias and any(isinstance(network[name], Add) for name in network.consumers(layer.name))
            spread = (np.sqrt(2 / fan_in) if binary else 1.0) * (RESIDUAL_GAIN if residual else 1.0)
            scale = (spread * rng.uniform(0.75, 1.25, channels)).astype(np.float16)
            return Parameters(weights, scale if layer.scale else None, bias if layer.bias else None)


def _normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Array:
    """Exact in FP16."""
    drawn: Array = rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float16).astype(np.float32)
    return drawn


def random_input(shape: Shape, seed: int) -> Array:
    """A reproducible picture-like input: smooth gradients and noise, in 0..1, exact in FP16."""
    rng = np.random.default_rng([seed, crc32(b"input")])
    rows, columns = np.linspace(0, 1, shape.rows), np.linspace(0, 1, shape.columns)
    phases, waves = rng.uniform(0, 2 * np.pi, shape.channels), rng.uniform(1, 6, (2, shape.channels))
    smooth = np.sin(2 * np.pi * (rows[:, None, None] * waves[0] + columns[None, :, None] * waves[1]) + phases)
    noise = rng.uniform(-1, 1, (shape.rows, shape.columns, shape.channels))
    picture: Array = (0.5 + 0.35 * smooth + 0.15 * noise).astype(np.float16)
    return picture
