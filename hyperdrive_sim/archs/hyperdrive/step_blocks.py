"""Blocks of every step on a mesh: their tasks, once for all steps of one shape, and what these cost and do in each step."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby, islice
from typing import Any, NamedTuple, TypeVar

import numpy as np

from hyperdrive_sim.archs.hyperdrive import timing
from hyperdrive_sim.archs.hyperdrive.blocks import BORDER, COMPUTE, CORNER, FIRST, OUTPUT, STREAM, BlockTasks, Share
from hyperdrive_sim.archs.hyperdrive.exchange import Exchange
from hyperdrive_sim.archs.hyperdrive.machine import HOST_LINK, WEIGHTS
from hyperdrive_sim.archs.hyperdrive.pieces import Pieces, locations
from hyperdrive_sim.archs.hyperdrive.placement import MeshLayout, bypasses_paid
from hyperdrive_sim.archs.hyperdrive.send_buffers import Buffer, alike
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS
from hyperdrive_sim.archs.hyperdrive.steps import HyperdriveStep, block_inputs, channel_weights
from hyperdrive_sim.network.box import chunks
from hyperdrive_sim.schedule.columns import Interned
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.tasks import HOST, NOTHING, Compute, Copy, Effect, Load
from hyperdrive_sim.schedule.writer import Stamp

T = TypeVar("T")

TOGETHER = 300_000
"""Number of tasks that are stamped at a time, at least a block's: for each there are a few numbers beside it meanwhile."""

CARRIED = {BORDER: "border_io.bit", CORNER: "corner_io.bit", OUTPUT: "output_io.bit"}
"""Action of each bit of a transfer, by its kind."""


class Run(NamedTuple):
    """Blocks of a step in a row that are alike: the channels c0 to c1 of each, its tasks, their columns, and the bits of its weights."""

    channels: list[tuple[int, int]]
    block: BlockTasks
    stamp: Stamp
    weight_bits: int


class StepBlocks:
    """All blocks of a network on a mesh, cut as finely as *grain* says."""

    def __init__(self, layout: MeshLayout, machine: Machine, grain: str) -> None:
        self.layout, self.machine = layout, machine
        self.network, self.spec, self.chips = layout.network, layout.spec, layout.mesh.chips
        self.pieces, self.exchange = Pieces(layout, grain), Exchange(layout, machine)
        self.paid = bypasses_paid(layout.network, layout.plan, layout.spec)
        self._tasks: dict[Hashable, BlockTasks] = {}

    @cached_property
    def runs(self) -> tuple[tuple[Run, ...], ...]:
        """Runs of blocks of each step, in the order of the plan."""
        return tuple(tuple(self._runs(step)) for step in self.layout.plan.steps)

    @cached_property
    def buffers(self) -> list[list[Buffer]]:
        """Send buffers in groups of those that are always equally full."""
        return alike(run.block for runs in self.runs for run in runs)

    def _runs(self, step: HyperdriveStep) -> Iterator[Run]:
        blocks = [*chunks(0, self.network.shape(step.output).channels, self.spec.lanes)]
        taken = {block: block_inputs(step, *block, self.network) for block in blocks}
        stream, clock = self.machine.unit[WEIGHTS], self.machine.clock
        kinds = {(c1 - c0, inputs) for (c0, c1), inputs in taken.items()}
        hidden = all(stream.ps(self._bits(step, channels)) <= clock.ps(timing.head_cycles(step, inputs)) for channels, inputs in kinds)
        for (channels, inputs), run in groupby(blocks, lambda block: (block[1] - block[0], taken[block])):
            tasks, bits = self._of(step, channels, hidden=hidden), self._bits(step, channels)
            stamp = self._stamp(step, tasks, inputs, bits)
            yield from (Run(list(some), tasks, stamp, bits) for some in batched(run, max(1, TOGETHER // len(tasks))))

    def _of(self, step: HyperdriveStep, channels: int, *, hidden: bool) -> BlockTasks:
        """Tasks of a step's block of so many output channels."""
        shape, plan = self.network.shape, self.layout.plan
        sends, leaves = step.output in self.layout.halo_maps, step.output in plan.outputs
        key = shape(step.source), shape(step.output), plan.stride[step.output], step.main.window, channels, hidden, sends, leaves
        if key not in self._tasks:
            shares = [self._share(step, number, channels, sends=sends) for number in range(len(self.chips))]
            self._tasks[key] = BlockTasks(shares, hidden=hidden, link=self.machine.unit[HOST_LINK] if leaves else None)
        return self._tasks[key]

    def _share(self, step: HyperdriveStep, number: int, channels: int, *, sends: bool) -> Share:
        chip = self.chips[number]
        pieces, part = self.pieces.of(step, chip), self.layout.part(step.output, chip)
        routes = self.exchange.routes(step.output, chip, pieces, channels) if sends else ((),) * len(pieces)
        return Share(chip, pieces, routes, part.channels(0, channels).size * WORD_BITS)

    def _bits(self, step: HyperdriveStep, channels: int) -> int:
        """Bits of weights that are streamed for a block of so many output channels."""
        return channels * channel_weights(step, self.network)

    def _stamp(self, step: HyperdriveStep, tasks: BlockTasks, inputs: int, bits: int) -> Stamp:
        """Columns of a step's block that takes so many *inputs*, and *bits* of weights."""
        clock, computes = self.machine.clock, tasks.of(COMPUTE)
        phases = [timing.phases(n, step, inputs, self.spec, bypass=step.output in self.paid) if n else NOTHING for n in tasks.pixels.values]
        busy_ps = np.array([clock.ps(sum(cycles.values())) for cycles in phases], np.int64)
        head_ps = clock.ps(timing.head_cycles(step, inputs))
        ps = tasks.ps.copy()
        ps[STREAM] = self.machine.unit[WEIGHTS].ps(bits)
        ps[tasks.of(FIRST)] = head_ps
        ps[computes] = busy_ps[tasks.pixels.codes[computes]]
        rest = tasks.of(FIRST) + 1  # what the first pixel leaves of its piece
        ps[rest] = np.maximum(1, ps[rest] - head_ps)
        moved = [{CARRIED[kind]: count} if count else NOTHING for kind, count in tasks.transfers.values]
        actions = tasks.transfers.codes.copy()
        actions[computes] = len(moved) + tasks.pixels.codes[computes]
        actions[STREAM] = len(moved) + len(phases)
        pattern = np.where(tasks.kind == FIRST, NO_EFFECT, np.arange(len(tasks))).astype(np.int32)
        return Stamp(
            tasks.names,
            tasks.units,
            ps,
            Interned(actions, (*moved, *phases, {"weight_io.bit": bits})),
            tasks.latency_ps,
            pattern,
            _Effects(self, step, tasks, bits),
        )


def batched(items: Iterable[T], most: int) -> Iterator[tuple[T, ...]]:
    """Items in order, so many at a time."""
    left = iter(items)
    while some := tuple(islice(left, most)):
        yield some


class _Effects(Sequence[Effect]):
    """What the tasks of a step's block do to data, whatever its channels; made as it is asked for."""

    def __init__(self, blocks: StepBlocks, step: HyperdriveStep, tasks: BlockTasks, bits: int) -> None:
        self.blocks, self.step, self.tasks, self.bits = blocks, step, tasks, bits

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, number: Any) -> Any:
        row, step, layout = self.tasks.rows[number], self.step, self.blocks.layout
        if row.kind == STREAM:
            return Load(step.main.name, 0, 0, self.bits, tuple(f"{chip}.wbuf" for chip in self.blocks.chips))
        if row.crossing:
            return Copy(step.output, 0, 0, row.crossing.sent.boxes, row.crossing.source, row.crossing.target)
        chip = self.blocks.chips[row.chip]
        if row.kind == OUTPUT:
            return Copy(step.output, 0, 0, (layout.part(step.output, chip),), f"{chip}.fmm", HOST)
        return Compute(locations(step, chip, layout), 0, 0, self.blocks.pieces.patches(step, chip, row.piece))
