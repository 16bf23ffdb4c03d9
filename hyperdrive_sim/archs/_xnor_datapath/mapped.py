"""A network on a core with this datapath, and the architecture that a chip's folder completes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from hyperdrive_sim.archs._xnor_datapath import lower, machine
from hyperdrive_sim.archs._xnor_datapath.arithmetic import Xnor
from hyperdrive_sim.archs._xnor_datapath.placement import laid_out, placed
from hyperdrive_sim.archs._xnor_datapath.prices import operating_point, prices
from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec
from hyperdrive_sim.archs._xnor_datapath.tiles import tiles
from hyperdrive_sim.archs.architecture import narrowed
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule import spec as specs
from hyperdrive_sim.schedule.mapped import Datasheet, Tiles
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer


class MappedCore:
    """Network laid out in the memories of one core; *package* is the chip's folder, with its energy.yaml.

    Raises DoesNotFit for a memory or a buffer that is too small, InvalidInput for a network or a voltage that the chip cannot run.
    """

    def __init__(self, network: Network, spec: DatapathSpec, package: str) -> None:
        self.network, self.spec, self._package = network, spec, package
        self.machine = machine.build(spec, operating_point(spec, package))
        self.layout = laid_out(network, spec)
        self.placement = placed(self.layout).checked(network, self.machine)
        self.arithmetic = Xnor(spec)
        self.datasheet: Datasheet = {}

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        return prices(self.spec, self._package)

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        lower.write(self.layout, self.machine, to, arrivals, grain)

    def tiles(self, layer: str | None) -> Tiles:
        return tiles(self.layout, layer)


@dataclass(frozen=True)
class Core:
    """Architecture with this datapath: its name, the class of its spec, and the *package* with its energy.yaml."""

    name: str
    Spec: type[DatapathSpec]
    package: str

    grains: ClassVar[tuple[str, ...]] = lower.GRAINS
    tolerance: ClassVar[float] = 0.0

    def candidates(self, network: Network, spec: specs.Spec) -> tuple[specs.Spec, ...]:
        return (spec,)

    def map(self, network: Network, spec: specs.Spec) -> MappedCore:
        return MappedCore(network, narrowed(DatapathSpec, spec), self.package)
