"""Costs of the tasks of a run, column by column, and places of its units and memories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.ledger import crossing_bits
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.mesh import Mesh

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def place(name: str) -> str:
    """Place of a unit or a memory: `chip[3,4]` for `chip[3,4].send.east`."""
    return name.partition(".")[0]


@dataclass(frozen=True)
class TaskColumns:
    """A report read task by task; positions are those of its schedule."""

    report: Report

    @cached_property
    def places(self) -> Mapping[str, int | None]:
        """Places of units and memories, in the order of the machine; in a mesh, with the row of each chip."""
        machine = self.report.machine
        mesh = Mesh(*machine.mesh) if machine.mesh else None
        rows = {str(chip): chip.row for chip in mesh.chips} if mesh else {}
        names = (*machine.unit, *machine.memory)
        return {where: rows.get(where) for where in dict.fromkeys(map(place, names))}

    @cached_property
    def pj(self) -> Floats:
        """The energy of each task, in picojoules."""
        return self.report.trace.counted(self.report.energy.prices_pj)

    @cached_property
    def io_bits(self) -> Ints:
        """The bits of each task that cross a chip's edge."""
        return crossing_bits(self.report.trace)
