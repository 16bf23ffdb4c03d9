"""Streams of frames that may be dropped, as data: what is wrong with one, what is left of it, and what a schedule is without a frame."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import machine, task

from hyperdrive_sim.errors import Finding, InvalidInput
from hyperdrive_sim.schedule.admission import Admission, Stream, beginnings
from hyperdrive_sim.schedule.faster import twice_as_fast
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Load, Task
from hyperdrive_sim.schedule.writer import Writer, scheduled

CAMERA = Stream((0, 1, 2), (0, 4, 8), "newest", 1)
MACHINE = machine("link", "array")


def tasks() -> list[Task]:
    """Three frames: a task that waits for the frame on the link, then one on the array that starts with weights over the link."""
    found: list[Task] = []
    for frame in range(3):
        at = len(found)
        found.append(task("in", "link", 2, frame=frame, not_before_ps=4 * frame, actions={"input_io.bit": 8}))
        found.append(
            task("load", "link", 3, frame=frame, latency_ps=1, effect=Load("L", 0, 1, 8, ("buffer",)), actions={"weight_io.bit": 8})
        )
        found.append(task("compute", "array", 5, at, frame=frame, after_start=(at + 1,)))
    return found


def schedule(*streams: Stream) -> Schedule:
    return scheduled(tasks(), streams)


@pytest.mark.parametrize(
    ("streams", "sentence"),
    [
        ([CAMERA._replace(policy="latest")], "stream 0 has the policy 'latest', which is none of newest, oldest, late"),
        ([CAMERA._replace(arrival_ps=(0, 4))], "stream 0 has 3 frames, and 2 times of arrival"),
        ([CAMERA._replace(waiting=-1)], "stream 0 has a number below 0"),
        ([CAMERA._replace(late_ps=-1)], "stream 0 has a number below 0"),
        ([CAMERA._replace(arrival_ps=(-1, 4, 8))], "stream 0 has a number below 0"),
        ([CAMERA._replace(arrival_ps=(0, 4, 3))], "stream 0 has frame 2 behind one that arrives later"),
        ([CAMERA._replace(frames=(0, 1, 1))], "stream 0 has frame 1 a second time"),
        ([CAMERA, Stream((2,), (8,), "late")], "stream 1 has frame 2 a second time"),
        ([CAMERA._replace(frames=(0, 1, 3))], "stream 0 has frame 3, which no task is of"),
    ],
)
def test_streams_that_cannot_be_are_refused(streams: list[Stream], sentence: str) -> None:
    with pytest.raises(Finding) as failure:
        schedule(*streams).checked(MACHINE)
    assert str(failure.value) == sentence


def test_right_streams_are_returned_as_they_are() -> None:
    right = schedule(CAMERA._replace(frames=(2, 0), arrival_ps=(8, 8)), Stream((1,), (4,), "late"))
    assert right.checked(MACHINE) is right


def test_what_is_left_of_a_stream_keeps_what_it_kept() -> None:
    stream = Stream((3, 5, 7, 9), (0, 1, 2, 4), "oldest", waiting=2, kept=2)
    assert stream.among({5, 7, 8}) == Stream((5, 7), (1, 2), "oldest", waiting=2, kept=1)


def test_the_first_tasks_have_the_streams_of_their_frames() -> None:
    """The first five tasks are of the frames 0 and 1."""
    some = schedule(CAMERA._replace(frames=(0, 1), arrival_ps=(0, 4)), Stream((2,), (8,), "late")).first(5)
    assert some.streams == (Stream((0, 1), (0, 4), "newest", 1),)
    assert schedule(CAMERA).first(9).streams == (CAMERA,)


def test_streams_go_where_their_tasks_go() -> None:
    writer = Writer()
    writer.streams.append(CAMERA)
    writer.extend(scheduled([task._replace(frame=3 + task.frame) for task in tasks()], [other := Stream((3, 4, 5), (1, 5, 9), "late")]))
    assert writer.schedule().streams == (CAMERA, other)
    assert twice_as_fast(schedule(CAMERA), MACHINE, {"array"}).streams == (CAMERA,)


def test_a_frame_has_begun_with_what_waits_for_it_or_with_anything_if_nothing_does() -> None:
    """Frame 0 is there from the beginning; of 1 and 2 the inputs wait."""
    plan = schedule()
    assert beginnings(plan.frame, plan.not_before_ps).tolist() == [True, True, True, True, False, False, True, False, False]


def test_a_schedule_without_a_frame() -> None:
    """The tasks of frame 1 are over in no time; what would have started with the load comes after it."""
    plan = schedule(CAMERA)
    done = plan.skipping(plan.frame == 1)
    assert (done.skipped.tolist(), done.dropped) == ([False] * 3 + [True] * 3 + [False] * 3, (1,))
    assert done[:3] + done[6:] == plan[:3] + plan[6:]
    assert [(one.ps, one.latency_ps, one.effect, dict(one.actions)) for one in done[3:6]] == [(0, 0, None, {})] * 3
    assert [(one.after, one.after_start) for one in done[3:6]] == [((), ()), ((), ()), ((3, 4), ())]
    assert [one._replace(ps=0, latency_ps=0, effect=None, actions={}, after=(), after_start=()) for one in plan[3:6]] == [
        one._replace(after=()) for one in done[3:6]
    ]
    assert done.streams == (), "which frames are dropped is settled"
    assert done.action_counts == {"input_io.bit": 16, "weight_io.bit": 16}
    assert (done.work_ps, plan.work_ps) == ({"link": 10, "array": 10}, {"link": 15, "array": 15})
    assert done.critical_path_ps == 8 + 2 + 5
    assert np.count_nonzero(done.pattern != NO_EFFECT) == 2
    with pytest.raises(Finding, match=r"^task 3 \(in of L\) takes 0 ps; a task takes at least one$"):
        done.checked(MACHINE)


def test_a_schedule_without_nothing_is_itself() -> None:
    plan = schedule(CAMERA)
    assert plan.skipping(np.zeros(9, np.bool_)) is plan
    assert plan.dropped == ()


def test_the_stream_of_all_frames_of_a_run() -> None:
    """A frame arrives when the last of its tasks may begin, and frames are in the order in which they arrive."""
    frame, not_before_ps = np.array([0, 0, 1, 1, 2, 2], np.int32), np.array([0, 0, 9, 7, 0, 4])
    assert Admission("late", late_ps=3).stream(frame, not_before_ps) == Stream((0, 2, 1), (0, 4, 9), "late", 0, 3)
    assert Admission("oldest", 2).stream(frame[:2], not_before_ps[:2]) == Stream((0,), (0,), "oldest", 2), "a frame is no crowd"


def test_frames_that_come_when_there_is_room_are_never_too_many() -> None:
    with pytest.raises(InvalidInput) as failure:
        Admission("newest").stream(np.array([0, 1], np.int32), np.zeros(2, np.int64))
    cure = "say when they arrive, or leave it out"
    assert str(failure.value) == f"admission: frames that do not arrive at times of their own are never too many; {cure}"
