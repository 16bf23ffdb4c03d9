"""ONNX models for tests, made node by node with the package `onnx`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]


class Graph:
    """A graph under construction: `graph.add("Relu", x)` adds a node and names what it makes."""

    def __init__(self, *shape: int | str, name: str = "x") -> None:
        self.inputs = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)]
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: Any, dtype: Any = np.float32, name: str = "") -> str:
        name = name or f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, op: str, *inputs: str, outputs: int = 1, domain: str = "", **attributes: Any) -> Any:
        names = [f"{op.lower()}{len(self.nodes)}" + (f"_{n}" if n else "") for n in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0], domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def sign(self, x: str) -> str:
        """A sign as torch's where writes it: +1 at 0."""
        return str(self.add("Where", self.add("GreaterOrEqual", x, self.constant(0)), self.constant(1), self.constant(-1)))

    def norm(self, x: str, scale: Sequence[float], bias: Sequence[float]) -> str:
        """A batch norm of a certain factor and offset."""
        count = len(scale)
        constants = map(self.constant, (scale, bias, np.zeros(count), np.ones(count)))
        return str(self.add("BatchNormalization", x, *constants, epsilon=0.0))

    def model(self, *outputs: str, **more: Any) -> Any:
        made = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "graph", self.inputs, made, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10, **more)

    def save(self, path: Path, *outputs: str) -> Path:
        path.write_bytes(self.model(*outputs).SerializeToString())
        return path


def signs(*shape: int, seed: int = 0) -> Array:
    """Weights of +-1."""
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), shape)


def values(maps: Mapping[str, Array], name: str) -> Array:
    """A map as [channels, rows, columns]."""
    return maps[name].transpose(2, 0, 1)
