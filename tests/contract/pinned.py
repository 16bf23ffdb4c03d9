"""What is pinned of the five chips, beyond what the package's contract derives.

MUTATED are small worlds whose effects and edges are taken away one by one, each with how many those are and how many nobody misses: they
repeat what others say, or keep pace. WORKING names the actions whose count is the cycles in which an architecture's tiles can do useful
work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.ambit import Counts
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.testing.worlds import Built, World

PICTURE, ODD = (3, 13, 17), (16, 13, 17)
TIGHT, KEPT = {"parameter_buffer_bits": 12_000}, {"parameter_buffer_bits": 10**7}
SMALL = {"feature_map_memory_bits": [10_000, 12_000], "parameter_buffer_bits": 20_000}
FAST = {"flash_gbit_per_s": 100.0}
XNOR = {"cell": "8t", "adc_bits": 4}
FOUR, SIX = {"mesh": [2, 2]}, {"mesh": [3, 2]}

MUTATED: Mapping[str, list[tuple[World, int, int]]] = {
    "chewbaccann": [
        (World("tiny_groupnet", (3, 6, 6), SMALL | FAST), 541, 201),
    ],
    # Only with a second frame one edge is repeated: the first chip waits for its input, and for borders that come after it as well.
    "hyperdrive": [
        (World("tiny_strided", ODD, FOUR), 209, 0),
        (World("tiny_strided", ODD, SIX), 359, 0),
        (World("tiny_strided", ODD, SIX, frames=2), 747, 1),
        (World("tiny_residual", ODD, FOUR), 272, 0),
        (World("tiny_residual", ODD, SIX), 464, 0),
        (World("tiny_residual", ODD, SIX, frames=2), 957, 1),
        (World("tiny_shufflenet", (3, 9, 9), FOUR), 209, 0),
        (World("tiny_enlarged", (2, 7, 10), FOUR), 254, 0),
    ],
    # Those spared keep pace: banks wait for all others, though each has columns of its own.
    "nandnet_dram": [
        (World("tiny_xnor_kernels", (4, 8, 8), {"banks": 2, "row_bytes": 64}), 124, 85),
        (World("tiny_xnor_pooled", (3, 5, 5), {"banks": 2}, "stage", frames=2), 87, 60),
    ],
    # Those spared keep pace: tiles, router and port work through blocks together, only the periphery moves data.
    "nandnet_sram": [
        (World("tiny_xnor_pooled", (3, 5, 5), XNOR | {"tiles": 1}), 171, 70),
        (World("tiny_xnor_kernels", (4, 8, 8), {"tiles": 2, "tile_rows": 32}), 51, 29),
        (World("tiny_xnor_pooled", (3, 5, 5), {"tiles": 3}, frames=2), 235, 145),
        (World("tiny_xnor_pooled", (3, 5, 5), frames=2), 150, 115),
    ],
    # Those spared keep pace: a port that begins with its block or waits for the other ports of the block before.
    "xnorbin": [
        (World("tiny_xnor_pooled", PICTURE, TIGHT), 178, 73),
        (World("tiny_xnor_pooled", PICTURE, TIGHT, frames=2), 365, 151),
        (World("tiny_xnor_kernels", (16, 12, 14), TIGHT, frames=2), 373, 157),
        (World("tiny_groupnet", (3, 6, 6), TIGHT | FAST), 498, 193),
        (World("tiny_xnor_residual", (3, 6, 6), KEPT | FAST, frames=2), 429, 192),
    ],
}

WORKING = {
    "chewbaccann": ("dma.cycle",),
    "hyperdrive": ("array.conv_cycle", "array.grouped_cycle"),
    "nandnet_dram": ("bank.aap",),
    "nandnet_sram": ("tile.pass",),
    "xnorbin": ("dma.cycle",),
}


def mutated(name: str) -> list[tuple[Built, int, int]]:
    return [(Built(registry.load(name), world), tried, spare) for world, tried, spare in MUTATED[name]]


def working_macs(name: str, compiled: Compiled) -> float:
    """Multiply-accumulates that a chip's tiles could do per WORKING action: half of its peak per cycle, unless it says otherwise."""
    return MACS[name](compiled) if name in MACS else compiled.machine.peak_ops_per_cycle / compiled.machine.chips / 2


def _of_a_bank(compiled: Compiled) -> float:
    """Multiply-accumulates that a bank could do per AAP."""
    spec: Any = compiled.mapped.spec
    counts: Counts = timing.chunk(spec).program.counts
    return float(spec.chunk_taps * spec.columns / spec.banks / counts.aaps)


def _of_tiles(compiled: Compiled) -> float:
    """Multiply-accumulates that all tiles could do in a block's passes, per pass of a tile that takes part in it."""
    mapped: Any = compiled.mapped
    blocks = [block for filling in mapped.fillings.values() for block in filling.blocks]
    taking_part = sum(block.passes * len(block.tiles) for block in blocks)
    return float(mapped.spec.bits * sum(block.passes for block in blocks) / taking_part)


MACS: Mapping[str, Callable[[Compiled], float]] = {"nandnet_dram": _of_a_bank, "nandnet_sram": _of_tiles}
