"""Spec of Hyperdrive: the settings of a user; the defaults are the chip as it was built."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from hyperdrive_sim.schedule.goals import Goal
from hyperdrive_sim.schedule.spec import Spec, choices, figure

JETCAS = "R. Andri et al., Hyperdrive, IEEE JETCAS 2019 (arXiv 1804.00623v3)"
CONFIRMED = f"{JETCAS}; recalled, and confirmed by arithmetic on ResNet-34"
RECALLED = f"{JETCAS}; recalled"
UNKNOWN = "not published; chosen here"

MOST_TILES = 256
MOST_BLOCKS = 4096
MOST_BITS = 10**12
WIDTH: dict[str, Any] = {"ge": 0.001, "le": 1e6}
"""Bounds far beyond any chip: they keep a typing error from filling the machine that simulates it."""


GOALS = {
    "edp": "the least energy x delay that is worth its chips, as auto alone",
    "latency": "the shortest latency that is worth its chips",
    "energy": "the least energy that is worth its chips",
    "chips": "the fewest chips",
}
AutoMesh = Annotated[dict[Literal["auto"], Goal], Field(min_length=1, json_schema_extra={"expects": "{auto: GOAL}", **choices(GOALS)})]
"""A mesh to be chosen, and what for."""


class HyperdriveSpec(Spec):
    """A system of one or more Hyperdrive chips. FP16 feature maps stay on the chips, binary weights are streamed to all of them."""

    mesh: tuple[PositiveInt, PositiveInt] | Literal["auto"] | AutoMesh = figure(
        (1, 1),
        "chips as [rows, columns], or {auto: latency | energy | chips}: the shortest latency or the least energy worth its chips, "
        "or the fewest chips",
        "published",
        JETCAS,
        values={"auto": "of those that hold the network, the one of the least energy x delay that is worth its chips"},
    )
    voltage_v: float = figure(
        0.5, "core supply; sets clock and energy per cycle from the table of operating points", "recalled", CONFIRMED, gt=0
    )
    operating_points: Literal["silicon", "post_layout"] = figure(
        "silicon",
        "which table of operating points",
        "recalled",
        RECALLED,
        values={"silicon": "that of the measured chip", "post_layout": "that of the simulation before tape-out"},
    )
    clock_mhz: float | None = figure(
        None, "core clock; absent: that of the operating point, which is also the most", "recalled", CONFIRMED, ge=0.001, le=100_000
    )
    tile_rows: int = figure(7, "M: rows of spatial tiles on a chip", "recalled", CONFIRMED, gt=0, le=MOST_TILES)
    tile_columns: int = figure(7, "N: columns of spatial tiles on a chip", "recalled", CONFIRMED, gt=0, le=MOST_TILES)
    lanes: int = figure(16, "C: output channels that each tile computes at a time", "recalled", CONFIRMED, gt=0, le=65_536)
    feature_map_memory_bits: int = figure(6_422_528, "FMM: 56 SRAM macros of 1024 x 112 bit", "recalled", CONFIRMED, gt=0, le=MOST_BITS)
    border_memory_bits: int = figure(
        458_752, "BM: 4 SRAM macros of 1024 x 112 bit, the pixels of the four neighbours", "recalled", CONFIRMED, ge=0, le=MOST_BITS
    )
    corner_memory_bits: int = figure(
        65_536, "CM: 4096 words of 16 bit, the pixels of the four diagonal neighbours", "recalled", CONFIRMED, ge=0, le=MOST_BITS
    )
    weight_buffer_bits: int = figure(81_920, "WBuf: 5 x 8 latch blocks of 128 x 16 bit", "recalled", RECALLED, gt=0, le=MOST_BITS)
    weight_buffer_blocks: int = figure(
        1,
        "output-channel blocks whose weights the buffer holds at a time, if its bits allow; 1: the published dataflow, more: prefetch",
        "recalled",
        RECALLED,
        gt=0,
        le=MOST_BLOCKS,
    )
    weight_stream_bits_per_cycle: float = figure(16, "weight bits that reach all chips per core cycle", "recalled", CONFIRMED, **WIDTH)
    border_link_bits_per_cycle: float = figure(4, "bits per core cycle, direction and side of a chip", "recalled", RECALLED, **WIDTH)
    border_link_latency_cycles: int = figure(
        4, "core cycles from a bit's leaving a chip to its being stored in the neighbour", "assumed", UNKNOWN, ge=0, le=1_000_000
    )
    send_buffer_bits: int = figure(
        28_672,
        "border pixels waiting to leave, per side: two blocks of 16 channels of a 56-pixel side",
        "assumed",
        UNKNOWN,
        gt=0,
        le=MOST_BITS,
    )
    host_link_gbit_per_s: float = figure(
        51.2,
        "input and output maps, all chips together: one LPDDR3-1600 channel of 32 bit, the class of the I/O energy",
        "assumed",
        UNKNOWN,
        ge=1e-6,
        le=1e6,
    )
    io_pj_per_bit: float | None = figure(
        None, "energy per bit that crosses a chip's edge; absent: energy.yaml's", "recalled", RECALLED, ge=0, le=1e6
    )
    bypass_adds: Literal["all", "first_of_each_shape"] = figure(
        "all",
        "residual adds that cost cycles",
        "recalled",
        CONFIRMED,
        values={"all": "every one", "first_of_each_shape": "one per stage, as the published cycle table counts"},
    )

    @property
    def chips(self) -> tuple[int, int]:
        """Rows and columns of the mesh, once it is decided."""
        assert isinstance(self.mesh, tuple), "a candidate is decided"
        return self.mesh

    @property
    def goal(self) -> Goal:
        """What decides between meshes."""
        return self.mesh["auto"] if isinstance(self.mesh, dict) else "edp"

    @property
    def prefetches(self) -> bool:
        """True if weights may come before all chips are through with those before, which lets chips run ahead of each other."""
        return self.weight_buffer_blocks > 1

    @property
    def tiles(self) -> int:
        return self.tile_rows * self.tile_columns


WORD_BITS = 16
"""Bits of a feature-map value, FP16."""
