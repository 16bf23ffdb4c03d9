"""What an architecture is to the rest of the simulator: a record of functions, found by the name of its folder under `archs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim import archs
from hyperdrive_sim.archs.spec import Spec
from hyperdrive_sim.network.golden import Arithmetic
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.prices import Price, Provenance
from hyperdrive_sim.schedule.tasks import Arrivals, Schedule

Tiles = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something there is to say of a chip besides its figures in a run: an area, how long one operation takes.

    A share has the unit % and is a part of 1.
    """

    value: int | float
    unit: str
    provenance: Provenance
    source: str


Datasheet = Mapping[str, Quantity]


def _blank(network: Network, spec: Any) -> Datasheet:
    return {}


@dataclass(frozen=True)
class Architecture:
    """A compiler from (network, spec) to a schedule, an arithmetic and a price list.

    `fit` decides what a spec leaves open for a network (a mesh that is `auto`); all others take such a decided spec. `lower` cuts tasks
    as finely as a grain says, of which `grains` lists the coarsest first; `count` says how many tasks that would be without writing them.
    `tiles` says, per chip, in which part of its busy time each tile did useful work: in one layer, of those that tasks are written for,
    or in the whole run. `datasheet` holds what no schedule says. `tolerance` is the largest difference to golden that the hardware itself
    makes; 0: none, bit for bit.
    """

    name: str
    Spec: type[Spec]
    fit: Callable[[Network, Any], Any]
    build: Callable[[Any], Machine]
    place: Callable[[Network, Any], Placement]
    lower: Callable[[Network, Any, Placement, Arrivals, str], Schedule]
    count: Callable[[Network, Any, Placement, Arrivals, str], int]
    arithmetic: Callable[[Any], Arithmetic]
    prices: Callable[[Any], Mapping[str, Price]]
    tiles: Callable[[Network, Any, Placement, str | None], Tiles]
    grains: tuple[str, ...]
    datasheet: Callable[[Network, Any], Datasheet] = _blank
    tolerance: float = 0.0

    @property
    def folder(self) -> Path:
        return Path(archs.__path__[0]) / self.name
