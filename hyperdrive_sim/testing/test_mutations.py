"""Every effect and every edge of a schedule is needed, in the smallest world of several frames and layers."""

from __future__ import annotations

from hyperdrive_sim.testing.mutants import Mutant, excused, fault, idle, late, reloads, runs_wrong, survives, unbound
from hyperdrive_sim.testing.worlds import Built, smallest


def test_every_effect_and_every_edge_is_needed(name: str) -> None:
    built = smallest(name)
    schedule = built.compiled.schedule
    needed = [mutant for mutant in (*idle(schedule), *unbound(schedule)) if not excused(mutant, schedule)]
    assert needed, f"{built}: nothing in its schedule is needed"
    missed = [mutant.what for mutant in needed if survives(mutant, built)]
    assert missed == [], f"{built}: neither the proof nor the execution finds anything wrong, though"


def test_execution_alone_finds_every_missing_effect(name: str) -> None:
    """Without the proof's help."""
    missed = unexecuted(smallest(name))
    assert missed == [], f"{name}: the execution finds nothing wrong, though"


def test_execution_alone_finds_every_missing_edge_once_it_matters(name: str) -> None:
    """All that the proof refuses does go wrong, if what is no longer waited for comes late and nobody waits for a unit."""
    built = smallest(name)
    known = refused(built)
    assert known, f"{built}: the proof finds no edge that is needed"
    assert harmless(built, known) == [], f"{built}: with whatever was waited for late, the execution finds nothing wrong, though"


def unexecuted(built: Built) -> list[str]:
    """Missing effects, in words, that the execution does not notice."""
    schedule = built.compiled.schedule
    assert not runs_wrong(built, schedule), f"{built}: the schedule itself runs wrong"
    needed = (mutant for mutant in idle(schedule) if not excused(mutant, schedule))
    return [mutant.what for mutant in needed if not runs_wrong(built, mutant.of(schedule))]


def refused(built: Built) -> list[Mutant]:
    """Missing edges that the proof finds, and that matter.

    Two things that come to a buffer in no certain order are refused even where neither pushes anything out; weights that come a second
    time may be there still.
    """
    schedule = built.compiled.schedule
    edges = (mutant for mutant in unbound(schedule) if mutant.edge is not None and not reloads(mutant.edge, schedule))
    faults = ((mutant, fault(built, mutant.of(schedule))) for mutant in edges)
    return [mutant for mutant, found in faults if found and found.count("which brings") < 2]


def harmless(built: Built, mutants: list[Mutant]) -> list[str]:
    """Missing edges, in words, without which nothing goes wrong however late others are."""
    schedule = built.compiled.schedule
    return [mutant.what for mutant in mutants if not any(runs_wrong(built, one) for one in late(mutant, schedule))]
