"""A mapped network: a machine, a placement on it, and the tasks that run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.network.golden import Arithmetic
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.provenance import Basis, Known, Provenance
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer

Tiles = Mapping[str, NDArray[np.float64]]
"""Per chip, an array [rows, columns] of its tiles: the share of its busy time in which each did useful work."""


@dataclass(frozen=True, slots=True)
class Quantity(Known):
    """A datasheet entry (area, duration of one operation): value, unit and how well it is known. A share, a part of 1, has the unit %."""

    value: int | float
    unit: str
    stated: Provenance
    source: str
    rests_on: tuple[Basis, ...] = ()


Datasheet = Mapping[str, Quantity]


class PartOfSystem(NamedTuple):
    """A part of a system: its *name*, the *architecture* of its chips and what they are set to, its machines and its *layers*.

    *units* and *actions* are the names that they have in the system, of what stands at their edges too. Each of several machines takes
    every *every*-th frame: the one of all, or where each has layers of its own, every one.
    """

    name: str
    architecture: str
    spec: Spec
    machines: tuple[Machine, ...]
    units: frozenset[str]
    actions: frozenset[str]
    layers: tuple[str, ...]
    every: int


@runtime_checkable
class Composed(Protocol):
    """What a mapped network has besides where its system has several parts."""

    @property
    def parts(self) -> tuple[PartOfSystem, ...]: ...


class Mapped(Protocol):
    """A network on a machine: built, placed and checked once, with everything that a run needs to know of it.

    An architecture's own class has these attributes, and keeps its layout to itself.
    """

    @property
    def network(self) -> Network: ...

    @property
    def spec(self) -> Spec:
        """The spec that the user asked for, with nothing left open."""
        ...

    @property
    def machine(self) -> Machine: ...

    @property
    def placement(self) -> Placement: ...

    @property
    def prices(self) -> Mapping[str, Price]:
        """Price of every action, by its name."""
        ...

    @property
    def arithmetic(self) -> Arithmetic: ...

    @property
    def datasheet(self) -> Datasheet:
        """Figures that no schedule says: areas, times of single operations."""
        ...

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        """Write the tasks of some frames, cut as finely as *grain* says."""
        ...

    def tiles(self, layer: str | None) -> Tiles:
        """Use of the tiles in one layer, of those that tasks are written for, or in the whole run."""
        ...


def turns(mapped: Mapped) -> int:
    """How many chips take frames in turn, of the part of a system that has most of such; 1 for one chip or mesh."""
    return max(part.every for part in mapped.parts) if isinstance(mapped, Composed) else 1
