"""Tiles of a network: a block of its output, as a network of its own that computes just that from just the blocks it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers.cutting import cut, not_made
from hyperdrive_sim.network.layers.layer import Layer


class MapBlock(NamedTuple):
    """A block of a map."""

    tensor: str
    box: Box


class Tile(NamedTuple):
    """A block of a network's output as a network of its own, and of each of its maps the block of the whole network's map that it is.

    Layers keep their names, and so do the inputs. One that several layers take in different blocks comes in as often, under the names of
    its readers.
    """

    network: Network
    blocks: Mapping[str, MapBlock]

    @property
    def inputs(self) -> Mapping[str, MapBlock]:
        """Blocks of the whole network's maps that the tile takes, halo included, by the name of its input."""
        return {name: self.blocks[name] for name in self.network.inputs}


def tile(network: Network, out: Box) -> Tile:
    """The tile of a block of the only output of a network.

    Windows keep the padding that lies outside of the whole map, convolutions have the channels that are needed. Raises InvalidInput for a
    block that cannot be cut out, as one that ends between two copies of an enlarged pixel, and for several outputs.
    """
    if len(network.outputs) != 1:
        raise InvalidInput.at("network", f"'{network.name}' has {len(network.outputs)} outputs", "a tile is a block of one map")
    needed = _needed(network, out)
    blocks = {name: MapBlock(name, box) for name, box in needed.items()}
    layers = []
    for layer in network:
        if layer.name in needed:
            taken = list(_taken(layer, network, needed))
            blocks |= {name: block for name, block in taken if name not in needed}
            layers.append(_cut(layer, network, needed[layer.name], taken))
    inputs = {name: box.shape for name, (tensor, box) in blocks.items() if tensor in network.inputs}
    holds = {name: network.holds(blocks[name].tensor) for name in inputs}
    return Tile(Network(network.name, inputs, layers, network.outputs, holds=holds), blocks)


def _needed(network: Network, out: Box) -> dict[str, Box]:
    """The block of each map that a block of the output follows from; an input's is that of its first reader."""
    needed = {network.outputs[0]: out}
    for layer in reversed(network.layers):
        if layer.name not in needed:
            continue
        for name, box in _boxes(layer, network, needed[layer.name]):
            known = needed.setdefault(name, box)
            if name not in network.inputs:
                needed[name] = _around(known, box)
    return {name: needed[name] for name in network.maps if name in needed}


def _boxes(layer: Layer, network: Network, out: Box) -> list[tuple[str, Box]]:
    """The block of each of its inputs that a layer takes, clipped to the map; inputs that it takes nothing of are left out."""
    shapes = network.input_shapes(layer)
    boxes = [(name, layer.needs(number, out, shapes).clipped(shapes[number])) for number, name in enumerate(layer.inputs)]
    taken = [(name, box) for name, box in boxes if box]
    if not taken:
        raise not_made(layer, out, "made of its padding alone there")
    return taken


def _around(one: Box, other: Box) -> Box:
    """The smallest block that holds two."""
    c0, c1, r0, r1, w0, w1 = one
    d0, d1, s0, s1, x0, x1 = other
    return Box(min(c0, d0), max(c1, d1), min(r0, s0), max(r1, s1), min(w0, x0), max(w1, x1))


def _taken(layer: Layer, network: Network, needed: Mapping[str, Box]) -> Iterator[tuple[str, MapBlock]]:
    """The blocks that a layer of the tile takes, with the names of its inputs there."""
    for name, box in _boxes(layer, network, needed[layer.name]):
        own = name in network.inputs and box != needed[name]
        yield (f"{name} for {layer.name}", MapBlock(name, box)) if own else (name, MapBlock(name, needed[name]))


def _cut(layer: Layer, network: Network, out: Box, taken: Sequence[tuple[str, MapBlock]]) -> Layer:
    """The layer of the tile that makes a block of a layer's output."""
    names, given = tuple(name for name, _ in taken), [box for _, (_, box) in taken]
    begins = all(box[::2] == own[::2] for box, (_, own) in zip(given, _boxes(layer, network, out), strict=True))
    made: Any = cut(layer, out, given, network.input_shapes(layer)) if begins else None
    if made is None or made.output([box.shape for box in given]) != out.shape:
        raise not_made(layer, out, "and other layers need another block of what it takes")
    return cast(Layer, made if made.inputs == names else replace(made, inputs=names))
