"""The contract of every architecture, on small networks that try everything: placed, lowered, timed, executed, proven and priced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import fsum, isclose

import numpy as np
import pytest

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import background, hazards
from hyperdrive_sim.engine.ledger import joules
from hyperdrive_sim.engine.places import Instance
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.reports.report import summarise
from hyperdrive_sim.scenario import published, shipped
from hyperdrive_sim.schedule.faster import twice_as_fast
from hyperdrive_sim.schedule.mapped import Composed
from hyperdrive_sim.schedule.prices import IO_ACTIONS, carries
from hyperdrive_sim.schedule.provenance import BEST_FIRST, DEDUCED
from hyperdrive_sim.schedule.spec import origins
from hyperdrive_sim.schedule.tasks import Arrivals, Compute, Load, Task
from hyperdrive_sim.schedule.writer import scheduled
from hyperdrive_sim.testing import figures
from hyperdrive_sim.testing.worlds import SEED, Built, refusals, same, worlds

ENOUGH = 3
"""How many worlds there must be at least for the contract to mean anything."""
ROUNDING = 1e-12
"""How much a quotient of exact integers may be off in floating point."""


def test_it_is_found_and_there_is_enough_to_try(name: str) -> None:
    """The registry knows it by the name that it gives itself, and it runs some small networks of the zoo, or tells of others."""
    assert registry.load(name).name == name
    found = len(worlds(name))
    refused = "".join(f"\n  {network}: {why}" for network, why in refusals(name).items())
    few = f"{name} can be tried in {found} worlds, {ENOUGH} at least are needed; tell of some in a worlds.yaml. It refuses:{refused}"
    assert found >= ENOUGH, few


def test_placement_names_what_there_is(built: Built) -> None:
    """Units and memories of a placement exist; that it tiles every output and fits is checked where it is made."""
    placement, machine = built.compiled.placement, built.compiled.machine
    assert {part.layer for part in placement.parts} <= set(built.layers), "parts are of layers that the chip runs"
    assert {part.unit for part in placement.parts} <= set(machine.unit), "units of parts are the machine's"
    assert {part.memory for part in placement.parts} | set(placement.allocations) <= set(machine.memory), "memories are the machine's"


def test_the_worst_layer_has_room_for_all_that_is_alive(built: Built) -> None:
    """Whatever a layer reads and makes in memories that keep maps is alive at once."""
    placement, network = built.compiled.placement, built.network
    kept = {memory for memory, lying in placement.allocations.items() if lying and memory not in placement.halos}
    assert kept, "some memory holds maps"
    computing = [task.effect.locations for task in built.compiled.schedule if isinstance(task.effect, Compute)]
    for locations in {id(one): one for one in computing}.values():
        maps = {region.tensor for region in (*locations.reads, *locations.stores) if region.memory in kept}
        alive = sum(network.shape(name).size * placement.word_bits[name] for name in maps)
        assert placement.worst_bits() >= alive, f"while '{locations.layers[0]}' is computed"
        assert alive or not locations.weights, f"'{locations.layers[0]}' is computed of nothing"


def test_schedule_is_sound_and_counted(built: Built) -> None:
    schedule = built.compiled.schedule
    assert built.compiled.size == len(schedule), "tasks counted in advance are those that are written"
    assert {task.frame for task in schedule} == set(range(built.world.frames)), "every frame has tasks"


def test_all_work_is_done_once_and_all_weights_are_moved(built: Built) -> None:
    """In every frame; the weights in all or once, as a buffer may keep them, in a system as often as its chips and tiles load them."""
    network, frames = built.network, built.world.frames
    macs, pixels, bits = (dict.fromkeys(built.layers, 0) for _ in range(3))
    for _, layer, out in _computed(built):
        macs[layer] += network.macs(layer, out)
        pixels[layer] += out.size
    for task in built.compiled.schedule:
        if isinstance(task.effect, Load):
            layer, c0, c1, carried, _ = task.effect
            assert carried >= network.weight_bits(layer, c1 - c0), f"a load of '{layer}' carries less than its weights"
            bits[layer] += network.weight_bits(layer, c1 - c0)
    for layer in built.layers:
        assert macs[layer] == network.macs(layer) * frames, f"MACs of '{layer}'"
        assert pixels[layer] == network.shape(layer).size * frames, f"values of '{layer}'"
        once = network.weight_bits(layer)
        if isinstance(built.compiled.mapped, Composed):
            assert bits[layer] >= once, f"weight bits of '{layer}'"
            assert bits[layer] % max(1, once) == 0, f"weight bits of '{layer}'"
        else:
            assert bits[layer] in (once, once * frames), f"weight bits of '{layer}'"


def _computed(built: Built) -> Iterator[tuple[Task, str, Box]]:
    """Every block of every layer's output with the task that computes it."""
    for task in built.compiled.schedule:
        if isinstance(task.effect, Compute):
            locations, c0, c1, patches = task.effect
            for patch in patches:
                for layer, out in zip(locations.layers, built.network.under(locations.layers, patch.out.channels(c0, c1)), strict=True):
                    yield task, layer, out


def test_replay_equals_golden(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output of every frame, and every block of every map on the way, each computed by one of several threads."""
    monkeypatch.setattr(background, "WORTH_MACS", 0)
    expected, tolerance, network = built.golden, built.architecture.tolerance, built.network
    wrong: list[str] = []

    def watch(instance: Instance, layer: str, block: Box, values: Array) -> None:
        if not same(values, expected[layer][block.slices(network.shape(layer).box)], tolerance):
            wrong.append(f"{layer}, frame {instance.frame}: {block}")

    outputs = list(replay(built.compiled, built.computation, watch, threads=3))
    assert wrong == [], "blocks that differ from golden"
    assert len(outputs) == built.world.frames
    assert all(same(values, expected[name], tolerance) for output in outputs for name, values in output.items())


def test_nothing_depends_on_luck(built: Built) -> None:
    """Whatever the durations, everything is written before it is read and read before it is overwritten."""
    hazards.check(built.compiled)


def test_any_durations_give_the_same_values(built: Built) -> None:
    """The promise of the proof, tried: tasks take what they like and begin when they like, in whatever order their units like."""
    rng, tasks = np.random.default_rng(SEED), list(built.compiled.schedule)
    durations, delays = ((10 ** rng.uniform(0, digits, len(tasks))).astype(int).tolist() for digits in (6, 8))
    drawn: list[Task] = []
    for index, (task, ps) in enumerate(zip(tasks, durations, strict=True)):
        longest = max([ps, *(drawn[stream].ps + drawn[stream].latency_ps for stream in task.after_start)])
        drawn.append(task._replace(unit=str(index), ps=longest, not_before_ps=delays[index]))
    outputs, tolerance = replay(built.compiled.scheduled(scheduled(drawn)), built.computation), built.architecture.tolerance
    assert all(same(values, built.golden[name], tolerance) for output in outputs for name, values in output.items())


def test_units_that_are_twice_as_fast_give_the_same_values(built: Built) -> None:
    """What is tried to say what would help is a schedule that could run: each kind of unit alone, and all together."""
    made, tolerance = built.compiled, built.architecture.tolerance
    kinds = tuple(dict.fromkeys(made.machine.kinds[unit] for unit in made.schedule.unit.values))
    for some in (*((kind,) for kind in kinds), kinds):
        faster = made.scheduled(twice_as_fast(made.schedule, made.machine, some))
        hazards.check(faster)
        outputs = replay(faster, built.computation)
        assert all(same(values, built.golden[name], tolerance) for output in outputs for name, values in output.items()), some


def test_frames_may_arrive_at_any_times(built: Built) -> None:
    """Some task of each frame waits for its arrival; arrivals, even or not, change nothing else."""
    times = np.cumsum(np.random.default_rng(SEED).integers(0, 3, built.world.frames)) * 10**7
    written = built.compiled.arriving(Arrivals.at_times(times.tolist())).schedule
    at = times[written.frame]
    assert ((written.not_before_ps == at) | (written.not_before_ps == 0)).all(), "a task waits for another time than its frame's arrival"
    assert set(written.frame[written.not_before_ps == at]) == set(range(built.world.frames)), "no task of a frame waits for its arrival"
    assert [t._replace(not_before_ps=0) for t in written] == [t._replace(not_before_ps=0) for t in built.compiled.schedule]


def test_bounds(built: Built) -> None:
    schedule, trace = built.compiled.schedule, built.compiled.trace
    everything = sum(task.ps + task.latency_ps for task in schedule) + max(task.not_before_ps for task in schedule)
    assert max(schedule.bound[1], max(schedule.work_ps.values()), schedule.critical_path_ps) <= trace.makespan_ps <= everything
    assert trace.busy_ps() == schedule.work_ps


def test_two_runs_are_identical(built: Built) -> None:
    again = built.compiled.cut(built.compiled.grain)
    assert list(again.schedule) == list(built.compiled.schedule)
    for now, then in zip(_times(again.trace), _times(built.compiled.trace), strict=True):
        assert np.array_equal(now, then)


def test_twice_the_durations_take_twice_the_time(built: Built) -> None:
    schedule = built.compiled.schedule
    slow = scheduled(t._replace(ps=2 * t.ps, latency_ps=2 * t.latency_ps, not_before_ps=2 * t.not_before_ps) for t in schedule)
    for now, then in zip(_times(simulate(slow)), _times(built.compiled.trace), strict=True):
        assert np.array_equal(now, 2 * then)


def _times(trace: Trace) -> tuple[Array, Array, Array]:
    return trace.ready, trace.start, trace.end


def test_a_unit_per_task_leaves_the_critical_path(built: Built) -> None:
    alone = scheduled(task._replace(unit=str(number)) for number, task in enumerate(built.compiled.schedule))
    assert simulate(alone).makespan_ps == built.compiled.schedule.critical_path_ps


def test_every_joule_has_a_price_and_all_breakdowns_one_total(built: Built) -> None:
    ledger, actions = built.compiled.ledger, built.compiled.schedule.action_counts
    prices = {action: price.pj for action, price in built.compiled.mapped.prices.items()}
    assert ledger.total_j == joules((count, prices[action]) for action, count in actions.items()), "in all, to the last digit"
    parts = {
        "core and I/O": [ledger.core_j, ledger.io_j],
        "by action": [entry.joules for entry in ledger.by_action().values()],
        "by layer": ledger.by_layer().values(),
        "by provenance": ledger.by_provenance().values(),
    }
    for what, each in parts.items():
        assert isclose(fsum(each), ledger.total_j, rel_tol=1e-15), f"{what}: every part is rounded once"
    assert {action: entry.count for action, entry in ledger.by_action().items()} == actions
    crossed = {kind: sum(count for action, count in actions.items() if carries(action) == kind) for kind in IO_ACTIONS.values()}
    assert ledger.io_bits() == crossed
    assert crossed["weights"] >= sum(map(built.network.weight_bits, built.layers)), "weights cross the chip's edge"


def test_every_price_has_a_source_and_is_used(name: str) -> None:
    used: set[str] = set()
    for built in worlds(name):
        prices = built.compiled.mapped.prices
        used |= {action for action, count in built.compiled.schedule.action_counts.items() if count}
        assert used <= set(prices), "every action has a price"
        for action, price in prices.items():
            assert price.action == action
            assert price.pj >= 0, action
            assert price.source, f"'{action}' has no source"
            assert price.stated in BEST_FIRST, action
            assert price.rests_on or price.stated not in DEDUCED, f"'{action}' is {price.stated}: rests_on says from what"
    assert used == set(prices), "prices of actions that no world counts"


def test_every_default_and_entry_says_what_it_rests_on(name: str) -> None:
    """What is derived from other figures, or fitted to them, names them; it is known no better than these."""
    spec = registry.load(name).Spec
    assert set(origins(spec)) == set(spec.model_fields), "every field is a `figure`, with its source"
    for field, origin in origins(spec).items():
        assert origin.source, f"'{field}' has no source"
        assert origin.rests_on or origin.stated not in DEDUCED, f"'{field}' is {origin.stated}: rests_on says from what"
    for built in worlds(name):
        for entry, quantity in built.compiled.mapped.datasheet.items():
            assert quantity.source, f"'{entry}' has no source"
            assert quantity.rests_on or quantity.stated not in DEDUCED, f"'{entry}' is {quantity.stated}: rests_on says from what"


def test_figures_of_a_report_hold_together(built: Built) -> None:
    """No unit, link or layer does more than it can, the layers' time and energy are all there is; the world as a scenario."""
    report = summarise(built.scenario, built.compiled)
    assert list(figures.broken(report)) == []
    assert report.system.architecture == built.architecture.name or report.parts


def test_tiles_of_a_run_are_those_of_its_layers(built: Built) -> None:
    """A layer's work over its tiles' mean share is the time that they had for it; shares of the run are the mean of the layers' over that.

    Worked out for every chip of a mesh from what it computes, so no figure of the chip is needed for it.
    """
    macs: Counter[tuple[str, str]] = Counter()
    for task, layer, out in _computed(built):
        macs[task.unit, task.layer] += built.network.macs(layer, out)
    of = built.compiled.mapped.tiles
    whole, layers = of(None), {layer: of(layer) for layer in sorted({layer for _, layer in macs})}
    assert len(whole) == built.compiled.machine.chips, "an array of tiles for every chip"
    for chip, shares in whole.items():
        assert any(unit.startswith(f"{chip}.") for unit in built.compiled.machine.unit), f"no unit's path begins with '{chip}'"
        useful, time = np.zeros_like(shares), 0.0
        for layer, tiles in layers.items():
            assert 0 <= tiles[chip].min() <= tiles[chip].max() <= 1, f"shares of '{layer}'"
            done = sum(count for (unit, of_layer), count in macs.items() if of_layer == layer and unit.startswith(f"{chip}."))
            assert bool(done) == bool(tiles[chip].any()), f"'{layer}' has {done} MACs on {chip} and shares up to {tiles[chip].max()}"
            if done:
                useful += tiles[chip] * done / tiles[chip].mean()
                time += done / tiles[chip].mean()
        assert np.allclose(shares * time, useful, rtol=1e-9), f"shares of the whole run on {chip}"


def test_no_memory_ever_holds_more_than_it_can(built: Built) -> None:
    found, memory = built.compiled.occupancy, built.compiled.machine.memory
    assert set(found) == set(memory)
    for name, (times, bits, capacity) in found.items():
        assert (np.diff(times) > 0).all()
        assert capacity == memory[name].bits
        assert 0 <= bits.min() <= bits.max() <= capacity, name
        if memory[name].kind == "ram":
            assert bits[-1] == 0, f"something stays in {name}"
    assert any(found[part.memory].peak for part in built.compiled.placement.parts), "maps are in the memories that parts name"


def test_published_figures_can_be_compared(name: str) -> None:
    """A published.yaml, where there is one, is valid; scenarios that it names are there, if the chip is one that comes with the package."""
    folder = registry.folder(name)
    if not (folder / "published.yaml").exists():
        return
    sections = published.table(folder).sections
    assert sections, "without a section"
    if folder.is_relative_to(shipped.PACKAGE):
        scenarios = {section.scenario for section in sections.values()}
        scenarios |= {path for section in sections.values() for path in section.others}
        assert [scenario for scenario in sorted(scenarios) if not (shipped.folder() / scenario).is_file()] == [], "not shipped"
