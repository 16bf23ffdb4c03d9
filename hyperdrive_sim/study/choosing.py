"""Choice of what a scenario leaves open, such as `mesh: auto`: the candidates that an architecture names are simulated for a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from hyperdrive_sim.engine.compiled import Candidate, Compiled
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule import goals
from hyperdrive_sim.schedule.goals import Goal
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.tasks import Arrivals

MOST = 4
"""Candidates that are simulated."""

AFFORDABLE = 400_000
"""Tasks that candidates may have together, in a frame each: beyond that an estimate has to do."""


def chosen(first: Compiled, others: Iterable[Mapped], goal: Goal) -> Compiled:
    """The best of *first* and *others*, the most promising candidates in this order; *first*, untried, where they are too large to try.

    Best is the smallest that is worth its chips; of as many chips, the better.
    """
    tried = list(_affordable(first, others))
    if len(tried) == 1:
        return first
    found = _simulated(tried)
    costs = goals.cost(goal, *np.array([(one.latency_s, one.energy_j) for one in found]).T)
    chips = np.array([one.chips for one in found])
    order = np.lexsort((costs, chips))
    best = int(order[goals.worth(goal, chips[order], costs[order])][0])
    runners_up = [number for number in np.argsort(costs, kind="stable").tolist() if number != best]
    return tried[best].beside((found[best], *(found[number] for number in runners_up)))


def _affordable(first: Compiled, others: Iterable[Mapped]) -> Iterator[Compiled]:
    """The first, and others as long as all of them together have few enough tasks, if a chip has as many in each."""
    size = _frame(first).size
    yield first
    tasks = size
    for mapped in islice(others, MOST - 1) if 2 * size <= AFFORDABLE else ():
        tasks += size * mapped.machine.chips // first.machine.chips
        if tasks <= AFFORDABLE:
            yield first.on(mapped)


def _simulated(tried: Sequence[Compiled]) -> list[Candidate]:
    specs = [dict(one.mapped.spec) for one in tried]
    differ = [key for key in specs[0] if any(spec[key] != specs[0][key] for spec in specs)]
    return [_candidate(one, {key: spec[key] for key in differ}) for one, spec in zip(tried, specs, strict=True)]


def _candidate(one: Compiled, settings: Mapping[str, object]) -> Candidate:
    frame = _frame(one)
    return Candidate(settings, one.machine.chips, frame.trace.makespan_ps / PS_PER_S, frame.ledger.total_j)


def _frame(one: Compiled) -> Compiled:
    """A run of one frame that is there from the beginning: itself, with what has been made of it, if it is one."""
    return one if one.arrivals.frames == 1 and not one.arrivals.last_ps else one.arriving(Arrivals())
