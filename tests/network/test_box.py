"""Blocks against the plainest oracle there is: the set of their pixels."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.network.box import Box, Shape, chunks, cuts

EDGES = st.tuples(st.integers(-3, 6), st.integers(-3, 6)).map(sorted)
BOXES = st.builds(lambda c, r, w: Box(*c, *r, *w), EDGES, EDGES, EDGES)
LONG = st.tuples(st.integers(-3, 5), st.integers(1, 4)).map(lambda edge: (edge[0], sum(edge)))
FULL = st.builds(lambda c, r, w: Box(*c, *r, *w), LONG, LONG, LONG)
SHAPES = st.builds(Shape, st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))

Pixels = set[tuple[int, int, int]]


def pixels(box: Box) -> Pixels:
    return set(product(range(box.c0, box.c1), range(box.r0, box.r1), range(box.w0, box.w1)))


def test_a_shape_counts_its_values() -> None:
    shape = Shape(64, 56, 57)
    assert shape.size == 204_288
    assert shape.box == Box(0, 64, 0, 56, 0, 57)
    assert str(shape) == "64 x 56 x 57"


def test_a_box_says_where_it_is() -> None:
    box = Box(0, 16, 3, 7, 8, 9)
    assert str(box) == "channels 0:16, rows 3:7, columns 8:9"
    assert box.shape == Shape(16, 4, 1)
    assert (box.channels(2, 5), box.rows(2, 5), box.columns(2, 5)) == (
        Box(2, 5, 3, 7, 8, 9),
        Box(0, 16, 2, 5, 8, 9),
        Box(0, 16, 3, 7, 2, 5),
    )


@given(BOXES)
def test_size_and_truth_are_those_of_the_pixels(box: Box) -> None:
    assert box.size == len(pixels(box))
    assert bool(box) == bool(pixels(box))


@pytest.mark.parametrize("box", [Box(2, 1, 0, 4, 0, 4), Box(0, 1, 4, 0, 0, 4), Box(3, 1, 3, 1, 0, 1)])
def test_a_box_that_ends_before_it_begins_is_empty(box: Box) -> None:
    assert not box
    assert box.size == 0


@given(BOXES, BOXES)
def test_the_common_part(one: Box, other: Box) -> None:
    common = one & other
    assert pixels(common) == pixels(one) & pixels(other)
    assert common == other & one
    assert isinstance(common, Box)
    if common:
        assert one.contains(common)
        assert other.contains(common)


@given(FULL, FULL)
def test_containing(one: Box, other: Box) -> None:
    assert one.contains(other) == (pixels(other) <= pixels(one))


@given(FULL, st.integers(0, 3))
def test_grown_by_a_halo(box: Box, halo: int) -> None:
    reach = range(-halo, halo + 1)
    assert pixels(box.grown(halo)) == {(c, r + down, w + right) for c, r, w in pixels(box) for down in reach for right in reach}


@given(BOXES, SHAPES)
def test_clipped_to_a_map(box: Box, shape: Shape) -> None:
    inside = {(c, r, w) for c, r, w in pixels(box) if 0 <= c < shape.channels and 0 <= r < shape.rows and 0 <= w < shape.columns}
    assert pixels(box.clipped(shape)) == inside


@given(EDGES, EDGES, EDGES, st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_slices_cut_the_block_out_of_an_array(c: list[int], r: list[int], w: list[int], beyond: list[int]) -> None:
    """The array holds some more all around the block."""
    block = Box(*c, *r, *w)
    origin = Box(
        *(bound - more if number % 2 == 0 else bound + more for number, (bound, more) in enumerate(zip(block, beyond, strict=True)))
    )
    shape = origin.shape
    indices = np.moveaxis(np.indices((shape.rows, shape.columns, shape.channels)), 0, -1)
    where = indices + np.array((origin.r0, origin.w0, origin.c0))
    cut = where[block.slices(origin)]
    assert cut.shape == (block.shape.rows, block.shape.columns, block.shape.channels, 3)
    assert {(c, r, w) for r, w, c in cut.reshape(-1, 3).tolist()} == pixels(block)


@pytest.mark.parametrize(
    ("size", "parts", "expected"),
    [
        (7, 3, [0, 3, 5, 7]),
        (6, 3, [0, 2, 4, 6]),
        (5, 1, [0, 5]),
        (56, 5, [0, 12, 23, 34, 45, 56]),
        (2, 4, [0, 1, 1, 2, 2]),
        (0, 2, [0, 0, 0]),
    ],
)
def test_cuts_by_hand(size: int, parts: int, expected: list[int]) -> None:
    assert cuts(size, parts) == expected


@given(st.integers(0, 3000), st.integers(1, 60))
def test_cuts_are_even(size: int, parts: int) -> None:
    borders = cuts(size, parts)
    sizes = [high - low for low, high in pairwise(borders)]
    assert len(sizes) == parts
    assert (borders[0], borders[-1]) == (0, size)
    assert min(sizes) >= 0
    assert max(sizes) - min(sizes) <= 1
    assert sizes[0] == max(sizes)


def test_chunks_by_hand() -> None:
    assert list(chunks(0, 21, 16)) == [(0, 16), (16, 21)]
    assert list(chunks(3, 9, 3)) == [(3, 6), (6, 9)]
    assert list(chunks(5, 5, 4)) == []


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 20))
def test_chunks_cover_a_range_once(start: int, length: int, step: int) -> None:
    found = list(chunks(start, start + length, step))
    assert [place for low, high in found for place in range(low, high)] == list(range(start, start + length))
    assert all(high - low == step for low, high in found[:-1])
