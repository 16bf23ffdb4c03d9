"""Steps of a network on Hyperdrive: a convolution, fused with the residual add and the leaky ReLUs behind it; the ends are the host's.

Channel shuffles, concatenations and enlargements are no steps but addresses: the steps behind them read the maps that they are made of,
where these lie. The papers publish figures of ShuffleNet and YOLOv3 and do not say how the chip does what these have beside plain
convolutions and residual adds; how it is done here is assumed (supports.yaml).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Activation, Add, ChannelShuffle, Concat, Conv, Layer, MeanPool, Sign, Upsample
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.text.wording import with_article

RUNS = (
    "it runs binary 1 x 1 and 3 x 3 convolutions of stride 1 and 2 with 'same' padding (on one chip also with less), "
    "means of such windows, residual adds, "
    "leaky ReLUs, channel shuffles, concatenations and enlargements by 2"
)

ENLARGED = 2
"""Factor of an enlargement: a pixel's address without its last bit."""

Summed = Conv | MeanPool
"""Layers whose sums the array accumulates; a mean is a depthwise convolution of ones with the factor 1 / taps."""
Moved = ChannelShuffle | Concat | Upsample
"""Layers that are addresses alone."""


class HyperdriveStep(NamedTuple):
    """Convolution of *source*, fused with what is *behind* it: a residual add of *bypass*, leaky ReLUs; the result is the map *output*.

    *source* and *bypass* may be made by `Moved` layers, of the maps *sources* and *bypasses* that lie on the chips; else these are
    themselves.
    """

    main: Summed
    behind: tuple[Add | Activation, ...]
    source: str
    bypass: str | None
    output: str
    sources: tuple[str, ...]
    bypasses: tuple[str, ...]

    @property
    def halo(self) -> int:
        """Width in pixels of the halo that a chip reads: 1 for a 3 x 3 kernel, 0 for 1 x 1."""
        return self.main.window.rows.kernel // 2

    @property
    def halos(self) -> tuple[str, ...]:
        """Maps of which a chip reads its neighbours' pixels."""
        return self.sources if self.halo else ()

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.main.name, *(layer.name for layer in self.behind))

    @property
    def add(self) -> Add | None:
        return next((layer for layer in self.behind if isinstance(layer, Add)), None)

    @property
    def narrow(self) -> bool:
        """True if the padding is less than 'same', so that outputs whose windows hang over the edge are left out."""
        return self.main.window.pads != _same(self.main.window)

    @property
    def maps(self) -> tuple[str, ...]:
        """Maps on the chips that the step reads, each once."""
        return tuple(dict.fromkeys((*self.sources, *self.bypasses)))


class HyperdrivePlan(NamedTuple):
    """Network as Hyperdrive runs it. *host*: layers left to the host; *inputs*: maps that come from it; *outputs*: maps that go to it."""

    steps: tuple[HyperdriveStep, ...]
    host: frozenset[str]
    moved: frozenset[str]
    """Layers that are addresses of the chips, and nothing that the host computes as well."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stride: dict[str, Fraction]
    """Stride of every map on the chips, and of those that `Moved` layers make: the distance of its pixels, in pixels of the inputs."""
    grid: Fraction
    """Pixels of the inputs at whose multiples the mesh cuts: where a pixel to be enlarged begins, so that one chip has all copies of it."""


def plan(network: Network) -> HyperdrivePlan:
    """Steps of a network.

    Raises InvalidInput for a network with nothing to run, with a layer between the others that Hyperdrive cannot run, or with inputs
    of different sizes.
    """
    ours = _our_layers(network)
    if not any(isinstance(layer, Conv) for layer in ours):
        raise _nothing_to_run(network)
    moved = {layer.name for layer in ours if isinstance(layer, Moved)}
    chains = _chains(ours, network)
    made = {chain[-1].name for chain in chains}
    steps = tuple(_step(chain, network, moved) for chain in chains)
    inputs = tuple(dict.fromkeys(name for step in steps for name in step.maps if name not in made))
    host = frozenset(layer.name for layer in network) - {layer.name for layer in ours}
    host |= set(_moved_by_the_host(network, moved, host))
    outputs = network.leaving((step.output for step in steps), host)
    if len({network.shape(name)[1:] for name in inputs}) > 1:
        raise InvalidInput.at("network", f"'{network.name}' feeds maps of different sizes from the host", "Hyperdrive takes one size")
    strides = _strides(network, ours, inputs)
    grid = max((strides[layer.inputs[0]] for layer in ours if isinstance(layer, Upsample)), default=Fraction(1))
    return HyperdrivePlan(steps, host, frozenset(moved - host), inputs, outputs, strides, grid)


def runs(layer: Layer) -> bool:
    """True if Hyperdrive has the hardware for a layer."""
    return next(_obstacles(layer), None) is None


def _obstacles(layer: Layer) -> Iterator[str]:
    """Properties of a layer that Hyperdrive has no hardware for."""
    match layer:
        case Conv():
            if layer.weights != "binary":
                yield "has real weights"
            if layer.pad != 0:
                yield f"is padded with {layer.pad:+d}"
            yield from _unfit(layer.window)
        case MeanPool():
            if not layer.count_pads:
                yield "leaves its padding out of the mean"
            yield from _unfit(layer.window)
        case Add():
            if layer.gain != 1:
                yield f"weighs its bypass by {layer.gain}"
            if layer.inputs[0] == layer.inputs[1]:
                yield "adds a map to itself"
        case Activation():
            if layer.function != "leaky_relu":
                yield "is neither a ReLU of a convolution nor a leaky one"
        case Upsample():
            if layer.factor != ENLARGED:
                yield f"enlarges by {layer.factor}"
        case ChannelShuffle() | Concat():
            pass
        case Sign():
            yield "has no signs: its maps are FP16, for which a network is trained with ReLUs in their place"
        case _:
            yield "has no hardware for that"


def _unfit(window: Window) -> Iterator[str]:
    rows, columns = window.kernel
    if window.kernel not in ((1, 1), (3, 3)):
        yield f"has a kernel of {rows} x {columns}"
    if window.dilation != (1, 1):
        yield "has dilation {} x {}".format(*window.dilation)
    if window.stride not in ((1, 1), (2, 2)):
        yield "has stride {} x {}".format(*window.stride)
    if any(pad > most for pad, most in zip(window.pads, _same(window), strict=True)):
        yield f"has pads {window.pads}, 'same' would be {_same(window)}"


def _same(window: Window) -> tuple[int, int, int, int]:
    """The padding with which a map keeps its size, but for the stride."""
    rows, columns = (kernel // 2 * dilation for kernel, dilation in zip(window.kernel, window.dilation, strict=True))
    return rows, columns, rows, columns


def _nothing_to_run(network: Network) -> InvalidInput:
    """Error for a network without any layer for the chip: names the first binary convolution, if any, and what does not fit."""
    for layer in network:
        if isinstance(layer, Conv) and layer.weights == "binary":
            problem = f"{', '.join(_obstacles(layer))}; Hyperdrive can run no layer of '{network.name}'"
            return InvalidInput.at(layer.name, problem, RUNS)
    return InvalidInput.at(
        "network", f"'{network.name}' has no layer with binary weights", "Hyperdrive runs binary-weight convolutions only"
    )


def _our_layers(network: Network) -> list[Layer]:
    """Layers that the chips run: not those before the first convolution that they run, and not those after the last.

    Raises InvalidInput for a layer between two of the chips' that Hyperdrive cannot run.
    """
    convs = {layer.name for layer in network if isinstance(layer, Conv) and runs(layer)}
    behind_one, ahead_of_one = network.after(convs), network.before(convs)
    ours: dict[str, Layer] = {}
    for layer in network:
        before, after = layer.name in behind_one, layer.name in ahead_of_one
        if runs(layer) and _has_its_place(layer, network, ours, convs, before=before, after=after):
            ours[layer.name] = layer
        elif before and after:
            obstacles = ", ".join(_obstacles(layer)) or _misplaced(layer)
            problem = f"is {with_article(layer.kind)} between layers on the chip, which Hyperdrive cannot run: it {obstacles}"
            raise InvalidInput.at(layer.name, problem, RUNS)
    return list(ours.values())


def _has_its_place(layer: Layer, network: Network, ours: Mapping[str, Layer], convs: Container[str], *, before: bool, after: bool) -> bool:
    """True if a layer that Hyperdrive has the hardware for stands where it can be used; *ours* are the layers before it on the chips."""
    match layer:
        case Conv():
            return True
        case Add():
            return before
        case Activation(inputs=(source,)):
            return isinstance(ours.get(source), Conv | Add) and network.only_reader(source) == layer
        case MeanPool(inputs=(source,)):  # the host could as well, but for a map that is on the chips anyway
            return after and (source in ours or any(reader in convs for reader in network.consumers(source)))
        case _:
            return after and any(source in ours for source in layer.inputs)


def _misplaced(layer: Layer) -> str:
    if isinstance(layer, Activation):
        return f"is not the only reader of a convolution or a residual add, '{layer.inputs[0]}'"
    return "takes nothing that the chip makes"


BYPASSES = "Hyperdrive adds a bypass to a convolution's sums, before its ReLU and before anything else reads them"


def _chains(ours: Sequence[Layer], network: Network) -> list[list[Summed | Add | Activation]]:
    """Convolutions and means, each with the layers that are fused behind it. Raises InvalidInput for an add that cannot be."""
    chains: dict[str, list[Summed | Add | Activation]] = {}  # by the last layer of each
    order: list[list[Summed | Add | Activation]] = []
    for layer in ours:
        match layer:
            case Conv() | MeanPool():
                chain = chains[layer.name] = [layer]
                order.append(chain)
            case Add() | Activation():
                last = _sum_under(layer, network, chains) if isinstance(layer, Add) else layer.inputs[0]
                chain = chains[layer.name] = chains.pop(last)
                chain.append(layer)
    return order


def _sum_under(add: Add, network: Network, chains: Mapping[str, Sequence[Layer]]) -> str:
    """Result that an add takes straight from the accumulators: its later input, a convolution's, read by no other layer.

    A leaky ReLU may stand between, as it is a pass of its own. Raises InvalidInput if there is none, or if Hyperdrive cannot run it.
    """
    order = {layer.name: number for number, layer in enumerate(network)}
    later = max(add.inputs, key=lambda name: order.get(name, -1))
    last = network[later] if later not in network.inputs else None
    conv = network[last.inputs[0]] if isinstance(last, Activation) and last.inputs[0] not in network.inputs else last
    if not isinstance(conv, Conv):
        raise InvalidInput.at(add.name, f"adds to '{later}', which is no convolution's result", BYPASSES)
    if conv.relu:
        raise InvalidInput.at(add.name, f"adds to the result of '{later}', which has a ReLU of its own", f"{BYPASSES}; set its relu=False")
    if network.only_reader(later) != add:
        raise InvalidInput.at(add.name, f"adds to the result of '{later}', which other layers read too", BYPASSES)
    if later not in chains:
        obstacles = ", ".join(_obstacles(conv)) or ", ".join(_obstacles(network[later])) or _misplaced(network[later])
        problem = f"adds to the result of '{later}', which Hyperdrive cannot run: it {obstacles}"
        raise InvalidInput.at(add.name, problem, RUNS)
    return later


def _step(chain: Sequence[Summed | Add | Activation], network: Network, moved: Container[str]) -> HyperdriveStep:
    main, *behind = chain
    assert isinstance(main, Summed)
    fused = tuple(layer for layer in behind if isinstance(layer, Add | Activation))
    source, bypass = main.inputs[0], next(network.bypasses([layer.name for layer in chain]), None)
    sources, bypasses = (_lying(name, network, moved) if name else () for name in (source, bypass))
    return HyperdriveStep(main, fused, source, bypass, chain[-1].name, tuple(dict.fromkeys(sources)), tuple(dict.fromkeys(bypasses)))


def _lying(name: str, network: Network, moved: Container[str]) -> Iterator[str]:
    """Maps on the chips that hold a map: itself, or those that it is made of."""
    if name in moved:
        for source in network[name].inputs:
            yield from _lying(source, network, moved)
    else:
        yield name


def _moved_by_the_host(network: Network, moved: Container[str], host: Container[str]) -> Iterator[str]:
    """`Moved` layers whose maps the host needs, which makes them by itself."""
    needed = {*network.outputs, *(name for layer in network if layer.name in host for name in layer.inputs)}
    for layer in reversed(network.layers):
        if layer.name in moved and layer.name in needed:
            needed |= set(layer.inputs)
            yield layer.name


def _strides(network: Network, ours: Sequence[Layer], inputs: Sequence[str]) -> dict[str, Fraction]:
    strides = dict.fromkeys(inputs, Fraction(1))
    for layer in ours:
        stride = strides[next(name for name in layer.inputs if name in strides)]
        match layer:
            case Conv() | MeanPool():
                stride *= layer.window.rows.stride
            case Upsample():
                stride /= layer.factor
        strides[layer.name] = stride
    return strides


def block_inputs(step: HyperdriveStep, c0: int, c1: int, network: Network) -> int:
    """Input channels that a block of output channels takes, one after the other: all of each group that has a channel in the block."""
    if isinstance(step.main, Conv) and step.main.groups == 1:  # as most are
        return network.shape(step.source).channels
    block = step.main.needs(0, Box(c0, c1, 0, 1, 0, 1), (network.shape(step.source),))
    return block.c1 - block.c0


def channel_weights(step: HyperdriveStep, network: Network) -> int:
    """Weights of one output channel, one bit each; those of a mean are ones and come like others."""
    groups = step.main.groups if isinstance(step.main, Conv) else network.shape(step.source).channels
    return step.main.window.taps * (network.shape(step.source).channels // groups)
