"""The small worlds of NAND-Net in SRAM: both cells, converters that clip and that do not, weights that fit and that do not."""

from __future__ import annotations

from contract_worlds import Built, World

from hyperdrive_sim.schedule.tasks import Arrivals

WORKING_ACTION = "tile.pass"


def working_macs(built: Built) -> float:
    """Multiply-accumulates that all tiles could do in a block's passes, per pass of a tile that takes part in it."""
    blocks = [block for filling in built.mapped.fillings.values() for block in filling.blocks]
    taking_part = sum(block.passes * len(block.tiles) for block in blocks)
    return built.spec.bits * sum(block.passes for block in blocks) / taking_part


TWO, THREE = Arrivals(2), Arrivals(3)
PICTURE = (3, 9, 8)
SMALL = {"tiles": 2, "tile_columns": 16, "port_bits": 16}
XNOR = {"cell": "8t", "adc_bits": 4}
CLIPPED = {"tile_rows": 16, "adc_bits": 2}
ALIGNED = {"mapping": "aligned"}

WORLDS = [
    World("tiny_xnor", (16, 5, 6), {}, "block", TWO),
    World("tiny_xnor", (5, 5, 6), SMALL | XNOR, "block", TWO),
    World("tiny_xnor", (16, 5, 6), SMALL | ALIGNED | {"tiles": 3}, "block"),
    World("tiny_xnor_pointwise", (40, 3, 4), SMALL | CLIPPED, "block", THREE),
    World("tiny_xnor_pooled", PICTURE, XNOR | {"weights": "reloaded"}, "block", TWO),
    World("tiny_xnor_pooled", PICTURE, SMALL | {"tiles": 1, "ones_tile": "resident", "output_words": 2.5}, "block", TWO),
    World("tiny_xnor_pooled", PICTURE, ALIGNED | CLIPPED | {"tiles": 64}, "block", THREE),
    World("tiny_xnor_kernels", (16, 8, 8), SMALL | ALIGNED | XNOR | {"router_bits": 1}, "block", TWO),
    World("tiny_xnor_kernels", (4, 8, 8), {"tile_rows": 64, "tile_columns": 16}, "block", Arrivals(3, period_ps=10**9)),
    World("tiny_groupnet", (3, 6, 6), {"tiles": 3, "io_pj_per_bit": 21.0}, "block", TWO),
    World("tiny_xnor_residual", (3, 6, 6), {"left_to_host": ("layer1.0.conv1",), "activation_rates": {"layer1.0.conv2": 0.9}}, "block"),
]

# Those spared keep pace: tiles, router and port work through blocks together, only the periphery moves data.
MUTATED = [
    (World("tiny_xnor_pooled", (3, 5, 5), XNOR | {"tiles": 1}, "block"), 171, 70),
    (World("tiny_xnor_kernels", (4, 8, 8), {"tiles": 2, "tile_rows": 32}, "block"), 51, 29),
    (World("tiny_xnor_pooled", (3, 5, 5), {"tiles": 3}, "block", TWO), 235, 145),
    (World("tiny_xnor_pooled", (3, 5, 5), {}, "block", TWO), 154, 119),
]
