"""What layers are called: by the modules whose parameters they hold, or as the nodes of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import Graph, signs

from hyperdrive_sim.importing import models
from hyperdrive_sim.importing.plain import module_of
from hyperdrive_sim.outputs import networks


def names(graph: Graph, folder: Path, *outputs: str, **options: Any) -> list[str]:
    """Names of all layers of a model, which must be those of its constants once it is written and read again."""
    found = models.read(graph.save(folder / "model.onnx", *outputs), **options)
    networks.write(found, folder / "out")
    again = models.read(folder / "out")
    assert {name: its.digest() for name, its in (again.parameters or {}).items()} == {
        name: its.digest() for name, its in (found.parameters or {}).items()
    }
    return [layer.name for layer in found.network]


def conv(graph: Graph, x: str, channels: tuple[int, int], name: str) -> str:
    return str(graph.add("Conv", x, graph.constant(signs(*channels, 1, 1), name=name)))


def norm(graph: Graph, x: str, channels: int, name: str) -> str:
    parts = [
        graph.constant(np.linspace(0.5, 2, channels), name=f"{name}.{part}") for part in ("weight", "bias", "running_mean", "running_var")
    ]
    return str(graph.add("BatchNormalization", x, *parts))


@pytest.mark.parametrize(
    ("constant", "module"),
    [
        ("layer1.0.conv1.weight", "layer1.0.conv1"),
        ("0.weight", "0"),
        ("move.bias", "move"),
        ("conv.parametrizations.weight.original", "conv"),
        ("weight", ""),
        ("onnx::Conv_155", ""),
        ("val_12", ""),
        ("model/conv2d/Conv2D/ReadVariableOp:0", ""),
        ("scale.0", ""),
        (".weight", ""),
        ("a b.weight", ""),
    ],
)
def test_modules_by_the_names_of_their_parameters(constant: str, module: str) -> None:
    assert module_of(constant) == module


def test_layers_are_called_as_their_modules(tmp_path: Path) -> None:
    graph = Graph(1, 3, 4, 4)
    latent = graph.constant(np.linspace(-1, 1.3, 12).reshape(4, 3, 1, 1), name="layer1.0.conv1.weight")
    binary = graph.add("Mul", graph.sign(latent), graph.add("ReduceMean", graph.add("Abs", latent), keepdims=1))
    x = graph.add("Conv", graph.sign(graph.add("Add", "x", graph.constant([[[0.5]], [[1]], [[2]]], name="layer1.0.move.bias"))), binary)
    x = graph.add("Conv", graph.sign(norm(graph, x, 4, "layer1.0.bn1")), graph.constant(signs(4, 4, 1, 1), name="layer1.0.conv2.weight"))
    x = graph.add("PRelu", norm(graph, x, 4, "layer1.0.bn2"), graph.constant(np.full((4, 1, 1), 0.1), name="layer1.0.act.weight"))
    x = graph.add("Gemm", graph.add("Flatten", x), graph.constant(np.linspace(-1, 1, 320).reshape(5, 64), name="fc.weight"), transB=1)
    assert names(graph, tmp_path, x) == [
        "layer1.0.move", "layer1.0.conv1", "layer1.0.bn1", "layer1.0.conv2", "layer1.0.bn2", "layer1.0.act", "fc",
    ]  # fmt: skip


def test_what_has_no_parameters_is_called_as_its_node(tmp_path: Path) -> None:
    graph = Graph(1, 3, 4, 4)
    x = graph.add("MaxPool", conv(graph, graph.sign("x"), (4, 3), "conv.weight"), kernel_shape=[2, 2])
    assert names(graph, tmp_path, graph.sign(x)) == ["where1", "conv", "maxpool3", "where5"]


def test_a_single_number_is_no_parameter_of_a_layer(tmp_path: Path) -> None:
    graph = Graph(1, 3, 4, 4)
    scaled = graph.add("Mul", graph.constant(signs(4, 3, 1, 1)), graph.constant(0.5, name="conv.weight_quant.scale"))
    assert names(graph, tmp_path, graph.add("Conv", graph.sign("x"), scaled)) == ["where2", "conv3", "conv3.norm"]


def test_a_module_that_is_called_twice(tmp_path: Path) -> None:
    graph = Graph(1, 3, 4, 4)
    weights = graph.constant(signs(3, 3, 1, 1), name="conv.weight")
    x = graph.add("Conv", graph.add("Conv", "x", weights), weights)
    assert names(graph, tmp_path, x) == ["conv", "conv.2"]


def test_a_factor_of_a_convolution_is_no_other_module(tmp_path: Path) -> None:
    graph = Graph(1, 3, 4, 4)
    weights = graph.constant(0.5 * signs(4, 3, 1, 1), name="conv.weight")
    x = graph.add("Conv", graph.sign("x"), weights, graph.constant([1, 2, 3, 4], name="conv.bias"))
    assert names(graph, tmp_path, x) == ["where1", "conv", "conv.norm"]


@pytest.mark.parametrize("order", [("a", "a.scale"), ("a.scale", "a"), ("a.bias", "a"), ("a", "a.bias")])
def test_no_layer_has_the_name_of_another_ones_array(tmp_path: Path, order: tuple[str, str]) -> None:
    graph = Graph(1, 3, 4, 4)
    x = "x"
    for name in order:
        x = graph.add("Relu", norm(graph, conv(graph, x, (3, 3), f"{name}.weight"), 3, f"{name}_bn"))
    assert names(graph, tmp_path, x) == [order[0], f"{order[1]}.2"]


def test_names_that_a_file_may_have(tmp_path: Path) -> None:
    graph = Graph(1, 3, 4, 4)
    x = conv(graph, "x", (3, 3), "../../etc/passwd.weight")
    x = conv(graph, x, (3, 3), f"{'long.' * 40}conv.weight")
    first, second = names(graph, tmp_path, x)
    assert first == "conv0"
    assert len(second) <= 60
