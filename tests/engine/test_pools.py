"""Pools, on one of two places between two links: a frame's map takes the place of the frame before the last, block by block."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import CLOCK, compiled, task

from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.memories import Pool
from hyperdrive_sim.engine.pooling import pool_places
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import Hazard, NotThere
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Sign
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Compute, Copy, OperandLocations, Patch, Region, Task

MAP = Box(0, 2, 0, 1, 0, 3)
LEFT, RIGHT = MAP.columns(0, 2), MAP.columns(2, 3)
NETWORK = Network("sign", Shape(2, 1, 3), [Sign(name="s", inputs=("input",))])
PLACES = 2
MACHINE = Machine(
    (Unit("in", "host"), Unit("out", "host"), Unit("converter", "converter")),
    (Memory("pool", 1000, "pool", PLACES),),
    CLOCK,
    peak_ops_per_cycle=2,
)
PLACED = Placement(
    (),
    {"pool": (Allocation("input", MAP, 0, PLACES * 96, 0, 0), Allocation("s", MAP, PLACES * 96, PLACES * 6, 0, 0))},
    frozenset(),
    {"input": 16, "s": 1},
)
CONVERT = Compute(OperandLocations(("s",), (Region("pool", "input", MAP),), (), "", (Region("pool", "s", MAP),)), 0, 2, (Patch(MAP, MAP),))


def frame(number: int, at: int, *more: int, boxes: tuple[Box, ...] = (MAP,)) -> list[Task]:
    """A map comes in, is converted and goes out; its tasks stand at some position, and the first comes after *more*."""
    return [
        task("in", "in", 10, *more, effect=Copy("input", 0, 2, boxes, HOST, "pool"), frame=number),
        task("convert", "converter", 5, at, effect=CONVERT, frame=number),
        task("out", "out", 40, at + 1, effect=Copy("s", 0, 2, (MAP,), "pool", HOST), frame=number),
    ]


def run(*tasks: Task) -> Compiled:
    return compiled(NETWORK, MACHINE, PLACED, tasks, Arrivals(1 + max(one.frame for one in tasks)))


def outputs(made: Compiled) -> list[bool]:
    values = {"input": np.arange(-2, 4, dtype=np.float64).reshape(1, 3, 2)}
    found = replay(made, Computation(NETWORK, {}, values, Exact()))
    return [bool((one["s"] == np.where(values["input"] >= 0, 1, -1)).all()) for one in found]


def test_frames_that_wait_for_their_place_are_all_right() -> None:
    """The third frame is converted after the first has gone out."""
    third = frame(2, 6, 1)
    made = run(*frame(0, 0), *frame(1, 3), third[0], third[1]._replace(after=(6, 2)), third[2])
    hazards.check(made)
    assert outputs(made) == [True, True, True]


def test_a_frame_too_many_is_found_by_the_proof() -> None:
    """Nothing has the third frame's signs wait until the first frame's have gone out of their place."""
    made = run(*frame(0, 0), *frame(1, 3), *frame(2, 6, 1))
    with pytest.raises(Hazard, match=r"pool: nothing orders task 2 \(out of L on out, frame 0\), which reads 's'"):
        hazards.check(made)


def test_a_frame_too_many_is_found_by_the_execution() -> None:
    """The first two frames stay in the way of the slow link until after the third has been converted."""
    made = run(*frame(0, 0), *frame(1, 3), *frame(2, 6, 1), *frame(3, 9, 4))
    with pytest.raises(NotThere, match="pool needs 's' of frame"):
        outputs(made)


def test_what_has_not_come_is_missed() -> None:
    """The last column of the map has not."""
    made = run(*frame(0, 0, boxes=(LEFT,)))
    with pytest.raises(NotThere, match="pool needs 'input' of frame 0, which has not arrived in full"):
        outputs(made)
    with pytest.raises(Hazard, match=r"reads 2 of 6 values of 'input' .*, which nobody writes"):
        hazards.check(made)


def test_a_block_makes_way_for_the_same_block_alone() -> None:
    computation = Computation(NETWORK, {}, {}, Exact())
    pool, values = Pool("pool", computation, {"s": {0: 0, 1: 0}}), np.ones((1, 2, 2))
    pool.write("s", LEFT, values, 0)
    pool.write("s", RIGHT, values[:, :1], 0)
    pool.write("s", LEFT, values, 1)
    assert pool.read("s", RIGHT, 0).shape == (1, 1, 2)
    with pytest.raises(NotThere, match="of frame 0"):
        pool.read("s", LEFT, 0)
    pool.write("s", RIGHT, values[:, :1], 1)
    with pytest.raises(NotThere, match="of frame 0"):
        pool.read("s", RIGHT, 0)


def test_frames_may_come_in_any_order() -> None:
    """Each has its place, by its turn and not by when it comes."""
    pool, values = Pool("pool", Computation(NETWORK, {}, {}, Exact()), {"s": {0: 0, 1: 1, 2: 0}}), np.ones((1, 3, 2))
    for number in (1, 0, 2):
        pool.write("s", MAP, values, number)
    assert pool.read("s", MAP, 1).shape == pool.read("s", MAP, 2).shape
    with pytest.raises(NotThere, match="of frame 0"):
        pool.read("s", MAP, 0)


def test_places_are_taken_in_turn_by_the_frames_that_come() -> None:
    """Frame 1 has nothing to bring."""
    made = run(*frame(0, 0), *frame(2, 3), *frame(3, 6, 1))
    assert pool_places(made.schedule, MACHINE) == {("pool", "input"): {0: 0, 2: 1, 3: 0}, ("pool", "s"): {0: 0, 2: 1, 3: 0}}


def test_how_full_a_pool_is() -> None:
    """A map of 6 values of 16 bits from when it begins to come until it has been converted, its signs until they are out."""
    held = run(*frame(0, 0)).occupancy["pool"]
    assert list(zip(held.times_ps.tolist(), held.bits.tolist(), strict=True)) == [(0, 96), (10, 96 + 6), (15, 6), (55, 0)]
