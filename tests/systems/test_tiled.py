"""Networks in tiles: what every architecture is held to, and that values, bits and times are those of tiles."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from systems.tiled_worlds import TiledWorld, windows, xnor

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import DoesNotFit, Finding, Hazard, InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, MaxPool, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Copy
from hyperdrive_sim.schedule.writer import scheduled
from hyperdrive_sim.systems.tiled import MappedTiles, Share
from hyperdrive_sim.testing import test_contract as contract

WORLDS: dict[str, Callable[[], TiledWorld]] = {
    "xnorbin": lambda: TiledWorld("xnorbin", windows(), feature_map_memory_bits=(2048, 4096)),
    "a row per tile": lambda: TiledWorld("xnorbin", windows(), feature_map_memory_bits=(1200, 1200)),
    "weights per tile": lambda: TiledWorld("xnorbin", windows(), feature_map_memory_bits=(2048, 4096), parameter_buffer_bits=2048),
    "groupnet": lambda: TiledWorld("xnorbin", zoo.build("tiny_groupnet", (3, 10, 12)), feature_map_memory_bits=(2048, 2048)),
    "chewbaccann": lambda: TiledWorld("chewbaccann", windows(), feature_map_memory_bits=(2048, 2048)),
}

OF_WHOLE_MAPS = {"test_the_worst_layer_has_room_for_all_that_is_alive", "test_all_work_is_done_once_and_all_weights_are_moved"}
"""Tests of the contract that want whole maps in a chip's memories, and each value computed once: what two windows of a pool see is not."""

ALL = [
    test
    for name, test in vars(contract).items()
    if name.startswith("test_") and name not in OF_WHOLE_MAPS and "built" in inspect.signature(test).parameters
]


@cache
def world(name: str) -> TiledWorld:
    return WORLDS[name]()


@pytest.mark.parametrize("test", ALL, ids=lambda test: test.__name__)
@pytest.mark.parametrize("name", WORLDS)
def test_the_contract_holds(test: Callable[..., None], name: str, request: pytest.FixtureRequest) -> None:
    wanted = inspect.signature(test).parameters
    test(**{one: world(name) if one == "built" else request.getfixturevalue(one) for one in wanted})


# By pencil: a map of 16 channels, 12 x 16, in twelve tiles of 4 x 4, of a convolution of 3 x 3


def one_layer(*, stride: int = 1) -> Network:
    layers = [
        Sign(name="s", inputs=("input",)),
        xnor("c", "s", 16, Window.square(3, stride=stride, padding=1)),
        Sign(name="t", inputs=("c",)),
    ]
    return Network("one", Shape(16, 12, 16), layers)


def on(network: Network, frames: int = 1, share: Share | None = None, **settings: Any) -> Compiled:
    arch = registry.load("xnorbin")
    return Compiled(MappedTiles(arch, network, arch.Spec(**settings), share), Arrivals(frames), "block")


FEW = {"feature_map_memory_bits": (6 * 6 * 16, 2 * 4 * 4 * 16)}
"""Memories that hold six by six pixels of 16 signs, and four by four besides their sums: tiles with a halo of a pixel."""


def test_tiles_bring_their_halo_and_take_away_their_own_pixels() -> None:
    """Input rows 0:5, 3:9 and 7:12, columns 0:5, 3:9, 7:13 and 11:16, of 16 bits a pixel; the weights for each of nine kinds."""
    made = on(one_layer(), **FEW)
    assert [tuple(grid.sizes) for grid in made.mapped.grids] == [(16, 4, 4)]  # type: ignore[attr-defined]
    bits = made.ledger.io_bits()
    assert (bits["input"], bits["output"]) == ((5 + 6 + 5) * (5 + 6 + 6 + 5) * 16, 12 * 16 * 16)
    assert bits["weights"] == 9 * 16 * (9 * 16 + 16)
    copies = [task.effect for task in made.schedule if isinstance(task.effect, Copy)]
    taken = {copy.boxes[0] for copy in copies if copy.source == HOST}
    assert taken == {
        Box(0, 16, *rows, *columns) for rows, columns in product([(0, 5), (3, 9), (7, 12)], [(0, 5), (3, 9), (7, 13), (11, 16)])
    }
    left = {copy.boxes[0] for copy in copies if copy.target == HOST}
    assert left == {Box(0, 16, row, row + 4, column, column + 4) for row, column in product((0, 4, 8), (0, 4, 8, 12))}


def test_a_network_that_fits_is_one_tile() -> None:
    """It takes the same bits and the same time as without tiles."""
    whole = on(one_layer())
    plain = Compiled(registry.load("xnorbin").map(one_layer(), registry.load("xnorbin").Spec()), Arrivals(), "block")
    assert list(whole.schedule)[:1] == [task._replace(effect=task.effect._replace(tile=1)) for task in plain.schedule[:1]]  # type: ignore
    assert whole.trace.makespan_ps == plain.trace.makespan_ps
    assert whole.ledger.io_bits() == plain.ledger.io_bits()


@pytest.mark.parametrize("name", WORLDS)
def test_tiles_make_the_maps_that_whole_maps_do(name: str) -> None:
    """On a chip with room for the whole network, without tiles: the same outputs, and more bits with tiles."""
    made = world(name)
    arch = made.architecture
    plain = Compiled(arch.map(made.network, arch.Spec()), Arrivals(1), arch.grains[0])
    (wanted,) = replay(plain, made.computation)
    for frame in replay(made.compiled, made.computation):
        assert all(np.array_equal(values, wanted[output]) for output, values in frame.items())
    assert sum(made.compiled.ledger.io_bits().values()) > 2 * sum(plain.ledger.io_bits().values())


def test_rows_under_two_windows_of_a_pool_are_computed_twice_and_paid_for() -> None:
    """A pool of 3 x 3 by 2, its 6 x 8 in tiles of 2 x 2: over rows 0:4, 3:8 and 7:12, columns 0:4, 3:8, 7:12 and 11:16."""
    pool = MaxPool(name="p", inputs=("t",), window=Window.square(3, stride=2, padding=1))
    made = on(Network("pooled", Shape(16, 12, 16), [*one_layer(), pool]), **{**FEW, "feature_map_memory_bits": (7 * 7 * 16, 1000)})
    assert [tuple(grid.sizes) for grid in made.mapped.grids] == [(16, 2, 2)]  # type: ignore[attr-defined]
    whole = on(Network("pooled", Shape(16, 12, 16), [*one_layer(), pool]))
    tiles, once = (compiled.schedule.action_counts["psum_write.word"] for compiled in (made, whole))
    assert (tiles, once) == ((4 + 5 + 5) * (4 + 5 + 5 + 5) * 16 + 6 * 8, 12 * 16 * 16 + 6 * 8), (
        "a word of signs for each pooled pixel besides"
    )


def test_a_run_waits_for_the_one_before() -> None:
    """Without these edges, tiles of another kind would come into memories that are still read."""
    made = on(one_layer(), **FEW)
    schedule, first = made.schedule, len(made.mapped.runs[0].tiles)  # type: ignore[attr-defined]
    assert first == 1
    hazards.check(made)
    start = next(n for n, task in enumerate(schedule) if task.name == "input" and n)
    tasks = [task._replace(after=()) if n == start else task for n, task in enumerate(schedule)]
    with pytest.raises(Hazard, match=r"^chip\.maps0: nothing orders task \d+ \(compute of c on chip\.bpus, frame 0\), which reads 's'"):
        hazards.check(made.scheduled(scheduled(tasks)))


def test_what_arrives_with_a_frame_waits_for_it_and_nothing_else_does() -> None:
    network = Network("two", Shape(16, 12, 16), [*one_layer(), xnor("d", "t", 16, Window.square(1)), Sign(name="u", inputs=("d",))])
    arch = registry.load("xnorbin")
    made = Compiled(MappedTiles(arch, network, arch.Spec(**FEW)), Arrivals.periodic(2, 500), "block")
    waiting = {(task.layer, task.frame) for task in made.schedule if task.not_before_ps}
    assert waiting == {("s", 1)}


def test_bands_of_rows_are_a_core_each() -> None:
    """Two cores: bands of whole tiles, which make up each map together; each loads the weights for itself."""
    both = [on(one_layer(), share=Share(number, 2), **FEW) for number in range(2)]
    parts = [[part.box for part in made.placement.parts] for made in both]
    assert {box.r0 for box in parts[0]} == {0, 3}
    assert {box.r1 for box in parts[1]} == {9, 12}
    assert sorted(box for boxes in parts for box in boxes) == sorted(
        Box(0, 16, row, row + 3, column, column + 4) for row, column in product((0, 3, 6, 9), (0, 4, 8, 12))
    )
    with pytest.raises(Finding, match=r"^t: channel 0, row 6, column 0 is computed by 0 units, not by one$"):
        both[0].placement.checked(both[0].network, both[0].machine)


def test_bands_without_rows_have_nothing_to_do() -> None:
    made = on(one_layer(stride=12), share=Share(1, 2))
    assert len(made.schedule) == 0


# What cannot be


def test_a_chip_too_small_for_a_single_value_says_so() -> None:
    with pytest.raises(DoesNotFit) as error:
        on(one_layer(), feature_map_memory_bits=(64, 64))
    assert str(error.value) == (
        "chip.feature_map_memory_bits: layer 'c' needs 144 bits in its source memory, 64 are there, even for a tile of a single value; "
        "the two memories are [64, 64]; take larger ones, or a smaller input or network"
    )


def test_a_network_of_which_the_chip_runs_nothing_is_refused_as_without_tiles() -> None:
    real = Conv(name="c", inputs=("input",), out_channels=4, window=Window.square(3), weights="real")
    with pytest.raises(InvalidInput, match=r"^network: 'n' has no layer with binary weights and binary maps; this chip runs XNOR"):
        on(Network("n", Shape(3, 8, 8), [real]))


# Hyperdrive, whose maps are numbers


@pytest.mark.parametrize(("network", "bits"), [("tiny_resnet", 40_000), ("tiny_bottleneck", 60_000), ("tiny_strided", 30_000)])
def test_real_maps_in_tiles_are_golden_to_the_bit(network: str, bits: int) -> None:
    made = TiledWorld("hyperdrive", zoo.build(network, (3, 29, 23)), feature_map_memory_bits=bits)
    assert max(grid.count for grid in made.mapped.grids) > 1
    hazards.check(made.compiled)
    for frame in replay(made.compiled, made.computation):
        assert all(np.array_equal(values, made.golden[output]) for output, values in frame.items())
