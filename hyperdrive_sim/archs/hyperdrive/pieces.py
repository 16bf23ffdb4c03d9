"""Work of each chip in a step: its operand locations, and the pieces into which a block of output channels is cut.

At the granularity `block` a chip's part is one piece; at `pixel` a piece is one local pixel of every tile's patch.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from hyperdrive_sim.archs.hyperdrive import timing
from hyperdrive_sim.archs.hyperdrive.machine import send_buffer
from hyperdrive_sim.archs.hyperdrive.placement import MeshLayout
from hyperdrive_sim.archs.hyperdrive.steps import HyperdriveStep
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.mesh import Chip, halo_box
from hyperdrive_sim.schedule.tasks import OperandLocations, Patch, Region

BLOCK, PIXEL = "block", "pixel"
GRAINS = (BLOCK, PIXEL)


@dataclass(frozen=True)
class BoxGrid:
    """Boxes of a map in a grid: all *channels* of each range of *rows* with each range of *columns*; falsy if there are none.

    The boxes are made when they are asked for: timing takes only the number of their pixels, and there may be one for every pixel.
    """

    channels: int
    rows: tuple[range, ...]
    columns: tuple[range, ...]

    def __bool__(self) -> bool:
        return bool(self.rows and self.columns)

    @property
    def pixels(self) -> int:
        return sum(map(len, self.rows)) * sum(map(len, self.columns))

    def within(self, box: Box) -> BoxGrid:
        """The part of each box that lies within *box*, which has all channels."""
        return BoxGrid(self.channels, _within(self.rows, box.r0, box.r1), _within(self.columns, box.w0, box.w1))

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """All boxes, row after row."""
        return tuple(Box(0, self.channels, r.start, r.stop, w.start, w.stop) for r in self.rows for w in self.columns)


def single(box: Box) -> BoxGrid:
    """A grid of one box, which has all channels of its map."""
    return BoxGrid(box.c1, (range(box.r0, box.r1),), (range(box.w0, box.w1),))


def _within(ranges: Sequence[range], start: int, stop: int) -> tuple[range, ...]:
    return tuple(common for one in ranges if (common := range(max(one.start, start), min(one.stop, stop))))


class Piece(NamedTuple):
    """Pixels of one task: *pixels* local pixels of every tile, in lock-step.

    *outs* are their output boxes inside the chip's part; tiles beyond its edge have none.
    """

    pixels: int
    outs: BoxGrid


class Pieces:
    """Cutter of parts into pieces; a chip's parts of layers of equal shape, stride and window share theirs."""

    def __init__(self, layout: MeshLayout, grain: str) -> None:
        self.layout, self.grain = layout, grain
        self._cut: dict[Hashable, tuple[Piece, ...]] = {}
        self._patches: dict[Hashable, tuple[Patch, ...]] = {}

    def of(self, step: HyperdriveStep, chip: Chip) -> tuple[Piece, ...]:
        """Pieces of a chip's part of a step's output, in the order in which they are computed."""
        key = self._key(step, chip)
        if key not in self._cut:
            out = self.layout.part(step.output, chip)
            self._cut[key] = self._whole(out) if self.grain == BLOCK else self._by_pixel(out)
        return self._cut[key]

    def _key(self, step: HyperdriveStep, chip: Chip) -> Hashable:
        layout = self.layout
        shapes = layout.network.shape(step.source), layout.network.shape(step.output)
        return chip, layout.plan.stride[step.output], shapes, step.main.window

    def _whole(self, out: Box) -> tuple[Piece, ...]:
        rows, columns = timing.patch(out, self.layout.spec)
        return (Piece(rows * columns, single(out)),)

    def _by_pixel(self, out: Box) -> tuple[Piece, ...]:
        rows, columns = timing.patch(out, self.layout.spec)
        down, across = _local_pixels(out.r0, out.r1, rows), _local_pixels(out.w0, out.w1, columns)
        return tuple(Piece(1, BoxGrid(out.c1, row, column)) for row in down for column in across)

    def patches(self, step: HyperdriveStep, chip: Chip, number: int) -> tuple[Patch, ...]:
        """Output boxes of one piece with the input boxes that are fetched for them; made when they are asked for, and kept."""
        key = self._key(step, chip), number
        if key not in self._patches:
            outs = self.of(step, chip)[number].outs.boxes
            self._patches[key] = tuple(Patch(out, self._fetched(step, chip, out)) for out in outs)
        return self._patches[key]

    def _fetched(self, step: HyperdriveStep, chip: Chip, out: Box) -> Box:
        """Input box for an output box: what that needs or, for the part as a whole, the chip's own part of the input.

        With a 3 x 3 kernel that comes with the whole halo around it, also where a stride leaves some unused.
        """
        shape = self.layout.network.shape(step.source)
        if self.grain == BLOCK:
            return self.layout.part(step.source, chip).grown(step.halo).clipped(shape)
        return step.main.needs(0, out, (shape,)).clipped(shape)


def _local_pixels(start: int, stop: int, patch: int) -> list[tuple[range, ...]]:
    """Local pixels of a patch of so many pixels, along one axis of a part: where each one lies in all tiles, which are a patch apart."""
    return [tuple(range(at, at + 1) for at in range(start + local, stop, patch)) for local in range(patch)]


def locations(step: HyperdriveStep, chip: Chip, layout: MeshLayout) -> OperandLocations:
    """Operand locations of a chip in a step; results go into its own memory and, along its edges, into the send buffers too."""
    reads, operands = (
        tuple(region for name in names for region in _around(name, chip, layout, halo))
        for names, halo in ((step.sources, step.halo), (step.bypasses, 0))
    )
    part = layout.part(step.output, chip)
    stores = [Region(f"{chip}.fmm", step.output, part)]
    if step.output in layout.halo_maps:
        stores += [Region(send_buffer(chip, side), step.output, halo_box(part, side, 1)) for side in layout.mesh.neighbours[chip]]
    return OperandLocations(step.layers, reads, operands, f"{chip}.wbuf", tuple(stores))


def _around(tensor: str, chip: Chip, layout: MeshLayout, halo: int) -> Iterator[Region]:
    """A chip's part of a map and, with its *halo*, the pixels of the neighbours around it."""
    yield Region(f"{chip}.fmm", tensor, layout.part(tensor, chip))
    if halo and tensor in layout.halo_maps:
        for memory, around in (("border", layout.neighbours(chip)), ("corner", layout.corners(chip))):
            yield from (Region(f"{chip}.{memory}", tensor, layout.seen(tensor, side, other)) for side, other in around.items())
