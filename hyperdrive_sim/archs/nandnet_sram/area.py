"""Area of an accelerator, and how many tiles the baseline's area has room for; from area.yaml beside this file.

With 6T cells every tile has one column more, whose cells hold ones: together they are the tile of ones, as tall as all tiles. Such a column
has the cells of a column of the tile, a converter of its own resolution, and the drivers and the rest that go with so many bits.
"""

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
    """Area of a tile in mm2, without its column of ones."""
    return spec.tile_columns * _column_mm2(spec, spec.adc_bits)


def ones_mm2(spec: NandnetSramSpec) -> float:
    """Area in mm2 of the column of ones of one tile; 0 with 8T cells, which have none."""
    return _column_mm2(spec, spec.ones_adc_bits) if spec.cell == "6t" else 0.0


def total_mm2(spec: NandnetSramSpec) -> float:
    return spec.count * (tile_mm2(spec) + ones_mm2(spec)) + periphery_mm2()


def periphery_mm2() -> float:
    """Area of the periphery in mm2, alike for all variants: a share of the baseline."""
    share = float(areas()["periphery_share"]["value"])
    return BASELINE.count * tile_mm2(BASELINE) * share / (1 - share)


def equal_area_tiles(spec: NandnetSramSpec) -> int:
    """Number of tiles, at least 1, that the area of the baseline's tiles has room for, each with its column of ones."""
    room = BASELINE.count * tile_mm2(BASELINE) / (tile_mm2(spec) + ones_mm2(spec))
    return max(1, int(room + 1e-9))  # equal tiles must not lose one to rounding


def _column_mm2(spec: NandnetSramSpec, adc_bits: int) -> float:
    """Area of a column of a tile: cells by kind, a converter by its comparators, drivers and the rest in proportion to the bits."""
    known = areas()
    cell, baseline_cell = (float(known["cell_f2"][kind] * known["feature_nm"]["value"] ** 2 * MM2_PER_NM2) for kind in (spec.cell, "8t"))
    cells, adcs = (float(known[share]["value"]) for share in ("cell_share", "adc_share"))
    built = BASELINE.tile_rows * baseline_cell / cells  # of a baseline column
    converter = built * adcs / comparators(BASELINE.adc_bits)
    rest = built * (1 - adcs - cells) / BASELINE.tile_rows
    return spec.tile_rows * (cell + rest) + comparators(adc_bits) * converter
