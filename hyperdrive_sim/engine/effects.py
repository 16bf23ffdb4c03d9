"""Reads and writes of an effect: blocks that a task reads when it starts and writes when it ends, and the weights that it uses or loads.

Replay moves values by them, the proof of hazards orders tasks by them, occupancy counts bits by them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.network.box import Box, new
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.columns import summed
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Compute, Copy, Effect, Load, Patch, Region


class Read(NamedTuple):
    """A block of a map to be read, and the regions of memories that hold it together."""

    tensor: str
    box: Box
    regions: tuple[Region, ...]


class Weights(NamedTuple):
    """Weights of output channels c0..c1 of a layer: the key of their entry in a buffer."""

    layer: str
    c0: int
    c1: int

    def __str__(self) -> str:
        return f"the weights of '{self.layer}' (channels {self.c0}:{self.c1})"


def reads(effect: Effect | None, network: Network) -> Iterator[Read]:
    """Blocks that a task reads when it starts, weights excepted."""
    match effect:
        case Copy(tensor, c0, c1, boxes, source, _, tile):
            for box in boxes:
                block = box.channels(c0, c1)
                yield new(Read, (tensor, block, (new(Region, (source, tensor, block, tile)),)))
        case Compute():
            for patch in effect.patches:
                yield from operands(effect, patch, network)


def operands(effect: Compute, patch: Patch, network: Network) -> Iterator[Read]:
    """Blocks that one patch is computed from: the first layer's input under it, then one for each later layer that takes another map."""
    yield from window(effect, patch, network)
    yield from bypasses(effect, patch, network)


def window(effect: Compute, patch: Patch, network: Network) -> Iterator[Read]:
    """Blocks of the first layer's input that one patch is computed from: the same ones for all of its output channels."""
    locations = effect.locations
    yield from _lying(network[locations.layers[0]].inputs[0], patch.fetch, locations.reads, network)


def bypasses(effect: Compute, patch: Patch, network: Network) -> Iterator[Read]:
    """Blocks that later layers of a patch take besides their predecessors' results."""
    locations, block = effect.locations, patch.out.channels(effect.c0, effect.c1)
    for name in network.bypasses(locations.layers):
        yield from _lying(name, block, locations.operands, network)


def _lying(name: str, block: Box, regions: tuple[Region, ...], network: Network) -> Iterator[Read]:
    """Blocks of the maps in some regions that hold a block of a map: of that map itself, or of those that it is a rearrangement of.

    If the regions are of another map, which no sound schedule says, that one is read in its place.
    """
    for tensor, box in network.lying(name, block, [region.tensor for region in regions]):
        held = [region for region in regions if region.tensor == tensor] or regions
        near = (region._replace(box=region.box & box) for region in held)
        yield Read(held[0].tensor if held else tensor, box, tuple(region for region in near if region.box))


def writes(effect: Effect | None) -> Iterator[Region]:
    """Blocks that a task writes when it ends."""
    match effect:
        case Copy(tensor, c0, c1, boxes, _, target, tile):
            for box in boxes:
                yield new(Region, (target, tensor, box.channels(c0, c1), tile))
        case Compute():
            for patch in effect.patches:
                yield from results(effect, patch)


def results(effect: Compute, patch: Patch) -> Iterator[Region]:
    """Regions that the values of one patch are written to: the part of the patch that each store covers."""
    block = patch.out.channels(effect.c0, effect.c1)
    for memory, tensor, box, tile in effect.locations.stores:
        if common := block & box:
            yield new(Region, (memory, tensor, common, tile))


def values_computed(schedule: Schedule) -> Counter[str]:
    """Number of values that the tasks compute, all frames together, of each layer that is stored."""
    moving = schedule.pattern != NO_EFFECT
    channels = summed(schedule.pattern[moving], (schedule.c1 - schedule.c0)[moving], len(schedule.patterns))
    count: Counter[str] = Counter()
    for number in np.flatnonzero(channels).tolist():
        if isinstance(effect := schedule.patterns[number], Compute):
            pixels = sum(patch.out.channels(0, 1).size for patch in effect.patches)
            count[effect.locations.layers[-1]] += pixels * int(channels[number])
    return count


def weights(effect: Compute | Load) -> Weights:
    """Weights that a computing task uses until it ends, or that a loading one brings."""
    layer = effect.locations.layers[0] if isinstance(effect, Compute) else effect.layer
    return Weights(layer, effect.c0, effect.c1)


MapInMemory = tuple[str, str, int]
"""A memory, a map in it and the number of its tile."""


def sources(effect: Effect) -> Iterator[MapInMemory]:
    """Memories and maps that all tasks with such an effect read, whatever their blocks: `reads` without boxes, for many tasks at once."""
    match effect:
        case Copy(tensor, _, _, _, source, _, tile):
            yield source, tensor, tile
        case Compute(locations):
            yield from ((memory, tensor, tile) for memory, tensor, _, tile in (*locations.reads, *locations.operands))


def targets(effect: Effect) -> Iterator[MapInMemory]:
    """Memories and maps that all tasks with such an effect write: `writes` without boxes."""
    match effect:
        case Copy(tensor, _, _, _, _, target, tile):
            yield target, tensor, tile
        case Compute(locations):
            yield from ((memory, tensor, tile) for memory, tensor, _, tile in locations.stores)
