"""Pools, links and converters of a system as hardware: how much each holds, how long it takes and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from hyperdrive_sim.archs.operating_points import origin, table_of
from hyperdrive_sim.schedule.machine import Memory, Unit
from hyperdrive_sim.schedule.placement import Allocation
from hyperdrive_sim.schedule.prices import SENSOR, Price
from hyperdrive_sim.schedule.tasks import HOST
from hyperdrive_sim.systems.flow import Flow
from hyperdrive_sim.systems.member import Member
from hyperdrive_sim.systems.spec import HOST_NODE, SystemSpec
from hyperdrive_sim.systems.wiring import Hop

REAL_BITS = 16
"""Bits of a value that no chip has said the size of: FP16."""

CONVERTED = "converter.value"
"""Action of a value that a converter makes a sign of."""


class Pools:
    """Where maps lie between the members of a system, and what it takes to bring them there."""

    def __init__(self, spec: SystemSpec, flow: Flow) -> None:
        self.spec, self.flow, self.network = spec, flow, flow.network
        self.members: Mapping[str, Member] = {member.node: member for member in flow.members if member.node != HOST_NODE}
        self.links: Mapping[str, Unit] = {unit.name: unit for unit in flow.wiring.units}
        self._words = {tensor: bits for member in flow.members for tensor, bits in member.mapped.placement.word_bits.items()}

    def at(self, node: str) -> str:
        """The memory of a node."""
        outside = node == HOST_NODE or node in self.spec.sensors
        return HOST if outside else self.members[node].edge if node in self.members else node

    def places(self, node: str) -> int:
        """Frames of a map that a node has places for.

        The host, and a memory beside the parts, have as many for each chip that takes frames in turn as the part that has most of them.
        """
        if node in self.members:
            return self.members[node].part.waiting_frames
        return self.flow.period * max(member.part.waiting_frames for member in self.flow.members)

    def word_bits(self, tensor: str) -> int:
        """Bits of a value of a map on a link."""
        return 1 if self.network.is_signs(tensor) else self._words.get(tensor, REAL_BITS)

    @cached_property
    def allocations(self) -> Mapping[str, tuple[Allocation, ...]]:
        """Room for each map that comes to a pool, by memory: as many frames of it as there are places."""
        found: dict[str, dict[str, None]] = {self.at(node): {} for node in (*self.members, *self.spec.memories)}
        for node, tensor in self._coming():
            if node != HOST_NODE:
                found[self.at(node)][tensor] = None
        places = {self.at(node): self.places(node) for node in (*self.members, *self.spec.memories)}
        return {memory: tuple(self._stacked(tensors, places[memory])) for memory, tensors in found.items()}

    def _coming(self) -> Iterator[tuple[str, str]]:
        """Nodes with the maps that come to them."""
        for frame in range(self.flow.period):
            for member in self.flow.members:
                for tensor in sorted(member.takes - self.flow.sent):
                    way = () if tensor in self.flow.seen(member) else self.flow.from_outside(tensor, member)
                    yield from ((hop.target, tensor) for hop in way)
                for tensor in sorted(member.leaves):
                    yield member.node, tensor
                    yield from ((hop.target, tensor) for hop in self.flow.way(tensor, member.node, frame))
            for layer, runner in self.flow.converts.items():
                node = self.flow.member(runner, frame).node
                yield node, layer
                yield from ((hop.target, layer) for hop in self.flow.way(layer, node, frame))

    def _stacked(self, tensors: Mapping[str, None], places: int) -> Iterator[Allocation]:
        address = 0
        for tensor in tensors:
            shape = self.network.shape(tensor)
            bits = places * shape.size * self.word_bits(tensor)
            yield Allocation(tensor, shape.box, address, bits, 0, 0)
            address += bits

    @cached_property
    def memories(self) -> tuple[Memory, ...]:
        """The edges of members, as large as what waits there at most, and the memories beside them."""
        edges = (
            Memory(member.edge, sum(one.bits for one in self.allocations[member.edge]), "pool", self.places(node))
            for node, member in self.members.items()
        )
        beside = (Memory(name, round(one.mbit * 1e6), "pool", self.places(name)) for name, one in self.spec.memories.items())
        return (*edges, *beside)

    @cached_property
    def converters(self) -> tuple[Unit, ...]:
        """Converters that have anything to do."""
        busy = {self.flow.member(runner, frame).name for runner in self.flow.converts.values() for frame in range(self.flow.period)}
        return tuple(member.converter for member in self.flow.members if member.name in busy)

    @cached_property
    def sensors(self) -> tuple[Unit, ...]:
        """Sensors on chips."""
        return tuple(member.sensor for member in self.flow.members if self.flow.seen(member))

    def actions(self, hop: Hop, bits: int) -> Mapping[str, int]:
        """What the transfer of some bits over a link is paid for: the link, and the memories beside the parts that it reads or writes."""
        beside = {f"{node}.access.bit": bits for node in (hop.source, hop.target) if node in self.spec.memories}
        return {f"{hop.link}.link_io.bit": bits, **beside}

    def conversion(self, member: Member, values: int) -> tuple[int, Mapping[str, int]]:
        """Picoseconds that a converter takes for some values, and what they are paid for."""
        cycles = -(-values // member.part.converter.values_per_cycle)
        return member.mapped.machine.clock.ps(cycles), {member.path(CONVERTED): values}

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        """Prices of links, memories and converters, by action."""
        found = [
            Price(f"{name}.link_io.bit", link.pj_per_bit, f"system.links.{name}.pj_per_bit of the scenario", "assumed")
            for name, link in self.spec.links.items()
        ]
        found += [
            Price(f"{name}.access.bit", memory.pj_per_bit, f"system.memories.{name}.pj_per_bit of the scenario", "assumed")
            for name, memory in self.spec.memories.items()
        ]
        found += [_conversion_price(member) for member in self.flow.members]
        on_chip = "nothing crosses an edge from a sensor on the chip; what writing its bits into a memory costs is in that memory's price"
        found += [Price(member.path(SENSOR), 0.0, on_chip, "assumed") for member in self.flow.members if self.flow.seen(member)]
        return {price.action: price for price in found}


def _conversion_price(member: Member) -> Price:
    action, given = member.path(CONVERTED), member.part.converter.pj_per_value
    if given is not None:
        return Price(action, given, f"system.parts.{member.runner}.converter.pj_per_value of the scenario", "assumed")
    row = table_of("hyperdrive_sim.systems", "energy.yaml")[CONVERTED]
    return Price(action, row["pj"], *origin(row))


def unlike(members: Sequence[Member]) -> bool:
    """True if the clocks of some members differ."""
    return len({member.mapped.machine.clock for member in members}) > 1
