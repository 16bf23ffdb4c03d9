"""A network on a mesh of chips, and the architecture that puts it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from hyperdrive_sim.archs.architecture import narrowed
from hyperdrive_sim.archs.hyperdrive import weight_image
from hyperdrive_sim.archs.hyperdrive.arithmetic import Fp16
from hyperdrive_sim.archs.hyperdrive.datasheet import datasheet
from hyperdrive_sim.archs.hyperdrive.lower import Lowering
from hyperdrive_sim.archs.hyperdrive.machine import build
from hyperdrive_sim.archs.hyperdrive.meshes import Meshes
from hyperdrive_sim.archs.hyperdrive.pieces import GRAINS
from hyperdrive_sim.archs.hyperdrive.placement import MeshLayout, Shortage, check_cuttable, placed
from hyperdrive_sim.archs.hyperdrive.prices import prices
from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.step_blocks import StepBlocks
from hyperdrive_sim.archs.hyperdrive.steps import plan
from hyperdrive_sim.archs.hyperdrive.tiles import tiles
from hyperdrive_sim.errors import DoesNotFit, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Parameters
from hyperdrive_sim.schedule import spec as specs
from hyperdrive_sim.schedule.mapped import Datasheet, Mapped, Tiles
from hyperdrive_sim.schedule.mesh import Mesh
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.tasks import Arrivals, Task
from hyperdrive_sim.schedule.writer import Writer

MEMORIES = {"fmm": "feature-map memory", "border": "border memory", "corner": "corner memory", "wbuf": "weight buffer"}


class MappedHyperdrive:
    """Network cut over a decided mesh.

    Raises DoesNotFit, with the smallest mesh that would do, and InvalidInput for a network, a mesh or a voltage that the chip cannot run.
    """

    def __init__(self, network: Network, spec: HyperdriveSpec) -> None:
        self.network, self.spec = network, spec
        ours = plan(network)
        check_cuttable(network, ours, spec.chips)
        mesh = Mesh(*spec.chips)
        self.machine = build(spec, mesh)
        self.layout = MeshLayout(network, ours, spec, mesh)
        if shortage := self.layout.shortage():
            raise DoesNotFit(_explained(shortage, self.layout))
        self.placement = placed(self.layout).checked(network, self.machine)
        self.blocks = {grain: StepBlocks(self.layout, self.machine, grain) for grain in GRAINS}
        self.arithmetic = Fp16()
        self.datasheet: Datasheet = datasheet(network, ours)

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        return prices(self.spec)

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        Lowering(self.blocks[grain], self.placement, to).write(arrivals)

    def tiles(self, layer: str | None) -> Tiles:
        return tiles(self.layout, layer)


def _explained(shortage: Shortage, layout: MeshLayout) -> Mistake:
    mesh, (rows, columns) = Meshes(layout.network, layout.plan, layout.spec).smallest(), layout.spec.chips
    wanted = f"layer '{shortage.layer}' needs {shortage.needed} bits of each chip's {MEMORIES[shortage.memory]}"
    cure = f"the smallest mesh that holds this network is [{mesh[0]}, {mesh[1]}]" if mesh else "no mesh holds it, the memory must be larger"
    return Mistake("chip.mesh", f"{wanted} on a [{rows}, {columns}] mesh, {shortage.there} bits are there", cure)


class Hyperdrive:
    """Architecture `hyperdrive`: maps a network on a mesh of chips, and proposes meshes for `mesh: auto`."""

    name = "hyperdrive"
    Spec = HyperdriveSpec
    grains = GRAINS
    tolerance = 0.0
    mark, exports = weight_image.MARK, "weights in the order of the stream"

    def candidates(self, network: Network, spec: specs.Spec) -> Iterator[specs.Spec]:
        """Decided specs: the given one or, for `mesh: auto`, one for each promising mesh, the best by estimate first.

        Raises DoesNotFit if no mesh holds the network.
        """
        ours, found = narrowed(HyperdriveSpec, spec), False
        if isinstance(ours.mesh, tuple):
            yield ours
            return
        for mesh in Meshes(network, plan(network), ours).promising():
            found = True
            yield ours.model_copy(update={"mesh": mesh})
        if not found:
            self.map(network, ours.model_copy(update={"mesh": (1, 1)}))  # raises DoesNotFit with the memory that is too small

    def map(self, network: Network, spec: specs.Spec) -> MappedHyperdrive:
        return MappedHyperdrive(network, narrowed(HyperdriveSpec, spec))

    def exported(self, mapped: Mapped, tasks: Iterable[Task], parameters: Mapping[str, Parameters]) -> bytes:
        assert isinstance(mapped, MappedHyperdrive)
        return weight_image.image(mapped.network, mapped.spec.lanes, tasks, parameters)
