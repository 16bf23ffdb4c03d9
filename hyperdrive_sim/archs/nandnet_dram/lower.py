"""Lowering for NAND-Net in DRAM: a layer's weights are loaded, then passes follow in which all banks obey one stream of commands."""

from __future__ import annotations

from functools import partial

from hyperdrive_sim.archs._nandnet.lower import Layers, Resources
from hyperdrive_sim.archs._nandnet.steps import NandnetPlan, NandnetStep
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.machine import CHANNEL, COMMANDS, COPIES, MAPS, PERIPHERY, WEIGHTS, bank
from hyperdrive_sim.archs.nandnet_dram.timing import PassProgram
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.tasks import Load, Task
from hyperdrive_sim.schedule.writer import Writer

PASS, STAGE = "pass", "stage"
GRAINS = (PASS, STAGE)


class Passes(Layers):
    """Writer of a network's tasks, its passes whole (grain "pass") or stage by stage (grain "stage")."""

    def __init__(self, network: Network, plan: NandnetPlan, program: PassProgram, to: Writer, grain: str) -> None:
        spec, chunk = program
        super().__init__(network, plan, Resources(CHANNEL, PERIPHERY, MAPS, WEIGHTS, partial(timing.channel_ps, spec=spec)), to)
        self.spec, self.stages, self.row_ps = spec, timing.stages(chunk, apart=grain == STAGE), timing.row_timing(spec)
        self.results = len(chunk.results)

    def run(self, step: NandnetStep, frame: int) -> None:
        """Write a layer: load its weights, run all passes, finish in the periphery, whose time is hidden but for one clock cycle."""
        self.done = [self._load(step, frame, sorted({*self.done, *self.arrived_for(step)}))]
        for number in self.to.each(range(timing.passes(self.network, step.conv, self.spec))):
            if number and self.spec.operand_copies == "every_further_pass":
                self._copy_operands(step, frame)
            for stage in self.stages:
                self._follow(step, stage, frame)
            if self.spec.readout == "channel":
                self._read_out(step, frame)
        ps = Clock.of_mhz(self.spec.clock_mhz).ps(1)
        self.done = [self.finish(step, (0, step.conv.out_channels), frame, ps, self.done)]

    def _load(self, step: NandnetStep, frame: int, after: list[int]) -> int:
        conv = step.conv
        bits = timing.weight_bits(self.network, conv, self.spec)
        effect, ps = Load(conv.name, 0, conv.out_channels, bits, (WEIGHTS,)), timing.channel_ps(bits, self.spec)
        return self.add(Task("load", conv.name, CHANNEL, ps, tuple(after), (), effect, {"weight_io.bit": bits}, frame=frame))

    def _copy_operands(self, step: NandnetStep, frame: int) -> None:
        """Write the copies of the next operands to the compute rows, one bank after the other."""
        ps, actions = timing.copies_ps(self.spec), {"copy.aap": self.spec.chunk_taps}
        for _ in range(self.spec.banks):
            self.done = [self.add(Task("operands", step.conv.name, COPIES, ps, tuple(self.done), (), None, actions, frame=frame))]

    def _follow(self, step: NandnetStep, stage: timing.Stage, frame: int) -> None:
        """Write a stage of a pass: the bus sends its commands, and every bank starts with them."""
        name, counts = step.conv.name, stage.counts
        bus_ps, ps = timing.bus_ps(counts, self.spec), self.row_ps.ps(counts)
        said = self.add(Task("commands", name, COMMANDS, bus_ps, tuple(self.done), (), None, frame=frame))
        actions = {"bank.aap": counts.aaps, "bank.ap": counts.aps}
        banks = range(self.spec.banks)
        self.done = [self.add(Task(stage.name, name, bank(n), ps, (), (said,), None, actions, 0, 0, frame)) for n in banks]
        self.done.append(said)

    def _read_out(self, step: NandnetStep, frame: int) -> None:
        bits = self.results * self.spec.columns
        ps, actions = timing.channel_ps(bits, self.spec), {"readout.bit": bits}
        self.done = [self.add(Task("readout", step.conv.name, CHANNEL, ps, tuple(self.done), (), None, actions, frame=frame))]
