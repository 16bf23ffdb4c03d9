"""The datasheet: how long the row commands take for one product and for one count."""

from __future__ import annotations

from hyperdrive_sim.archs._nandnet.steps import NandnetPlan, ones_share
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.spec import AMBIT, HPCA
from hyperdrive_sim.archs.nandnet_dram.timing import PassProgram
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.mapped import Datasheet, Quantity
from hyperdrive_sim.schedule.provenance import Basis

ROW_TIMES = (
    Basis("tRAS and tRP", f"{HPCA}, table I", "published"),
    Basis("overlap of the two activations of an AAP command", AMBIT, "recalled"),
)


def datasheet(network: Network, plan: NandnetPlan, program: PassProgram) -> Datasheet:
    """Time of one product and of counting a chunk, in seconds, and the share of kernels of ones if there are any.

    Compression belongs to the product if it is fused with it, else to counting.
    """
    spec, chunk = program
    rows = timing.row_timing(spec)
    product = rows.ps(chunk.multiply.counts) / spec.chunk_taps / PS_PER_S
    count = rows.ps(chunk.compress.counts + chunk.count.counts) / PS_PER_S
    source = "the row commands of a pass"
    found = {
        "one product": Quantity(product, "s", "derived", source, ROW_TIMES),
        "counting a chunk": Quantity(count, "s", "derived", source, ROW_TIMES),
    }
    return found | ones_share(plan, network, spec.kernels_of_ones)
