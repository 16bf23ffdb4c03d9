"""Steps of a network on Hyperdrive: a convolution, fused with the residual add that follows it; the other layers are the host's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import networkx as nx

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv, Layer
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.text.wording import with_article

RUNS = "it runs binary 1 x 1 and 3 x 3 convolutions of stride 1 and 2 with 'same' padding, and residual adds"


class HyperdriveStep(NamedTuple):
    """Convolution of *source*, fused with a residual add of *bypass* if there is one; the result is the map *output*."""

    conv: Conv
    add: Add | None
    source: str
    bypass: str | None
    output: str

    @property
    def halo(self) -> int:
        """Width in pixels of the halo that a chip reads: 1 for a 3 x 3 kernel, 0 for 1 x 1."""
        return self.conv.window.rows.kernel // 2

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.conv.name, self.add.name) if self.add else (self.conv.name,)


class HyperdrivePlan(NamedTuple):
    """Network as Hyperdrive runs it. *host*: layers left to the host; *inputs*: maps that come from it; *outputs*: maps that go to it."""

    steps: tuple[HyperdriveStep, ...]
    host: frozenset[str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stride: dict[str, int]
    """Stride of every map on the chips: the distance of its pixels, counted in pixels of the inputs."""


def plan(network: Network) -> HyperdrivePlan:
    """Steps of a network.

    Raises InvalidInput for a network with nothing to run, with a layer between the others that Hyperdrive cannot run, or with inputs
    of different sizes.
    """
    host = frozenset(_host_layers(network))
    ours = [layer for layer in network if layer.name not in host]
    if not any(isinstance(layer, Conv) for layer in ours):
        raise _nothing_to_run(network)
    fused = {conv: add for add in ours if isinstance(add, Add) for conv in [_conv_under(add, network)]}
    steps = tuple(_step(layer, fused.get(layer.name)) for layer in ours if isinstance(layer, Conv))
    made = {step.output for step in steps}
    read = dict.fromkeys(name for step in steps for name in (step.source, step.bypass) if name)
    inputs = tuple(name for name in read if name not in made)
    outputs = network.leaving((step.output for step in steps), host)
    if len({network.shape(name)[1:] for name in inputs}) > 1:
        raise InvalidInput.at("network", f"'{network.name}' feeds maps of different sizes from the host", "Hyperdrive takes one size")
    return HyperdrivePlan(steps, host, inputs, outputs, _strides(steps, inputs))


def runs(layer: Layer) -> bool:
    """True if Hyperdrive has the hardware for a layer."""
    return next(_obstacles(layer), None) is None


def _obstacles(layer: Layer) -> Iterator[str]:
    """Properties of a layer that Hyperdrive has no hardware for."""
    match layer:
        case Conv():
            if layer.weights != "binary":
                yield "has real weights"
            if layer.groups > 1:
                yield f"has {layer.groups} groups"
            if layer.pad != 0:
                yield f"is padded with {layer.pad:+d}"
            yield from _unfit(layer.window)
        case Add():
            if layer.gain != 1:
                yield f"weighs its bypass by {layer.gain}"
            if layer.inputs[0] == layer.inputs[1]:
                yield "adds a map to itself"
        case _:
            yield "is neither a convolution nor a residual add"


def _unfit(window: Window) -> Iterator[str]:
    rows, columns = window.kernel
    if window.kernel not in ((1, 1), (3, 3)):
        yield f"has a kernel of {rows} x {columns}"
    if window.dilation != (1, 1):
        yield "has dilation {} x {}".format(*window.dilation)
    if window.stride not in ((1, 1), (2, 2)):
        yield "has stride {} x {}".format(*window.stride)
    same = (rows // 2 * window.dilation[0], columns // 2 * window.dilation[1]) * 2
    if window.pads != same:
        yield f"has pads {window.pads}, 'same' would be {same}"


def _nothing_to_run(network: Network) -> InvalidInput:
    """Error for a network without any layer for the chip: names the first binary convolution, if any, and what does not fit."""
    for layer in network:
        if isinstance(layer, Conv) and layer.weights == "binary":
            problem = f"{', '.join(_obstacles(layer))}; Hyperdrive can run no layer of '{network.name}'"
            return InvalidInput.at(layer.name, problem, RUNS)
    return InvalidInput.at(
        "network", f"'{network.name}' has no layer with binary weights", "Hyperdrive runs binary-weight convolutions only"
    )


def _host_layers(network: Network) -> set[str]:
    """Layers left to the host: those before the first layer that Hyperdrive runs, and those after the last.

    Raises InvalidInput for a layer between two of Hyperdrive's that it cannot run.
    """
    ours = {layer.name for layer in network if runs(layer)}
    host = set()
    for layer in network:
        if layer.name in ours and not isinstance(layer, Add):
            continue
        before = bool(nx.ancestors(network.graph, layer.name) & ours)
        after = bool(nx.descendants(network.graph, layer.name) & ours)
        if layer.name in ours and before:
            continue
        if before and after:
            raise InvalidInput.at(
                layer.name,
                f"is {with_article(layer.kind)} between layers on the chip, which Hyperdrive cannot run: it {', '.join(_obstacles(layer))}",
                RUNS,
            )
        host.add(layer.name)
    return host


BYPASSES = "Hyperdrive adds a bypass to a convolution's sums, before its ReLU and before anything else reads them"


def _conv_under(add: Add, network: Network) -> str:
    """Convolution whose result an add takes straight from the accumulators: its later input, read by no other layer.

    Raises InvalidInput if there is none, or if Hyperdrive cannot run it.
    """
    order = {layer.name: number for number, layer in enumerate(network)}
    later = max(add.inputs, key=lambda name: order.get(name, -1))
    conv = network[later] if later not in network.inputs else None
    if not isinstance(conv, Conv):
        raise InvalidInput.at(add.name, f"adds to '{later}', which is no convolution's result", BYPASSES)
    if conv.relu:
        raise InvalidInput.at(add.name, f"adds to the result of '{later}', which has a ReLU of its own", f"{BYPASSES}; set its relu=False")
    if network.only_reader(later) != add:
        raise InvalidInput.at(add.name, f"adds to the result of '{later}', which other layers read too", BYPASSES)
    if not runs(conv):
        problem = f"adds to the result of '{later}', which Hyperdrive cannot run: it {', '.join(_obstacles(conv))}"
        raise InvalidInput.at(add.name, problem, RUNS)
    return later


def _step(conv: Conv, add: Add | None) -> HyperdriveStep:
    if add is None:
        return HyperdriveStep(conv, None, conv.inputs[0], None, conv.name)
    (bypass,) = (name for name in add.inputs if name != conv.name)
    return HyperdriveStep(conv, add, conv.inputs[0], bypass, add.name)


def _strides(steps: tuple[HyperdriveStep, ...], inputs: tuple[str, ...]) -> dict[str, int]:
    strides = dict.fromkeys(inputs, 1)
    for step in steps:
        strides[step.output] = strides[step.source] * step.conv.window.rows.stride
    return strides
