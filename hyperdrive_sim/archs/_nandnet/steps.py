"""Layers that NAND-Net's accelerators run, in steps: a binary convolution of signs, then pooling and threshold in the periphery.

The digital periphery pools (comparators, adders), scales and compares with a threshold, so a step ends in signs wherever the network
lets it; sums that nothing on the chip finishes go to the host.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum
from typing import NamedTuple

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, Layer, MaxPool, MeanPool, Sign
from hyperdrive_sim.schedule.mapped import Quantity
from hyperdrive_sim.schedule.provenance import Basis


class NandnetStep(NamedTuple):
    """A convolution of the map of signs *source*, and the pooling and sign layers *behind* it, fused."""

    conv: Conv
    source: str
    behind: tuple[Layer, ...]

    @property
    def output(self) -> str:
        return self.layers[-1]

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.conv.name, *(layer.name for layer in self.behind))

    @property
    def signs(self) -> bool:
        """True if it ends in signs; else it ends in sums."""
        return bool(self.behind)


class NandnetPlan(NamedTuple):
    """A network as the accelerator runs it. *inputs* are maps of signs that come from the host, *outputs* maps that go back to it."""

    steps: tuple[NandnetStep, ...]
    host: frozenset[str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def plan(network: Network, left_to_host: tuple[str, ...] = ()) -> NandnetPlan:
    """Split a network into steps that the accelerator runs and layers left to the host.

    Raises InvalidInput for a network without a convolution that it runs, or for a name in *left_to_host* that is no binary convolution.
    """
    sums = [layer for layer in network if isinstance(layer, Conv) and network.is_sums(layer.name)]
    convs = [conv for conv in sums if runs(conv)]
    if unknown := sorted(set(left_to_host) - {conv.name for conv in sums}):
        known = ", ".join(conv.name for conv in sums)
        raise InvalidInput.at("chip.left_to_host", f"'{unknown[0]}' is no binary layer of '{network.name}'", f"it has {known}")
    steps = tuple(NandnetStep(conv, conv.inputs[0], tuple(_behind(network, conv))) for conv in convs if conv.name not in left_to_host)
    if sums and not convs:
        problem = f"has {sums[0].groups} groups; the accelerator can run no layer of '{network.name}'"
        raise InvalidInput.at(sums[0].name, problem, "it runs XNOR convolutions in one group")
    if not steps:
        problem = f"'{network.name}' leaves no layer with binary weights and binary maps"
        raise InvalidInput.at("network", problem, "this accelerator runs XNOR convolutions only; `hyperdrive-sim list` names networks")
    ours, made = {name for step in steps for name in step.layers}, {step.output for step in steps}
    inputs = tuple(dict.fromkeys(step.source for step in steps if step.source not in made))
    host = frozenset(layer.name for layer in network if layer.name not in ours)
    return NandnetPlan(steps, host, inputs, network.leaving((step.output for step in steps), host))


def runs(conv: Conv) -> bool:
    """True if the accelerators can count a convolution's products: one of signs, in one group, whose results are bare sums."""
    return conv.counts and conv.groups == 1


OF_NETWORK = (Basis("shapes of the network's layers", "the scenario", "published"),)


def ones_share(plan: NandnetPlan, network: Network, kernels: int) -> dict[str, Quantity]:
    """The share of kernels of ones, which count activations: *kernels* more than each convolution has, on average over them.

    Layers of a single output pixel are fully connected ones, which the paper does not count; empty if there are no others, and without
    such kernels.
    """
    shapes = [network.shape(step.conv.name) for step in plan.steps]
    shares = [kernels / shape.channels for shape in shapes if shape.rows * shape.columns > 1]
    if not kernels or not shares:
        return {}
    source = f"{kernels} more per convolution, on average over them"
    return {"kernels of ones": Quantity(fsum(shares) / len(shares), "%", "derived", source, OF_NETWORK)}


def _behind(network: Network, conv: Conv) -> Iterator[Layer]:
    """Pooling and sign layers that are fused with a convolution: each the only reader of the map before it, and a sign among them."""
    layers: list[Layer] = []
    name = conv.name
    while isinstance(layer := network.only_reader(name), Sign | MaxPool | MeanPool):
        layers.append(layer)
        name = layer.name
    # without a sign, pooled sums would leave; the host pools them instead
    while layers and not any(isinstance(layer, Sign) for layer in layers):
        layers.pop()
    while layers and isinstance(layers[-1], MeanPool):  # a mean of signs is none; the host takes it
        layers.pop()
    yield from layers
