"""What every architecture is held to, systems of several parts are held to as well: placed, timed, executed, proven and priced."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache

import pytest
from systems.composed import BANDS, BRANCHES, BUS, CUT, MIXED, RECEIVER, REPLICAS, Composed, groupnet, mixed

from hyperdrive_sim.testing import test_contract as contract
from hyperdrive_sim.testing import test_mutations as mutations
from hyperdrive_sim.testing.mutants import excused, idle, survives, unbound
from hyperdrive_sim.testing.worlds import Built

WORLDS = {
    "replicas": (groupnet, REPLICAS),
    "replicas on a bus": (groupnet, REPLICAS | BUS),
    "cut": (groupnet, CUT),
    "branches": (groupnet, BRANCHES),
    "bands": (groupnet, BANDS),
    "bands on a bus": (groupnet, BANDS | BUS),
    "converted by the sender": (mixed, MIXED),
    "converted by the receiver": (mixed, RECEIVER),
}

ALL = [test for name, test in vars(contract).items() if name.startswith("test_") and "built" in inspect.signature(test).parameters]


@cache
def world(name: str, frames: int = 3) -> Composed:
    network, said = WORLDS[name]
    return Composed(name, network(), said, frames)


@pytest.mark.parametrize("test", ALL, ids=lambda test: test.__name__)
@pytest.mark.parametrize("name", WORLDS)
def test_the_contract_holds(test: Callable[..., None], name: str, request: pytest.FixtureRequest) -> None:
    wanted = inspect.signature(test).parameters
    test(**{one: world(name) if one == "built" else request.getfixturevalue(one) for one in wanted})


@pytest.mark.parametrize("name", ["converted by the sender", "converted by the receiver"])
def test_every_effect_and_every_edge_is_needed(name: str) -> None:
    """Hops, conversions and back-pressure among them, in three frames: the third waits for the room of the first."""
    built: Built = world(name)
    schedule = built.compiled.schedule
    needed = [mutant for mutant in (*idle(schedule), *unbound(schedule)) if not excused(mutant, schedule)]
    assert any("hop" in mutant.what for mutant in needed)
    assert any("convert" in mutant.what for mutant in needed)
    assert [mutant.what for mutant in needed if survives(mutant, built)] == []


@pytest.mark.parametrize("name", ["cut", "converted by the sender"])
def test_execution_alone_finds_every_missing_effect(name: str) -> None:
    assert mutations.unexecuted(world(name)) == []
