"""Who is next to whom on a grid of chips, and which pixels they need of each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.network.box import Box
from hyperdrive_sim.schedule.mesh import HORIZONTAL, OPPOSITE, STEPS, VERTICAL, Chip, Mesh, Side, halo_box

MESHES = st.builds(Mesh, st.integers(1, 5), st.integers(1, 5))


def test_neighbours_of_a_corner_and_of_a_middle() -> None:
    mesh = Mesh(2, 3)
    assert mesh.neighbours[Chip(0, 0)] == {"south": Chip(1, 0), "east": Chip(0, 1)}
    assert mesh.neighbours[Chip(1, 1)] == {"north": Chip(0, 1), "west": Chip(1, 0), "east": Chip(1, 2)}
    assert list(mesh.neighbours) == list(mesh.chips)


def test_chips_are_named_by_row_and_column_and_counted_along_rows() -> None:
    assert [str(chip) for chip in Mesh(2, 2).chips] == ["chip[0,0]", "chip[0,1]", "chip[1,0]", "chip[1,1]"]


def test_the_links_of_two_chips() -> None:
    left, right = Chip(0, 0), Chip(0, 1)
    assert list(Mesh(1, 2).links()) == [(left, "east", right), (right, "west", left)]


def test_a_chip_alone_has_no_links() -> None:
    mesh = Mesh(1, 1)
    assert list(mesh.links()) == []
    assert mesh.neighbours == {Chip(0, 0): {}}


@given(MESHES)
def test_every_link_has_a_way_back_and_none_is_diagonal(mesh: Mesh) -> None:
    links = set(mesh.links())
    assert len(links) == 2 * (mesh.rows * (mesh.columns - 1) + (mesh.rows - 1) * mesh.columns)
    for chip, side, other in links:
        assert (other, OPPOSITE[side], chip) in links
        down, right = STEPS[side]
        assert other == (chip.row + down, chip.column + right)
        assert abs(down) + abs(right) == 1


@given(MESHES)
def test_the_graph_has_the_same_links(mesh: Mesh) -> None:
    assert set(mesh.graph) == set(mesh.chips)
    assert {(chip, edge["side"], other) for chip, other, edge in mesh.graph.edges(data=True)} == set(mesh.links())


def test_sides_come_in_pairs() -> None:
    assert {side: OPPOSITE[OPPOSITE[side]] for side in STEPS} == {side: side for side in STEPS}
    assert {*VERTICAL, *HORIZONTAL} == set(STEPS)
    assert [STEPS[side][1] for side in VERTICAL] == [STEPS[side][0] for side in HORIZONTAL] == [0, 0]


PART = Box(0, 16, 4, 9, 10, 17)


@pytest.mark.parametrize(
    ("side", "halo", "edge"),
    [
        ("north", 1, Box(0, 16, 4, 5, 10, 17)),
        ("south", 1, Box(0, 16, 8, 9, 10, 17)),
        ("west", 1, Box(0, 16, 4, 9, 10, 11)),
        ("east", 1, Box(0, 16, 4, 9, 16, 17)),
        ("north", 2, Box(0, 16, 4, 6, 10, 17)),
        ("south", 2, Box(0, 16, 7, 9, 10, 17)),
        ("west", 3, Box(0, 16, 4, 9, 10, 13)),
        ("east", 3, Box(0, 16, 4, 9, 14, 17)),
        ("north", 9, PART),
        ("south", 9, PART),
        ("west", 9, PART),
        ("east", 9, PART),
    ],
)
def test_halo_boxes_by_hand(side: Side, halo: int, edge: Box) -> None:
    assert halo_box(PART, side, halo) == edge


@given(st.sampled_from(list(STEPS)), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
def test_a_halo_box_is_what_the_neighbours_halo_covers(side: Side, halo: int, rows: int, columns: int) -> None:
    part = Box(0, 2, 10, 10 + rows, 20, 20 + columns)
    down, right = STEPS[side]
    neighbour = part.rows(part.r0 + down * rows, part.r1 + down * rows).columns(part.w0 + right * columns, part.w1 + right * columns)
    assert halo_box(part, side, halo) == part & neighbour.grown(halo)
