"""Latencies, rates and overload of frames, by pencil."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pencil import MACHINE, NETWORK, SCHEDULE
from simulated import report
from worlds import NOWHERE, compiled, drawn

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.reports import pace
from hyperdrive_sim.reports.records import Histogram, Time
from hyperdrive_sim.schedule.tasks import Arrivals, Task

NS = 1000


def made(tasks: Sequence[Task], period_ns: int = 0) -> Compiled:
    """A schedule on the pencil's machine: arrays `one` and `two`, `link` and `host`."""
    return arriving(tasks, Arrivals.periodic(1 + max(task.frame for task in tasks), NS * period_ns))


def arriving(tasks: Sequence[Task], arrivals: Arrivals) -> Compiled:
    return compiled(NETWORK, MACHINE, NOWHERE, tasks, arrivals)


def timed(tasks: Sequence[Task], period_ns: int = 0) -> Time:
    return pace.time(made(tasks, period_ns))


def rate(every_ns: float) -> object:
    return pytest.approx(1e9 / every_ns, rel=1e-12)


def latencies_ns(time: Time) -> list[float]:
    """That of the first frame, the least, the median, the 99th percentile and the worst."""
    found = time.latency_s, time.latency_min_s, time.latency_median_s, time.latency_p99_s, time.latency_worst_s
    return [round(seconds * 1e9, 6) for seconds in found]


def work(frames: int, ns: int, period_ns: int = 0) -> list[Task]:
    """One task a frame, all on one unit."""
    return [Task("work", "a", "one", NS * ns, not_before_ps=NS * period_ns * frame, frame=frame) for frame in range(frames)]


@pytest.mark.parametrize(
    ("period_ns", "latencies", "every_ns", "overload"),
    [
        (0, [4, 4, 4, 4, 4], 4, None),  # no arrivals: a frame begins when its first task does
        (10, [4, 4, 4, 4, 4], 10, None),  # slower than the unit: the arrivals set the pace
        (4, [4, 4, 4, 4, 4], 4, None),  # just as fast
        (2, [4, 4, 6, 8, 8], 4, 2.0),  # faster: 4, 8 - 2 and 12 - 4 from arrival to end
    ],
)
def test_latency_and_pace_of_frames(period_ns: int, latencies: list[int], every_ns: int, overload: float | None) -> None:
    time = timed(work(3, 4, period_ns), period_ns)
    assert latencies_ns(time) == latencies
    assert time.frames_per_s == rate(every_ns)
    assert time.arrivals_per_s == (rate(period_ns) if period_ns else None)
    assert (time.frames, time.cycles, time.overload) == (3, 2 * period_ns + 4 if period_ns > 4 else 12, overload)


def test_percentiles() -> None:
    """Frame n of 200 takes 4 ns and has waited 2 ns n: the median lies between the 100th and the next, the 99th percentile is the 198th."""
    assert latencies_ns(timed(work(200, 4, 2), 2)) == [4, 4, 4 + 199, 4 + 2 * 197, 4 + 2 * 199]


def test_frames_that_miss_a_deadline() -> None:
    """Of latencies of 4, 6 and 8 ns; what takes just as long as it may is not late."""
    late = made(work(3, 4, 2), 2)
    found = [pace.time(late, deadline_ns * 1e-9) for deadline_ns in (3, 4, 6, 7.999, 8)]
    assert [time.deadline_misses for time in found] == [3, 2, 1, 1, 0]
    assert found[0].deadline_s == pytest.approx(3e-9)
    assert (pace.time(late).deadline_s, pace.time(late).deadline_misses) == (None, None)
    assert found[0].latency_histogram == Histogram((4e-9, 6e-9, 8e-9, 1e-8), (1, 1, 1))


def test_one_frame_has_the_pace_of_its_makespan() -> None:
    time = timed(SCHEDULE)
    assert (latencies_ns(time), time.cycles, time.frames) == ([13] * 5, 13, 1)
    assert time.frames_per_s == rate(13)
    assert (time.bound_by, time.bound_s) == ("critical path", 13e-9)


def in_and_out(frames: int, into: int, compute: int, out: int, period_ns: int = 0) -> list[Task]:
    """Frames that come and go over one link; there is room for two, so an input comes after the computation of the last but one."""
    tasks: list[Task] = []
    for frame in range(frames):
        after = (3 * frame - 5,) if frame >= 2 else ()
        tasks.append(Task("in", "a", "link", NS * into, after, not_before_ps=NS * period_ns * frame, frame=frame))
        tasks.append(Task("compute", "a", "one", NS * compute, (3 * frame,), frame=frame))
        tasks.append(Task("Out", "a", "link", NS * out, (3 * frame + 1,), frame=frame))
    return tasks


def test_no_rate_is_faster_than_the_busiest_unit() -> None:
    """The first output waits for the second input, so their ends are 1 ns apart; the link has 4 ns to do for each."""
    two = made(in_and_out(2, 3, 1, 1))
    assert drawn(two.trace, ("link", "one"), step_ps=NS) == "link |iiiiiiOO|\none  |...c..c.|"
    time = pace.time(two)
    assert time.frames_per_s == rate(4)
    assert latencies_ns(time) == [7, 5, 6, 7, 7]
    assert timed(in_and_out(9, 3, 1, 1)).frames_per_s == rate(4)


@pytest.mark.parametrize(("frames", "every_ns"), [(1, 10), (2, 20), (3, 20), (4, 30), (5, 35), (6, 45), (7, 50)])
def test_the_pace_is_that_of_the_later_half_without_the_last(frames: int, every_ns: float) -> None:
    """Ends at 10, 30, 60, 100, 150, 210 and 280: of six, the ends at 60 and 150 are two frames apart. No unit has much to do."""
    units = ("one", "two", "link", "host", "one", "two", "link")
    tasks = [Task("work", "a", units[n], NS * 10 * (n + 1), (n - 1,) if n else (), frame=n) for n in range(frames)]
    assert timed(tasks).frames_per_s == rate(every_ns)


def test_two_frames_can_be_done_again_and_again() -> None:
    """They end 1 ns after each other, but begin together: a third would have to wait for the buffer, 10 ns long."""
    two = [Task("work", "a", unit, NS * ns, frame=frame) for frame, (unit, ns) in enumerate((("one", 9), ("two", 10)))]
    assert timed(two).frames_per_s == rate(5)


def once(frames: int, period_ns: int = 0) -> list[Task]:
    """Weights are loaded for 10 ns and stay; each frame is computed in 2 ns."""
    load = Task("load", "a", "host", 10 * NS)
    return [load, *(Task("compute", "a", "one", 2 * NS, (0,), not_before_ps=NS * period_ns * n, frame=n) for n in range(frames))]


def test_what_is_done_once_is_spread_over_the_frames() -> None:
    """Frames end every 2 ns; the host has worked 10 ns, which is 2.5 for each of four frames and 1 for each of ten."""
    assert timed(once(4)).frames_per_s == rate(2.5)
    assert timed(once(10)).frames_per_s == rate(2)


def test_what_is_done_once_is_no_overload() -> None:
    """Arrivals every 3 ns wait for the weights and are caught up with; every 1 ns they never are."""
    assert timed(once(2, 3), 3).overload is None
    time = timed(once(6, 3), 3)
    assert (latencies_ns(time)[0], time.frames_per_s, time.overload) == (12, rate(3), None)
    assert timed(once(6, 1), 1).overload == pytest.approx(2.0)


def test_frames_that_end_in_pairs_are_no_overload() -> None:
    """Of six frames that arrive every 2 ns the last three take 7 ns. Had all been there from the beginning, they would take 5."""
    six = made(in_and_out(6, 1, 1, 1, 2), 2)
    assert drawn(six.trace, ("link", "one"), step_ps=NS) == "link |i.OiiOOiiOOi.O|\none  |.c..cc..cc..c.|"
    assert drawn(made(in_and_out(6, 1, 1, 1)).trace, ("link", "one"), step_ps=NS) == "link |iiOOiiOOiiOO|\none  |.cc..cc..cc.|"
    time = pace.time(six)
    assert (time.frames_per_s, time.overload) == (rate(2), None)


@pytest.mark.parametrize("frames", [2, 4, 9])
def test_chips_that_take_turns_share_the_work(frames: int) -> None:
    """Two arrays of 4 ns a frame keep up with a frame every 2 ns, though neither is done with one in that time."""
    in_turns = [task._replace(unit=("one", "two")[task.frame % 2]) for task in work(frames, 4, 2)]
    assert (timed(in_turns, 2).overload, timed(work(frames, 4, 2), 2).overload) == (None, 2.0)


def test_one_frame_that_arrives_faster_than_any_other_could_be_done() -> None:
    """ResNet-34 keeps the array for 80.5 ms in every frame; of a network whose weights stay, the flash loads only in the first."""
    found = report("hyperdrive/resnet34_224", "frames_per_s=30", "reproduces=null").time
    assert (round(found.frames_per_s, 2), found.overload) == (12.41, pytest.approx(2.417, abs=1e-3))
    kept = ("frames=1", "frames_per_s=400", "chip.flash_gbit_per_s=0.01", "reproduces=null")
    loaded = report("chewbaccann/binary_resnet20_kept", *kept).time
    assert loaded.overload is None
    assert loaded.frames_per_s < 400


def at(times_ns: Sequence[int], ns: int) -> Time:
    """One task of *ns* a frame, all on one unit, of frames that arrive at some times."""
    arrivals = Arrivals.at_times([NS * time for time in times_ns])
    tasks = [Task("work", "a", "one", NS * ns, not_before_ps=arrivals.at(frame), frame=frame) for frame in range(arrivals.frames)]
    return pace.time(arriving(tasks, arrivals))


def test_frames_that_arrive_in_crowds_are_no_overload() -> None:
    """Nine of them in 24 ns are one every 3 ns on average, as long as the unit takes; every third waits for two others."""
    time = at([0, 0, 0, 12, 12, 12, 24, 24, 24], 3)
    assert (latencies_ns(time), time.arrivals_per_s) == ([3, 3, 6, 9, 9], rate(3))
    assert (time.frames_per_s, time.overload) == (rate(3), None)
    crowded = at([0, 0, 0, 12, 12, 12, 24, 24, 24], 5)
    assert (crowded.arrivals_per_s, crowded.frames_per_s) == (rate(3), rate(5))
    assert crowded.overload == pytest.approx(5 / 3)


def test_latencies_of_frames_that_are_all_there_from_the_beginning() -> None:
    """They wait for each other, and that is part of their latency: they have arrived. A rate they have not."""
    time = at([0, 0, 0], 4)
    assert (latencies_ns(time), time.arrivals_per_s, time.overload) == ([4, 4, 8, 12, 12], None, None)
    assert time.frames_per_s == rate(4)
    late = at([7], 4)
    assert (latencies_ns(late), late.arrivals_per_s, late.frames_per_s) == ([4] * 5, None, rate(4))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("frames", [3, 10, 100, 1000])
def test_frames_that_know_nothing_of_each_other_wait_at_90_percent_and_queue_without_end_at_150(frames: int, seed: int) -> None:
    """The rate is what was asked for, whatever came of it in so many frames: that is what goes on without end."""
    for load, done in ((0.9, 0.9), (1.5, 1.0)):
        arrivals = Arrivals.poisson(frames, load * 1e9 / 4, seed)
        tasks = [Task("work", "a", "one", 4 * NS, not_before_ps=arrivals.at(frame), frame=frame) for frame in range(frames)]
        time = pace.time(arriving(tasks, arrivals))
        assert time.arrivals_per_s == pytest.approx(load * 1e9 / 4)
        assert time.frames_per_s == pytest.approx(done * 1e9 / 4)
        assert time.overload == (None if load < 1 else pytest.approx(1.5))
        if frames == 1000:
            assert (time.latency_median_s > 100e-9) == (load > 1)
            assert time.latency_worst_s > 20e-9, "they wait at 90 % as well"


def test_two_frames_promise_no_more_than_they_show() -> None:
    """They end at 10 and 14, as the second came in meanwhile, but take 7 each; arrivals every 5 ns are too many for the link's 6."""
    assert timed(in_and_out(2, 3, 4, 3)).frames_per_s == rate(7)
    paced = timed(in_and_out(2, 3, 4, 3, 5), 5)
    assert (paced.frames_per_s, paced.overload) == (rate(7), pytest.approx(1.4))
    doubtful = timed(in_and_out(2, 3, 4, 3, 6), 6)
    assert (doubtful.frames_per_s, doubtful.overload) == (rate(7), None), (
        "nothing takes longer than 6, but two frames do not show that it lasts"
    )
