"""Schedules with some kinds of unit twice as fast, by pencil: durations are halved, streams are still waited for."""

from __future__ import annotations

import pytest

from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.faster import twice_as_fast
from hyperdrive_sim.schedule.machine import Machine, Unit
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import Writer

MACHINE = Machine(
    (Unit("array", "array"), Unit("weights", "link"), Unit("border", "link")), (), Clock(10**12), peak_ops_per_cycle=1, chips=1, mesh=None
)


def written(*tasks: Task) -> Schedule:
    writer = Writer()
    for task in tasks:
        writer.add(task)
    return writer.schedule()


def test_tasks_of_a_kind_take_half_their_time_rounded_up() -> None:
    tasks = written(Task("a", "l", "array", 7), Task("b", "l", "weights", 5), Task("c", "l", "border", 1, (0,), latency_ps=9))
    assert twice_as_fast(tasks, MACHINE, ["link"]).ps.tolist() == [7, 3, 1]
    found = twice_as_fast(tasks, MACHINE, ["array", "link"])
    assert found.ps.tolist() == [4, 3, 1]
    assert found.latency_ps.tolist() == [0, 0, 9], "what a link sends travels as long"
    assert found[2].after == (0,)
    assert tasks.ps.tolist() == [7, 5, 1], "the schedule itself stays as it is"


def test_no_task_is_cut_below_the_stream_that_it_started_with() -> None:
    """The array's 8 become 6, not 4: weights arrive until then. Faster weights alone help nothing, both come to half."""
    tasks = written(Task("stream", "l", "weights", 6), Task("compute", "l", "array", 8, after_start=(0,)))
    assert twice_as_fast(tasks, MACHINE, ["array"]).ps.tolist() == [6, 6]
    assert twice_as_fast(tasks, MACHINE, ["link"]).ps.tolist() == [3, 8]
    assert twice_as_fast(tasks, MACHINE, ["array", "link"]).ps.tolist() == [3, 4]
    assert simulate(twice_as_fast(tasks, MACHINE, ["array"])).makespan_ps == 6


def test_a_stream_brings_its_last_bit_a_latency_later() -> None:
    tasks = written(Task("stream", "l", "weights", 6, latency_ps=1), Task("compute", "l", "array", 8, after_start=(0,)))
    assert twice_as_fast(tasks, MACHINE, ["array"]).ps.tolist() == [6, 7]


def test_what_is_shorter_than_what_it_starts_with_does_not_wait_for_it() -> None:
    """It only had to begin later: there is nothing of the stream that it uses."""
    tasks = written(Task("stream", "l", "weights", 9), Task("send", "l", "border", 4, after_start=(0,)))
    assert twice_as_fast(tasks, MACHINE, ["link"]).ps.tolist() == [5, 2]


def test_streams_that_start_with_streams() -> None:
    """Each is lengthened by the one before: 10 is what is left of all three."""
    tasks = written(
        Task("rows", "l", "weights", 10),
        Task("words", "l", "border", 12, after_start=(0,)),
        Task("compute", "l", "array", 14, after_start=(1,)),
    )
    machine = Machine((Unit("array", "array"), Unit("weights", "rows"), Unit("border", "link")), (), Clock(1), 1, 1, None)
    assert twice_as_fast(tasks, machine, ["array", "link"]).ps.tolist() == [10, 10, 10]


@pytest.mark.parametrize("kinds", [[], ["nothing of that kind"]])
def test_no_kind_changes_nothing(kinds: list[str]) -> None:
    tasks = written(Task("a", "l", "array", 7))
    assert twice_as_fast(tasks, MACHINE, kinds).ps.tolist() == [7]
