"""Reference arithmetic (golden): what a network computes, layer by layer as plainly as can be, independent of every architecture.

Feature maps are arrays (rows, columns, channels). An `Arithmetic` says how one layer turns operands into output values;
`forward` applies it to whole maps. The replay applies the same arithmetic to blocks, each taken from the memory of one chip.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from hyperdrive_sim.kernels.processors import processors
from hyperdrive_sim.network.box import Box, Shape, chunks
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers.cutting import cut
from hyperdrive_sim.network.layers.layer import Layer, Moving
from hyperdrive_sim.network.layers.values import DType, computed, padding_value
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Array, Parameters

LARGE_VALUES, BAND_VALUES = 1 << 19, 1 << 17
"""Size of a map that is computed in bands, and of such a band: a MiB in float64. They do not depend on the number of processors."""


class Arithmetic(Protocol):
    """An arithmetic: the type that values are held in, what each layer computes, and a `name` for what computes it.

    Threads call it at the same time, for other blocks; operands are shared among blocks and must not be written to.
    """

    dtype: np.dtype[Any]

    @property
    def name(self) -> str: ...

    @property
    def slow_macs_per_s(self) -> float | None:
        """Rough MACs per second if compiled kernels are missing; None if they are there or none are needed."""
        ...

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        """The layer's output (rows, columns, channels) from operands that cover exactly its window, padding included.

        *parameters* are those of the output channels wanted.
        """
        ...

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        """The last output of several fused layers, each of which takes its predecessor's result.

        *operands* are the first layer's window, then the other input of each later layer that has two. `sequential`, or whatever order
        of its own the hardware has; the outcome must be the same.
        """
        ...


class Computation(NamedTuple):
    """A network with what its values follow from: constants by layer, input maps by name (rows, columns, channels), an arithmetic."""

    network: Network
    parameters: Mapping[str, Parameters]
    inputs: Mapping[str, Array]
    arithmetic: Arithmetic

    def layer(self, name: str, operands: Sequence[Array], channels: tuple[int, int] | None = None) -> Array:
        """A layer's output from operands that cover its window; with *channels* (start, stop), of those output channels only."""
        return self.arithmetic.apply(self.network[name], operands, self._constants(name, channels))

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], channels: tuple[int, int]) -> Array:
        """The last output of fused layers, from the first one's window and the bypasses of the others; of a block, see `fused_for`."""
        return self.arithmetic.fused(layers, operands, [self._constants(layer.name, channels) for layer in layers])

    def _constants(self, name: str, channels: tuple[int, int] | None) -> Parameters:
        parameters = self.parameters.get(name, NO_PARAMETERS)
        return parameters.channels(*channels) if channels else parameters


def fused_for(network: Network, names: Sequence[str], out: Box) -> tuple[Layer, ...]:
    """Fused layers as they compute a block of the last one's output: behind the first, windows have only what lies outside of the map."""
    first, *others = layers = tuple(network[name] for name in names)
    if out[2:] == network.shape(names[-1]).box[2:]:
        return layers
    boxes = pairwise(network.under(names, out))
    cuts = (
        cut(layer, box, [given] * len(layer.inputs), network.input_shapes(layer)) for layer, (given, box) in zip(others, boxes, strict=True)
    )
    return (first, *cuts)


def sequential(arithmetic: Arithmetic, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
    """The last output of fused layers, computed one after the other. Behind the first, windows are padded as the layers say."""
    values = arithmetic.apply(layers[0], operands[: len(layers[0].inputs)], parameters[0])
    return sequential_after(arithmetic, values, layers[1:], operands[len(layers[0].inputs) :], parameters[1:])


def sequential_after(
    arithmetic: Arithmetic, values: Array, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]
) -> Array:
    """The output of layers applied one after the other to a whole map; *operands* are the other inputs of those that have two."""
    others = list(operands)
    for layer, its in zip(layers, parameters, strict=True):
        shapes = [Shape(values.shape[2], *values.shape[:2])] * len(layer.inputs)
        values = padded(values, layer.needs(0, layer.output(shapes).box, shapes), layer)
        values = arithmetic.apply(layer, [values, *(others.pop(0) for _ in layer.inputs[1:])], its)
    return values


class Exact:
    """The arithmetic of an ideal machine: every layer in float64, with rounding errors of 1e-16."""

    dtype: np.dtype[Any] = np.dtype(np.float64)
    slow_macs_per_s = None

    @property
    def name(self) -> str:
        return str(self.dtype)

    def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
        return apply_in(self.dtype.type, layer, operands, parameters)

    def fused(self, layers: Sequence[Layer], operands: Sequence[Array], parameters: Sequence[Parameters]) -> Array:
        return sequential(self, layers, operands, parameters)


class Single(Exact):
    """The arithmetic that networks are trained in: every layer in float32, sums in the order of `kernels.real`."""

    dtype = np.dtype(np.float32)


def apply_in(dtype: DType, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
    """One layer's output in an ordinary floating-point type, sums in the order of `kernels.real`; signs are taken in float64."""
    return computed(layer, operands, parameters, dtype)


def padded(x: Array, needed: Box, layer: Layer, origin: Box | None = None) -> Array:
    """The block *needed* of a map, padded as the layer says where it reaches beyond *x*: the whole map, or its block *origin*."""
    there = Shape(x.shape[2], x.shape[0], x.shape[1]).box if origin is None else origin
    if needed == there:
        return x
    inside = needed & there
    if needed == inside:
        return x[needed.slices(there)]
    out = np.full((needed.r1 - needed.r0, needed.w1 - needed.w0, needed.c1 - needed.c0), padding_value(layer), x.dtype)
    if inside:
        out[inside.slices(needed)] = x[inside.slices(there)]
    return out


def rearranged(computation: Computation, name: str, box: Box, known: Container[str], blocks: Iterator[Array]) -> Array:
    """A block of a map that layers make of *known* ones by moving values: *blocks* are those of `Network.lying`, in its order."""
    network = computation.network
    layer = None if name in known or name in network.inputs else network[name]
    if not isinstance(layer, Moving):
        return next(blocks)
    shapes, operands = network.input_shapes(layer), []
    for number, source in enumerate(layer.inputs):
        needed = layer.needs(number, box, shapes)
        nothing = np.zeros((box.r1 - box.r0, box.w1 - box.w0, 0), computation.arithmetic.dtype)
        operands.append(rearranged(computation, source, needed, known, blocks) if needed else nothing)
    return computation.layer(name, operands)[box.slices(layer.makes(box, shapes))]


def forward(
    computation: Computation, known: Mapping[str, Array] | None = None, threads: Callable[[], int] = processors
) -> Iterator[tuple[str, Array]]:
    """Compute a network layer by layer: yields each layer's name and whole output, in the network's order.

    Begins with the inputs or, where given, with some *known* maps: then only what follows from them is computed. A map is dropped once
    its last reader has taken it. Each layer asks anew how many *threads* it may take.
    """
    network, dtype = computation.network, computation.arithmetic.dtype
    maps = {name: given.astype(dtype) for name, given in (known or computation.inputs).items()}
    waiting = {name: len(network.consumers(name)) for name in network.maps}
    for layer in network:
        if layer.name in maps or not all(name in maps for name in layer.inputs):
            continue
        maps[layer.name] = whole(computation, layer.name, maps, threads())
        yield layer.name, maps[layer.name]
        for name in set(layer.inputs):  # a map that a layer takes twice has that layer as one reader
            waiting[name] -= 1
            if not waiting[name]:
                del maps[name]


def whole(computation: Computation, name: str, maps: Mapping[str, Array], threads: int | None = None) -> Array:
    """One layer's whole output from the whole maps it takes. Raises ValueError if the arithmetic gives another shape than the layer's.

    A large map is computed in bands of rows, which stay in the cache, by so many *threads*, by default one for each processor: a block of a
    map is what it is in the whole. Of real convolutions in numpy it is so up to rounding errors, as a matrix product may add in another
    order at another size; that is why bands do not depend on the number of threads.
    """
    network = computation.network
    box = network.shape(name).box
    bands = [box.rows(*band) for band in chunks(0, box.r1, _band_rows(computation, name))]
    if len(bands) == 1:
        return _band(computation, name, maps, box)
    out = np.empty((box.r1, box.w1, box.c1), computation.arithmetic.dtype)

    def compute(band: Box) -> None:
        out[band.r0 : band.r1] = _band(computation, name, maps, band)

    with ThreadPoolExecutor(threads or processors()) as pool:
        for _ in pool.map(compute, bands):  # raises what a band has raised, and drops those that have not begun
            pass
    return out


def _band_rows(computation: Computation, name: str) -> int:
    """Number of rows of a layer's output to compute at a time: all of a small map, of a large one a few times those under a window."""
    network = computation.network
    layer, box = network[name], network.shape(name).box
    if box.size < LARGE_VALUES:
        return box.r1
    row = box.rows(0, 1)
    once = max(layer.needs(number, row, network.input_shapes(layer)).shape.rows for number in range(len(layer.inputs)))
    return max(BAND_VALUES * box.r1 // box.size, 4 * once)


def _band(computation: Computation, name: str, maps: Mapping[str, Array], box: Box) -> Array:
    """Some rows of a layer's output, from the whole maps it takes."""
    layer = computation.network[name]
    shapes, shape = computation.network.input_shapes(layer), box.shape
    operands = [padded(maps[source], layer.needs(number, box, shapes), layer) for number, source in enumerate(layer.inputs)]
    values = computation.layer(name, operands)
    if values.shape != (shape.rows, shape.columns, shape.channels):
        raise ValueError(f"'{name}' is {shape}, {computation.arithmetic.name} makes rows, columns, channels {values.shape} of it")
    return values
