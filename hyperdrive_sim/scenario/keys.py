"""Keys of scenario files and of chips, as editors and tables show them: unit, default, meaning and source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.schedule.spec import origins

UNITS: Mapping[str, str] = {
    "_bits_per_cycle": "bit/cycle",
    "_words_per_cycle": "word/cycle",
    "_gbit_per_s": "Gbit/s",
    "_pj_per_bit": "pJ/bit",
    "frames_per_s": "frame/s",
    "_cycles": "cycle",
    "_bytes": "byte",
    "_bits": "bit",
    "_mhz": "MHz",
    "_ns": "ns",
    "_v": "V",
}
"""Unit of a key by the end of its name; the first that fits."""


class ChipKey(NamedTuple):
    """A key under `chip:`: its unit (empty for a number or a choice), its default as JSON has it, and what is known of that."""

    name: str
    unit: str
    default: Any
    description: str
    provenance: str
    source: str

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Name, unit, default and meaning, as tables have them; a default that follows from other keys is a dash."""
        return self.name, self.unit, written(self.default) or "-", self.description


def unit(name: str) -> str:
    """The unit that the name of a key ends in; empty where it has none.

    >>> unit("voltage_v"), unit("weight_stream_bits_per_cycle"), unit("lanes")
    ('V', 'bit/cycle', '')
    """
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def written(value: Any) -> str:
    """A value as a scenario file has it, in one line.

    >>> written("auto"), written([1, 2]), written(None), written(True)
    ('auto', '[1, 2]', '', 'true')
    """
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def chip_keys(arch: Architecture) -> tuple[ChipKey, ...]:
    """The keys that a scenario may have under `chip:` for an architecture, in the order of its spec."""
    fields, known = arch.Spec.model_fields, origins(arch.Spec)
    return tuple(
        ChipKey(name, unit(name), field.default, field.description or "", known[name].provenance, known[name].source)
        for name, field in fields.items()
    )
