"""The schedule: plain data that says what every unit does, after what, to which data and at what cost.

Three readers take it and none knows the others: the engine gives every task a start and an end, the replay executes the tasks'
effects on real tensors, the ledger prices their actions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from hyperdrive_sim.errors import Finding
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.machine import Machine

K = TypeVar("K")

NOTHING: Mapping[str, int] = {}

HOST = "host"
"""The memory of everything outside the accelerator: it holds whole maps, as many as it likes."""


class Region(NamedTuple):
    """A block of a map in a memory."""

    memory: str
    tensor: str
    box: Box


class OperandLocations(NamedTuple):
    """Operand locations: the memories from and to which one unit computes a layer, the same for all its tasks.

    *layers* are computed in one go, each taking its predecessor's result; only the last one's output is stored, in each of
    *stores* as far as it covers it. *reads* together hold the first layer's input, *operands* what later ones take besides, pixel
    by pixel; *weights* names the memory that the first layer's weights come from. A map that is there in the places of others alone, such
    as a concatenation, is read from theirs: then the regions are those of the others.
    """

    layers: tuple[str, ...]
    reads: tuple[Region, ...]
    operands: tuple[Region, ...]
    weights: str
    stores: tuple[Region, ...]


class Patch(NamedTuple):
    """Some output pixels of all channels, and the input pixels that are fetched for them (at least those the layer needs)."""

    out: Box
    fetch: Box


class Compute(NamedTuple):
    """Computes output channels c0..c1 of some pixels. It reads when it starts, its weights excepted, and writes when it ends."""

    locations: OperandLocations
    c0: int
    c1: int
    patches: tuple[Patch, ...]


class Copy(NamedTuple):
    """Moves channels c0..c1 of some pixels of a map; read when it starts, there when it ends."""

    tensor: str
    c0: int
    c1: int
    boxes: tuple[Box, ...]
    source: str
    target: str


class Load(NamedTuple):
    """Brings the weights of output channels c0..c1, *bits* with all that comes along, into memories, there when it ends."""

    layer: str
    c0: int
    c1: int
    bits: int
    targets: tuple[str, ...]


Effect = Compute | Copy | Load


class Task(NamedTuple):
    """A piece of work whose insides nobody else can interleave with.

    It occupies *unit* for *ps* picoseconds once all tasks *after* have ended (a sender's latency later) and all tasks of
    *after_start* have begun; both hold positions of earlier tasks in the schedule, so no schedule can deadlock. A task that
    uses what a stream brings may start with it (*after_start*) if it takes at least as long; it uses it at its own end.
    *actions* counts what is paid for. Of the tasks that wait for a unit, the lowest *priority* goes first, then the lowest *frame*.
    """

    name: str
    layer: str
    unit: str
    ps: int
    after: tuple[int, ...] = ()
    after_start: tuple[int, ...] = ()
    effect: Effect | None = None
    actions: Mapping[str, int] = NOTHING
    latency_ps: int = 0
    not_before_ps: int = 0
    frame: int = 0
    priority: int = 0


class Arrivals(NamedTuple):
    """The number of frames, and the picoseconds between arrivals; 0: the next one is there whenever there is room for it."""

    frames: int = 1
    period_ps: int = 0


class Schedule(Sequence[Task]):
    """Tasks in the order in which they were written, which alone decides between tasks of one priority and frame ready at once."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks = list(tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self.tasks[index]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def checked(self, machine: Machine) -> Schedule:
        """Return self after checking that units exist, edges point back and durations are positive. Raises Finding."""
        units = machine.unit
        for index, task in enumerate(self.tasks):
            before = task.after + task.after_start
            points_back = not before or (max(before) < index and min(before) >= 0)
            if task.unit not in units:
                raise _fault(index, task, f"wants the unit '{task.unit}', which this machine does not have")
            if task.ps < 1:
                raise _fault(index, task, f"takes {task.ps} ps; a task takes at least one")
            if not points_back:
                raise _fault(index, task, "comes after a task that is not written before it")
        return self

    @cached_property
    def work_ps(self) -> Counter[str]:
        """Busy time of each unit."""
        work: dict[str, int] = {}
        for task in self.tasks:
            work[task.unit] = work.get(task.unit, 0) + task.ps
        return Counter(work)

    @cached_property
    def critical_path_ps(self) -> int:
        """Length of the critical path in picoseconds: the makespan if every task had a unit of its own."""
        starts, ends = [0] * len(self.tasks), [0] * len(self.tasks)
        for index, (_, _, _, ps, after, after_start, _, _, latency_ps, start, _, _) in enumerate(self.tasks):
            for other in after:
                if ends[other] > start:
                    start = ends[other]
            for other in after_start:
                if starts[other] > start:
                    start = starts[other]
            starts[index] = start
            ends[index] = start + ps + latency_ps
        return max(ends, default=0)

    @property
    def bound(self) -> tuple[str, int]:
        """The larger lower bound of the makespan and what sets it: a unit's work, or the critical path."""
        unit, work = max(self.work_ps.items(), key=lambda item: item[1], default=("nothing", 0))
        path = self.critical_path_ps
        return (unit, work) if work >= path else ("critical path", path)

    @property
    def actions(self) -> Counter[str]:
        """Counts of all actions."""
        total: Counter[str] = Counter()
        for (_, action), count in self.actions_by_layer.items():
            total[action] += count
        return total

    @cached_property
    def actions_by_layer(self) -> Counter[tuple[str, str]]:
        """Counts of actions by layer and action."""
        return actions_by((task.layer for task in self.tasks), self.tasks)


def actions_by(groups: Iterable[K], tasks: Sequence[Task]) -> Counter[tuple[K, str]]:
    """Counts of actions by group; *groups* gives the group of each task.

    Many tasks share one mapping of actions: how often each mapping is used is counted first, so its actions are looked at once.
    """
    shared = {id(task.actions): task.actions for task in tasks if task.actions}
    uses = Counter((group, id(task.actions)) for group, task in zip(groups, tasks, strict=True) if task.actions)
    total: Counter[tuple[K, str]] = Counter()
    for (group, which), times in uses.items():
        for action, count in shared[which].items():
            total[group, action] += times * count
    return total


def _fault(index: int, task: Task, problem: str) -> Finding:
    return Finding(f"task {index} ({task.name} of {task.layer}) {problem}")
