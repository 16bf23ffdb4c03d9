"""Settings of NAND-Net in DRAM; the defaults are the accelerator as published."""

from __future__ import annotations

from typing import Any, Literal

from hyperdrive_sim.schedule.provenance import Basis
from hyperdrive_sim.schedule.spec import Spec, figure

HPCA = "H. Kim, J. Sim, Y. Choi, L.-S. Kim, NAND-Net, IEEE HPCA 2019"
AMBIT = "V. Seshadri et al., Ambit, MICRO 2017; recalled"
DDR4 = "DDR4-2400, the timing set of the gem5 simulator, of which the paper's own two figures are part"
SELECTED = f"{HPCA} gives pieces only; of the mappings tried, one of those that its speedups fit"
SPEEDUPS = (
    Basis("speedup of LeNet in DRAM", f"{HPCA}, results: 2.14 over XNOR-Net", "published"),
    Basis("speedup of AlexNet in DRAM", f"{HPCA}, results: 1.77 over XNOR-Net", "published"),
)
TIMING = (Basis("a DDR4-2400 timing set", "the gem5 simulator, src/mem/DRAMCtrl.py", "published"),)
RANK = (Basis("16 banks", HPCA, "published"), Basis("16 banks in a rank of chips with 4 or 8 data lines", TIMING[0].source, "published"))
NS: dict[str, Any] = {"ge": 0.01, "le": 1e6}


class NandnetDramSpec(Spec):
    """An Ambit DRAM that computes binary convolutions by row commands in all its banks at once."""

    multiply: Literal["xnor", "and", "nor"] = figure(
        "and",
        "what multiplies",
        "published",
        HPCA,
        values={
            "xnor": "XNOR-Net as it is",
            "and": "convolution decomposition in plain code",
            "nor": "convolution decomposition in inverted code",
        },
    )
    compression: Literal[1, 2, 3, 4] = figure(
        2,
        "popcount compression: where all products of a group count, one is dropped",
        "published",
        HPCA,
        values={1: "none", 2: "groups of two", 3: "groups of three", 4: "groups of four"},
    )
    popcount: Literal["counter", "ripple", "carry_save", "majority"] = figure(
        "counter",
        "how the products are counted in DRAM",
        "fitted",
        SELECTED,
        rests_on=SPEEDUPS,
        values={
            "counter": "one after the other, by a serial counter",
            "ripple": "in pairs, by a tree of ripple-carry adders",
            "carry_save": "in threes, by carry-save adders",
            "majority": "by adders of three majorities each, as later art has them",
        },
    )
    fused: bool = figure(
        True,
        "two AND products and their OR in one sequence, where multiply and compression allow it",
        "fitted",
        SELECTED,
        rests_on=SPEEDUPS,
    )
    ones: Literal["in_dram", "in_dram_exact", "periphery"] = figure(
        "in_dram",
        "where activations are counted, which decomposition subtracts",
        "assumed",
        f"{HPCA} has a kernel of ones, counted once per window, and does not say whether its count is compressed",
        values={
            "in_dram": "by one more kernel, all of whose weights are +1, in the same program, so that compression loses some",
            "in_dram_exact": "by two that share the taps of each group, so that it loses none",
            "periphery": "on the way of the map, for nothing",
        },
    )
    chunk_taps: int = figure(
        32, "products that a column counts at a time", "fitted", f"{SELECTED}; 32 is its running example", rests_on=SPEEDUPS, ge=2, le=256
    )
    banks: int = figure(16, "banks, in lock-step", "published", HPCA, ge=1, le=1024)
    row_bytes: int = figure(2048, "of a row of a bank", "published", HPCA, ge=8, le=2**20)
    data_rows: int = figure(1006, "rows of a sub-array that hold data", "recalled", AMBIT, ge=8, le=2**20)
    t_ras_ns: float = figure(32, "row active time", "published", HPCA, **NS)
    t_rp_ns: float = figure(14.16, "row precharge time", "published", HPCA, **NS)
    overlap_ns: float = figure(4, "between the two activations of one AAP command", "recalled", AMBIT, **NS)
    t_rcd_ns: float = figure(14.16, "row to column delay", "derived", DDR4, rests_on=TIMING, **NS)
    t_burst_ns: float = figure(3.333, "of one access to the data channel", "derived", DDR4, rests_on=TIMING, **NS)
    word_bytes: int = figure(64, "of one access to the data channel", "published", HPCA, ge=1, le=4096)
    clock_mhz: float = figure(1200, "of the command bus", "derived", DDR4, rests_on=TIMING, ge=0.001, le=100_000)
    ranks: int = figure(
        1,
        "ranks that the banks belong to, each with a four-activation window of its own",
        "derived",
        "as many banks as a rank of DDR4 has",
        rests_on=RANK,
        ge=1,
        le=64,
    )
    t_faw_ns: float = figure(
        21,
        "window in which a rank may activate four rows, in whichever banks",
        "derived",
        f"{DDR4}; chips with pages of 1 KB",
        rests_on=TIMING,
        **NS,
    )
    enforce_t_faw: bool = figure(
        False,
        "whether the four-activation window holds in each rank, as in every DRAM that is sold; not for the published speedups",
        "fitted",
        SELECTED,
        rests_on=SPEEDUPS,
    )
    operand_copies: Literal["every_further_pass", "none"] = figure(
        "every_further_pass",
        "which passes copy their operand rows, one at a time for all banks",
        "fitted",
        f"{SELECTED}: the reading closest to its allocation times",
        rests_on=SPEEDUPS,
        values={"every_further_pass": "each that is not its layer's first", "none": "no pass does"},
    )
    readout: Literal["hidden", "channel"] = figure(
        "hidden",
        "how counts reach the periphery",
        "fitted",
        SELECTED,
        rests_on=SPEEDUPS,
        values={"hidden": "beside the computation", "channel": "over the data channel, after it"},
    )
    left_to_host: tuple[str, ...] = figure(
        (),
        "binary layers that are not run here",
        "fitted",
        f"{HPCA} does not say which layers count; LeNet with its dense layer and AlexNet without fit",
        rests_on=SPEEDUPS,
    )

    @property
    def kernels_of_ones(self) -> int:
        """Kernels of a layer that count its activations, beside its own."""
        if self.multiply == "xnor" or self.ones == "periphery":
            return 0
        return 2 if self.ones == "in_dram_exact" and self.compression > 1 else 1

    @property
    def columns(self) -> int:
        """Bit columns of all banks, which is the number of chunks computed at a time."""
        return self.banks * self.row_bytes * 8
