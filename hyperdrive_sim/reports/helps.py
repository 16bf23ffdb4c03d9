"""What would help: the makespan of a run if units of some kinds took half their time, simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hyperdrive_sim.engine.simulate import chosen, preferred, simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.records import UnitRow
from hyperdrive_sim.schedule.faster import twice_as_fast
from hyperdrive_sim.schedule.machine import Machine, Unit

WORTH_TRYING = 0.05
"""Share of the time that must go to a kind of unit for a summary to try it: what little goes to it can save is no more."""

FEW = 3
"""Kinds that a summary tries."""

NOTHING = 0.005
"""Part of the makespan that is too little to be called a help."""

ARRIVAL = "arrival"
"""What time goes to in which nothing is done because a frame has not arrived."""


@dataclass(frozen=True)
class Help:
    """What some kinds of unit, twice as fast, make of a run: `change` is by what part of the makespan it changes, negative if shorter."""

    kinds: tuple[str, ...]
    makespan_s: float
    change: float


def tried(machine: Machine, trace: Trace, groups: Sequence[tuple[str, ...]]) -> Iterator[Help]:
    """What each of some groups of kinds helps, all units of a group twice as fast."""
    engine = chosen(preferred(), len(trace) * len(groups))
    for kinds in groups:
        makespan_ps = simulate(twice_as_fast(trace.tasks, machine, kinds), engine=engine).makespan_ps
        yield Help(kinds, makespan_ps / PS_PER_S, makespan_ps / trace.makespan_ps - 1)


def most(machine: Machine, trace: Trace) -> tuple[Help, ...]:
    """What the kinds that most of the time goes to help, each alone, the best first; before them all together if none alone does."""
    spent = time_goes_to(machine.units, trace)
    kinds = [kind for kind, share in spent if share >= WORTH_TRYING and kind != ARRIVAL][:FEW]
    alone = sorted(tried(machine, trace, [(kind,) for kind in kinds]), key=lambda one: one.change)
    if len(alone) < 2 or alone[0].change <= -NOTHING:
        return tuple(alone)
    return (*tried(machine, trace, [tuple(kinds)]), *alone)


def time_goes_to(units: Sequence[Unit] | Sequence[UnitRow], trace: Trace) -> list[tuple[str, float]]:
    """Shares of the time by kind of unit, along the chain of tasks that ends last; the largest first."""
    kinds, spent = {unit.name: unit.kind for unit in units}, Counter[str]()
    for index, ps in trace.chain():
        spent[ARRIVAL if index is None else kinds[trace.tasks.unit[index]]] += ps
    return [(kind, ps / spent.total()) for kind, ps in spent.most_common()]
