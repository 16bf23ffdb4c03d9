"""The contract's tests of mutants and tiles in their strong form: with figures of the five chips."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

import pytest
from pinned import MUTATED, WORKING, mutated, working_macs

from hyperdrive_sim.testing.mutants import excused, idle, survives, unbound
from hyperdrive_sim.testing.test_mutations import harmless, refused, unexecuted
from hyperdrive_sim.testing.worlds import Built, worlds


def cases() -> Iterator[object]:
    """All mutated worlds. A quick look is content with the contract's own mutants, which are not counted."""
    for name in MUTATED:
        for built, tried, spare in mutated(name):
            yield pytest.param(built, tried, spare, id=str(built))


@pytest.mark.slow
@pytest.mark.parametrize(("built", "tried", "spare"), list(cases()))
def test_so_many_effects_and_edges_are_needed(built: Built, tried: int, spare: int) -> None:
    schedule = built.compiled.schedule
    mutants = [*idle(schedule), *unbound(schedule)]
    assert len(mutants) == tried
    spared = [mutant for mutant in mutants if survives(mutant, built)]
    assert [mutant.what for mutant in spared if not excused(mutant, schedule)] == []
    assert len(spared) == spare, [mutant.what for mutant in spared]


@pytest.mark.parametrize("name", MUTATED)
def test_execution_alone_finds_what_is_missing(name: str) -> None:
    """On the first of the mutated worlds, of which no load of weights is a second one; more than a third of the tasks have such an edge."""
    built, _, _ = mutated(name)[0]
    assert unexecuted(built) == []
    known = refused(built)
    assert len(known) > len(built.compiled.schedule) / 3
    assert harmless(built, known) == []


@pytest.mark.parametrize("built", [built for name in WORKING for built in worlds(name)], ids=str)
def test_tiles_are_useful_for_exactly_the_work_there_is(built: Built) -> None:
    """Useful shares of the cycles in which tiles can work, times what they could do, are the network's multiply-accumulates.

    Of layers that have some: a mean adds up in cycles of the same kind.
    """
    macs = {layer: built.network.macs(layer) for layer in built.layers}
    working, per_cycle = WORKING[built.architecture.name], working_macs(built.architecture.name, built.compiled)
    done = 0.0
    for chip, shares in built.compiled.mapped.tiles(None).items():
        tasks = [task for task in built.compiled.schedule if task.unit.startswith(f"{chip}.") and macs.get(task.layer, 1)]
        cycles = sum(task.actions.get(action, 0) for task in tasks for action in working)
        done += float(shares.mean()) * cycles * per_cycle
    assert isclose(done, sum(macs.values()) * built.world.frames, rel_tol=1e-9)
