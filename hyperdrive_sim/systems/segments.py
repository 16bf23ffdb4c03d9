"""Segments of a network: what a chip computes in one go, a convolution with what it folds in behind it; they run one after the other.

What a chip can fold is the chip's business, so it is asked: a group of layers is a segment if the chip maps a tile of it without leaving
any layer to the host, and stores nothing but its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import DoesNotFit, InvalidInput
from hyperdrive_sim.network.box import MOST_SIDE, Box
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers.layer import Layer, Moving
from hyperdrive_sim.network.tile import tile
from hyperdrive_sim.schedule.spec import Spec

PROBES = (MOST_SIDE, 1), (1, 1), (MOST_SIDE, 16)
"""Channels, and rows and columns, of the tiles that a chip is asked for: a pixel, one value, and as much as a small mesh can share."""


def segments(network: Network, arch: Architecture, spec: Spec) -> tuple[Network, ...]:
    """Segments of a network, in an order in which each follows those that it takes maps of; layers of none are the host's.

    A convolution or dense layer is taken with as many as possible of the layers that come behind it, one the only reader of the other;
    where the chip cannot do without, as with sums that are never stored, with the segments that make what is added besides.
    """
    found: dict[str, tuple[str, ...]] = {}
    for layer in network:
        if _has_weights(layer, network) and (names := _largest(_chain(network, layer), network, found, arch, spec)):
            for name in names:
                found.pop(name, None)
            found[names[-1]] = names
    order = {name: number for number, name in enumerate(network.maps)}
    return tuple(network.part(found[output]) for output in sorted(found, key=order.__getitem__))


def _chain(network: Network, first: Layer) -> list[str]:
    """A layer and those behind it that could be folded in: each the only reader of the one before; what it adds can be there."""
    order = {name: number for number, name in enumerate(network.maps)}
    names = [first.name]
    while (reader := network.only_reader(names[-1])) and not _has_weights(reader, network):
        others = {name for name in reader.inputs if name != names[-1]}
        above = (name for name in others | network.before(others) if name not in network.inputs)
        if isinstance(reader, Moving) or any(_has_weights(network[name], network) and order[name] > order[first.name] for name in above):
            break
        names.append(reader.name)
    return names


def _has_weights(layer: Layer, network: Network) -> bool:
    return layer.weight_count(network.input_shapes(layer)) > 0


def _largest(
    chain: Sequence[str], network: Network, known: dict[str, tuple[str, ...]], arch: Architecture, spec: Spec
) -> tuple[str, ...] | None:
    """The longest beginning of a chain that is a segment, alone or with those that make its bypasses; None if none is."""
    for stop in range(len(chain), 0, -1):
        names = tuple(chain[:stop])
        for group in dict.fromkeys((names, (*_joined(names, network, known), *names))):
            if _is_segment(network.part(group), arch, spec):
                return group
    return None


def _joined(names: Sequence[str], network: Network, known: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Layers of the segments that make the bypasses of fused layers which nobody else reads."""
    for bypass in network.bypasses(names):
        if bypass in known and network.only_reader(bypass):
            yield from known[bypass]


def _is_segment(part: Network, arch: Architecture, spec: Spec) -> bool:
    """True if a chip computes a part in one go; a single layer whose smallest tile does not fit is one too, which is said later."""
    if len(part.outputs) > 1:
        return False
    shape, fits = part.shape(part.outputs[0]), True
    for channels, side in PROBES:
        probe = Box(0, min(channels, shape.channels), 0, min(side, shape.rows), 0, min(side, shape.columns))
        try:
            placement = arch.map(tile(part, probe).network, spec).placement
        except DoesNotFit:
            fits = False
        except InvalidInput:
            continue
        else:
            return not placement.host and {one.layer for one in placement.parts} == set(part.outputs)
    return not fits and len(part) == 1
