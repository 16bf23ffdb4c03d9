"""The schedule of NAND-Net in DRAM: layer by layer allocation, then passes in which all banks follow one stream of commands."""

from __future__ import annotations

from functools import partial

from hyperdrive_sim.archs._nandnet.lower import Layers, Ways
from hyperdrive_sim.archs._nandnet.steps import Step
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.machine import CHANNEL, COMMANDS, COPIES, MAPS, PERIPHERY, WEIGHTS, bank
from hyperdrive_sim.archs.nandnet_dram.placement import planned
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.tasks import Arrivals, Load, Schedule, Task

PASS, STAGE = "pass", "stage"
GRAINS = (PASS, STAGE)


def lower(network: Network, spec: NandnetDramSpec, placement: Placement, arrivals: Arrivals, grain: str = PASS) -> Schedule:
    """The schedule of some frames, one after the other."""
    return _Passes(network, spec, grain).schedule(arrivals)


def count(network: Network, spec: NandnetDramSpec, placement: Placement, arrivals: Arrivals, grain: str = PASS) -> int:
    """How many tasks `lower` would write."""
    ours, stages = planned(network, spec), len(timing.stages(spec, apart=grain == STAGE))
    passes = [timing.passes(network, step.conv, spec) for step in ours.steps]
    copied = sum(n - 1 for n in passes) * spec.banks if spec.operand_copies != "none" else 0
    read = sum(passes) if spec.readout == "channel" else 0
    frame = len(ours.entries) + 2 * len(ours.steps) + len(ours.exits) + sum(passes) * stages * (1 + spec.banks) + copied + read
    return frame * arrivals.frames


class _Passes(Layers):
    def __init__(self, network: Network, spec: NandnetDramSpec, grain: str) -> None:
        ways = Ways(CHANNEL, PERIPHERY, MAPS, WEIGHTS, partial(timing.channel_ps, spec=spec))
        super().__init__(network, planned(network, spec), ways)
        self.spec, self.stages, self.row_ps = spec, timing.stages(spec, apart=grain == STAGE), timing.row_timing(spec)

    def run(self, step: Step, frame: int) -> None:
        """Weights in, all passes, and what the periphery makes of their counts."""
        self.done = [self._load(step, frame, sorted({*self.done, *self.arrived_for(step)}))]
        for number in range(timing.passes(self.network, step.conv, self.spec)):
            if number and self.spec.operand_copies == "every_further_pass":
                self._copy_operands(step, frame)
            for stage in self.stages:
                self._follow(step, stage, frame)
            if self.spec.readout == "channel":
                self._read_out(step, frame)
        ps = Clock.of_mhz(self.spec.clock_mhz).ps(1)
        self.done = [self.finish(step, (0, step.conv.out_channels), frame, ps, self.done)]

    def _load(self, step: Step, frame: int, after: list[int]) -> int:
        conv = step.conv
        bits = self.network.weight_bits(conv.name)
        effect, ps = Load(conv.name, 0, conv.out_channels, bits, (WEIGHTS,)), timing.channel_ps(bits, self.spec)
        return self.add(Task("load", conv.name, CHANNEL, ps, tuple(after), (), effect, {"weight_io.bit": bits}, frame=frame))

    def _copy_operands(self, step: Step, frame: int) -> None:
        """The next operands go to the compute rows of one bank after the other."""
        ps, actions = timing.copies_ps(self.spec), {"copy.aap": self.spec.chunk_taps}
        for _ in range(self.spec.banks):
            self.done = [self.add(Task("operands", step.conv.name, COPIES, ps, tuple(self.done), (), None, actions, frame=frame))]

    def _follow(self, step: Step, stage: timing.Stage, frame: int) -> None:
        """Every bank follows the commands as they come."""
        name, counts = step.conv.name, stage.counts
        bus_ps, ps = timing.bus_ps(counts, self.spec), self.row_ps.ps(counts)
        said = self.add(Task("commands", name, COMMANDS, bus_ps, tuple(self.done), (), None, frame=frame))
        actions = {"bank.aap": counts.aaps, "bank.ap": counts.aps}
        banks = range(self.spec.banks)
        self.done = [self.add(Task(stage.name, name, bank(n), ps, (), (said,), None, actions, frame=frame)) for n in banks]
        self.done.append(said)

    def _read_out(self, step: Step, frame: int) -> None:
        bits = len(timing.chunk(self.spec).results) * self.spec.columns
        ps, actions = timing.channel_ps(bits, self.spec), {"readout.bit": bits}
        self.done = [self.add(Task("readout", step.conv.name, CHANNEL, ps, tuple(self.done), (), None, actions, frame=frame))]
