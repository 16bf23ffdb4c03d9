"""Spec of ChewBaccaNN: the settings of a user; the defaults are the chip as it is known."""

from __future__ import annotations

from hyperdrive_sim.archs._xnor_datapath.spec import Bits, DatapathSpec
from hyperdrive_sim.schedule.spec import figure

ISCAS = "R. Andri et al., ChewBaccaNN, IEEE ISCAS 2021 (arXiv 2005.07137v3)"


class ChewbaccannSpec(DatapathSpec):
    """One ChewBaccaNN core in 22 nm, its parameters off chip."""

    voltage_v: float = figure(0.4, "core supply; 0.4 is the only operating point that is known", "published", f"{ISCAS}, abstract", gt=0)
    feature_map_memory_bits: tuple[Bits, Bits] = figure(
        (612_000, 612_000),
        "the two feature-map memories, source and sink in turn; of latches, which work at 0.4 V",
        "recalled",
        f"{ISCAS}: 153 kB in all (recalled with little certainty); halves are chosen here",
    )
