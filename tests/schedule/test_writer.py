"""A loop nest that is written and one that is only counted come to the same number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import task

from hyperdrive_sim.schedule.writer import Writer


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
    assert len(writer.tasks) < 500


@pytest.mark.parametrize("counting", [False, True])
def test_a_loop_without_passes_writes_nothing(counting: bool) -> None:
    writer = Writer(counting=counting)
    assert list(writer.each([])) == list(writer.each([], alike="key")) == []
    assert writer.size == 0


def test_positions_are_those_of_the_schedule() -> None:
    writer = Writer()
    assert [writer.add(task(name, "unit", 1)) for name in "abc"] == [0, 1, 2]
    assert [one.name for one in writer.schedule()] == ["a", "b", "c"]


def test_a_writer_says_once_that_it_has_become_large() -> None:
    sizes: list[int] = []
    writer = Writer(large=3, when_large=lambda: sizes.append(writer.size))
    for _ in writer.each(range(10)):
        writer.add(task("compute", "array", 1))
    assert sizes == [4], "between two passes, when there are more than three"


def test_nothing_more_is_written_if_that_raises() -> None:
    def refuse() -> None:
        raise ValueError("too many")

    writer = Writer(large=3, when_large=refuse)
    with pytest.raises(ValueError, match=r"^too many$"):
        for _ in writer.each(range(10)):
            writer.add(task("compute", "array", 1))
    assert writer.size == 4


def test_what_a_counting_writer_keeps_is_a_schedule_and_it_knows_what_is_repeated() -> None:
    """Both frames, of each block loop its first two passes, and nothing of the second layer, which is alike: s c c; in the second also k.

    The positions: 0 input, 1 weights, 2-4 the first block, 5-8 the second; 9 the next frame's input, all else of it is known.
    """
    writer = Writer(counting=True)
    nest(writer, 2, 5, 2)
    assert [one.name for one in writer.tasks] == [
        *("input", "weights", "one", "compute", "compute", "one", "copy", "compute", "compute", "input")
    ]
    assert writer.repeated == [range(5, 9), range(9, 10)]
    assert writer.skipped.tasks == writer.size - 10 == 2 * (1 + 2 * (3 + 4 * 4)) + 1 - 10


def test_a_counting_writer_knows_how_long_the_rest_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task takes a second to write: the clock is the number of tasks there are. 40 tasks of 4 passes, two passes of 10 are written."""
    writer = Writer(counting=True)
    monkeypatch.setattr("hyperdrive_sim.schedule.writer.perf_counter", lambda: float(len(writer.tasks)))
    for _ in writer.each(range(4), alike="key"):
        for _ in range(10):
            writer.add(task("compute", "array", 1))
    assert (len(writer.tasks), writer.skipped) == (20, (20, 20.0))
    assert list(writer.each(range(3), alike="key")) == []
    assert writer.skipped == (50, 50.0)
