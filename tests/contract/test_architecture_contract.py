"""What every architecture must do, on small networks that try everything: found, placed, lowered, timed, executed, proven and priced."""

from __future__ import annotations

from math import isclose
from typing import get_args

import numpy as np
import pytest
from contract_worlds import SEED, Built, label, module, same, worlds

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.prices import IO_ACTIONS, PJ, Provenance
from hyperdrive_sim.schedule.tasks import Compute, Load, Schedule, Task

MINIMUM = 5
"""How many architectures there must be at least; raised as they land."""

each_world = pytest.mark.parametrize("built", worlds(), ids=label)
each_architecture = pytest.mark.parametrize("name", registry.names())


def test_all_architectures_are_found() -> None:
    assert len(registry.names()) >= MINIMUM
    for name in registry.names():
        assert registry.load(name).name == name
        assert len(module(name).WORLDS) >= 5


@each_world
def test_placement_tiles_every_output_and_fits(built: Built) -> None:
    placement = built.placement
    assert {part.layer for part in placement.parts} <= set(built.layers)
    assert {part.unit for part in placement.parts} <= set(built.machine.unit)
    assert {part.memory for part in placement.parts} | set(placement.residents) <= set(built.machine.memory)


@each_world
def test_schedule_is_sound_and_counted(built: Built) -> None:
    assert built.compiled.size == len(built.schedule)
    assert {task.frame for task in built.schedule} == set(range(built.world.arrivals.frames))


@each_world
def test_all_work_is_done_once_and_all_weights_are_moved(built: Built) -> None:
    """In every frame; the weights at least once, as a buffer may keep them."""
    network, frames = built.network, built.world.arrivals.frames
    macs, pixels, bits = (dict.fromkeys(built.layers, 0) for _ in range(3))
    for task in built.schedule:
        match task.effect:
            case Compute(site, c0, c1, patches):
                for patch in patches:
                    for layer, out in zip(site.layers, network.under(site.layers, patch.out.channels(c0, c1)), strict=True):
                        macs[layer] += network.macs(layer, out)
                        pixels[layer] += out.size
            case Load(layer, c0, c1, carried):
                assert carried >= network.weight_bits(layer, c1 - c0)
                bits[layer] += network.weight_bits(layer, c1 - c0)
    for layer in built.layers:
        assert macs[layer] == network.macs(layer) * frames
        assert pixels[layer] == network.shape(layer).size * frames
        assert bits[layer] in (network.weight_bits(layer), network.weight_bits(layer) * frames)


@each_world
def test_replay_equals_golden(built: Built) -> None:
    """The output of every frame, and every block of every map on the way."""
    expected, tolerance, network = built.golden, built.architecture.tolerance, built.network
    wrong: list[str] = []

    def watch(task: Task, layer: str, block: Box, values: Array) -> None:
        if not same(values, expected[layer][block.slices(network.shape(layer).box)], tolerance):
            wrong.append(f"{layer}, frame {task.frame}: {block}")

    outputs = list(replay(built.compiled, built.computation, watch))
    assert not wrong
    assert len(outputs) == built.world.arrivals.frames
    assert all(same(values, expected[name], tolerance) for output in outputs for name, values in output.items())


@each_world
def test_nothing_depends_on_luck(built: Built) -> None:
    """Whatever the durations, everything is written before it is read and read before it is overwritten."""
    hazards.check(built.compiled)


@each_world
def test_any_durations_give_the_same_values(built: Built) -> None:
    """What the proof promises, tried: tasks take what they like and begin when they like, in whatever order their units like."""
    rng, tasks = np.random.default_rng(SEED), built.schedule.tasks
    durations, delays = ((10 ** rng.uniform(0, digits, len(tasks))).astype(int).tolist() for digits in (6, 8))
    drawn: list[Task] = []
    for index, (task, ps) in enumerate(zip(tasks, durations, strict=True)):
        longest = max([ps, *(drawn[stream].ps + drawn[stream].latency_ps for stream in task.after_start)])
        drawn.append(task._replace(unit=str(index), ps=longest, not_before_ps=delays[index]))
    outputs, tolerance = replay(built.compiled.scheduled(Schedule(drawn)), built.computation), built.architecture.tolerance
    assert all(same(values, built.golden[name], tolerance) for output in outputs for name, values in output.items())


@each_world
def test_bounds(built: Built) -> None:
    schedule, trace = built.schedule, built.trace
    everything = sum(task.ps + task.latency_ps for task in schedule) + max(task.not_before_ps for task in schedule)
    assert max(schedule.bound[1], max(schedule.work_ps.values()), schedule.critical_path_ps) <= trace.makespan_ps <= everything
    assert trace.busy_ps() == schedule.work_ps


@each_world
def test_two_runs_are_identical(built: Built) -> None:
    again = built.compiled.cut(built.world.grain).schedule
    assert again.tasks == built.schedule.tasks
    for now, then in zip(_times(again), _times(built.schedule), strict=True):
        assert np.array_equal(now, then)


@each_world
def test_twice_the_durations_take_twice_the_time(built: Built) -> None:
    slow = Schedule(t._replace(ps=2 * t.ps, latency_ps=2 * t.latency_ps, not_before_ps=2 * t.not_before_ps) for t in built.schedule)
    for now, then in zip(_times(slow), _times(built.schedule), strict=True):
        assert np.array_equal(now, 2 * then)


@each_world
def test_a_unit_per_task_leaves_the_critical_path(built: Built) -> None:
    alone = Schedule(task._replace(unit=str(number)) for number, task in enumerate(built.schedule))
    assert simulate(alone).makespan_ps == built.schedule.critical_path_ps


@each_world
def test_every_joule_has_a_price_and_all_breakdowns_one_total(built: Built) -> None:
    ledger, actions = built.compiled.ledger, built.schedule.actions
    total = sum(count * built.mapped.prices[action].pj * PJ for action, count in actions.items())
    by_action = sum(entry.joules for entry in ledger.by_action().values())
    for sums in (
        ledger.total_j,
        ledger.core_j + ledger.io_j,
        by_action,
        sum(ledger.by_layer().values()),
        sum(ledger.by_provenance().values()),
    ):
        assert isclose(sums, total, rel_tol=1e-12)
    assert {action: entry.count for action, entry in ledger.by_action().items()} == actions
    crossed = {kind: sum(actions[action] for action, its in IO_ACTIONS.items() if its == kind) for kind in IO_ACTIONS.values()}
    assert ledger.io_bits() == crossed
    weights = sum(map(built.network.weight_bits, built.layers))
    assert crossed["weights"] >= weights


@each_architecture
def test_every_price_has_a_source_and_is_used(name: str) -> None:
    used: set[str] = set()
    for built in (built for built in worlds() if built.architecture.name == name):
        prices = built.mapped.prices
        used |= {action for action, count in built.schedule.actions.items() if count}
        assert used <= set(prices)
        for action, price in prices.items():
            assert price.action == action
            assert price.pj >= 0
            assert price.source
            assert price.provenance in get_args(Provenance)
    assert used == set(prices)


@each_world
def test_tiles_are_useful_for_exactly_the_work_there_is(built: Built) -> None:
    """Useful shares of the cycles in which tiles can work, times what they could do, are the network's multiply-accumulates."""
    tiles = built.mapped.tiles(None)
    assert len(tiles) == built.machine.chips
    world = module(built.architecture.name)
    action = world.WORKING_ACTION
    peak = built.machine.peak_ops_per_cycle / built.machine.chips / 2
    per_cycle = world.working_macs(built) if hasattr(world, "working_macs") else peak
    done = 0.0
    for chip, shares in tiles.items():
        assert 0 <= shares.min() <= shares.max() <= 1
        cycles = sum(task.actions.get(action, 0) for task in built.schedule if task.unit.startswith(f"{chip}."))
        done += float(shares.mean()) * cycles * per_cycle
    assert isclose(done, sum(map(built.network.macs, built.layers)) * built.world.arrivals.frames, rel_tol=1e-9)


@each_world
def test_tiles_of_layers_are_those_of_the_run_apart(built: Built) -> None:
    """No tile is of more use in the whole run than in the layer that uses it best, nor of less than in the one that uses it worst."""
    of = built.mapped.tiles
    layers = {task.layer for task in built.schedule if isinstance(task.effect, Compute)}
    for chip, whole in of(None).items():
        apart = np.array([of(layer)[chip] for layer in sorted(layers)])
        assert apart.min() >= 0
        assert apart.max() <= 1
        assert (whole <= apart.max(axis=0) + 1e-12).all()


@each_world
def test_no_memory_ever_holds_more_than_it_can(built: Built) -> None:
    found = built.compiled.occupancy
    assert set(found) == set(built.machine.memory)
    for name, (times, bits, capacity) in found.items():
        assert (np.diff(times) > 0).all()
        assert capacity == built.machine.memory[name].bits
        assert 0 <= bits.min() <= bits.max() <= capacity
        if built.machine.memory[name].kind == "ram":
            assert bits[-1] == 0
    assert any(found[part.memory].peak for part in built.placement.parts)


def _times(schedule: Schedule) -> tuple[Array, Array, Array]:
    trace = simulate(schedule)
    return trace.ready, trace.start, trace.end
