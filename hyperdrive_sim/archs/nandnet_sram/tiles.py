"""How much of what each tile could multiply in its passes is products that exist."""

from __future__ import annotations

import numpy as np

from hyperdrive_sim.archs.architecture import Tiles
from hyperdrive_sim.archs.nandnet_sram import timing
from hyperdrive_sim.archs.nandnet_sram.machine import SRAM
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.placement import Placement


def tiles(network: Network, spec: NandnetSramSpec, placement: Placement, layer: str | None = None) -> Tiles:
    """One row of tiles; within a block those that take part have equal shares of its weights, and the others wait for them."""
    useful, could = np.zeros(spec.count), 0
    for name, (size, blocks) in timing.fillings(network, spec).items():
        for block in blocks if layer in (None, name) else ():
            used = slice(block.tiles.start, block.tiles.stop)
            useful[used] += size.pixels * block.weights / len(block.tiles)
            could += block.passes * spec.tile_bits
    return {SRAM: (useful / could)[None]}
