"""The machine: units that do one task at a time, memories that hold bits, and the clock they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from hyperdrive_sim.rates import Clock, Rate


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that is busy with one task at a time, uninterrupted; of those that wait it takes the lowest key (`engine.turns`).

    `name` is a path (`chip[3,4].array`), `kind` what it is for (`array`, `weights`, `border`, `host`). A link has a `rate` and a
    latency: what it sends arrives that much after it has left. `part` names the part of a system that it belongs to, if there are several;
    its kind then stands before that of the unit: `back[1].chip.bpus` of the part `back[1]` is a `back array`.
    """

    name: str
    kind: str
    rate: Rate | None = None
    latency_ps: int = 0
    part: str = ""

    def ps(self, bits: int) -> int:
        """Picoseconds that a link is busy with so many bits. Raises TypeError for a unit that is no link."""
        if self.rate is None:
            raise TypeError(f"{self.name} is not a link")
        return self.rate.ps(bits)


def is_array(kind: str) -> bool:
    """True for the kind of unit that does what a peak counts, the array, of whatever part of a system."""
    return kind.rpartition(" ")[2] == "array"


@dataclass(frozen=True, slots=True)
class Memory:
    """*bits* of storage.

    In a `ram` everything has an address; a `fifo` keeps what came last, at most *entries* things of *bits* in all. A `pool` has places for
    whole maps, *entries* of each, which its frames take in turn: what comes there makes way for the frame that came *entries* before.
    """

    name: str
    bits: int
    kind: Literal["ram", "fifo", "pool"] = "ram"
    entries: int | None = None


@dataclass(frozen=True)
class Machine:
    """A whole system. `mesh` is [rows, columns] of chips where there is one.

    `peak_ops_per_cycle` counts the multiply-accumulates of every tile of every chip, each as two operations.
    """

    units: tuple[Unit, ...]
    memories: tuple[Memory, ...]
    clock: Clock
    peak_ops_per_cycle: int | float
    chips: int = 1
    mesh: tuple[int, int] | None = None

    @property
    def peak_ops_per_s(self) -> float:
        return self.peak_ops_per_cycle * self.clock.hz

    @cached_property
    def unit(self) -> Mapping[str, Unit]:
        return {unit.name: unit for unit in self.units}

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Kind of each unit, by its name."""
        return {unit.name: unit.kind for unit in self.units}

    @cached_property
    def link_bits_per_s(self) -> Mapping[str, float]:
        """Bits per second of all links of a kind together; kinds without a rate are left out."""
        total: dict[str, float] = {}
        for unit in self.units:
            if unit.rate:
                total[unit.kind] = total.get(unit.kind, 0) + unit.rate.bits_per_s
        return total

    @cached_property
    def members(self) -> frozenset[str]:
        """Names of a system's chips and meshes, and of its links, which stand before those of their units; none in any other machine."""
        return frozenset(unit.part for unit in self.units if unit.part)

    def member(self, name: str) -> str:
        """The member of a system that a unit, a memory or a chip belongs to, by its name: `back[1]` for `back[1].chip.bpus`.

        Empty where nothing but one chip or mesh is in the machine, and for what lies beside a system's parts.
        """
        first = name.partition(".")[0]
        return first if first in self.members else ""

    def place(self, name: str) -> str:
        """Place of a unit or a memory: `chip[3,4]` for `chip[3,4].send.east`, in a system `front.chip[3,4]` for what is on that chip.

        What stands at the edge of a part is at the part: `front` for `front.edge`.
        """
        member = self.member(name)
        inner = name.removeprefix(f"{member}.") if member else name
        first, _, rest = inner.partition(".")
        if not member:
            return first
        return f"{member}.{first}" if rest else member

    @cached_property
    def memory(self) -> Mapping[str, Memory]:
        return {memory.name: memory for memory in self.memories}
