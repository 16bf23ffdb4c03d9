"""What an accelerator takes up on silicon, and how many tiles another one's area has room for; from area.yaml beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.operating_points import table_of

BASELINE_BITS, BASELINE_TILES = 4, 16
"""Of the baseline's converters; of its cells of eight transistors."""
MM2_PER_NM2 = 1e-12


@cache
def areas() -> Mapping[str, Any]:
    return table_of("hyperdrive_sim.archs.nandnet_sram", "area.yaml")


def comparators(bits: int) -> int:
    """Of a flash converter."""
    return (1 << bits) - 1


def tile_mm2(spec: NandnetSramSpec) -> float:
    """Cells by kind, converters by their comparators, drivers and the rest as in the baseline."""
    known = areas()
    cells, adcs = known["cell_share"]["value"], known["adc_share"]["value"]
    smaller = cells * known["cell_f2"][spec.cell] / known["cell_f2"]["8t"] + adcs * comparators(spec.adc_bits) / comparators(BASELINE_BITS)
    return _baseline_tile_mm2(spec) * float(smaller + 1 - cells - adcs)


def total_mm2(spec: NandnetSramSpec) -> float:
    return spec.count * tile_mm2(spec) + periphery_mm2(spec)


def periphery_mm2(spec: NandnetSramSpec) -> float:
    """The same for all: a share of the baseline."""
    share = float(areas()["periphery_share"]["value"])
    return BASELINE_TILES * _baseline_tile_mm2(spec) * share / (1 - share)


def equal_area_tiles(spec: NandnetSramSpec) -> int:
    """As many as the baseline's tiles have room for."""
    room = BASELINE_TILES * _baseline_tile_mm2(spec) / tile_mm2(spec)
    return int(room + 1e-9)  # equal tiles must not lose one to rounding


def _baseline_tile_mm2(spec: NandnetSramSpec) -> float:
    """Of as many rows and columns."""
    known = areas()
    return float(spec.tile_bits * known["cell_f2"]["8t"] * known["feature_nm"]["value"] ** 2 * MM2_PER_NM2 / known["cell_share"]["value"])
