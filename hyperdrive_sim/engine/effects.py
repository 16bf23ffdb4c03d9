"""Reads and writes of an effect: blocks that a task reads when it starts and writes when it ends, and the weights that it uses or loads.

Replay moves values by them, the proof of hazards orders tasks by them, occupancy counts bits by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hyperdrive_sim.network.box import Box
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


def reads(effect: Effect | None) -> Iterator[Read]:
    """Blocks that a task reads when it starts, weights excepted."""
    match effect:
        case Copy(tensor, c0, c1, boxes, source):
            for box in boxes:
                block = box.channels(c0, c1)
                yield Read(tensor, block, (Region(source, tensor, block),))
        case Compute():
            for patch in effect.patches:
                yield from operands(effect, patch)


def operands(effect: Compute, patch: Patch) -> Iterator[Read]:
    """Blocks that one patch is computed from: the first layer's input under it, then one for each later layer that takes another map."""
    out, fetch = patch
    locations = effect.locations
    near = tuple(Region(memory, tensor, common) for memory, tensor, box in locations.reads if (common := box & fetch))
    yield Read(locations.reads[0].tensor, fetch, near)
    block = out.channels(effect.c0, effect.c1)
    for memory, tensor, _ in locations.operands:
        yield Read(tensor, block, (Region(memory, tensor, block),))


def writes(effect: Effect | None) -> Iterator[Region]:
    """Blocks that a task writes when it ends."""
    match effect:
        case Copy(tensor, c0, c1, boxes, _, target):
            for box in boxes:
                yield Region(target, tensor, box.channels(c0, c1))
        case Compute():
            for patch in effect.patches:
                yield from results(effect, patch)


def results(effect: Compute, patch: Patch) -> Iterator[Region]:
    """Regions that the values of one patch are written to: the part of the patch that each store covers."""
    block = patch.out.channels(effect.c0, effect.c1)
    for memory, tensor, box in effect.locations.stores:
        if common := block & box:
            yield Region(memory, tensor, common)


def weights(effect: Compute | Load) -> Weights:
    """Weights that a computing task uses until it ends, or that a loading one brings."""
    layer = effect.locations.layers[0] if isinstance(effect, Compute) else effect.layer
    return Weights(layer, effect.c0, effect.c1)


MapInMemory = tuple[str, str]
"""A memory and a map in it."""


def sources(effect: Effect) -> Iterator[MapInMemory]:
    """Memories and maps that all tasks with such an effect read, whatever their blocks: `reads` without boxes, for many tasks at once."""
    match effect:
        case Copy(tensor, _, _, _, source):
            yield source, tensor
        case Compute(locations):
            yield from ((memory, tensor) for memory, tensor, _ in (*locations.reads, *locations.operands))


def targets(effect: Effect) -> Iterator[MapInMemory]:
    """Memories and maps that all tasks with such an effect write: `writes` without boxes."""
    match effect:
        case Copy(tensor, _, _, _, _, target):
            yield target, tensor
        case Compute(locations):
            yield from ((memory, tensor) for memory, tensor, _ in locations.stores)
