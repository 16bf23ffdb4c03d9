"""Prices of row commands and of the data channel, read from energy.yaml beside this file."""

from __future__ import annotations

from typing import Any

from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.archs.operating_points import energy_table, origin
from hyperdrive_sim.schedule.prices import Price

PACKAGE = "hyperdrive_sim.archs.nandnet_dram"
KB = 1024
PJ_PER_NJ = 1000
IO = ("weight_io.bit", "input_io.bit", "output_io.bit")


def prices(spec: NandnetDramSpec) -> dict[str, Price]:
    """Price of each action in pJ: of a command on one row of one bank, and of a bit on the data channel."""
    table = energy_table(PACKAGE)
    row, bit = spec.row_bytes / KB, 1 / (8 * KB)
    rows = {"bank.aap": ("aap", row), "bank.ap": ("ap", row), "copy.aap": ("aap", row), "readout.bit": ("channel", bit)}
    return {action: _price(action, table[key], times) for action, (key, times) in (rows | dict.fromkeys(IO, ("channel", bit))).items()}


def _price(action: str, row: dict[str, Any], kb: float) -> Price:
    return Price(action, row["nj_per_kb"] * kb * PJ_PER_NJ, *origin(row))
