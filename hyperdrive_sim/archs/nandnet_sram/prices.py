"""Prices of what tiles do, read from energy.yaml beside this file: everything in baseline products."""

from __future__ import annotations

from typing import Any

from hyperdrive_sim.archs.nandnet_sram.area import BASELINE_BITS, comparators
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.energy import Price
from hyperdrive_sim.operating_points import energy_table, io_prices

PACKAGE = "hyperdrive_sim.archs.nandnet_sram"
PJ_PER_FJ = 1e-3
IO = ("weight_io.bit", "input_io.bit", "output_io.bit")
BASELINE_ROWS = 8
"""Whose products a converter of the baseline turns into a number at once."""
BASELINE_DISCHARGES = 0.5
"""Of the baseline's products: half of all XNORs are 1 where half of all weights are."""


def prices(spec: NandnetSramSpec) -> dict[str, Price]:
    """By discharge of a bit line, by conversion, by pass of a tile for all that does not depend on data, and by weight written."""
    table = energy_table(PACKAGE)
    cells, adcs = table["cells"], table["adcs"]
    levels = comparators(spec.adc_bits) / comparators(BASELINE_BITS)
    products = {
        "cell.discharge": ("cells", cells["share"] / BASELINE_DISCHARGES * _saving(spec, cells)),
        "adc.conversion": ("adcs", adcs["share"] * BASELINE_ROWS * levels * _saving(spec, adcs)),
        "tile.pass": ("rest", (1 - cells["share"] - adcs["share"]) * spec.tile_bits),
        "cell.write": ("write", table["write"]["products"] * _saving(spec, table["write"])),
    }
    each = table["product"]["fj"] * PJ_PER_FJ
    known = {name: Price(name, each * times, table[row]["source"], table[row]["provenance"]) for name, (row, times) in products.items()}
    return known | io_prices({}, spec.io_pj_per_bit, IO)


def _saving(spec: NandnetSramSpec, row: dict[str, Any]) -> float:
    """What of the baseline's energy a cell of six transistors takes."""
    return float(row["cell_6t"]) if spec.cell == "6t" else 1.0
