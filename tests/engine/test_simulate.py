"""The clockwork: traces by pencil, defined ties, and a second simulator that agrees to the picosecond."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import drawn, overtakings, run, task, times

from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.errors import Stuck
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled


def picture(text: str) -> str:
    """A diagram as it is written in a test: without the indentation."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def test_a_load_hides_behind_a_convolution() -> None:
    trace = run(
        task("load", "weights", 4),
        task("load", "weights", 4),
        task("Conv", "array", 6, 0),
        task("Conv", "array", 6, 1),
    )
    assert drawn(trace) == picture("""
        weights |llllllll........|
        array   |....CCCCCCCCCCCC|
    """)
    assert times(trace) == [(0, 0, 4), (0, 4, 8), (4, 4, 10), (8, 10, 16)]


def test_a_bounded_buffer_is_an_edge() -> None:
    """Two buffers: load k comes after convolution k - 2, so the third load waits for the first convolution."""
    trace = run(
        task("1", "weights", 2),
        task("2", "weights", 2),
        task("1", "array", 5, 0),
        task("3", "weights", 2, 2),
        task("2", "array", 5, 1),
        task("4", "weights", 2, 4),
        task("3", "array", 5, 3),
        task("4", "array", 5, 5),
    )
    assert drawn(trace) == picture("""
        weights |1122...33...44........|
        array   |..11111222223333344444|
    """)


def test_in_a_frame_first_come_is_first_served_whatever_is_written_first() -> None:
    trace = run(task("hold", "b", 5), task("slow", "a", 3), task("late", "c", 1), task("early", "b", 5, 1), task("x", "b", 2, 2))
    assert drawn(trace) == picture("""
        b |hhhhhxxeeeee|
        a |sss.........|
        c |l...........|
    """)
    assert times(trace)[3:] == [(3, 7, 12), (1, 5, 7)]


def test_of_a_frames_tasks_that_come_in_one_instant_the_one_written_first_goes_first() -> None:
    """Tasks 3, 4 and 5 come at 4, each released by another unit; 5 by the unit that ends first in the schedule, 3 by the last."""
    trace = run(
        task("a", "one", 4),
        task("b", "two", 4),
        task("c", "three", 4),
        task("x", "array", 1, 2),
        task("y", "array", 1, 1),
        task("z", "array", 1, 0),
    )
    assert times(trace)[3:] == [(4, 4, 5), (4, 5, 6), (4, 6, 7)]


def test_the_tie_holds_where_the_unit_gets_free_in_that_instant() -> None:
    """The array ends at 4 and readies `late` itself; `early`, which the link readies in the same instant, is written first."""
    trace = run(task("own", "array", 4), task("a", "link", 4), task("early", "array", 2, 1), task("late", "array", 2, 0))
    assert times(trace)[2:] == [(4, 4, 6), (4, 6, 8)]
    trace = run(task("a", "link", 4), task("own", "array", 4), task("early", "array", 2, 1), task("late", "array", 2, 0))
    assert times(trace)[2:] == [(4, 4, 6), (4, 6, 8)]


def test_the_tie_holds_for_all_ways_to_become_ready() -> None:
    """At 4, by an end, an arrival over a link, an arrival of data and a start: the array takes them as they are written."""
    waiting = [
        task("start", "array", 1, after_start=(3,)),
        task("end", "array", 1, 0),
        task("link", "array", 1, 1),
        task("time", "array", 1, not_before_ps=4),
        task("own", "array", 1, 2),
    ]
    before = [task("a", "one", 4), task("b", "two", 1, latency_ps=3), task("c", "array", 4), task("d", "three", 4, 0)]
    trace = run(*before, *waiting)
    assert times(trace)[4:] == [(4, 4, 5), (4, 5, 6), (4, 6, 7), (4, 7, 8), (4, 8, 9)]
    trace = run(*before, *waiting[::-1])
    assert times(trace)[4:] == [(4, 4, 5), (4, 5, 6), (4, 6, 7), (4, 7, 8), (4, 8, 9)]


def test_a_unit_chooses_after_what_starts_in_that_instant_and_is_written_before() -> None:
    """All at 10: the link starts `stream` and so readies `with`; the array, free in that instant, must not have taken `other` by then."""
    trace = run(
        task("held", "array", 10),
        task("a", "host", 10),
        task("stream", "link", 3, 1),
        task("with", "array", 4, after_start=(2,)),
        task("other", "array", 4, 0),
    )
    assert times(trace)[2:] == [(10, 10, 13), (10, 10, 14), (10, 14, 18)]


def test_a_chain_of_starts_in_one_instant() -> None:
    """Each start readies the next task, on a unit that could have taken a later one."""
    trace = run(
        task("go", "a", 5),
        task("first", "b", 1, 0),
        task("second", "c", 1, after_start=(1,)),
        task("third", "d", 1, after_start=(2,)),
        task("late", "d", 1, 0),
        task("late", "c", 1, 0),
    )
    assert times(trace)[1:] == [(5, 5, 6), (5, 5, 6), (5, 5, 6), (5, 6, 7), (5, 6, 7)]


def test_an_older_frame_goes_first_whenever_it_came() -> None:
    """When the link is free at 4, frame 1 has waited since 0; of frame 0, `late` has come at 4, after `early`, which is written later."""
    trace = run(
        task("hold", "link", 4),
        task("a", "array", 3),
        task("b", "array", 1, 1),
        task("late", "link", 2, 2),
        task("early", "link", 3, 1),
        task("x", "link", 1, frame=1),
    )
    assert drawn(trace, ("link",)) == "link |hhhheeellx|"


def test_what_has_begun_is_not_interrupted() -> None:
    """Frame 1 found the link free at 2 and keeps it until 7; frame 0, ready at 3, waits for that one task and for no other."""
    trace = run(
        task("compute", "array", 3),
        task("output", "link", 2, 0),
        task("input", "link", 5, frame=1, not_before_ps=2),
        task("Input", "link", 5, frame=1, not_before_ps=2),
    )
    assert drawn(trace, ("link",)) == "link |..iiiiiooIIIII|"


def test_a_lower_priority_goes_before_an_older_frame() -> None:
    """Of a tenant of priority 1 two frames wait from the beginning, of one of priority 0 one from 1 on."""
    tasks = [task(name, "link", 2, frame=frame, priority=1) for frame, name in enumerate("ab")]
    trace = run(*tasks, task("c", "link", 2, frame=7, not_before_ps=1))
    assert drawn(trace, ("link",)) == "link |aaccbb|"


def test_units_choose_in_the_order_of_their_keys() -> None:
    """All at 5: written last, `stream` of frame 0 starts first and so readies `with`; the array, free, must not have taken frame 1."""
    trace = run(
        task("held", "array", 5),
        task("late", "array", 2, frame=1),
        task("busy", "link", 5),
        task("stream", "link", 2, 0),
        task("with", "array", 2, after_start=(3,)),
    )
    assert times(trace)[1:] == [(0, 7, 9), (0, 0, 5), (5, 5, 7), (5, 5, 7)]


def test_nothing_starts_before_its_time() -> None:
    trace = run(task("frame", "host", 2, not_before_ps=7), task("conv", "array", 3, 0), task("early", "host", 1))
    assert drawn(trace) == picture("""
        host  |e......ff...|
        array |.........ccc|
    """)
    assert times(trace) == [(7, 7, 9), (9, 9, 12), (0, 0, 1)]


@pytest.mark.parametrize(("not_before_ps", "ready"), [(3, 4), (4, 4), (5, 5)])
def test_a_task_waits_for_the_later_of_its_time_and_its_predecessor(not_before_ps: int, ready: int) -> None:
    trace = run(task("load", "link", 4), task("conv", "array", 1, 0, not_before_ps=not_before_ps))
    assert times(trace)[1] == (ready, ready, ready + 1)


def test_what_is_sent_arrives_a_latency_after_the_link_is_free_again() -> None:
    trace = run(
        task("send", "link", 2, latency_ps=3), task("more", "link", 2, latency_ps=3), task("x", "array", 1, 0), task("y", "array", 1, 1)
    )
    assert times(trace) == [(0, 0, 2), (0, 2, 4), (5, 5, 6), (7, 7, 8)]
    assert drawn(trace) == picture("""
        link  |ssmm....|
        array |.....x.y|
    """)


def test_what_is_sent_last_arrives_within_the_makespan() -> None:
    assert run(task("send", "link", 2, latency_ps=30), task("conv", "array", 5)).makespan_ps == 32


def test_a_task_starts_with_a_stream_and_not_before_it() -> None:
    trace = run(
        task("held", "link", 3),
        task("stream", "link", 4, latency_ps=9),
        task("conv", "array", 4, after_start=(1,)),
        task("next", "other", 1, 0, after_start=(2,)),
    )
    assert times(trace) == [(0, 0, 3), (0, 3, 7), (3, 3, 7), (3, 3, 4)]


def test_tasks_that_wait_for_each_other_are_found_stuck() -> None:
    """Only a schedule that was never checked can do this."""
    schedule = scheduled(
        [
            task("fine", "link", 4),
            task("egg", "array", 1, 0, 2, layer="conv1"),
            task("hen", "link", 1, 1, layer="conv2"),
            task("chick", "array", 1, 2),
        ]
    )
    with pytest.raises(Stuck) as failure:
        simulate(schedule)
    assert str(failure.value) == "3 tasks never started; the first is egg of conv1 on array, which waits for hen of conv2"
    assert failure.value.exit_code == 1


def test_who_is_stuck_on_a_start_says_so() -> None:
    with pytest.raises(Stuck, match=r"^1 tasks never started; the first is egg of L on array, which waits for egg of L$"):
        run(task("fine", "link", 4), task("egg", "array", 1, after_start=(1,)))


def test_nothing_to_do() -> None:
    trace = run()
    assert (len(trace), trace.makespan_ps, times(trace)) == (0, 0, [])


def test_progress_is_told_now_and_then() -> None:
    told: list[int] = []
    simulate(scheduled([task("step", f"unit{number % 7}", 1 + number % 3) for number in range(10_000)]), told.append)
    assert told == [4096, 8192]


# Any schedule at all.

UNITS = ("a", "b", "c", "d")
FRAMES = st.sampled_from((0, 0, 1, 2))


@st.composite
def schedules(draw: st.DrawFn, *, in_order: bool = False) -> list[Task]:
    """Few units and short durations, so that much happens in the same instant.

    With *in_order*, of one tenant only, and no task comes after one of a later frame, as no architecture's does.
    """
    frames = sorted(draw(st.lists(FRAMES, min_size=14, max_size=14))) if in_order else []
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, 14))):
        earlier = st.sets(st.integers(0, number - 1), max_size=3) if number else st.just(set[int]())
        tasks.append(
            Task(
                name=f"t{number}",
                layer="L",
                unit=draw(st.sampled_from(UNITS)),
                ps=draw(st.integers(1, 4)),
                after=tuple(sorted(draw(earlier))),
                after_start=tuple(sorted(draw(earlier))),
                latency_ps=draw(st.sampled_from((0, 0, 0, 1, 2, 5))),
                not_before_ps=draw(st.sampled_from((0, 0, 0, 1, 3, 9))),
                frame=frames[number] if in_order else draw(FRAMES),
                priority=0 if in_order else draw(st.sampled_from((0, 0, 0, 1, -1))),
            )
        )
    return tasks


def reference(tasks: list[Task]) -> list[tuple[int, int, int]]:
    """The same rules once more, with no events at all: look at every instant in which something can happen, and at every task in it."""
    ready: dict[int, int] = {}
    start: dict[int, int] = {}
    end: dict[int, int] = {}
    free: dict[str, int] = {}
    instants = {0} | {one.not_before_ps for one in tasks}
    now = -1
    while len(end) < len(tasks):
        now = min(instant for instant in instants if instant > now)
        while True:
            for index, one in enumerate(tasks):
                arrived = all(end.get(other, inf) + tasks[other].latency_ps <= now for other in one.after)
                begun = all(start.get(other, inf) <= now for other in one.after_start)
                if index not in ready and arrived and begun and one.not_before_ps <= now:
                    ready[index] = now
            next_of: dict[str, int] = {}
            keys = {index: (tasks[index].priority, tasks[index].frame, ready[index], index) for index in ready.keys() - start.keys()}
            for index in sorted(keys, key=keys.__getitem__):
                if free.get(tasks[index].unit, 0) <= now:
                    next_of.setdefault(tasks[index].unit, index)
            if not next_of:
                break
            index = min(next_of.values(), key=keys.__getitem__)
            one = tasks[index]
            start[index], end[index] = now, now + one.ps
            free[one.unit] = end[index]
            instants |= {end[index], end[index] + one.latency_ps}
    return [(ready[index], start[index], end[index]) for index in range(len(tasks))]


@given(schedules())
@settings(max_examples=300, deadline=None)
def test_a_second_simulator_agrees(tasks: list[Task]) -> None:
    assert times(run(*tasks)) == reference(tasks)


@given(schedules())
@settings(deadline=None)
def test_two_runs_are_one(tasks: list[Task]) -> None:
    schedule = scheduled(tasks)
    assert times(simulate(schedule)) == times(simulate(schedule)) == times(run(*tasks))


@given(schedules())
@settings(deadline=None)
def test_the_makespan_lies_between_its_bounds(tasks: list[Task]) -> None:
    schedule = scheduled(tasks)
    makespan = simulate(schedule).makespan_ps
    slowest = sum(one.ps + one.latency_ps for one in tasks) + max(one.not_before_ps for one in tasks)
    assert max(*schedule.work_ps.values(), schedule.critical_path_ps) <= makespan <= slowest
    assert schedule.bound[1] == max(*schedule.work_ps.values(), schedule.critical_path_ps)


@given(schedules(), st.integers(2, 5))
@settings(deadline=None)
def test_everything_that_many_times_as_long_takes_that_many_times_as_long(tasks: list[Task], factor: int) -> None:
    slower = [
        one._replace(ps=factor * one.ps, latency_ps=factor * one.latency_ps, not_before_ps=factor * one.not_before_ps) for one in tasks
    ]
    assert times(run(*slower)) == [tuple(factor * moment for moment in span) for span in times(run(*tasks))]


@given(schedules())
@settings(deadline=None)
def test_a_unit_for_every_task_leaves_the_critical_path(tasks: list[Task]) -> None:
    trace = run(*(one._replace(unit=one.name) for one in tasks))
    assert trace.makespan_ps == scheduled(tasks).critical_path_ps
    assert not any(trace.waiting_ps().values())


@given(schedules())
@settings(deadline=None)
def test_a_unit_does_one_task_at_a_time_and_is_never_lazy(tasks: list[Task]) -> None:
    trace = run(*tasks)
    for unit, positions in trace.by_unit.items():
        spans = [trace[index] for index in positions]
        for before, after in pairwise(spans):
            assert before.end <= after.start == max(before.end, after.ready)
        assert spans[0].start == spans[0].ready
        assert {span.task.unit for span in spans} == {unit}


@given(schedules(in_order=True))
@settings(max_examples=300, deadline=None)
def test_no_later_frame_starts_where_an_older_one_waits(tasks: list[Task]) -> None:
    assert overtakings(run(*tasks)) == []
