"""Proof of a schedule: its edges order all accesses that must not change places. Nothing is simulated.

Edges point back, so the one order that they can prove is that in which the tasks are written. The tasks are therefore taken in that
order, and for every access it is checked that those which it must not overtake are certain to be over, however long tasks take. The
order in which a unit serves its tasks is not relied on. Of durations one thing is used: a task that starts with a stream of its
weights takes at least as long as the stream.

Where frames may be dropped, the schedule is simulated after all, and proven as it was carried out. Tasks that were skipped access nothing
and keep the order all the same: each is over only after all that it comes after, or would have started with, so whatever comes after it in
a later frame comes after those too. A buffer gets fewer entries, and so each stays as long as in the plan or longer: what uses one still
finds it, and what pushes it out is the same task or a later one, which the plan puts behind its last use as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

import numpy as np

from hyperdrive_sim.engine.accesses import NOBODY, Access, AccessHistory, BufferEntry, Pasts, members
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.effects import Read, reads, weights, writes
from hyperdrive_sim.engine.memories import NO_PLACE, Buffer
from hyperdrive_sim.engine.pooling import pool_places
from hyperdrive_sim.errors import Hazard
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.placement import Allocation
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import HOST, Compute, Load, Region

LIMIT = 20_000
"""Largest number of tasks that are checked: their pasts are three triangles of n * n / 2 bits, 75 MB in all."""

EVERYBODY = -1  # as a set of tasks: all bits


def affordable(schedule: Schedule) -> bool:
    """True if a schedule has few enough tasks to be checked."""
    return len(schedule) <= LIMIT


def check(compiled: Compiled) -> None:
    """Check a schedule. Raises Hazard at the first access that may come too early or too late, ValueError if it is not `affordable`."""
    if not affordable(compiled.schedule):
        raise ValueError(f"{len(compiled.schedule)} tasks are too many to prove, {LIMIT} at most; ask affordable() first")
    _Proof(compiled).run()


class _Proof:
    """State of the proof: contents of the memories after the tasks taken so far, and the past accesses to them."""

    def __init__(self, compiled: Compiled) -> None:
        placement = compiled.placement
        self.tasks, self.network = list(compiled.executed), compiled.network
        self.frames = sorted(set(range(compiled.schedule.frames)) - set(compiled.executed.dropped))
        self.host_layers, self.word_bits = placement.host, placement.word_bits
        self.pasts = Pasts(self.tasks)
        self.fifos: dict[str, Buffer[BufferEntry]] = {m.name: Buffer(m) for m in compiled.machine.memories if m.kind == "fifo"}
        self.pushed_out_by: dict[tuple[str, Hashable], int] = {}
        self.places: dict[tuple[object, ...], list[AccessHistory]] = {}
        self.pools = {HOST, *(memory.name for memory in compiled.machine.memories if memory.kind == "pool")}
        self.turns = pool_places(compiled.schedule, compiled.machine)
        self.used: defaultdict[str, dict[AccessHistory, None]] = defaultdict(dict)
        """Places of each memory that later accesses may have to be ordered after; see `_settle`."""
        for memory, allocations in placement.allocations.items():
            for allocation in allocations if memory not in self.pools else ():
                place = AccessHistory(memory, allocation)
                self.places.setdefault((memory, allocation.tensor, allocation.tile), []).append(place)

    def run(self) -> None:
        for index, task in enumerate(self.tasks):
            for read in reads(task.effect, self.network):
                self._read(index, task.frame, read)
            match task.effect:
                case Compute(locations) if locations.weights:
                    self._use(index, locations.weights, weights(task.effect), str(weights(task.effect)), at_end=True)
                case Load(targets=targets):
                    for target in targets:
                        self._push(index, target, weights(task.effect), str(weights(task.effect)), task.effect.bits)
            for region in writes(task.effect):
                self._write(index, task.frame, region)
        self.pasts.ended.append(EVERYBODY)
        for frame in self.frames:  # as if one more task read all outputs
            for name in self.network.outputs:
                self._arrived(len(self.tasks), frame, name)

    def _places(self, region: Region, frame: int) -> list[AccessHistory]:
        """Allocations of a map in a memory, with their accesses; frames take a pool's places in turn, in the host's each has its own."""
        memory, tensor, _, tile = region
        if memory not in self.pools:
            return self.places.get((memory, tensor, tile), [])
        place = frame if memory == HOST else self.turns.get((memory, tensor), {}).get(frame, NO_PLACE)
        if (memory, tensor, place) not in self.places:
            self.places[memory, tensor, place] = [AccessHistory(memory, Allocation(tensor, self.network.shape(tensor).box, 0, 1, 0, 0))]
        return self.places[memory, tensor, place]

    def _arrived(self, index: int, frame: int, tensor: str) -> None:
        """Check that the host has a map when task *index* starts, or at the end; for a layer of its own, that it has the inputs."""
        if tensor in self.host_layers:
            for name in self.network[tensor].inputs:
                self._arrived(index, frame, name)
        elif tensor not in self.network.inputs:
            box = self.network.shape(tensor).box
            self._found(index, frame, Read(tensor, box, (Region(HOST, tensor, box),)))

    def _read(self, index: int, frame: int, read: Read) -> None:
        memory = read.regions[0].memory if read.regions else ""
        if memory == HOST and (read.tensor in self.host_layers or read.tensor in self.network.inputs):
            self._arrived(index, frame, read.tensor)
        elif memory in self.fifos:
            self._use(index, memory, (read.tensor, read.box, frame), f"'{read.tensor}' ({read.box})", at_end=False)
        else:
            self._found(index, frame, read)

    def _found(self, index: int, frame: int, read: Read) -> None:
        """Check that all values of a block are where a task reads them, and that their writes are certain to be over."""
        found = 0
        for region in read.regions:
            for place in self._places(region, frame):
                if common := region.box & place.allocation.box:
                    self._ordered(index, place, common, "writes", Access("reads", region.tensor, common))
                    place.readers |= 1 << index
                    found += int(np.count_nonzero(place.at(common) == frame))
        if found < read.box.size:
            who, missing = self._who(index), f"{read.box.size - found} of {read.box.size} values of '{read.tensor}' ({read.box})"
            raise Hazard(f"{read.regions[0].memory if read.regions else 'nowhere'}: {who} reads {missing}, {self._why(frame, read)}")

    def _why(self, frame: int, read: Read) -> str:
        """Reason why the first missing value is missing: overwritten, written later, never written, or without an allocation there."""
        for region in read.regions:
            for place in self._places(region, frame):
                for row, column, channel in np.argwhere(place.at(common := region.box & place.allocation.box) != frame)[:1].tolist():
                    c, r, w = common.c0 + channel, common.r0 + row, common.w0 + column
                    value = Box(c, c + 1, r, r + 1, w, w + 1)
                    by = [n for n, task in enumerate(self.tasks) if task.frame == frame and self._touched(n, place, value, "writes")]
                    lost = f"which {self._who(place.lost_to)} has overwritten" if by and by[0] < place.lost_to else ""
                    return lost or (f"which {self._who(by[0])} writes only later" if by else "which nobody writes")
        return "which have no place there"

    def _write(self, index: int, frame: int, region: Region) -> None:
        memory, tensor, block, _ = region
        if memory in self.fifos:
            self._push(index, memory, (tensor, block, frame), f"'{tensor}' ({block})", block.size * self.word_bits[tensor])
        for place in self._places(region, frame):
            if box := block & place.allocation.box:
                for alias in self._aliases(place):
                    if lost := alias.allocation.lost_to(place.allocation, box):
                        self._ordered(index, alias, lost, "reads", Access("writes", tensor, box))
                        self._ordered(index, alias, lost, "writes", Access("writes", tensor, box))
                        if (alias.at(lost) != NOBODY).any():
                            alias.at(lost)[...], alias.lost_to = NOBODY, index
                place.at(box)[...] = frame
                place.writers |= 1 << index
                self._settle(place, frame)

    def _aliases(self, place: AccessHistory) -> list[AccessHistory]:
        """Places that share bits with one, itself included, and that accesses may have to be ordered after."""
        if place.memory in self.pools:
            return [place]
        used = self.used[place.memory]
        used[place] = None
        return [other for other in used if other.allocation.overlaps(place.allocation)]

    def _settle(self, place: AccessHistory, frame: int) -> None:
        """Forget the places within one that a frame has been written to in full: whoever accessed them comes before these writes.

        Whatever comes after these comes after them too. So few places are looked at where a memory has thousands, one after the other.
        """
        used, mine = self.used[place.memory], place.allocation
        within = [other for other in used if other is not place and mine.covers(other.allocation)]
        if within and (place.frames == frame).all():
            for other in within:
                del used[other]
                other.readers = other.writers = 0

    def _ordered(self, index: int, place: AccessHistory, block: Box, verb: str, does: Access) -> None:
        """Check that earlier tasks' accesses (*verb*: reads or writes) to a block of a place are certain to be over before this one's."""
        late = place.readers & ~self.pasts.begun[index] if verb == "reads" else place.writers & ~self.pasts.ended[index]
        for other in members(late & ~(1 << index)):
            if touched := self._touched(other, place, block, verb):
                did = Access(verb, place.allocation.tensor, touched)
                raise Hazard(f"{place.memory}: nothing orders {self._who(other)}, which {did}, before {self._who(index)}, which {does}")

    def _touched(self, index: int, place: AccessHistory, block: Box, verb: str) -> Box | None:
        """Part of a block of a place that a task reads (or writes): the first of its boxes that meets the block; None if none does."""
        effect, lying = self.tasks[index].effect, (place.memory, place.allocation.tensor, place.allocation.tile)
        regions = writes(effect) if verb == "writes" else (region for read in reads(effect, self.network) for region in read.regions)
        mine = (region.box & block for region in regions if (region.memory, region.tensor, region.tile) == lying)
        return next(filter(None, mine), None)

    def _push(self, index: int, memory: str, key: Hashable, what: str, bits: int) -> None:
        fifo, past = self.fifos[memory], self.pasts
        last, who = fifo.newest, f"{self._who(index)}, which brings {what}"
        if last is not None and not (past.ended[index] | 1 << index) >> last.pusher & 1:
            raise Hazard(f"{memory}: nothing orders {self._who(last.pusher)}, which brings {last.what}, before {who}")
        for name, old in fifo.push(key, BufferEntry(what, index), bits):
            self.pushed_out_by[memory, name] = index
            for reader in members(old.at_start & ~past.begun[index] | old.at_end & ~past.ended[index]):
                raise Hazard(f"{memory}: nothing orders {self._who(reader)}, which uses {old.what}, before {who} and pushes that out")

    def _use(self, index: int, memory: str, key: Hashable, what: str, *, at_end: bool) -> None:
        """Check and note the use of a buffer's entry: read when a task starts or, as weights are, until it ends (*at_end*)."""
        fifo, who = self.fifos[memory], self._who(index)
        if key not in fifo:
            by = self.pushed_out_by.get((memory, key))
            raise Hazard(f"{memory}: {who} uses {what}, which {'nobody has brought' if by is None else f'{self._who(by)} has pushed out'}")
        entry = fifo[key]
        if not (self.pasts.done if at_end else self.pasts.ended)[index] >> entry.pusher & 1:
            stream = self._who(entry.pusher)
            if entry.pusher in self.tasks[index].after_start:
                raise Hazard(f"{memory}: {who}, which uses {what}, starts with {stream} but may end before it")
            raise Hazard(f"{memory}: nothing orders {stream}, which brings {what}, before {who}, which uses that")
        entry.at_end |= at_end << index
        entry.at_start |= (not at_end) << index

    def _who(self, index: int) -> str:
        if index == len(self.tasks):
            return "the host at last"
        task = self.tasks[index]
        return f"task {index} ({task.name} of {task.layer} on {task.unit}, frame {task.frame})"
