"""ChewBaccaNN's small worlds: what differs from XNORBIN is its operating point and its memories, and networks of several bases."""

from __future__ import annotations

from contract_worlds import World

from hyperdrive_sim.schedule.tasks import Arrivals

WORKING_ACTION = "dma.cycle"

TWO = Arrivals(2)
PICTURE = (3, 12, 10)
SMALL = {"feature_map_memory_bits": (10_000, 12_000), "parameter_buffer_bits": 20_000}

WORLDS = [
    World("tiny_xnor", (16, 9, 11), {}, "block"),
    World("tiny_xnor_pooled", PICTURE, {"small_kernels": "packed"}, "block", TWO),
    World("tiny_xnor_kernels", (16, 12, 14), {"weight_registers": "single"}, "channel"),
    World("tiny_groupnet", PICTURE, {}, "block", TWO),
    World("tiny_groupnet", PICTURE, SMALL, "channel"),
    World("tiny_groupnet", PICTURE, SMALL | {"idle_units": "gated"}, "block", TWO),
]

MUTATED = [
    (World("tiny_groupnet", (3, 6, 6), SMALL, "block"), 354, 130),
]
