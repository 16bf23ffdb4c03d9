"""Use of the tiles: the share of products that exist in what each tile could multiply in its passes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hyperdrive_sim.archs.nandnet_sram.machine import SRAM
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.archs.nandnet_sram.timing import Filling
from hyperdrive_sim.schedule.mapped import Tiles


def tiles(fillings: Mapping[str, Filling], spec: NandnetSramSpec, layer: str | None) -> Tiles:
    """Useful shares [1, tiles] in *layer*, or in all layers if None.

    In a block, its tiles have equal shares of the weights; the others wait for them.
    """
    useful, could = np.zeros(spec.count), 0
    for name, (size, blocks) in fillings.items():
        for block in blocks if layer in (None, name) else ():
            used = slice(block.tiles.start, block.tiles.stop)
            useful[used] += size.pixels * block.weights / len(block.tiles)
            could += block.passes * spec.tile_bits
    return {SRAM: (useful / could)[None]}
