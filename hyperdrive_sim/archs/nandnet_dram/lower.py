"""The schedule of NAND-Net in DRAM: layer by layer allocation, then passes in which all banks follow one stream of commands.

Allocation is not overlapped with computation, and a pass not with the next: the published speedups leave no room for it.
"""

from __future__ import annotations

from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.machine import CHANNEL, COMMANDS, COPIES, MAPS, PERIPHERY, WEIGHTS, bank
from hyperdrive_sim.archs.nandnet_dram.placement import planned, value_bits
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.nandnet.steps import Step
from hyperdrive_sim.network import Network
from hyperdrive_sim.placement import Placement
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule import HOST, Arrivals, Compute, Copy, Load, Patch, Region, Schedule, Site, Task

PASS, STAGE = "pass", "stage"
GRAINS = (PASS, STAGE)


def lower(network: Network, spec: NandnetDramSpec, placement: Placement, arrivals: Arrivals, grain: str = PASS) -> Schedule:
    """The schedule of some frames, one after the other."""
    lowering = _Lowering(network, spec, grain)
    for frame in range(arrivals.frames):
        lowering.frame(frame, frame * arrivals.period_ps)
    return Schedule(lowering.tasks)


def count(network: Network, spec: NandnetDramSpec, placement: Placement, arrivals: Arrivals, grain: str = PASS) -> int:
    """How many tasks `lower` would write."""
    ours, stages = planned(network, spec), len(timing.stages(spec, apart=grain == STAGE))
    passes = [timing.passes(network, step.conv, spec) for step in ours.steps]
    copied = sum(n - 1 for n in passes) * spec.banks if spec.operand_copies != "none" else 0
    read = sum(passes) if spec.readout == "channel" else 0
    frame = len(ours.entries) + 2 * len(ours.steps) + len(ours.exits) + sum(passes) * stages * (1 + spec.banks) + copied + read
    return frame * arrivals.frames


class _Lowering:
    """The tasks written so far, and which of them later ones must wait for."""

    def __init__(self, network: Network, spec: NandnetDramSpec, grain: str) -> None:
        self.network, self.spec, self.plan = network, spec, planned(network, spec)
        self.stages = timing.stages(spec, apart=grain == STAGE)
        self.row_ps = timing.row_timing(spec)
        self.tasks: list[Task] = []
        self.done: list[int] = []
        """What the next piece of work waits for."""
        self.used: dict[str, int] = {}
        """The last task of the periphery that read or wrote each map."""
        self.arrived: dict[str, int] = {}
        self.left: dict[str, int] = {}

    def add(self, task: Task) -> int:
        self.tasks.append(task)
        return len(self.tasks) - 1

    def frame(self, number: int, not_before_ps: int) -> None:
        for step in self.plan.steps:
            if step.source in self.plan.entries and step.source not in self.arrived:
                self._enter(step.source, number, not_before_ps)
            self._run(step, number)
            if step.output in self.plan.exits:
                self._leave(step, number)
        self.arrived.clear()

    def _enter(self, tensor: str, frame: int, not_before_ps: int) -> None:
        """The host sends a map of signs, once what it is made from has come."""
        box = self.network.shape(tensor).box
        after = {self.left[name] for name in self.network.made_from(tensor, self.plan.exits)}
        after |= {self.used[tensor]} if tensor in self.used else set()
        effect, ps = Copy(tensor, 0, box.c1, (box,), HOST, MAPS), timing.channel_ps(box.size, self.spec)
        actions = {"input_io.bit": box.size}
        task = Task("input", tensor, CHANNEL, ps, tuple(sorted(after)), (), effect, actions, 0, not_before_ps, frame)
        self.arrived[tensor] = self.add(task)

    def _leave(self, step: Step, frame: int) -> None:
        """A finished map goes to the host."""
        tensor = step.output
        box = self.network.shape(tensor).box
        bits = box.size * value_bits(self.network, tensor)
        effect, ps = Copy(tensor, 0, box.c1, (box,), MAPS, HOST), timing.channel_ps(bits, self.spec)
        self.left[tensor] = self.add(
            Task("output", step.conv.name, CHANNEL, ps, (self.used[tensor],), (), effect, {"output_io.bit": bits}, frame=frame)
        )

    def _run(self, step: Step, frame: int) -> None:
        """Weights in, all passes, and what the periphery makes of their counts."""
        arrived = [self.arrived[step.source]] if step.source in self.arrived else []
        self.done = [self._load(step, frame, sorted({*self.done, *arrived}))]
        for number in range(timing.passes(self.network, step.conv, self.spec)):
            if number and self.spec.operand_copies == "every_further_pass":
                self._copy_operands(step, frame)
            for stage in self.stages:
                self._follow(step, stage, frame)
            if self.spec.readout == "channel":
                self._read_out(step, frame)
        self._finish(step, frame)

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

    def _finish(self, step: Step, frame: int) -> None:
        """The periphery adds up the counts of chunks, adds constants, pools and compares."""
        out, x = self.network.shape(step.output).box, self.network.shape(step.source)
        under = self.network.under(step.layers, out)[0]
        region = Region(MAPS, step.source, x.box)
        site = Site(step.layers, (region,), (), WEIGHTS, (Region(MAPS, step.output, out),))
        patch = Patch(out, step.conv.needs(under, x).clipped(x))
        after = {*self.done, *([self.left[step.output]] if step.output in self.left else [])}
        effect = Compute(site, 0, step.conv.out_channels, (patch,))
        ps = Clock.of_mhz(self.spec.clock_mhz).ps(1)
        done = self.add(Task("periphery", step.conv.name, PERIPHERY, ps, tuple(sorted(after)), (), effect, frame=frame))
        self.done = [done]
        self.used[step.source] = self.used[step.output] = done
