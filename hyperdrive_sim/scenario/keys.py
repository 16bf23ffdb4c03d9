"""Keys of scenario files and of chips, as editors and tables show them: unit, default, meaning and source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

UNITS: Mapping[str, str] = {
    "_bits_per_cycle": "bit/cycle",
    "_words_per_cycle": "word/cycle",
    "_gbit_per_s": "Gbit/s",
    "_pj_per_bit": "pJ/bit",
    **dict.fromkeys(("frames_per_s", "periodic_per_s", "poisson_per_s"), "frame/s"),
    "deadline_s": "s",
    "_cycles": "cycle",
    "_bytes": "byte",
    "_bits": "bit",
    "_mhz": "MHz",
    "_ns": "ns",
    "_v": "V",
}
"""Unit of a key by the end of its name; the first that fits."""


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
