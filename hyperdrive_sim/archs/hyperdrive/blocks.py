"""Tasks of one block of output channels on all chips, which repeat block after block and in every layer of the same shape.

Chip by chip: the array's tasks, piece after piece, and behind each the borders that it sends and the corners that are forwarded. The
writer stamps all blocks of a layer from them at once; what comes after what across blocks and layers is the lowering's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np

from hyperdrive_sim.archs.hyperdrive.exchange import Crossing, Routes
from hyperdrive_sim.archs.hyperdrive.machine import WEIGHTS, array
from hyperdrive_sim.archs.hyperdrive.pieces import Piece
from hyperdrive_sim.schedule.columns import Codes, Interned, Numbers
from hyperdrive_sim.schedule.machine import Unit
from hyperdrive_sim.schedule.mesh import Chip, Side

V = TypeVar("V")

STREAM, FIRST, COMPUTE, BORDER, CORNER, OUTPUT = range(6)
NAMES = ("stream", "first", "compute", "border", "corner", "output")
"""Names of tasks, by their kind."""


class Share(NamedTuple):
    """One chip's share of a block: the pieces of its part, where the border pixels of each go, and the bits of all together."""

    chip: Chip
    pieces: tuple[Piece, ...]
    routes: tuple[Routes, ...]
    bits: int


class Row(NamedTuple):
    """A task of the block: its kind, the number of its chip, its unit, and the piece that is computed or the transfer that is made."""

    kind: int
    chip: int
    unit: str
    piece: int = 0
    pixels: int = 0
    crossing: Crossing | None = None
    ps: int = 0
    bits: int = 0


class Sends(NamedTuple):
    """What one chip puts into one of its send buffers, entry by entry: the task that computes it, the one that takes it out, its bits."""

    computed: list[int]
    sent: list[int]
    bits: list[int]


class BlockTasks:
    """Tasks of a block, numbered in order from its stream of weights, which is number 0; edges are pairs of such numbers.

    If the weights do not arrive as fast as they are used (*hidden* is False), a chip's first pixel is a task of its own. Finished blocks
    leave for the host over a *link* if there is one.
    """

    def __init__(self, shares: Sequence[Share], *, hidden: bool, link: Unit | None) -> None:
        self.hidden, self.link = hidden, link
        self.rows: list[Row] = [Row(STREAM, -1, WEIGHTS)]
        self.after: list[tuple[int, int]] = []
        self.entries: list[int] = []
        self.ends: list[int] = []
        self.sends: dict[tuple[Chip, Side], Sends] = {}
        for number, share in enumerate(shares):
            self._share(number, share)

    def _add(self, row: Row, *after: int) -> int:
        self.after += [(len(self.rows), other) for other in after]
        self.rows.append(row)
        return len(self.rows) - 1

    def _share(self, number: int, share: Share) -> None:
        """Add one chip's tasks: piece after piece, and what each one sends."""
        unit = array(share.chip)
        self.entries.append(len(self.rows))
        before: tuple[int, ...] = () if self.hidden else (self._add(Row(FIRST, number, unit)), STREAM)
        for place, (piece, routes) in enumerate(zip(share.pieces, share.routes, strict=True)):
            done = self._add(Row(COMPUTE, number, unit, place, piece.pixels), *before)
            for border, corners in routes:
                sent = self._transfer(BORDER, border, number, done)
                self._buffered(share.chip, border, done, sent)
                for corner in corners:
                    self._transfer(CORNER, corner, number, sent)
            before = (done,)
        self.ends.append(before[0])
        if self.link:
            self._add(Row(OUTPUT, number, self.link.name, ps=self.link.ps(share.bits), bits=share.bits), before[0])

    def _transfer(self, kind: int, crossing: Crossing, number: int, after: int) -> int:
        return self._add(Row(kind, number, crossing.unit, crossing=crossing, ps=crossing.ps, bits=crossing.bits), after)

    def _buffered(self, chip: Chip, border: Crossing, done: int, sent: int) -> None:
        sends = self.sends.setdefault((chip, border.side), Sends([], [], []))
        sends.computed.append(done)
        sends.sent.append(sent)
        sends.bits.append(border.bits)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, kind: int) -> Numbers:
        """Numbers of the tasks of a kind."""
        return np.flatnonzero(self.kind == kind)

    @cached_property
    def kind(self) -> Codes:
        return np.array([row.kind for row in self.rows], np.int32)

    @cached_property
    def names(self) -> Interned[str]:
        return _numbered([NAMES[row.kind] for row in self.rows])

    @cached_property
    def units(self) -> Interned[str]:
        return _numbered([row.unit for row in self.rows])

    @cached_property
    def pixels(self) -> Interned[int]:
        """Local pixels of every tile that each task computes."""
        return _numbered([row.pixels for row in self.rows])

    @cached_property
    def transfers(self) -> Interned[tuple[int, int]]:
        """Kind and bits of what each task transfers, the stream of weights excepted; 0 bits for all others."""
        return _numbered([(row.kind if row.bits else STREAM, row.bits) for row in self.rows])

    @cached_property
    def ps(self) -> Numbers:
        """Durations of transfers, the stream of weights excepted; 0 for all others."""
        return np.array([row.ps for row in self.rows], np.int64)

    @cached_property
    def latency_ps(self) -> Numbers:
        return np.array([row.crossing.latency_ps if row.crossing else 0 for row in self.rows], np.int64)

    @cached_property
    def links(self) -> tuple[Numbers, Numbers]:
        """Edges within the block: the tasks, and for each one that it comes after."""
        pairs = np.array(self.after, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    @cached_property
    def begins(self) -> Numbers:
        """Of each chip, the task that comes after all that the block waits for [chips]."""
        return np.array(self.entries, np.int64)

    @cached_property
    def computed_last(self) -> Numbers:
        """Of each chip, the last task of its array [chips]."""
        return np.array(self.ends, np.int64)

    @cached_property
    def received(self) -> tuple[Numbers, Numbers]:
        """Transfers between chips, and the number of the chip that each one's pixels go to."""
        return self._crossings(lambda crossing: crossing.to, BORDER, CORNER)

    @cached_property
    def forwarded(self) -> tuple[Numbers, Numbers]:
        """Transfers of corners, and the number of the chip that each one's pixels are read from."""
        return self._crossings(lambda crossing: crossing.via, CORNER)

    @cached_property
    def leaving(self) -> tuple[Numbers, Numbers]:
        """Transfers to the host, and the number of the chip that each one is from."""
        rows = self.of(OUTPUT)
        return rows, np.array([self.rows[row].chip for row in rows.tolist()], np.int64)

    def _crossings(self, chip: Callable[[Crossing], int], *kinds: int) -> tuple[Numbers, Numbers]:
        found = [(number, chip(row.crossing)) for number, row in enumerate(self.rows) if row.crossing and row.kind in kinds]
        rows, chips = np.array(found, np.int64).reshape(-1, 2).T
        return rows, chips


def _numbered(column: Sequence[V]) -> Interned[V]:
    places: dict[V, int] = {}
    return Interned(np.array([places.setdefault(value, len(places)) for value in column], np.int32), tuple(places))
