"""Prices of the tiles' actions, read from energy.yaml beside this file, where all are multiples of one baseline product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hyperdrive_sim.archs.nandnet_sram.area import comparators
from hyperdrive_sim.archs.nandnet_sram.arithmetic import targets_rate
from hyperdrive_sim.archs.nandnet_sram.spec import BASELINE, NandnetSramSpec
from hyperdrive_sim.archs.operating_points import energy_table, io_prices, origin
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.provenance import Basis, Provenance

PACKAGE = "hyperdrive_sim.archs.nandnet_sram"
PJ_PER_FJ = 1e-3
IO = ("weight_io.bit", "input_io.bit", "output_io.bit")


def prices(spec: NandnetSramSpec) -> dict[str, Price]:
    """Price of each action in pJ: discharge of a bit line, conversion, weight written, and pass of a tile for all that ignores data."""
    table = energy_table(PACKAGE)
    cells, adcs = table["cells"], table["adcs"]
    comparator = adcs["share"] * BASELINE.tile_rows / comparators(BASELINE.adc_bits)
    products = {
        "cell.discharge": ("cells", cells["share"] / targets_rate(BASELINE) * _saving(spec, cells)),
        "adc.conversion": ("adcs", comparators(spec.adc_bits) * comparator * _saving(spec, adcs)),
        "ones.conversion": ("adcs", comparators(spec.ones_adc_bits) * comparator),
        "tile.pass": ("rest", (1 - cells["share"] - adcs["share"]) * spec.tile_bits),
        "cell.write": ("write", table["write"]["products"] * _saving(spec, table["write"])),
    }
    each = table["product"]["fj"] * PJ_PER_FJ
    known = {name: Price(name, each * times, *_origin(table, row)) for name, (row, times) in products.items()}
    return known | io_prices({}, spec.io_pj_per_bit, IO)


def _origin(table: Mapping[str, Any], row: str) -> tuple[str, Provenance, tuple[Basis, ...]]:
    """The origin of a row, all of which are multiples of one product's energy."""
    source, stated, rests_on = origin(table[row])
    product = Basis("energy of a product of the baseline", *origin(table["product"]))
    return source, stated, (*rests_on, product)


def _saving(spec: NandnetSramSpec, row: dict[str, Any]) -> float:
    """Share of the baseline's energy that a cell takes; 1 for one of eight transistors."""
    return float(row["cell_6t"]) if spec.cell == "6t" else 1.0
