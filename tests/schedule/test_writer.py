"""A loop nest that is written and one that is only counted come to the same number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import task

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.schedule import growing, patterns
from hyperdrive_sim.schedule import writer as writer_module
from hyperdrive_sim.schedule.columns import Interned
from hyperdrive_sim.schedule.growing import Links
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.tasks import Copy, Effect, Load, Task
from hyperdrive_sim.schedule.writer import TOGETHER, Stamp, Writer, scheduled


def nest(to: Writer, frames: int, blocks: int, chips: int) -> None:
    """Per frame an input; in the first one weights, too; per block a stream, and in all but the first a copy; per chip a task."""
    for frame in to.each(range(frames)):
        to.add(task("input", "link", 1))
        if frame == 0:
            to.add(task("weights", "link", 1))
        for layer in ("one", "other"):
            for block in to.each(range(blocks), alike="block"):
                to.add(task(layer, "stream", 1))
                if block:
                    to.add(task("copy", "link", 1))
                for _ in range(chips):
                    to.add(task("compute", "array", 1))


def size(frames: int, blocks: int, chips: int, *, counting: bool) -> int:
    writer = Writer(counting=counting)
    nest(writer, frames, blocks, chips)
    return writer.size


def test_by_hand() -> None:
    """2 frames of an input and 2 x (3 streams, 2 copies, 3 x 4 tasks), and the weights of the first."""
    assert size(2, 3, 4, counting=False) == size(2, 3, 4, counting=True) == 2 * (1 + 2 * (3 + 2 + 12)) + 1


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 3))
def test_counted_is_written(frames: int, blocks: int, chips: int) -> None:
    assert size(frames, blocks, chips, counting=True) == size(frames, blocks, chips, counting=False)


def test_few_tasks_are_made_to_count_many() -> None:
    writer = Writer(counting=True)
    nest(writer, 1_000_000, 1000, 50)
    assert writer.size == 1_000_000 * (1 + 2 * (1000 + 999 + 1000 * 50)) + 1
    assert len(writer.schedule()) == 0, "and none is kept"


@pytest.mark.parametrize("counting", [False, True])
def test_a_loop_without_passes_writes_nothing(counting: bool) -> None:
    writer = Writer(counting=counting)
    assert list(writer.each([])) == list(writer.each([], alike="key")) == []
    assert writer.size == 0


def test_positions_are_those_of_the_schedule() -> None:
    writer = Writer()
    assert [writer.add(task(name, "unit", 1)) for name in "abc"] == [0, 1, 2]
    assert [one.name for one in writer.schedule()] == ["a", "b", "c"]


def test_a_writer_says_that_it_has_become_large_and_again_when_that_has_doubled() -> None:
    sizes: list[int] = []
    writer = Writer(large=3, when_large=sizes.append)
    for _ in writer.each(range(20)):
        writer.add(task("compute", "array", 1))
    assert sizes == [4, 9, 19], "between two passes, when there are more than three, and more than twice as many as then"


def test_nothing_more_is_written_if_that_raises() -> None:
    def refuse(size: int) -> None:
        raise ValueError("too many")

    writer = Writer(large=3, when_large=refuse)
    with pytest.raises(ValueError, match=r"^too many$"):
        for _ in writer.each(range(10)):
            writer.add(task("compute", "array", 1))
    assert writer.size == 4


def stamped(blocks: int) -> tuple[Writer, Writer]:
    """Two chips' blocks of a stream, an array and a link each, stamped, and written one by one; the first comes after a task before."""
    weights, sent = {"weight_io.bit": 7}, {"border_io.bit": 3}
    effects = [Load("conv", 0, 0, 7, ("buffer",)), Copy("map", 0, 0, (), "here", "there")]
    one, all_at_once = Writer(), Writer()
    for writer in (one, all_at_once):
        writer.add(task("input", "link", 9))
    for block in range(blocks):
        first = one.size
        before = () if block else (0,)
        one.add(
            Task("stream", "conv", "host", 5, before, effect=effects[0]._replace(c0=8 * block, c1=8 * block + 8), actions=weights, frame=2)
        )
        one.add(Task("compute", "conv", "array", 6, (first - 2,) if block else (), (first,), frame=2))
        one.add(Task("send", "conv", "link", 4, (first + 1,), effect=effects[1]._replace(c0=8 * block, c1=8 * block + 8), actions=sent,
                     latency_ps=1, frame=2))  # fmt: skip
    codes = np.array([0, 1, 2], np.int32)
    stamp = Stamp(
        Interned(codes, ("stream", "compute", "send", "never")),
        Interned(np.array([1, 0, 2], np.int32), ("array", "host", "link")),
        np.array([5, 6, 4]),
        Interned(codes, (weights, {}, sent)),
        np.array([0, 0, 1]),
        np.array([0, NO_EFFECT, 1], np.int32),
        effects,
    )
    at = 1 + 3 * np.arange(blocks)
    after = [Links(at[:1], np.array([0])), Links(at[1:] + 1, at[1:] - 2), Links(at + 2, at + 1)]
    all_at_once.stamp(stamp, [(8 * block, 8 * block + 8) for block in range(blocks)], "conv", 2, after, [Links(at + 1, at)])
    return one, all_at_once


@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_what_is_stamped_is_what_is_written_one_by_one(blocks: int) -> None:
    one, all_at_once = (writer.schedule() for writer in stamped(blocks))
    assert list(all_at_once) == list(one)
    assert all_at_once.unit.values == one.unit.values == ("link", "host", "array"), "in the order of their first tasks"
    assert all_at_once.name.values == ("input", "stream", "compute", "send"), "and none that no task has"
    assert len(all_at_once.patterns) == len(one.patterns) == 2, "channels make no other pattern"


TIMES_PS = (0, 0, 0, 5, 5, 40, 41, 90)
"""When frames arrive. A frame that is repeated may be there from the beginning, while later ones are not."""


def frame(to: Writer, number: int, arrive: bool = True) -> int:
    """An input, a task that comes after it and after that of the frame before, and a task that starts with that; where the input is."""
    entered = to.add(Task("input", "conv", "link", 1, not_before_ps=TIMES_PS[number] if arrive else 0, frame=number))
    done = to.add(Task("compute", "conv", "array", 2, (entered, entered - 2), frame=number))
    to.add(Task("send", "conv", "link", 3, (), (done,), Copy("map", 0, 8, (), "here", "there"), {"border_io.bit": 1}, 1, 0, number))
    return entered


@pytest.mark.parametrize("arrive", [True, False])
@pytest.mark.parametrize(("together", "frames"), [(1, 5), (6, 5), (7, 4), (100, 5), (100, 0)])
def test_frames_that_are_repeated_are_those_that_are_written(
    monkeypatch: pytest.MonkeyPatch, together: int, frames: int, arrive: bool
) -> None:
    monkeypatch.setattr(writer_module, "TOGETHER", together)
    one, repeated = Writer(), Writer()
    for to in (one, repeated):
        to.add(task("before", "other", 1))
        to.add(task("before", "array", 1))
        entered = frame(to, 2, arrive)
    for number in range(3, 3 + frames):
        frame(one, number, arrive)
    repeated.repeat(3, frames, [entered], TIMES_PS[3 : 3 + frames] if arrive else ())
    assert repeated.size == one.size
    assert list(repeated.schedule()) == list(one.schedule())


def test_repeated_frames_are_counted_and_noticed_as_others_are() -> None:
    counted, sizes = Writer(counting=True), list[int]()
    counted.repeat(3, 1_000_000)
    assert (counted.size, len(counted.schedule())) == (3_000_000, 0)
    noticing = Writer(large=TOGETHER, when_large=sizes.append)
    noticing.add(task("compute", "array", 1))
    noticing.repeat(1, 3 * TOGETHER)
    assert sizes == [1 + TOGETHER], "before there are many more, and not again before they have doubled"


def test_nothing_is_repeated_where_a_frame_has_no_tasks() -> None:
    for writer in (Writer(), Writer(counting=True)):
        writer.repeat(0, 1_000_000)
        assert writer.size == 0
        assert len(writer.schedule()) == 0


def test_single_tasks_are_noticed_as_they_are_made_columns() -> None:
    sizes: list[int] = []
    writer = Writer(large=10, when_large=sizes.append)
    for _ in range(3 * TOGETHER):
        writer.add(task("compute", "array", 1))
    assert sizes == [TOGETHER, 3 * TOGETHER], "not again before they have doubled"


def test_equal_values_are_one_whatever_objects_they_are() -> None:
    writer = Writer()
    for number in range(4):
        writer.add(Task(f"step {number % 2}", "conv", "unit", 1, actions={"read": number % 2}, frame=number))
    schedule = writer.schedule()
    assert schedule.name.values == ("step 0", "step 1")
    assert schedule.actions.values == ({"read": 0}, {"read": 1})
    assert [(one.name, one.actions["read"], one.frame) for one in schedule] == [(f"step {n % 2}", n % 2, n) for n in range(4)]


def test_a_schedule_behind_another() -> None:
    writer = Writer()
    writer.add(task("before", "other", 1))
    _, part = stamped(2)
    own = part.schedule()
    assert writer.extend(own) == 1
    moved = [one._replace(**{name: tuple(n + 1 for n in getattr(one, name)) for name in ("after", "after_start")}) for one in own]
    assert list(writer.schedule()) == [task("before", "other", 1), *moved]


def test_a_schedule_that_is_counted_or_too_large_is_not_written() -> None:
    part = scheduled([task("step", "unit", 1)] * 5)
    counting, sizes = Writer(counting=True), list[int]()
    assert [counting.extend(part), counting.extend(part), counting.size] == [0, 5, 10]
    assert len(counting.schedule()) == 0
    writer = Writer(large=4, when_large=sizes.append)
    for _ in range(3):
        writer.extend(part)
    assert sizes == [5, 15]


def test_tasks_of_an_inner_writer_count_beside_those_of_the_outer() -> None:
    """The outer has two: it is large with two more, and again with more than twice as many."""
    sizes: list[int] = []
    outer = Writer(large=3, when_large=sizes.append)
    outer.add(task("before", "unit", 1))
    outer.add(task("before", "unit", 1))
    inner = outer.inner()
    for _ in inner.each(range(10)):
        inner.add(task("step", "unit", 1))
    assert sizes == [4, 9]
    outer.extend(inner.schedule())
    assert (outer.size, sizes) == (12, [4, 9])


@pytest.mark.parametrize("edges", [[], [Links(np.zeros(0, np.int64), np.zeros(0, np.int64))]])
def test_stamped_tasks_without_edges(edges: list[Links]) -> None:
    codes = np.zeros(1, np.int32)
    stamp = Stamp(Interned(codes, ("step",)), Interned(codes, ("unit",)), codes + 1, Interned(codes, ({},)), codes, codes + NO_EFFECT, [])
    writer = Writer()
    writer.stamp(stamp, [(0, 0), (0, 0)], layer="L", frame=0, after=edges, after_start=edges)
    assert list(writer.schedule()) == [task("step", "unit", 1)] * 2


def test_of_the_effects_that_a_run_makes_only_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that came one by one stay: what shares a pattern is known by the identity of its parts."""
    monkeypatch.setattr(patterns, "LATEST", 4)
    made: list[int] = []

    class Run(Sequence[Effect]):
        def __len__(self) -> int:
            return 100

        def __getitem__(self, number: Any) -> Any:
            made.append(number)
            return Load("conv", 0, 0, number, ("buffer",))

    several, single = patterns.Patterns(), Load("conv", 0, 0, 7, ("buffer",))
    assert (several.number(single), several.extend(Run()), len(several)) == (0, 1, 101)
    assert [several[1].bits, several[2].bits, several[1].bits] == [0, 1, 0]
    assert made == [0, 1], "not made again while it is one of the latest"
    assert [effect.bits for effect in several] == [7, *range(100)]
    assert several[0] is single
    assert len(several._latest) <= 4


def test_positions_are_numbers_of_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "MOST", 9)
    for tasks in (9, 11):
        writer = Writer()
        for _ in range(tasks):
            writer.add(task("step", "unit", 1))
        if tasks <= 9:
            assert len(writer.schedule()) == tasks
        else:
            with pytest.raises(InvalidInput, match=r"^more than 9 tasks, or edges between them; take a smaller network"):
                writer.schedule()
