"""Frames that are dropped: literal traces of a camera that is faster than its chip, and a second simulator, on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import packages
from test_simulate import picture, schedules
from worlds import drawn, task, times

from hyperdrive_sim.engine.simulate import ENGINES, Engine, simulate
from hyperdrive_sim.engine.trace import NOBODY, Trace
from hyperdrive_sim.engine.waiting import WaitingFrames
from hyperdrive_sim.schedule.admission import POLICIES, Policy, Stream, beginnings
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled


@pytest.fixture(params=ENGINES[1:])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that there is."""
    if request.param == "compiled":
        packages("numba")
    return request.param  # type: ignore[no-any-return]


def camera(frames: int, period_ps: int = 3, first: int = 0) -> list[Task]:
    """A frame every *period_ps*: 2 ps on the link into the only buffer, which is free again once the array has worked on it for 5 ps."""
    tasks: list[Task] = []
    for frame in range(first, first + frames):
        gate = (len(tasks) - 1,) if tasks else ()
        tasks.append(task(str(frame), "link", 2, *gate, frame=frame, not_before_ps=frame * period_ps))
        tasks.append(task(str(frame), "array", 5, len(tasks) - 1, frame=frame))
    return tasks


def stream(frames: int, policy: Policy, period_ps: int = 3, **more: int) -> Stream:
    return Stream(tuple(range(frames)), tuple(frame * period_ps for frame in range(frames)), policy, **more)


def of_five(engine: Engine, policy: Policy, **more: int) -> Trace:
    return simulate(scheduled(camera(5), [stream(5, policy, **more)]), engine=engine)


def test_the_newest_goes_when_two_wait_and_one_may(engine: Engine) -> None:
    """Frame 2 comes at 6 when frame 1 waits, frame 4 at 12 when frame 3 does."""
    trace = of_five(engine, "newest", waiting=1)
    assert drawn(trace) == picture("""
        link  |00.....11.....33.....|
        array |..00000..11111..33333|
    """)
    assert trace.dropped == (2, 4)
    assert times(trace)[4:6] == [(14, 14, 14), (14, 14, 14)], "frame 2 is over once frame 1 has left the buffer, and frame 3 comes in"
    assert times(trace)[8:] == [(21, 21, 21), (21, 21, 21)]


def test_the_oldest_goes_when_two_wait_and_one_may(engine: Engine) -> None:
    trace = of_five(engine, "oldest", waiting=1)
    assert drawn(trace) == picture("""
        link  |00.....22.....44.....|
        array |..00000..22222..44444|
    """)
    assert trace.dropped == (1, 3)


def test_what_is_late_goes_when_it_would_be_begun(engine: Engine) -> None:
    """At 7 frame 1 is 4 ps old and may be 3; frame 2, of 1 ps, begins in that instant. At 14 frame 3 is 5 ps old, frame 4 of 2."""
    trace = of_five(engine, "late", late_ps=3)
    assert drawn(trace) == picture("""
        link  |00.....22.....44.....|
        array |..00000..22222..44444|
    """)
    assert trace.dropped == (1, 3)
    assert times(trace)[2:4] == [(7, 7, 7), (7, 7, 7)]


@pytest.mark.parametrize(("late_ps", "dropped"), [(3, (1, 3)), (4, (2, 3))])
def test_late_is_what_is_older_and_not_what_is_as_old(engine: Engine, late_ps: int, dropped: tuple[int, ...]) -> None:
    assert of_five(engine, "late", late_ps=late_ps).dropped == dropped


def test_none_may_wait(engine: Engine) -> None:
    """A frame that comes while another is in the buffer is gone at once, of either policy: it is the newest and the oldest."""
    for policy in POLICIES[:2]:
        trace = of_five(engine, policy)
        assert drawn(trace, ("link",)) == "link |00.......33.....|"
        assert trace.dropped == (1, 2, 4)


def test_a_frame_that_begins_in_the_instant_in_which_it_arrives_does_not_wait(engine: Engine) -> None:
    trace = simulate(scheduled(camera(3, 7), [stream(3, "newest", 7)]), engine=engine)
    assert drawn(trace, ("link",)) == "link |00.....11.....22.....|"


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_is_dropped_where_all_can_be_taken(engine: Engine, policy: Policy) -> None:
    tasks = camera(4, 7)
    schedule = scheduled(tasks, [stream(4, policy, 7)])
    trace = simulate(schedule, engine=engine)
    assert trace.tasks is schedule
    assert (trace.dropped, trace.skipped.any()) == ((), False)
    assert times(trace) == times(simulate(scheduled(tasks), engine=engine))


def test_frames_of_no_stream_are_never_dropped(engine: Engine) -> None:
    some = Stream((0, 2, 4), (0, 6, 12), "newest")
    assert simulate(scheduled(camera(5), [some]), engine=engine).dropped == (2, 4)


def test_kept_frames_are_never_dropped_and_count_while_they_wait(engine: Engine) -> None:
    """Frames 0, 1 and 2 are kept. Frame 1 waits from 3 to 7, frame 2 from 6 to 14; frames 3 and 4 are two too many, each when it comes."""
    trace = of_five(engine, "oldest", waiting=1, kept=3)
    assert trace.dropped == (3, 4)
    assert drawn(trace, ("link",)) == "link |00.....11.....22.....|"


def test_frames_may_be_dropped_in_the_first_instant(engine: Engine) -> None:
    """Four come at 0, of which one begins and one may wait."""
    burst = Stream((0, 1, 2, 3), (0, 0, 0, 0), "newest", waiting=1)
    trace = simulate(scheduled(camera(4, 0), [burst]), engine=engine)
    assert trace.dropped == (2, 3)
    assert drawn(trace, ("array",)) == "array |..00000..11111|"
    last = simulate(scheduled([task("a", "array", 1), task("b", "array", 1, frame=1)], [Stream((0, 1), (0, 0), "newest")]), engine=engine)
    assert times(last) == [(0, 0, 1), (0, 0, 0)]


def test_units_choose_again_after_each_frame_that_goes(engine: Engine) -> None:
    """At 5 frames 1 and 2 come, and none may wait. Frame 1 would go to a busy link and goes; what it held up, frame 2, begins at once."""
    tasks = [
        task("hold", "link", 9),
        task("1", "link", 1, frame=1, not_before_ps=5),
        task("2", "array", 1, 1, frame=2, not_before_ps=5),
    ]
    trace = simulate(scheduled(tasks, [Stream((0, 1, 2), (0, 5, 5), "oldest")]), engine=engine)
    assert trace.dropped == (1,)
    assert times(trace)[1:] == [(5, 5, 5), (5, 5, 6)]


def test_weights_that_came_before_the_frame_stay_and_others_are_not_brought(engine: Engine) -> None:
    """A load of frame 1 is under way when that comes, at 4, and goes; the one behind it is skipped, and the array computes frame 2."""
    tasks = [
        task("hold", "link", 8),
        task("load", "flash", 6, frame=1),
        task("more", "flash", 6, 1, frame=1),
        task("in", "link", 2, frame=1, not_before_ps=4),
        task("compute", "array", 3, 2, 3, frame=1),
        task("IN", "link", 2, 3, frame=2, not_before_ps=6),
        task("Compute", "array", 3, 4, 5, frame=2),
    ]
    trace = simulate(scheduled(tasks, [Stream((0, 1), (0, 4), "oldest")]), engine=engine)
    assert drawn(trace) == picture("""
        link  |hhhhhhhhII...|
        flash |llllll.......|
        array |..........CCC|
    """)
    assert trace.skipped.tolist() == [False, False, True, True, True, False, False]
    assert times(trace)[2:5] == [(6, 6, 6), (4, 4, 4), (6, 6, 6)], "each once all that it comes after is over"


def test_what_would_have_started_with_a_stream_of_weights_is_over_at_its_end(engine: Engine) -> None:
    """A buffer of one block: the load of frame 2 comes after what uses the load of frame 1, from 9 to 15 and 2 ps more on its way."""
    tasks = [
        task("load", "flash", 6, latency_ps=2),
        task("compute", "array", 9, after_start=(0,)),
        task("out", "link", 4, 1),
        task("load", "flash", 6, 1, frame=1, latency_ps=2),
        task("in", "link", 1, frame=1, not_before_ps=9),
        task("compute", "array", 9, 4, frame=1, after_start=(3,)),
        task("load", "flash", 6, 5, frame=2, latency_ps=2),
    ]
    trace = simulate(scheduled(tasks, [Stream((0, 1), (0, 9), "newest")]), engine=engine)
    assert trace.dropped == (1,)
    assert times(trace)[3:] == [(9, 9, 15), (9, 9, 9), (17, 17, 17), (17, 17, 23)]


def test_a_tasks_wait_before_it_is_skipped_is_told(engine: Engine) -> None:
    """It was ready at 2, waited for the link, and was given up at 5 in favour of the frame that came then."""
    tasks = [task("hold", "link", 9), task("1", "link", 2, frame=1, not_before_ps=2), task("2", "link", 2, frame=2, not_before_ps=5)]
    trace = simulate(scheduled(tasks, [Stream((0, 1, 2), (0, 2, 5), "oldest", waiting=1)]), engine=engine)
    assert times(trace) == [(0, 0, 9), (2, 5, 5), (5, 9, 11)]
    assert trace.waiting_ps() == {"link": 3 + 4}


def test_several_streams_and_the_first_ones_frame_goes_first(engine: Engine) -> None:
    """Two cameras send a frame at 1, and none may wait. When that of the first stream has gone, what waited for it begins."""
    tasks = [
        task("hold", "link", 4),
        task("a", "link", 1, frame=1, not_before_ps=1),
        task("b", "array", 1, 1, frame=2, not_before_ps=1),
    ]
    one, two = Stream((1,), (1,), "newest", kept=0), Stream((2,), (1,), "newest", kept=0)
    assert simulate(scheduled(tasks, [one, two]), engine=engine).dropped == (1,)
    assert simulate(scheduled(tasks, [two, one]), engine=engine).dropped == (1, 2)


def test_late_frames_on_several_units_go_in_the_order_of_their_keys(engine: Engine) -> None:
    """At 9 both units are free. The link takes frame 1 first, which is late; with it goes what the array would have done before frame 2."""
    tasks = [
        task("hold", "link", 9),
        task("hold", "array", 9),
        task("1", "link", 1, frame=1, not_before_ps=2),
        task("1", "array", 1, frame=1, not_before_ps=2),
        task("2", "array", 1, 3, frame=2, not_before_ps=8),
    ]
    trace = simulate(scheduled(tasks, [Stream((0, 1, 2), (0, 2, 8), "late", late_ps=3)]), engine=engine)
    assert times(trace)[2:] == [(2, 9, 9), (2, 9, 9), (9, 9, 10)]


def test_the_latency_is_bounded_where_the_oldest_goes_and_one_may_wait(engine: Engine) -> None:
    """A frame that is begun is not older than a period when the one before is done, which takes 7 ps; then it takes as long itself."""
    for period_ps in range(1, 7):
        trace = simulate(scheduled(camera(40, period_ps), [stream(40, "oldest", period_ps, waiting=1)]), engine=engine)
        done = [frame for frame in range(1, 39) if frame not in trace.dropped]  # the last one is followed by none, and may wait
        latencies = [int(trace.end[2 * frame + 1]) - frame * period_ps for frame in done]
        assert len(done) >= 39 * period_ps // 7 - 1
        assert max(latencies) <= period_ps + 7
    endless = simulate(scheduled(camera(40)), engine=engine)
    assert int(endless.end[-1]) - 39 * 3 == 7 + 39 * 4, "without, each frame waits 4 ps longer than the one before"


def test_an_engine_that_drops_another_frame_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above would find it: the oldest in place of the newest, and the other way round."""
    right = [of_five("simpy", policy, waiting=1) for policy in POLICIES[:2]]

    def wrong(self: WaitingFrames) -> int | None:
        found = [[f for f in waiting if f not in self.kept] for waiting in self.waiting if len(waiting) > self.streams[0].waiting]
        return found[0][0 if self.streams[0].policy == "newest" else -1] if found else None

    monkeypatch.setattr(WaitingFrames, "surplus", wrong)
    assert [times(of_five("simpy", policy, waiting=1)) for policy in POLICIES[:2]] == [times(trace) for trace in reversed(right)]


# What is derived from a trace.


@pytest.fixture
def five() -> Trace:
    """The frames 0, 2 and 4 of five, as `test_the_oldest_goes_when_two_wait_and_one_may` has them."""
    return of_five("simpy", "oldest", waiting=1)


def test_units_have_not_done_what_was_skipped(five: Trace) -> None:
    assert {unit: tasks.tolist() for unit, tasks in five.by_unit.items()} == {"link": [0, 4, 8], "array": [1, 5, 9]}
    assert five.busy_ps() == five.tasks.work_ps == {"link": 6, "array": 15}
    assert five.makespan_ps == 21
    assert five.tasks.bound == ("critical path", 21)


def test_gaps_are_between_what_units_have_done(five: Trace) -> None:
    tasks, gaps = five.gaps(("link", "array"))
    assert (tasks.tolist(), gaps.tolist()) == ([4, 8, 1, 5, 9], [5, 5, 2, 2, 2])


def test_what_released_a_task_is_found_through_skipped_ones(five: Trace) -> None:
    """Frame 2 comes in at 7 after the array's skipped task of frame 1, which was over then, with the link's, after that of frame 0."""
    assert five.released_by.tolist() == [NOBODY, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert list(five.chain()) == [(9, 5), (8, 2), (5, 5), (4, 2), (1, 5), (0, 2)], "which take no time"


def test_the_last_of_the_chain_was_carried_out() -> None:
    """Frame 1 comes at 1, when the link is held, and goes; it is over at 9 with what the link sent, which is when the array ends too."""
    tasks = [task("send", "link", 2, latency_ps=7), task("1", "link", 1, 0, frame=1, not_before_ps=1), task("long", "array", 9)]
    trace = simulate(scheduled(tasks, [Stream((0, 1), (0, 1), "newest")]))
    assert times(trace)[1:] == [(9, 9, 9), (0, 0, 9)]
    assert list(trace.chain()) == [(2, 9)]


def test_what_was_carried_out_can_be_simulated_again(engine: Engine, five: Trace) -> None:
    """As to see what would help, for the same frames: what is skipped takes no time and no unit."""
    assert times(simulate(five.tasks, engine=engine)) == times(five)


# Any schedule at all, on a second simulator.


@st.composite
def streaming(draw: st.DrawFn) -> tuple[list[Task], tuple[Stream, ...]]:
    """Tasks of up to seven frames in one stream or two, of which some wait for the arrival of their frame."""
    tasks, last = draw(schedules()), draw(st.integers(1, 6))
    arrival = [0, *sorted(draw(st.lists(st.integers(0, 20), min_size=last, max_size=last)))]
    frames, waits = (draw(st.lists(kind, min_size=len(tasks), max_size=len(tasks))) for kind in (st.integers(0, last), st.booleans()))
    of = [one._replace(frame=f, not_before_ps=arrival[f] if w else 0) for one, f, w in zip(tasks, frames, waits, strict=True)]
    every, streams = draw(st.integers(1, 2)), []
    for first in range(every):
        if mine := [frame for frame in sorted(set(frames)) if frame % every == first]:
            rule = draw(st.sampled_from(POLICIES)), draw(st.integers(0, 2)), draw(st.integers(0, 4)), draw(st.integers(0, 2))
            streams.append(Stream(tuple(mine), tuple(arrival[frame] for frame in mine), *rule))
    return of, tuple(streams)


class Slow:
    """The same rules once more, with no events at all: in every instant every task is looked at, again and again."""

    def __init__(self, tasks: list[Task], streams: Sequence[Stream]) -> None:
        self.tasks, self.streams = tasks, streams
        self.ready: dict[int, int] = {}
        self.start: dict[int, int] = {}
        self.end: dict[int, int] = {}
        self.dropped: set[int] = set()
        self.skipped: set[int] = set()
        self.now = 0
        schedule = scheduled(tasks)
        self.begins = beginnings(schedule.frame, schedule.not_before_ps).tolist()

    def run(self) -> list[tuple[int, int, int]]:
        arrivals = {at for one in self.streams for at in one.arrival_ps}
        while len(self.end) < len(self.tasks) or any(at > self.now for at in self.end.values()):
            while self.pass_over() or self.start_one() or self.drop_one():
                pass
            ends = {at + self.tasks[n].latency_ps for n, at in self.end.items()} | set(self.end.values())
            later = [at for at in ends | arrivals | {one.not_before_ps for one in self.tasks} if at > self.now]
            if not later:
                break
            self.now = min(later)
        return [(self.ready[n], self.start[n], self.end[n]) for n in range(len(self.tasks))]

    def over(self, index: int) -> bool:
        return self.end.get(index, inf) + (0 if index in self.skipped else self.tasks[index].latency_ps) <= self.now

    def may(self, index: int) -> bool:
        one = self.tasks[index]
        begun = (self.over(n) if index in self.skipped else self.start.get(n, inf) <= self.now for n in one.after_start)
        return one.not_before_ps <= self.now and all(map(self.over, one.after)) and all(begun)

    def pass_over(self) -> bool:
        for index in range(len(self.tasks)):
            if index not in self.start and self.may(index):
                new = index not in self.ready
                self.ready.setdefault(index, self.now)
                if index in self.skipped:
                    self.start[index] = self.end[index] = self.now
                    return True
                if new:
                    return True
        return False

    def key(self, index: int) -> tuple[int, int, int, int]:
        return self.tasks[index].priority, self.tasks[index].frame, self.ready[index], index

    def start_one(self) -> bool:
        busy = {self.tasks[n].unit for n in self.start if self.end[n] > self.now}
        free = [n for n in self.ready if n not in self.start and n not in self.skipped and self.tasks[n].unit not in busy]
        if not free:
            return False
        index = min(free, key=self.key)
        frame = self.tasks[index].frame
        for one in self.streams:
            may_go = one.policy == "late" and frame in one.frames[one.kept :] and self.begins[index] and not self.begun(frame)
            if may_go and self.now > one.arrival_ps[one.frames.index(frame)] + one.late_ps:
                return self.drop(frame)
        self.start[index], self.end[index] = self.now, self.now + self.tasks[index].ps
        return True

    def begun(self, frame: int) -> bool:
        return any(self.begins[n] and self.tasks[n].frame == frame and n not in self.skipped for n in self.start)

    def drop_one(self) -> bool:
        for one in self.streams:
            there = [f for f, at in zip(one.frames, one.arrival_ps, strict=True) if at <= self.now]
            wait = [frame for frame in there if frame not in self.dropped and not self.begun(frame)]
            if one.policy != "late" and len(wait) > one.waiting and (may := [f for f in wait if f in one.frames[one.kept :]]):
                return self.drop(may[0 if one.policy == "oldest" else -1])
        return False

    def drop(self, frame: int) -> bool:
        self.dropped.add(frame)
        self.skipped |= {n for n, one in enumerate(self.tasks) if one.frame == frame and n not in self.start}
        for index in self.skipped - self.start.keys():
            if not self.may(index):
                self.ready.pop(index, None)
        return True


@given(streaming())
@settings(max_examples=600, deadline=None)
def test_a_second_simulator_drops_the_same_frames(drawn: tuple[list[Task], tuple[Stream, ...]]) -> None:
    tasks, streams = drawn
    slow, trace = Slow(tasks, streams), simulate(scheduled(tasks, streams), engine="simpy")
    assert times(trace) == slow.run()
    assert set(trace.dropped) == slow.dropped
    assert set(np.flatnonzero(trace.skipped).tolist()) == slow.skipped
    assert trace.tasks.bound[1] <= trace.makespan_ps


@given(streaming())
@settings(max_examples=600, deadline=None)
def test_the_compiled_engine_drops_the_same_frames(drawn: tuple[list[Task], tuple[Stream, ...]]) -> None:
    packages("numba")
    one, other = (simulate(scheduled(*drawn), engine=engine) for engine in ENGINES[1:])
    assert (times(one), one.dropped) == (times(other), other.dropped)


def test_thousands_of_tasks_of_hundreds_of_frames() -> None:
    """Queues that are long: the engines' heaps are more than a few entries deep, and most of them may be skipped at any time."""
    packages("numba")
    for seed in range(6):
        rng = np.random.default_rng(seed)
        arrival = np.cumsum(rng.integers(0, 5, 300))
        tasks: list[Task] = []
        for number in range(3000):
            frame = number // 10
            earlier = range(max(0, number - 30), number)
            after, starts = (tuple(sorted({int(n) for n in rng.choice(earlier, k)})) if number else () for k in (2, 1))
            tasks.append(
                task("t", f"u{rng.integers(12)}", int(rng.integers(1, 12)), *after[: rng.integers(3)], frame=frame)._replace(
                    after_start=starts if rng.random() < 0.2 else (),
                    latency_ps=int(rng.choice((0, 0, 3))),
                    not_before_ps=int(arrival[frame]) if number % 10 in (2, 3) else 0,
                )
            )
        cameras = [Stream(tuple(range(n, 300, 3)), tuple(arrival[n::3].tolist()), policy, n, 40) for n, policy in enumerate(POLICIES)]
        one, other = (simulate(scheduled(tasks, cameras), engine=engine) for engine in ENGINES[1:])
        assert (times(one), one.dropped) == (times(other), other.dropped)
        assert {frame % 3 for frame in one.dropped} == {0, 1, 2}, "frames of all three go"
