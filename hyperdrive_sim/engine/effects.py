"""What the effect of a task touches: blocks that it reads when it starts and writes when it ends, and the weights that go with it.

Replay moves values by it, the proof of hazards orders tasks by it, occupancy counts bits by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.tasks import Compute, Copy, Effect, Load, Patch, Region


class Read(NamedTuple):
    """A block of a map that several regions of memories hold together."""

    tensor: str
    box: Box
    regions: tuple[Region, ...]


class Weights(NamedTuple):
    """Weights of output channels c0..c1 of a layer, as buffers know them."""

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
    """What one patch is computed from: the first layer's input under it, then a block for each later layer that takes another map."""
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
    """Where the values of one patch go, each store as far as it covers them."""
    block = patch.out.channels(effect.c0, effect.c1)
    for memory, tensor, box in effect.locations.stores:
        if common := block & box:
            yield Region(memory, tensor, common)


def weights(effect: Compute | Load) -> Weights:
    """The weights that a task uses until it ends, or that it brings."""
    layer = effect.locations.layers[0] if isinstance(effect, Compute) else effect.layer
    return Weights(layer, effect.c0, effect.c1)


MapInMemory = tuple[str, str]
"""A memory and a map in it."""


def sources(effect: Effect) -> Iterator[MapInMemory]:
    """Where all tasks with such an effect read, whatever their blocks: `reads` without the boxes, for many tasks at once."""
    match effect:
        case Copy(tensor, _, _, _, source):
            yield source, tensor
        case Compute(locations):
            yield from ((memory, tensor) for memory, tensor, _ in (*locations.reads, *locations.operands))


def targets(effect: Effect) -> Iterator[MapInMemory]:
    """Where all tasks with such an effect write: `writes` without the boxes."""
    match effect:
        case Copy(tensor, _, _, _, _, target):
            yield target, tensor
        case Compute(locations):
            yield from ((memory, tensor) for memory, tensor, _ in locations.stores)
