"""Area of an accelerator, and how many tiles the baseline's area has room for; from area.yaml beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hyperdrive_sim.archs.nandnet_sram.spec import BASELINE, NandnetSramSpec
from hyperdrive_sim.archs.operating_points import origin, table_of
from hyperdrive_sim.schedule.provenance import Basis

MM2_PER_NM2 = 1e-12


@cache
def areas() -> Mapping[str, Any]:
    return table_of("hyperdrive_sim.archs.nandnet_sram", "area.yaml")


def bases() -> tuple[Basis, ...]:
    """The shares that every area here rests on."""
    return tuple(Basis(name.replace("_", " "), *origin(row)) for name, row in areas().items() if name.endswith("_share"))


def comparators(bits: int) -> int:
    """Number of comparators in a flash converter of *bits* bits."""
    return (1 << bits) - 1


def tile_mm2(spec: NandnetSramSpec) -> float:
    """Area of a tile in mm2: cells by kind, a converter per column by its comparators, drivers and the rest in proportion to the bits."""
    known, built = areas(), _cells_mm2(BASELINE) / float(areas()["cell_share"]["value"])
    adcs = float(known["adc_share"]["value"])
    converter = built * adcs / BASELINE.tile_columns / comparators(BASELINE.adc_bits)
    rest = built * (1 - adcs) - _cells_mm2(BASELINE)
    bits = spec.tile_bits / BASELINE.tile_bits
    return _cells_mm2(spec) + spec.tile_columns * comparators(spec.adc_bits) * converter + rest * bits


def total_mm2(spec: NandnetSramSpec) -> float:
    return spec.count * tile_mm2(spec) + periphery_mm2()


def periphery_mm2() -> float:
    """Area of the periphery in mm2, alike for all variants: a share of the baseline."""
    share = float(areas()["periphery_share"]["value"])
    return BASELINE.count * tile_mm2(BASELINE) * share / (1 - share)


def equal_area_tiles(spec: NandnetSramSpec) -> int:
    """Number of tiles, at least 1, that the area of the baseline's tiles has room for.

    The column of ones, which takes about a fifth of a tile, is left out.
    """
    room = BASELINE.count * tile_mm2(BASELINE) / tile_mm2(spec)
    return max(1, int(room + 1e-9))  # equal tiles must not lose one to rounding


def _cells_mm2(spec: NandnetSramSpec) -> float:
    known = areas()
    return float(spec.tile_bits * known["cell_f2"][spec.cell] * known["feature_nm"]["value"] ** 2 * MM2_PER_NM2)
