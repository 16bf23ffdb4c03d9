"""The common part of both accelerators' schedules: layers one after the other, maps that come from the host and go back.

Each layer's weights are allocated before it is computed, and nothing overlaps with that: the published speedups leave no room for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hyperdrive_sim.archs._nandnet.placement import value_bits
from hyperdrive_sim.archs._nandnet.steps import NandnetPlan, NandnetStep
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Compute, Copy, OperandLocations, Patch, Region, Task
from hyperdrive_sim.schedule.writer import Writer


class Resources(NamedTuple):
    """Names of the units (channel: all data in and out; periphery: finishes a layer) and of the memories for maps and for weights."""

    channel: str
    periphery: str
    maps: str
    weights: str
    channel_ps: Callable[[int], int]
    """Picoseconds that the channel needs for a number of bits."""


class Layers(ABC):
    """Writer of a network's tasks, layer by layer; it keeps those that later ones must wait for. Subclasses write a step's own tasks."""

    def __init__(self, network: Network, plan: NandnetPlan, resources: Resources, to: Writer) -> None:
        self.network, self.plan, self.resources, self.to = network, plan, resources, to
        self.add = to.add
        self.done: list[int] = []
        """Tasks that the next ones of the step, or of the next step, wait for."""
        self.computed: dict[str, Compute] = {}
        """What each step does to data, by its output."""
        self.used: dict[str, int] = {}
        """The last task of the periphery that read or wrote each map."""
        self.arrived: dict[str, int] = {}
        self.left: dict[str, int] = {}

    @abstractmethod
    def run(self, step: NandnetStep, frame: int) -> None:
        """Write the tasks of a step: the first ones wait for `done` and `arrived_for(step)`, the last ones are `done` afterwards."""

    def write(self, arrivals: Arrivals) -> None:
        """Write the tasks of all frames, one frame after the other."""
        for frame in self.to.each(range(arrivals.frames)):
            self._frame(frame, arrivals.at(frame))

    def arrived_for(self, step: NandnetStep) -> list[int]:
        """The tasks that brought the step's map from the host; none if it did not come from there."""
        return [self.arrived[step.source]] if step.source in self.arrived else []

    def finish(
        self, step: NandnetStep, channels: tuple[int, int], frame: int, ps: int, after: Iterable[int], with_: tuple[int, ...] = ()
    ) -> int:
        """Write the periphery's task for a range of output channels and return its number.

        It adds up counts, adds constants, pools and compares. It starts after the end of *after* and after the start of *with_*.
        """
        if step.output not in self.computed:
            self.computed[step.output] = self._computed(step)
        effect = self.computed[step.output]._replace(c0=channels[0], c1=channels[1])
        # the previous frame's map must have left before this one overwrites it
        waits = {*after, *([self.left[step.output]] if step.output in self.left else [])}
        done = self.add(Task("periphery", step.conv.name, self.resources.periphery, ps, tuple(sorted(waits)), with_, effect, frame=frame))
        self.used[step.source] = self.used[step.output] = done
        return done

    def _computed(self, step: NandnetStep) -> Compute:
        """What a step does to data, all its channels at once."""
        out, x = self.network.shape(step.output).box, self.network.shape(step.source)
        under = self.network.under(step.layers, out)[0]
        maps = self.resources.maps
        locations = OperandLocations(
            step.layers, (Region(maps, step.source, x.box),), (), self.resources.weights, (Region(maps, step.output, out),)
        )
        return Compute(locations, out.c0, out.c1, (Patch(out, step.conv.needs(0, under, (x,)).clipped(x)),))

    def _frame(self, number: int, not_before_ps: int) -> None:
        for step in self.plan.steps:
            if step.source in self.plan.inputs and step.source not in self.arrived:
                self._enter(step.source, number, not_before_ps)
            self.run(step, number)
            if step.output in self.plan.outputs:
                self._leave(step, number)
        self.arrived.clear()

    def _enter(self, tensor: str, frame: int, not_before_ps: int) -> None:
        """Write the task that sends a map of signs from the host, once the outputs that the host computes it from have left."""
        box = self.network.shape(tensor).box
        after = {self.left[name] for name in self.network.made_from(tensor, self.plan.outputs)}
        after |= {self.used[tensor]} if tensor in self.used else set()
        effect, ps = Copy(tensor, 0, box.c1, (box,), HOST, self.resources.maps), self.resources.channel_ps(box.size)
        actions = {"input_io.bit": box.size}
        task = Task("input", tensor, self.resources.channel, ps, tuple(sorted(after)), (), effect, actions, 0, not_before_ps, frame)
        self.arrived[tensor] = self.add(task)

    def _leave(self, step: NandnetStep, frame: int) -> None:
        """Write the task that sends a finished map to the host."""
        tensor = step.output
        box = self.network.shape(tensor).box
        bits = box.size * value_bits(self.network, tensor)
        effect, ps = Copy(tensor, 0, box.c1, (box,), self.resources.maps, HOST), self.resources.channel_ps(bits)
        after, actions = (self.used[tensor],), {"output_io.bit": bits}
        self.left[tensor] = self.add(Task("output", step.conv.name, self.resources.channel, ps, after, (), effect, actions, frame=frame))
