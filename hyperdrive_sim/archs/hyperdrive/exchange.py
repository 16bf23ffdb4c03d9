"""Border exchange: edge pixels go to the neighbours as soon as a block of them is finished, corners over two hops.

There are no diagonal links. A corner pixel arrives at the vertical neighbour as the end of a border row; that neighbour forwards it
to the side. All four borders of every map that feeds a 3 x 3 layer are exchanged, also where a stride leaves some unused.

Transfers read memories that the chip's array reads too: corners the border memory, borders of a map from the host the feature-map
memory. A stream into a buffer of one block keeps all chips in step, so nothing is overwritten before its last reader. With more blocks
chips run ahead of each other. Then an array starts on a map only once all `departures` of its pixels from the chip are under way, and
a border comes in only once the receiver's array is through with the layer before (`credits`): by then all readers have read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from hyperdrive_sim.archs.hyperdrive.machine import send_buffer
from hyperdrive_sim.archs.hyperdrive.pieces import Piece
from hyperdrive_sim.archs.hyperdrive.placement import MeshLayout
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS
from hyperdrive_sim.errors import DoesNotFit, Mistake
from hyperdrive_sim.network.box import Box, Shape, new
from hyperdrive_sim.schedule.fifo import Fifo
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mesh import HORIZONTAL, VERTICAL, Chip, Side, halo_box
from hyperdrive_sim.schedule.tasks import Copy, Task


class Crossing(NamedTuple):
    """Transfer of one piece's border or corner pixels, for a block of channels, over one link from the *sender* to the *receiver*."""

    name: str
    unit: str
    ps: int
    latency_ps: int
    boxes: tuple[Box, ...]
    source: str
    target: str
    sender: Chip
    receiver: Chip
    actions: dict[str, int]
    bits: int


class Route(NamedTuple):
    """Border transfer to one neighbour, and the transfers by which that neighbour forwards the corner pixels in it."""

    border: Crossing
    corners: tuple[Crossing, ...]


Routes = tuple[Route, ...]


class Exchange:
    """Writer of the tasks that carry borders; remembers which of them each chip has yet to wait for."""

    def __init__(self, layout: MeshLayout, machine: Machine, tasks: list[Task]) -> None:
        self.layout, self.units, self.tasks = layout, machine.unit, tasks
        self.prefetches = layout.spec.prefetches
        self.arrivals: defaultdict[tuple[str, Chip], list[int]] = defaultdict(list)
        """Transfers that bring a chip pixels of a map, by map and chip."""
        self.departures: defaultdict[tuple[str, Chip], list[int]] = defaultdict(list)
        """Transfers that read a map's pixels in a chip's own memories, by map and chip; none where chips are in step anyway."""
        self.credits: dict[Chip, int] = {}
        """Task after which a chip has room for the next map's borders, by chip; empty where chips are in step anyway."""
        self._routes: dict[tuple[Shape, Fraction, Chip, int, bool], tuple[Routes, ...]] = {}
        self._moved: dict[tuple[str, int], dict[str, int]] = {}
        self._sending: defaultdict[str, Fifo[int]] = defaultdict(lambda: Fifo(layout.spec.send_buffer_bits))
        """Transfers whose pixels each send buffer holds, by its name."""

    def moved(self, action: str, bits: int) -> dict[str, int]:
        """Actions of moving that many bits: one mapping, shared by all such tasks."""
        if (action, bits) not in self._moved:
            self._moved[action, bits] = {action: bits}
        return self._moved[action, bits]

    def routes(self, tensor: str, chip: Chip, pieces: Sequence[Piece], channels: int, *, stored: bool = False) -> tuple[Routes, ...]:
        """Border transfers of each piece of a chip's part, for a block of *channels* channels.

        They start from the send buffers or, if *stored*, from the chip's own feature-map memory.
        """
        key = (self.layout.network.shape(tensor), self.layout.plan.stride[tensor], chip, channels, stored)
        if key not in self._routes:
            self._routes[key] = tuple(self._of(tensor, chip, [patch.out for patch in piece.patches], channels, stored) for piece in pieces)
        return self._routes[key]

    def _of(self, tensor: str, chip: Chip, outs: Sequence[Box], channels: int, stored: bool) -> Routes:
        part = self.layout.part(tensor, chip)
        routes = []
        for side, other in self.layout.mesh.neighbours[chip].items():
            edge = halo_box(part, side, 1)
            if boxes := tuple(box for out in outs if (box := out & edge)):
                source = f"{chip}.fmm" if stored else send_buffer(chip, side)
                border = self._crossing("border", chip, side, boxes, channels, source)
                routes.append(Route(border, tuple(self._forwards(edge, boxes, channels, other)) if side in VERTICAL else ()))
        return tuple(routes)

    def _forwards(self, edge: Box, boxes: Sequence[Box], channels: int, via: Chip) -> Iterator[Crossing]:
        for side in HORIZONTAL:
            corner = tuple(box for sent in boxes if (box := sent & halo_box(edge, side, 1)))
            if corner and side in self.layout.mesh.neighbours[via]:
                yield self._crossing("corner", via, side, corner, channels, f"{via}.border")

    def _crossing(self, name: str, sender: Chip, side: Side, boxes: tuple[Box, ...], channels: int, source: str) -> Crossing:
        """Transfer over one link; *name* is `border` or `corner`: the kind of pixels, and the receiver's memory for them."""
        receiver, link = self.layout.mesh.neighbours[sender][side], f"{sender}.{side}"
        bits = sum((box.r1 - box.r0) * (box.w1 - box.w0) for box in boxes) * channels * WORD_BITS
        unit = self.units[link]
        actions = self.moved(f"{name}_io.bit", bits)
        return Crossing(name, link, unit.ps(bits), unit.latency_ps, boxes, source, f"{receiver}.{name}", sender, receiver, actions, bits)

    def room(self, routes: Routes) -> list[int]:
        """Transfers that must end before a piece's edge pixels have room in the send buffers.

        Raises DoesNotFit for a border larger than a whole send buffer.
        """
        waits = []
        for border, _ in routes:
            buffer = self._sending[border.source]
            if border.bits > buffer.bits:
                problem = f"{border.source} must take {border.bits} bits of one block's border, {buffer.bits} bits are there"
                raise DoesNotFit(Mistake("chip.send_buffer_bits", problem, "enlarge it"))
            if buffer.used + border.bits > buffer.bits:  # asked millions of times, seldom true
                waits += buffer.make_room(border.bits)
        return waits

    def send(self, layer: str, copy: tuple[str, int, int, int], routes: Routes, done: int, *, stored: bool = False) -> None:
        """Write the tasks that carry channels of a map (*copy*: tensor, c0, c1, frame) over the routes, once task *done* has ended."""
        for border, corners in routes:
            sent = self._write(layer, copy, border, done)
            if stored:
                self._departs(copy[0], border, sent)
            else:
                self._sending[border.source].push(sent, border.bits)
            for corner in corners:
                self._departs(copy[0], corner, self._write(layer, copy, corner, sent))

    def _departs(self, tensor: str, crossing: Crossing, sent: int) -> None:
        """Note that transfer *sent* reads the sender's own memory, unless chips are in step anyway."""
        if self.prefetches:
            self.departures[tensor, crossing.sender].append(sent)

    def _write(self, layer: str, copy: tuple[str, int, int, int], crossing: Crossing, done: int) -> int:
        tensor, c0, c1, frame = copy
        name, unit, ps, latency_ps, boxes, source, target, _, receiver, actions, _ = crossing
        after = (done, self.credits[receiver]) if self.credits else (done,)
        effect = new(Copy, (tensor, c0, c1, boxes, source, target))
        self.tasks.append(new(Task, (name, layer, unit, ps, after, (), effect, actions, latency_ps, 0, frame, 0)))
        sent = len(self.tasks) - 1
        self.arrivals[tensor, receiver].append(sent)
        return sent
