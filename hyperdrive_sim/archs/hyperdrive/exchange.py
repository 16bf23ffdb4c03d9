"""Border exchange: edge pixels go to the neighbours as soon as a block of them is finished, corners over two hops.

There are no diagonal links. A corner pixel arrives at the vertical neighbour as the end of a border row; that neighbour forwards it
to the side. All four borders of every map that feeds a 3 x 3 layer are exchanged, also where a stride leaves some unused.

Transfers read memories that the chip's array reads too: corners the border memory, borders of a map from the host the feature-map
memory. A stream into a buffer of one block keeps all chips in step, so nothing is overwritten before its last reader. With more blocks
chips run ahead of each other. Then an array starts on a map only once all departures of its pixels from the chip are under way, and a
border comes in only once the receiver's array is through with the layer before (`Lowering.credits`): by then all readers have read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from hyperdrive_sim.archs.hyperdrive.machine import send_buffer
from hyperdrive_sim.archs.hyperdrive.pieces import BoxGrid, Piece
from hyperdrive_sim.archs.hyperdrive.placement import MeshLayout
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS
from hyperdrive_sim.errors import DoesNotFit, Mistake
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mesh import HORIZONTAL, VERTICAL, Chip, Side, halo_box


class Crossing(NamedTuple):
    """Transfer of one piece's border or corner pixels, for a block of channels, over one link: by chip number *via* and *to* which."""

    name: str
    unit: str
    side: Side
    bits: int
    ps: int
    latency_ps: int
    sent: BoxGrid
    source: str
    target: str
    via: int
    to: int


class Route(NamedTuple):
    """Border transfer to one neighbour, and the transfers by which that neighbour forwards the corner pixels in it."""

    border: Crossing
    corners: tuple[Crossing, ...]


Routes = tuple[Route, ...]


class Exchange:
    """Routes of borders on a mesh: what each piece of a map sends over which links."""

    def __init__(self, layout: MeshLayout, machine: Machine) -> None:
        self.layout, self.units = layout, machine.unit
        self._number = {chip: number for number, chip in enumerate(layout.mesh.chips)}
        self._routes: dict[tuple[Shape, Fraction, Chip, int, bool], tuple[Routes, ...]] = {}

    def routes(self, tensor: str, chip: Chip, pieces: Sequence[Piece], channels: int, *, stored: bool = False) -> tuple[Routes, ...]:
        """Border transfers of each piece of a chip's part, for a block of *channels* channels.

        They start from the send buffers or, if *stored*, from the chip's own feature-map memory. Raises DoesNotFit for a border larger
        than a whole send buffer.
        """
        key = (self.layout.network.shape(tensor), self.layout.plan.stride[tensor], chip, channels, stored)
        if key not in self._routes:
            self._routes[key] = tuple(self._of(tensor, chip, piece.outs, channels, stored) for piece in pieces)
        return self._routes[key]

    def _of(self, tensor: str, chip: Chip, outs: BoxGrid, channels: int, stored: bool) -> Routes:
        part = self.layout.part(tensor, chip)
        routes = []
        for side, other in self.layout.mesh.neighbours[chip].items():
            edge = halo_box(part, side, 1)
            if sent := outs.within(edge):
                source = f"{chip}.fmm" if stored else send_buffer(chip, side)
                border = self._crossing("border", chip, side, sent, channels, source)
                if not stored:
                    self._check_room(border)
                routes.append(Route(border, tuple(self._forwards(edge, sent, channels, other)) if side in VERTICAL else ()))
        return tuple(routes)

    def _check_room(self, border: Crossing) -> None:
        there = self.layout.spec.send_buffer_bits
        if border.bits > there:
            problem = f"{border.source} must take {border.bits} bits of one block's border, {there} bits are there"
            raise DoesNotFit(Mistake("chip.send_buffer_bits", problem, "enlarge it"))

    def _forwards(self, edge: Box, border: BoxGrid, channels: int, via: Chip) -> Iterator[Crossing]:
        for side in HORIZONTAL:
            sent = border.within(halo_box(edge, side, 1))
            if sent and side in self.layout.mesh.neighbours[via]:
                yield self._crossing("corner", via, side, sent, channels, f"{via}.border")

    def _crossing(self, name: str, sender: Chip, side: Side, sent: BoxGrid, channels: int, source: str) -> Crossing:
        """Transfer over one link; *name* is `border` or `corner`: the kind of pixels, and the receiver's memory for them."""
        receiver, link = self.layout.mesh.neighbours[sender][side], f"{sender}.{side}"
        bits = sent.pixels * channels * WORD_BITS
        unit, number = self.units[link], self._number
        target = f"{receiver}.{name}"
        return Crossing(name, link, side, bits, unit.ps(bits), unit.latency_ps, sent, source, target, number[sender], number[receiver])
