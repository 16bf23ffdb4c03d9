"""A buffer of ten bits: what stays, what is pushed out, and in which order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.schedule.fifo import UNLIMITED, Fifo, FifoRows, pushed_out


def filled(*items: tuple[str, int], entries: int | None = None) -> Fifo[str]:
    fifo: Fifo[str] = Fifo(10, entries)
    for item, bits in items:
        assert fifo.push(item, bits) == [], item
    return fifo


def test_what_fits_pushes_nothing_out() -> None:
    fifo = filled(("a", 4), ("b", 3), ("c", 3))
    assert (fifo.used, fifo.newest) == (10, "c")


@pytest.mark.parametrize(
    ("bits", "gone", "used"), [(0, [], 10), (1, ["a"], 7), (4, ["a"], 10), (5, ["a", "b"], 8), (10, ["a", "b", "c"], 10)]
)
def test_the_oldest_make_way_first_and_no_more_than_needed(bits: int, gone: list[str], used: int) -> None:
    fifo = filled(("a", 4), ("b", 3), ("c", 3))
    assert fifo.push("d", bits) == gone
    assert (fifo.used, fifo.newest) == (used, "d")


def test_more_entries_than_allowed_push_out_what_would_still_fit() -> None:
    fifo = filled(("a", 1), ("b", 1), entries=2)
    assert fifo.push("c", 1) == ["a"]
    assert fifo.used == 2


def test_an_item_larger_than_the_buffer_empties_it_and_is_lost() -> None:
    fifo = filled(("a", 4), ("b", 3))
    assert fifo.push("large", 11) == ["a", "b", "large"]
    assert (fifo.used, fifo.newest) == (0, None)


def test_room_is_made_before_anything_comes() -> None:
    fifo = filled(("a", 4), ("b", 6))
    assert fifo.make_room(3) == ["a"]
    assert (fifo.used, fifo.newest) == (6, "b"), "nothing has come in yet"
    assert fifo.push("c", 3) == [], "the room is there"


def test_equal_items_are_different_ones() -> None:
    fifo = filled(("a", 5), ("a", 5))
    assert fifo.push("b", 5) == ["a"]
    assert fifo.push("c", 5) == ["a"]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30), st.integers(12, 40), st.none() | st.integers(1, 4))
def test_what_is_pushed_out_of_a_buffer_by_a_whole_row_of_items(sizes: list[int], bits: int, entries: int | None) -> None:
    fifo: Fifo[int] = Fifo(bits, entries)
    gone, expected = 0, []
    for number, size in enumerate(sizes):
        out = fifo.push(number, size)
        assert out == list(range(gone, gone + len(out))), "oldest first"
        gone += len(out)
        expected.append(gone)
    assert pushed_out(np.array(sizes), bits, entries or UNLIMITED).tolist() == expected


@given(st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=8), max_size=6), st.integers(12, 40), st.none() | st.integers(1, 4))
def test_many_items_at_once_push_out_what_they_do_one_by_one(rounds: list[list[int]], bits: int, entries: int | None) -> None:
    one_by_one: Fifo[int] = Fifo(bits, entries)
    at_once = FifoRows(2, bits, entries)
    items = 0
    for sizes in rounds:
        numbers = np.arange(items, items + len(sizes))
        items += len(sizes)
        expected = [(out, place) for place, size in enumerate(sizes) for out in one_by_one.push(int(numbers[place]), size)]
        gone, places = at_once.push(np.stack((numbers, -numbers), axis=1), np.array(sizes))
        assert list(zip(gone[:, 0].tolist(), places.tolist(), strict=True)) == expected
        assert (gone[:, 1] == -gone[:, 0]).all(), "rows stay whole"
