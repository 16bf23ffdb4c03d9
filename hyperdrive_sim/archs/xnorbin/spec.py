"""Spec of XNORBIN: the settings of a user; the defaults are the chip as it was designed."""

from __future__ import annotations

from hyperdrive_sim.archs._xnor_datapath.spec import STRUCTURE, Bits, DatapathSpec
from hyperdrive_sim.schedule.spec import figure


class XnorbinSpec(DatapathSpec):
    """One XNORBIN core in 65 nm, its parameters in an external flash."""

    voltage_v: float = figure(0.8, "core supply, 0.8 or 1.2; sets clock and energy per cycle", "published", f"{STRUCTURE}, abstract", gt=0)
    feature_map_memory_bits: tuple[Bits, Bits] = figure(
        (131_072, 262_144),
        "the two feature-map memories, source and sink in turn",
        "recalled",
        f"{STRUCTURE}; recalled, and the largest layer of its AlexNet just fits",
    )
