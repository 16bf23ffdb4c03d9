"""Mistakes of an import in the words of whoever called it: keywords in Python, keys of a scenario, options of the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import invoke
from graphs import Graph, signs

import hyperdrive_sim as hs
from hyperdrive_sim.importing.options import COMMAND, KEYWORDS, SCENARIO, Words


def in_python(model: Path, **chosen: Any) -> str:
    with pytest.raises(hs.InvalidInput) as caught:
        hs.import_model(model, **chosen)
    return str(caught.value)


def in_a_scenario(model: Path, **chosen: Any) -> str:
    shape = {key: value for key, value in chosen.items() if key == "input_shape"}
    options = {key: value for key, value in chosen.items() if key != "input_shape"}
    said = {
        "schema_version": 1,
        "title": "mine",
        "network": f"./{model.name}",
        "architecture": "xnorbin",
        "network_options": options,
        **shape,
    }
    (model.parent / "s.yaml").write_text(json.dumps(said), "utf-8")
    with pytest.raises(hs.InvalidInput) as caught:
        hs.run(model.parent / "s.yaml")
    return str(caught.value)


def on_the_command_line(model: Path, **chosen: Any) -> str:
    given = [(f"--{key.replace('_', '-')}", ",".join(map(str, value)) if key == "input_shape" else value) for key, value in chosen.items()]
    found = invoke("import", model, *(part for pair in given for part in pair))
    assert found.exit_code == 2
    return found.stderr


CALLERS: list[tuple[Callable[..., str], Words]] = [(in_python, KEYWORDS), (in_a_scenario, SCENARIO), (on_the_command_line, COMMAND)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A sign that makes a third value of 0, and a matrix product."""
    graph = Graph("n", 2, "h", "w")
    flat = graph.add("Flatten", graph.add("Sign", "x"))
    return graph.save(tmp_path / "model.onnx", graph.add("Gemm", flat, graph.constant(signs(3, 8)), transB=1))


@pytest.mark.parametrize(("said_by", "words"), CALLERS)
class TestWords:
    def test_a_size_that_is_left_open(self, model: Path, said_by: Callable[..., str], words: Words) -> None:
        found = said_by(model)
        assert f"{words.input_shape}: is missing: input 'x' of 'model.onnx' leaves sizes open; give {words.sizes}" in found

    def test_other_channels(self, model: Path, said_by: Callable[..., str], words: Words) -> None:
        assert f"{words.input_shape}: has 3 channels, 'model.onnx' takes 2; it is {words.sizes}" in said_by(model, input_shape=[3, 2, 2])

    def test_another_size_than_that_of_the_training(self, model: Path, said_by: Callable[..., str], words: Words) -> None:
        found = said_by(model, input_shape=[2, 3, 3], zero=1)
        assert f"{words.network}: 'gemm2' (Gemm) has weights for 8 values" in found
        assert f"; its {words.input_shape} must be the one that it was trained for" in found

    def test_a_zero_that_must_be_decided(self, model: Path, said_by: Callable[..., str], words: Words) -> None:
        assert f"{words.zero}: is missing: 'sign0' makes a third value of 0" in said_by(model, input_shape=[2, 2, 2])

    def test_an_option_of_other_files(self, model: Path, said_by: Callable[..., str], words: Words) -> None:
        assert f"{words.map_bits}: is a choice for files of shapes alone" in said_by(model, map_bits=1)

    @pytest.mark.parametrize("name", ["nowhere.onnx", "nowhere.csv"])
    def test_a_file_that_is_not_there(self, model: Path, said_by: Callable[..., str], words: Words, name: str) -> None:
        found = said_by(model.with_name(name))
        assert f"{words.network}: cannot read '{model.with_name(name)}'" in found
        assert f"; {words.path}" in found

    def test_a_map_that_is_too_small(self, tmp_path: Path, said_by: Callable[..., str], words: Words) -> None:
        graph = Graph(1, 2, 2, 2)
        path = graph.save(tmp_path / "model.onnx", graph.add("Conv", "x", graph.constant(np.ones((1, 2, 3, 3)))))
        assert f"would turn 2 x 2 x 2 into 1 x 0 x 0; take a larger {words.input_shape}" in said_by(path)

    def test_an_option_that_an_earlier_import_has_decided(self, model: Path, said_by: Callable[..., str], words: Words) -> None:
        assert invoke("import", model, "--input-shape", "2,2,2", "--zero", "1", "-o", model.parent / "imported").exit_code == 0
        found = said_by(model.parent / "imported", zero=-1)
        assert f"{words.zero}: was decided when 'imported' was imported; leave it out, or import the model itself again" in found
