"""Parts of a system: replicas of a chip in one schedule, which engine, replay, proof and ledger take as they are."""

from __future__ import annotations

from dataclasses import replace
from math import isclose

import pytest
from systems.composed import system
from worlds import on

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import Finding
from hyperdrive_sim.network import synthetic, zoo
from hyperdrive_sim.network.golden import Computation, forward
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.machine import is_array
from hyperdrive_sim.schedule.prices import carries
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Copy
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.systems.placed import PlacedPart, Position

TWO = Arrivals(2)
NETWORKS = {"hyperdrive": ("tiny_resnet", (3, 12, 12)), "nandnet_dram": ("tiny_xnor_pooled", (3, 9, 8))}
OTHERS = ("tiny_groupnet", (3, 6, 6))


def network(chip: str) -> Network:
    name, shape = NETWORKS.get(chip, OTHERS if "nandnet" not in chip else ("tiny_xnor_pooled", (3, 9, 8)))
    return zoo.build(name, shape)


def replicas(chip: str, frames: int = 4) -> Compiled:
    """Two of a chip, which take frames in turn."""
    said = {"parts": {"replica": {"architecture": chip, "count": 2}}, "partition": {"replica": ["*"]}}
    return system(network(chip), said, frames)


@pytest.mark.parametrize("chip", registry.folders())
def test_two_replicas_are_twice_as_fast_and_bit_true(chip: str) -> None:
    """Four frames take as long as two on one of them, cost twice as much, and each is right."""
    both, alone = replicas(chip), on(registry.load(chip), network(chip), TWO)
    assert both.trace.makespan_ps == alone.trace.makespan_ps
    assert isclose(both.ledger.total_j, 2 * alone.ledger.total_j, rel_tol=1e-12)
    assert both.ledger.io_bits() == {what: 2 * bits for what, bits in alone.ledger.io_bits().items()}
    hazards.check(both)
    parameters, given = synthetic.random_parameters(both.network, 1), synthetic.random_inputs(both.network, 1)
    computation = Computation(both.network, parameters, given, both.mapped.arithmetic)
    golden = dict(forward(computation))
    frames = list(replay(both, computation))
    assert len(frames) == 4
    assert all((values == golden[name]).all() for frame in frames for name, values in frame.items())


def test_names_begin_with_the_part() -> None:
    both = replicas("xnorbin")
    assert [unit.name for unit in both.machine.units if is_array(unit.kind)] == ["replica[0].chip.bpus", "replica[1].chip.bpus"]
    assert {unit.part for unit in both.machine.units} == {"replica[0]", "replica[1]"}
    assert "replica[1].host.flash" in both.machine.unit
    assert "replica[0].chip.maps1" in both.machine.memory
    assert {task.frame for task in both.schedule if task.unit.startswith("replica[1].")} == {1, 3}
    assert {action.partition(".")[0] for action in both.schedule.action_counts} == {"replica[0]", "replica[1]"}
    assert carries("replica[0].weight_io.bit") == carries("weight_io.bit") == "weights"
    assert carries("replica[0].bpu.unit_cycle") == ""


def test_prices_may_differ_by_part() -> None:
    """The second replica at 1.2 V."""
    chip, net = registry.load("xnorbin"), network("xnorbin")
    slow, fast = (PlacedPart(on(chip, net, voltage_v=v).mapped, Position(name)) for name, v in (("slow", 0.8), ("fast", 1.2)))
    prices = {**slow.prices, **fast.prices}
    assert prices["slow.bpu.unit_cycle"].pj < prices["fast.bpu.unit_cycle"].pj
    assert prices["fast.bpu.unit_cycle"].action == "fast.bpu.unit_cycle"


def test_maps_may_come_from_elsewhere_than_the_host() -> None:
    part = PlacedPart(on(registry.load("xnorbin"), network("xnorbin")).mapped, Position("core", source="camera", sink="dram"))
    writer = Writer()
    part.write(writer, Arrivals(), "block")
    copies = [task.effect for task in writer.schedule() if isinstance(task.effect, Copy)]
    assert {copy.source for copy in copies if not copy.source.startswith("core.")} == {"camera"}
    assert {copy.target for copy in copies if not copy.target.startswith("core.")} == {"dram"}
    assert not any(HOST in (copy.source, copy.target) for copy in copies)


def test_what_tasks_share_stays_shared() -> None:
    """One mapping of actions and one record of locations for all blocks of a step, as without a part's name."""
    plain, both = on(registry.load("hyperdrive"), network("hyperdrive"), TWO).schedule, replicas("hyperdrive").schedule
    for shared in (lambda task: id(task.actions), lambda task: id(getattr(task.effect, "locations", None))):
        assert len(set(map(shared, both))) <= 2 * len(set(map(shared, plain)))


def test_a_part_that_is_too_large_is_noticed_while_it_is_written() -> None:
    """By its own loops already, and not only when all of it is there."""

    def refuse(size: int) -> None:
        raise ValueError(f"{size} tasks")

    mapped, to = on(registry.load("xnorbin"), network("xnorbin")).mapped, Writer(large=5, when_large=refuse)
    with pytest.raises(ValueError, match=r"tasks$"):
        PlacedPart(mapped, Position("core")).write(to, Arrivals(), "block")
    assert to.size == 0


def test_a_layer_that_is_computed_twice_in_one_part_is_a_fault() -> None:
    mapped = on(registry.load("xnorbin"), network("xnorbin")).mapped
    twice = replace(mapped.placement, parts=(*mapped.placement.parts, *mapped.placement.parts))
    with pytest.raises(Finding, match="is computed by 2 units, not by one"):
        twice.checked(mapped.network, mapped.machine)


def test_a_unit_that_is_not_there() -> None:
    mapped = on(registry.load("xnorbin"), network("xnorbin")).mapped
    with pytest.raises(Finding, match=r"is computed by 'core\.chip\.bpus', which this machine does not have"):
        PlacedPart(mapped, Position("core")).placement.checked(mapped.network, mapped.machine)
