"""Golden maps in step with a replay: there when a block is compared, gone when nobody compares or reads them any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from worlds import task

from hyperdrive_sim.errors import Overflow
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact, forward
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Activation, Layer
from hyperdrive_sim.network.synthetic import random_inputs
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Compute, OperandLocations, Patch
from hyperdrive_sim.schedule.writer import scheduled
from hyperdrive_sim.study.beside import Beside
from hyperdrive_sim.study.reference import Reference

SHAPE = Shape(2, 4, 4)
UPPER, LOWER = SHAPE.box.rows(0, 2), SHAPE.box.rows(2, 4)


def nobody(_: str, __: Any) -> None: ...


@pytest.fixture(params=["alone", "beside"])
def beside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """Both ways: golden is computed when it is asked for, or ahead, by a thread of its own."""
    monkeypatch.setenv("HYPERDRIVE_SIM_JOBS", "2")
    with Beside(alone=request.param == "alone") as found:
        yield found


def chain(*names: str) -> Network:
    before = (INPUT, *names)
    layers = (Activation(name=name, inputs=(source,), function="relu") for name, source in zip(names, before, strict=False))
    return Network("chain", SHAPE, layers)


def computation(network: Network, arithmetic: Any = None) -> Computation:
    return Computation(network, {}, random_inputs(network, 1), arithmetic or Exact())


def schedule(*blocks: tuple[str, Box]) -> Schedule:
    """Tasks that compute blocks of all channels."""
    return scheduled(
        task("compute", "array", 1, effect=Compute(OperandLocations((layer,), (), (), "wbuf", ()), 0, 2, (Patch(box, box),)))
        for layer, box in blocks
    )


def test_a_map_is_held_until_the_last_of_its_blocks_has_been_compared(beside: Beside) -> None:
    """Both halves of `a`, each in two frames; `b` is computed inside of a fused task and compared with nothing."""
    network = chain("a", "b", "c")
    planned = schedule(("a", UPPER), ("a", LOWER), ("c", UPPER), ("c", LOWER), ("a", UPPER), ("a", LOWER), ("c", UPPER), ("c", LOWER))
    reference, maps = Reference(computation(network), planned, {INPUT}, (), beside, nobody), dict(forward(computation(network)))
    held = []
    for layer, box in [("a", UPPER), ("a", LOWER), ("a", UPPER), ("c", LOWER), ("c", UPPER), ("a", LOWER), ("c", UPPER), ("c", LOWER)]:
        np.testing.assert_array_equal(reference.block(layer, box), maps[layer][box.slices(SHAPE.box)])
        held.append([*reference.maps])
    ac = [INPUT, "a", "c"]
    assert held == [[INPUT, "a"]] * 3 + [ac] * 2 + [[INPUT, "c"]] * 2 + [[INPUT]]


def test_what_is_kept_is_there_in_the_end_whoever_has_compared_it(beside: Beside) -> None:
    network = chain("a", "b", "c")
    reference = Reference(
        computation(network), schedule(("a", UPPER), ("a", LOWER), ("b", UPPER)), {"a", "c"}, ("a", INPUT), Beside(alone=True), nobody
    )
    reference.block("a", UPPER)
    reference.block("a", LOWER)
    found, maps = reference.finish(), dict(forward(computation(network)))
    assert set(found) == {"a", "c"}
    assert all(np.array_equal(found[name], maps[name]) for name in found)
    assert reference.rates == {INPUT: 1.0, "a": (maps["a"] > 0).mean()}
    assert reference.seconds > 0


def test_whoever_wants_to_know_sees_every_map_once_and_in_order(beside: Beside) -> None:
    seen: list[str] = []
    reference = Reference(computation(chain("a", "b", "c")), schedule(("c", SHAPE.box)), (), (), beside, lambda name, _: seen.append(name))
    reference.block("c", SHAPE.box)
    reference.finish()
    assert seen == [INPUT, "a", "b", "c"]


class Overflowing(Exact):
    def apply(self, layer: Layer, *operands: Any) -> Any:
        if layer.name == "b":
            raise Overflow("a partial sum of 9 does not fit 4 bits")
        return super().apply(layer, *operands)


@pytest.mark.parametrize("asked", [False, True])
def test_what_golden_finds_is_raised_in_the_end_also_where_it_was_raised_before(asked: bool, beside: Beside) -> None:
    reference = Reference(
        computation(chain("a", "b", "c"), Overflowing()), schedule(("c", SHAPE.box)), {"c"}, (), Beside(alone=True), nobody
    )
    if asked:
        with pytest.raises(Overflow):
            reference.block("c", SHAPE.box)
    with pytest.raises(Overflow, match="a partial sum of 9"):
        reference.finish()
