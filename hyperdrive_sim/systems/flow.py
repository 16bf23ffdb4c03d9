"""Flow of maps through a system: who makes each, who takes it, where signs are made of real numbers, and over which links it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Sign
from hyperdrive_sim.systems.blocks import Block
from hyperdrive_sim.systems.member import Member
from hyperdrive_sim.systems.placed import kind_of
from hyperdrive_sim.systems.sensors import Sensors
from hyperdrive_sim.systems.spec import HOST_NODE
from hyperdrive_sim.systems.wiring import Hop, Wiring


class Flow:
    """Ways of all maps between the members of a system and the host. *runner_of* tells who is to run each layer.

    A layer that its runner's chip leaves to the outside is the converter's at its edge if it makes signs of a map that a chip has made, and
    else the host's.
    """

    def __init__(self, network: Network, members: Sequence[Member], wiring: Wiring, sensors: Sensors, runner_of: Mapping[str, str]) -> None:
        self.network, self.members, self.wiring, self.sensors, self.runner_of = network, members, wiring, sensors, runner_of
        self.by_runner: dict[str, list[Member]] = {}
        for member in members:
            self.by_runner.setdefault(member.runner, []).append(member)
        self.period = max((member.every for member in members), default=1)
        self._trees: dict[tuple[str, str, int, Block | None], tuple[Hop, ...]] = {}

    @cached_property
    def runs(self) -> Mapping[str, str]:
        """Runner of each layer that a chip computes."""
        of = {}
        for runner, members in self.by_runner.items():
            for mapped in {id(member.mapped): member.mapped for member in members}.values():
                of.update({layer.name: runner for layer in mapped.network if layer.name not in mapped.placement.host})
        return of

    @cached_property
    def converts(self) -> Mapping[str, str]:
        """Runner of each layer that a converter computes."""
        signs = (layer for layer in self.network if isinstance(layer, Sign) and layer.name not in self.runs)
        return {
            layer.name: self.runner_of[layer.name]
            for layer in signs
            if layer.inputs[0] in self.runs and self.runner_of[layer.name] in self.by_runner
        }

    @cached_property
    def host(self) -> frozenset[str]:
        """Layers that the host computes."""
        return frozenset(layer.name for layer in self.network if layer.name not in self.runs and layer.name not in self.converts)

    @cached_property
    def sent(self) -> frozenset[str]:
        """Maps that chips and converters send."""
        return frozenset(self.converts).union(*(member.leaves for member in self.members))

    def member(self, runner: str, frame: int) -> Member:
        """The member of a runner that takes a frame; the first of those that do together."""
        members = self.by_runner[runner]
        return members[frame % members[0].every]

    def made_of(self, tensor: str) -> tuple[str, ...]:
        """Maps that members must have sent before a map can be taken in: itself, or what the host computes it of; none for an input."""
        if tensor in self.sent:
            return (tensor,)
        return tuple(self.network.made_from(tensor, self.sent))

    def seen(self, member: Member) -> frozenset[str]:
        """Maps that come in from a sensor on a member's chips."""
        kind = kind_of(member.name)
        if self.sensors.on(kind) is None:
            return frozenset()
        return frozenset(tensor for tensor in member.takes - self.sent if self.sensors.sees(kind, tensor))

    def from_outside(self, tensor: str, member: Member) -> tuple[Hop, ...]:
        """Links that a map which no member sends passes to one that takes it, from the host or the sensor that has it."""
        source = self.sensors.node(tensor)
        return self.wiring.route(source, [member.node], f"'{tensor}'") if source != member.node else ()

    def from_sensors(self, tensor: str) -> tuple[str, ...]:
        """Inputs of the network that the host must have for a map, and that sensors of their own bring it."""
        above = self.network.before({tensor})
        return tuple(name for name in self.network.inputs if name in above and self.sensors.node(name) != HOST_NODE)

    def to_host(self, tensor: str) -> tuple[Hop, ...]:
        """Links that an input passes from its sensor to the host."""
        return self.wiring.route(self.sensors.node(tensor), [HOST_NODE], f"'{tensor}'")

    def from_weights(self, member: Member) -> tuple[Hop, ...]:
        """Links that a member's weights pass to it; none where they come as its chip has it."""
        source = member.part.weights_from
        return self.wiring.route(source, [member.node], "weights") if source not in (None, member.node) else ()

    def left_by_chips(self, tensor: str) -> str:
        """The map that a chip has sent for a map: itself, or what a converter makes it of."""
        return self.network[tensor].inputs[0] if tensor in self.converts else tensor

    def conversions(self, tensor: str, frame: int) -> Iterator[tuple[str, Member]]:
        """Layers that converters make of a map, with the members at whose edges they do."""
        for layer, runner in self.converts.items():
            if self.network[layer].inputs[0] == tensor:
                yield layer, self.member(runner, frame)

    def way(self, tensor: str, node: str, frame: int, block: Block | None = None) -> tuple[Hop, ...]:
        """Links that a block of a map passes from the node where it comes to be to all that take any of it; those nearer to it first.

        Without a block, all of the map.
        """
        key = tensor, node, frame % self.period, block
        if key not in self._trees:
            takers = dict.fromkeys(taker for taker in self._takers(tensor, frame, block) if taker != node)
            self._trees[key] = self.wiring.route(node, takers, f"'{tensor}'") if takers else ()
        return self._trees[key]

    def _takers(self, tensor: str, frame: int, block: Block | None) -> Iterator[str]:
        """Nodes that a block of a map must come to."""
        for member in self.members:
            if tensor in member.takes and member.number(frame) is not None and member.wants(tensor, block):
                yield member.node
        yield from (member.node for _, member in self.conversions(tensor, frame))
        if tensor in self.network.outputs or any(reader in self.host for reader in self.network.consumers(tensor)):
            yield HOST_NODE
