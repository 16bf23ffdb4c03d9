"""A network mapped onto the DRAM, and the architecture that maps it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from hyperdrive_sim.archs._nandnet.placement import placed
from hyperdrive_sim.archs._nandnet.steps import plan
from hyperdrive_sim.archs.architecture import narrowed
from hyperdrive_sim.archs.nandnet_dram.arithmetic import Dram
from hyperdrive_sim.archs.nandnet_dram.datasheet import datasheet
from hyperdrive_sim.archs.nandnet_dram.lower import GRAINS, Passes
from hyperdrive_sim.archs.nandnet_dram.machine import MAPS, PERIPHERY, build
from hyperdrive_sim.archs.nandnet_dram.prices import prices
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.archs.nandnet_dram.tiles import tiles
from hyperdrive_sim.archs.nandnet_dram.timing import PassProgram
from hyperdrive_sim.errors import DoesNotFit, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule import spec as specs
from hyperdrive_sim.schedule.mapped import Datasheet, Tiles
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer


class MappedDram:
    """A network mapped onto the DRAM: all banks compute one layer after the other.

    Raises DoesNotFit if a pass needs more rows than a sub-array has.
    """

    def __init__(self, network: Network, spec: NandnetDramSpec) -> None:
        self.network, self.spec, self.program = network, spec, PassProgram.of(spec)
        _check_rows(self.program)
        self.machine = build(self.program)
        self.plan = plan(network, spec.left_to_host)
        self.placement = placed(network, self.plan, unit=PERIPHERY, memory=MAPS).checked(network, self.machine)
        self.arithmetic = Dram(self.program)

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        return prices(self.spec)

    @cached_property
    def datasheet(self) -> Datasheet:
        return datasheet(self.network, self.plan, self.program)

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        Passes(self.network, self.plan, self.program, to, grain).write(arrivals)

    def tiles(self, layer: str | None) -> Tiles:
        return tiles(self.network, self.plan, self.spec, layer)


def _check_rows(program: PassProgram) -> None:
    spec, needed = program.spec, program.chunk.program.data_rows
    if needed > spec.data_rows:
        problem = f"a chunk of {spec.chunk_taps} taps needs {needed} rows of a sub-array, {spec.data_rows} are there"
        raise DoesNotFit(Mistake("chip.chunk_taps", problem, "take shorter chunks or a larger sub-array"))


class NandnetDram:
    """The architecture `nandnet_dram`: NAND-Net in DRAM."""

    name = "nandnet_dram"
    Spec = NandnetDramSpec
    grains = GRAINS
    tolerance = 0.0

    def candidates(self, network: Network, spec: specs.Spec) -> tuple[specs.Spec, ...]:
        return (spec,)

    def map(self, network: Network, spec: specs.Spec) -> MappedDram:
        return MappedDram(network, narrowed(NandnetDramSpec, spec))
