"""Networks in tiles: what every architecture is held to, and that values, bits and times are those of tiles."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from systems.tiled_worlds import TiledWorld, windows, xnor

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import DoesNotFit, Hazard, InvalidInput, NotThere
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.columns import Edges
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Copy
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
"""Tests of the contract that want whole maps in a chip's memories, and each value computed once: rows under two windows of a pool are not."""

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
