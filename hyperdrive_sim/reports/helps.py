"""What would help: how long a run would last if units of some kinds took half their time, simulated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum

from hyperdrive_sim.engine.simulate import chosen, preferred, simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.layer_table import ARRIVAL
from hyperdrive_sim.reports.pace import frame_times
from hyperdrive_sim.reports.records import UnitRow
from hyperdrive_sim.schedule.faster import twice_as_fast
from hyperdrive_sim.schedule.machine import Machine, Unit

WORTH_TRYING = 0.05
"""Share of the time, without arrivals, that must go to a kind of unit for a summary to try it: what goes to it is all it can save."""

FEW = 3
"""Kinds that a summary tries."""

NOTHING = 0.005
"""Part of the time that is too little to be called a help."""


@dataclass(frozen=True)
class Help:
    """What some kinds of unit, twice as fast, make of the time that a run lasts: `change` is by what part, negative if shorter."""

    kinds: tuple[str, ...]
    time_s: float
    change: float


def tried(machine: Machine, trace: Trace, groups: Sequence[tuple[str, ...]]) -> Iterator[Help]:
    """What each of some groups of kinds helps, all units of a group twice as fast."""
    engine, whole_ps = chosen(preferred(), len(trace) * len(groups)), lasts_ps(trace)
    for kinds in groups:
        time_ps = lasts_ps(simulate(twice_as_fast(trace.tasks, machine, kinds), engine=engine))
        yield Help(kinds, time_ps / PS_PER_S, time_ps / whole_ps - 1)


def lasts_ps(trace: Trace) -> float:
    """How long a run lasts: its makespan or, where frames arrive at times of their own, the mean latency of a frame."""
    return float(frame_times(trace, arrive=True).latency.mean()) if _arrive(trace) else trace.makespan_ps


def lasting(trace: Trace) -> str:
    """What that is, in words."""
    return "mean latency" if _arrive(trace) else "makespan"


def _arrive(trace: Trace) -> bool:
    return bool(trace.tasks.not_before_ps.any())


def most(machine: Machine, trace: Trace) -> tuple[Help, ...]:
    """What the kinds that most of the time goes to help, each alone, the best first; before them all together if none alone does."""
    spent = {kind: share for kind, share in time_goes_to(machine.units, trace) if kind != ARRIVAL}
    kinds = [kind for kind, share in spent.items() if share >= WORTH_TRYING * fsum(spent.values())][:FEW]
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
