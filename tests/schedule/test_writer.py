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
