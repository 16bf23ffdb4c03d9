"""Contents of memories during replay: values at addresses, values in buffers, and whole maps at the host."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from hyperdrive_sim.engine.extent import Extent
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, whole
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Memory
from hyperdrive_sim.schedule.placement import Allocation

V = TypeVar("V")

NO_PLACE = -1
"""Place of a frame that nothing brings to a pool."""


Place = tuple[slice, slice, slice]
"""Rows, columns and channels of an array."""


class Contents:
    """Contents of one allocation: the values of one frame and a record of those written. Arrays are dropped once nothing is valid.

    `version` is another number after every change, so that whoever has read something knows whether it would be read again. `aliases` are
    those that hold something of the same bits: few, where a memory has thousands of allocations; *holding* are all of the memory that do.
    """

    __slots__ = ("aliases", "allocation", "frame", "holding", "there", "values", "version")

    def __init__(self, allocation: Allocation, holding: dict[Contents, None]) -> None:
        self.allocation, self.holding = allocation, holding
        self.aliases: dict[Contents, Callable[[Box], Box]] = {}
        """With what each loses when a block is written here."""
        self.frame = -1
        self.values: Array | None = None
        self.there = Extent()
        self.version = 0

    def take(self, box: Box, place: Place, values: Array, frame: int) -> None:
        """Take the values of a block, which lie at *place* in the array."""
        self.version += 1
        if self.values is None or self.frame != frame:
            self._begin(frame, values.dtype)
        assert self.values is not None
        self.values[place] = values
        self.there.add(box)
        for alias, lost_to in tuple(self.aliases.items()) if self.aliases else ():
            if lost := lost_to(box):
                alias.forget(lost)

    def _begin(self, frame: int, dtype: np.dtype[Any]) -> None:
        if self.values is None:
            mine = self.allocation
            for other in self.holding:
                if mine.overlaps(other.allocation):
                    self.aliases[other] = other.allocation.losing_to(mine)
                    other.aliases[self] = mine.losing_to(other.allocation)
            self.holding[self] = None
        channels, rows, columns = self.allocation.box.shape
        self.values, self.there, self.frame = np.empty((rows, columns, channels), dtype), Extent(), frame

    def forget(self, lost: Box) -> None:
        """Invalidate the values of a block, whose bits another allocation has taken."""
        self.version += 1
        self.there.remove(lost)
        if not self.there.boxes:
            self.values = None
            del self.holding[self]
            for alias in self.aliases:
                del alias.aliases[self]
            self.aliases = {}


class Ram:
    """A memory in which every map has an address; writing one map destroys its aliases, as far as they share the bits."""

    def __init__(self, allocations: Iterable[Allocation]) -> None:
        self._of: dict[tuple[str, int], list[Contents]] = {}
        holding: dict[Contents, None] = {}
        for one in allocations:
            self._of.setdefault((one.tensor, one.tile), []).append(Contents(one, holding))

    def of(self, tensor: str, tile: int) -> Sequence[Contents]:
        """Contents of the allocations of a map, or of one of its tiles."""
        return self._of.get((tensor, tile), ())


class Buffer(Generic[V]):
    """A FIFO memory whose entries are found by key. A key pushed twice takes up room twice, and the later entry is found."""

    def __init__(self, memory: Memory) -> None:
        self.fifo: Fifo[tuple[Hashable, V]] = Fifo(memory.bits, memory.entries)
        self._latest: dict[Hashable, tuple[Hashable, V]] = {}

    def push(self, key: Hashable, content: V, bits: int) -> list[tuple[Hashable, V]]:
        """Push an entry of *bits* bits; returns the entries that it pushes out, with their keys, oldest first."""
        pair = self._latest[key] = key, content
        gone = self.fifo.push(pair, bits)
        for old in gone:
            if self._latest[old[0]] is old:  # of equal keys the latest leaves last, so nothing of that key is left
                del self._latest[old[0]]
        return gone

    def get(self, key: Hashable) -> V | None:
        """Content of an entry; None if it is not there."""
        pair = self._latest.get(key)
        return None if pair is None else pair[1]

    def __contains__(self, key: Hashable) -> bool:
        return key in self._latest

    def __getitem__(self, key: Hashable) -> V:
        return self._latest[key][1]

    @property
    def newest(self) -> V | None:
        """Content of the entry pushed last; None if the buffer is empty."""
        return self.fifo.newest[1] if self.fifo.newest else None


class Pool:
    """A memory of whole maps, each frame's apart: *places* tells where each frame of a map lies, by map; without, each has its own place.

    A frame that comes to a place where another lies takes it block by block. Signs take a byte each.
    """

    def __init__(self, name: str, computation: Computation, places: Mapping[str, Mapping[int, int]] | None = None) -> None:
        self.name, self.computation, self.places = name, computation, places
        self._values: dict[tuple[str, int], Array] = {}
        self._there: dict[tuple[str, int], dict[int, Extent]] = {}
        """Values in each place of each map, and what is there of which frame."""

    def _place(self, tensor: str, frame: int) -> tuple[str, int]:
        return tensor, frame if self.places is None else self.places.get(tensor, {}).get(frame, NO_PLACE)

    def holds(self, tensor: str, frame: int) -> bool:
        """True if there is anything of a frame of a map."""
        return frame in self._there.get(self._place(tensor, frame), ())

    def write(self, tensor: str, box: Box, values: Array, frame: int) -> None:
        place, shape = self._place(tensor, frame), self.computation.network.shape(tensor)
        if place not in self._values:
            kept = np.dtype(np.int8) if self.computation.network.is_signs(tensor) else values.dtype
            self._values[place] = np.empty((shape.rows, shape.columns, shape.channels), kept)
        self._values[place][box.slices(shape.box)] = values
        frames = self._there.setdefault(place, {})
        for other in [one for one in frames if one != frame]:
            frames[other].remove(box)
            if not frames[other].boxes:
                del frames[other]
        frames.setdefault(frame, Extent()).add(box)

    def read(self, tensor: str, box: Box, frame: int) -> Array:
        """A block of a map. Raises NotThere if some of it is not there."""
        place = self._place(tensor, frame)
        there = self._there.get(place, {}).get(frame)
        if there is None or there.count(box) < box.size:
            raise NotThere(f"{self.name} needs '{tensor}' of frame {frame}, which has not arrived in full")
        values = self._values[place][box.slices(self.computation.network.shape(tensor).box)]
        return values.astype(self.computation.arithmetic.dtype)  # a copy, because what lies there may be overwritten


class Host(Pool):
    """The host's memory, which has the network's inputs and keeps all maps.

    Layers left to the host are computed when they are asked for, each frame from what has arrived.
    """

    def __init__(self, computation: Computation, layers: frozenset[str]) -> None:
        super().__init__("the host", computation)
        self.layers = layers

    def read(self, tensor: str, box: Box, frame: int) -> Array:
        if tensor in self.computation.inputs:
            values = self.computation.inputs[tensor][box.slices(self.computation.network.shape(tensor).box)]
            return values.astype(self.computation.arithmetic.dtype, copy=False)
        if tensor in self.layers and not self.holds(tensor, frame):
            sources = {name: self.whole(name, frame) for name in self.computation.network[tensor].inputs}
            self.write(tensor, self.computation.network.shape(tensor).box, whole(self.computation, tensor, sources), frame)
        return super().read(tensor, box, frame)

    def whole(self, tensor: str, frame: int) -> Array:
        """A whole map [rows, columns, channels], arrived or computed by the host. Raises NotThere if some of it has not arrived yet."""
        return self.read(tensor, self.computation.network.shape(tensor).box, frame)
