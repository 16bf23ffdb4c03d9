"""What a schedule says is needed: without any one of its effects or edges, something is found.

The static proof must find it, or the execution in simulated time: NotThere, or values that differ from golden. An edge may be spared only
where the others say the same, so that nothing at all is any less certain without it, or where it only keeps pace: one of its two tasks
occupies a unit and moves no data, or has begun by then in any case, and read what it reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from contract_worlds import Built, label, module, same

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.accesses import Pasts, members
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import Hazard, NotThere
from hyperdrive_sim.schedule.tasks import Copy, Load, Schedule, Task


class Mutant(NamedTuple):
    """A schedule in which one task is another; *edge* is what it no longer comes after, or starts with, if that is the change."""

    index: int
    task: Task
    what: str
    edge: int | None = None
    starts: bool = False

    def of(self, schedule: Schedule) -> Schedule:
        return Schedule([*schedule.tasks[: self.index], self.task, *schedule.tasks[self.index + 1 :]])


def idle(schedule: Schedule) -> Iterator[Mutant]:
    """Each task that moves data once takes its time and does nothing."""
    for index, task in enumerate(schedule.tasks):
        if isinstance(task.effect, Copy | Load):
            yield Mutant(index, task._replace(effect=None), f"{task.name} {index} does nothing")


def unbound(schedule: Schedule) -> Iterator[Mutant]:
    """Each task once does not wait for each of those that it waits for."""
    for index, task in enumerate(schedule.tasks):
        for edge in task.after:
            fewer = task._replace(after=tuple(other for other in task.after if other != edge))
            yield Mutant(index, fewer, f"{task.name} {index} does not wait for {edge}", edge)
        for edge in task.after_start:
            fewer = task._replace(after_start=tuple(other for other in task.after_start if other != edge))
            yield Mutant(index, fewer, f"{task.name} {index} does not start with {edge}", edge, starts=True)


def proven_wrong(built: Built, schedule: Schedule) -> bool:
    return bool(fault(built, schedule))


def fault(built: Built, schedule: Schedule) -> str:
    """What the proof finds, if anything."""
    try:
        hazards.check(built.compiled.scheduled(schedule))
    except Hazard as hazard:
        return str(hazard)
    return ""


def runs_wrong(built: Built, schedule: Schedule) -> bool:
    try:
        outputs = list(replay(built.compiled.scheduled(schedule), built.computation))
    except NotThere:
        return True
    return not all(same(values, built.golden[name]) for output in outputs for name, values in output.items())


def repeated(mutant: Mutant, schedule: Schedule) -> bool:
    """Whether the lost edge is certain all the same, because of the others."""
    if mutant.edge is None or mutant.starts:
        return False
    return bool(Pasts(schedule.tasks[: mutant.index + 1]).ended[mutant.index] >> mutant.edge & 1)


def paces(mutant: Mutant, schedule: Schedule) -> bool:
    """Whether the lost edge is one of a task that only occupies its unit, or of one that has certainly begun all the same."""
    if mutant.edge is None:
        return False
    if None in (schedule[mutant.index].effect, schedule[mutant.edge].effect):
        return True
    return bool(Pasts(mutant.of(schedule).tasks[: mutant.index + 1]).begun[mutant.index] >> mutant.edge & 1)


def cases() -> Iterator[object]:
    """All mutated worlds; a quick look takes the first of each architecture."""
    for name in registry.names():
        for number, (world, tried, spare) in enumerate(module(name).MUTATED):
            built = Built(registry.load(name), world)
            yield pytest.param(built, tried, spare, id=label(built), marks=[pytest.mark.slow] if number else [])


@pytest.mark.parametrize(("built", "tried", "spare"), list(cases()))
def test_every_effect_and_every_edge_is_needed(built: Built, tried: int, spare: int) -> None:
    mutants = [*idle(built.schedule), *unbound(built.schedule)]
    assert len(mutants) == tried
    spared = []
    for mutant in mutants:
        schedule = mutant.of(built.schedule)
        if not proven_wrong(built, schedule) and not runs_wrong(built, schedule):
            assert repeated(mutant, schedule) or paces(mutant, built.schedule), mutant.what
            spared.append(mutant.what)
    assert len(spared) == spare, spared


@pytest.mark.parametrize("name", registry.names())
def test_execution_alone_finds_every_missing_effect(name: str) -> None:
    """Without the proof's help, on the first of the mutated worlds."""
    built = first_world(name)
    assert not runs_wrong(built, built.schedule)
    assert [mutant.what for mutant in idle(built.schedule) if not runs_wrong(built, mutant.of(built.schedule))] == []


@pytest.mark.parametrize("name", registry.names())
def test_execution_alone_finds_every_missing_edge_once_it_matters(name: str) -> None:
    """All that the proof refuses does go wrong, if what is no longer waited for comes late and nobody waits for a unit.

    But for two things that come to a buffer in no certain order, which the proof refuses even where neither pushes anything out.
    """
    built = first_world(name)
    faults = [(mutant, fault(built, mutant.of(built.schedule))) for mutant in unbound(built.schedule)]
    known = [mutant for mutant, found in faults if found and found.count("which brings") < 2]
    assert len(known) > len(built.schedule) / 3
    assert [mutant.what for mutant in known if not any(runs_wrong(built, one) for one in late(mutant, built.schedule))] == []


def late(mutant: Mutant, schedule: Schedule) -> Iterator[Schedule]:
    """For each task that moves data, with those late that it was sure to come after and now is not: begun late, or taking long."""
    tasks, whole = mutant.of(schedule).tasks, schedule.critical_path_ps
    now, before = Pasts(tasks), Pasts(schedule.tasks)
    moving = {index for index, task in enumerate(tasks) if task.effect is not None}
    for index in sorted(moving):
        begun = moving & set(members(before.begun[index] & ~now.begun[index]))
        ended = moving & set(members(before.ended[index] & ~now.ended[index])) - begun
        if begun or ended:
            yield Schedule(
                task._replace(unit=str(n), not_before_ps=whole * (n in begun), ps=task.ps + whole * (n in ended))
                for n, task in enumerate(tasks)
            )


def first_world(name: str) -> Built:
    return Built(registry.load(name), module(name).MUTATED[0][0])
