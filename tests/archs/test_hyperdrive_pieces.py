"""Pieces into which a chip's part is cut: where their pixels are, counted by arithmetic, and boxes only for who asks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_several_maps import conv
from worlds import on

from hyperdrive_sim.archs.hyperdrive import architecture
from hyperdrive_sim.archs.hyperdrive.pieces import BoxGrid, single
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.tasks import Compute, Copy, Patch

RANGES = st.lists(st.builds(lambda start, length: range(start, start + length), st.integers(0, 8), st.integers(1, 4)), max_size=4).map(
    tuple
)
GRIDS = st.builds(BoxGrid, st.just(16), RANGES, RANGES)
EDGES = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
BOXES = st.builds(lambda r, w: Box(0, 16, *r, *w), EDGES, EDGES)


def network(rows: int, columns: int) -> Network:
    """Two 3 x 3 convolutions, the second with a stride."""
    strided = Conv(name="b", inputs=("a",), out_channels=16, window=Window.square(3, stride=2, padding=1))
    return Network("n", Shape(16, rows, columns), [conv("a", INPUT), strided])


def cut_by_pixel(rows: int, columns: int, **chip: Any) -> Compiled:
    return on(architecture, network(rows, columns), grain="pixel", **chip)


@given(GRIDS, BOXES)
def test_a_grid_within_a_box_is_what_its_boxes_have_in_common_with_it(grid: BoxGrid, box: Box) -> None:
    within, common = grid.within(box), [part for one in grid.boxes if (part := one & box)]
    assert within.boxes == tuple(common)
    assert within.pixels == sum(part.channels(0, 1).size for part in common)
    assert bool(within) == bool(common)


@given(BOXES)
def test_a_grid_of_one_box(box: Box) -> None:
    assert single(box).boxes == (box,)
    assert single(box).pixels == box.channels(0, 1).size


def test_a_piece_is_one_local_pixel_of_every_tile() -> None:
    """4 x 5 pixels on 2 x 2 tiles are patches of 2 x 3; the right tiles lack the third column."""
    effects = [task.effect for task in cut_by_pixel(4, 5, tile_rows=2, tile_columns=2).schedule]
    computed = [effect for effect in effects if isinstance(effect, Compute) and effect.locations.layers == ("a",)]
    assert [[(patch.out.r0, patch.out.w0) for patch in effect.patches] for effect in computed] == [
        [(0, 0), (0, 3), (2, 0), (2, 3)],
        [(0, 1), (0, 4), (2, 1), (2, 4)],
        [(0, 2), (2, 2)],
        [(1, 0), (1, 3), (3, 0), (3, 3)],
        [(1, 1), (1, 4), (3, 1), (3, 4)],
        [(1, 2), (3, 2)],
    ]
    assert computed[2].patches == (
        Patch(Box(0, 16, 0, 1, 2, 3), Box(0, 16, 0, 2, 1, 4)),
        Patch(Box(0, 16, 2, 3, 2, 3), Box(0, 16, 1, 4, 1, 4)),
    )


def size(effect: Copy) -> int:
    """Number of values in a block of 16 channels."""
    return sum(box.size for box in effect.boxes)


@settings(deadline=None, max_examples=40)
@given(st.integers(4, 13), st.integers(4, 13), st.integers(1, 4), st.integers(1, 4), st.sampled_from([(1, 1), (2, 2), (1, 2)]))
def test_all_pieces_together(rows: int, columns: int, tile_rows: int, tile_columns: int, mesh: tuple[int, int]) -> None:
    """Every pixel is computed once, from what it needs; what is sent is paid for, and it is no more than blocks at once would send."""
    made = cut_by_pixel(rows, columns, mesh=mesh, tile_rows=tile_rows, tile_columns=tile_columns)
    computed: Counter[tuple[str, Box]] = Counter()
    for task in made.schedule:
        if isinstance(effect := task.effect, Compute):
            layer, shape = made.network[task.layer], made.network.shape(made.network[task.layer].inputs[0])
            assert all(patch.fetch == layer.needs(0, patch.out, (shape,)).clipped(shape) for patch in effect.patches)
            computed.update((task.layer, patch.out) for patch in effect.patches)
        if isinstance(effect, Copy):
            assert sum(task.actions.values()) == size(effect) * WORD_BITS
    maps = {name: made.network.shape(name) for name in ("a", "b")}
    pixels = [(n, Box(0, 16, r, r + 1, w, w + 1)) for n, map in maps.items() for r in range(map.rows) for w in range(map.columns)]
    assert computed == Counter(pixels)
    assert made.schedule.action_counts == made.cut("block").schedule.action_counts


def test_timing_makes_no_boxes_of_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until effects are looked at, boxes are made of nothing but the input's borders, which are written one by one."""
    asked: list[BoxGrid] = []
    monkeypatch.setattr(BoxGrid, "boxes", property(lambda grid: asked.append(grid) or ()))
    made = cut_by_pixel(12, 12, mesh=(2, 2), tile_rows=2, tile_columns=2)
    schedule, before = made.trace.tasks, len(asked)
    assert before == sum(schedule.layer[n] == INPUT and schedule.name[n] in {"border", "corner"} for n in range(len(schedule))) == 12
    effect = schedule.effect([task.name for task in schedule.first(100)].index("compute"))
    assert isinstance(effect, Compute)
    assert len(asked) > before


def test_patches_are_made_once_for_steps_that_are_alike() -> None:
    """Memory of a replay: millions of boxes that many tasks have in common."""
    alike = Network("n", Shape(16, 8, 8), [conv("a", INPUT), conv("b", "a")])
    made = on(architecture, alike, grain="pixel", tile_rows=2, tile_columns=2)
    of = {name: [task.effect.patches for task in made.schedule if task.layer == name and isinstance(task.effect, Compute)] for name in "ab"}
    assert len(of["a"]) == 16
    assert all(one is other for one, other in zip(of["a"], of["b"], strict=True))
