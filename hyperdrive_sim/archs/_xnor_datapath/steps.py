"""Steps of a network on the datapath: binary convolutions summed up, then thresholded and pooled; the real-valued layers are the host's.

A step fuses the layers of one result before it goes to memory: one convolution, or several whose sums residual or multi-base networks
add up, a bypass of signs, and behind them a sign and a pooling in either order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, Sign

ADDS = "the chip adds a bypass only while it sums up a convolution"


class Term(NamedTuple):
    """Convolution of the map *source*, added to the map *bypass* if there is one: signs, or the sums of the term before it."""

    conv: Conv
    source: str
    add: Add | None
    bypass: str | None

    @property
    def sums(self) -> str:
        """Name of the map of sums that the term makes."""
        return self.add.name if self.add else self.conv.name


class CoreStep(NamedTuple):
    """Terms that are summed up, and the layers *behind* the sum: sign and pooling in the network's order, or none."""

    terms: tuple[Term, ...]
    behind: tuple[Layer, ...]

    @property
    def output(self) -> str:
        return self.behind[-1].name if self.behind else self.terms[-1].sums

    @property
    def sign(self) -> Sign | None:
        return next((layer for layer in self.behind if isinstance(layer, Sign)), None)

    @property
    def pool(self) -> MaxPool | None:
        return next((layer for layer in self.behind if isinstance(layer, MaxPool)), None)

    @property
    def sources(self) -> tuple[str, ...]:
        """Maps of signs that the step reads."""
        made = {term.sums for term in self.terms}
        read = (name for term in self.terms for name in (term.source, term.bypass) if name and name not in made)
        return tuple(dict.fromkeys(read))

    def layers(self, number: int) -> tuple[str, ...]:
        """Layers that the term of that number computes fused."""
        term = self.terms[number]
        behind = self.behind if number == len(self.terms) - 1 else ()
        return (term.conv.name, *([term.add.name] if term.add else []), *(layer.name for layer in behind))


class CorePlan(NamedTuple):
    """Network as the datapath runs it. *host*: layers left to it; *inputs*: maps of signs from it; *outputs*: maps that go to it."""

    steps: tuple[CoreStep, ...]
    host: frozenset[str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def plan(network: Network) -> CorePlan:
    """Steps of a network.

    Raises InvalidInput for a network without binary convolutions of binary maps, or with sums that the datapath cannot finish.
    """
    terms = _terms(network)
    if not terms:
        raise _nothing_to_run(network)
    steps = tuple(_steps(network, terms))
    ours = {name for step in steps for number in range(len(step.terms)) for name in step.layers(number)}
    made = {step.output for step in steps}
    inputs = tuple(dict.fromkeys(name for step in steps for name in step.sources if name not in made))
    host = frozenset(layer.name for layer in network if layer.name not in ours)
    return CorePlan(steps, host, inputs, network.leaving((step.output for step in steps), host))


def runs(conv: Conv) -> bool:
    """True if the datapath has the hardware for a convolution: binary weights on signs, whose results are bare sums."""
    return conv.counts and next(_obstacles(conv), None) is None


def _obstacles(conv: Conv) -> Iterator[str]:
    """Properties of a convolution of signs that the datapath has no hardware for; the host computes a layer that has any."""
    if conv.groups > 1:
        yield f"has {conv.groups} groups"
    if conv.window.dilation != (1, 1):
        yield "has dilation {} x {}".format(*conv.window.dilation)
    if conv.window.stride[0] != conv.window.stride[1]:
        yield "has stride {} x {}".format(*conv.window.stride)


def _nothing_to_run(network: Network) -> InvalidInput:
    """Error for a network without any layer for the chip: names the first convolution of signs, if any, and what does not fit."""
    for layer in network:
        if isinstance(layer, Conv) and network.is_sums(layer.name):
            problem = f"{', '.join(_obstacles(layer))}; the chip can run no layer of '{network.name}'"
            return InvalidInput.at(layer.name, problem, "it runs XNOR convolutions in one group, without dilation, of one stride")
    problem = f"'{network.name}' has no layer with binary weights and binary maps"
    return InvalidInput.at("network", problem, "this chip runs XNOR convolutions only; `hyperdrive-sim list` names networks")


def _terms(network: Network) -> dict[str, Term]:
    """Terms by the map that they make: every binary convolution with the add behind it.

    Raises InvalidInput for an add of sums that the chip cannot do while it sums up a convolution.
    """
    order = {layer.name: number for number, layer in enumerate(network)}
    convs = {layer.name: layer for layer in network if isinstance(layer, Conv) and runs(layer)}
    terms = {name: Term(conv, conv.inputs[0], None, None) for name, conv in convs.items()}
    for add in (layer for layer in network if isinstance(layer, Add) and network.is_sums(layer.name)):
        if not any(name in terms or name in convs for name in add.inputs):
            continue  # sums of the host's own
        own = max((name for name in add.inputs if name in convs), key=order.__getitem__, default=None)
        if add.inputs[0] == add.inputs[1]:
            raise InvalidInput.at(add.name, f"adds '{add.inputs[0]}' to itself", ADDS)
        if own is None or convs[own].relu or network.only_reader(own) != add or own not in terms:
            raise InvalidInput.at(add.name, "does not add to the sums of a convolution of its own", ADDS)
        (bypass,) = (name for name in add.inputs if name != own)
        if add.gain != 1 and (own != add.inputs[0] or not network.is_signs(bypass)):
            raise InvalidInput.at(add.name, f"weighs sums by {add.gain}", "the chip has no multiplier; only signs can weigh more than 1")
        if bypass not in terms and not network.is_signs(bypass):
            raise InvalidInput.at(add.name, f"adds the sums of '{bypass}'", "the chip adds to sums of its own or to signs only")
        del terms[own]
        terms[add.name] = Term(convs[own], convs[own].inputs[0], add, bypass)
    return dict(sorted(terms.items(), key=lambda item: order[item[0]]))


def _steps(network: Network, terms: dict[str, Term]) -> Iterator[CoreStep]:
    """Steps: chains of terms that end in a sum that is no term's bypass."""
    bypasses = {term.bypass for term in terms.values()}
    for sums, term in terms.items():
        if sums in bypasses:
            _check_inner(network, term)
            continue
        chain = [term]
        while chain[0].bypass in terms:
            chain.insert(0, terms[chain[0].bypass])
        yield CoreStep(tuple(chain), _behind(network, term))


def _check_inner(network: Network, term: Term) -> None:
    last = term.add or term.conv
    if last.relu or network.only_reader(term.sums) is None:
        problem = "is added to and used besides, or has a ReLU"
        raise InvalidInput.at(term.sums, problem, "partial sums are in memory only until they are complete")


def _behind(network: Network, term: Term) -> tuple[Layer, ...]:
    """Sign, and a pooling before or after it, if no other layer reads the maps in between; empty without a sign."""
    layers: list[Layer] = []
    name = term.sums
    while isinstance(layer := network.only_reader(name), Sign | MaxPool):
        if any(type(layer) is type(other) for other in layers):
            break
        if isinstance(layer, MaxPool) and term.add:
            break
        layers.append(layer)
        name = layer.name
    if not any(isinstance(layer, Sign) for layer in layers):
        return ()
    return tuple(layers)
