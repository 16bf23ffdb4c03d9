"""The binary datapath that XNORBIN and ChewBaccaNN share, as an architecture for their folders to complete.

Reading order: spec, steps (which layers), timing (cycles and accesses), placement (memories), lower (tasks), arithmetic (bits), prices.
"""

from __future__ import annotations

from typing import Any

from hyperdrive_sim.archs._xnor_datapath import lower as lowering
from hyperdrive_sim.archs._xnor_datapath import machine
from hyperdrive_sim.archs._xnor_datapath.arithmetic import Xnor
from hyperdrive_sim.archs._xnor_datapath.placement import place
from hyperdrive_sim.archs._xnor_datapath.prices import operating_point, prices
from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs._xnor_datapath.tiles import tiles
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.tasks import Arrivals, Schedule


def core(name: str, spec: type[DatapathSpec], package: str) -> Architecture:
    """The architecture of a chip with this datapath: *package* is its folder, with its energy.yaml."""

    def build(chip: Any) -> Machine:
        return machine.build(chip, operating_point(chip, package))

    def lower(network: Network, chip: Any, placement: Placement, arrivals: Arrivals, grain: str) -> Schedule:
        return lowering.lower(network, chip, build(chip), arrivals, grain)

    return Architecture(
        name=name,
        Spec=spec,
        fit=lambda network, chip: chip,
        build=build,
        place=place,
        lower=lower,
        count=lambda network, chip, placement, arrivals, grain: lowering.count(network, chip, arrivals, grain),
        arithmetic=Xnor,
        prices=lambda chip: prices(chip, package),
        tiles=tiles,
        grains=lowering.GRAINS,
    )
