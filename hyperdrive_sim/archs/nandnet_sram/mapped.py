"""A network mapped onto the SRAM, and the architecture that chooses the number of tiles and maps it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from hyperdrive_sim.archs._nandnet.placement import placed
from hyperdrive_sim.archs._nandnet.steps import plan
from hyperdrive_sim.archs.architecture import narrowed
from hyperdrive_sim.archs.nandnet_sram import area, timing
from hyperdrive_sim.archs.nandnet_sram.arithmetic import Sram
from hyperdrive_sim.archs.nandnet_sram.datasheet import datasheet
from hyperdrive_sim.archs.nandnet_sram.lower import GRAINS, Blocks
from hyperdrive_sim.archs.nandnet_sram.machine import MAPS, PERIPHERY, build
from hyperdrive_sim.archs.nandnet_sram.prices import prices
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.archs.nandnet_sram.tiles import tiles
from hyperdrive_sim.errors import DoesNotFit, InvalidInput, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule import spec as specs
from hyperdrive_sim.schedule.mapped import Datasheet, Tiles
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer


class MappedSram:
    """A network mapped onto the SRAM: its weights fill the tiles layer by layer, or are kept in them.

    Raises DoesNotFit if weights that are to be kept do not fit, InvalidInput for an activation rate whose layer is not run here.
    """

    def __init__(self, network: Network, spec: NandnetSramSpec) -> None:
        self.network, self.spec = network, spec
        self.plan = plan(network, spec.left_to_host)
        self.sizes = {step.conv.name: timing.size(network, step.conv) for step in self.plan.steps}
        self._check()
        self.machine = build(spec)
        self.fillings = timing.fillings(self.sizes, spec)
        self.placement = placed(network, self.plan, unit=PERIPHERY, memory=MAPS).checked(network, self.machine)
        self.arithmetic = Sram(spec)

    def _check(self) -> None:
        network, spec = self.network, self.spec
        if unknown := sorted(set(spec.activation_rates) - set(self.sizes)):
            problem = f"'{unknown[0]}' is no binary layer of '{network.name}' that is run here"
            raise InvalidInput.at("chip.activation_rates", problem, f"these are: {', '.join(self.sizes)}")
        needed = timing.tiles_for_all(self.sizes.values(), spec)
        if spec.weights == "kept" and needed > spec.count:
            problem = f"the weights of '{network.name}' take {needed} tiles, {spec.count} are there"
            raise DoesNotFit(Mistake("chip.weights", problem, "have them reloaded, or take more tiles"))

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        return prices(self.spec)

    @cached_property
    def datasheet(self) -> Datasheet:
        return datasheet(self.network, self.plan, self.spec)

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        Blocks(self.network, self.plan, self.spec, self.fillings, to).write(arrivals)

    def tiles(self, layer: str | None) -> Tiles:
        return tiles(self.fillings, self.spec, layer)


class NandnetSram:
    """The architecture `nandnet_sram`: NAND-Net in SRAM."""

    name = "nandnet_sram"
    Spec = NandnetSramSpec
    grains = GRAINS
    tolerance = 0.0

    def candidates(self, network: Network, spec: specs.Spec) -> tuple[specs.Spec, ...]:
        """The spec, decided: tiles for `equal_area` counted, `auto` weights kept if all layers fit, else reloaded."""
        open_ = narrowed(NandnetSramSpec, spec)
        if open_.tiles == "equal_area":
            open_ = open_.model_copy(update={"tiles": area.equal_area_tiles(open_)})
        if open_.weights == "auto":
            sizes = (timing.size(network, step.conv) for step in plan(network, open_.left_to_host).steps)
            kept = timing.tiles_for_all(sizes, open_) <= open_.count
            open_ = open_.model_copy(update={"weights": "kept" if kept else "reloaded"})
        return (open_,)

    def map(self, network: Network, spec: specs.Spec) -> MappedSram:
        return MappedSram(network, narrowed(NandnetSramSpec, spec))
