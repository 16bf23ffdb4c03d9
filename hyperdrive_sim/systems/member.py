"""A member of a system: a chip, or a mesh of chips, with the layers that it runs, the frames that it takes and its node."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hyperdrive_sim.archs import registry
from hyperdrive_sim.schedule.machine import Unit
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import HOST, Arrivals
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.systems.blocks import Block, Crossing, crossings
from hyperdrive_sim.systems.placed import PlacedPart, Position, kind_of
from hyperdrive_sim.systems.spec import HOST_NODE, ROWS, PartSpec


@dataclass(frozen=True)
class Member:
    """A member: its *name*, the *runner* that a partition gives layers to (itself, or all of its kind in turn), its network on the chip.

    Its units and memories have its name before theirs, unless it is *alone* in its system. It takes the system's frames *first*, *first* +
    *every* and so on. *node* is where it meets the links, the host's if none reaches it.
    """

    name: str
    runner: str
    part: PartSpec
    mapped: Mapped
    node: str = HOST_NODE
    first: int = 0
    every: int = 1
    alone: bool = False

    @cached_property
    def placed(self) -> PlacedPart:
        return PlacedPart(self.mapped, Position(self.prefix, self.edge, self.edge, self.part.split == ROWS))

    @property
    def prefix(self) -> str:
        return "" if self.alone else self.name

    def path(self, name: str) -> str:
        """Something that stands at its edge, by its name in the system."""
        return Position(self.prefix).path(name)

    @property
    def edge(self) -> str:
        """The memory that its maps come from and go to: a pool of its own where links reach it, else the host's."""
        return HOST if self.node == HOST_NODE else self.path("edge")

    @property
    def converter(self) -> Unit:
        return self._at_edge("converter")

    @property
    def sensor(self) -> Unit:
        return self._at_edge("sensor")

    def _at_edge(self, kind: str) -> Unit:
        return Unit(self.path(kind), f"{kind_of(self.prefix)} {kind}".lstrip(), part=self.prefix)

    def frames(self, total: int) -> range:
        """The system's numbers of its frames, of so many in all."""
        return range(self.first, total, self.every)

    def number(self, frame: int) -> int | None:
        """Its own number of one of the system's frames; None for one that it does not take."""
        return (frame - self.first) // self.every if frame % self.every == self.first else None

    def lowered(self, to: Writer, frames: int, finest: bool) -> Schedule:
        """Tasks of some frames, by its own numbers of them and its chip's own names; when they arrive, the system says."""
        self.mapped.write(to, Arrivals(frames), registry.load(self.part.architecture).grains[-1 if finest else 0])
        return to.schedule()

    @cached_property
    def crossings(self) -> tuple[Crossing, ...]:
        """What crosses its edge in a frame."""
        writer = Writer()
        self.mapped.write(writer, Arrivals(), registry.load(self.part.architecture).grains[0])
        return tuple(crossings(writer.schedule(), HOST, HOST)[0])

    @cached_property
    def takes(self) -> frozenset[str]:
        """Maps that come in."""
        return frozenset(one.tensor for one in self.crossings if one.enters)

    def wants(self, tensor: str, block: Block | None) -> bool:
        """True if it takes in some of a block of a map, or of all of the map."""
        return block is None or any(one.block.meets(block) for one in self.crossings if one.enters and one.tensor == tensor)

    @cached_property
    def leaves(self) -> frozenset[str]:
        """Maps that it sends out."""
        return frozenset(one.tensor for one in self.crossings if not one.enters)
