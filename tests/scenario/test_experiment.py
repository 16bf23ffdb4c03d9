"""Scenarios said in Python: what they hold, what they are told, and that they are the same as said in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import ROOT, TINY

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.scenario.experiment import setting, settings
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import scenario_of
from hyperdrive_sim.study.checks import check
from hyperdrive_sim.study.runs import run, sweep


def conv(name: str, source: str, channels: int = 4, **more: Any) -> Conv:
    return Conv(name=name, inputs=(source,), out_channels=channels, window=Window.square(3, padding=1), **more)


def mine(channels: int = 4) -> Network:
    return Network("mine", Shape(4, 6, 8), [conv("a", INPUT, channels)])


def pair() -> Network:
    shapes = {"left": Shape(4, 6, 8), "right": Shape(4, 6, 8)}
    return Network("pair", shapes, [conv("a", "left", bias=False, relu=False), Add(name="sum", inputs=("a", "right"))])


def told(source: Any = None, changes: Any = None, **experiment: Any) -> list[str]:
    """What somebody is told who says this."""
    with pytest.raises(InvalidInput) as error:
        scenario_of(source, changes, experiment)  # type: ignore[arg-type]
    return str(error.value).splitlines()


# --- settings ---


def test_settings_are_what_set_takes() -> None:
    changes = {"chip.voltage_v": 0.65, "chip.mesh": (5, 10), "title": "a = b: c", "weights": Path("w.npz"), "input": None}
    assert settings(changes) == (
        "chip.voltage_v=0.65",
        "chip.mesh=[5, 10]",
        'title="a = b: c"',
        'weights="w.npz"',
        "input=null",
    )
    assert settings(None) == ()


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({1: 2}, "1 is no key; keys are texts: {'frames': 2}"),
        ({"frames": 10**5000}, "frames: cannot be set to this value of the type int; take text, numbers, lists and mappings"),
        ({"title": CIRCLE}, "title: cannot be set to [[...]]; take text, numbers, lists and mappings"),
        ({"title": {1, 2}}, "title: cannot be set to {1, 2}; take text, numbers, lists and mappings"),
    ],
)
def test_changes_that_no_file_could_hold(changes: Any, said: str) -> None:
    assert told(TINY, changes) == [said]


@pytest.mark.parametrize(
    ("value", "text"), [(np.int64(3), "3"), (np.float32(0.5), "0.5"), (np.array([1, 2]), "[1, 2]"), (np.bool_(True), "true")]
)
def test_numbers_of_numpy_are_numbers(value: object, text: str) -> None:
    assert setting("x", value) == f"x={text}"


def test_what_no_file_could_hold() -> None:
    with pytest.raises(InvalidInput, match=r"^frames: cannot be set to \{1, 2\}; take text, numbers, lists and mappings$"):
        setting("frames", {1, 2})
    with pytest.raises(InvalidInput, match=r"^frames=2: is no key; write the value on the other side of the colon"):
        setting("frames=2", 3)


def test_changes_are_those_of_set() -> None:
    by_text = Scenario.read(TINY, ["chip.voltage_v=0.65", "frames=2"])
    by_value = scenario_of(TINY, {"chip.voltage_v": 0.65, "frames": 2}, {})
    assert (by_value.settings, by_value.spec, by_value.hash) == (by_text.settings, by_text.spec, by_text.hash)
    assert scenario_of(Scenario.read(TINY), {"chip.voltage_v": 0.65, "frames": 2}, {}) == by_value


# --- without a file ---


def test_the_zoo_without_a_file() -> None:
    """The same experiment as the tiny mesh of the README, but for its title and where it stands."""
    chip = {"mesh": (2, 2), "feature_map_memory_bits": 400_000}
    found = run(network="tiny_resnet", input_shape=(3, 48, 64), architecture="hyperdrive", chip=chip).to_dict()
    file = run(TINY, {"chip": chip, "reproduces": None}).to_dict()
    assert found["scenario"]["title"] == "tiny_resnet on hyperdrive"
    assert found["scenario"]["file"] == ""
    assert {**found, "scenario": 0} == {**file, "scenario": 0}


def test_a_network_of_ones_own() -> None:
    """4 channels of 6 x 8 pixels, 3 x 3 x 4 taps each: 6,912 MACs; a scale and an offset for each of 192 values."""
    scenario = Scenario.of_network(mine(), "hyperdrive", frames=2, seed=7, title="My own")
    report = run(scenario)
    assert (report.network.name, report.network.input_shape, report.network.macs) == ("mine", (4, 6, 8), 6_912)
    assert report.network.ops == 2 * 6_912 + 2 * 192
    assert (report.scenario.title, report.scenario.file, report.scenario.hash) == ("My own", "", scenario.hash)
    assert report.time.frames == 2
    assert run(network=mine(), architecture="hyperdrive", frames=2, seed=7, title="My own") is not report
    assert check(scenario).ok


def test_the_hash_is_of_the_structure_too() -> None:
    hashes = [Scenario.of_network(network, "hyperdrive").hash for network in (mine(), mine(), mine(5), pair())]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    elsewhere = Network("mine", Shape(4, 6, 8), [conv("a", INPUT, relu=False)])
    assert Scenario.of_network(elsewhere, "hyperdrive").hash not in hashes


def test_a_network_that_the_zoo_has_as_well_reproduces_nothing() -> None:
    named = Network("resnet34", Shape(4, 6, 8), [conv("a", INPUT)])
    scenario = Scenario.of_network(named, "hyperdrive").changed(["reproduces=resnet34_224"])
    assert run(scenario).published == ()


def test_several_inputs_are_drawn_each() -> None:
    scenario = Scenario.of_network(pair(), "hyperdrive")
    assert check(scenario).ok
    assert run(scenario).network.input_shape == (4, 6, 8), "that of the first"


def test_a_picture_is_one_input(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((6, 8, 4)))
    with pytest.raises(InvalidInput, match=r"^input: is one picture, 'pair' has the inputs left, right; leave it out"):
        run(network=pair(), architecture="hyperdrive", input={"image": str(tmp_path / "a.npy")})


def test_a_sweep_of_a_network() -> None:
    points = sweep(axes={"chip.voltage_v": np.array([0.5, 1.0]), "frames": [1, 0]}, network=mine(), architecture="hyperdrive")
    assert [point for point, _ in points] == [
        {"chip.voltage_v": 0.5, "frames": 1},
        {"chip.voltage_v": 0.5, "frames": 0},
        {"chip.voltage_v": 1.0, "frames": 1},
        {"chip.voltage_v": 1.0, "frames": 0},
    ]
    assert [str(outcome) for _, outcome in points if isinstance(outcome, InvalidInput)] == [
        "frames: must be greater than or equal to 1, not 0"
    ] * 2


# --- what is said wrongly ---


def test_keywords_are_checked_as_a_file_is() -> None:
    assert told(network=mine(), architecture="hyperdrive", frame=2) == ["unknown key 'frame'; did you mean 'frames'?"]
    assert told(network=mine(), architecture="hyperdrive", chip={"mesh": 3}, frames=0) == [
        "frames: must be greater than or equal to 1, not 0",
        "chip.mesh: must be a list of 2 integers, 'auto' or {auto: GOAL}, not 3",
    ]
    assert told(network=mine()) == ["'architecture' is missing; add it: the chip; `hyperdrive-sim list` names them"]
    assert told(network=mine(), architecture="hyperdriev")[0] == "architecture: 'hyperdriev' is unknown; did you mean 'hyperdrive'?"
    assert told(network="tiny_resnet", architecture="hyperdrive") == ["'input_shape' is missing; add it: [channels, rows, columns]"]
    assert told(network=mine(), architecture="hyperdrive", title="\0") == [
        "title: contains a character that is none (NUL or half a surrogate pair)"
    ]


def test_a_given_network_is_as_it_is() -> None:
    cannot = "cannot be set, the network was given as it is; give another network"
    assert told(network=mine(), architecture="hyperdrive", input_shape=(4, 6, 9)) == [f"input_shape: {cannot}"]
    assert told(network=mine(), architecture="hyperdrive", network_options={"bases": 2}) == [f"network_options: {cannot}"]
    assert told(None, {"network": "resnet18"}, network=mine(), architecture="hyperdrive") == [
        f'--set network="resnet18":1:1: network: {cannot}'
    ]
    assert scenario_of(None, None, {"network": mine(), "architecture": "hyperdrive", "input_shape": [4, 6, 8]}).network().name == "mine"


def test_a_layer_that_the_chip_cannot_run_is_named() -> None:
    wide = Network("wide", Shape(4, 6, 8), [Conv(name="a", inputs=(INPUT,), out_channels=4, window=Window.square(5, padding=2))])
    with pytest.raises(InvalidInput) as error:
        run(network=wide, architecture="hyperdrive")
    assert str(error.value).startswith("a: has a kernel of 5 x 5; "), "no place in a file that is not there"


def test_one_of_both() -> None:
    assert told() == ["there is nothing to run; name a scenario file, or give a network and an architecture"]
    assert told(TINY, frames=2) == ["frames: is said in place of a scenario, and there is one; put it among the changes: {'frames': ...}"]


def test_changes_are_answered_as_set_is() -> None:
    with pytest.raises(InvalidInput) as by_text:
        Scenario.read(TINY, ["frames=0", "chip.mehs=1"])
    assert told(TINY, {"frames": 0, "chip.mehs": 1}) == str(by_text.value).splitlines()


def test_a_sweep_that_is_none() -> None:
    with pytest.raises(InvalidInput, match=r"^sweep: this scenario has no sweep; add one, for example"):
        sweep(network=mine(), architecture="hyperdrive")
    with pytest.raises(InvalidInput, match=r"tiny_2x2.yaml:\d+:1: sweep: this scenario has no sweep"):
        sweep(ROOT / "scenarios" / "hyperdrive" / "tiny_2x2.yaml")
