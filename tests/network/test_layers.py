"""What a layer knows of itself: output, window, work and weights, against plain counting."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.layers import Add, Conv, Dense, GlobalMean, Layer, MaxPool, MeanPool, Sign, Thermometer
from hyperdrive_sim.network.window import Window

SIZES = st.integers(1, 13)
WINDOWS = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(0, 3))


def conv(kernel: int = 3, stride: int = 1, padding: int = 0, **changes: Any) -> Conv:
    window = Window.square(kernel, stride=stride, padding=padding)
    return Conv(**{"name": "conv", "inputs": ("input",), "out_channels": 5, "window": window, **changes})


def positions(size: int, kernel: int, stride: int, padding: int) -> Iterator[int]:
    """Where a window can stand on a padded line: moved on while it still fits."""
    at = -padding
    while at + kernel <= size + padding:
        yield at
        at += stride


@given(SIZES, SIZES, WINDOWS)
def test_as_many_outputs_as_places_where_the_window_fits(rows: int, columns: int, window: tuple[int, int, int]) -> None:
    down, right = (len(list(positions(size, *window))) for size in (rows, columns))
    assert conv(*window).output([Shape(2, rows, columns)]) == Shape(5, down, right)
    for pool in (MaxPool, MeanPool):
        assert pool(name="pool", inputs=("input",), window=conv(*window).window).output([Shape(2, rows, columns)]) == Shape(2, down, right)


@given(SIZES, SIZES, WINDOWS)
def test_work_is_a_count_of_taps(rows: int, columns: int, window: tuple[int, int, int]) -> None:
    kernel, stride, padding = window
    layer, x = conv(kernel=kernel, stride=stride, padding=padding, out_channels=2), Shape(3, rows, columns)
    outputs = list(product(range(2), positions(rows, *window), positions(columns, *window)))
    taps = sum(1 for _ in outputs for _ in product(range(kernel), range(kernel), range(x.channels)))
    assert layer.macs(layer.output([x]).size, [x]) == taps
    assert layer.ops(layer.output([x]).size, [x]) == 2 * taps + 2 * len(outputs)  # a factor and an offset per output


@pytest.mark.parametrize(
    ("layer", "shapes", "output"),
    [
        (conv(kernel=7, stride=2, padding=3, out_channels=64), [Shape(3, 225, 301)], Shape(64, 113, 151)),
        (conv(kernel=3, stride=2, padding=1), [Shape(8, 7, 10)], Shape(5, 4, 5)),
        (conv(kernel=1, stride=2), [Shape(8, 7, 10)], Shape(5, 4, 5)),
        (conv(kernel=3), [Shape(8, 2, 9)], Shape(5, 0, 7)),
        (conv(kernel=8, stride=2, padding=3, maps="binary"), [Shape(8, 14, 13)], Shape(5, 7, 6)),
        (MaxPool(name="pool", inputs=("a",), window=Window.square(3, stride=2, padding=1)), [Shape(64, 113, 151)], Shape(64, 57, 76)),
        (MeanPool(name="pool", inputs=("a",), window=Window.square(2, stride=2)), [Shape(8, 13, 12)], Shape(8, 6, 6)),
        (Sign(name="sign", inputs=("a",)), [Shape(8, 7, 10)], Shape(8, 7, 10)),
        (Thermometer(name="code", inputs=("a",), levels=85, fill=1), [Shape(3, 7, 10)], Shape(256, 7, 10)),
        (Thermometer(name="code", inputs=("a",), levels=4), [Shape(3, 7, 10)], Shape(12, 7, 10)),
        (Add(name="add", inputs=("a", "b")), [Shape(8, 7, 10), Shape(8, 7, 10)], Shape(8, 7, 10)),
        (GlobalMean(name="mean", inputs=("a",)), [Shape(8, 7, 10)], Shape(8, 1, 1)),
        (Dense(name="fc", inputs=("a",), features=10), [Shape(8, 7, 10)], Shape(10, 1, 1)),
    ],
)
def test_shapes_by_hand(layer: Layer, shapes: list[Shape], output: Shape) -> None:
    assert layer.output(shapes) == output


@pytest.mark.parametrize(
    ("layer", "macs", "ops", "weight_bits"),
    [
        (conv(), 10 * 9 * 8, 2 * 720 + 20, 5 * 9 * 8),
        (conv(weights="real"), 720, 1460, 16 * 360),
        (conv(scale=False), 720, 1450, 360),
        (conv(scale=False, bias=False, relu=False), 720, 1440, 360),
        (conv(kernel=1), 80, 180, 40),
        (conv(maps="binary", scale=False, bias=False), 720, 1440, 360),
        (Add(name="add", inputs=("a", "b")), 0, 10, 0),
        (Add(name="add", inputs=("a", "b"), bias=True), 0, 20, 0),
        (Add(name="add", inputs=("a", "b"), gain=24), 0, 10, 0),
        (Sign(name="sign", inputs=("a",)), 0, 0, 0),
        (Thermometer(name="code", inputs=("a",), levels=4), 0, 10, 0),  # a comparison each
        (MaxPool(name="pool", inputs=("a",), window=Window.square(3, stride=2)), 0, 90, 0),
        (MeanPool(name="pool", inputs=("a",), window=Window.square(2, stride=2)), 0, 40, 0),
        (GlobalMean(name="mean", inputs=("a",)), 0, 10 * 6 * 4, 0),
        (Dense(name="fc", inputs=("a",), features=10), 10 * 192, 2 * 1920 + 10, 16 * 10 * 192),
    ],
)
def test_work_by_hand(layer: Layer, macs: int, ops: int, weight_bits: int) -> None:
    """Ten output pixels from an input of 8 x 6 x 4."""
    x = [Shape(8, 6, 4)]
    assert (layer.macs(10, x), layer.ops(10, x), layer.weight_bits(x)) == (macs, ops, weight_bits)


@pytest.mark.parametrize(
    ("layer", "needed"),
    [
        (conv(padding=1), Box(0, 8, 1, 4, -1, 3)),
        (conv(kernel=1, stride=2), Box(0, 8, 4, 5, 0, 3)),
        (conv(kernel=5, stride=3, padding=2), Box(0, 8, 4, 9, -2, 6)),
        (MaxPool(name="pool", inputs=("a",), window=Window.square(3, stride=2, padding=1)), Box(2, 4, 3, 6, -1, 4)),
        (MeanPool(name="pool", inputs=("a",), window=Window.square(2, stride=2)), Box(2, 4, 4, 6, 0, 4)),
        (Sign(name="sign", inputs=("a",)), Box(2, 4, 2, 3, 0, 2)),
        (Thermometer(name="code", inputs=("a",), levels=4), Box(0, 8, 2, 3, 0, 2)),
        (Add(name="add", inputs=("a", "b")), Box(2, 4, 2, 3, 0, 2)),
        (GlobalMean(name="mean", inputs=("a",)), Box(2, 4, 0, 6, 0, 4)),
        (Dense(name="fc", inputs=("a",), features=10), Box(0, 8, 0, 6, 0, 4)),
    ],
)
def test_needs_by_hand(layer: Layer, needed: Box) -> None:
    """Channels 2:4 of the pixels 0 and 1 of row 2, of an input of 8 x 6 x 4."""
    assert layer.needs(0, Box(2, 4, 2, 3, 0, 2), [Shape(8, 6, 4)]) == needed


def test_kinds() -> None:
    layers: list[Layer] = [
        conv(),
        conv(kernel=1, stride=2),
        MaxPool(name="pool", inputs=("a",), window=Window.square(3, stride=2)),
        Add(name="add", inputs=("a", "b")),
    ]
    layers += [GlobalMean(name="mean", inputs=("a",)), Dense(name="fc", inputs=("a",), features=10)]
    assert [layer.kind for layer in layers] == ["conv3x3", "conv1x1/2", "maxpool3x3/2", "add", "globalmean", "dense"]
    layers = [conv(maps="binary"), conv(kernel=1, stride=2, maps="binary"), MeanPool(name="pool", inputs=("a",), window=Window.square(2))]
    layers += [Sign(name="sign", inputs=("a",)), Thermometer(name="code", inputs=("a",), levels=4)]
    assert [layer.kind for layer in layers] == ["xnor3x3", "xnor1x1/2", "meanpool2x2/1", "sign", "thermometer"]


@pytest.mark.parametrize("other", [Shape(3, 3, 3), Shape(2, 4, 3), Shape(2, 3, 4)])
def test_maps_of_two_shapes_have_no_sum(other: Shape) -> None:
    with pytest.raises(InvalidInput) as failure:
        Add(name="sum", inputs=("a", "b")).output([Shape(2, 3, 3), other])
    assert str(failure.value) == f"sum: cannot add 2 x 3 x 3 and {other}; both inputs must have one shape"


def test_layers_never_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        conv().out_channels = 6  # type: ignore[misc]
