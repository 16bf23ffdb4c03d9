"""What is made of pictures before a network takes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.preparation import FixedPoint, Preparation
from hyperdrive_sim.scenario.scenario import Scenario

LEVELS = (np.arange(256, dtype=np.uint8).reshape(16, 16, 1) / np.float32(255)).astype(np.float32)


def test_without_any_key_nothing_happens() -> None:
    assert np.array_equal(Preparation().of(LEVELS), LEVELS)


def test_as_torchvision_normalises() -> None:
    three = np.repeat(LEVELS, 3, axis=2)
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    expected = (three - np.array(mean)) / np.array(std)
    assert np.array_equal(Preparation(mean=mean, std=std).of(three), expected.astype(np.float32))
    assert np.array_equal(Preparation(mean=0.5, std=0.25).of(three), ((three - 0.5) / 0.25).astype(np.float32))


def test_bytes_as_they_were() -> None:
    """0..1 in float32 times 255 is not always the byte, but nearest to it."""
    found = Preparation(scale=255.0, quantise=FixedPoint(bits=8, step=1.0, signed=False)).of(LEVELS)
    assert found.ravel().tolist() == list(range(256))


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (FixedPoint(bits=8, step=0.5), [-2.0, -0.5, 0.0, 0.0, 0.5, 1.0, 1.0, 63.5]),
        (FixedPoint(bits=8, step=0.5, rounding="floor"), [-2.0, -0.5, -0.5, 0.0, 0.0, 0.5, 1.0, 63.5]),
        (FixedPoint(bits=2, step=0.5), [-1.0, -0.5, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5]),
        (FixedPoint(bits=2, step=0.5, signed=False), [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.5]),
        (FixedPoint(bits=1, step=2.0), [-2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_numbers_of_few_bits(of: FixedPoint, expected: list[float]) -> None:
    """Of two steps that are equally near, the even one."""
    values = np.array([-2.0, -0.5, -0.25, 0.25, 0.3, 0.75, 1.0, 1e9], np.float32)
    assert Preparation(quantise=of).of(values.reshape(1, 8, 1)).ravel().tolist() == expected


def prepared(folder: Path, keys: str, array: Array) -> Array:
    np.save(folder / "a.npy", array)
    text = "schema_version: 1\ntitle: t\nnetwork: tiny_xnor\narchitecture: xnorbin\ninput_shape: [1, 4, 4]\n"
    (folder / "s.yaml").write_text(f"{text}input: {{image: a.npy, {keys}}}\n", "utf-8")
    scenario = Scenario.read(folder / "s.yaml")
    return inputs.opened(scenario, scenario.network()).maps()["input"]


def test_a_scenario_says_it(tmp_path: Path) -> None:
    pixels = np.arange(0, 256, 17, dtype=np.uint8).reshape(4, 4)
    found = prepared(tmp_path, "mean: 0.5, std: [0.5], quantise: {bits: 8, step: 0.0078125, rounding: floor}", pixels)
    expected = np.clip(np.floor((pixels / 255 * 2 - 1) * 128), -128, 127) / 128
    assert found.dtype == np.float32
    assert np.array_equal(found[:, :, 0], expected)
