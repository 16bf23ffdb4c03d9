"""A mapped network as one part of a system: every name gets the part's in front.

No architecture knows of it: a lowering writes its tasks under its own names, and they are renamed where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from hyperdrive_sim.network.golden import Arithmetic
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.lazy import Lazy
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Datasheet, Mapped, Tiles
from hyperdrive_sim.schedule.placement import Part, Placement
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Compute, Copy, Effect, Load, OperandLocations, Region
from hyperdrive_sim.schedule.writer import Writer


class Position(NamedTuple):
    """The place of a part in a system: its *name*, and the memories that its maps come from and go to.

    Several that compute each layer together are *one* part, whose name their units have.
    """

    name: str
    source: str = HOST
    sink: str = HOST
    one: bool = False

    def path(self, name: str) -> str:
        """A unit, memory or action of the part, by its name in the system; one that is alone there has no name."""
        return f"{self.name}.{name}" if self.name else name


def kind_of(name: str) -> str:
    """The part that one of several is one of: `back` of `back[1]`."""
    return name.partition("[")[0]


class PlacedPart:
    """A mapped network at its place in a system: again a mapped network, whose units, memories, actions and prices are the part's."""

    def __init__(self, mapped: Mapped, place: Position) -> None:
        self.mapped, self.place = mapped, place

    @property
    def network(self) -> Network:
        return self.mapped.network

    @property
    def spec(self) -> Spec:
        return self.mapped.spec

    @property
    def arithmetic(self) -> Arithmetic:
        return self.mapped.arithmetic

    @cached_property
    def datasheet(self) -> Datasheet:
        return {self.place.path(name): quantity for name, quantity in self.mapped.datasheet.items()}

    @cached_property
    def machine(self) -> Machine:
        machine, path = self.mapped.machine, self.place.path
        kind = kind_of(self.place.name)
        part = kind if self.place.one else self.place.name
        units = tuple(replace(unit, name=path(unit.name), part=part, kind=f"{kind} {unit.kind}".lstrip()) for unit in machine.units)
        memories = tuple(replace(memory, name=path(memory.name)) for memory in machine.memories)
        return replace(machine, units=units, memories=memories)

    @cached_property
    def placement(self) -> Placement:
        placement, path = self.mapped.placement, self.place.path
        parts = tuple(Part(part.layer, part.box, path(part.unit), path(part.memory)) for part in placement.parts)
        lying = {path(memory): memory for memory in placement.allocations}
        allocations = Lazy(lying, lambda memory: placement.allocations[lying[memory]])
        kinds = {path(memory): (self.place.name, kind) for memory, kind in placement.kinds.items()}
        return replace(placement, parts=parts, allocations=allocations, halos=frozenset(map(path, placement.halos)), kinds=kinds)

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        path = self.place.path
        return {path(action): replace(price, action=path(action)) for action, price in self.mapped.prices.items()}

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        if to.counting:
            self.mapped.write(to, arrivals, grain)
        else:
            own = to.inner()
            self.mapped.write(own, arrivals, grain)
            to.extend(self.renamed(own.schedule()))

    def renamed(self, schedule: Schedule) -> Schedule:
        """The part's tasks, as its lowering writes them, under their names in the system."""
        place = self.place
        actions = tuple({place.path(action): count for action, count in of.items()} for of in schedule.actions.values)
        return replace(
            schedule,
            unit=replace(schedule.unit, values=tuple(map(place.path, schedule.unit.values))),
            actions=replace(schedule.actions, values=actions),
            patterns=_Renamed(schedule.patterns, place),
        )

    def tiles(self, layer: str | None) -> Tiles:
        return {self.place.path(chip): use for chip, use in self.mapped.tiles(layer).items()}


class _Renamed(Sequence[Effect]):
    """Effects under their names in the system; what many share stays shared."""

    def __init__(self, patterns: Sequence[Effect], place: Position) -> None:
        self.patterns, self.place = patterns, place
        self._locations: dict[int, tuple[OperandLocations, OperandLocations]] = {}
        """By identity, with the original: while that is kept, nothing else can have its identity."""

    def __len__(self) -> int:
        return len(self.patterns)

    def __getitem__(self, number: Any) -> Any:
        match effect := self.patterns[number]:
            case Copy(source=source, target=target):
                source = self.place.source if source == HOST else self.place.path(source)
                return effect._replace(source=source, target=self.place.sink if target == HOST else self.place.path(target))
            case Load(targets=targets):
                return effect._replace(targets=tuple(map(self.place.path, targets)))
            case Compute(locations=locations):
                return effect._replace(locations=self._located(locations))

    def _located(self, locations: OperandLocations) -> OperandLocations:
        if id(locations) not in self._locations:
            reads, operands, stores = (self._regions(regions) for regions in (locations.reads, locations.operands, locations.stores))
            self._locations[id(locations)] = (
                locations,
                OperandLocations(locations.layers, reads, operands, self.place.path(locations.weights), stores),
            )
        return self._locations[id(locations)][1]

    def _regions(self, regions: tuple[Region, ...]) -> tuple[Region, ...]:
        return tuple(region._replace(memory=self.place.path(region.memory)) for region in regions)
