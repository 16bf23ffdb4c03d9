"""A schedule is data: it can be checked, added up and bounded before anything runs."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import machine, task

from hyperdrive_sim.errors import Finding
from hyperdrive_sim.schedule.columns import actions_by, interned
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled


def load_and_compute() -> Schedule:
    """Loads of 4 on one unit, convolutions of 6 on another; a load waits for the convolution before the last."""
    return scheduled(
        [
            task("load", "link", 4),
            task("conv", "array", 6, 0),
            task("load", "link", 4),
            task("conv", "array", 6, 2),
            task("load", "link", 4, 1),
            task("conv", "array", 6, 4),
        ]
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (task("conv", "arrays", 6, 0), "task 1 (conv of L) wants the unit 'arrays', which this machine does not have"),
        (task("conv", "array", 0, 0), "task 1 (conv of L) takes 0 ps; a task takes at least one"),
        (task("conv", "array", -6, 0), "task 1 (conv of L) takes -6 ps; a task takes at least one"),
        (task("conv", "array", 6, 2), "task 1 (conv of L) comes after a task that is not written before it"),
        (task("conv", "array", 6, 1), "task 1 (conv of L) comes after a task that is not written before it"),
        (task("conv", "array", 6, -1), "task 1 (conv of L) comes after a task that is not written before it"),
        (task("conv", "array", 6, after_start=(1,)), "task 1 (conv of L) comes after a task that is not written before it"),
    ],
)
def test_what_no_machine_can_run_is_refused(wrong: Task, sentence: str) -> None:
    with pytest.raises(Finding) as failure:
        scheduled([task("load", "link", 4), wrong, task("more", "link", 1)]).checked(machine("link", "array"))
    assert str(failure.value) == sentence
    assert failure.value.exit_code == 1


def test_a_right_schedule_is_returned_as_it_is() -> None:
    schedule = load_and_compute()
    assert schedule.checked(machine("link", "array")) is schedule


def test_a_schedule_is_a_sequence_of_tasks() -> None:
    schedule = load_and_compute()
    assert len(schedule) == 6
    assert schedule[1].name == "conv"
    assert [one.name for one in schedule[4:]] == [one.name for one in schedule][4:] == ["load", "conv"]


def test_work_and_critical_path_by_hand() -> None:
    schedule = load_and_compute()
    assert schedule.work_ps == {"link": 12, "array": 18}
    assert schedule.critical_path_ps == 4 + 6 + 4 + 6
    assert schedule.bound == ("critical path", 20)


def test_the_busiest_unit_bounds_where_it_is_no_shorter_than_the_path() -> None:
    assert scheduled([task("a", "one", 5), task("b", "two", 9), task("c", "one", 5)]).bound == ("one", 10)
    assert scheduled([task("a", "one", 5), task("b", "one", 5, 0)]).bound == ("one", 10)
    assert scheduled([task("a", "one", 5), task("b", "two", 5, 0)]).bound == ("critical path", 10)


def test_nothing_to_do_takes_no_time() -> None:
    nothing = scheduled([])
    assert (nothing.critical_path_ps, nothing.bound, nothing.work_ps, nothing.action_counts) == (0, ("nothing", 0), {}, {})
    assert nothing.checked(machine("array")) is nothing


@pytest.mark.parametrize(
    ("tasks", "path"),
    [
        ([task("send", "link", 4, latency_ps=3), task("conv", "array", 6, 0)], 13),
        ([task("conv", "array", 6), task("send", "link", 4, 0, latency_ps=3)], 13),  # what is sent last must still arrive
        ([task("send", "link", 4, not_before_ps=100), task("conv", "array", 6, 0)], 110),
        ([task("send", "link", 4), task("conv", "array", 6, 0, not_before_ps=3)], 10),
        ([task("send", "link", 4), task("conv", "array", 6, 0, not_before_ps=5)], 11),
        ([task("stream", "link", 4), task("conv", "array", 6, after_start=(0,))], 6),
        ([task("stream", "link", 4, latency_ps=9), task("conv", "array", 6, after_start=(0,))], 13),  # a start has no latency
        ([task("wait", "host", 7), task("stream", "link", 4, 0), task("conv", "array", 6, after_start=(1,))], 13),
        ([task("long", "a", 9), task("short", "b", 2), task("conv", "array", 6, 0, 1)], 15),
    ],
)
def test_the_critical_path_knows_latencies_arrivals_and_streams(tasks: list[Task], path: int) -> None:
    assert scheduled(tasks).critical_path_ps == path


def test_actions_are_counted_by_layer() -> None:
    """Tasks that share one mapping are counted like those with one of their own, and layers are kept apart."""
    shared = {"array.cycle": 10, "weight_io.bit": 3}
    schedule = scheduled(
        [
            task("a", "array", 1, layer="one", actions=shared),
            task("b", "array", 1, layer="one", actions=shared),
            task("c", "array", 1, layer="two", actions=shared),
            task("d", "array", 1, layer="one", actions=dict(shared)),
            task("e", "array", 1, layer="two", actions={"array.cycle": 5}),
            task("f", "array", 1, layer="three"),
        ]
    )
    assert schedule.actions_by_layer == {
        ("one", "array.cycle"): 30,
        ("one", "weight_io.bit"): 9,
        ("two", "array.cycle"): 15,
        ("two", "weight_io.bit"): 3,
    }
    assert schedule.action_counts == {"array.cycle": 45, "weight_io.bit": 12}
    by_frame = actions_by(interned(np.array([0, 1, 1, 0, 0, 1], np.int32), [0, 1]), schedule.actions)
    assert by_frame == {(0, "array.cycle"): 25, (0, "weight_io.bit"): 6, (1, "array.cycle"): 20, (1, "weight_io.bit"): 6}
