"""Columns: distinct values, edges and sums by group, against plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.schedule.columns import Edges, Interned, grouped, interned, largest, offsets, pairs, ranked, summed

CODES = st.lists(st.integers(0, 5), max_size=40)


def column(codes: list[int], values: str = "abcdef") -> Interned[str]:
    return interned(np.array(codes, np.int32), values)


def test_values_stand_in_the_order_of_their_first_row_and_none_twice() -> None:
    found = interned(np.array([3, 1, 3, 0], np.int32), ("x", "y", "never", "x"))
    assert found.values == ("x", "y")
    assert found.codes.tolist() == [0, 1, 0, 0]
    assert [found[row] for row in range(4)] == ["x", "y", "x", "x"]


def test_counts_of_actions_are_equal_if_their_pairs_are() -> None:
    found = interned(np.array([0, 1, 2], np.int32), ({"a": 1}, {"a": 1}, {"a": 2}))
    assert found.values == ({"a": 1}, {"a": 2})
    assert found.codes.tolist() == [0, 0, 1]


@given(CODES, st.integers(0, 40))
def test_the_first_rows(codes: list[int], rows: int) -> None:
    first = column(codes).first(rows)
    assert [first[row] for row in range(len(first.codes))] == ["abcdef"[code] for code in codes[:rows]]
    assert first.values == tuple(dict.fromkeys("abcdef"[code] for code in codes[:rows]))


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=10, max_size=10))
def test_edges_and_the_same_seen_from_their_other_ends(rows: list[list[int]]) -> None:
    edges = Edges(offsets(np.array([len(row) for row in rows])), np.array([other for row in rows for other in row], np.int32))
    assert edges.lists() == rows
    assert [edges[row] for row in range(10)] == [tuple(row) for row in rows]
    assert edges.rows.tolist() == [row for row, others in enumerate(rows) for _ in others]
    assert edges.backwards().lists() == [[row for row, others in enumerate(rows) for one in others if one == other] for other in range(10)]
    assert edges.first(4).lists() == rows[:4]


@given(st.lists(st.tuples(st.lists(st.integers(0, 9), max_size=3), st.lists(st.integers(0, 9), max_size=3), st.booleans()), max_size=9))
def test_edges_of_some_rows_that_move(rows: list[tuple[list[int], list[int], bool]]) -> None:
    one, other = (
        Edges(offsets(np.array([len(row[n]) for row in rows])), np.array([edge for row in rows for edge in row[n]], np.int32))
        for n in (0, 1)
    )
    taken, left = one.moved(other, np.array([go for *_, go in rows], np.bool_))
    assert taken.lists() == [[*own, *others] if go else own for own, others, go in rows]
    assert left.lists() == [[] if go else others for _, others, go in rows]


@given(CODES, CODES)
def test_pairs_in_the_order_in_which_they_first_occur(one: list[int], other: list[int]) -> None:
    both = list(zip(one, other, strict=False))
    found = pairs(column([code for code, _ in both]), column([code for _, code in both], "uvwxyz"))
    expected = Counter(("abcdef"[a], "uvwxyz"[b]) for a, b in both)
    assert found == expected
    assert list(found) == list(expected)


@given(CODES)
def test_groups_and_ranks(codes: list[int]) -> None:
    array = np.array(codes, np.int32)
    order, bounds = grouped(array, 6)
    expected = [[row for row, code in enumerate(codes) if code == group] for group in range(6)]
    assert [order[bounds[group] : bounds[group + 1]].tolist() for group in range(6)] == expected
    number, rank = ranked(array)
    assert number == len(set(codes))
    assert rank.tolist() == [sorted(set(codes)).index(code) for code in codes]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-(2**60), 2**60)), max_size=40))
def test_sums_and_the_largest_by_group(rows: list[tuple[int, int]]) -> None:
    group, values = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    small = values // 64  # so that no sum is out of range
    assert summed(group, small, 6).tolist() == [int(sum(small[group == one].tolist())) for one in range(6)]
    for one, most in enumerate(largest(group, values, 6).tolist()):
        mine = [value for of, value in rows if of == one]
        assert most == max(mine, default=np.iinfo(np.int64).min)
