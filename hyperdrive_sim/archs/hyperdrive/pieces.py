"""Work of each chip in a step: its operand locations, and the pieces into which a block of output channels is cut.

At the granularity `block` a chip's part is one piece; at `pixel` a piece is one local pixel of every tile's patch.
"""

from __future__ import annotations

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
        key = (chip, layout.plan.stride[step.output], shapes, step.conv.window)
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
        return Patch(out, step.conv.needs(0, out, (shape,)).clipped(shape))


def locations(step: HyperdriveStep, chip: Chip, layout: MeshLayout) -> OperandLocations:
    """Operand locations of a chip in a step; results go into its own memory and, along its edges, into the send buffers too."""
    memory = f"{chip}.fmm"
    reads = [Region(memory, step.source, layout.part(step.source, chip))]
    if step.halo and step.source in layout.halo_maps:
        reads += [
            Region(f"{chip}.border", step.source, layout.seen(step.source, side, other)) for side, other in layout.neighbours(chip).items()
        ]
        reads += [
            Region(f"{chip}.corner", step.source, layout.seen(step.source, side, other)) for side, other in layout.corners(chip).items()
        ]
    part = layout.part(step.output, chip)
    stores = [Region(memory, step.output, part)]
    if step.output in layout.halo_maps:
        stores += [Region(send_buffer(chip, side), step.output, halo_box(part, side, 1)) for side in layout.mesh.neighbours[chip]]
    operands = (Region(memory, step.bypass, part),) if step.bypass else ()
    return OperandLocations(step.layers, tuple(reads), operands, f"{chip}.wbuf", tuple(stores))
