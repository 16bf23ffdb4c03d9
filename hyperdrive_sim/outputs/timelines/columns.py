"""Costs of the tasks of a run, column by column, and places of its units and memories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.ledger import crossing_bits
from hyperdrive_sim.reports.derived.chip_kinds import chips_by_kind
from hyperdrive_sim.reports.report import Report

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Surroundings(NamedTuple):
    """What a place is in: the member of a system that it belongs to, or is itself, and the row of a mesh that a chip lies in."""

    member: str = ""
    row: int | None = None


@dataclass(frozen=True)
class TaskColumns:
    """A report read task by task; positions are those of its schedule."""

    report: Report

    @cached_property
    def place(self) -> Mapping[str, str]:
        """The place of every unit and memory, in the order of the machine."""
        machine = self.report.machine
        return {name: machine.place(name) for name in (*machine.unit, *machine.memory)}

    @cached_property
    def places(self) -> Mapping[str, Surroundings]:
        """All places, with what they are in."""
        machine, rows = self.report.machine, self._rows()
        return {where: Surroundings(machine.member(where), rows.get(where)) for where in dict.fromkeys(self.place.values())}

    def _rows(self) -> dict[str, int]:
        """The row of every chip in its mesh."""
        meshes = [kind for kind in chips_by_kind(self.report) if kind.is_mesh]
        return {chip: number // kind.mesh[1] for kind in meshes for number, chip in enumerate(kind.tiles)}

    @cached_property
    def pj(self) -> Floats:
        """The energy of each task, in picojoules."""
        return self.report.trace.counted(self.report.energy.prices_pj)

    @cached_property
    def io_bits(self) -> Ints:
        """The bits of each task that cross a chip's edge."""
        return crossing_bits(self.report.trace)
