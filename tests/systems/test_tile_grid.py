"""Grids of tiles, and which sizes are chosen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from systems.tiled_worlds import windows, xnor

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Sign
from hyperdrive_sim.network.tile import tile
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.systems.segments import segments
from hyperdrive_sim.systems.tile_grid import WHOLE, Grid
from hyperdrive_sim.systems.tile_sizes import Sizing

XNORBIN = registry.load("xnorbin")


def parts(network: Network) -> tuple[Network, ...]:
    return segments(network, XNORBIN, XNORBIN.Spec())


def part(rows: int = 8, columns: int = 8) -> Network:
    """A convolution of 3 x 3 from 16 channels to 16; its sums go to the host."""
    layers = [Sign(name="s", inputs=("input",)), xnor("c", "s", 16, Window.square(3, padding=1))]
    return parts(Network("n", Shape(16, rows, columns), layers))[0]


def test_a_grid_has_few_kinds_of_tiles() -> None:
    """Nine tiles along rows of which the last is smaller, four along columns: those at the edges and those between."""
    grid = Grid(part(26, 16), Shape(16, 3, 4))
    assert [list(axis) for axis in grid.ranges[:2]] == [[(0, 16)], [(row, min(26, row + 3)) for row in range(0, 26, 3)]]
    runs = list(grid.runs())
    assert [len(run.blocks) for run in runs] == [1, 2, 1, 7, 14, 7, 1, 2, 1]
    assert len(runs) == grid.kinds
    assert sum(len(run.blocks) for run in runs) == grid.count == 36


def test_each_block_of_channels_has_runs_of_its_own() -> None:
    """Their weights are others."""
    runs = list(Grid(part(), Shape(8, 8, 8)).runs())
    assert [run.blocks[0]["c"].box[:2] for run in runs] == [(0, 8), (8, 16)]


def test_the_whole_map_is_one_tile() -> None:
    (run,) = Grid(part(), WHOLE).runs()
    assert run.tile.network["c"] == part()["c"]
    assert run.blocks == [{"s": ("s", Box(0, 16, 0, 8, 0, 8)), "c": ("c", Box(0, 16, 0, 8, 0, 8))}]


def test_the_example_takes_as_much_as_any() -> None:
    assert Grid(part(), Shape(16, 2, 8)).example.inputs["s"].box == Box(0, 16, 3, 7, 0, 8), "one between two others"
    assert Grid(part(9), Shape(16, 5, 8)).example.inputs["s"].box == Box(0, 16, 0, 6, 0, 8), "the larger of two"


@given(st.sampled_from(parts(windows())), *(st.integers(1, 12) for _ in range(3)), st.integers(1, 3))
def test_tiles_of_a_run_are_the_same_network_elsewhere(of: Network, channels: int, rows: int, columns: int, bands: int) -> None:
    """Every tile by itself has the layers of its run, and just the blocks that the run says; all bands together tile the map."""
    grid, seen = Grid(of, Shape(channels, rows, columns), bands), []
    for band in range(bands):
        for run in grid.runs(band):
            for blocks in run.blocks:
                alone = tile(of, blocks[of.outputs[0]].box)
                assert alone.kind == run.tile.kind
                assert alone.blocks == blocks
                seen.append(blocks[of.outputs[0]].box)
    assert sorted(seen) == sorted(grid.out(c, r, w) for c, axis in enumerate(grid.ranges[0]) for r, _ in enumerate(grid.ranges[1])
                                  for w, _ in enumerate(grid.ranges[2]))  # fmt: skip


# Sizes


def best(of: Network, bands: int = 1, **settings: Any) -> Grid:
    return Sizing(XNORBIN, XNORBIN.Spec(**settings), bands).best(of)


def test_what_fits_is_not_cut() -> None:
    assert best(part()).count == 1


def test_squares_have_the_least_halo() -> None:
    """Ten by ten pixels of 16 signs take 1,600 bits; sums go to the host as they are made."""
    assert best(part(64, 64), feature_map_memory_bits=(1600, 1600)).sizes == (16, 8, 8)


def test_rows_as_wide_as_the_map_have_no_halo_beside_them() -> None:
    """Of a narrow map: 6 x 16 pixels come in for 4 x 16."""
    assert best(part(64, 16), feature_map_memory_bits=(1600, 1600)).sizes == (16, 4, 16)


def test_fewer_channels_at_a_time_where_their_weights_stay() -> None:
    """With a buffer of 32 channels' weights, those of 64 would come anew with each of many tiles."""
    settings: dict[str, Any] = {"feature_map_memory_bits": (1600, 1600), "parameter_buffer_bits": 32 * (9 * 16 + 16)}
    layers = [Sign(name="s", inputs=("input",)), xnor("c", "s", 64, Window.square(3, padding=1)), Sign(name="t", inputs=("c",))]
    (of,) = parts(Network("n", Shape(16, 64, 64), layers))
    assert best(of, **settings).sizes.channels == 32
    assert best(of, **{**settings, "parameter_buffer_bits": 65536}).sizes.channels == 64, "where all of them stay"


def test_there_are_tiles_for_each_band() -> None:
    assert best(part(10, 8), bands=4).ranges[1] == ((0, 3), (3, 6), (6, 9), (9, 10))
    assert best(part(12, 64), bands=2, feature_map_memory_bits=(1600, 1600)).sizes.rows == 6


@pytest.mark.parametrize("name", ["binary_resnet18", "finn_cnv"])
def test_a_chip_is_asked_for_few_tiles(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a network at 2048 x 1024, less than 25 a segment; what is alike is asked for once."""
    network = zoo.build(name, (3, 1024, 2048))
    found, sizing, mapped, asked = parts(network), Sizing(XNORBIN, XNORBIN.Spec()), XNORBIN.map, []

    def counted(arch: Architecture, of: Network, spec: Spec) -> Mapped:
        asked.append(of)
        return mapped(of, spec)

    monkeypatch.setattr(type(XNORBIN), "map", counted)
    for one in found:
        sizing.best(one)
    assert len(asked) < 25 * len(found)
