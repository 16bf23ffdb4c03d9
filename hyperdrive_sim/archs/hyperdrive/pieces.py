"""Work of each chip in a step: its operand locations, and the pieces into which a block of output channels is cut.

At the granularity `block` a chip's part is one piece; at `pixel` a piece is one local pixel of every tile's patch.
"""

from __future__ import annotations

from collections.abc import Iterator
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


class Piece(NamedTuple):
    """Pixels of one task: *pixels* local pixels of every tile, in lock-step.

    *patches* are the output boxes inside the chip's part with the input boxes that they need; tiles beyond its edge have none.
    """

    pixels: int
    patches: tuple[Patch, ...]


class Pieces:
    """Cutter of parts into pieces; a chip's parts of layers of equal shape, stride and window share theirs."""

    def __init__(self, layout: MeshLayout, grain: str) -> None:
        self.layout, self.grain = layout, grain
        self._cut: dict[tuple[object, ...], tuple[Piece, ...]] = {}

    def of(self, step: HyperdriveStep, chip: Chip) -> tuple[Piece, ...]:
        layout = self.layout
        shapes = layout.network.shape(step.source), layout.network.shape(step.output)
        key = (chip, layout.plan.stride[step.output], shapes, step.main.window)
        if key not in self._cut:
            self._cut[key] = tuple(self._whole(step, chip) if self.grain == BLOCK else self._by_pixel(step, chip))
        return self._cut[key]

    def _whole(self, step: HyperdriveStep, chip: Chip) -> list[Piece]:
        """Whole part as one piece; the chip fetches its own part of the input and, for a 3 x 3 kernel, the whole halo around it."""
        out, shape = self.layout.part(step.output, chip), self.layout.network.shape(step.source)
        fetch = self.layout.part(step.source, chip).grown(step.halo).clipped(shape)
        rows, columns = timing.patch(out, self.layout.spec)
        return [Piece(rows * columns, (Patch(out, fetch),))]

    def _by_pixel(self, step: HyperdriveStep, chip: Chip) -> list[Piece]:
        out, spec = self.layout.part(step.output, chip), self.layout.spec
        rows, columns = timing.patch(out, spec)
        pieces = []
        for row in range(rows):
            for column in range(columns):
                pixels = (
                    Box(out.c0, out.c1, r, r + 1, w, w + 1)
                    for r in range(out.r0 + row, out.r1, rows)
                    for w in range(out.w0 + column, out.w1, columns)
                )
                pieces.append(Piece(1, tuple(self._pixel(step, pixel) for pixel in pixels)))
        return pieces

    def _pixel(self, step: HyperdriveStep, out: Box) -> Patch:
        shape = self.layout.network.shape(step.source)
        return Patch(out, step.main.needs(0, out, (shape,)).clipped(shape))


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
