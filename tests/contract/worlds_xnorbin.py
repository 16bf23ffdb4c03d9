"""XNORBIN's small worlds: every network of signs that changes its schedule, each setting and bottleneck at least once."""

from __future__ import annotations

from contract_worlds import World

from hyperdrive_sim.schedule.tasks import Arrivals

WORKING_ACTION = "dma.cycle"

TWO, THREE = Arrivals(2), Arrivals(3)
PICTURE = (3, 13, 17)
KEPT = {"parameter_buffer_bits": 10**7}
TIGHT = {"parameter_buffer_bits": 12_000}
PACKED = {"small_kernels": "packed", "idle_units": "gated"}
SLOW_FLASH = {"flash_gbit_per_s": 0.05}
SLOW_HOST = {"host_link_gbit_per_s": 0.01}
SINGLE = {"weight_registers": "single", "parameter_port_bits_per_cycle": 3.0, "drain_cycles": 5}
REWRITTEN = {"sign_write": "read_modify_write", "window_fill": "full"}
WIDE = {"source_words_per_cycle": 4, "sink_words_per_cycle": 2, "window_fill": "hidden", "strided_columns": "skipped"}
SMALL_ARRAY = {"bpus": 2, "xnor_sums_per_bpu": 3, "word_bits": 8, "row_banks": 3}
FAST = {"voltage_v": 1.2}
FULL = {"feature_map_memory_bits": (9_000, 16_000)}

WORLDS = [
    World("tiny_xnor", (16, 9, 11), {}, "block", THREE),
    World("tiny_xnor", (33, 8, 8), FAST | SINGLE, "channel"),
    World("tiny_xnor_pointwise", (16, 7, 5), PACKED, "block", TWO),
    World("tiny_xnor_pointwise", (40, 6, 6), SLOW_HOST | TIGHT, "block", THREE),
    World("tiny_xnor_pooled", PICTURE, {}, "block", TWO),
    World("tiny_xnor_pooled", PICTURE, REWRITTEN | PACKED, "channel"),
    World("tiny_xnor_pooled", PICTURE, WIDE | SLOW_FLASH | TIGHT, "block", THREE),
    World("tiny_xnor_pooled", PICTURE, SMALL_ARRAY | TIGHT, "block"),
    World("tiny_xnor_pooled", PICTURE, FULL, "channel", TWO),
    World("tiny_xnor_kernels", (16, 12, 14), {}, "block", TWO),
    World("tiny_xnor_kernels", (5, 12, 14), SMALL_ARRAY | SLOW_HOST, "block", THREE),
    World("tiny_xnor_kernels", (16, 12, 14), {"row_banks": 9} | REWRITTEN | KEPT, "channel", TWO),
    World("tiny_xnor_residual", PICTURE, {}, "block", THREE),
    World("tiny_xnor_residual", PICTURE, WIDE | KEPT, "channel", TWO),
    World("tiny_groupnet", PICTURE, TIGHT | SINGLE, "block"),
    World("tiny_groupnet", PICTURE, KEPT | PACKED, "block", Arrivals(3, period_ps=10**8)),
]

# Those spared keep pace: a port that begins with its block or waits for the other ports of the block before.
MUTATED = [
    (World("tiny_xnor_pooled", PICTURE, TIGHT, "block"), 123, 54),
    (World("tiny_xnor_pooled", PICTURE, TIGHT, "block", TWO), 255, 113),
    (World("tiny_xnor_kernels", (16, 12, 14), TIGHT, "block", TWO), 329, 141),
    (World("tiny_groupnet", (3, 6, 6), TIGHT, "block"), 316, 127),
    (World("tiny_xnor_residual", (3, 6, 6), KEPT, "block", TWO), 272, 120),
]
