"""The small worlds of NAND-Net in DRAM: every way to multiply, compress and count, and what the published figures leave hidden."""

from __future__ import annotations

from contract_worlds import Built, World

from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.ambit import Counts
from hyperdrive_sim.schedule.tasks import Arrivals

WORKING_ACTION = "bank.aap"


def working_macs(built: Built) -> float:
    """Multiply-accumulates that a bank could do per AAP."""
    counts: Counts = timing.chunk(built.spec).program.counts
    return float(built.spec.chunk_taps * built.spec.columns / built.spec.banks / counts.aaps)


TWO = Arrivals(2)
PICTURE = (3, 9, 8)
SMALL = {"banks": 2, "row_bytes": 8}
XNOR = {"multiply": "xnor", "compression": 1}
CLOSE = {"readout": "channel", "enforce_t_faw": True}

WORLDS = [
    World("tiny_xnor", (16, 5, 6), {}, "pass", TWO),
    World("tiny_xnor", (5, 5, 6), SMALL | XNOR, "stage"),
    World("tiny_xnor_pointwise", (40, 3, 4), SMALL | {"multiply": "nor", "compression": 3, "chunk_taps": 16}, "pass", TWO),
    World("tiny_xnor_pooled", PICTURE, SMALL | {"row_bytes": 64} | CLOSE, "pass", TWO),
    World("tiny_xnor_pooled", PICTURE, {"multiply": "xnor", "compression": 2, "popcount": "ripple"}, "stage"),
    World("tiny_xnor_pooled", PICTURE, {"compression": 4, "popcount": "majority", "fused": False} | CLOSE, "pass"),
    World("tiny_xnor_kernels", (16, 8, 8), {"multiply": "nor", "popcount": "carry_save", "operand_copies": "none"}, "pass", TWO),
    World("tiny_xnor_kernels", (4, 8, 8), {"banks": 3, "row_bytes": 16, "data_rows": 200}, "pass", Arrivals(3, period_ps=10**9)),
    World("tiny_groupnet", (3, 6, 6), {"compression": 1}, "pass", TWO),
    World("tiny_xnor_residual", (3, 6, 6), {"left_to_host": ("layer1.0.conv1",)}, "pass"),
]

# Those spared keep pace: banks wait for all others, though each has columns of its own.
MUTATED = [
    (World("tiny_xnor_kernels", (4, 8, 8), {"banks": 2, "row_bytes": 64}, "pass"), 117, 80),
    (World("tiny_xnor_pooled", (3, 5, 5), {"banks": 2}, "stage", TWO), 87, 60),
]
