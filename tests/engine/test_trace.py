"""What a trace says, from spans written by hand: no engine has run here."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import task

from hyperdrive_sim.engine.trace import NOBODY, Span, Trace
from hyperdrive_sim.schedule.columns import summed
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled


def trace(*spans: tuple[Task, int, int, int]) -> Trace:
    """A trace of tasks and their ready, start and end."""
    ready, start, end = (np.array([span[place] for span in spans], np.int64) for place in (1, 2, 3))
    return Trace(scheduled(span[0] for span in spans), ready, start, end)


def gaps(of: Trace, unit: str) -> list[tuple[int, int]]:
    """Gaps before the tasks of one unit."""
    return list(zip(*(column.tolist() for column in of.gaps([unit])), strict=True))


def shared_link() -> Trace:
    """Two layers share a link; the array computes what each brings.

    link  |aaaaaabb..cc....|
    array |......AAAA....CC|
    """
    return trace(
        (task("a", "link", 6, layer="one"), 0, 0, 6),
        (task("b", "link", 2, layer="two"), 1, 6, 8),
        (task("A", "array", 4, 0, layer="one"), 6, 6, 10),
        (task("c", "link", 2, 2, layer="two", latency_ps=2), 10, 10, 12),
        (task("C", "array", 2, 3, layer="two"), 14, 14, 16),
    )


def test_a_trace_is_a_sequence_of_spans() -> None:
    found = shared_link()
    assert len(found) == 5
    assert found[1] == list(found)[1] == Span(found.tasks[1], 1, 6, 8)
    assert found[1:4] == list(found)[1:4]
    assert found[::-2] == list(found)[::-2]
    assert found[-1] == list(found)[-1]
    assert all(type(moment) is int for span in found for moment in span[1:])
    assert type(found[1].ready) is int


def test_columns_are_arrays() -> None:
    found = shared_link()
    assert found.ready.dtype == np.int64
    assert found.ready.tolist() == [0, 1, 6, 10, 14]
    assert (found.start.tolist(), found.end.tolist()) == ([0, 6, 6, 10, 14], [6, 8, 10, 12, 16])


def test_busy_and_waiting() -> None:
    found = shared_link()
    assert found.units == ("link", "array")
    assert found.busy_ps() == {"link": 10, "array": 6}
    assert found.waiting_ps() == {"link": 5, "array": 0}
    assert {unit: positions.tolist() for unit, positions in found.by_unit.items()} == {"link": [0, 1, 3], "array": [2, 4]}


def test_a_units_tasks_stand_in_the_order_in_which_it_did_them() -> None:
    found = trace((task("late", "array", 2), 5, 5, 7), (task("early", "array", 3), 0, 0, 3))
    assert found.by_unit["array"].tolist() == [1, 0]
    assert gaps(found, "array") == [(0, 2)]


def test_durations_are_summed_to_the_picosecond() -> None:
    """Three hours and an odd picosecond, twice over: float64 has only even numbers there."""
    long = 2**53 + 1
    found = trace(
        (task("a", "array", long), 0, 0, long), (task("b", "array", 1), 0, long, long + 1), (task("c", "link", 2), 0, long, long + 2)
    )
    assert int(float(long)) == long - 1, "what a sum in float64 would say"
    assert found.busy_ps() == {"array": long + 1, "link": 2}
    assert found.waiting_ps() == {"array": long, "link": long}


def test_sums_by_group() -> None:
    assert summed(np.array([2, 0, 2]), np.array([5, 7, 11]), 4).tolist() == [7, 0, 16, 0]
    assert summed(np.zeros(0, np.int64), np.zeros(0, np.int64), 2).tolist() == [0, 0], "nothing to add up"


def test_who_became_ready_as_the_unit_got_free_did_not_wait() -> None:
    found = trace((task("a", "array", 4), 0, 0, 4), (task("b", "array", 3), 4, 4, 7))
    assert found.waiting_ps() == {"array": 0}
    assert gaps(found, "array") == []


def test_gaps_stand_before_the_task_that_ended_them() -> None:
    assert gaps(shared_link(), "link") == [(3, 2)]
    assert gaps(shared_link(), "array") == [(2, 6), (4, 4)]


@pytest.mark.parametrize(("index", "by"), [(0, NOBODY), (2, 0), (3, 2), (4, 3)])
def test_what_released_a_task(index: int, by: int) -> None:
    """The last one by its arrival: the link's end and a latency of 2."""
    assert shared_link().released_by[index] == by


def test_of_several_predecessors_the_last_to_end_released_it() -> None:
    found = trace(
        (task("slow", "a", 9), 0, 0, 9),
        (task("fast", "b", 2), 0, 0, 2),
        (task("both", "c", 1, 1, 0), 9, 9, 10),
    )
    assert found.released_by[2] == 0


def test_a_task_that_waited_for_its_arrival_only_was_released_by_nobody() -> None:
    found = trace((task("load", "a", 2), 0, 0, 2), (task("frame", "b", 1, 0, not_before_ps=7), 7, 7, 8))
    assert found.released_by[1] == NOBODY


def test_a_stream_that_could_start_only_just_then_passes_the_question_on() -> None:
    """The buffer got room at 5, so the stream started, so the convolution could: what held it up is the buffer."""
    found = trace(
        (task("room", "array", 5), 0, 0, 5),
        (task("stream", "link", 4, 0), 5, 5, 9),
        (task("conv", "other", 4, after_start=(1,)), 5, 5, 9),
    )
    assert found.released_by[2] == 0


def test_a_stream_that_waited_for_its_link_is_itself_what_released_a_task() -> None:
    """The stream could have started at 5, but its link was held until 8."""
    found = trace(
        (task("room", "array", 5), 0, 0, 5),
        (task("held", "link", 8), 0, 0, 8),
        (task("stream", "link", 4, 0), 5, 8, 12),
        (task("conv", "other", 4, after_start=(2,)), 8, 8, 12),
    )
    assert found.released_by[3] == 2


def test_a_stream_there_from_the_beginning_held_nobody_up() -> None:
    found = trace((task("stream", "link", 4), 0, 0, 4), (task("conv", "array", 4, after_start=(0,)), 0, 0, 4))
    assert found.released_by[1] == NOBODY


@pytest.mark.parametrize(
    ("since", "chain"),
    [
        (0, [(2, 4), (1, 5), (0, 3)]),
        (2, [(2, 4), (1, 5), (0, 1)]),
        (3, [(2, 4), (1, 5)]),
        (9, [(2, 3)]),
        (12, []),
    ],
)
def test_the_chain_since_a_moment(since: int, chain: list[tuple[int, int]]) -> None:
    """From 0 to 3, from there to 8 and to 12; the last is held up by the second."""
    found = trace(
        (task("first", "a", 3), 0, 0, 3),
        (task("second", "b", 5, 0), 3, 3, 8),
        (task("last", "c", 4, 1), 8, 8, 12),
    )
    assert list(found.chain(since)) == chain
    assert list(trace().chain()) == []


def test_the_makespan_ends_with_the_last_arrival() -> None:
    assert shared_link().makespan_ps == 16
    assert trace((task("a", "link", 4, latency_ps=9), 0, 0, 4), (task("b", "array", 12), 0, 0, 12)).makespan_ps == 13
    assert trace().makespan_ps == 0
