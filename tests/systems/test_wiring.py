"""Links of a system: their units and rates, the routes that maps take, and what is wrong with a system that is none."""

from __future__ import annotations

from typing import Any

import pytest
from systems.composed import BUS, CUT, MIXED, REPLICAS, groupnet, mixed, spec, system

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.systems.wiring import Wiring

MEMBERS = {"a": ("a",), "b": ("b[0]", "b[1]")}
FAST, SLOW = Clock.of_mhz(100), Clock.of_mhz(10)
CLOCKS = {"a": FAST, "b[0]": SLOW, "b[1]": SLOW}


def wired(**links: dict[str, Any]) -> Wiring:
    parts = {"a": {"architecture": "xnorbin"}, "b": {"architecture": "xnorbin", "count": 2}}
    return Wiring(spec({"parts": parts, "memories": {"dram": {"mbit": 8}}, "links": links}), MEMBERS, CLOCKS)


def refusal(said: dict[str, Any], network: Any = groupnet) -> str:
    with pytest.raises(InvalidInput) as caught:
        system(network(), said)
    return str(caught.value)


def test_wires_have_a_unit_in_each_direction_and_a_bus_has_one() -> None:
    found = wired(
        wire={"between": ["a", "b"], "gbit_per_s": 2, "latency_ns": 7}, bus={"between": ["host", "b"], "gbit_per_s": 1, "shared": True}
    )
    assert [(unit.name, unit.kind, unit.latency_ps) for unit in found.units] == [
        ("wire[a>b[0]]", "wire link", 7000),
        ("wire[b[0]>a]", "wire link", 7000),
        ("wire[a>b[1]]", "wire link", 7000),
        ("wire[b[1]>a]", "wire link", 7000),
        ("bus", "bus link", 0),
    ]
    assert found.units[0].ps(2) == 1000


def test_bits_per_cycle_are_those_of_the_clock_of_the_parts() -> None:
    found = wired(up={"between": ["b", "host"], "bits_per_cycle": 4})
    assert found.units[0].ps(4) == 100_000


def test_a_route_has_the_fewest_links_and_of_these_the_fastest() -> None:
    found = wired(
        slow={"between": ["a", "dram"], "gbit_per_s": 1},
        fast={"between": ["a", "dram"], "gbit_per_s": 2},
        on={"between": ["dram", "b"], "gbit_per_s": 1, "shared": True},
    )
    assert [hop.unit for hop in found.route("a", ["b[1]"], "x")] == ["fast[a>dram]", "on"]
    both = found.route("a", ["b[0]", "b[1]"], "x")
    assert [(hop.source, hop.target) for hop in both] == [("a", "dram"), ("dram", "b[0]"), ("dram", "b[1]")]


def test_a_part_that_no_link_reaches_is_beside_the_host() -> None:
    found = wired(wire={"between": ["host", "b"], "gbit_per_s": 2})
    assert [found.node(name) for name in ("a", "b[0]", "b[1]")] == ["host", "b[0]", "b[1]"]


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ({"w": {"between": ["a", "c"], "gbit_per_s": 1}}, "system.links.w.between: there is no node 'c' in this system; there are a, b"),
        ({"w": {"between": ["a", "b[2]"], "gbit_per_s": 1}}, "there is no node 'b[2]' in this system; did you mean 'b[1]'?"),
        ({"w": {"between": ["a", "b", "host"], "gbit_per_s": 1}}, "names 3 nodes, and wires have two ends; write `shared: true`"),
        ({"w": {"between": ["b", "b[1]"], "gbit_per_s": 1}}, "names 'b[1]' twice; name each node once"),
        ({"w": {"between": ["a", "b"]}}, "system.links.w: has no rate; give gbit_per_s or bits_per_cycle"),
        ({"w": {"between": ["a", "b"], "gbit_per_s": 1, "bits_per_cycle": 1}}, "system.links.w: has two rates"),
        ({"w": {"between": ["a", "b"], "gbit_per_s": 0}}, "w.gbit_per_s: a link of rate 0 carries nothing; give one above 0"),
        (
            {"w": {"between": ["a", "b"], "bits_per_cycle": 1}},
            "does not say whose cycles: its parts have the clocks 100 MHz (a), 10 MHz (b[1]); give gbit_per_s",
        ),
        ({"w": {"between": ["host", "dram"], "bits_per_cycle": 1}}, "whose cycles: none of its nodes has a clock; give gbit_per_s"),
    ],
)
def test_what_is_no_link_is_refused(links: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        wired(**links)
    assert said in str(caught.value)


def test_all_mistakes_of_links_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        wired(v={"between": ["a", "c"], "gbit_per_s": 1}, w={"between": ["a", "b"]})
    assert len(caught.value.mistakes) == 2


def test_a_map_that_cannot_get_where_it_is_wanted() -> None:
    lonely = {**CUT, "links": {"up": {"between": ["a", "host"], "gbit_per_s": 2}, "far": {"between": ["b", "dram"], "gbit_per_s": 2}}}
    assert (
        refusal({**lonely, "memories": {"dram": {"mbit": 8}}})
        == "system.links: 'layer1.1.sign' cannot get from a to b: no links lead there; add one"
    )


def test_weights_come_from_a_memory() -> None:
    strange = {"parts": {"core": {"architecture": "xnorbin", "weights_from": "flush"}}, "memories": {"flash": {"mbit": 8}}, **BUS}
    assert "system.parts.core.weights_from: there is no memory 'flush' in this system; did you mean 'flash'?" in refusal(
        {**strange, "partition": {"core": ["*"]}}
    )


@pytest.mark.parametrize(
    ("partition", "said"),
    [
        ({"a": ["*"], "b": ["layer1*"]}, "system.partition.b.0: 'layer1.0.base1.conv1' is given to a already; give a layer to one part"),
        ({"a": ["stem"], "b": ["layer1*"]}, "system.partition: nobody runs 'sign0', 'layer2.0.base1.down'"),
        ({"a": ["*"], "c": ["mean"]}, "system.partition.c: there is no part 'c' in this system; there are a, b or host"),
        ({"a": ["layer3*"], "b": ["*"]}, "system.partition.a.0: no layer is called 'layer3*'"),
    ],
)
def test_what_is_no_partition_is_refused(partition: dict[str, Any], said: str) -> None:
    assert said in refusal({**CUT, "partition": partition})


def test_a_part_that_is_too_small_is_named() -> None:
    small = {"architecture": "xnorbin", "chip": {"feature_map_memory_bits": [100, 100]}}
    said = refusal({"parts": {"core": small}, "partition": {"core": ["*"]}})
    assert said.startswith(
        "system.parts.core.chip.feature_map_memory_bits: layer 'layer1.0.base2.conv1' needs 1728 bits in its sink memory"
    )


def test_a_layer_that_a_part_cannot_run_is_named() -> None:
    said = refusal({**MIXED, "partition": {"front": ["*"]}}, mixed)
    assert said.startswith("system.parts.front: s1: is a sign between layers on the chip, which Hyperdrive cannot run")


def test_a_partition_that_turns_in_a_circle() -> None:
    """The mesh takes in all maps before it computes any; it cannot wait for one that is made of its own."""
    said = {**MIXED, "partition": {"front": ["c1", "d"], "back": ["s1", "x1", "a"], "host": ["mean"]}}
    assert "turns in a circle" in circular(said)


def circular(said: dict[str, Any]) -> str:
    from hyperdrive_sim.network.box import Shape
    from hyperdrive_sim.network.graph import Network
    from hyperdrive_sim.network.layers import Activation, Conv, GlobalMean, Sign
    from hyperdrive_sim.network.window import Window

    three = Window.square(3, padding=1)
    layers = [
        Conv(name="c1", inputs=("input",), out_channels=16, window=three),
        Sign(name="s1", inputs=("c1",)),
        Conv(name="x1", inputs=("s1",), out_channels=16, window=three, maps="binary", scale=False, bias=False, relu=False),
        Activation(name="a", inputs=("x1",), function="relu"),
        Conv(name="d", inputs=("a",), out_channels=16, window=three),
        GlobalMean(name="mean", inputs=("d",)),
    ]
    return refusal(said, lambda: Network("circle", Shape(3, 8, 8), layers))


def test_the_same_schedule_again() -> None:
    one, other = (system(groupnet(), REPLICAS | BUS).schedule for _ in range(2))
    assert list(one) == list(other)
