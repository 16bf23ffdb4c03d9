"""The datasheet: area, and how large a part of the accelerator counts activations."""

from __future__ import annotations

from hyperdrive_sim.archs._nandnet.steps import NandnetPlan, ones_share
from hyperdrive_sim.archs.nandnet_sram import area
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.mapped import Datasheet, Quantity
from hyperdrive_sim.schedule.provenance import Basis

CHOSEN = (Basis("number of tiles", "the scenario", "published"),)


def datasheet(network: Network, plan: NandnetPlan, spec: NandnetSramSpec) -> Datasheet:
    source, parts = "area.yaml: cells, converters and periphery; the breakdown is fitted to the published totals", area.bases()
    equal = spec.count == area.equal_area_tiles(spec)
    tiles = ("as many as the baseline's area has room for", parts) if equal else ("chip.tiles of the scenario", CHOSEN)
    found = {
        "area": Quantity(area.total_mm2(spec), "mm2", "derived", source, parts),
        "area of a tile": Quantity(area.tile_mm2(spec), "mm2", "derived", source, parts),
        "tiles": Quantity(spec.count, "", "derived", *tiles),
    }
    if spec.cell == "8t":
        return found
    ones = Quantity(spec.count * area.ones_mm2(spec), "mm2", "derived", f"{source}; a column as tall as all tiles", parts)
    return found | {"area of the tile of ones": ones} | ones_share(plan, network, 1)
