"""The extent of what is there of a map: by pencil, and against a mask of every value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.engine.extent import Extent
from hyperdrive_sim.network.box import Box

MAP = Box(0, 4, 0, 5, 0, 6)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    bounds = [sorted(draw(st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True))) for size in MAP[1::2]]
    return Box(*bounds[0], *bounds[1], *bounds[2])


def test_blocks_that_lie_side_by_side_are_one_box() -> None:
    there = Extent()
    for c0 in (0, 2, 1, 3):
        there.add(MAP.channels(c0, c0 + 1))
    assert there.boxes == [MAP]
    assert there.count(MAP.rows(1, 3)) == 4 * 2 * 6


def test_a_box_that_has_grown_joins_what_it_did_not_fit_to_before() -> None:
    """Two pixels side by side make the row that fits to the row below."""
    pixel = Box(0, 1, 0, 1, 0, 1)
    there = Extent([pixel, pixel._replace(r0=1, r1=2, w1=2)])
    there.add(pixel._replace(w0=1, w1=2))
    assert there.boxes == [Box(0, 1, 0, 2, 0, 2)]


def test_what_is_added_twice_is_there_once() -> None:
    there = Extent([MAP.rows(0, 3)])
    there.add(MAP.rows(2, 5))
    assert there.boxes == [MAP]
    assert there.count(MAP) == MAP.size


def test_a_hole_leaves_what_is_around_it() -> None:
    there = Extent([MAP])
    there.remove(Box(1, 3, 2, 3, 4, 5))
    assert there.count(MAP) == MAP.size - 2
    assert there.count(Box(1, 3, 2, 3, 4, 5)) == 0
    there.remove(MAP)
    assert there.boxes == []


@pytest.mark.parametrize("nothing", [MAP.channels(2, 2), MAP.rows(3, 1)])
def test_an_empty_box_brings_nothing_and_takes_nothing_away(nothing: Box) -> None:
    there = Extent([MAP])
    there.add(nothing)
    there.remove(nothing)
    assert there.boxes == [MAP]


@given(st.lists(st.tuples(st.booleans(), boxes()), max_size=30), boxes())
def test_it_is_a_mask_of_every_value(changes: list[tuple[bool, Box]], asked: Box) -> None:
    there, mask = Extent(), np.zeros((5, 6, 4), np.bool_)
    for added, box in changes:
        (there.add if added else there.remove)(box)
        mask[box.slices(MAP)] = added
    assert there.count(asked) == mask[asked.slices(MAP)].sum()
    assert sum(box.size for box in there.boxes) == mask.sum(), "the boxes are disjoint"
