"""Ambit: logic inside a DRAM sub-array. A program is a list of row commands; its time, its energy and its result all follow from that list.

    chunk = multiply_and_count("and", 2, "counter", taps=32, fused=True)      # NAND-Net's best; 64 operands in D0 to D63
    CommandTiming(tras_ps=32_000, trp_ps=14_160, overlap_ps=4_000).ps(chunk.program.counts)            # 33_739_280 for all columns
    CommandEnergy(aap_nj_per_kb=0.8, ap_nj_per_kb=0.75).nj_per_kb(chunk.program.counts)                # 539.9 per KB of row
    after = run(chunk.program, packed_columns(bits))                          # bits [64, columns]; a word is 64 columns
    chunk.targets(numbers(after.rows(chunk.results)))                         # one count per column

A smaller world, by hand: `Program.parse("AAP(D0,B5) AAP(B4,D1)")` leaves in D1 what D0 is not.

Reading order: rows (addresses and what they raise), cost, commands, operations (the table of sequences), execution; then draft, popcounts
and compression, which write longer programs, and chunk, which puts them together. Sources: Ambit (MICRO 2017), SIMDRAM (ASPLOS 2021) for
the full adder of majorities, NAND-Net (HPCA 2019) for what is computed.
"""

from hyperdrive_sim.archs.nandnet_dram.ambit.chunk import MULTIPLICATIONS, Chunk, Count, multiply_and_count, population_count
from hyperdrive_sim.archs.nandnet_dram.ambit.commands import AAP, AP, Program
from hyperdrive_sim.archs.nandnet_dram.ambit.compression import NETWORKS
from hyperdrive_sim.archs.nandnet_dram.ambit.cost import CommandEnergy, CommandTiming, Counts
from hyperdrive_sim.archs.nandnet_dram.ambit.execution import Subarray, numbers, packed_columns, run
from hyperdrive_sim.archs.nandnet_dram.ambit.operations import OPERATIONS, Operation
from hyperdrive_sim.archs.nandnet_dram.ambit.popcounts import POPCOUNTS
from hyperdrive_sim.archs.nandnet_dram.ambit.rows import Address

__all__ = [
    "AAP",
    "AP",
    "MULTIPLICATIONS",
    "NETWORKS",
    "OPERATIONS",
    "POPCOUNTS",
    "Address",
    "Chunk",
    "CommandEnergy",
    "CommandTiming",
    "Count",
    "Counts",
    "Operation",
    "Program",
    "Subarray",
    "multiply_and_count",
    "numbers",
    "packed_columns",
    "population_count",
    "run",
]
