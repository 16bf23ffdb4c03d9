"""Places of blocks in memories: from where the tasks of one pattern read and to where they write, worked out once for all of them.

Tasks of one pattern have the same pixels, which lie in the same rows and columns of the same arrays; only their channels differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from hyperdrive_sim.engine.effects import Read
from hyperdrive_sim.engine.memories import Buffer, Contents, Host, Pool, Ram
from hyperdrive_sim.engine.pooling import PoolPlaces
from hyperdrive_sim.errors import NotThere
from hyperdrive_sim.network.box import Box, new
from hyperdrive_sim.network.golden import Computation
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import HOST, Region, Task


class Instance(NamedTuple):
    """A task of a pattern: what such tasks differ in."""

    schedule: Schedule
    number: int
    c0: int
    c1: int
    frame: int

    @property
    def unit(self) -> str:
        return str(self.schedule.unit[self.number])

    @property
    def task(self) -> Task:
        return self.schedule[self.number]

    def __str__(self) -> str:
        return f"{self.schedule.name[self.number]} of {self.schedule.layer[self.number]} on {self.unit}, frame {self.frame},"


class Source(Protocol):
    """What tasks read blocks of a map from. `contents` are those of RAMs that are read."""

    contents: Sequence[Contents]

    def read(self, block: Box, instance: Instance) -> Array:
        """Values of a block [rows, columns, channels] for a task that starts; never written to. Raises NotThere if some are missing."""
        ...


class Target(Protocol):
    """What tasks write blocks of a map to."""

    def write(self, block: Box, values: Array, frame: int) -> None: ...


class Memories:
    """All memories while a schedule is replayed: the host's, RAMs, pools and buffers by name."""

    def __init__(self, machine: Machine, placement: Placement, computation: Computation, pools: PoolPlaces) -> None:
        self.host = Host(computation, placement.host)
        self.fifos: dict[str, Buffer[Array | None]] = {m.name: Buffer(m) for m in machine.memories if m.kind == "fifo"}
        self._pools = {HOST: self.host, **{m.name: _pool(m.name, computation, pools) for m in machine.memories if m.kind == "pool"}}
        self._rams = {m.name: Ram(placement.allocations.get(m.name, ())) for m in machine.memories if m.kind == "ram"}
        self.network = computation.network
        self._word_bits, self._dtype = placement.word_bits, computation.arithmetic.dtype

    def source(self, read: Read, reader: str = "") -> Source:
        """Where blocks of a map lie that have the pixels of one; if some are missing, *reader* lacks them, by default the task's unit."""
        tensor, block, regions = read
        memory = regions[0].memory if regions else ""
        if memory in self._pools:
            return _PoolSource(self._pools[memory], tensor)
        if memory in self.fifos:
            return _BufferSource(memory, self.fifos[memory], tensor)
        spots = [spot for region in regions for spot in _spots(self._rams[region.memory].of(region.tensor, region.tile), region.box, block)]
        return _RamSource(tensor, block, spots, self._dtype, reader)

    def target(self, region: Region) -> Target:
        """Where blocks of a map are put that have the pixels of one."""
        memory, tensor, block, tile = region
        if memory in self._pools:
            return _PoolTarget(self._pools[memory], tensor)
        if memory in self.fifos:
            return _BufferTarget(self.fifos[memory], tensor, self._word_bits[tensor])
        return _RamTarget(list(_spots(self._rams[memory].of(tensor, tile), block, block)))


def _pool(name: str, computation: Computation, places: PoolPlaces) -> Pool:
    return Pool(name, computation, {tensor: of for (memory, tensor), of in places.items() if memory == name})


class _PoolSource:
    """A map in a pool, of the frame that asks."""

    contents: Sequence[Contents] = ()

    def __init__(self, pool: Pool, tensor: str) -> None:
        self.pool, self.tensor = pool, tensor

    def read(self, block: Box, instance: Instance) -> Array:
        return self.pool.read(self.tensor, block, instance.frame)


class _BufferSource:
    """Entries of a buffer, which keeps a block as a whole or not at all."""

    contents: Sequence[Contents] = ()

    def __init__(self, memory: str, buffer: Buffer[Array | None], tensor: str) -> None:
        self.memory, self.buffer, self.tensor = memory, buffer, tensor

    def read(self, block: Box, instance: Instance) -> Array:
        values = self.buffer.get((self.tensor, block, instance.frame))
        if values is None:
            raise NotThere(f"{self.memory} no longer holds '{self.tensor}' ({block}) when {instance} sends it")
        return values


class _Spot(NamedTuple):
    """Pixels of a block that lie in one allocation: channels that are there, rows and columns in its array and in the block's."""

    contents: Contents
    c0: int
    c1: int
    pixels: tuple[int, ...]
    first: int
    rows: slice
    columns: slice
    of_rows: slice
    of_columns: slice


def _spots(contents: Iterable[Contents], region: Box, block: Box) -> Iterator[_Spot]:
    """Where the pixels of a block lie that a region of it has."""
    for held in contents:
        lying = held.allocation.box
        if common := region & lying:
            (rows, columns, _), (of_rows, of_columns, _) = common.slices(lying), common.slices(block)
            yield _Spot(held, common.c0, common.c1, common[2:], lying.c0, rows, columns, of_rows, of_columns)


class _RamSource:
    """Pixels at addresses of RAMs."""

    def __init__(self, tensor: str, block: Box, spots: Sequence[_Spot], dtype: np.dtype[Any], reader: str) -> None:
        self.tensor, self.spots, self.dtype, self.reader = tensor, spots, dtype, reader
        self.shape = block.r1 - block.r0, block.w1 - block.w0
        self.contents: Sequence[Contents] = [spot.contents for spot in spots]
        self.alone = spots[0] if len(spots) == 1 and spots[0].pixels == block[2:] else None
        """The one allocation that all pixels lie in, as those of nearly every copy and bypass do."""

    def read(self, block: Box, instance: Instance) -> Array:
        if self.alone is not None:
            held, _, _, _, first, rows, columns, _, _ = self.alone
            if held.frame == instance.frame and held.values is not None and held.there.count(block) == block.size:
                return held.values[rows, columns, block.c0 - first : block.c1 - first].copy()
        b0, b1 = block[:2]
        out = np.empty((*self.shape, b1 - b0), self.dtype)
        found = 0
        for held, c0, c1, pixels, first, rows, columns, of_rows, of_columns in self.spots:
            c0, c1 = max(b0, c0), min(b1, c1)
            if c0 < c1 and held.frame == instance.frame and held.values is not None:
                out[of_rows, of_columns, c0 - b0 : c1 - b0] = held.values[rows, columns, c0 - first : c1 - first]
                found += held.there.count(new(Box, (c0, c1, *pixels)))
        if found < out.size:
            lacks = f"{self.reader or instance.unit} lacks {out.size - found} of {out.size} values of '{self.tensor}' ({block})"
            raise NotThere(f"{lacks} when {instance} starts")
        return out


class _PoolTarget(NamedTuple):
    """A map in a pool."""

    pool: Pool
    tensor: str

    def write(self, block: Box, values: Array, frame: int) -> None:
        self.pool.write(self.tensor, block, values, frame)


class _BufferTarget(NamedTuple):
    """Entries of a buffer, of values of so many bits."""

    buffer: Buffer[Array | None]
    tensor: str
    bits: int

    def write(self, block: Box, values: Array, frame: int) -> None:
        # a copy, because a border must not keep the whole block alive that it is a part of
        self.buffer.push((self.tensor, block, frame), values.copy(), values.size * self.bits)


class _RamTarget(NamedTuple):
    """Pixels at addresses of a RAM."""

    spots: Sequence[_Spot]

    def write(self, block: Box, values: Array, frame: int) -> None:
        b0, b1 = block[:2]
        for held, c0, c1, pixels, first, rows, columns, of_rows, of_columns in self.spots:
            c0, c1 = max(b0, c0), min(b1, c1)
            if c0 < c1:
                place = rows, columns, slice(c0 - first, c1 - first)
                held.take(new(Box, (c0, c1, *pixels)), place, values[of_rows, of_columns, c0 - b0 : c1 - b0], frame)
