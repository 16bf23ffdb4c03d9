"""Systems as a whole: what is shared, what waits for what, where weights and pictures come from, and which partition is chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from systems.composed import BUS, MIXED, REPLICAS, Said, groupnet, mixed, spec, system

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.tasks import HOST, Arrivals, Copy
from hyperdrive_sim.study.runs import compiled, run
from hyperdrive_sim.systems.automatic import Partitions, patterns
from hyperdrive_sim.systems.system import architecture

READS = {"between": ["flash", "core"], "gbit_per_s": 0.5, "shared": True}
FLASH: Said = {
    "parts": {"core": {"architecture": "xnorbin", "count": 2, "weights_from": "flash", "chip": {"parameter_buffer_bits": 12_000}}},
    "memories": {"flash": {"mbit": 8, "pj_per_bit": 4}},
    "links": {"reads": READS, **BUS["links"]},
    "partition": {"core": ["*"]},
}
"""Two cores whose weights come from one memory, over a bus that is slower than their own port."""

SIGNS = "tiny_xnor"
"""A network whose first layer makes signs of the picture."""


def busy(made: Compiled, unit: str) -> float:
    return made.trace.busy_ps()[unit] / made.trace.makespan_ps


def test_a_hop_is_a_task_on_its_link_with_time_latency_and_price() -> None:
    """18 x 6 x 6 signs of 1 bit at 1 Gbit/s, 5 ns of wire and 3 pJ for each."""
    made = system(groupnet(), REPLICAS | BUS)
    hop = next(task for task in made.schedule if task.unit == "bus")
    signs = made.network.shape("sign0").size
    assert (hop.name, hop.layer, hop.ps, hop.latency_ps) == ("hop", "sign0", signs * 1000, 5000)
    assert hop.effect == Copy("sign0", 0, 16, (made.network.shape("sign0").box,), HOST, "core[0].edge")
    assert made.mapped.prices["bus.link_io.bit"].pj == 3
    assert made.ledger.io_bits()["links"] == sum(task.actions["bus.link_io.bit"] for task in made.schedule if task.unit == "bus")


def test_no_more_frames_wait_at_an_edge_than_there_are_places() -> None:
    """The mesh is far ahead of one core behind it; what it has made waits in two places, or in as many as the core has."""
    for places in (1, 2, 3):
        slow = {"architecture": "xnorbin", "waiting_frames": places}
        said = {**MIXED, "parts": {**MIXED["parts"], "back": slow}}
        made = system(mixed(), said, frames=8)
        hazards.check(made)
        held = made.occupancy["back.edge"]
        signs = made.network.shape("s1").size
        assert held.peak <= places * signs + places * made.network.shape("x2").size * 16
        hops = {span.task.frame: span.end for span in made.trace if (span.task.layer, span.task.name) == ("s1", "hop")}
        taken = {span.task.frame: span.start for span in made.trace if (span.task.layer, span.task.name) == ("s1", "input")}
        assert all(hops[frame] > taken[frame - places] for frame in range(places, 8)), "the last block of a frame comes in a free place"


def test_weights_from_a_shared_flash_bound_all_cores_together() -> None:
    """One flash feeds two cores: they have its whole rate between them, and every bit of it costs the flash and the bus."""
    made = system(groupnet(), FLASH, frames=8)
    hazards.check(made)
    assert busy(made, "reads") > 0.9
    bits = made.ledger.io_bits()["weights"]
    counts = made.schedule.action_counts
    assert counts["flash.access.bit"] == counts["reads.link_io.bit"] == bits > 0
    alone = system(groupnet(), {**FLASH, "parts": {"core": FLASH["parts"]["core"] | {"count": 1}}}, frames=8)
    assert 0.9 < made.trace.makespan_ps / alone.trace.makespan_ps < 1.1, "a second core brings nothing"


def test_a_sensor_on_the_chip_saves_what_would_cross_its_edge() -> None:
    plain: Said = {"parts": {"core": {"architecture": "chewbaccann"}}, "partition": {"core": ["*"]}}
    network = zoo.build(SIGNS, (16, 8, 8))
    without, made = system(network, plain), system(network, plain | {"sensors": {"camera": {"on": "core"}}})
    assert (without.ledger.io_bits()["input"], made.ledger.io_bits()["input"]) == (3 * 16 * 64, 0)
    assert made.schedule.action_counts["sensor.bit"] == 3 * 16 * 64
    price = made.mapped.prices["input_io.bit"].pj
    assert without.ledger.total_j - made.ledger.total_j == pytest.approx(3 * 16 * 64 * price * 1e-12)
    assert made.machine.unit["sensor"].kind == "sensor"


def test_a_sensor_cannot_see_what_the_host_has_to_compute_first() -> None:
    said: Said = {"parts": {"core": {"architecture": "xnorbin"}}, "partition": {"core": ["*"]}, "sensors": {"camera": {"on": "core"}}}
    with pytest.raises(InvalidInput, match=r"'stem' \(conv3x3\) is computed elsewhere of what the sensor sees, before 'sign0' comes in"):
        system(groupnet(), said)


def test_pictures_come_from_a_sensor_over_its_link() -> None:
    said: Said = {
        "parts": {"core": {"architecture": "xnorbin"}},
        "partition": {"core": ["*"]},
        "sensors": {"camera": {}},
        "links": {"mipi": {"between": ["camera", "host"], "gbit_per_s": 1}, "up": {"between": ["host", "core"], "gbit_per_s": 1}},
    }
    made = system(groupnet(), said)
    hazards.check(made)
    frames = [task for task in made.schedule if task.unit == "mipi[camera>host]"]
    assert [(task.layer, task.frame, task.ps) for task in frames] == [("input", frame, 3 * 36 * 16 * 1000) for frame in range(3)]


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("said", [REPLICAS, REPLICAS | BUS, FLASH], ids=["replicas", "bus", "flash"])
def test_tasks_are_counted_without_being_kept(said: Said, frames: int) -> None:
    made = system(groupnet(), said, frames)
    assert made.size == len(made.schedule)


def test_one_part_is_the_short_form() -> None:
    """Byte for byte, but for the file: the same names, the same hash."""
    long = {"parts": {"core": {"architecture": "xnorbin", "chip": {"voltage_v": 1.2}, "count": 1}}}
    head: dict[str, Any] = {"schema_version": 1, "title": "one part", "network": "tiny_groupnet", "input_shape": [3, 6, 6]}
    one = Scenario.parse(json.dumps(head | {"system": long}))
    other = Scenario.parse(json.dumps(head | {"architecture": "xnorbin", "chip": {"voltage_v": 1.2}}))
    assert run(one).to_dict() == run(other).to_dict()
    assert one.hash == other.hash


HEAD = "schema_version: 1\ntitle: x\nnetwork: tiny_groupnet\ninput_shape: [3, 6, 6]\n"


def mistakes(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        Scenario.parse(HEAD + text)
    return str(caught.value).splitlines()


def test_a_mistake_of_the_only_part_stands_where_it_is() -> None:
    said = mistakes("system:\n  parts:\n    a:\n      architecture: xnorbin\n      chip: {voltage: 1}\n")
    assert said == ["scenario.yaml:9:14: chip: unknown key 'voltage'; did you mean 'voltage_v'?"]


def test_mistakes_of_several_parts_are_named_in_one_pass() -> None:
    parts = "    a: {architecture: xnorbin, chip: {voltage: 1}}\n    b: {architecture: xnorbi}\n"
    assert mistakes(f"chip: {{}}\nsystem:\n  parts:\n{parts}") == [
        "scenario.yaml:5:1: chip: cannot stand beside `system:`; put it under a part of the system",
        "scenario.yaml:8:39: system.parts.a.chip: unknown key 'voltage'; did you mean 'voltage_v'?",
        "scenario.yaml:9:9: system.parts.b.architecture: 'xnorbi' is unknown; did you mean 'xnorbin'?",
    ]


def test_parts_have_figures_of_their_own() -> None:
    """Their energies and those of the links are the whole's; what each does is at the frame rate of the whole."""
    report = run(Scenario.said(network=mixed(), system=MIXED, frames=6))
    front, back = report.parts
    assert (front.name, front.architecture, front.chips, front.mesh, front.layers) == ("front", "hyperdrive", 2, (1, 2), ("c1", "c2"))
    assert (back.chips, back.every, back.layers) == (2, 2, ("x1", "s2", "p2", "x2"))
    links = sum(action.energy_j for name, action in report.energy.by_action.items() if name.endswith("link_io.bit"))
    assert front.energy.total_j + back.energy.total_j + links == pytest.approx(report.energy.total_j)
    assert front.ops + back.ops == report.network.ops
    assert report.time.frames_per_s <= min(front.most_frames_per_s, back.most_frames_per_s) * (1 + 1e-9)
    assert back.busiest.startswith("back[")


def test_names_are_put_together_to_patterns() -> None:
    net = groupnet()
    names = [layer.name for layer in net]
    assert patterns(names, net) == ("*",)
    assert patterns([name for name in names if name.startswith("layer1")], net) == ("layer1.*",)
    assert patterns(["stem", "layer1.0.base1.conv1"], net) == ("stem", "layer1.0.base1.conv1")


BOTH: Said = {"parts": {"a": {"architecture": "xnorbin", "chip": {"voltage_v": 1.2}}, "b": {"architecture": "chewbaccann"}}}
"""Both can run all of a binary network: the first is fast, the second saves energy."""


@pytest.mark.parametrize(("goal", "part"), [("latency", "a"), ("energy", "b")])
def test_a_partition_is_chosen_by_its_goal(goal: str, part: str) -> None:
    made = compiled(Scenario.said(network=groupnet(), system=BOTH | {"partition": {"auto": goal}}))
    assert {member.name for member in made.mapped.members} == {part}  # type: ignore[attr-defined]
    costs = [one.latency_s if goal == "latency" else one.energy_j for one in made.candidates]
    assert len(costs) > 1
    assert costs[0] == min(costs)


def test_layers_go_to_the_part_that_can_run_them() -> None:
    """Binary weights on real maps to the mesh, signs to the cores; signs are made where fewer bits pass the wires."""
    said = {key: value for key, value in MIXED.items() if key != "partition"}
    made = compiled(Scenario.said(network=mixed(), system=said))
    flow = made.mapped.flow  # type: ignore[attr-defined]
    assert flow.runs == {"c1": "front", "c2": "front", "x1": "back", "s2": "back", "p2": "back", "x2": "back"}
    assert flow.converts == {"s1": "front"}
    assert flow.host == {"mean"}


def test_an_estimate_of_a_way_is_what_its_pieces_cost() -> None:
    """On one part alone there is nothing to choose, and the estimate is near what the whole takes."""
    network = groupnet()
    only = {"parts": {"a": BOTH["parts"]["a"]}}
    ways = Partitions(network, spec(only))
    assert len(list(ways.ranked("latency"))) >= 1
    whole = system(network, only | {"partition": {"a": ["*"]}}, frames=1).trace.makespan_ps * 1e-12
    inside = sum(one.inside.s for one in ways.alone.values())
    assert inside == pytest.approx(whole, rel=0.2)


def test_a_network_that_no_part_can_run() -> None:
    with pytest.raises(InvalidInput, match="has no layer with binary weights and binary maps"):
        list(architecture.candidates(zoo.build("tiny_resnet", (3, 12, 12)), spec(BOTH)))


def test_a_part_that_runs_nothing_is_refused_where_the_partition_is_given() -> None:
    with pytest.raises(InvalidInput, match=r"system\.parts\.b: runs no layer"):
        architecture.candidates(groupnet(), spec(BOTH | {"partition": {"a": ["*"]}}))


def test_frames_of_one_part_take_as_long_as_on_the_chip_alone() -> None:
    chip = registry.load("xnorbin")
    alone = Compiled(chip.map(groupnet(), chip.Spec()), Arrivals(4), "block")
    made = system(groupnet(), {"parts": {"core": {"architecture": "xnorbin"}}, "partition": {"core": ["*"]}}, frames=4)
    assert made.trace.makespan_ps == alone.trace.makespan_ps
    assert made.ledger.total_j == alone.ledger.total_j
