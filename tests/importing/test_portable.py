"""Imported networks as directories, and as what scenarios and the command line take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import invoke
from graphs import Graph, signs

import hyperdrive_sim as hs
from hyperdrive_sim.importing import models, portable
from hyperdrive_sim.outputs import networks


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A binary network of two convolutions and a classifier."""
    graph = Graph(1, 3, 8, 8)
    stem = graph.add("Conv", "x", graph.constant(np.random.default_rng(0).normal(size=(8, 3, 3, 3))), pads=[1, 1, 1, 1])
    x = graph.sign(stem)
    for number in range(2):
        sums = graph.add("Conv", x, graph.constant(signs(8, 8, 3, 3, seed=number)), pads=[1, 1, 1, 1])
        x = graph.sign(graph.norm(sums, list(np.linspace(-1, 1, 8) + 0.1), list(np.linspace(-3, 3, 8) + 0.05)))
    flat = graph.add("Flatten", graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
    return graph.save(tmp_path / "model.onnx", graph.add("Gemm", flat, graph.constant(0.25 * signs(10, 128)), transB=1))


def scenario(folder: Path, network: str, **more: Any) -> Path:
    said = {"schema_version": 1, "title": "mine", "network": network, "architecture": "xnorbin", **more}
    (folder / "s.yaml").write_text(json.dumps(said), "utf-8")
    return folder / "s.yaml"


def test_a_network_comes_back_as_it_was_written(model: Path, tmp_path: Path) -> None:
    before = models.read(model)
    networks.write(before, tmp_path / "out")
    after = models.read(tmp_path / "out")
    assert list(after.network) == list(before.network)
    assert after.network.outputs == before.network.outputs
    for name, its in before.parameters.items():
        for part in ("weights", "scale", "bias"):
            one, other = getattr(its, part), getattr(after.parameters[name], part)
            assert (one is None) == (other is None)
            assert one is None or np.array_equal(one, other)


def test_it_is_small(model: Path, tmp_path: Path) -> None:
    sizes = networks.write(models.read(model), tmp_path / "out")
    assert sizes[portable.PARAMETERS] < 4_000  # 2,432 weights of one bit, 216 real ones


@pytest.mark.parametrize("architecture", ["xnorbin", "chewbaccann", "nandnet_dram", "nandnet_sram"])
def test_a_scenario_names_a_model_or_a_directory(model: Path, tmp_path: Path, architecture: str) -> None:
    networks.write(models.read(model), tmp_path / "out")
    found = [hs.check(scenario(tmp_path, name, architecture=architecture)) for name in ("model.onnx", "./out")]
    assert all(one.ok for one in found)
    (first, second) = (one.function.outputs[0] for one in found)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_hash_of_a_run_names_its_files(model: Path, tmp_path: Path) -> None:
    read = hs.Scenario.read(scenario(tmp_path, "model.onnx"))
    assert model in read.files


def test_a_run_directory_has_the_network_in_it(model: Path, tmp_path: Path) -> None:
    assert invoke("run", scenario(tmp_path, "model.onnx"), "-o", tmp_path / "run").exit_code == 0
    model.unlink()
    before, after = hs.read_run(tmp_path / "run"), hs.run(tmp_path / "run" / "scenario.resolved.yaml")
    assert after.time == before.time
    assert hs.check(tmp_path / "run" / "scenario.resolved.yaml").ok


def test_an_imported_network_keeps_its_constants_in_a_sweep(model: Path) -> None:
    imported = hs.import_model(model)
    both = hs.sweep(None, {"frames": [1, 2]}, network=imported, architecture="xnorbin")
    assert len(both) == 2
    (of_file, again) = (hs.Scenario.said(network=imported, architecture="xnorbin") for _ in range(2))
    drawn = hs.Scenario.said(network=imported.network, architecture="xnorbin")
    assert of_file.hash == again.hash != drawn.hash


def test_weights_of_its_own(model: Path, tmp_path: Path) -> None:
    with pytest.raises(hs.InvalidInput, match=r"weights: cannot be 'w\.npz': '.*' has constants of its own; leave `weights` out$"):
        hs.run(scenario(tmp_path, "model.onnx", weights="w.npz"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"network_options": {"bases": 2}}, "network_options.bases: a model has no option 'bases'; it has zero"),
        ({"network_options": {"zero": 2}}, "network_options.zero: must be 1 or -1, not 2"),
        ({"input_shape": [4, 8, 8]}, "input_shape: has 4 channels, 'model.onnx' takes 3"),
        ({"input_shape": [3, 9, 9]}, "input_shape must be the one that it was trained for"),
    ],
)
def test_options_that_do_not_fit(model: Path, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    if "trained for" in said:
        options = {"input_shape": [3, 12, 12]}
    with pytest.raises(hs.InvalidInput) as caught:
        hs.run(scenario(tmp_path, "model.onnx", **options))
    assert said in str(caught.value)


def test_the_command_says_what_a_model_is(model: Path) -> None:
    found = invoke("import", model)
    assert found.exit_code == 0
    assert "model: x 3 x 8 x 8" in found.stdout
    assert "2,432 weights of 1 bit and 216 others" in found.stdout
    assert "xnorbin runs 6 of 9 layers, the host the others" in found.stdout
    assert "hyperdrive does not: " in found.stdout


def test_the_command_writes_a_directory_and_json(model: Path, tmp_path: Path) -> None:
    found = invoke("import", model, "-o", tmp_path / "out", "--json")
    assert found.exit_code == 0
    said = json.loads(found.stdout)
    assert {layer["class"] for layer in said["layers"]} == {"", "real weights and maps", "binary weights and maps"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "network.json", "parameters.npz"]
    again = invoke("import", model, "-o", tmp_path / "out")
    assert again.exit_code == 0


def test_a_directory_of_somebody_else_is_left_alone(model: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").write_text("mine", "utf-8")
    found = invoke("import", model, "-o", tmp_path / "theirs")
    assert found.exit_code == 2
    assert "holds 'notes.txt'" in found.stderr


def test_nothing_binary_is_said(tmp_path: Path) -> None:
    graph = Graph(1, 3, 8, 8)
    path = graph.save(tmp_path / "float.onnx", graph.add("Conv", "x", graph.constant(np.random.default_rng(0).normal(size=(4, 3, 3, 3)))))
    assert "note: nothing in this file is binary" in invoke("import", path).stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda said: said.update(format="other"), "is no network that `hyperdrive-sim import` wrote"),
        (lambda said: said.update(version=2), "is of version 2, this is read: 1"),
        (lambda said: said["layers"][0].update(kind="Frob"), "has a layer of a kind that is not known"),
        (lambda said: said["layers"][0].update(more=1), "has a Conv with 'more', which it does not have"),
        (lambda said: said.pop("inputs"), "lacks a part or has one of another type"),
        (lambda said: said["layers"][0].update(window=3), "lacks a part or has one of another type"),
        (lambda said: said["layers"][0].update(out_channels=9), "has a 'conv0' in it, which is float32 of shape (8, 3, 3, 3) and must be"),
        (lambda said: said["inputs"].update(x=[3, 10**9, 8]), "has an input with a side of more than 65,536"),
        (lambda said: said["layers"][0].pop("name"), "lacks a part or has one of another type"),
        (lambda said: said.update(layers=5), "lacks a part or has one of another type"),
    ],
)
def test_directories_that_were_changed(model: Path, tmp_path: Path, change: Any, said: str) -> None:
    networks.write(models.read(model), tmp_path / "out")
    path = tmp_path / "out" / portable.NETWORK
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(hs.InvalidInput) as caught:
        models.read(tmp_path / "out")
    assert said in str(caught.value)
