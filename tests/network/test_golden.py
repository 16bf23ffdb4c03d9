"""Golden against oracles that share no line with it: scipy's correlation, plain loops, and single pixels.

All operands here are small integers and factors powers of two, so float64 is exact and "equal" means equal.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import correlate  # type: ignore[import-untyped,unused-ignore]

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import golden
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact, forward, padded, rearranged
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import (
    Add,
    ChannelShuffle,
    Concat,
    Conv,
    Dense,
    GlobalMean,
    Layer,
    MaxPool,
    MeanPool,
    Sign,
    Slice,
    Upsample,
)
from hyperdrive_sim.network.layers.conv import RESIDUAL_GAIN
from hyperdrive_sim.network.layers.values import padding_value
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Parameters
from hyperdrive_sim.network.synthetic import random_input, random_inputs, random_parameters
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.network.zoo import build

Array = NDArray[Any]


def integers(rng: np.random.Generator, *shape: int) -> Array:
    return rng.integers(-8, 9, shape).astype(np.float64)


def parameters(rng: np.random.Generator, layer: Layer, x: Shape) -> Parameters:
    """Integer weights and offsets, factors that are powers of two."""
    match layer:
        case Conv():
            scale = 2.0 ** rng.integers(-2, 3, layer.out_channels) if layer.scale else None
            bias = integers(rng, layer.out_channels) if layer.bias else None
            return Parameters(integers(rng, layer.out_channels, *layer.window.kernel, x.channels), scale, bias)
        case Dense():
            return Parameters(integers(rng, layer.features, x.size), None, integers(rng, layer.features))
        case Add():
            return Parameters(bias=integers(rng, x.channels) if layer.bias else None)
    return NO_PARAMETERS


def whole(layer: Layer, inputs: Sequence[Array], given_parameters: Parameters) -> Array:
    """One layer's output through `padded` and `Exact`, as `forward` and `replay` ask for it."""
    shapes = [Shape(x.shape[2], x.shape[0], x.shape[1]) for x in inputs]
    box = layer.output(shapes).box
    operands = [padded(x, layer.needs(number, box, shapes), layer) for number, x in enumerate(inputs)]
    return Exact().apply(layer, operands, given_parameters)


def convolved(x: Array, weights: Array, stride: int, padding: int) -> Array:
    """scipy's correlation of each pair of channels, thinned out."""
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    planes = [
        sum(correlate(x[:, :, i], weights[o, :, :, i], mode="valid", method="direct") for i in range(x.shape[2]))
        for o in range(len(weights))
    ]
    return np.stack(planes, axis=-1)[::stride, ::stride]


CONVOLUTIONS = st.builds(
    lambda kernel, stride, padding, scale, bias, relu: Conv(
        name="conv",
        inputs=(INPUT,),
        out_channels=3,
        window=Window.square(kernel, stride=stride, padding=padding),
        scale=scale,
        bias=bias,
        relu=relu,
    ),
    *(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.booleans(), st.booleans(), st.booleans()),
)
SEEDS = st.integers(0, 2**32)


@given(CONVOLUTIONS, st.integers(5, 9), st.integers(5, 9), SEEDS)
@settings(max_examples=60, deadline=None)
def test_convolution_is_scipys_correlation(layer: Conv, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = integers(rng, rows, columns, 2)
    constants = parameters(rng, layer, Shape(2, rows, columns))
    assert constants.weights is not None
    expected = convolved(x, constants.weights, layer.window.rows.stride, layer.window.rows.before)
    if layer.scale:
        expected = expected * constants.scale
    if layer.bias:
        expected = expected + constants.bias
    if layer.relu:
        expected = np.where(expected < 0, 0, expected)
    np.testing.assert_array_equal(whole(layer, [x], constants), expected)


def test_a_convolution_by_hand() -> None:
    """A row of three pixels under the taps (1, -2, 1), padded with zeros; then times 2, plus 1, then ReLU."""
    layer = Conv(name="conv", inputs=(INPUT,), out_channels=1, window=Window.square(3, padding=1))
    weights = np.zeros((1, 3, 3, 1))
    weights[0, 1, :, 0] = (1, -2, 1)
    x = np.array([3.0, 1.0, 4.0]).reshape(1, 3, 1)
    y = whole(layer, [x], Parameters(weights, np.array([2.0]), np.array([1.0])))
    assert y.ravel().tolist() == [0, 11, 0]  # -5 5 -7, doubled and moved: -9 11 -13


@given(st.integers(1, 4), st.integers(1, 3), st.data(), SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_maximum_is_that_of_the_real_pixels(kernel: int, stride: int, data: st.DataObject, seed: int) -> None:
    """All inputs are negative: a padding of zeros would win everywhere along the edge."""
    padding = data.draw(st.integers(0, kernel // 2))
    x = -1 - np.abs(integers(np.random.default_rng(seed), 6, 7, 2))
    layer = MaxPool(name="pool", inputs=(INPUT,), window=Window.square(kernel, stride=stride, padding=padding))
    y = whole(layer, [x], NO_PARAMETERS)
    shape = layer.output([Shape(2, 6, 7)])
    assert y.shape == (shape.rows, shape.columns, 2)
    for row, column, channel in product(range(shape.rows), range(shape.columns), range(2)):
        top, left = row * stride - padding, column * stride - padding
        under = [x[r, w, channel] for r, w in product(range(top, top + kernel), range(left, left + kernel)) if 0 <= r < 6 and 0 <= w < 7]
        assert y[row, column, channel] == max(under)


@given(SEEDS, st.booleans(), st.booleans())
@settings(deadline=None)
def test_a_sum(seed: int, bias: bool, relu: bool) -> None:
    rng = np.random.default_rng(seed)
    one, other = integers(rng, 3, 4, 2), integers(rng, 3, 4, 2)
    layer = Add(name="sum", inputs=("a", "b"), bias=bias, relu=relu)
    constants = parameters(rng, layer, Shape(2, 3, 4))
    y = whole(layer, [one, other], constants)
    for row, column, channel in product(range(3), range(4), range(2)):
        value = one[row, column, channel] + other[row, column, channel] + (constants.bias[channel] if constants.bias is not None else 0)
        assert y[row, column, channel] == (max(value, 0) if relu else value)


def test_a_dense_layer_sums_over_rows_then_columns_then_channels() -> None:
    rng = np.random.default_rng(5)
    x, layer = integers(rng, 2, 3, 4), Dense(name="fc", inputs=(INPUT,), features=5)
    constants = parameters(rng, layer, Shape(4, 2, 3))
    assert constants.weights is not None
    assert constants.bias is not None
    expected = []
    for feature in range(5):
        total = constants.bias[feature]
        for row, column, channel in product(range(2), range(3), range(4)):
            total += constants.weights[feature, (row * 3 + column) * 4 + channel] * x[row, column, channel]
        expected.append(total)
    y = whole(layer, [x], constants)
    assert y.shape == (1, 1, 5)
    assert y.ravel().tolist() == expected
    assert min(expected) < 0  # there is no ReLU on a classifier


def test_a_global_mean() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    y = whole(GlobalMean(name="mean", inputs=(INPUT,)), [x], NO_PARAMETERS)
    assert y.tolist() == [[[10.0, 11.0, 12.0, 13.0]]]


LAYERS: list[Layer] = [
    Conv(name="a", inputs=(INPUT,), out_channels=4, window=Window.square(3, padding=1)),
    Conv(name="b", inputs=(INPUT,), out_channels=4, window=Window.square(3, stride=2, padding=1)),
    Conv(name="c", inputs=(INPUT,), out_channels=4, window=Window.square(1, stride=2)),
    Conv(name="d", inputs=(INPUT,), out_channels=4, window=Window.square(5, padding=2)),
    MaxPool(name="e", inputs=(INPUT,), window=Window.square(3, stride=2, padding=1)),
    GlobalMean(name="f", inputs=(INPUT,)),
    Conv(name="g", inputs=(INPUT,), out_channels=4, window=Window.square(3, stride=2, padding=1), pad=1),
    MeanPool(name="h", inputs=(INPUT,), window=Window.square(2, stride=2, padding=1)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.kind)
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_block_is_computed_from_what_it_needs_and_nothing_else(layer: Layer, data: st.DataObject) -> None:
    """What the replay rests on: any block of output, from its window alone, is the same block of the whole."""
    rng = np.random.default_rng(3)
    x, shape = integers(rng, 7, 9, 4), Shape(4, 7, 9)
    constants = parameters(rng, layer, shape)
    everything = layer.output([shape])
    rows, columns = (sorted(data.draw(st.sets(st.integers(0, n), min_size=2, max_size=2))) for n in everything[1:])
    block = Box(0, everything.channels, *rows, *columns)
    part = Exact().apply(layer, [padded(x, layer.needs(0, block, [shape]), layer)], constants)
    np.testing.assert_array_equal(part, whole(layer, [x], constants)[block.slices(everything.box)])


@pytest.mark.parametrize("layer", [*LAYERS[:5], *LAYERS[6:]], ids=lambda layer: layer.kind)
def test_every_pixel_of_the_window_counts(layer: Layer) -> None:
    """The window is tight: with any one pixel beyond reach of the block changed, nothing changes; with one inside, something does."""
    shape, block = Shape(4, 7, 9), Box(0, 4, 1, 3, 1, 2)
    weights = np.ones((4, *layer.window.kernel, 4)) if isinstance(layer, Conv) else None
    constants = Parameters(weights)
    window = layer.needs(0, block, [shape]).clipped(shape)
    at = block.slices(layer.output([shape]).box)
    before = whole(layer, [np.ones((7, 9, 4))], constants)[at]
    touched = set()
    for row, column in product(range(7), range(9)):
        x = np.ones((7, 9, 4))
        x[row, column] = 2
        if not np.array_equal(whole(layer, [x], constants)[at], before):
            touched.add((row, column))
    assert {row for row, _ in touched} <= set(range(window.r0, window.r1))
    assert {column for _, column in touched} <= set(range(window.w0, window.w1))
    assert (window.r0, window.w0) == tuple(map(min, zip(*touched, strict=True)))
    assert (window.r1 - 1, window.w1 - 1) == tuple(map(max, zip(*touched, strict=True)))


def test_padding_loses_every_maximum_and_adds_nothing_to_a_sum_unless_a_convolution_says_otherwise() -> None:
    assert [padding_value(layer) for layer in LAYERS] == [0, 0, 0, 0, -np.inf, 0, 1, 0]


def test_a_map_that_is_needed_as_it_is_is_not_copied() -> None:
    x = np.ones((3, 4, 2))
    assert padded(x, Box(0, 2, 0, 3, 0, 4), LAYERS[0]) is x


def test_parameters_of_some_channels() -> None:
    weights, scale, bias = np.arange(12).reshape(6, 2), np.arange(6), np.arange(6) * 10
    part = Parameters(weights, scale, bias).channels(2, 5)
    assert part.weights is not None
    assert part.scale is not None
    assert part.bias is not None
    assert (part.weights.tolist(), part.scale.tolist(), part.bias.tolist()) == ([[4, 5], [6, 7], [8, 9]], [2, 3, 4], [20, 30, 40])
    assert part.first == 2
    assert NO_PARAMETERS.channels(2, 5).weights is None


def test_the_same_channels_are_the_same_object() -> None:
    """What is kept for a block of constants is found again."""
    parameters, other = (Parameters(np.ones((6, 2))) for _ in range(2))
    with ThreadPoolExecutor(4) as pool:
        blocks = list(pool.map(lambda _: parameters.channels(2, 5), range(100)))
    assert len(set(map(id, blocks))) == 1
    assert blocks[0] is not parameters.channels(2, 6)
    assert blocks[0] is not other.channels(2, 5)


def test_some_channels_of_a_layer_are_that_part_of_all_of_them() -> None:
    network = build("tiny_residual", (16, 6, 5))
    computation = Computation(network, random_parameters(network, 1), random_inputs(network, 1), Exact())
    maps = {**computation.inputs, **dict(forward(computation))}
    for layer in network:
        shape = network.shape(layer.name)
        operands = [
            padded(maps[name], layer.needs(number, shape.box, network.input_shapes(layer)), layer)
            for number, name in enumerate(layer.inputs)
        ]
        if isinstance(layer, Add):
            operands = [operand[:, :, 3:7] for operand in operands]
        np.testing.assert_allclose(computation.layer(layer.name, operands, (3, 7)), maps[layer.name][:, :, 3:7], rtol=1e-13, atol=1e-13)


def test_missing_weights_are_named() -> None:
    with pytest.raises(InvalidInput, match=r"^weights: are missing for a layer that needs them$"):
        Exact().apply(LAYERS[0], [np.ones((3, 3, 4))], NO_PARAMETERS)


def test_exact_is_float64_whatever_comes() -> None:
    exact = Exact()
    assert exact.dtype == np.dtype(np.float64)
    constants = Parameters(np.ones((4, 1, 1, 4), np.int8), np.full(4, 0.1, np.float16))
    y = exact.apply(LAYERS[2], [np.full((1, 1, 4), 2049, np.float32)], constants)
    assert y.dtype == np.float64
    assert y.ravel().tolist() == [4 * 2049 * float(np.float16(0.1))] * 4


def residual_pair() -> Network:
    """Two convolutions, of which the sum also takes the first one's input."""
    one = Conv(name="one", inputs=(INPUT,), out_channels=2, window=Window.square(3, padding=1))
    two = Conv(name="two", inputs=("one",), out_channels=2, window=Window.square(3, padding=1))
    return Network("pair", Shape(2, 4, 4), [one, two, Add(name="sum", inputs=("two", "one")), GlobalMean(name="mean", inputs=("sum",))])


def test_forward_yields_every_layer_and_lets_go_of_what_nobody_needs() -> None:
    network = residual_pair()
    computation = Computation(network, random_parameters(network, 0), random_inputs(network, 0), Exact())
    kept: dict[str, weakref.ref[Array]] = {}
    alive = []
    for name, values in forward(computation):
        kept[name] = weakref.ref(values)
        del values
        alive.append((name, [earlier for earlier, ref in kept.items() if ref() is not None]))
    assert alive == [("one", ["one"]), ("two", ["one", "two"]), ("sum", ["one", "two", "sum"]), ("mean", ["sum", "mean"])]


@pytest.mark.parametrize("processors", [1, 3])
def test_a_large_map_is_computed_in_bands_that_are_what_they_are_in_the_whole(monkeypatch: pytest.MonkeyPatch, processors: int) -> None:
    """Windows of both strides, pads of both ends: in bands of four rows and more, as many threads as may be."""
    layers = [
        Conv(name="one", inputs=(INPUT,), out_channels=3, window=Window.square(3, padding=1)),
        Conv(name="two", inputs=("one",), out_channels=3, window=Window.square(3, padding=1, stride=2)),
        MaxPool(name="pool", inputs=("one",), window=Window.square(3, padding=1, stride=2)),
        Add(name="sum", inputs=("two", "pool")),
        GlobalMean(name="mean", inputs=("sum",)),
    ]
    network = Network("large", Shape(2, 61, 9), layers)
    computation = Computation(network, random_parameters(network, 0), random_inputs(network, 0), Exact())
    at_once = dict(forward(computation))
    bands: list[tuple[str, int]] = []

    class Noting(Exact):
        def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
            values = super().apply(layer, operands, parameters)
            bands.append((layer.name, len(values)))
            return values

    monkeypatch.setattr(golden, "LARGE_VALUES", 100)
    monkeypatch.setattr(golden, "BAND_VALUES", 1)
    monkeypatch.setattr(golden, "processors", lambda: processors)
    in_bands = dict(forward(computation._replace(arithmetic=Noting())))
    assert Counter(bands) == {("one", 12): 5, ("one", 1): 1, ("two", 12): 2, ("two", 7): 1, ("pool", 12): 2, ("pool", 7): 1,
                              ("sum", 4): 7, ("sum", 3): 1, ("mean", 1): 1}  # fmt: skip
    for name, values in at_once.items():
        np.testing.assert_allclose(in_bands[name], values, rtol=1e-14, atol=1e-15)


def test_what_a_band_raises_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Exact):
        def apply(self, layer: Layer, operands: Sequence[Array], parameters: Parameters) -> Array:
            raise ZeroDivisionError(layer.name)

    monkeypatch.setattr(golden, "LARGE_VALUES", 1)
    network = residual_pair()
    with pytest.raises(ZeroDivisionError, match=r"^one$"):
        dict(forward(Computation(network, {}, random_inputs(network, 0), Broken())))


def test_forward_is_one_layer_after_the_other() -> None:
    network = residual_pair()
    computation = Computation(network, random_parameters(network, 0), random_inputs(network, 0), Exact())
    maps = dict(forward(computation))
    x = computation.inputs[INPUT].astype(np.float64)
    one = whole(network["one"], [x], computation.parameters["one"])
    two = whole(network["two"], [one], computation.parameters["two"])
    np.testing.assert_array_equal(maps["one"], one)
    np.testing.assert_array_equal(maps["two"], two)
    np.testing.assert_array_equal(maps["sum"], np.maximum(one + two, 0))
    assert np.ptp(maps["mean"]) > 0


def test_forward_from_known_maps_computes_what_follows_from_them() -> None:
    network = residual_pair()
    computation = Computation(network, random_parameters(network, 0), random_inputs(network, 0), Exact())
    maps = dict(forward(computation))
    assert [name for name, _ in forward(computation, {"two": maps["two"]})] == []
    rest = dict(forward(computation, {"one": maps["one"], "two": maps["two"]}))
    assert list(rest) == ["sum", "mean"]
    np.testing.assert_array_equal(rest["mean"], maps["mean"])


def test_forward_from_several_inputs_and_of_a_part() -> None:
    """A map that one layer takes twice and another once; then the part behind it alone, from the maps that cross."""
    conv = Conv(name="conv", inputs=("a",), out_channels=2, window=Window.square(3, padding=1))
    layers = [conv, Add(name="twice", inputs=("conv", "conv")), Add(name="sum", inputs=("conv", "b"))]
    network = Network("n", {"a": Shape(2, 4, 4), "b": Shape(2, 4, 4)}, layers)
    inputs = random_inputs(network, 0)
    computation = Computation(network, random_parameters(network, 0), inputs, Exact())
    maps = dict(forward(computation))
    np.testing.assert_array_equal(maps["twice"], 2 * maps["conv"])
    np.testing.assert_array_equal(maps["sum"], maps["conv"] + inputs["b"].astype(np.float64))
    assert not np.array_equal(inputs["a"], inputs["b"])
    part = network.part(("twice", "sum"))
    behind = dict(forward(Computation(part, computation.parameters, {"conv": maps["conv"], "b": inputs["b"]}, Exact())))
    assert list(behind) == ["twice", "sum"]
    for name, values in behind.items():
        np.testing.assert_array_equal(values, maps[name])


def test_drawn_inputs_hold_what_the_network_says() -> None:
    sign, conv = Sign(name="s", inputs=("real",)), Conv(name="c", inputs=("signs",), out_channels=1, window=Window.square(1))
    layers = [sign, conv, Add(name="sum", inputs=("sums", "sums"))]
    shape = Shape(1, 16, 16)
    network = Network("n", dict.fromkeys(("real", "signs", "sums"), shape), layers, holds={"signs": "signs", "sums": "sums"})
    drawn = random_inputs(network, 2)
    np.testing.assert_array_equal(drawn["real"], random_input(shape, 2, "real"))
    assert set(np.unique(drawn["signs"])) == {-1, 1}
    assert (drawn["sums"] == drawn["sums"].round()).all()
    assert 20 < drawn["sums"].astype(float).std() < 45, "integers, spread by 32"
    assert all(np.array_equal(values, random_inputs(network, 2)[name]) for name, values in drawn.items()), "the same every time"


def flattened(found: dict[str, Parameters]) -> dict[tuple[str, str], list[float]]:
    parts = [(name, what, getattr(constants, what)) for name, constants in found.items() for what in ("weights", "scale", "bias")]
    return {(name, what): values.ravel().tolist() for name, what, values in parts if values is not None}


def test_parameters_are_those_of_the_seed_and_of_the_name() -> None:
    layers = [Conv(name=name, inputs=(INPUT,), out_channels=3, window=Window.square(3)) for name in ("a", "b", "c")]
    shape = Shape(2, 5, 5)
    drawn = flattened(random_parameters(Network("n", shape, layers), 7))
    assert drawn == flattened(random_parameters(Network("n", shape, layers[::-1]), 7))
    larger = Network("n", shape, [Conv(name="d", inputs=("a",), out_channels=1, window=Window.square(1)), *layers])
    assert drawn == {key: values for key, values in flattened(random_parameters(larger, 7)).items() if key[0] != "d"}
    assert {key: drawn[key] for key in drawn if key[0] == "b"} == flattened(random_parameters(Network("n", shape, layers[1:2]), 7))
    assert len({tuple(values) for values in drawn.values()}) == len(drawn) == 9
    other = flattened(random_parameters(Network("n", shape, layers), 8))
    assert all(drawn[key] != other[key] for key in drawn)


def test_drawn_parameters_are_of_the_layers_kind() -> None:
    network = build("tiny_resnet", (3, 9, 9))
    drawn = random_parameters(network, 3)
    assert set(drawn) == {layer.name for layer in network if isinstance(layer, Conv | Dense | Add)}
    for name, constants in drawn.items():
        layer, x = network[name], network.input_shapes(network[name])[0]
        if isinstance(layer, Conv):
            assert constants.weights is not None
            assert constants.weights.shape == (layer.out_channels, *layer.window.kernel, x.channels)
            assert (constants.scale is not None, constants.bias is not None) == (layer.scale, layer.bias)
            if layer.weights == "binary":
                assert constants.weights.dtype == np.int8
                assert set(np.unique(constants.weights)) == {-1, 1}
        if isinstance(layer, Add):
            assert constants.weights is None
            assert (constants.bias is not None) == layer.bias
        for part in (constants.weights, constants.scale, constants.bias):
            assert part is None or np.array_equal(part, part.astype(np.float16))


def test_a_branch_is_drawn_small_beside_its_bypass() -> None:
    """Factors are sqrt(2 / fan-in) to a quarter, times RESIDUAL_GAIN for the last convolution of a branch."""
    drawn = random_parameters(build("tiny_residual", (16, 9, 9)), 3)
    spread = (2 / (9 * 16)) ** 0.5
    for name, expected in (("layer1.0.conv1", spread), ("layer1.0.conv2", spread * RESIDUAL_GAIN)):
        scale = drawn[name].scale
        assert scale is not None
        assert ((0.749 * expected < scale) & (scale < 1.251 * expected)).all()


def test_a_picture_is_that_of_the_seed_in_unit_range_and_exact_in_fp16() -> None:
    shape = Shape(3, 20, 31)
    x = random_input(shape, 4)
    assert x.shape == (20, 31, 3)
    assert x.dtype == np.float16
    assert 0 <= x.min() < 0.2
    assert 0.8 < x.max() <= 1
    np.testing.assert_array_equal(x, random_input(shape, 4))
    assert not np.array_equal(x, random_input(shape, 5))


@given(st.data())
def test_any_block_is_rearranged_from_those_that_hold_it(data: st.DataObject) -> None:
    """Of two inputs, one enlarged, put side by side, shuffled and sliced: what the whole map has there."""
    layers = [
        Upsample(name="large", inputs=("small",), factor=2),
        Concat(name="both", inputs=("large", INPUT, "large")),
        ChannelShuffle(name="mixed", inputs=("both",), groups=2),
        Slice(name="some", inputs=("mixed",), start=1, stop=6),
    ]
    network = Network("moved", {"small": Shape(2, 3, 2), INPUT: Shape(4, 6, 4)}, layers)
    computation = Computation(network, {}, random_inputs(network, 1), Exact())
    maps = {**computation.inputs, **dict(forward(computation))}
    name = data.draw(st.sampled_from([*maps]))
    channels, rows, columns = network.shape(name)
    sides = (data.draw(st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True)) for size in (channels, rows, columns))
    box = Box(*(bound for side in sides for bound in sorted(side)))
    blocks = (maps[held][part.slices(network.shape(held).box)] for held, part in network.lying(name, box, network.inputs))
    values = rearranged(computation, name, box, network.inputs, iter(blocks))
    assert np.array_equal(values, maps[name][box.slices(network.shape(name).box)])
