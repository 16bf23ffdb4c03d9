"""Architectures, networks and scenarios, described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from commands import write

from hyperdrive_sim.archs import registry
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.schedule.provenance import Basis
from hyperdrive_sim.schedule.spec import Spec, figure
from hyperdrive_sim.study import architectures
from hyperdrive_sim.study.architectures import ArchitectureSummary, SettingSummary
from hyperdrive_sim.study.descriptions import NetworkSummary, described
from hyperdrive_sim.study.settings import KeySummary, ScenarioSummary


class ToySpec(Spec):
    """A toy. It has three keys."""

    voltage_v: float = figure(0.5, "its supply", "published", "a paper", gt=0, le=2)
    buffer_bits: int | None = figure(None, "its buffer", "derived", "sums", rests_on=(Basis("area", "a paper", "recalled"),), ge=1, le=4096)
    mode: Literal["fast", "slow"] = figure("fast", "how", "assumed", "nobody knows", values={"fast": "at once", "slow": "later"})


def test_the_settings_of_a_chip() -> None:
    assert architectures.settings(ToySpec) == (
        SettingSummary("voltage_v", 0.5, "V", "a number above 0, at most 2", "its supply", "published", "a paper", ()),
        SettingSummary(
            "buffer_bits", None, "bit", "an integer from 1 to 4,096 or empty", "its buffer", "recalled", "sums", ("area (recalled)",)
        ),
        SettingSummary("mode", "fast", "", "one of 'fast' or 'slow'", "how; fast: at once; slow: later", "assumed", "nobody knows", ()),
    )


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("clock_mhz", "MHz"),
        ("weight_stream_bits_per_cycle", "bit/cycle"),
        ("io_pj_per_bit", "pJ/bit"),
        ("psum_word_bits", "bit"),
        ("mesh", ""),
    ],
)
def test_units_stand_in_names(key: str, unit: str) -> None:
    assert architectures.unit(key) == unit


@pytest.mark.parametrize("name", registry.names())
def test_every_architecture(name: str) -> None:
    """A key and a price that a run of its own scenario has, with the provenance that this run says."""
    found = described(name)
    assert isinstance(found, ArchitectureSummary)
    assert [one.key for one in found.settings] == list(registry.load(name).Spec.model_fields)
    assert all(one.takes and one.about and one.source for one in found.settings), name
    assert len(found.prices) >= 7
    assert all(one.value >= 0 and one.source for one in found.prices)
    assert found.example in zoo.names()
    assert Path(found.readme).name == "README.md"
    assert any(short.startswith(f"{name}/") for short in found.scenarios)
    assert json.loads(json.dumps(found.to_dict()))["kind"] == "architecture"


def test_hyperdrive_by_pencil() -> None:
    found = described("hyperdrive")
    assert isinstance(found, ArchitectureSummary)
    assert (found.granularities, found.tolerance) == (("block", "pixel"), 0)
    prices = {one.name: (one.value, one.unit, one.provenance) for one in found.prices}
    assert prices["array.conv_cycle"] == (320, "pJ", "recalled")
    assert prices["weight_io.bit"] == (21, "pJ", "recalled")
    assert found.scenarios["hyperdrive/tiny_2x2"] == "A tiny residual network on a 2 x 2 mesh"


def test_a_network() -> None:
    found = described("groupnet_resnet18", (3, 32, 64))
    assert isinstance(found, NetworkSummary)
    assert (found.usual_input_shape, found.options) == ((3, 224, 224), {"bases": 8})
    assert list(found.model.inputs.values()) == [(3, 32, 64)]
    usual = described("lenet")
    assert isinstance(usual, NetworkSummary)
    assert sum(one.other_macs + one.binary_macs for one in usual.model.layers) == 2_293_000
    assert "hyperdrive" in usual.model.refusals
    assert usual.to_dict()["kind"] == "network"


def test_a_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, name="base.yaml", more="chip:\n  lanes: 8\n")
    write(tmp_path, base="extends: base.yaml\nframes: 2\n")
    found = described("s.yaml", changes=("chip.voltage_v=0.65", "network_options={}"))
    assert isinstance(found, ScenarioSummary)
    assert (found.title, found.architecture, found.files) == ("a test", "hyperdrive", ("s.yaml", "base.yaml"))
    keys = {one.key: one for one in found.keys}
    assert keys["frames"] == KeySummary("frames", 2, "", "file", "s.yaml", 2)
    assert keys["network"] == KeySummary("network", "tiny_conv", "", "file", "base.yaml", 3)
    assert keys["seed"] == KeySummary("seed", 1, "", "default", "", 0)
    assert keys["granularity"] == KeySummary("granularity", "block", "", "default", "", 0)
    assert keys["chip.lanes"] == KeySummary("chip.lanes", 8, "", "file", "base.yaml", 7)
    assert keys["chip.voltage_v"] == KeySummary("chip.voltage_v", 0.65, "V", "set", "", 0)
    assert keys["chip.tile_rows"] == KeySummary("chip.tile_rows", 7, "", "default", "", 0)


def test_of_a_mapping_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "sweep:\n  frames: [1, 2]\n  chip.voltage_v: [0.5]\ninput:\n  scale: 2\n")
    found = described("s.yaml")
    assert isinstance(found, ScenarioSummary)
    said = {one.key: (one.value, one.line) for one in found.keys if one.origin == "file"}
    assert said["sweep.frames"] == ([1, 2], 7)
    assert said["sweep.chip.voltage_v"] == ([0.5], 8)
    assert said["input.scale"] == (2.0, 10)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hyperdriv", "'hyperdriv' is no architecture, no network and no scenario; did you mean 'hyperdrive'?"),
        ("ResNet-34", "'ResNet-34' is no architecture, no network and no scenario; did you mean 'resnet34'?"),
        ("tiny_2x2", "'tiny_2x2' is no architecture, no network and no scenario; did you mean 'hyperdrive/tiny_2x2'?"),
        ("nobody", "'nobody' is no architecture, no network and no scenario; `hyperdrive-sim list` names what there is"),
        ("a.onnx", "'a.onnx' is a model; `hyperdrive-sim import` says what it consists of"),
        (".", "cannot read '.': it is a directory; name a scenario file, or a directory that `hyperdrive-sim run FILE -o DIR` wrote"),
    ],
)
def test_a_name_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.onnx").touch()
    with pytest.raises(InvalidInput) as caught:
        described(name)
    assert str(caught.value) == sentence


def test_what_means_nothing_for_it() -> None:
    for name, shape, changes, sentence in (
        ("hyperdrive", (3, 8, 8), (), "--input-shape: means nothing for 'hyperdrive', which is no network; leave it out"),
        ("hyperdrive", None, ("frames=2",), "--set: means nothing for architecture 'hyperdrive'; leave it out"),
        ("lenet", None, ("frames=2",), "--set: means nothing for network 'lenet'; leave it out"),
        ("lenet", (1, 70_000, 8), (), "--input-shape: must have sizes of 1 to 65536, not 70000"),
        (
            "lenet",
            (3, 28, 28),
            (),
            "--input-shape: has 3 channels, where 'lenet' takes 1; take [1, 28, 28], it is [channels, rows, columns]",
        ),
    ):
        with pytest.raises(InvalidInput) as caught:
            described(name, shape, changes)
        assert str(caught.value) == sentence
