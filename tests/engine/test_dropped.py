"""Chips that lose frames: what they carry out is proven in its order, golden, and paid for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from worlds import times

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.errors import Hazard
from hyperdrive_sim.kernels import loops
from hyperdrive_sim.reports import span_columns
from hyperdrive_sim.schedule.admission import POLICIES, Admission, Policy, Stream, beginnings
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.testing.mutants import Mutant
from hyperdrive_sim.testing.worlds import Built, World, same

SMALL = {
    "hyperdrive": World("tiny_conv", (3, 13, 11), {"mesh": [2, 2], "weight_buffer_blocks": 1}),
    "xnorbin": World("tiny_xnor_kernels", (16, 8, 9)),
    "chewbaccann": World("tiny_xnor_kernels", (16, 8, 9)),
    "nandnet_sram": World("tiny_xnor_kernels", (16, 8, 9)),
    "nandnet_dram": World("tiny_xnor_kernels", (16, 8, 9)),
}


def of_chip(name: str, frames: int = 4, period_ps: int = 10**5, **more: Any) -> Built:
    world = SMALL[name]
    built = Built(registry.load(name), World(world.network, world.input_shape, world.chip, "", frames, period_ps))
    if more:
        made = built.compiled
        built.__dict__["compiled"] = Compiled(made.mapped, made.arrivals, made.grain, admission=Admission(**more))
    return built


def carried_out(schedule: Schedule, frames: tuple[int, ...]) -> Iterator[Schedule]:
    """The schedule without some frames: all of their tasks, and all but those that can be done before the frame is there."""
    of = np.isin(schedule.frame, frames)
    depends = beginnings(schedule.frame, schedule.not_before_ps)
    for index, one in enumerate(schedule):
        depends[index] |= any(depends[n] for n in (*one.after, *one.after_start) if schedule.frame[n] == one.frame)
    yield schedule.skipping(of)
    if (of & ~depends).any():
        yield schedule.skipping(of & depends)


def assert_right(built: Built, made: Compiled, dropped: tuple[int, ...]) -> None:
    """The order is proven, and all other frames are golden."""
    hazards.check(made)
    outputs = list(replay(made, built.computation))
    assert tuple(frame for frame, output in enumerate(outputs) if not output) == dropped == made.trace.dropped
    tolerance = built.architecture.tolerance
    assert all(same(values, built.golden[name], tolerance) for output in outputs for name, values in output.items())


@pytest.mark.parametrize("name", registry.names())
def test_any_frame_and_any_two_may_be_dropped(name: str) -> None:
    built = of_chip(name)
    for count in (1, 2):
        for frames in combinations(range(1, 4), count):
            for schedule in carried_out(built.compiled.schedule, frames):
                assert_right(built, built.compiled.scheduled(schedule), frames)


def test_weights_of_dropped_frames_are_among_what_was_carried_out() -> None:
    """So that the test above says something of them."""
    assert len(list(carried_out(of_chip("hyperdrive").compiled.schedule, (1,)))) == 2


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", registry.names())
def test_a_camera_that_is_faster_than_a_chip(name: str, policy: Policy) -> None:
    """Three frames arrive in the time of one: some are dropped, the others are right, and what is paid for is what was done."""
    one = of_chip(name, 1, 0).compiled.trace.makespan_ps
    built = of_chip(name, 7, one // 3, policy=policy, waiting=1, late_ps=one // 3)
    made = built.compiled
    dropped = made.trace.dropped
    if loops.there():
        assert times(simulate(made.schedule, engine="compiled")) == times(made.trace)
    assert 2 <= len(dropped) < 6
    assert 0 not in dropped
    assert_right(built, made, dropped)
    done = [task for task, skipped in zip(made.schedule, made.trace.skipped, strict=True) if not skipped]
    paid = {action: sum(task.actions.get(action, 0) for task in done) for action in made.mapped.prices}
    assert {action: entry.count for action, entry in made.ledger.by_action().items()} == {a: n for a, n in paid.items() if n}
    assert made.trace.busy_ps() == made.executed.work_ps
    assert made.executed.bound[1] <= made.trace.makespan_ps
    assert all(held.peak <= held.capacity for held in made.occupancy.values())


def test_a_fault_of_a_frame_that_is_dropped_is_none() -> None:
    """Its input is not copied, which the proof of the plan finds; it says nothing of the run in which that frame goes."""
    made = of_chip("xnorbin", 7, 10**7, policy="newest", waiting=1).compiled
    frame = made.trace.dropped[0]
    inputs = [index for index, task in enumerate(made.schedule) if task.frame == frame and task.name == "input"]
    mutants = [Mutant(index, made.schedule[index]._replace(effect=None), "is not copied") for index in inputs]
    faulty = mutants[0].of(made.schedule)
    hazards.check(made.scheduled(faulty))
    with pytest.raises(Hazard, match=f"frame {frame}"):
        hazards.check(made.scheduled(replace(faulty, streams=())))


def test_a_chip_that_keeps_up_has_the_trace_that_it_has_without() -> None:
    built, free = of_chip("xnorbin", 4, 10**12, policy="oldest", waiting=1), of_chip("xnorbin", 4, 10**12)
    assert times(built.compiled.trace) == times(free.compiled.trace)
    assert built.compiled.ledger == free.compiled.ledger


def test_what_was_dropped_is_read_from_stored_spans() -> None:
    """A task of no time is one that was skipped, so files of a trace need no column for that."""
    trace = of_chip("xnorbin", 7, 10**7, policy="newest", waiting=1).compiled.trace
    units = dict.fromkeys(trace.units, "unit")
    again = span_columns.trace(span_columns.columns(trace, units, {}))
    assert trace.dropped
    assert (again.dropped, times(again)) == (trace.dropped, times(trace))
    assert {unit: tasks.tolist() for unit, tasks in again.by_unit.items()} == {
        unit: tasks.tolist() for unit, tasks in trace.by_unit.items()
    }


def test_arrivals_are_those_of_the_frames() -> None:
    made = of_chip("xnorbin", 3, 500, policy="newest", waiting=2).compiled
    assert made.arrivals == Arrivals.periodic(3, 500)
    assert made.schedule.streams == (Stream((0, 1, 2), (0, 500, 1000), "newest", 2),)
