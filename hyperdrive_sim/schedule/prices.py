"""Prices of actions: what each costs, where the figure comes from, and which actions cross a chip's edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hyperdrive_sim.schedule.provenance import Basis, Known, Provenance

PJ = 1e-12

INPUT, SENSOR = "input_io.bit", "sensor.bit"
"""Actions of a bit of the input: that crosses a chip's edge, or that a sensor on the chip writes into its memory."""

EDGE_ACTIONS: Mapping[str, str] = {
    "weight_io.bit": "weights",
    INPUT: "input",
    "output_io.bit": "output",
    "border_io.bit": "border",
    "corner_io.bit": "border",
}
"""Actions that cross a chip's edge, and what they carry."""

IO_ACTIONS: Mapping[str, str] = {**EDGE_ACTIONS, "link_io.bit": "links"}
"""These, and the wires between the parts of a system, which carry what crosses edges once more; all else is the core's."""


def carries(action: str) -> str:
    """The kind of data that an action brings across a chip's edge; empty for the core's. A part's name may stand before the action's."""
    return IO_ACTIONS.get(".".join(action.rsplit(".", 2)[-2:]), "")


@dataclass(frozen=True, slots=True)
class Price(Known):
    """The energy of one action, in picojoules, with its source; *stated* is how well its table says that it is known by itself."""

    action: str
    pj: float
    source: str
    stated: Provenance
    rests_on: tuple[Basis, ...] = ()
