"""A network: a checked, acyclic graph of layers in one deterministic order, with every shape known."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property

import networkx as nx

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.layer import Holds, Layer

INPUT = "input"


class Network:
    """Layers over an input of one shape. Iterates from input to output; of layers that could come next, the first written does.

    Raises InvalidInput for two layers of one name, one named `input`, an unknown input, a cycle, a layer whose input is too small, or a
    convolution over signs whose input is none.
    """

    def __init__(self, name: str, input_shape: Shape, layers: Iterable[Layer]) -> None:
        self.name = name
        self.input_shape = Shape(*input_shape)
        self.layers = _in_order(tuple(layers))
        self._by_name = {layer.name: layer for layer in self.layers}
        self._shapes = {INPUT: self.input_shape}
        for layer in self.layers:
            self._shapes[layer.name] = _checked(layer, layer.output(self.input_shapes(layer)), self.input_shapes(layer))
        self._holds: dict[str, Holds] = {INPUT: "real"}
        for layer in self.layers:
            self._holds[layer.name] = layer.holds([self._holds[name] for name in layer.inputs])

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, name: str) -> Layer:
        return self._by_name[name]

    def shape(self, name: str) -> Shape:
        """The shape of a layer's output, or of the network's input under the name `input`."""
        return self._shapes[name]

    def input_shapes(self, layer: Layer) -> tuple[Shape, ...]:
        return tuple(self._shapes[name] for name in layer.inputs)

    def is_signs(self, name: str) -> bool:
        """Whether a map holds -1 and +1 only."""
        return self._holds[name] == "signs"

    def is_sums(self, name: str) -> bool:
        """Whether a map holds integers: sums of products of signs, or such sums and signs added up."""
        return self._holds[name] == "sums"

    def under(self, layers: Sequence[str], out: Box) -> tuple[Box, ...]:
        """For layers that are computed in one go, the block of each one's output that a block of the last one's is made from.

        Where that is all pixels of a map, so it is of the maps before, even if a window that stops short of their edge leaves some over.
        """
        boxes = [out]
        for name, source in zip(reversed(layers[1:]), reversed(layers[:-1]), strict=True):
            layer, box, shape = self._by_name[name], boxes[0], self._shapes[source]
            if box[2:] == self._shapes[name].box[2:]:
                boxes.insert(0, shape.box.channels(box.c0, box.c1))
            else:
                boxes.insert(0, layer.needs(layer.inputs.index(source), box, self.input_shapes(layer)).clipped(shape))
        return tuple(boxes)

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """Layer names, an edge from each producer to each consumer; the input is a node too."""
        return _graph(self.layers)

    @cached_property
    def _consumers(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(self.graph.successors(name)) for name in self.graph}

    def consumers(self, name: str) -> tuple[str, ...]:
        return self._consumers[name]

    def leaving(self, made: Iterable[str], elsewhere: Container[str]) -> tuple[str, ...]:
        """Those of some maps that layers computed *elsewhere* take, and the network's output."""
        return tuple(name for name in made if name == self.output or any(user in elsewhere for user in self.consumers(name)))

    def made_from(self, name: str, known: Container[str]) -> Iterator[str]:
        """The nearest *known* maps that a map is computed from; nothing for what follows from the input alone."""
        for source in self._by_name[name].inputs if name != INPUT else ():
            if source in known:
                yield source
            else:
                yield from self.made_from(source, known)

    @property
    def output(self) -> str:
        """The name of the last layer."""
        return self.layers[-1].name

    def macs(self, name: str, box: Box | None = None) -> int:
        """Multiply-accumulates of a layer, or of a block of its output."""
        layer = self._by_name[name]
        return layer.macs((box or self._shapes[name].box).size, self.input_shapes(layer))

    def ops(self, name: str, box: Box | None = None) -> int:
        """Operations of a layer, or of a block of its output."""
        layer = self._by_name[name]
        return layer.ops((box or self._shapes[name].box).size, self.input_shapes(layer))

    def weight_bits(self, name: str, channels: int | None = None) -> int:
        """Bits of a layer's weights, or of those of some of its output channels."""
        layer = self._by_name[name]
        bits = layer.weight_bits(self.input_shapes(layer))
        return bits if channels is None else bits * channels // self._shapes[name].channels


def _graph(layers: tuple[Layer, ...]) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_node(INPUT)
    graph.add_nodes_from(layer.name for layer in layers)
    graph.add_edges_from((name, layer.name) for layer in layers for name in layer.inputs)
    return graph


def _in_order(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    by_name = {layer.name: layer for layer in layers}
    if not layers:
        raise InvalidInput.at("network", "has no layers", "give it at least one")
    if INPUT in by_name:
        raise InvalidInput.at(INPUT, "is the name of the network's input and of a layer", "give the layer a name of its own")
    if len(by_name) < len(layers):
        names = [layer.name for layer in layers]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput.at(twice, "is the name of two layers", "give each layer a name of its own")
    for layer in layers:
        for name in layer.inputs:
            if name != INPUT and name not in by_name:
                raise InvalidInput.at(layer.name, f"takes its input from '{name}', which is no layer of this network")
    place = {INPUT: -1, **{layer.name: number for number, layer in enumerate(layers)}}
    try:
        order = list(nx.lexicographical_topological_sort(_graph(layers), key=place.__getitem__))
    except nx.NetworkXUnfeasible:
        raise InvalidInput.at("network", "has a cycle", "a layer must not depend on its own output") from None
    return tuple(by_name[name] for name in order if name != INPUT)


def _checked(layer: Layer, shape: Shape, inputs: tuple[Shape, ...]) -> Shape:
    if min(shape) < 1:
        raise InvalidInput.at(
            "input_shape", f"is too small: layer '{layer.name}' would turn {inputs[0]} into {shape}", "take a larger input"
        )
    return shape
