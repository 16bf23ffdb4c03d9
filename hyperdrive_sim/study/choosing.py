"""Choice of what a scenario leaves open, such as `mesh: auto`: the candidates that an architecture names are simulated for a frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from hyperdrive_sim.archs.architecture import WORTH
from hyperdrive_sim.engine.compiled import Candidate, Compiled
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.spec import Goal

MOST = 3
"""Candidates that are simulated."""

AFFORDABLE = 400_000
"""Tasks that candidates may have together, in a frame each and if all have as many: beyond that an estimate has to do."""


def chosen(first: Compiled, others: Iterable[Mapped], goal: Goal) -> Compiled:
    """The best of *first* and *others*, the most promising candidates in this order; *first*, untried, where they are too large to try.

    Best is the one with the fewest chips of those that are nearly as good as any; of as many chips, the better.
    """
    number = min(MOST, AFFORDABLE // first.of_frames(1).size)
    tried = [first, *map(first.on, islice(others, max(0, number - 1)))]
    if len(tried) == 1:
        return first
    found = _simulated(tried)
    costs = [_cost(one, goal) for one in found]
    worth = [number for number, cost in enumerate(costs) if WORTH * cost <= min(costs)]
    best = min(worth, key=lambda number: (found[number].chips, costs[number]))
    runners_up = sorted({*range(len(tried))} - {best}, key=costs.__getitem__)
    return tried[best].beside((found[best], *(found[number] for number in runners_up)))


def _simulated(tried: Sequence[Compiled]) -> list[Candidate]:
    specs = [dict(one.mapped.spec) for one in tried]
    differ = [key for key in specs[0] if any(spec[key] != specs[0][key] for spec in specs)]
    return [_candidate(one, {key: spec[key] for key in differ}) for one, spec in zip(tried, specs, strict=True)]


def _candidate(one: Compiled, settings: Mapping[str, object]) -> Candidate:
    frame = one if one.arrivals.frames == 1 else one.of_frames(1)
    return Candidate(settings, one.machine.chips, frame.trace.makespan_ps / PS_PER_S, frame.ledger.total_j)


def _cost(one: Candidate, goal: Goal) -> float:
    """What is wanted little of; of as many chips, energy x delay decides."""
    match goal:
        case "latency":
            return one.latency_s
        case "energy":
            return one.energy_j
        case _:
            return one.latency_s * one.energy_j
