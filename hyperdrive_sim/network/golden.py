"""What a network computes: the plainest correct numpy, which no architecture has a say in.

Feature maps are arrays (rows, columns, channels). An `Arithmetic` says how one layer turns operands into output values;
`forward` applies it to whole maps. The replay applies the same arithmetic to blocks, each taken from the memory of one chip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers.layer import Layer
from hyperdrive_sim.network.layers.values import DType, computed, padding_value
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Array, Parameters


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
    """What is to be computed, whoever does it: a network, its constants by layer, its input maps by name and an arithmetic."""

    network: Network
    parameters: Mapping[str, Parameters]
    inputs: Mapping[str, Array]
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


def apply_in(dtype: DType, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
    """One layer in an ordinary floating-point type, sums in whatever order the linear algebra takes; signs are taken in float64."""
    return computed(layer, operands, parameters, dtype)


def framed(x: Array, needed: Box, layer: Layer, origin: Box | None = None) -> Array:
    """The block *needed* of a map, with the layer's padding where it reaches beyond what there is: the whole map, or its block *origin*."""
    there = Shape(x.shape[2], x.shape[0], x.shape[1]).box if origin is None else origin
    if needed == there:
        return x
    inside = needed & there
    if needed == inside:
        return x[needed.slices(there)]
    out = np.full((needed.r1 - needed.r0, needed.w1 - needed.w0, needed.c1 - needed.c0), padding_value(layer), x.dtype)
    out[inside.slices(needed)] = x[inside.slices(there)]
    return out


def forward(computation: Computation, known: Mapping[str, Array] | None = None) -> Iterator[tuple[str, Array]]:
    """Each layer's name and whole output, in the network's order; maps nobody needs any more are let go.

    From the inputs on, or from some *known* maps on: then only what follows from them.
    """
    network, dtype = computation.network, computation.arithmetic.dtype
    maps = {name: given.astype(dtype) for name, given in (known or computation.inputs).items()}
    waiting = {name: len(network.consumers(name)) for name in network.graph}
    for layer in network:
        if layer.name in maps or not all(name in maps for name in layer.inputs):
            continue
        maps[layer.name] = whole(computation, layer.name, maps)
        yield layer.name, maps[layer.name]
        for name in set(layer.inputs):  # a map that a layer takes twice has that layer as one reader
            waiting[name] -= 1
            if not waiting[name]:
                del maps[name]


def whole(computation: Computation, name: str, maps: Mapping[str, Array]) -> Array:
    """One layer's whole output from the whole maps it takes. Raises ValueError for values that are not of the layer's shape."""
    network = computation.network
    layer, box = network[name], network.shape(name).box
    shapes = network.input_shapes(layer)
    operands = [framed(maps[source], layer.needs(number, box, shapes), layer) for number, source in enumerate(layer.inputs)]
    values, shape = computation.layer(name, operands), box.shape
    if values.shape != (shape.rows, shape.columns, shape.channels):
        raise ValueError(f"'{name}' is {shape}, {computation.arithmetic.name} makes rows, columns, channels {values.shape} of it")
    return values
