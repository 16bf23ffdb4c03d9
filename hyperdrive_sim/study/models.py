"""What a network consists of, one of the zoo or an imported one, and which architectures take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.importing.imported import Imported
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, Dense, Layer

Kind = Literal["binary weights and maps", "binary weights, real maps", "real weights, binary maps", "real weights and maps", ""]
"""The four classes of layers with weights; empty for the others."""

NOTHING_BINARY = (
    "nothing in this file is binary: no layer's weights have two values that are one's negative."
    " If the network was trained so, its exporter has dropped the signs: write them as torch.where(w >= 0, 1.0, -1.0) and export again"
)


class LayerSummary(NamedTuple):
    """A layer: its output [channels, rows, columns], its class, weights of one bit and others, MACs by XNOR and others, who runs it."""

    name: str
    kind: str
    of: Kind
    output: Shape
    binary_weights: int
    other_weights: int
    binary_macs: int
    other_macs: int
    runs_on: tuple[str, ...]


@dataclass(frozen=True)
class ModelSummary:
    """A network, layer by layer; `refusals` say of every architecture that does not take it why not, `notes` what else is to be known."""

    name: str
    inputs: Mapping[str, Shape]
    layers: tuple[LayerSummary, ...]
    takers: tuple[str, ...]
    refusals: Mapping[str, str]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        layers = [{("class" if key == "of" else key): value for key, value in one._asdict().items()} for one in self.layers]
        return {
            "name": self.name,
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "layers": layers,
            "architectures": list(self.takers),
            "refusals": dict(self.refusals),
            "notes": list(self.notes),
        }


def summary(imported: Imported) -> ModelSummary:
    """What an imported network consists of."""
    found = of_network(imported.network)
    notes = imported.notes if any(one.binary_weights for one in found.layers) else (*imported.notes, NOTHING_BINARY)
    return replace(found, notes=notes)


def of_network(network: Network) -> ModelSummary:
    """What a network consists of. An architecture takes it if it takes any layer and can hold it, with a chip as published."""
    hosts: dict[str, frozenset[str]] = {}
    refusals = {}
    for name in registry.usable():
        try:
            hosts[name] = _host(registry.load(name), network)
        except InvalidInput as error:
            refusals[name] = str(error)
    layers = tuple(_layer(layer, network, hosts) for layer in network)
    return ModelSummary(network.name, dict(network.inputs), layers, tuple(hosts), refusals, ())


def _host(arch: Architecture, network: Network) -> frozenset[str]:
    """Layers that an architecture leaves to the host."""
    return arch.map(network, next(iter(arch.candidates(network, arch.Spec())))).placement.host


def _layer(layer: Layer, network: Network, hosts: Mapping[str, frozenset[str]]) -> LayerSummary:
    count, macs = layer.weight_count(network.input_shapes(layer)), network.macs(layer.name)
    of, binary = kind(layer, network), getattr(layer, "weights", "") == "binary"
    by_xnor = of == "binary weights and maps"
    weights, work = (count, 0) if binary else (0, count), (macs, 0) if by_xnor else (0, macs)
    runs_on = tuple(name for name, host in hosts.items() if layer.name not in host)
    return LayerSummary(layer.name, layer.kind, of, network.shape(layer.name), *weights, *work, runs_on)


def kind(layer: Layer, network: Network) -> Kind:
    """The class of a layer, by its weights and the map that it takes."""
    if not isinstance(layer, Conv | Dense):
        return ""
    signs = network.is_signs(layer.inputs[0])
    if layer.weights == "binary":
        return "binary weights and maps" if signs else "binary weights, real maps"
    return "real weights, binary maps" if signs else "real weights and maps"
