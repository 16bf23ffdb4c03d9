"""Spec that XNORBIN and ChewBaccaNN share: the settings of a user; each chip adds its name, its voltage and its memories."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from hyperdrive_sim.schedule.provenance import Basis
from hyperdrive_sim.schedule.spec import Spec, figure

STRUCTURE = "A. Al Bahou et al., XNORBIN, IEEE COOL Chips 2018 (arXiv 1803.05849)"
PINNED = f"{STRUCTURE}; recalled, and pinned by its successor: 241 GOp/s at 154 MHz are 1565 Op per cycle (ChewBaccaNN, ISCAS 2021)"
RECALLED = f"{STRUCTURE}; recalled"
UNKNOWN = "not published; chosen here"
HYPERBUS = "not published; chosen here: an 8-bit double-data-rate bus at 166 MHz, as HyperBus flashes have it"

MOST_BITS = 10**12
Bits = Annotated[int, Field(gt=0, le=MOST_BITS)]
RATE: dict[str, Any] = {"ge": 1e-6, "le": 1e6}
UNITS: dict[str, Any] = {"gt": 0, "le": 64}


class DatapathSpec(Spec):
    """A core of BPUs between two feature-map memories; parameters come from a buffer in front of a flash."""

    voltage_v: float
    clock_mhz: float | None = figure(
        None, "core clock; absent: that of the operating point, which is also the most", "recalled", PINNED, ge=0.001, le=100_000
    )
    bpus: int = figure(7, "basic processing units: kernel rows at a time", "recalled", PINNED, **UNITS)
    xnor_sums_per_bpu: int = figure(7, "xnor-sum units of a BPU: kernel columns at a time", "recalled", PINNED, **UNITS)
    word_bits: int = figure(
        16, "input channels of one pixel in a word, which one xnor-sum unit takes per cycle", "recalled", PINNED, **UNITS
    )
    row_banks: int = figure(7, "banks that hold a row of the input map each; at least as many as BPUs", "assumed", UNKNOWN, **UNITS)
    feature_map_memory_bits: tuple[Bits, Bits]
    psum_word_bits: int = figure(
        16,
        "of a partial sum in memory; a sum beyond it is an error",
        "derived",
        f"{STRUCTURE}: 15 bits do for its AlexNet",
        rests_on=(Basis("largest sum of binary AlexNet", "XNOR-Net, its public model: fc6 adds up 9216 products", "published"),),
        ge=2,
        le=30,
    )
    source_words_per_cycle: int = figure(1, "words per cycle from a feature-map memory to the row banks", "assumed", UNKNOWN, **UNITS)
    sink_words_per_cycle: int = figure(
        1, "partial sums per cycle that the memory reads, adds to and writes: one read and one write port", "assumed", UNKNOWN, **UNITS
    )
    sign_write: Literal["masked", "read_modify_write"] = figure(
        "masked",
        "how one channel's bit gets into a word of sixteen",
        "assumed",
        UNKNOWN,
        values={"masked": "by a bit mask", "read_modify_write": "the word is read and written back"},
    )
    small_kernels: Literal["idle", "packed"] = figure(
        "idle",
        "what units do that a kernel leaves over",
        "assumed",
        UNKNOWN,
        values={"idle": "stand idle", "packed": "compute further output channels, as far as whole kernels fit"},
    )
    idle_units: Literal["clocked", "gated"] = figure(
        "clocked",
        "what units that stand idle cost",
        "assumed",
        UNKNOWN,
        values={"clocked": "as much as the others", "gated": "nothing"},
    )
    strided_columns: Literal["passed", "skipped"] = figure(
        "passed",
        "what the window does at the columns that a stride leaves out",
        "assumed",
        f"{STRUCTURE}: it slides",
        values={"passed": "passes them, one a cycle", "skipped": "skips them"},
    )
    window_fill: Literal["padded", "overlapped", "full", "hidden"] = figure(
        "padded",
        "cycles before a row's first pixel",
        "fitted",
        "not published; 4 per row of 112 pixels would make the 241 GOp/s of ChewBaccaNN the 233 of its preprint",
        rests_on=(Basis("throughput of ChewBaccaNN's preprint", "arXiv 2005.07137v1, abstract: 233 GOp/s", "published"),),
        values={
            "padded": "one per kernel column that is no padding",
            "overlapped": "one less, the last comes with the pixel",
            "full": "one per kernel column",
            "hidden": "none",
        },
    )
    drain_cycles: int = figure(0, "cycles of a pass that the emptying of the pipeline adds", "assumed", UNKNOWN, ge=0, le=10_000)
    weight_registers: Literal["double", "single"] = figure(
        "double",
        "when the next pass's weights are shifted in",
        "assumed",
        UNKNOWN,
        values={"double": "during this pass", "single": "between the two"},
    )
    parameter_buffer_bits: int = figure(
        65_536, "weights and thresholds on chip; a network that fits is loaded once", "assumed", UNKNOWN, gt=0, le=MOST_BITS
    )
    parameter_port_bits_per_cycle: float = figure(16, "from the parameter buffer to the BPUs", "assumed", UNKNOWN, **RATE)
    flash_gbit_per_s: float = figure(2.66, "parameters from the flash", "assumed", HYPERBUS, **RATE)
    host_link_gbit_per_s: float = figure(2.66, "input and output maps", "assumed", HYPERBUS, **RATE)
    io_pj_per_bit: float | None = figure(
        None,
        "energy per bit that crosses the chip's edge; absent: energy.yaml's",
        "recalled",
        "LPDDR3 PHY, the figure of this group's system-level papers; recalled",
        ge=0,
        le=1e6,
    )

    @property
    def units(self) -> int:
        """Number of xnor-sum units of the array."""
        return self.bpus * self.xnor_sums_per_bpu
