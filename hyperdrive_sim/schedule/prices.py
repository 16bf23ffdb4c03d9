"""What an action costs, where the figure comes from, and which actions cross a chip's edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PJ = 1e-12
Provenance = Literal["published", "derived", "fitted", "recalled", "assumed"]

IO_ACTIONS: Mapping[str, str] = {
    "weight_io.bit": "weights",
    "input_io.bit": "input",
    "output_io.bit": "output",
    "border_io.bit": "border",
    "corner_io.bit": "border",
}
"""Actions that cross a chip's edge, and what they carry; all else is the core's."""


def carries(action: str) -> str:
    """What an action brings across a chip's edge; empty for one of the core's. The name of a part may stand before the action's own."""
    return IO_ACTIONS.get(".".join(action.rsplit(".", 2)[-2:]), "")


@dataclass(frozen=True, slots=True)
class Price:
    """What one action costs, in picojoules."""

    action: str
    pj: float
    source: str
    provenance: Provenance
