"""Contents of memories during replay: values at addresses, values in buffers, and whole maps at the host."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.golden import Computation, whole
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Memory
from hyperdrive_sim.schedule.placement import Allocation
from hyperdrive_sim.schedule.tasks import Region

V = TypeVar("V")


class Contents:
    """Contents of one allocation: the values of one frame and a mask of those written. Arrays are dropped once nothing is valid."""

    __slots__ = ("aliases", "allocation", "frame", "there", "values")

    def __init__(self, allocation: Allocation) -> None:
        self.allocation = allocation
        self.aliases: list[Contents] = []
        self.frame = -1
        self.values: Array | None = None
        self.there: NDArray[np.bool_] | None = None

    def take(self, box: Box, values: Array, frame: int) -> None:
        if self.values is None or self.there is None or self.frame != frame:
            shape = self.allocation.box.shape
            size = (shape.rows, shape.columns, shape.channels)
            self.values, self.there, self.frame = np.zeros(size, values.dtype), np.zeros(size, np.bool_), frame
        where = box.slices(self.allocation.box)
        self.values[where], self.there[where] = values, True
        for alias in self.aliases:
            if alias.values is not None:
                alias.forget(self.allocation, box)

    def forget(self, writer: Allocation, box: Box) -> None:
        """Invalidate the values whose bits the block *box* of the allocation *writer* has taken."""
        assert self.there is not None
        if lost := self.allocation.lost_to(writer, box):
            self.there[lost.slices(self.allocation.box)] = False
        if not self.there.any():
            self.values = self.there = None


class Ram:
    """A memory in which every map has an address; writing one map destroys its aliases, as far as they share the bits."""

    def __init__(self, allocations: tuple[Allocation, ...]) -> None:
        self.held: dict[str, list[Contents]] = {}
        places = [Contents(allocation) for allocation in allocations]
        for held in places:
            self.held.setdefault(held.allocation.tensor, []).append(held)
            held.aliases = [other for other in places if other is not held and held.allocation.overlaps(other.allocation)]

    def write(self, tensor: str, box: Box, values: Array, frame: int) -> None:
        for held in self.held.get(tensor, ()):
            if common := box & held.allocation.box:
                held.take(common, values if common == box else values[common.slices(box)], frame)

    def read(self, region: Region, frame: int, into: Array, origin: Box) -> int:
        """Copy the values of a region that are here into *into*, an array of the box *origin*; returns their number, of this frame."""
        _, tensor, box = region
        found = 0
        for held in self.held.get(tensor, ()):
            if held.frame != frame or held.values is None or held.there is None:
                continue
            if common := box & held.allocation.box:
                where = common.slices(held.allocation.box)
                into[common.slices(origin)] = held.values[where]
                found += int(np.count_nonzero(held.there[where]))
        return found


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

    def __contains__(self, key: Hashable) -> bool:
        return key in self._latest

    def __getitem__(self, key: Hashable) -> V:
        return self._latest[key][1]

    @property
    def newest(self) -> V | None:
        """Content of the entry pushed last; None if the buffer is empty."""
        return self.fifo.newest[1] if self.fifo.newest else None


class Host:
    """The host's memory: whole maps. Layers left to the host are computed when they are asked for, each frame from what has arrived."""

    def __init__(self, computation: Computation, layers: frozenset[str]) -> None:
        self.computation, self.layers = computation, layers
        self.maps: dict[tuple[str, int], Array] = {}
        self.there: dict[tuple[str, int], NDArray[np.bool_]] = {}
        self.missing: dict[tuple[str, int], int] = {}

    def write(self, tensor: str, box: Box, values: Array, frame: int) -> None:
        shape = self.computation.network.shape(tensor)
        if (tensor, frame) not in self.maps:
            self.maps[tensor, frame] = np.zeros((shape.rows, shape.columns, shape.channels), values.dtype)
            self.there[tensor, frame] = np.zeros((shape.rows, shape.columns, shape.channels), np.bool_)
            self.missing[tensor, frame] = shape.size
        where = box.slices(shape.box)
        self.missing[tensor, frame] -= box.size - int(np.count_nonzero(self.there[tensor, frame][where]))
        self.maps[tensor, frame][where], self.there[tensor, frame][where] = values, True

    def whole(self, tensor: str, frame: int) -> Array:
        """A whole map [rows, columns, channels], arrived or computed by the host. Raises NotThere if some of it has not arrived yet."""
        if tensor in self.computation.inputs:
            return self.computation.inputs[tensor].astype(self.computation.arithmetic.dtype)
        if self.missing.get((tensor, frame), 1) == 0:
            return self.maps[tensor, frame]
        if tensor not in self.layers:
            raise NotThere(f"the host needs '{tensor}' of frame {frame}, which has not arrived in full")
        sources = {name: self.whole(name, frame) for name in self.computation.network[tensor].inputs}
        self.maps[tensor, frame] = whole(self.computation, tensor, sources)
        self.missing[tensor, frame] = 0
        return self.maps[tensor, frame]
