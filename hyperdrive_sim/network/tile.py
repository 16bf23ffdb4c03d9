"""Tiles of a network: a block of its output, as a network of its own that computes just that from just the blocks it needs."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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


@dataclass(frozen=True)
class Tile:
    """A block of a network's output as a network of its own, and of each of its maps the block of the *whole* network's map that it is.

    Layers keep their names, and so do the inputs. One that several layers take in different blocks comes in as often, under the names of
    its readers.
    """

    whole: Network
    layers: tuple[Layer, ...]
    blocks: Mapping[str, MapBlock]

    @property
    def inputs(self) -> Mapping[str, MapBlock]:
        """Blocks of the whole network's maps that the tile takes, halo included, by the name of its input."""
        return {name: block for name, block in self.blocks.items() if block.tensor in self.whole.inputs}

    @cached_property
    def network(self) -> Network:
        shapes = {name: box.shape for name, (_, box) in self.inputs.items()}
        holds = {name: self.whole.holds(tensor) for name, (tensor, _) in self.inputs.items()}
        return Network(self.whole.name, shapes, self.layers, self.whole.outputs, holds=holds)

    @property
    def kind(self) -> Hashable:
        """What tiles have in common that are the same network."""
        return self.layers, tuple((name, box.shape) for name, (_, box) in self.inputs.items())


def tile(network: Network, out: Box) -> Tile:
    """The tile of a block of the only output of a network.

    Windows keep the padding that lies outside of the whole map, convolutions have the channels that are needed. Raises InvalidInput for a
    block that cannot be cut out, as one that ends between two copies of an enlarged pixel, and for several outputs.
    """
    if len(network.outputs) != 1:
        raise InvalidInput.at("network", f"'{network.name}' has {len(network.outputs)} outputs", "a tile is a block of one map")
    needed = _needed(network, out)
    blocks = {name: MapBlock(name, need.box) for name, need in needed.items()}
    layers = []
    for layer in network:
        if layer.name in needed:
            taken = list(_taken(layer, network, needed))
            blocks |= {name: block for name, block in taken if name not in needed}
            layers.append(_cut(layer, network, needed[layer.name].box, taken))
    return Tile(network, tuple(layers), blocks)


class _Need(NamedTuple):
    """The block of a map that is needed, *under* the windows of a reader, and clipped to the map."""

    under: Box
    box: Box


def _needed(network: Network, out: Box) -> dict[str, _Need]:
    """The block of each map that a block of the output follows from; an input's is that of one of its readers."""
    needed = {network.outputs[0]: _Need(out, out)}
    for layer in reversed(network.layers):
        if layer.name not in needed:
            continue
        for name, need in _needs(layer, network, needed[layer.name].box):
            known = needed.setdefault(name, need)
            if name not in network.inputs:
                needed[name] = known._replace(box=_around(known.box, need.box))
    return {name: needed[name] for name in network.maps if name in needed}


def _needs(layer: Layer, network: Network, out: Box) -> list[tuple[str, _Need]]:
    """The block of each of its inputs that a layer takes; inputs that it takes nothing of are left out."""
    shapes = network.input_shapes(layer)
    under = [(name, layer.needs(number, out, shapes)) for number, name in enumerate(layer.inputs)]
    found = [(name, _Need(box, box.clipped(network.shape(name)))) for name, box in under]
    taken = [(name, need) for name, need in found if need.box]
    if not taken:
        raise not_made(layer, out, "made of its padding alone there")
    return taken


def _around(one: Box, other: Box) -> Box:
    """The smallest block that holds two."""
    c0, c1, r0, r1, w0, w1 = one
    d0, d1, s0, s1, x0, x1 = other
    return Box(min(c0, d0), max(c1, d1), min(r0, s0), max(r1, s1), min(w0, x0), max(w1, x1))


def _taken(layer: Layer, network: Network, needed: Mapping[str, _Need]) -> Iterator[tuple[str, MapBlock]]:
    """The blocks that a layer of the tile takes, with the names of its inputs there.

    One that other windows need differently comes in by itself, also where both are the whole map: so all tiles have the same inputs.
    """
    for name, need in _needs(layer, network, needed[layer.name].box):
        own = name in network.inputs and need.under != needed[name].under
        yield (f"{name} for {layer.name}", MapBlock(name, need.box)) if own else (name, MapBlock(name, needed[name].box))


def _cut(layer: Layer, network: Network, out: Box, taken: Sequence[tuple[str, MapBlock]]) -> Layer:
    """The layer of the tile that makes a block of a layer's output."""
    names, given = tuple(name for name, _ in taken), [box for _, (_, box) in taken]
    begins = all(box[::2] == need.box[::2] for box, (_, need) in zip(given, _needs(layer, network, out), strict=True))
    made: Any = cut(layer, out, given, network.input_shapes(layer)) if begins else None
    if made is None or made.output([box.shape for box in given]) != out.shape:
        raise not_made(layer, out, "and other layers need another block of what it takes")
    return cast(Layer, made if made.inputs == names else replace(made, inputs=names))
