"""The datasheet: area, and how large a part of the accelerator counts activations."""

from __future__ import annotations

from hyperdrive_sim.archs._nandnet.steps import NandnetPlan, ones_share
from hyperdrive_sim.archs.nandnet_sram import area
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.mapped import Datasheet, Quantity


def datasheet(network: Network, plan: NandnetPlan, spec: NandnetSramSpec) -> Datasheet:
    source = "area.yaml: cells, converters and periphery; the breakdown is fitted to the published totals"
    found = {
        "area": Quantity(area.total_mm2(spec), "mm2", "fitted", source),
        "area of a tile": Quantity(area.tile_mm2(spec), "mm2", "fitted", source),
        "tiles": Quantity(spec.count, "", "derived", "the scenario, or as many as the baseline's area has room for"),
    }
    return found | ones_share(plan, network) if spec.cell == "6t" else found
