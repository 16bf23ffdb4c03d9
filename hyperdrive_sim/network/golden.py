"""What a network computes: the plainest correct numpy, which no architecture has a say in.

Feature maps are arrays (rows, columns, channels). An `Arithmetic` says how one layer turns operands into output values;
`forward` applies it to whole maps. The replay applies the same arithmetic to blocks, each taken from the memory of one chip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, Dense, GlobalMean, Layer, MaxPool, MeanPool, Sign, Thermometer
from hyperdrive_sim.network.window import Window

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


class Arithmetic(Protocol):
    """How values are held and computed, and by what (`name`)."""

    dtype: np.dtype[Any]

    @property
    def name(self) -> str: ...

    @property
    def slow_macs_per_s(self) -> float | None:
        """Roughly what it computes where it must do without compiled kernels; None where it need not."""
        ...

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        """The layer's output (rows, columns, channels) from operands that cover exactly its window, padding included.

        *parameters* are those of the output channels wanted.
        """
        ...

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        """Several layers as the hardware computes them in one go, each taking its predecessor's result.

        *operands* are the first layer's window, then the other input of each later layer that has two. `one_by_one`, or whatever order
        of its own the hardware has; the outcome must be the same.
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
        return self.arithmetic.apply(self.network[name], operands, self._constants(name, channels))

    def fused(self, names: Sequence[str], operands: Sequence[Array], channels: tuple[int, int]) -> Array:
        """The last of some layers' output, computed in one go from operands that cover its window and the others' bypasses."""
        parameters = [self._constants(name, channels) for name in names]
        return self.arithmetic.fused([self.network[name] for name in names], operands, parameters)

    def _constants(self, name: str, channels: tuple[int, int] | None) -> Parameters:
        parameters = self.parameters.get(name, NO_PARAMETERS)
        return parameters.channels(*channels) if channels else parameters


def one_by_one(arithmetic: Arithmetic, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
    """Layers that are computed in one go, each as if it were alone. Behind the first, padding is that of whole maps."""
    values = arithmetic.apply(layers[0], operands[: len(layers[0].inputs)], parameters[0])
    return onwards(arithmetic, values, layers[1:], operands[len(layers[0].inputs) :], parameters[1:])


def onwards(
    arithmetic: Arithmetic, values: Array, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]
) -> Array:
    """What layers make of a whole map one after the other; *operands* are the other inputs of those that have two."""
    others = list(operands)
    for layer, its in zip(layers, parameters, strict=True):
        shapes = [Shape(values.shape[2], *values.shape[:2])] * len(layer.inputs)
        values = framed(values, layer.needs(0, layer.output(shapes).box, shapes), layer)
        values = arithmetic.apply(layer, [values, *(others.pop(0) for _ in layer.inputs[1:])], its)
    return values


class Exact:
    """Every layer in float64: what the numbers would be on an ideal machine, to rounding errors of 1e-16."""

    name = "float64"
    dtype = np.dtype(np.float64)
    slow_macs_per_s = None

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        return apply_in(np.float64, layer, operands, parameters)

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        return one_by_one(self, layers, operands, parameters)


def apply_in(dtype: type[np.floating[Any]], layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
    """One layer in an ordinary floating-point type, sums in whatever order the linear algebra takes; signs are taken in float64."""
    x = operands[0].astype(dtype)
    match layer:
        case Sign():
            return sign(operands[0], layer, parameters).astype(dtype)
        case Thermometer():
            return _thermometer(x, layer)
        case Conv():
            y = _convolved(x, _given(parameters.weights).astype(dtype), layer.window)
        case Dense():
            y = (_given(parameters.weights).astype(dtype) @ x.ravel()).reshape(1, 1, -1)
        case Add():
            y = x + layer.gain * operands[1].astype(dtype)
        case MaxPool():
            return pooled(np.maximum, x, layer.window)
        case MeanPool():
            return pooled(np.add, x, layer.window) / layer.window.taps
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


def _convolved(x: Array, weights: Array, window: Window) -> Array:
    """A sum over kernel rows of matrix products: only one row of taps is ever unfolded, so large maps stay in memory."""
    by_row = np.ascontiguousarray(weights.reshape(len(weights), window.rows.kernel, -1).transpose(1, 2, 0))
    rows, columns = _positions(x, window)
    y = np.zeros((rows * columns, len(weights)), x.dtype)
    for row, row_weights in enumerate(by_row):
        taps = [x[window.rows.tap(row, rows), window.columns.tap(column, columns)] for column in range(window.columns.kernel)]
        y += np.concatenate(taps, axis=2).reshape(len(y), -1) @ row_weights
    return y.reshape(rows, columns, -1)


def _positions(x: Array, window: Window) -> tuple[int, int]:
    """How often a window fits on a map that is padded already, in rows and in columns."""
    bare = window._replace(pads=(0, 0, 0, 0))
    return bare.rows.positions(x.shape[0]), bare.columns.positions(x.shape[1])


def pooled(operation: np.ufunc, x: Array, window: Window) -> Array:
    """One value for each position of a window on a map that is padded already."""
    rows, columns = _positions(x, window)
    first, *others = (
        x[window.rows.tap(row, rows), window.columns.tap(column, columns)]
        for row in range(window.rows.kernel)
        for column in range(window.columns.kernel)
    )
    y = first.copy()
    for tap in others:
        operation(y, tap, out=y)
    return y


def sign(x: Array, layer: Sign, parameters: Parameters) -> Array:
    """-1 and +1 as int8, of factor and offset in float64; an absent factor is 1, an absent offset 0."""
    y = x.astype(np.float64)
    if parameters.scale is not None:
        y *= parameters.scale
    if parameters.bias is not None:
        y += parameters.bias
    positive = y >= 0 if layer.zero > 0 else y > 0
    return positive.view(np.int8) * np.int8(2) - np.int8(1)


def _thermometer(x: Array, layer: Thermometer) -> Array:
    steps = (np.arange(layer.levels, dtype=x.dtype) + x.dtype.type(0.5)) / layer.levels
    signs = np.where(x[..., None] >= steps, 1, -1).reshape(*x.shape[:2], -1)
    return np.concatenate((signs, np.ones((*x.shape[:2], layer.fill))), axis=2).astype(x.dtype)


def padding_value(layer: Layer) -> float:
    """What a layer sees beyond the edge of its input: for a maximum less than anything, for a convolution what it says, else zero."""
    if isinstance(layer, MaxPool):
        return -np.inf
    return float(layer.pad) if isinstance(layer, Conv) else 0.0


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
    shapes = network.input_shapes(layer)
    operands = [framed(maps[source], layer.needs(number, box, shapes), layer) for number, source in enumerate(layer.inputs)]
    return computation.layer(name, operands)
