"""A network on a system of several parts, and systems as an architecture: their parts are mapped here, and composed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from math import fsum
from typing import ClassVar

import numpy as np

from hyperdrive_sim.archs.architecture import narrowed
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule import spec as specs
from hyperdrive_sim.schedule.lazy import Lazy
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Datasheet, PartOfSystem, Tiles
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.prices import SENSOR, Price
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.systems import ordering
from hyperdrive_sim.systems.arithmetic import Mixed
from hyperdrive_sim.systems.automatic import TRIED, Partitions
from hyperdrive_sim.systems.chips import chip_of, in_bands, mapped_alone
from hyperdrive_sim.systems.composing import Composition
from hyperdrive_sim.systems.flow import Flow
from hyperdrive_sim.systems.member import Member
from hyperdrive_sim.systems.partition import assigned
from hyperdrive_sim.systems.placed import kind_of
from hyperdrive_sim.systems.pools import CONVERTED, Pools
from hyperdrive_sim.systems.sensors import Sensors
from hyperdrive_sim.systems.spec import HOST_NODE, ROWS, PartSpec, SystemSpec
from hyperdrive_sim.systems.wiring import Wiring

COARSEST, FINEST = "coarsest", "finest"
"""How finely the tasks of every part are cut."""


class MappedSystem:
    """A network on a system whose partition is decided.

    Raises InvalidInput, with the part named, for layers that a part cannot run or hold, for nodes that no link reaches, and for links and
    partitions that are none.
    """

    def __init__(self, network: Network, spec: SystemSpec) -> None:
        self.network, self.spec = network, spec
        self.names = {kind: _names(kind, part.count) for kind, part in spec.parts.items()}
        layers = assigned(network, spec.decided or {}, self.names)
        running = [one for runner, its in layers.items() if runner != HOST_NODE for one in self._running(runner, network.part(its))]
        wiring = Wiring(spec, self.names, {one.name: one.mapped.machine.clock for one in running})
        alone = [part.count for part in spec.parts.values()] == [1]
        self.members = tuple(replace(one, node=wiring.node(one.name), alone=alone) for one in running)
        sensors = Sensors(spec, network)
        self.flow = Flow(network, self.members, wiring, sensors, {layer: runner for runner, its in layers.items() for layer in its})
        ordering.check(self.flow)
        self.pools = Pools(spec, self.flow)
        self.placement = self._placed().checked(network, self.machine)

    def _running(self, runner: str, network: Network) -> Iterator[Member]:
        """Chips of a runner, not yet linked: they take frames in turn, or each of them a band of every map."""
        part, several = self.spec.parts[kind_of(runner)], self.names.get(runner, (runner,))
        if part.split == ROWS and len(several) > 1:
            for name, mapped in zip(several, in_bands(network, self.spec, runner), strict=True):
                yield Member(name, runner, part, mapped)
            return
        mapped, _ = mapped_alone(network, self.spec, kind_of(runner))
        for number, name in enumerate(several):
            yield Member(name, runner, part, mapped, first=number, every=len(several))

    @cached_property
    def machine(self) -> Machine:
        """All units and memories as one machine; its cycles are those of the first part's clock."""
        machines = [member.placed.machine for member in self.members]
        units = (*(unit for one in machines for unit in one.units), *self.pools.converters, *self.pools.sensors, *self.flow.wiring.units)
        memories = (*(memory for one in machines for memory in one.memories), *self.pools.memories)
        clock, chips = machines[0].clock, sum(one.chips for one in machines)
        return Machine(units, memories, clock, fsum(one.peak_ops_per_s for one in machines) / clock.hz, chips)

    def _placed(self) -> Placement:
        """The placements of all members as one, and the pools between them."""
        placements = {member.name: member.placed.placement for member in self.members}
        of = {memory: one for one in placements.values() for memory in one.allocations}
        once = {member.runner: member.mapped.placement for member in self.members}.values()
        return Placement(
            parts=tuple(part for one in placements.values() for part in one.parts),
            allocations=Lazy((*of, *self.pools.allocations), lambda memory: _allocations(memory, of, self.pools)),
            host=self.flow.host,
            word_bits={tensor: self.pools.word_bits(tensor) for tensor in self.network.maps}
            | {tensor: bits for one in once for tensor, bits in one.word_bits.items()},
            halos=frozenset((*self.pools.allocations, *(memory for one in placements.values() for memory in one.halos))),
            extra_ops={layer: ops for one in once for layer, ops in one.extra_ops.items()},
            moved=frozenset(layer for one in once for layer in one.moved),
            kinds={memory: kind for one in placements.values() for memory, kind in one.kinds.items()},
        )

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        own = {action: price for member in self.members for action, price in member.placed.prices.items()}
        return {**own, **self.pools.prices}

    @cached_property
    def arithmetic(self) -> Mixed:
        runners = {member.runner: member.mapped.arithmetic for member in self.members}
        return Mixed({layer: runners[runner] for layer, runner in self.flow.runs.items()})

    @cached_property
    def datasheet(self) -> Datasheet:
        return {name: quantity for member in self.members for name, quantity in member.placed.datasheet.items()}

    @cached_property
    def parts(self) -> tuple[PartOfSystem, ...]:
        running = {kind_of(member.name) for member in self.members}
        return tuple(self._part(kind, part) for kind, part in self.spec.parts.items() if kind in running)

    def _part(self, kind: str, part: PartSpec) -> PartOfSystem:
        members = [member for member in self.members if kind_of(member.name) == kind]
        layers = tuple(layer.name for layer in self.network if kind_of(self.flow.runs.get(layer.name, "")) == kind)
        machines = tuple(member.placed.machine for member in members)
        units = {unit.name for machine in machines for unit in machine.units}
        units |= {unit.name for member in members for unit in (member.converter, member.sensor)}
        actions = {action for member in members for action in (*member.placed.prices, member.path(CONVERTED), member.path(SENSOR))}
        every = max(member.every for member in members)
        return PartOfSystem(kind, part.architecture, chip_of(part), machines, frozenset(units), frozenset(actions), layers, every)

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        if to.counting:
            to.size += self._size(arrivals.frames, grain)
        else:
            Composition(self.flow, self.pools, self._enough(to, arrivals, grain), to, finest=grain == FINEST).write()

    def _enough(self, to: Writer, arrivals: Arrivals, grain: str) -> Arrivals:
        """As many of the first frames as have the tasks that are looked at: members write all of their frames at once."""
        if to.enough is None:
            return arrivals
        turn = self.flow.period
        each = max(1, self._size(min(2 * turn, arrivals.frames), grain) // min(2 * turn, arrivals.frames))
        return arrivals.first(min(arrivals.frames, 2 * turn + to.enough // each))

    def _size(self, frames: int, grain: str) -> int:
        """Number of tasks of some frames: from the second turn of all members on, every turn has equally many."""
        turn = self.flow.period
        turns, rest = divmod(frames, turn)
        if turns <= 1:
            return self._composed(frames, grain)
        once, twice = (self._composed(turn * times, grain) for times in (1, 2))
        begun = self._composed(turn + rest, grain) if rest else once
        return begun + (turns - 1) * (twice - once)

    def _composed(self, frames: int, grain: str) -> int:
        writer = Writer()
        self.write(writer, Arrivals(frames), grain)
        return writer.size

    def tiles(self, layer: str | None) -> Tiles:
        return {chip: use for member in self.members for chip, use in self._tiles(member, layer).items()}

    def _tiles(self, member: Member, layer: str | None) -> Tiles:
        """Use of a member's tiles; of a layer that it has no share in, none."""
        whole = member.placed.tiles(None)
        if layer is None:
            return whole
        its = member.placed.tiles(layer) if self.flow.runs.get(layer) == member.runner else {}
        return {chip: its.get(chip, np.zeros_like(use)) for chip, use in whole.items()}


def _allocations(memory: str, of: Mapping[str, Placement], pools: Pools) -> tuple[Allocation, ...]:
    return of[memory].allocations[memory] if memory in of else pools.allocations[memory]


@dataclass(frozen=True)
class System:
    """Systems of several parts, as an architecture: the settings of one are what stands under `system:`."""

    name: ClassVar[str] = "system"
    Spec: ClassVar[type[SystemSpec]] = SystemSpec
    grains: ClassVar[tuple[str, ...]] = (COARSEST, FINEST)
    tolerance: ClassVar[float] = 0.0

    def candidates(self, network: Network, spec: specs.Spec) -> Iterable[specs.Spec]:
        asked = narrowed(SystemSpec, spec)
        if asked.decided is None:
            return _partitioned(network, asked)
        if idle := [kind for kind in asked.parts if kind not in map(kind_of, asked.decided)]:
            raise InvalidInput.at(f"system.parts.{idle[0]}", "runs no layer", "give it some under system.partition, or leave it out")
        return (asked,)

    def map(self, network: Network, spec: specs.Spec) -> MappedSystem:
        return MappedSystem(network, narrowed(SystemSpec, spec))


architecture = System()


def _partitioned(network: Network, spec: SystemSpec) -> Iterator[SystemSpec]:
    """Specs with partitions that fit, the most promising first. Raises InvalidInput, why the first does not, if none does."""
    refusal: InvalidInput | None = None
    known = []
    for partition in islice(Partitions(network, spec).ranked(spec.goal), TRIED):
        decided = spec.model_copy(update={"partition": partition})
        try:
            flow = MappedSystem(network, decided).flow
        except InvalidInput as error:
            refusal = refusal or error
            continue
        if (who := (flow.runs, flow.converts)) not in known:  # what nobody runs may be given to anybody
            known.append(who)
            yield decided
    if refusal is not None and not known:
        raise refusal


def _names(kind: str, count: int) -> tuple[str, ...]:
    """Names of the chips of a part."""
    return (kind,) if count == 1 else tuple(f"{kind}[{number}]" for number in range(count))
