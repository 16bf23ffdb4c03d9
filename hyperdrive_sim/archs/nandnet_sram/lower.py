"""Lowering for NAND-Net in SRAM: layer by layer, block by block, weights through the port, then a pass for every pixel.

The router, the tiles, the tile of ones and the periphery work through a block together; between blocks the port brings weights and takes
results.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from hyperdrive_sim.archs._nandnet.lower import Layers, Resources
from hyperdrive_sim.archs._nandnet.steps import NandnetPlan, NandnetStep
from hyperdrive_sim.archs.nandnet_sram import timing
from hyperdrive_sim.archs.nandnet_sram.arithmetic import targets_rate
from hyperdrive_sim.archs.nandnet_sram.machine import MAPS, ONES, PERIPHERY, PORT, ROUTER, WEIGHTS, tile
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.archs.nandnet_sram.timing import Filling, Size, TileBlock
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.tasks import Load, Task
from hyperdrive_sim.schedule.writer import Writer

GRAINS = ("block",)


def writes_ones(spec: NandnetSramSpec) -> bool:
    """True if the tile of ones is there and written for every layer."""
    return spec.cell == "6t" and spec.ones_tile == "written"


class _Work(NamedTuple):
    """A block of a step's weights in one frame, and the number of taps whose activations the tile of ones counts meanwhile."""

    step: NandnetStep
    block: TileBlock
    size: Size
    taps: int
    frame: int

    @property
    def layer(self) -> str:
        return self.step.conv.name


class Blocks(Layers):
    """Writer of a network's tasks, block by block of the weights that tiles hold at a time."""

    def __init__(self, network: Network, plan: NandnetPlan, spec: NandnetSramSpec, fillings: Mapping[str, Filling], to: Writer) -> None:
        super().__init__(network, plan, Resources(PORT, PERIPHERY, MAPS, WEIGHTS, partial(timing.port_ps, spec=spec)), to)
        self.spec, self.fillings = spec, fillings

    def run(self, step: NandnetStep, frame: int) -> None:
        """Write all blocks of a layer; its outputs leave through the port as soon as they fill words."""
        filling, empty = self.fillings[step.conv.name], frame == 0 or self.spec.weights != "kept"
        self.done += self.arrived_for(step)
        if empty and writes_ones(self.spec):
            self._write_ones(step, frame)
        for block, words, taps in zip(filling.blocks, filling.words_out(self.spec), filling.ones_taps(self.spec), strict=True):
            work = _Work(step, block, filling.size, taps, frame)
            if empty:
                self._write(work)
            self._count(work)
            if words:
                self._through_port("results", step.conv.name, words * self.spec.port_bits, None, {}, frame)

    def _write_ones(self, step: NandnetStep, frame: int) -> None:
        bits = self.spec.ones_bits
        self._through_port("fill with ones", step.conv.name, bits, None, {"cell.write": bits}, frame)

    def _write(self, work: _Work) -> None:
        """Write the load of a block's weights; a kernel is loaded, as an effect, with the block that has its last weights."""
        block, bits = work.block, self.network.weight_bits(work.layer, work.block.c1 - work.block.c0)
        effect = Load(work.layer, block.c0, block.c1, bits, (WEIGHTS,)) if bits else None
        actions = {"weight_io.bit": block.written, "cell.write": block.written}
        self._through_port("weights", work.layer, block.written, effect, actions, work.frame)

    def _through_port(self, what: str, layer: str, bits: int, effect: Load | None, actions: dict[str, int], frame: int) -> None:
        ps = timing.port_ps(bits, self.spec)
        self.done = [self.add(Task(what, layer, PORT, ps, tuple(sorted(self.done)), (), effect, actions, frame=frame))]

    def _count(self, work: _Work) -> None:
        """Write a block's passes, one per pixel: activations to word lines, counts to the adder tree, complete sums to the periphery.

        Router, tiles, tile of ones and periphery start together.
        """
        block, layer, frame = work.block, work.layer, work.frame
        ps = timing.pass_ps(block, self.spec), timing.route_ps(work.size, block, self.spec)
        sent = self.add(Task("activations", layer, ROUTER, ps[1], tuple(sorted(self.done)), frame=frame))
        actions = self._per_tile(work)
        counting = [self.add(Task("count", layer, tile(n), ps[0], (), (sent,), None, actions, 0, 0, frame)) for n in block.tiles]
        if work.taps:
            counting.append(self.add(Task("ones", layer, ONES, ps[0], (), (sent,), None, self._of_ones(work), frame=frame)))
        self.done = [sent, *counting, self._finish(work, max(ps), sent)]

    def _finish(self, work: _Work, ps: int, sent: int) -> int:
        if work.block.c0 < work.block.c1:
            return self.finish(work.step, (work.block.c0, work.block.c1), work.frame, ps, (), (sent,))
        return self.add(Task("periphery", work.layer, PERIPHERY, ps, (), (sent,), frame=work.frame))

    def _per_tile(self, work: _Work) -> dict[str, int]:
        block, spec = work.block, self.spec
        targets = work.size.pixels * block.weights * targets_rate(spec, work.layer)
        return {
            "tile.pass": block.passes,
            "adc.conversion": block.passes * spec.tile_columns,
            "cell.discharge": round(targets / len(block.tiles)),
        }

    def _of_ones(self, work: _Work) -> dict[str, int]:
        """Actions of the tile of ones: one column as tall as all tiles together, on the same word lines."""
        seen = work.size.pixels * work.taps
        discharges = round(seen * self.spec.activation_rate_of(work.layer))
        return {"ones.conversion": -(-seen // self.spec.tile_rows), "cell.discharge": discharges}
