"""A network: a checked, acyclic graph of layers in one deterministic order, with every shape known."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers.layer import Holds, Layer, Moving
from hyperdrive_sim.network.window import is_integer

if TYPE_CHECKING:
    import networkx as nx

INPUT = "input"
"""Name of the input of a network that has only one."""


class Network:
    """An acyclic graph of layers over named inputs, with named outputs; every shape is known.

    Iterates over the layers in a fixed topological order: of those that could come next, the first written does.

        Network("tiny", Shape(3, 32, 32), layers)                           one input, named `input`
        Network("two", {"left": Shape(1, 8, 8), "right": Shape(1, 8, 8)}, layers, outputs=("depth",))

    *outputs* are layers, by default all that no other layer reads, in the network's order. Inputs hold real numbers unless *holds* says
    that one holds signs or sums.

    Raises InvalidInput for two layers of one name, a layer with an input's name, an unknown input, a cycle, a layer whose input is too
    small or holds what the layer cannot take, an input or a layer that is of no use to any output.
    """

    def __init__(
        self,
        name: str,
        inputs: Shape | Mapping[str, Shape],
        layers: Iterable[Layer],
        outputs: Sequence[str] | None = None,
        *,
        holds: Mapping[str, Holds] | None = None,
    ) -> None:
        self.name = name
        named = inputs if isinstance(inputs, Mapping) else {INPUT: inputs}
        self.inputs: Mapping[str, Shape] = {one: _shape(one, shape) for one, shape in named.items()}
        self.layers = _in_order(self.inputs, tuple(layers))
        self._by_name = {layer.name: layer for layer in self.layers}
        self._shapes = dict(self.inputs)
        for layer in self.layers:
            self._shapes[layer.name] = _checked(layer, layer.output(self.input_shapes(layer)), self.input_shapes(layer))
        self._holds: dict[str, Holds] = {one: (holds or {}).get(one, "real") for one in self.inputs}
        for layer in self.layers:
            self._holds[layer.name] = layer.holds([self._holds[source] for source in layer.inputs])
        self.outputs = tuple(outputs) if outputs is not None else tuple(name for name in self._unread() if name in self._by_name)
        self._check_use()

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, name: str) -> Layer:
        return self._by_name[name]

    def shape(self, name: str) -> Shape:
        """The shape of a layer's output, or of an input."""
        return self._shapes[name]

    def input_shapes(self, layer: Layer) -> tuple[Shape, ...]:
        """Shapes of a layer's inputs, in their order."""
        return tuple(self._shapes[name] for name in layer.inputs)

    def holds(self, name: str) -> Holds:
        """Kind of values in an input or in a layer's output: real numbers, sums or signs."""
        return self._holds[name]

    def is_signs(self, name: str) -> bool:
        """True if a map holds -1 and +1 only."""
        return self._holds[name] == "signs"

    def is_sums(self, name: str) -> bool:
        """True if a map holds integers: sums of products of signs, or such sums and signs added up."""
        return self._holds[name] == "sums"

    def part(self, layers: Iterable[str]) -> Network:
        """The subgraph of some layers, as a network. Raises InvalidInput for a name that is no layer's.

        Its inputs are the maps that these layers take from elsewhere, under their names; its outputs are the maps that are read elsewhere
        or are outputs of the whole network.
        """
        wanted = set(layers)
        if unknown := sorted(wanted - set(self._by_name)):
            raise InvalidInput.at("part", f"'{unknown[0]}' is no layer of '{self.name}'", "name layers of the network")
        inside = [layer for layer in self.layers if layer.name in wanted]
        read = {name for layer in inside for name in layer.inputs} - wanted
        crossing = [name for name in self._shapes if name in read]
        elsewhere = set(self._by_name) - wanted
        shapes, holds = {name: self._shapes[name] for name in crossing}, {name: self._holds[name] for name in crossing}
        return Network(self.name, shapes, inside, self.leaving((layer.name for layer in inside), elsewhere), holds=holds)

    def under(self, layers: Sequence[str], out: Box) -> tuple[Box, ...]:
        """The block of each fused layer's output that *out*, a block of the last one's output, is made from.

        A block of all pixels of a map takes all pixels of the maps before it, even those that a window stops short of.
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
        """The graph of layer names, with an edge from each producer to each consumer; inputs are nodes too."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.maps)
        graph.add_edges_from((name, layer.name) for layer in self.layers for name in layer.inputs)
        return graph

    @property
    def maps(self) -> Collection[str]:
        """Names of all maps: of the inputs, then of the layers in the network's order."""
        return self._shapes.keys()

    @cached_property
    def _consumers(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {name: {} for name in self.maps}
        for layer in self.layers:
            for name in layer.inputs:
                found[name][layer.name] = None
        return {name: tuple(readers) for name, readers in found.items()}

    def consumers(self, name: str) -> tuple[str, ...]:
        """Names of the layers that read a map, each once, in the network's order."""
        return self._consumers[name]

    def after(self, names: Container[str]) -> set[str]:
        """Layers that any of some maps leads to; these themselves only if another one leads to them."""
        found: set[str] = set()
        for layer in self.layers:
            if any(source in names or source in found for source in layer.inputs):
                found.add(layer.name)
        return found

    def before(self, names: Container[str]) -> set[str]:
        """Maps that lead to any of some maps; these themselves only if they lead to another one."""
        found: set[str] = set()
        for layer in reversed(self.layers):
            if layer.name in names or layer.name in found:
                found.update(layer.inputs)
        return found

    def only_reader(self, name: str) -> Layer | None:
        """The only reader of a map; None for a map that several layers read, or none, or that is an output."""
        readers = self.consumers(name)
        return self._by_name[readers[0]] if len(readers) == 1 and name not in self.outputs else None

    def leaving(self, made: Iterable[str], elsewhere: Container[str]) -> tuple[str, ...]:
        """Maps among *made* that must be sent out: read by a layer in *elsewhere*, or an output of the network."""
        return tuple(name for name in made if name in self.outputs or any(user in elsewhere for user in self.consumers(name)))

    def made_from(self, name: str, known: Container[str]) -> Iterator[str]:
        """Names of the nearest *known* maps that a map is computed from; none for what follows from the inputs alone."""
        for source in self._by_name[name].inputs if name not in self.inputs else ():
            if source in known:
                yield source
            else:
                yield from self.made_from(source, known)

    def lying(self, name: str, box: Box, known: Container[str]) -> Iterator[tuple[str, Box]]:
        """Blocks of maps that hold a block of a map: of the nearest *known* ones that layers make it of by moving values, or of itself."""
        if not self.moved(name, known):
            yield name, box
            return
        layer = self._by_name[name]
        for number, source in enumerate(layer.inputs):
            if needed := layer.needs(number, box, self.input_shapes(layer)):
                yield from self.lying(source, needed, known)

    def moved(self, name: str, known: Container[str]) -> bool:
        """True if a map is none of the *known* ones, and a layer makes it by moving values."""
        return name not in known and isinstance(self._by_name.get(name), Moving)

    def bypasses(self, layers: Sequence[str]) -> Iterator[str]:
        """Maps that fused layers take besides their predecessors' results, in the order of the layers."""
        for before, name in pairwise(layers):
            yield from (source for source in self._by_name[name].inputs if source != before)

    def macs(self, name: str, box: Box | None = None) -> int:
        """Multiply-accumulates of a layer, or of a block of its output."""
        layer = self._by_name[name]
        return layer.macs((box or self._shapes[name].box).size, self.input_shapes(layer))

    def ops(self, name: str, box: Box | None = None) -> int:
        """Operations of a layer, or of a block of its output; one MAC is two of them."""
        layer = self._by_name[name]
        return layer.ops((box or self._shapes[name].box).size, self.input_shapes(layer))

    def weight_bits(self, name: str, channels: int | None = None) -> int:
        """Bits of a layer's weights, or of those of some of its output channels."""
        layer = self._by_name[name]
        bits = layer.weight_bits(self.input_shapes(layer))
        return bits if channels is None else bits * channels // self._shapes[name].channels

    def _unread(self) -> list[str]:
        """Inputs and layers that no layer reads."""
        read = {source for layer in self.layers for source in layer.inputs}
        return [name for name in self._shapes if name not in read]

    def _check_use(self) -> None:
        """Raises InvalidInput for outputs that are no layers, and for an input or a layer that no output follows from."""
        for name in self.outputs:
            if name not in self._by_name:
                raise InvalidInput.at("outputs", f"'{name}' is no layer of this network", "name layers, or none for all that nobody reads")
        for name in self._unread():
            if name in self.inputs:
                raise InvalidInput.at(name, "is an input that no layer reads", "leave it out")
            if name not in self.outputs:
                raise InvalidInput.at(name, "is read by no layer and is no output", "leave it out, or name it among the outputs")


def _shape(name: str, given: Sequence[int]) -> Shape:
    """The shape of an input. Raises InvalidInput for one that is not three integers, or without channels."""
    sizes = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
    if len(sizes) != 3 or not all(map(is_integer, sizes)) or sizes[0] < 1:
        problem = f"of '{name}' must be three integers of at least 1, (channels, rows, columns), not {sizes or given!r}"
        raise InvalidInput.at("input_shape", problem)
    return Shape(*sizes)


def _in_order(inputs: Mapping[str, Shape], layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    _check_names(inputs, layers)
    by_name = {layer.name: layer for layer in layers}
    # inputs come before all layers, which keep the order in which they are written as far as they can
    names = (*inputs, *by_name)
    place = {name: number for number, name in enumerate(names)}
    waiting = TopologicalSorter({layer.name: layer.inputs for layer in layers})
    try:
        waiting.prepare()
    except CycleError:
        raise InvalidInput.at("network", "has a cycle", "a layer must not depend on its own output") from None
    order: list[str] = []
    ready: list[int] = []
    while waiting.is_active():
        for name in waiting.get_ready():
            heappush(ready, place[name])
        order.append(names[heappop(ready)])
        waiting.done(order[-1])
    return tuple(by_name[name] for name in order if name in by_name)


def _check_names(inputs: Mapping[str, Shape], layers: tuple[Layer, ...]) -> None:
    """Raises InvalidInput for a network without layers, and for names that are taken twice or stand for nothing."""
    names = [layer.name for layer in layers]
    if not layers:
        raise InvalidInput.at("network", "has no layers", "give it at least one")
    for number, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise InvalidInput.at("network", f"layer number {number} has the name {name!r}", "a name is text")
    for name in inputs:
        if name in names:
            raise InvalidInput.at(name, "is the name of the network's input and of a layer", "give the layer a name of its own")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput.at(twice, "is the name of two layers", "give each layer a name of its own")
    for layer in layers:
        if isinstance(layer.inputs, str):  # whose letters would be taken for names
            raise InvalidInput.at(layer.name, f"has the inputs '{layer.inputs}'", f"they are a tuple of names: ('{layer.inputs}',)")
        for name in layer.inputs:
            if name not in inputs and name not in names:
                raise InvalidInput.at(layer.name, f"takes its input from '{name}', which is no layer of this network")


def _checked(layer: Layer, shape: Shape, inputs: tuple[Shape, ...]) -> Shape:
    if min(shape) < 1:
        raise InvalidInput.at(
            "input_shape", f"is too small: layer '{layer.name}' would turn {inputs[0]} into {shape}", "take a larger input"
        )
    return shape
