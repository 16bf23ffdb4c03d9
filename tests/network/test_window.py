"""Windows against plain loops: where they can stand, which pixels their taps touch, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers import Conv, MaxPool, MeanPool
from hyperdrive_sim.network.window import Slide, Window

SLIDES = st.builds(Slide, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))
WINDOWS = st.builds(Window, PAIRS, PAIRS, st.tuples(st.integers(1, 3), st.integers(1, 3)), st.tuples(*[st.integers(0, 3)] * 4))
EDGES = st.tuples(st.integers(0, 5), st.integers(1, 3)).map(lambda edge: (edge[0], sum(edge)))


def standing(slide: Slide, size: int) -> Iterator[list[int]]:
    """The pixels under every tap, of a window that is moved on while its last tap is still on the axis or its padding."""
    at = -slide.before
    while at + slide.dilation * (slide.kernel - 1) < size + slide.after:
        yield [at + slide.dilation * tap for tap in range(slide.kernel)]
        at += slide.stride


@given(SLIDES, st.integers(1, 13))
def test_as_many_positions_as_places_where_it_fits(slide: Slide, size: int) -> None:
    assert slide.positions(size) == len(list(standing(slide, size)))


@given(SLIDES, st.integers(1, 13))
def test_taps_are_the_pixels_of_an_array_that_begins_under_the_first(slide: Slide, size: int) -> None:
    places = list(standing(slide, size))
    axis = list(range(-slide.before, size + slide.after))
    for tap in range(slide.kernel if places else 0):
        assert axis[slide.tap(tap, len(places))] == [place[tap] for place in places]


@given(WINDOWS, EDGES, EDGES, EDGES)
def test_what_is_under_a_block_is_the_smallest_block_of_all_taps(
    window: Window, c: tuple[int, int], r: tuple[int, int], w: tuple[int, int]
) -> None:
    (down, right), (stride_down, stride_right), (apart_down, apart_right), (top, left, _, _) = window
    rows = [row * stride_down - top + tap * apart_down for row, tap in product(range(*r), range(down))]
    columns = [column * stride_right - left + tap * apart_right for column, tap in product(range(*w), range(right))]
    assert window.under(Box(*c, *r, *w)) == Box(*c, min(rows), max(rows) + 1, min(columns), max(columns) + 1)


def test_windows_by_hand() -> None:
    """Output rows 2 and 3 of a 3 x 3 convolution of stride 2: taps 3..5 and 5..7; spread by 2, from 3 to 9."""
    out = Box(4, 8, 2, 4, 0, 1)
    assert Window.square(3, stride=2, padding=1).under(out) == Box(4, 8, 3, 8, -1, 2)
    assert Window.square(3, stride=2, padding=1, dilation=2).under(out) == Box(4, 8, 3, 10, -1, 4)
    assert Window((1, 7), (1, 2), pads=(0, 3, 0, 3)).under(out) == Box(4, 8, 2, 4, -3, 4)
    assert Window((1, 7), (1, 2), pads=(0, 3, 0, 3)).over(Shape(5, 9, 10), 6) == Shape(6, 9, 5)
    assert Window((2, 3), pads=(1, 0, 0, 2)).over(Shape(5, 4, 4), 5) == Shape(5, 4, 4), "2 x 3 keeps the size with odd padding"
    assert Window.square(3, dilation=4).over(Shape(1, 9, 8), 1) == Shape(1, 1, 0), "9 pixels are just enough for one position"


def test_a_square_is_its_pairs() -> None:
    assert Window.square(3) == Window((3, 3), (1, 1), (1, 1), (0, 0, 0, 0))
    assert Window.square(5, stride=2, padding=2, dilation=3) == Window((5, 5), (2, 2), (3, 3), (2, 2, 2, 2))
    assert Window((2, 7)).taps == 14


@pytest.mark.parametrize(
    ("window", "kind"),
    [
        (Window.square(3), "3x3"),
        (Window.square(7, stride=2, padding=3), "7x7/2"),
        (Window((1, 7), (1, 2)), "1x7/1x2"),
        (Window.square(3, dilation=2), "3x3d2"),
        (Window((3, 3), (2, 2), (1, 2)), "3x3d1x2/2"),
    ],
)
def test_kinds(window: Window, kind: str) -> None:
    assert str(window) == kind
    assert Conv(name="c", inputs=("input",), out_channels=1, window=window).kind == f"conv{kind}"


PAIR, PADS = "(rows, columns)", "(top, left, bottom, right)"


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        (Window.square(3, stride=0), f"stride must be 2 integers of at least 1, {PAIR}, not (0, 0)"),
        (Window.square(0), f"kernel must be 2 integers of at least 1, {PAIR}, not (0, 0)"),
        (Window((3, -1)), f"kernel must be 2 integers of at least 1, {PAIR}, not (3, -1)"),
        (Window.square(3, dilation=0), f"dilation must be 2 integers of at least 1, {PAIR}, not (0, 0)"),
        (Window.square(3, padding=-1), f"pads must be 4 integers of at least 0, {PADS}, not (-1, -1, -1, -1)"),
        (Window((3, 3), pads=(1, 1)), f"pads must be 4 integers of at least 0, {PADS}, not (1, 1)"),  # type: ignore[arg-type]
        (Window(3), f"kernel must be 2 integers of at least 1, {PAIR}, not 3"),  # type: ignore[arg-type]
        (Window((3.0, 3)), f"kernel must be 2 integers of at least 1, {PAIR}, not (3.0, 3)"),  # type: ignore[arg-type]
    ],
)
@pytest.mark.parametrize("kind", [MaxPool, MeanPool, Conv])
def test_a_window_that_cannot_be_is_refused_by_the_layers_name(kind: Any, window: Window, sentence: str) -> None:
    more = {"out_channels": 2} if kind is Conv else {}
    with pytest.raises(InvalidInput) as failure:
        kind(name="c1", inputs=("input",), window=window, **more)
    assert str(failure.value) == f"c1: {sentence}"


def test_all_faults_of_a_layer_are_found_at_once() -> None:
    with pytest.raises(InvalidInput) as failure:
        Conv(name="c1", inputs=("input",), out_channels=0, window=Window.square(0, stride=0))
    assert str(failure.value).splitlines() == [
        f"c1: kernel must be 2 integers of at least 1, {PAIR}, not (0, 0)",
        f"c1: stride must be 2 integers of at least 1, {PAIR}, not (0, 0)",
        "c1: out_channels must be at least 1, not 0",
    ]
