"""Mutants of a schedule: without one of its effects or edges, something must be found.

The static proof must find it, or the execution in simulated time: NotThere, or values that differ from golden. Spared may be only

- an edge that the others repeat, so that nothing at all is any less certain without it;
- an edge that keeps pace: one of its two tasks occupies a unit and moves no data, or has begun by then in any case, and read what it reads;
- an edge between two blocks of one layer on one unit, which says only in which order that takes them;
- a load of weights that an earlier frame has brought already: the buffer may hold them still.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.accesses import Pasts, members
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import Hazard, NotThere
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Compute, Copy, Load, Task
from hyperdrive_sim.schedule.writer import scheduled
from hyperdrive_sim.testing.worlds import Built, same


class Mutant(NamedTuple):
    """A schedule in which one task is another; *edge* is what it no longer comes after, or starts with, if that is the change."""

    position: int
    task: Task
    what: str
    edge: int | None = None
    starts: bool = False

    def of(self, schedule: Schedule) -> Schedule:
        return scheduled([*schedule[: self.position], self.task, *schedule[self.position + 1 :]], schedule.streams)


def idle(schedule: Schedule) -> Iterator[Mutant]:
    """Each task that moves data once takes its time and does nothing."""
    for index, task in enumerate(schedule):
        if isinstance(task.effect, Copy | Load):
            yield Mutant(index, task._replace(effect=None), f"{_named(index, task)} does nothing")


def unbound(schedule: Schedule) -> Iterator[Mutant]:
    """Each task once does not wait for each of those that it waits for."""
    for index, task in enumerate(schedule):
        for edge in task.after:
            fewer = task._replace(after=tuple(other for other in task.after if other != edge))
            yield Mutant(index, fewer, f"{_named(index, task)} does not wait for {_named(edge, schedule[edge])}", edge)
        for edge in task.after_start:
            fewer = task._replace(after_start=tuple(other for other in task.after_start if other != edge))
            yield Mutant(index, fewer, f"{_named(index, task)} does not start with {_named(edge, schedule[edge])}", edge, starts=True)


def _named(index: int, task: Task) -> str:
    return f"task {index} ({task.name} of {task.layer})"


def survives(mutant: Mutant, built: Built) -> bool:
    """True if neither the proof nor the execution finds anything wrong with it."""
    schedule = mutant.of(built.compiled.schedule)
    return not fault(built, schedule) and not runs_wrong(built, schedule)


def excused(mutant: Mutant, schedule: Schedule) -> bool:
    """True if a mutant may survive: what it lost was repeated elsewhere or only kept pace."""
    return any(excuse(mutant, schedule) for excuse in (repeated, paces, queues, idles))


def fault(built: Built, schedule: Schedule) -> str:
    """The hazard that the proof finds; empty if there is none."""
    try:
        hazards.check(built.compiled.scheduled(schedule))
    except Hazard as hazard:
        return str(hazard)
    return ""


def runs_wrong(built: Built, schedule: Schedule) -> bool:
    """True if the execution in simulated time misses something, or ends in values that are not golden's."""
    try:
        outputs = list(replay(built.compiled.scheduled(schedule), built.computation))
    except NotThere:
        return True
    tolerance = built.architecture.tolerance
    return not all(same(values, built.golden[name], tolerance) for output in outputs for name, values in output.items())


def repeated(mutant: Mutant, schedule: Schedule) -> bool:
    """True if the lost edge is certain all the same, because of the others."""
    if mutant.edge is None or mutant.starts:
        return False
    return bool(_pasts(mutant, schedule).ended[mutant.position] >> mutant.edge & 1)


def paces(mutant: Mutant, schedule: Schedule) -> bool:
    """True if the lost edge is one of a task that only occupies its unit, or of one that has certainly begun all the same."""
    if mutant.edge is None:
        return False
    if None in (schedule[mutant.position].effect, schedule[mutant.edge].effect):
        return True
    return bool(_pasts(mutant, schedule).begun[mutant.position] >> mutant.edge & 1)


def _pasts(mutant: Mutant, schedule: Schedule) -> Pasts:
    """The certain pasts of a mutant's tasks, up to the one that was changed."""
    return Pasts(mutant.of(schedule)[: mutant.position + 1])


def queues(mutant: Mutant, schedule: Schedule) -> bool:
    """True if the lost edge is between two blocks of one layer on one unit, which never computes both at a time."""
    if mutant.edge is None:
        return False
    one, other = mutant.task, schedule[mutant.edge]
    return isinstance(one.effect, Compute) and isinstance(other.effect, Compute) and (one.unit, one.layer) == (other.unit, other.layer)


def idles(mutant: Mutant, schedule: Schedule) -> bool:
    """True if the lost effect is a load that repeats an earlier one."""
    return mutant.edge is None and reloads(mutant.position, schedule)


def reloads(index: int, schedule: Schedule) -> bool:
    """True if a task loads the very weights, into the very memories, that an earlier one has loaded: they may be there still."""
    effect = schedule[index].effect
    return isinstance(effect, Load) and any(task.effect == effect for task in schedule[:index])


def late(mutant: Mutant, schedule: Schedule) -> Iterator[Schedule]:
    """For each task that moves data, with those late that it was sure to come after and now is not: begun late, or taking long."""
    tasks, whole = list(mutant.of(schedule)), schedule.critical_path_ps
    now, before = Pasts(tasks), Pasts(list(schedule))
    moving = {index for index, task in enumerate(tasks) if task.effect is not None}
    for index in sorted(moving):
        begun = moving & set(members(before.begun[index] & ~now.begun[index]))
        ended = moving & set(members(before.ended[index] & ~now.ended[index])) - begun
        if begun or ended:
            yield scheduled(
                [
                    task._replace(unit=str(n), not_before_ps=whole * (n in begun), ps=task.ps + whole * (n in ended))
                    for n, task in enumerate(tasks)
                ],
                schedule.streams,
            )
