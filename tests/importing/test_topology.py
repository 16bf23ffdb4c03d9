"""SCALE-Sim's topology files as they really are."""

from __future__ import annotations

from pathlib import Path

import pytest

import hyperdrive_sim as hs
from hyperdrive_sim.importing import models
from hyperdrive_sim.network.layers import Conv, Sign

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"


def read(folder: Path, text: str, **options: int) -> models.Imported:
    path = folder / "topology.csv"
    path.write_text(text, "utf-8")
    return models.read(path, **options)


def test_layers_that_go_together_are_a_chain(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}Conv1, 8, 8, 3, 3, 3, 16, 1,\nConv2, 6, 6, 1, 1, 16, 4, 1,\n").network
    assert [type(layer) for layer in found] == [Conv, Sign, Conv]
    assert dict(found.inputs) == {"Conv1.input": (3, 8, 8)}
    assert tuple(found.shape("Conv2")) == (4, 6, 6)
    assert found.is_signs("Conv1.input")


def test_layers_that_do_not_have_inputs_of_their_own(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}Conv1, 8, 8, 3, 3, 3, 16, 2,\nConv2, 8, 8, 3, 3, 16, 4, 1,\n").network
    assert dict(found.inputs) == {"Conv1.input": (3, 8, 8), "Conv2.input": (16, 8, 8)}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + "\nConv1, 8, 8, 3, 3, 3, 16, 1,\n",
        HEADER.replace(",", "\t") + "Conv1\t8\t8\t3\t3\t3\t16\t1\n",
        HEADER + "Conv1, 8, 8, 3, 3, 3, 16, 1",
        HEADER + "Conv1, 8, 8, 3, 3, 3, 16, 1, 2:4,\n\n\n",
        "Conv1,8,8,3,3,3,16,1,,,\r\n",
    ],
)
def test_marks_tabs_ragged_lines_and_more_columns(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text).network
    assert [tuple(found.shape(layer.name)) for layer in found] == [(16, 6, 6)]


@pytest.mark.parametrize("line", ["Conv2_dw, 6, 6, 3, 3, 1, 1, 1, #dw", "Conv2, 6, 6, 3, 3, 16, 1, 1,"])
def test_depthwise_layers(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, f"{HEADER}Conv1, 8, 8, 3, 3, 3, 16, 1,\n{line}\nConv3, 4, 4, 1, 1, 16, 8, 1,\n")
    depthwise = found.network.layers[2]
    assert isinstance(depthwise, Conv)
    assert (depthwise.groups, depthwise.out_channels) == (16, 16)
    assert list(found.network.inputs) == ["Conv1.input"]
    assert any("is taken for depthwise, over 16 channels" in note for note in found.notes)


def test_matrix_products(tmp_path: Path) -> None:
    found = read(tmp_path, "Layer,M,N,K,\nL0,196,192,384,\n").network
    assert tuple(found.inputs["L0.input"]) == (384, 196, 1)
    assert tuple(found.shape("L0")) == (192, 196, 1)
    assert found.macs("L0") == 196 * 192 * 384


@pytest.mark.parametrize(("map_bits", "architecture"), [(1, "xnorbin"), (1, "nandnet_dram"), (16, "hyperdrive")])
def test_they_run(tmp_path: Path, map_bits: int, architecture: str) -> None:
    found = read(tmp_path, f"{HEADER}Conv1, 8, 8, 1, 1, 3, 16, 1,\nConv2, 8, 8, 1, 1, 16, 4, 1,\n", map_bits=map_bits)
    assert hs.check(network=found, architecture=architecture).ok


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER, "has no layers"),
        (f"{HEADER}Conv1, 8, 8, 3, 3,\n", "topology.csv:2:1: model: 'Conv1' has 4 numbers behind its name"),
        (f"{HEADER}Conv1, 8, 8, 3, 3, 0, 16, 1,\n", "has a size that is not from 1 to 65,536"),
        (f"{HEADER}Conv1, 8, 8, 9, 9, 3, 16, 1,\n", "has a kernel of 9 x 9 for a map of 8 x 8"),
        (f"{HEADER}Conv1, 8, 8, 99999999999, 9, 3, 16, 1,\n", "has 2 numbers behind its name"),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(hs.InvalidInput) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)


def test_options_that_mean_nothing(tmp_path: Path) -> None:
    with pytest.raises(hs.InvalidInput, match="whose layers have shapes alone"):
        read(tmp_path, f"{HEADER}Conv1, 8, 8, 3, 3, 3, 16, 1,\n", zero=1)
    with pytest.raises(hs.InvalidInput, match="must be 1 or 16, not 8"):
        read(tmp_path, f"{HEADER}Conv1, 8, 8, 3, 3, 3, 16, 1,\n", map_bits=8)
