"""What would help, held against chips that are really changed; what a result rests on, held against runs of their own."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations

import pytest
from commands import SCENARIOS, TINY

import hyperdrive_sim as hs
from hyperdrive_sim.reports import helps
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import compiled
from hyperdrive_sim.study.sensitivity import Outcome, Sensitivity, Varied, sensitivity

REALLY = [
    ("hyperdrive/tiny_2x2", ("border",), {"border_link_bits_per_cycle": 8.0}),
    ("hyperdrive/tiny_2x2", ("host",), {"host_link_gbit_per_s": 102.4}),
    ("hyperdrive/tiny_2x2", ("host", "border"), {"host_link_gbit_per_s": 102.4, "border_link_bits_per_cycle": 8.0}),
    ("hyperdrive/resnet34_narrow_weights", ("weights",), {"weight_stream_bits_per_cycle": 8.0}),
    ("xnorbin/cifar10_bnn", ("parameters",), {"parameter_port_bits_per_cycle": 32.0}),
    ("xnorbin/cifar10_bnn", ("flash",), {"flash_gbit_per_s": 5.32}),
    ("chewbaccann/cifar10_bnn", ("source",), {"source_words_per_cycle": 2}),
    ("chewbaccann/cifar10_bnn", ("source", "sink"), {"source_words_per_cycle": 2, "sink_words_per_cycle": 2}),
    ("nandnet_sram/lenet", ("port",), {"port_bits": 256}),
    ("nandnet_dram/lenet", ("array", "copies"), {"t_ras_ns": 16.0, "t_rp_ns": 7.08, "overlap_ns": 2.0}),
]
"""Kinds of unit, and settings of the chip that make just these twice as fast."""


@pytest.mark.parametrize(("path", "kinds", "chip"), REALLY, ids=str)
def test_what_is_said_to_help_helps(path: str, kinds: tuple[str, ...], chip: dict[str, object]) -> None:
    """The gain beside that of a chip that is really changed, whose schedule is written and simulated anew; words are rounded anew, too."""
    file = SCENARIOS / f"{path}.yaml"
    scenario = Scenario.read(file)
    made, changed = (compiled(one) for one in (scenario, scenario.changed([f"chip.{key}={value}" for key, value in chip.items()])))
    (said,) = helps.tried(made.machine, made.trace, [kinds])
    assert said.change == pytest.approx(changed.trace.makespan_ps / made.trace.makespan_ps - 1, abs=1e-3)


@cache
def tiny(*changes: tuple[str, object]) -> Sensitivity:
    return sensitivity(TINY, dict(changes))


def figures(found: Sensitivity) -> dict[str, Varied]:
    return {one.key: one for one in found.figures}


def test_every_kind_and_every_pair_is_tried_the_best_first() -> None:
    found = tiny()
    kinds = {"array", "border", "weights", "host"}
    assert {frozenset(one.kinds) for one in found.units} >= {frozenset(pair) for size in (1, 2) for pair in combinations(kinds, size)}
    assert [one.change for one in found.units] == sorted(one.change for one in found.units)
    assert found.units[0].kinds == ("border", "array")
    assert found.units[0].change == pytest.approx(-0.48, abs=0.01)
    assert found.alone["weights"] == 0
    assert found.units[0].time_s == pytest.approx(found.time_s * (1 + found.units[0].change))


def test_of_groups_those_are_worth_saying_that_bring_more_than_one_of_their_kinds() -> None:
    said = [one.kinds for one in tiny().worth_saying]
    assert ("border", "array") in said
    assert ("border", "weights") not in said, "the border alone brings as much"
    assert {kinds for kinds in said if len(kinds) == 1} == {("array",), ("border",), ("weights",), ("host",)}


def test_where_no_pair_brings_nearly_all_the_smallest_group_is_found() -> None:
    """XNORBIN computes while three ports work beside it: faster ones help together."""
    found = sensitivity(SCENARIOS / "xnorbin" / "cifar10_bnn.yaml")
    best = found.units[0]
    assert set(best.kinds) == {"array", "source", "sink", "parameters", "flash"}
    assert best.change == pytest.approx(-0.5, abs=0.025)


def test_a_setting_is_varied_in_a_run_of_its_own() -> None:
    found, report = tiny(), hs.run(TINY)
    border = figures(found)["chip.border_link_bits_per_cycle"]
    assert (border.value, border.provenance) == (4, "recalled")
    for one, value in zip(border.outcomes, (2, 6), strict=True):
        other = hs.run(TINY, {border.key: value})
        assert one.value == value
        assert one.time_change == pytest.approx(other.trace.makespan_ps / report.trace.makespan_ps - 1)
        assert one.energy_change == pytest.approx(other.energy.total_j / report.energy.total_j - 1, abs=1e-12)


def test_prices_that_are_one_figure_are_varied_together() -> None:
    energy = hs.run(TINY).energy
    io = [name for name in energy.by_action if "_io" in name]
    share = sum(energy.by_action[name].energy_j for name in io) / energy.total_j
    price = figures(tiny())[", ".join(io)]
    assert (price.value, price.provenance, price.name) == (21, "recalled", f"{io[0]} and {len(io) - 1} more")
    assert [(one.value, one.time_change) for one in price.outcomes] == [(10.5, 0.0), (31.5, 0.0)]
    assert [one.energy_change for one in price.outcomes] == pytest.approx([-share / 2, share / 2])
    halved = hs.run(TINY, {"chip.io_pj_per_bit": 10.5}).energy.total_j / energy.total_j - 1
    assert price.outcomes[0].energy_change == pytest.approx(halved)


def test_what_is_well_known_stays_as_it_is() -> None:
    """Nobody doubts how many chips there are, which is published; nor is anything varied that the table of settings does not call weak."""
    found = tiny()
    assert "chip.mesh" not in {*figures(found), *found.left}
    weak = {"fitted", "recalled", "assumed"}
    assert {one.provenance for one in found.figures} <= weak


def test_values_that_cannot_be_run_say_why() -> None:
    voltage = figures(tiny())["chip.voltage_v"]
    assert voltage.outcomes[0] == Outcome(0.25, None, None, "0.25 V lies outside the silicon table")
    assert voltage.tried == voltage.outcomes[1:]
    assert tiny().left == {"chip.clock_mhz": "is absent", "chip.io_pj_per_bit": "is absent"}


def test_what_the_scenario_sets_is_known() -> None:
    found = tiny(("chip.border_link_bits_per_cycle", 2.0))
    assert found.left["chip.border_link_bits_per_cycle"] == "is set"
    assert "chip.border_link_bits_per_cycle" not in figures(found)


def test_frames_that_arrive_are_judged_by_their_latency() -> None:
    """At 100 frames a second most of the run is waiting for them: faster chips change little of its length."""
    slow, alone = tiny(("frames", 3), ("frames_per_s", 100.0)), tiny()
    assert (slow.frames, slow.time_is, alone.time_is) == (3, "mean latency", "makespan")
    assert slow.time_s == pytest.approx(alone.time_s, rel=0.01)
    assert slow.alone["array"] == pytest.approx(alone.alone["array"], abs=0.01)


def test_figures_that_move_most_stand_first() -> None:
    most = [one.most for one in tiny().figures]
    assert most == sorted(most, reverse=True)
    assert Varied("k", 1, "assumed", (Outcome(2, 0.1, -0.3), Outcome(3, None, None, "why"))).most == 0.3
    assert Varied("k", 1, "assumed", (Outcome(3, None, None, "why"),)).most == 0


def test_what_a_scenario_leaves_open_stays_as_it_was_decided() -> None:
    found = tiny(("chip.mesh", "auto"))
    (mesh,) = {hs.run(TINY, {"chip.mesh": "auto"}).system.mesh}
    assert f"(mesh {mesh[0]} x {mesh[1]})" in found.subject
    assert found.time_s == sensitivity(TINY, {"chip.mesh": mesh}).time_s


def test_a_network_of_ones_own() -> None:
    window = hs.Window.square(3, padding=1)
    layer = hs.Conv(name="conv", inputs=("input",), out_channels=16, window=window)
    found = hs.sensitivity(network=hs.Network("mine", hs.Shape(16, 8, 8), [layer]), architecture="hyperdrive")
    assert found.title == "mine on hyperdrive"
    assert found.alone["array"] < -0.1


def test_the_json_form() -> None:
    plain = json.loads(json.dumps(tiny().to_dict()))
    assert plain["schema_version"] == 1
    assert plain["units"][0] == {"kinds": ["border", "array"], "time_s": tiny().units[0].time_s, "change": tiny().units[0].change}
    assert set(plain["figures"][0]) == {"key", "value", "provenance", "outcomes"}
