"""Pictures of systems of several parts as numbers: chips by kind, a roof for each part, frames on their way from part to part."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import numpy as np
import pytest
from simulated import mixed_system, report
from worlds import run, task

from hyperdrive_sim.reports.derived import chip_kinds
from hyperdrive_sim.reports.derived.actions import action_counts, action_names, carried, joules_by_layer
from hyperdrive_sim.reports.derived.chip_kinds import chips_by_kind
from hyperdrive_sim.reports.derived.memory_use import memory_kinds
from hyperdrive_sim.reports.derived.part_use import part_shares, visits
from hyperdrive_sim.reports.derived.roofline import rooflines
from hyperdrive_sim.reports.derived.tile_map import WHOLE_RUN, tile_maps, tile_pictures
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.machine import Unit


def alone() -> Report:
    return report("hyperdrive/tiny_2x2")


def test_chips_of_a_system_by_kind() -> None:
    front, back = chips_by_kind(mixed_system()[1])
    assert front[:5] == ("front", 2, (1, 2), True, ("front.chip[0,0]", "front.chip[0,1]"))
    assert back[:5] == ("back", 2, (1, 2), False, ("back[0].chip", "back[1].chip"))
    assert (front.runs("c1"), front.runs("x1"), back.runs("x1")) == (True, False, True)


@pytest.mark.parametrize(("chips", "grid"), [(1, (1, 1)), (8, (1, 8)), (12, (3, 4)), (64, (8, 8)), (13, (1, 13))])
def test_chips_without_a_mesh_stand_in_rows(chips: int, grid: tuple[int, int]) -> None:
    assert chip_kinds._rows(chips) == grid


def test_meshes_of_a_part_stand_beside_each_other() -> None:
    """Two meshes of 2 x 1: the first row has the upper chips of both."""
    found = mixed_system()[1]
    names = [f"front[{mesh}].chip[{row},0]" for mesh in range(2) for row in range(2)]
    units = tuple(Unit(f"{name}.array", "front array", part=name.partition(".")[0]) for name in names)
    two = replace(found, machine=replace(found.machine, units=units), tiles=dict.fromkeys(names, np.ones((2, 3))))
    (front,) = chips_by_kind(replace(two, parts=(replace(found.parts[0], chips=4, mesh=(2, 1)),)))
    assert (front.mesh, front.tiles) == ((2, 2), (names[0], names[2], names[1], names[3]))


def test_tiles_of_a_system_are_a_picture_for_each_part() -> None:
    found = mixed_system()[1]
    front, back = tile_maps(found)
    assert (front.part, front.mesh, front.tiles, front.frames.shape[1:]) == ("front", (1, 2), (2, 3), (2, 6))
    assert (back.part, back.mesh, back.tiles, back.frames.shape[1:]) == ("back", (1, 2), (7, 7), (7, 14))
    assert (list(front.shown), list(back.shown)) == ([WHOLE_RUN, "c1", "c2"], [WHOLE_RUN, "x1", "x2"])
    assert [one.part for one in tile_pictures(found, "x2")] == ["back"]


def test_memories_of_a_system_are_of_the_kinds_of_its_parts() -> None:
    kinds = {kind.name: kind.memories for kind in memory_kinds(mixed_system()[1])}
    assert {"front fmm": 2, "back maps0": 2, "back edge": 2, "front edge": 1, "front send.east": 1}.items() <= kinds.items()


def test_every_part_has_a_roof_of_its_own() -> None:
    found = mixed_system()[1]
    front, back = rooflines(found, action_counts(found))
    assert [(one.part, one.peak_ops_per_s) for one in (front, back)] == [(part.name, part.peak_ops_per_s) for part in found.parts]
    assert ([point.layer for point in front.points], [point.layer for point in back.points]) == (["c1", "c2"], ["x1", "x2"])
    for roof, part in zip((front, back), found.parts, strict=True):
        assert roof.whole is not None
        assert roof.whole.ops_per_s == pytest.approx(part.ops * found.time.frames_per_s)
        assert all(point.ops_per_s <= roof.roof_ops_per_s(point) * (1 + 1e-9) for point in roof.points)


def test_actions_are_called_by_the_part_that_they_are_of() -> None:
    found = mixed_system()[1]
    names = action_names(found)
    assert names["back[0].map_read.word"] == names["back[1].map_read.word"] == "back map_read.word"
    assert (names["wire.link_io.bit"], carried("wire link_io.bit"), carried("back map_read.word")) == ("wire link_io.bit", "links", "")
    spent = joules_by_layer(found, action_counts(found))
    assert fsum(float(part.sum()) for part in spent.values()) == pytest.approx(found.energy.total_j)
    assert action_names(alone()) == {action: action for action in alone().energy.by_action}


def test_visits_of_frames_by_pencil() -> None:
    """Two chips, of which the second computes frame 0 from 4 to 6; what is not on an array is no visit."""
    units = (Unit("a.array", "a array", part="a"), Unit("b[0].array", "b array", part="b[0]"), Unit("wire", "wire link", part="wire"))
    trace = run(
        task("x", "a.array", 2),
        task("x", "a.array", 1),
        task("hop", "wire", 1, 1),
        task("y", "b[0].array", 2, 2),
        task("x", "a.array", 2, frame=1),
    )
    found = replace(alone(), machine=replace(alone().machine, units=units), trace=trace)
    assert visits(found) == (("a", 0, 0, 3), ("a", 1, 3, 5), ("b[0]", 0, 4, 6))
    assert visits(found, most=2) == (("a", 0, 0, 3), ("b[0]", 0, 4, 6)), "frames that there is room for, whole"


def test_energy_of_parts_and_of_what_links_them_is_that_of_the_run() -> None:
    found = mixed_system()[1]
    front, back, beside = part_shares(found)
    assert (front.part, back.part, beside.part) == ("front", "back", "links and memories")
    assert beside.core_j + beside.io_j == pytest.approx(found.energy.by_action["wire.link_io.bit"].energy_j, rel=1e-6)
    assert fsum(one.core_j + one.io_j for one in (front, back, beside)) == pytest.approx(found.energy.total_j)
    assert 0 < front.arrays <= front.busiest <= 1
