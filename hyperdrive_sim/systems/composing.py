"""Composition: the schedules of a system's members become one, in which every way of a map from one to another is made of tasks too.

A member's lowering takes its maps from outside and leaves them there, as it does alone. Here that outside is the member's edge: a pool with
places for a few frames of each map. From there a map goes over the links of its way, block by block as it was left, each hop a task; where
real numbers meet signs, a converter makes these. Whoever takes a block in waits for what brings it, and whoever brings one waits until the
frame that had its place has been taken away: that is back-pressure.

Frames are written one after the other, and within a frame the tasks of each member in its own order, each map behind what it is made of. So
edges point back. Members that wait for each other whatever the order are a partition that turns in a circle.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.extent import Extent
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Arrivals, Compute, Copy, OperandLocations, Patch, Region, Task
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.systems.blocks import Block, Crossing, WeightLoad, crossings, weight_loads
from hyperdrive_sim.systems.flow import Flow
from hyperdrive_sim.systems.member import Member
from hyperdrive_sim.systems.ordering import Stretch, in_order, stretches
from hyperdrive_sim.systems.placed import kind_of
from hyperdrive_sim.systems.pools import Pools
from hyperdrive_sim.systems.reordering import reordered
from hyperdrive_sim.systems.sensors import seen
from hyperdrive_sim.systems.spec import HOST_NODE
from hyperdrive_sim.systems.wiring import Hop

MOST = 2**40
"""More tasks than there can be: what stands before a task counts up from minus that."""

LOADS_AHEAD = 2
"""Loads of weights that there is room for at a part's edge: the one that its chip takes, and the next."""


class Done(NamedTuple):
    """A task, by its position, that has brought a block to a node or takes it away."""

    row: int
    block: Block


class Written(NamedTuple):
    """A member's tasks among those of all: the first of each of its frames, and the end, and what crosses its edge in each."""

    member: Member
    bounds: Sequence[int]
    crossings: Sequence[Sequence[Crossing]]
    loads: deque[WeightLoad]
    """Loads of weights that come over links and are still to be written."""

    def stretches(self, number: int) -> Iterator[Stretch]:
        """One of its frames, cut wherever a map comes in."""
        return stretches(self.bounds[number], self.bounds[number + 1], self.crossings[number])


class Composition:
    """State of a composition: which blocks have come to which node, what takes them away, what is written besides the members' tasks."""

    def __init__(self, flow: Flow, pools: Pools, arrivals: Arrivals, to: Writer, *, finest: bool) -> None:
        self.flow, self.pools, self.arrivals, self.to = flow, pools, arrivals, to
        self.seen = {member.name: flow.seen(member) for member in flow.members}
        self.all = to.inner()
        self.lowered: dict[tuple[int, int], Schedule] = {}
        """Tasks of a number of frames on a chip, by its own names; by the chip's identity."""
        self.written = [self._written(member, finest) for member in flow.members if member.frames(arrivals.frames)]
        self.own = self.all.size
        """Number of the members' tasks; hops and conversions are written behind them, and put in their places at last."""
        self.beside: list[tuple[int, int]] = []
        """Of each of the latter, the member's task that it stands beside, and how far behind it, or before if below 0."""
        self.edges: list[tuple[int, int]] = []
        """Members' tasks with the tasks that they come after besides those of their own member."""
        self.not_before: dict[int, int] = {}
        self.brought: defaultdict[tuple[str, str, int], list[Done]] = defaultdict(list)
        self.taken: defaultdict[tuple[str, str, int], list[Done]] = defaultdict(list)
        """Tasks that bring blocks to a node and that take them away, by node, map and frame."""
        self.there: defaultdict[tuple[str, str, int], Extent] = defaultdict(Extent)
        """What has been brought from the host to a node, of each map and frame."""
        self.came: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        """Frames of a map that have come to a node, in order."""
        self.loads: defaultdict[str, list[int]] = defaultdict(list)
        """Tasks that have loaded weights which came over links, by member."""
        self.conversions: dict[tuple[str, str, Block], Compute] = {}
        """By layer, pool and block: those of all frames share one."""
        self.sequence: list[tuple[int, int]] = []
        """Stretches of the members' tasks in the order of the whole."""

    def _written(self, member: Member, finest: bool) -> Written:
        """Write a member's tasks, with the system's numbers of its frames."""
        frames, first = member.frames(self.arrivals.frames), self.all.size
        key = id(member.mapped), len(frames)
        if key not in self.lowered:  # chips that take frames in turn are all alike
            self.lowered[key] = member.lowered(self.all.inner(), len(frames), finest)
        schedule = self._seen(member, member.placed.renamed(self.lowered[key]))
        self.all.extend(replace(schedule, frame=np.array(frames, np.int32)[schedule.frame]))
        bounds = first + np.searchsorted(schedule.frame, np.arange(len(frames) + 1))
        loads = weight_loads(schedule, first) if member.part.weights_from else ()
        return Written(member, bounds.tolist(), crossings(schedule, member.edge, member.edge, first), deque(loads))

    def _seen(self, member: Member, schedule: Schedule) -> Schedule:
        """A member's schedule, in which what a sensor on its chips sees comes from there."""
        tensors = self.seen[member.name]
        if not tensors:
            return schedule
        sensor = self.flow.sensors.on(kind_of(member.name))
        assert sensor is not None
        its = crossings(schedule, member.edge, member.edge)
        rows = [one.row for frame in its for one in frame if one.enters and one.tensor in tensors]
        return seen(schedule, rows, member.sensor, sensor)

    def write(self) -> None:
        """Write the whole schedule."""
        for frame in range(self.arrivals.frames):
            self._frame(frame)
        whole = self.all.schedule()
        rows = np.array([*self.not_before], np.int64)
        whole.not_before_ps[rows] = [*self.not_before.values()]
        self.to.extend(reordered(whole, self._order(), np.array(self.edges, np.int64).reshape(-1, 2)))

    def _order(self) -> Numbers:
        """Positions of all tasks in the order of the whole: the members' as they follow each other, the others beside them."""
        turn = np.empty(self.own, np.int64)
        turn[np.concatenate([np.arange(*stretch) for stretch in self.sequence])] = np.arange(self.own)
        beside, behind = np.array(self.beside, np.int64).reshape(-1, 2).T
        return np.lexsort((np.concatenate((np.zeros(self.own, np.int64), behind)), np.concatenate((turn, turn[beside]))))

    def _frame(self, frame: int) -> None:
        """Order the tasks of a frame, and write what is beside them."""
        turns = [(written, number) for written in self.written if (number := written.member.number(frame)) is not None]
        whole = [(written.member, written.stretches(number)) for written, number in turns]
        for number, stretch in in_order(self.flow, whole):
            self._take(turns[number][0], stretch, frame)

    def _take(self, written: Written, stretch: Stretch, frame: int) -> None:
        member = written.member
        self.sequence.append((stretch.low, stretch.high))
        while written.loads and written.loads[0].row < stretch.high:
            self._load(member, written.loads.popleft(), frame)
        for one in stretch.crossings:
            if one.enters:
                self._enter(member, one, frame)
            else:
                for other in self._free(member.node, one.tensor, one.block, frame):
                    self.edges.append((one.row, other))
                self._come_to_be(one.tensor, member.node, one.row, one.block, frame, one.row)

    def _enter(self, member: Member, one: Crossing, frame: int) -> None:
        """Let a member's task take a block in, once it is there; what the host has comes when the member has room for it."""
        node, tensor = member.node, one.tensor
        sent = tensor in self.flow.sent
        others = self._bringing(node, tensor, one.block, frame) if sent else self._from_host(member, one, frame)
        self.edges += [(one.row, other) for other in others]
        self.taken[node, tensor, frame].append(Done(one.row, one.block))

    def _from_host(self, member: Member, one: Crossing, frame: int) -> list[int]:
        """Bring a block from the host, when it has it; returns the tasks that the member waits for."""
        tensor, is_input = one.tensor, one.tensor in self.flow.network.inputs
        waits = [row for name in self.flow.made_of(tensor) for row in self._bringing(HOST_NODE, name, None, frame)]
        seen = tensor in self.seen[member.name]
        for name in () if is_input or seen else self.flow.from_sensors(tensor):
            if not self.brought[HOST_NODE, name, frame]:
                whole = self.flow.network.shape(name)
                self._over(self.flow.to_host(name), name, Block(0, whole.channels, (whole.box,)), [], frame, one.row)
            waits += self._bringing(HOST_NODE, name, None, frame)
        way = () if seen else self.flow.from_outside(tensor, member)
        if not way and not self.flow.made_of(tensor):
            self.not_before[one.row] = self._arrival(frame)
        first = self.all.size if way else one.row
        for name in (*self.flow.made_of(tensor), *self.flow.from_sensors(tensor)):
            whole = self.flow.network.shape(name)
            self.taken[HOST_NODE, name, frame].append(Done(first, Block(0, whole.channels, (whole.box,))))
        return self._over(way, tensor, one.block, waits, frame, one.row)

    def _over(self, way: Sequence[Hop], tensor: str, block: Block, waits: list[int], frame: int, before: int) -> list[int]:
        """Bring a block over the links of a way, *before* a member's task; returns the tasks after which it is there.

        What has come to a node does not come again: of a tile's block, what an earlier tile's block had in common with it.
        """
        arrival = 0 if self.flow.made_of(tensor) else self._arrival(frame)
        for hop in way:
            for part in self._missing(hop.target, tensor, block, frame):
                after = waits if hop is way[0] else self._bringing(hop.source, tensor, part, frame)
                row = self._hop(hop, tensor, part, after, frame, (before, len(self.beside) - MOST), arrival if hop is way[0] else 0)
                self.brought[hop.target, tensor, frame].append(Done(row, part))
        return self._bringing(way[-1].target, tensor, block, frame) if way else waits

    def _missing(self, node: str, tensor: str, block: Block, frame: int) -> Iterator[Block]:
        """What is not at a node of a block, which then is: blocks of the same channels each."""
        there = self.there[node, tensor, frame]
        missing: dict[tuple[int, int], list[Box]] = {}
        for box in block.boxes:
            for part in there.missing(box.channels(block.c0, block.c1)):
                missing.setdefault(part[:2], []).append(part)
            there.add(box.channels(block.c0, block.c1))
        return (Block(*channels, tuple(boxes)) for channels, boxes in missing.items())

    def _arrival(self, frame: int) -> int:
        """Picoseconds at which a frame arrives."""
        return self.arrivals.at(frame)

    def _load(self, member: Member, load: WeightLoad, frame: int) -> None:
        """Bring weights over links to the edge of a member that loads them from there."""
        before = self.loads[member.name]
        waits = [before[-LOADS_AHEAD]] if len(before) >= LOADS_AHEAD else []
        for hop in self.flow.from_weights(member):
            unit, actions = self.pools.links[hop.unit], self.pools.actions(hop, load.bits)
            ps, after = unit.ps(load.bits), tuple(waits)
            task = Task("weights", load.layer, hop.unit, ps, after, (), None, actions, unit.latency_ps, 0, frame)
            waits = [self._add(task, (load.row, len(self.beside) - MOST))]
        self.edges += [(load.row, other) for other in waits if other >= self.own]
        before.append(load.row)

    def _come_to_be(self, tensor: str, node: str, row: int, block: Block, frame: int, beside: int) -> None:
        """Send a block from the node where it has come to be to all that take it."""
        at = {node: row}
        self._arrive(tensor, node, row, block, frame, beside)
        for hop in self.flow.way(tensor, node, frame, block):
            at[hop.target] = self._hop(hop, tensor, block, [at[hop.source]], frame, (beside, len(self.beside) + 1))
            self._arrive(tensor, hop.target, at[hop.target], block, frame, beside)

    def _arrive(self, tensor: str, node: str, row: int, block: Block, frame: int, beside: int) -> None:
        """Note that a block has come to a node, and let the converter there make signs of it."""
        self.brought[node, tensor, frame].append(Done(row, block))
        for layer, member in self.flow.conversions(tensor, frame):
            if member.node == node:
                made = self._convert(layer, member, row, block, frame, beside)
                self.taken[node, tensor, frame].append(Done(made, block))
                self._come_to_be(layer, node, made, block, frame, beside)

    def _hop(self, hop: Hop, tensor: str, block: Block, after: list[int], frame: int, beside: tuple[int, int], arrival: int = 0) -> int:
        """Write the transfer of a block over a link."""
        source, target = self.pools.at(hop.source), self.pools.at(hop.target)
        bits = block.size * self.pools.word_bits(tensor)
        waits = [*after, *self._free(hop.target, tensor, block, frame)]
        unit = self.pools.links[hop.unit]
        effect, actions = Copy(tensor, *block, source, target), self.pools.actions(hop, bits)
        task = Task("hop", tensor, hop.unit, unit.ps(bits), tuple(waits), (), effect, actions, unit.latency_ps, arrival, frame)
        row = self._add(task, beside)
        self.taken[hop.source, tensor, frame].append(Done(row, block))
        return row

    def _convert(self, layer: str, member: Member, after: int, block: Block, frame: int, beside: int) -> int:
        """Write the conversion of a block to signs, at a member's edge."""
        waits = (after, *self._free(member.node, layer, block, frame))
        if (key := (layer, member.edge, block)) not in self.conversions:
            self.conversions[key] = self._conversion(*key)
        effect = self.conversions[key]
        ps, actions = self.pools.conversion(member, block.size)
        task = Task("convert", layer, member.converter.name, ps, waits, (), effect, actions, frame=frame)
        return self._add(task, (beside, len(self.beside) + 1))

    def _conversion(self, layer: str, pool: str, block: Block) -> Compute:
        """What a conversion does to data: values of some channels become signs of the same."""
        tensor, whole = self.flow.network[layer].inputs[0], self.flow.network.shape(layer).box
        locations = OperandLocations((layer,), (Region(pool, tensor, whole),), (), "", (Region(pool, layer, whole),))
        patches = tuple(Patch(box, box.channels(block.c0, block.c1)) for box in block.boxes)
        return Compute(locations, block.c0, block.c1, patches)

    def _add(self, task: Task, beside: tuple[int, int]) -> int:
        self.beside.append(beside)
        return self.all.add(task)

    def _bringing(self, node: str, tensor: str, block: Block | None, frame: int) -> list[int]:
        """Tasks that bring a block, or some of it, to a node; without a block, all of the map."""
        return [done.row for done in self.brought[node, tensor, frame] if block is None or done.block.meets(block)]

    def _free(self, node: str, tensor: str, block: Block, frame: int) -> list[int]:
        """Tasks after which a node has room for a block: they have taken away what lay in its place."""
        frames = self.came[node, tensor]
        if not frames or frames[-1] != frame:
            frames.append(frame)
        places = self.pools.places(node)
        if len(frames) <= places:
            return []
        return [done.row for done in self.taken[node, tensor, frames[-1 - places]] if done.block.meets(block)]
