"""Every sentence a user can meet who asks for something that cannot be run: where, what is wrong, what would be right."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from commands import BASE, complaints, invoke, sentences, write

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import synthetic, zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.network.zoo.entry import ANY, Entry
from hyperdrive_sim.scenario import scenario

NETWORKS = "known networks: " + ", ".join(zoo.names())
ARCHITECTURES = "known architectures: " + ", ".join(registry.names())
SPEC_KEYS = "known keys: " + ", ".join(HyperdriveSpec.model_fields)
OPERATING_POINTS = "take 0.5 to 1 V: 0.5, 0.65, 0.8, 1 are known"
NO_NUMPY = "take what numpy.save or numpy.savez wrote, without objects"
RESIDUAL = BASE.replace("tiny_conv", "tiny_residual").replace("3, 12, 16", "16, 24, 32")
RESNET = BASE.replace("tiny_conv", "resnet34")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- keys ---


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("framse: 3", "s.yaml:6:1: unknown key 'framse'; did you mean 'frames'?"),
        ("chip: {mehs: [1, 1]}", "s.yaml:6:8: chip: unknown key 'mehs'; did you mean 'mesh'?"),
        ("chip:\n  lanes: 16\n  voltage: 0.5", "s.yaml:8:3: chip: unknown key 'voltage'; did you mean 'voltage_v'?"),
        ("chip: {zzz: 1}", f"s.yaml:6:8: chip: unknown key 'zzz'; {SPEC_KEYS}"),
        ("input: {image: a.png, size: 3}", "s.yaml:6:23: input: unknown key 'size'; known keys: scale, mean, std, quantise, image"),
        ("input: {image: ''}", "s.yaml:6:9: input.image: must have at least 1 character, not the text ''"),
        ("input: {mean: [0.1, 0.2]}", "s.yaml:6:9: input.mean: has 2 numbers, the input has 3 channels; give one, or one each"),
        ("input: {std: 0}", "s.yaml:6:9: input.std: must be greater than 0, not 0"),
        ("input: {std: [0.2, -1]}", "s.yaml:6:20: input.std.1: must be greater than 0, not -1"),
        ("input: {mean: .nan}", "s.yaml:6:15: input.mean: must be a finite number of at most 64 bits, not .nan"),
        (
            "input: {quantise: {bits: 8}}",
            "s.yaml:6:9: input.quantise: 'step' is missing; add it: what the last bit is worth, for example 0.0078125",
        ),
        (
            "input: {quantise: {bits: 17, step: 0.1}}",
            "s.yaml:6:20: input.quantise.bits: must be less than or equal to 16, not 17",
        ),
        ("frames: 1\nframes: 2", "s.yaml:7:1: frames: stands here a second time, after line 6; keep one of the two"),
        ("chip: {lanes: 8, lanes: 16}", "s.yaml:6:18: chip.lanes: stands here a second time, after line 6; keep one of the two"),
    ],
)
def test_keys(tmp_path: Path, more: str, sentence: str) -> None:
    assert complaints(tmp_path, more) == [sentence]


@pytest.mark.parametrize(
    ("key", "cure"),
    [
        ("schema_version", "1, the version of this format"),
        ("title", "one line for people"),
        ("network", "a network of the zoo, as `hyperdrive-sim list` names them, or a model relative to this file: model.onnx, ./imported"),
        ("input_shape", "[channels, rows, columns]"),
        ("architecture", "the chip; `hyperdrive-sim list` names them"),
    ],
)
def test_a_missing_key(tmp_path: Path, key: str, cure: str) -> None:
    base = "".join(line for line in BASE.splitlines(keepends=True) if not line.startswith(key))
    assert complaints(tmp_path, base=base) == [f"s.yaml:1:1: '{key}' is missing; add it: {cure}"]


# --- kinds and sizes ---


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("frames: many", "s.yaml:6:1: frames: must be an integer or empty, not the text 'many'"),
        ("frames: '2'", "s.yaml:6:1: frames: must be an integer or empty, not the text '2'"),
        ("frames: 1.5", "s.yaml:6:1: frames: must be an integer or empty, not 1.5"),
        ("frames: true", "s.yaml:6:1: frames: must be an integer or empty, not true"),
        ("seed:", "s.yaml:6:1: seed: must be an integer, not empty"),
        ("frames: 0", "s.yaml:6:1: frames: must be greater than or equal to 1, not 0"),
        ("frames: -3", "s.yaml:6:1: frames: must be greater than or equal to 1, not -3"),
        ("frames: 1000000000", "s.yaml:6:1: frames: must be less than or equal to 100000, not 1000000000"),
        ("frames_per_s: fast", "s.yaml:6:1: frames_per_s: must be a number or empty, not the text 'fast'"),
        ("frames_per_s: 0", "s.yaml:6:1: frames_per_s: must be greater than or equal to 0.000001, not 0"),
        ("frames_per_s: .inf", "s.yaml:6:15: frames_per_s: must be a finite number of at most 64 bits, not .inf"),
        ("seed: -1", "s.yaml:6:1: seed: must be greater than or equal to 0, not -1"),
        ("weights: 3", "s.yaml:6:1: weights: must be text or empty, not 3"),
        ("input: a.png", "s.yaml:6:1: input: must be a mapping or empty, not the text 'a.png'"),
        ("chip: [1]", "s.yaml:6:1: chip: must be a mapping, not [1]"),
        ("chip: {mesh: 4}", "s.yaml:6:8: chip.mesh: must be a list of 2 integers, 'auto' or {auto: GOAL}, not 4"),
        ("chip: {mesh: [1]}", "s.yaml:6:8: chip.mesh: must be a list of 2 integers, 'auto' or {auto: GOAL}, not [1]"),
        ("chip: {mesh: [1.5, 1]}", "s.yaml:6:15: chip.mesh.0: must be an integer, not 1.5"),
        ("chip: {mesh: [0, 1]}", "s.yaml:6:15: chip.mesh.0: must be greater than 0, not 0"),
        ("chip: {mesh: [1, -1]}", "s.yaml:6:18: chip.mesh.1: must be greater than 0, not -1"),
        ("chip: {tile_rows: 0}", "s.yaml:6:8: chip.tile_rows: must be greater than 0, not 0"),
        ("chip: {tile_columns: -7}", "s.yaml:6:8: chip.tile_columns: must be greater than 0, not -7"),
        ("chip: {tile_rows: 1000000000}", "s.yaml:6:8: chip.tile_rows: must be less than or equal to 256, not 1000000000"),
        ("chip: {lanes: -16}", "s.yaml:6:8: chip.lanes: must be greater than 0, not -16"),
        ("chip: {feature_map_memory_bits: 0}", "s.yaml:6:8: chip.feature_map_memory_bits: must be greater than 0, not 0"),
        ("chip: {clock_mhz: 0}", "s.yaml:6:8: chip.clock_mhz: must be greater than or equal to 0.001, not 0"),
        (
            "chip: {weight_stream_bits_per_cycle: 0}",
            "s.yaml:6:8: chip.weight_stream_bits_per_cycle: must be greater than or equal to 0.001, not 0",
        ),
        (
            "chip: {border_link_bits_per_cycle: 0}",
            "s.yaml:6:8: chip.border_link_bits_per_cycle: must be greater than or equal to 0.001, not 0",
        ),
        ("chip: {voltage_v: high}", "s.yaml:6:8: chip.voltage_v: must be a number, not the text 'high'"),
        ("chip: {voltage_v: 0}", "s.yaml:6:8: chip.voltage_v: must be greater than 0, not 0"),
        ("chip: {voltage_v: 0.45}", f"s.yaml:6:8: chip.voltage_v: 0.45 V lies outside the silicon table; {OPERATING_POINTS}"),
        ("chip: {voltage_v: 1.01}", f"s.yaml:6:8: chip.voltage_v: 1.01 V lies outside the silicon table; {OPERATING_POINTS}"),
        (
            "chip: {operating_points: post_layuot}",
            "s.yaml:6:8: chip.operating_points: must be one of 'silicon' or 'post_layout', not 'post_layuot'; did you mean 'post_layout'?",
        ),
    ],
)
def test_values(tmp_path: Path, more: str, sentence: str) -> None:
    assert complaints(tmp_path, more) == [sentence]


@pytest.mark.parametrize(
    ("was", "is_", "sentence"),
    [
        ("[3, 12, 16]", "12", "s.yaml:4:1: input_shape: must be [channels, rows, columns], not 12"),
        ("[3, 12, 16]", "[3, 12]", "s.yaml:4:1: input_shape: must have 3 items, not 2"),
        ("[3, 12, 16]", "[3, 0, 16]", "s.yaml:4:18: input_shape.1: must be greater than or equal to 1, not 0"),
        ("[3, 12, 16]", "[3, 12, -1]", "s.yaml:4:22: input_shape.2: must be greater than or equal to 1, not -1"),
        (
            "[3, 12, 16]",
            "[3, 1000000000, 5]",
            "s.yaml:4:18: input_shape.1: must be less than or equal to 65536, not 1000000000",
        ),
        ("title: a test", "title: 7", "s.yaml:2:1: title: must be text, not 7"),
        ("title: a test", "title: ''", "s.yaml:2:1: title: must have at least 1 character, not the text ''"),
        ("schema_version: 1", "schema_version: 2", "s.yaml:1:1: schema_version: must be 1, not 2"),
        ("tiny_conv", "resnet43", "s.yaml:3:1: network: 'resnet43' is not in the zoo; did you mean 'resnet34'?"),
        ("tiny_conv", "ResNet-34", "s.yaml:3:1: network: 'ResNet-34' is not in the zoo; did you mean 'resnet34'?"),
        ("tiny_conv", "34", "s.yaml:3:1: network: must be text, not 34"),
        ("hyperdrive", "hyperdriev", "s.yaml:5:1: architecture: 'hyperdriev' is unknown; did you mean 'hyperdrive'?"),
        ("hyperdrive", "Hyperdrive", "s.yaml:5:1: architecture: 'Hyperdrive' is unknown; did you mean 'hyperdrive'?"),
        ("hyperdrive", "../yodann", f"s.yaml:5:1: architecture: '../yodann' is unknown; {ARCHITECTURES}"),
    ],
)
def test_the_five_keys_of_every_scenario(tmp_path: Path, was: str, is_: str, sentence: str) -> None:
    assert complaints(tmp_path, base=BASE.replace(was, is_)) == [sentence]


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_text(tmp_path: Path) -> None:
    base = BASE.replace("tiny_conv", "vgg16").replace("12, 16", "0, 16")
    more = "framse: 3\nchip:\n  mehs: 1\n  lanes: 0\nseed: -1\nsweep: {chip.lanse: [1]}\n"
    assert complaints(tmp_path, more, base=base) == [
        f"s.yaml:3:1: network: 'vgg16' is not in the zoo; {NETWORKS}",
        "s.yaml:4:18: input_shape.1: must be greater than or equal to 1, not 0",
        "s.yaml:6:1: unknown key 'framse'; did you mean 'frames'?",
        "s.yaml:8:3: chip: unknown key 'mehs'; did you mean 'mesh'?",
        "s.yaml:9:3: chip.lanes: must be greater than 0, not 0",
        "s.yaml:10:1: seed: must be greater than or equal to 0, not -1",
    ]


UNDER_CHIP, AT_TOP = "put it under 'chip:'", "put it at the top of the file, beside 'chip:'"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("voltage_v: 0.5", f"s.yaml:6:1: unknown key 'voltage_v'; {UNDER_CHIP}"),
        ("mesh: [1, 1]", f"s.yaml:6:1: unknown key 'mesh'; {UNDER_CHIP}"),
        ("voltage: 0.5", f"s.yaml:6:1: unknown key 'voltage'; did you mean 'voltage_v'? {UNDER_CHIP}"),
        ("chip: {frames: 2}", f"s.yaml:6:8: chip: unknown key 'frames'; {AT_TOP}"),
        ("chip: {frame: 2}", f"s.yaml:6:8: chip: unknown key 'frame'; did you mean 'frames'? {AT_TOP}"),
        ("input: {frames: 2}", "s.yaml:6:9: input: unknown key 'frames'; known keys: scale, mean, std, quantise, image"),
        (
            "chip: {mesh: atuo}",
            "s.yaml:6:8: chip.mesh: must be a list of 2 integers, 'auto' or {auto: GOAL}, not 'atuo'; did you mean 'auto'?",
        ),
        (
            "chip: {operating_points: Silicon}",
            "s.yaml:6:8: chip.operating_points: must be one of 'silicon' or 'post_layout', not 'Silicon'; did you mean 'silicon'?",
        ),
        (
            "granularity: blocks",
            "s.yaml:6:1: granularity: 'blocks' is no granularity of hyperdrive, whose tasks are cut by block or pixel;"
            " did you mean 'block'?",
        ),
        ("sweep: {voltage_v: [0.5]}", "s.yaml:6:9: sweep.voltage_v: unknown key 'voltage_v'; did you mean 'chip.voltage_v'?"),
        ("sweep: {chip.frames: [2]}", "s.yaml:6:9: sweep.chip.frames: unknown key 'chip.frames'; did you mean 'frames'?"),
    ],
)
def test_what_was_meant_by_keys_and_values(tmp_path: Path, more: str, sentence: str) -> None:
    assert complaints(tmp_path, more) == [sentence]


def test_what_was_meant_by_a_setting(tmp_path: Path) -> None:
    assert complaints(tmp_path, "", "--set", "voltage_v=0.5") == [f"--set voltage_v=0.5:1:1: unknown key 'voltage_v'; {UNDER_CHIP}"]
    assert complaints(tmp_path, "", "--set", "chip.seed=2") == [f"--set chip.seed=2:1:6: chip: unknown key 'seed'; {AT_TOP}"]
    assert complaints(tmp_path, "", "--set", "network=tiny_con") == [
        "--set network=tiny_con:1:1: network: 'tiny_con' is not in the zoo; did you mean 'tiny_conv'?"
    ]


def test_the_line_is_shown_with_a_caret_under_the_mistake(tmp_path: Path) -> None:
    write(tmp_path, "chip: {lanes: 16, mehs: 1}\n")
    result = invoke("run", "s.yaml")
    assert result.stderr.splitlines()[1:] == ["    chip: {lanes: 16, mehs: 1}", "                      ^"]


# --- files ---


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "s.yaml:1:1: there is nothing in it; write keys, such as title: a test"),
        ("# only a comment\n", "s.yaml:1:1: there is nothing in it; write keys, such as title: a test"),
        ("- a\n- b\n", 's.yaml:1:1: must be a mapping of keys to values, not ["a", "b"]; write keys, such as title: a test'),
        ("chip: [1, 2\n", "s.yaml:2:1: is not YAML: expected ',' or ']', but got the end, while parsing a flow sequence begun in line 1"),
        ("a: b: c\n", "s.yaml:1:5: is not YAML: mapping values are not allowed here; put a text that contains ': ' in quotes"),
        ("\tframes: 2\n", "s.yaml:1:1: a tab stands where only spaces may; indent with spaces"),
    ],
)
def test_texts_that_are_no_scenario(tmp_path: Path, text: str, sentence: str) -> None:
    assert complaints(tmp_path, base=text) == [sentence]


def test_a_missing_file(tmp_path: Path) -> None:
    write(tmp_path, name="scenario.yaml")
    result = invoke("run", "scenari.yaml")
    assert sentences(result) == ["cannot read 'scenari.yaml': there is no such file; did you mean 'scenario.yaml'?"]
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").mkdir()
    cure = "name a scenario file, or a directory that `hyperdrive-sim run FILE -o DIR` wrote"
    assert sentences(invoke("run", "d.yaml")) == [f"cannot read 'd.yaml': it is a directory; {cure}"]


def test_bytes(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"title: Z\xfcrich\n")
    assert sentences(invoke("run", "s.yaml")) == ["s.yaml:1:9: is not UTF-8 text (byte 0xfc); save it as UTF-8"]


def test_extends(tmp_path: Path) -> None:
    assert complaints(tmp_path, "extends: nothere.yaml") == ["s.yaml:6:1: extends: cannot read 'nothere.yaml': there is no such file"]
    assert complaints(tmp_path, "extends: s.yaml") == ["s.yaml:6:1: extends: 's.yaml' leads back to itself; extend another, or none"]
    write(tmp_path, base="extends: b.yaml\n", name="a.yaml")
    write(tmp_path, base="extends: a.yaml\n", name="b.yaml")
    assert sentences(invoke("run", "a.yaml")) == ["b.yaml:1:1: extends: 'a.yaml' leads back to itself; extend another, or none"]


def test_a_mistake_in_the_file_below_is_found_there(tmp_path: Path) -> None:
    write(tmp_path, "chip:\n  lanes: 0\n", name="below.yaml")
    assert complaints(tmp_path, base="extends: below.yaml\nchip: {mehs: 1}\n") == [
        "below.yaml:7:3: chip.lanes: must be greater than 0, not 0",
        "s.yaml:2:8: chip: unknown key 'mehs'; did you mean 'mesh'?",
    ]


# --- --set ---


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("frames", "--set frames:1:1: must be of the form key=value; for example chip.mesh=[5,10]"),
        ("=3", "--set =3:1:1: must be of the form key=value; for example chip.mesh=[5,10]"),
        ("chip..mesh=3", "--set chip..mesh=3:1:1: must be of the form key=value; for example chip.mesh=[5,10]"),
        ("framse=2", "--set framse=2:1:1: unknown key 'framse'; did you mean 'frames'?"),
        ("chip.mehs=[1,1]", "--set chip.mehs=[1,1]:1:6: chip: unknown key 'mehs'; did you mean 'mesh'?"),
        ("frames=many", "--set frames=many:1:1: frames: must be an integer or empty, not the text 'many'"),
        ("seed=", "--set seed=:1:1: seed: must be an integer, not empty"),
        ("title.x=3", "--set title.x=3:1:1: title: is the text 'a test' and has no key 'x'"),
        ("input_shape.3=1", "--set input_shape.3=1:1:1: input_shape: there is no item '3' in a list of 3 items; items count from 0"),
        ("chip.mesh=[1,", "--set chip.mesh=[1,:1:14: is not YAML: expected the node content, but found the end"),
    ],
)
def test_set(tmp_path: Path, setting: str, sentence: str) -> None:
    assert complaints(tmp_path, "", "--set", setting) == [sentence]


def test_a_later_set_is_the_one_that_counts(tmp_path: Path) -> None:
    assert complaints(tmp_path, "", "--set", "frames=2", "--set", "frames=0") == [
        "--set frames=0:1:1: frames: must be greater than or equal to 1, not 0"
    ]


# --- what does not fit ---


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            "chip: {mesh: [13, 1]}",
            "s.yaml:6:8: chip.mesh: [13, 1] is larger than the smallest feature map, 12 x 16 pixels; "
            "at most [12, 16] for this network and input_shape",
        ),
        (
            "chip: {mesh: [100000, 100000]}",
            "s.yaml:6:8: chip.mesh: [100000, 100000] is larger than the smallest feature map, 12 x 16 pixels; "
            "at most [12, 16] for this network and input_shape",
        ),
        (
            "chip: {feature_map_memory_bits: 100}",
            "s.yaml:6:1: chip.mesh: layer 'conv' needs 89376 bits of each chip's feature-map memory on a [1, 1] mesh, "
            "100 bits are there; no mesh holds it, the memory must be larger",
        ),
        (
            "chip: {feature_map_memory_bits: 60000}",
            "s.yaml:6:1: chip.mesh: layer 'conv' needs 89376 bits of each chip's feature-map memory on a [1, 1] mesh, "
            "60000 bits are there; the smallest mesh that holds this network is [2, 1]",
        ),
        (
            "chip: {weight_buffer_bits: 100}",
            "s.yaml:6:1: chip.mesh: layer 'conv' needs 432 bits of each chip's weight buffer on a [1, 1] mesh, "
            "100 bits are there; no mesh holds it, the memory must be larger",
        ),
        (
            "chip: {mesh: [2, 2], border_memory_bits: 10}",
            "s.yaml:6:8: chip.mesh: layer 'conv' needs 672 bits of each chip's border memory on a [2, 2] mesh, "
            "10 bits are there; the smallest mesh that holds this network is [1, 1]",
        ),
        (
            "chip: {mesh: auto, feature_map_memory_bits: 100}",
            "s.yaml:6:8: chip.mesh: layer 'conv' needs 89376 bits of each chip's feature-map memory on a [1, 1] mesh, "
            "100 bits are there; no mesh holds it, the memory must be larger",
        ),
    ],
)
def test_what_does_not_fit(tmp_path: Path, more: str, sentence: str) -> None:
    assert complaints(tmp_path, more) == [sentence]


@pytest.mark.parametrize(("chip", "place"), [("", "1:1"), ("chip:\n  lanes: 16\n", "6:1"), ("chip:\n  mesh: [1, 1]\n", "7:3")])
def test_a_network_too_large_for_the_mesh_is_told_at_the_mesh_or_where_it_would_be(tmp_path: Path, chip: str, place: str) -> None:
    (sentence,) = complaints(tmp_path, chip, base=RESNET.replace("12, 16", "512, 512"))
    assert sentence == (
        f"s.yaml:{place}: chip.mesh: layer 'layer2.0.conv1' needs 38183936 bits of each chip's feature-map memory on a [1, 1] mesh, "
        "6422528 bits are there; the smallest mesh that holds this network is [4, 2]"
    )
    assert invoke("run", "s.yaml", "--set", "chip.mesh=[2,4]", "--dry-run").exit_code == 0


def test_a_send_buffer_that_is_too_small(tmp_path: Path) -> None:
    assert complaints(tmp_path, "chip: {mesh: [2, 2], send_buffer_bits: 100}", base=RESIDUAL) == [
        "s.yaml:6:22: chip.send_buffer_bits: chip[0,0].send.south must take 4096 bits of one block's border, 100 bits are there; enlarge it"
    ]


def test_an_input_too_small_for_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Conv(name="conv", inputs=("input",), out_channels=16, window=Window.square(3))
    monkeypatch.setitem(zoo.ZOO, "tiny_unpadded", Entry(ANY, (3, 12, 16), "one layer", lambda: [layer]))
    base = BASE.replace("tiny_conv", "tiny_unpadded").replace("12, 16", "2, 16")
    assert complaints(tmp_path, base=base) == [
        f"s.yaml:4:1: input_shape: is too small: layer 'conv' would turn {Shape(3, 2, 16)} into {Shape(16, 0, 14)}; take a larger input"
    ]


@pytest.mark.parametrize(
    ("network", "shape", "problem"),
    [
        ("tiny_residual", "[3, 12, 12]", "has 3 channels, where 'tiny_residual' takes 16; take [16, 12, 12]"),
        ("resnet34", "[512, 1024, 3]", "has 512 channels, where 'resnet34' takes 3; take [3, 512, 1024]"),
        ("lenet", "[3, 28, 28]", "has 3 channels, where 'lenet' takes 1; take [1, 28, 28]"),
        ("binareye", "[1, 32, 32]", "has 1 channel, where 'binareye' takes 3; take [3, 32, 32]"),
    ],
)
def test_an_input_whose_channels_the_network_does_not_take(tmp_path: Path, network: str, shape: str, problem: str) -> None:
    base = BASE.replace("tiny_conv", network).replace("[3, 12, 16]", shape)
    assert complaints(tmp_path, base=base) == [f"s.yaml:4:15: input_shape: {problem}, it is [channels, rows, columns]"]


def test_the_channels_alone_can_be_what_is_wrong(tmp_path: Path) -> None:
    """Said where they are said, by a setting of the first number or by a sweep."""
    base = BASE.replace("tiny_conv", "resnet18")
    said = "input_shape: has 4 channels, where 'resnet18' takes 3; take [3, 12, 16], it is [channels, rows, columns]"
    assert complaints(tmp_path, "", "--set", "input_shape.0=4", base=base) == [f"--set input_shape.0=4:1:13: {said}"]
    write(tmp_path, "sweep: {input_shape: [[3, 12, 16], [4, 12, 16]]}", base=base)
    with pytest.raises(InvalidInput) as failure:
        scenario.Scenario.read(tmp_path / "s.yaml").at({"input_shape": 1})
    assert str(failure.value) == f"{tmp_path}/s.yaml:6:36: {said}"


def test_channels_that_a_network_does_not_take_are_named_with_all_other_mistakes(tmp_path: Path) -> None:
    change = "input_shape=[32, 32, 3]"
    said = "has 32 channels, where 'cifar10_bnn' takes 3; take [3, 32, 32], it is [channels, rows, columns]"
    assert complaints(tmp_path, "frames: 0", "--set", change, base=BASE.replace("tiny_conv", "cifar10_bnn")) == [
        f"--set {change}:1:14: input_shape: {said}",
        "s.yaml:6:1: frames: must be greater than or equal to 1, not 0",
    ]


def test_a_network_that_the_chip_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Conv(name="conv", inputs=("input",), out_channels=16, window=Window.square(3), weights="real")
    monkeypatch.setitem(zoo.ZOO, "tiny_real", Entry(ANY, (3, 12, 16), "one layer", lambda: [layer]))
    assert complaints(tmp_path, base=BASE.replace("tiny_conv", "tiny_real")) == [
        "s.yaml:3:1: network: 'tiny_real' has no layer with binary weights; Hyperdrive runs binary-weight convolutions only"
    ]


@pytest.mark.parametrize("architecture", registry.usable())
def test_every_chip_tells_a_network_that_it_cannot_run_where_it_is_named(tmp_path: Path, architecture: str) -> None:
    """Also one that works out what a scenario leaves open before it maps the network."""
    network = "tiny_xnor_pointwise" if architecture == "hyperdrive" else "tiny_conv"
    base = BASE.replace("hyperdrive", architecture).replace("tiny_conv", network)
    (said,) = complaints(tmp_path, base=base)
    assert said.startswith("s.yaml:3:1: ")


def test_layers_that_the_host_may_not_compute(tmp_path: Path) -> None:
    binary = BASE.replace("hyperdrive", "xnorbin").replace("tiny_conv", "tiny_xnor_pooled")
    (sentence,) = complaints(tmp_path, "host_layers: refused", base=binary)
    assert sentence == (
        "s.yaml:6:1: host_layers: xnorbin does not run 'stem' (conv3x3), 'sign0' (sign), 'fc' (dense);"
        " let the host compute them (host_layers: allowed), or take another chip or network"
    )
    long = binary.replace("tiny_xnor_pooled", "caffe_quick").replace("[3, 12, 16]", "[3, 32, 32]")
    assert " and 3 more; let" in complaints(tmp_path, "host_layers: refused", base=long)[0]
    assert "must be one of 'allowed' or 'refused', not 'none'" in complaints(tmp_path, "host_layers: none")[0]
    write(tmp_path, "host_layers: refused")
    assert invoke("run", tmp_path / "s.yaml").exit_code == 0


def test_an_empty_section_of_published_figures(tmp_path: Path) -> None:
    said = "s.yaml:6:1: reproduces: must have at least 1 character, not the text ''"
    assert complaints(tmp_path, "reproduces: ''") == [said]


def test_an_unknown_section_of_published_figures(tmp_path: Path) -> None:
    (sentence,) = complaints(tmp_path, "reproduces: nothing")
    assert sentence.startswith(
        "s.yaml:6:1: reproduces: 'nothing' is no section of hyperdrive/published.yaml; known sections: resnet34_224, "
    )


# --- sizes beyond all measure ---


FIELDS = [
    *(name for name, field in scenario.Settings.model_fields.items() if name in ("frames", "frames_per_s", "deadline_s", "seed")),
    *("arrivals.periodic_per_s", "arrivals.poisson_per_s"),
    *(f"input_shape.{number}" for number in range(3)),
    *(f"chip.{name}" for name in HyperdriveSpec.model_fields if name not in ("mesh", "corner", "bypass_adds")),
]
ABSURD = (0, -1, 10**9, 9 * 10**18, 1e300, 1e-300, 10**6, 1e-3)


@pytest.mark.parametrize("field", FIELDS)
def test_no_number_hangs_or_breaks_a_run(tmp_path: Path, field: str) -> None:
    write(tmp_path, "chip:\n  mesh: [2, 2]\n", base=RESIDUAL)
    assert invoke("run", "s.yaml").exit_code == 0
    for value in ABSURD:
        began = time.perf_counter()
        result = invoke("run", "s.yaml", "--json", "--set", f"{field}={value}")
        assert time.perf_counter() - began < 10
        assert result.exit_code in (0, 2), (field, value)
        if result.exit_code == 2:
            assert len(sentences(result)) == 1
            assert result.stdout == ""
        else:
            assert json.loads(result.stdout)["time"]["latency_s"] > 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            ["input_shape=[3,65536,65536]", "network=resnet152"],
            "layer 'layer2.0.conv1' needs 1787948201984 bits of each chip's feature-map memory on a [1, 1] mesh, "
            "6422528 bits are there; no mesh holds it, the memory must be larger",
        ),
        (["input_shape=[3,65536,65536]", "chip.mesh=[2000,2000]"], "chip.mesh: [2000, 2000] are 4000000 chips; take at most 4096"),
        (
            ["frames_per_s=1e-6", "frames=20"],
            "frames_per_s: the last frame arrives after 1.9e+07 s, and 9.2e+06 s can be simulated; take a higher rate or fewer frames",
        ),
    ],
)
def test_what_would_take_for_ever_is_refused_at_once(tmp_path: Path, settings: list[str], sentence: str) -> None:
    began = time.perf_counter()
    (said,) = complaints(tmp_path, "", *(word for setting in settings for word in ("--set", setting)))
    assert said.endswith(sentence)
    assert time.perf_counter() - began < 10


def test_memory_that_runs_out_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: Any) -> None:
        raise MemoryError

    write(tmp_path)
    monkeypatch.setattr("hyperdrive_sim.engine.compiled.simulate", exhausted)
    result = invoke("run", "s.yaml")
    assert sentences(result) == ["there is not enough memory; `--dry-run` says how much a run takes"]
    assert (result.exit_code, result.stdout) == (2, "")


# --- pictures ---


def _picture(folder: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    PIL.Image.fromarray(noise).save(folder / "picture.png")


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none.png", "cannot read 'none.png': there is no such file; the path is relative to the scenario file"),
        ("s.yaml", "'s.yaml' is no PNG, JPEG or NPY file; take a PNG, JPEG or NPY file"),
        ("folder", "cannot read 'folder': it is a directory; take a PNG, JPEG or NPY file"),
        ("cut.png", "'cut.png' is broken; take a PNG, JPEG or NPY file"),
        ("several.npz", "'several.npz' is no PNG, JPEG or NPY file but an archive; take a PNG, JPEG or NPY file"),
        ("zip.npy", "'zip.npy' is no PNG, JPEG or NPY file but an archive; take a PNG, JPEG or NPY file"),
        ("text.npy", "'text.npy' is no PNG, JPEG or NPY file; take a PNG, JPEG or NPY file"),
        ("object.npy", "'object.npy' holds objects, no numbers; take a PNG, JPEG or NPY file"),
        ("huge.npy", "'huge.npy' has 10000000 x 10000000 pixels, more than 67,108,864; take a smaller one"),
        ("deep.npy", "'deep.npy' holds float64 of shape (2, 2, 2, 2); it must be numbers [H, W], [H, W, C] or [C, H, W]"),
        ("none.npy", "'none.npy' holds float64 of shape (0, 5, 3); it must be numbers [H, W], [H, W, C] or [C, H, W]"),
        ("words.npy", "'words.npy' holds <U1 of shape (2, 2); it must be numbers [H, W], [H, W, C] or [C, H, W]"),
        ("complex.npy", "'complex.npy' holds complex128, no numbers; take a PNG, JPEG or NPY file"),
        ("grey.npy", "'grey.npy' has shape (4, 5, 1); the network takes 3 channels"),
        ("seven.npy", "'seven.npy' has shape (4, 5, 7); the network takes 3 channels"),
        ("nan.npy", "'nan.npy' must hold finite numbers of float16; at most 65504"),
        ("large.npy", "'large.npy' must hold finite numbers of float16; at most 65504"),
    ],
)
def test_pictures(tmp_path: Path, name: str, sentence: str, command: str) -> None:
    _picture(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "cut.png").write_bytes((tmp_path / "picture.png").read_bytes()[:500])
    (tmp_path / "text.npy").write_text("words", "utf-8")
    np.savez(tmp_path / "several.npz", a=np.zeros(1), b=np.zeros(1))
    (tmp_path / "zip.npy").write_bytes((tmp_path / "several.npz").read_bytes())
    arrays = {
        "deep": np.zeros((2, 2, 2, 2)),
        "none": np.zeros((0, 5, 3)),
        "words": np.full((2, 2), "a"),
        "complex": np.zeros((2, 2), complex),
    }
    arrays |= {"grey": np.zeros((4, 5)), "seven": np.zeros((4, 5, 7)), "nan": np.full((4, 5, 3), np.nan), "large": np.full((4, 5, 3), 1e6)}
    for file, array in arrays.items():
        np.save(tmp_path / f"{file}.npy", array)
    np.save(tmp_path / "object.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "huge.npy").write_bytes(_header((10**7, 10**7, 3)))
    assert complaints(tmp_path, f"input: {{image: {name}}}", command=command) == [f"s.yaml:6:9: input.image: {sentence}"]


def _header(shape: tuple[int, ...]) -> bytes:
    """The beginning of a numpy file that claims to hold much and holds nothing."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"shape": shape, "fortran_order": False, "descr": "<f8"})
    return buffer.getvalue()


def test_a_picture_for_a_network_that_takes_none(tmp_path: Path) -> None:
    _picture(tmp_path)
    assert complaints(tmp_path, "input: {image: picture.png}", base=BASE.replace("[3,", "[16,")) == [
        "s.yaml:6:9: input.image: a picture has 1 or 3 channels, the network takes 16; take an .npy file"
    ]


def test_the_picture_is_sought_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    _picture(tmp_path)
    write(tmp_path / "below", "input: {image: picture.png}")
    assert sentences(invoke("run", "below/s.yaml")) == [
        "below/s.yaml:6:9: input.image: cannot read 'below/picture.png': there is no such file; the path is relative to the scenario file"
    ]


# --- weights ---


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"conv": None}, "'w.npz' has no array 'conv'; it needs one of shape (16, 3, 3, 3)"),
        ({"conv": np.ones((16, 3, 3), np.int8)}, "'conv' in 'w.npz' has shape (16, 3, 3); it must be (16, 3, 3, 3)"),
        ({"conv": np.zeros((16, 3, 3, 3))}, "'conv' in 'w.npz' holds values other than -1 and +1; the layer has binary weights"),
        ({"conv": np.full((16, 3, 3, 3), "x")}, "'conv' in 'w.npz' holds values other than -1 and +1; the layer has binary weights"),
        ({"conv.scale": np.ones(15)}, "'conv.scale' in 'w.npz' has shape (15,); it must be (16,)"),
        ({"conv.bias": np.full(16, np.inf)}, "'conv.bias' in 'w.npz' must hold finite numbers of float16; at most 65504"),
        ({"conv.scale": np.full(16, "1")}, "'conv.scale' in 'w.npz' must hold finite numbers of float16; at most 65504"),
        ({"conv2": np.ones(3)}, "'w.npz' has an array 'conv2', which no layer of 'tiny_conv' takes; leave it out"),
        (
            {"conv": np.array([{}])},
            "'w.npz' has a 'conv' in it, which holds objects, no numbers; take what numpy.save or numpy.savez wrote, without objects",
        ),
    ],
)
def test_weights(tmp_path: Path, change: dict[str, Any], sentence: str, command: str) -> None:
    arrays = {"conv": np.ones((16, 3, 3, 3), np.int8)} | change
    np.savez(tmp_path / "w.npz", **{name: array for name, array in arrays.items() if array is not None})
    assert complaints(tmp_path, "weights: w.npz", command=command) == [f"s.yaml:6:1: weights: {sentence}"]


def test_files_that_hold_no_weights(tmp_path: Path) -> None:
    assert complaints(tmp_path, "weights: w.npz") == [
        "s.yaml:6:1: weights: cannot read 'w.npz': there is no such file; the path is relative to the scenario file"
    ]
    np.save(tmp_path / "w.npy", np.ones(3))
    assert complaints(tmp_path, "weights: w.npy") == ["s.yaml:6:1: weights: 'w.npy' holds a single array without a name; take an .npz file"]
    (tmp_path / "w.npz").write_bytes(b"PK\x03\x04 no zip")
    said = f"'w.npz' cannot be unpacked: File is not a zip file; {NO_NUMPY}"
    assert complaints(tmp_path, "weights: w.npz") == [f"s.yaml:6:1: weights: {said}"]
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("conv.npy", _header((10**7, 10**7, 3)))
    said = "'conv' in 'w.npz' has shape (10000000, 10000000, 3); it must be (16, 3, 3, 3)"
    assert complaints(tmp_path, "weights: w.npz") == [f"s.yaml:6:1: weights: {said}"]


def test_the_classifier_takes_a_matrix(tmp_path: Path) -> None:
    base = BASE.replace("tiny_conv", "tiny_resnet")
    network = zoo.build("tiny_resnet", (3, 12, 16))
    drawn = {name: one.weights for name, one in synthetic.random_parameters(network, 1).items() if one.weights is not None}
    arrays = {name: weights if weights.ndim == 2 else weights.transpose(0, 3, 1, 2) for name, weights in drawn.items()}
    np.savez(tmp_path / "w.npz", **arrays | {"fc": np.ones((10, 31))})
    assert complaints(tmp_path, "weights: w.npz", base=base) == [
        "s.yaml:6:1: weights: 'fc' in 'w.npz' has shape (10, 31); it must be (10, 32)"
    ]
    np.savez(tmp_path / "w.npz", **arrays | {"stem": np.full((16, 3, 3, 3), np.nan)})
    (sentence,) = complaints(tmp_path, "weights: w.npz", base=base)
    assert sentence.startswith("s.yaml:6:1: weights: 'stem' in 'w.npz' must hold finite numbers of float32; ")


# --- where results go ---


def test_output_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", "utf-8")
    for name in ("out", "out/below", "out/far/below"):
        assert complaints(tmp_path, "", "-o", name) == ["--output: 'out' is a file; name a directory"]


def test_a_bad_scenario_makes_no_directory(tmp_path: Path) -> None:
    complaints(tmp_path, "frames: 0", "-o", "out")
    assert not (tmp_path / "out").exists()


# --- sweeps ---


@pytest.mark.parametrize("command", ["run", "sweep", "check", "diagram"])
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("sweep: []", "s.yaml:6:1: sweep: must be a mapping, not []"),
        ("sweep: {frames: 2}", "s.yaml:6:9: sweep.frames: must be a list of items, not 2"),
        ("sweep: {frames: []}", "s.yaml:6:9: sweep.frames: must have at least 1 item, not 0"),
        ("sweep: {framse: [1]}", "s.yaml:6:9: sweep.framse: unknown key 'framse'; did you mean 'frames'?"),
        ("sweep: {chip.mehs: [1]}", "s.yaml:6:9: sweep.chip.mehs: unknown key 'chip.mehs'; did you mean 'chip.mesh'?"),
        ("sweep: {sweep: [1]}", "s.yaml:6:9: sweep.sweep: unknown key 'sweep'; did you mean 'seed'?"),
        (
            "sweep: {frames: &n [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], seed: *n, chip.lanes: *n, chip.tile_rows: *n}",
            "s.yaml:6:1: sweep: has 14641 combinations; take at most 10000",
        ),
    ],
)
def test_sweeps_that_make_no_sense(tmp_path: Path, more: str, sentence: str, command: str) -> None:
    assert complaints(tmp_path, more, command=command) == [sentence]


def test_a_scenario_without_a_sweep(tmp_path: Path) -> None:
    assert complaints(tmp_path, command="sweep") == [
        "s.yaml:1:1: sweep: this scenario has no sweep; add one, for example sweep: {chip.voltage_v: [0.5, 0.8]}"
    ]


BAD_POINTS = "sweep:\n  chip.mesh: [[1, 1], [0, 1], [13, 1], a]\n  frames: [1]\n"
SAID = [
    "s.yaml:7:23: chip.mesh.0: must be greater than 0, not 0",
    "s.yaml:7:31: chip.mesh: [13, 1] is larger than the smallest feature map, 12 x 16 pixels; "
    "at most [12, 16] for this network and input_shape",
    "s.yaml:7:40: chip.mesh: must be a list of 2 integers, 'auto' or {auto: GOAL}, not 'a'",
]


def test_a_sweep_with_bad_points_does_the_others(tmp_path: Path) -> None:
    write(tmp_path, BAD_POINTS)
    result = invoke("sweep", "s.yaml", "--json")
    assert (result.exit_code, result.stderr) == (3, "")
    points = json.loads(result.stdout)
    assert [entry["point"]["chip.mesh"] for entry in points] == [[1, 1], [0, 1], [13, 1], "a"]
    assert points[0]["result"]["time"]["cycles"] > 0
    assert [entry["error"] for entry in points[1:]] == SAID


def test_bad_points_of_a_sweep_as_text(tmp_path: Path) -> None:
    write(tmp_path, BAD_POINTS)
    result = invoke("sweep", "s.yaml")
    assert (result.exit_code, result.stderr) == (3, "")
    text = " ".join(result.stdout.split())
    assert all(sentence in text for sentence in SAID)
    assert text.count("failed") == 3


# --- the command line itself ---


@pytest.mark.parametrize(
    "arguments", [["rnu"], ["run"], ["run", "s.yaml", "--nope"], ["run", "s.yaml", "t.yaml"], ["diagram", "s.yaml", "--width", "3"]]
)
def test_wrong_use(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path)
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage:" in result.stderr
