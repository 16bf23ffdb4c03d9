"""Golden over unequal windows, groups, concatenation and enlargement, against scipy's correlation and plain loops.

All operands are small integers and factors powers of two, so float64 is exact and "equal" means equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import correlate  # type: ignore[import-untyped,unused-ignore]

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact, forward, padded
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import (
    AXES,
    Add,
    ChannelPad,
    Concat,
    Conv,
    Dense,
    GlobalMean,
    Layer,
    MaxPool,
    MeanPool,
    Sign,
    Slice,
    Thermometer,
    Upsample,
)
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.network.window import Window

Array = NDArray[Any]

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
WINDOWS = st.builds(Window, PAIRS, PAIRS, PAIRS, st.tuples(*[st.integers(0, 2)] * 4))
SEEDS = st.integers(0, 2**32)
ROWS, COLUMNS = 8, 9


def integers(rng: np.random.Generator, *shape: int) -> Array:
    return rng.integers(-8, 9, shape).astype(np.float64)


def shape_of(x: Array) -> Shape:
    return Shape(x.shape[2], *x.shape[:2])


def block_of(layer: Layer, inputs: Sequence[Array], constants: Parameters, block: Box) -> Array:
    """A block of a layer's output, from the blocks that it says it needs and the constants of the block's channels."""
    shapes = [shape_of(x) for x in inputs]
    operands = [padded(x, layer.needs(number, block, shapes), layer) for number, x in enumerate(inputs)]
    return Exact().apply(layer, operands, constants.channels(block.c0, block.c1))


def whole(layer: Layer, inputs: Sequence[Array], constants: Parameters = NO_PARAMETERS) -> Array:
    return block_of(layer, inputs, constants, layer.output([shape_of(x) for x in inputs]).box)


def correlated(x: Array, weights: Array, conv: Conv) -> Array:
    """scipy's correlation with a kernel whose dilation is written out as zeros, channel by channel, thinned out."""
    (kernel_rows, kernel_columns), (down, right), (apart_down, apart_right), (top, left, bottom, right_pad) = conv.window
    x = np.pad(x, ((top, bottom), (left, right_pad), (0, 0)), constant_values=conv.pad)
    spread = np.zeros((len(weights), (kernel_rows - 1) * apart_down + 1, (kernel_columns - 1) * apart_right + 1, weights.shape[3]))
    spread[:, ::apart_down, ::apart_right] = weights
    taken, each = weights.shape[3], len(weights) // conv.groups
    planes = [
        sum(
            correlate(x[:, :, out // each * taken + i], spread[out, :, :, i], mode="valid", method="direct")[::down, ::right]
            for i in range(taken)
        )
        for out in range(len(weights))
    ]
    return np.stack(planes, axis=-1)


@st.composite
def convolutions(draw: st.DrawFn) -> Conv:
    groups = draw(st.sampled_from([1, 2, 3, 6]))
    conv = Conv(
        name="conv", inputs=(INPUT,), out_channels=groups * draw(st.integers(1, 2)), window=draw(WINDOWS), groups=groups,
        pad=draw(st.sampled_from([-1, 0, 1])), scale=draw(st.booleans()), bias=draw(st.booleans()), relu=draw(st.booleans()),
    )  # fmt: skip
    assume(min(conv.output([Shape(6, ROWS, COLUMNS)])) > 0)
    return conv


def constants_of(rng: np.random.Generator, conv: Conv) -> Parameters:
    scale = 2.0 ** rng.integers(-2, 3, conv.out_channels) if conv.scale else None
    bias = integers(rng, conv.out_channels) if conv.bias else None
    return Parameters(integers(rng, conv.out_channels, *conv.window.kernel, 6 // conv.groups), scale, bias)


@given(convolutions(), SEEDS)
@settings(max_examples=100, deadline=None)
def test_any_convolution_is_scipys_correlation(conv: Conv, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, constants = integers(rng, ROWS, COLUMNS, 6), constants_of(rng, conv)
    assert constants.weights is not None
    expected = correlated(x, constants.weights, conv)
    expected = expected * constants.scale if constants.scale is not None else expected
    expected = expected + constants.bias if constants.bias is not None else expected
    np.testing.assert_array_equal(whole(conv, [x], constants), np.where(conv.relu & (expected < 0), 0, expected))


def test_a_depthwise_convolution_by_hand() -> None:
    """Two channels of three pixels; the first is summed up two by two, of the second each pixel is taken from the next."""
    conv = Conv(name="c", inputs=(INPUT,), out_channels=2, window=Window((1, 2)), groups=2, scale=False, bias=False, relu=False)
    x = np.array([[[1, 10], [2, 30], [3, 60]]], np.float64)
    y = whole(conv, [x], Parameters(np.array([[1, 1], [-1, 1]]).reshape(2, 1, 2, 1)))
    assert y.tolist() == [[[3, 20], [5, 30]]]
    assert (conv.macs(4, [Shape(2, 1, 3)]), conv.weight_bits([Shape(2, 1, 3)]), conv.kind) == (8, 4, "conv1x2g2")


def test_a_dilated_convolution_by_hand() -> None:
    """Taps two apart: 1 + 3, 2 + 4, 3 + 5."""
    conv = Conv(name="c", inputs=(INPUT,), out_channels=1, window=Window((1, 2), dilation=(1, 2)), scale=False, bias=False)
    assert whole(conv, [np.arange(1.0, 6).reshape(1, 5, 1)], Parameters(np.ones((1, 1, 2, 1)))).ravel().tolist() == [4, 6, 8]


def taps(window: Window, row: int, column: int) -> Iterator[tuple[int, int]]:
    for down, right in product(range(window.kernel[0]), range(window.kernel[1])):
        r = row * window.stride[0] + down * window.dilation[0] - window.pads[0]
        yield r, column * window.stride[1] + right * window.dilation[1] - window.pads[1]


@given(WINDOWS, SEEDS)
@settings(max_examples=60, deadline=None)
def test_any_pooling_is_a_loop_over_its_taps(window: Window, seed: int) -> None:
    x = integers(np.random.default_rng(seed), ROWS, COLUMNS, 2)
    size = MaxPool(name="pool", inputs=(INPUT,), window=window).output([shape_of(x)])
    assume(min(size) > 0)
    largest = whole(MaxPool(name="pool", inputs=(INPUT,), window=window), [x])
    mean = whole(MeanPool(name="pool", inputs=(INPUT,), window=window), [x])
    for row, column in np.ndindex(size.rows, size.columns):
        under = [x[r, w] for r, w in taps(window, row, column) if 0 <= r < ROWS and 0 <= w < COLUMNS]
        assert largest[row, column].tolist() == np.max([*under, [-np.inf] * 2], axis=0).tolist(), "padding never wins"
        np.testing.assert_allclose(mean[row, column], np.sum([*under, [0, 0]], axis=0) / window.taps, rtol=1e-15, err_msg="zeros count")


def test_concatenation_and_enlargement_by_hand() -> None:
    one, other = np.array([[[1], [2]]]), np.array([[[10, 20], [30, 40]]])
    concat = Concat(name="c", inputs=("a", "b", "a"))
    assert whole(concat, [one, other, one]).tolist() == [[[1, 10, 20, 1], [2, 30, 40, 2]]]
    large = Upsample(name="u", inputs=("a",), factor=2)
    assert whole(large, [one]).tolist() == [[[1], [1], [2], [2]]] * 2
    assert (concat.kind, large.kind) == ("concat", "upsample2x2")


def test_what_they_need_by_hand() -> None:
    """Three inputs of 2, 3 and 4 channels; channels 1:5 are the second of the first, all of the second, none of the third."""
    shapes, out = [Shape(2, 4, 6), Shape(3, 4, 6), Shape(4, 4, 6)], Box(1, 5, 1, 3, 0, 2)
    found = [Concat(name="c", inputs=("a", "b", "c")).needs(number, out, shapes) for number in range(3)]
    assert found == [Box(1, 2, 1, 3, 0, 2), Box(0, 3, 1, 3, 0, 2), Box(0, 0, 1, 3, 0, 2)]
    assert Upsample(name="u", inputs=("a",), factor=2).needs(0, Box(0, 2, 1, 5, 2, 3), shapes[:1]) == Box(0, 2, 0, 3, 1, 2)
    grouped = Conv(name="c", inputs=("a",), out_channels=6, window=Window.square(1), groups=3)
    assert grouped.needs(0, Box(1, 3, 0, 1, 0, 1), [Shape(9, 4, 6)]) == Box(0, 6, 0, 1, 0, 1), "outputs 1:3 are of groups 0 and 1"
    assert grouped.needs(0, Box(4, 6, 0, 1, 0, 1), [Shape(9, 4, 6)]) == Box(6, 9, 0, 1, 0, 1), "outputs 4:6 are of group 2"


LAYERS: list[Layer] = [
    Conv(name="grouped", inputs=("a",), out_channels=6, window=Window((3, 2), (1, 2), pads=(1, 0, 0, 1)), groups=3),
    Conv(name="depthwise", inputs=("a",), out_channels=12, window=Window.square(3, padding=2, dilation=2), groups=6),
    Concat(name="concat", inputs=("a", "b")),
    ChannelPad(name="more channels", inputs=("a",), before=2, after=3),
    *(Slice(name=f"some {axis}", inputs=("a",), axis=axis, start=1, stop=6, step=2) for axis in AXES),
    MaxPool(name="pool", inputs=("a",), window=Window((1, 3), dilation=(1, 2), pads=(0, 2, 0, 1))),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_block_of_some_channels_is_computed_from_what_it_needs_and_nothing_else(layer: Layer, data: st.DataObject) -> None:
    rng = np.random.default_rng(3)
    inputs = [integers(rng, 7, 9, 6), integers(rng, 7, 9, 4)][: len(layer.inputs)]
    constants = constants_of(rng, layer) if isinstance(layer, Conv) else NO_PARAMETERS
    out = layer.output([shape_of(x) for x in inputs])
    bounds = [sorted(data.draw(st.sets(st.integers(0, size), min_size=2, max_size=2))) for size in out]
    block = Box(*(bound for pair in bounds for bound in pair))
    np.testing.assert_array_equal(block_of(layer, inputs, constants, block), whole(layer, inputs, constants)[block.slices(out.box)])


def test_parts_and_more_channels_by_hand() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    columns = Slice(name="s", inputs=("a",), axis="columns", start=0, stop=3, step=2)
    assert whole(columns, [x])[0].tolist() == [[0, 1], [4, 5]]
    more = ChannelPad(name="p", inputs=("a",), before=1, after=2)
    assert whole(more, [x])[1, 2].tolist() == [0, 10, 11, 0, 0]
    assert (columns.kind, Slice(name="s", inputs=("a",), start=0, stop=1).kind, more.kind) == ("crop/2", "slice", "channelpad")


@given(st.integers(1, 4), st.integers(0, 1), st.integers(2, 3), SEEDS)
@settings(max_examples=30, deadline=None)
def test_a_block_that_is_enlarged(factor: int, first: int, last: int, seed: int) -> None:
    x, layer = integers(np.random.default_rng(seed), 3, 4, 2), Upsample(name="u", inputs=("a",), factor=factor)
    block = Box(0, 2, first * factor, last * factor, factor, 2 * factor)
    np.testing.assert_array_equal(block_of(layer, [x], NO_PARAMETERS, block), whole(layer, [x])[block.slices(Box(0, 2, 0, 99, 0, 99))])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: conv(out_channels=0), "c1: out_channels must be at least 1, not 0"),
        (lambda: conv(groups=0), "c1: groups must be at least 1, not 0"),
        (lambda: conv(groups=3), "c1: groups must divide out_channels; 3 do not divide 4"),
        (
            lambda: conv(groups=4).output([Shape(6, 3, 3)]),
            "c1: takes 6 channels from 'input', which its 4 groups do not divide; groups must divide the channels of the input",
        ),
        (lambda: ChannelPad(name="p", inputs=("a",), before=-1), "p: before must be at least 0, not -1"),
        (lambda: Slice(name="s", inputs=("a",), start=0, stop=1, step=0), "s: step must be at least 1, not 0"),
        (
            lambda: Slice(name="s", inputs=("a",), start=0, stop=1, axis="row"),
            "s: axis must be 'channels' or 'rows' or 'columns', not 'row'",
        ),  # type: ignore[arg-type]
        (lambda: Slice(name="s", inputs=("a",), axis="rows", start=0, stop=9).output([Shape(2, 8, 9)]), "s: takes rows up to 9, 'a' has 8"),
        (lambda: Upsample(name="u", inputs=("a",), factor=0), "u: factor must be at least 1, not 0"),
        (lambda: Concat(name="c", inputs=()), "c: inputs must be at least 1, not 0"),
        (lambda: conv(groups=-2), "c1: groups must be at least 1, not -2"),
        (lambda: conv(out_channels=1.5), "c1: out_channels must be an integer, not 1.5"),
        (lambda: conv(out_channels="4"), "c1: out_channels must be an integer, not '4'"),
        (lambda: conv(out_channels=True), "c1: out_channels must be an integer, not True"),
        (lambda: conv(weights="ternary"), "c1: weights must be 'binary' or 'real', not 'ternary'"),
        (lambda: conv(maps="signs"), "c1: maps must be 'binary' or 'real', not 'signs'"),
        (lambda: conv(pad=2), "c1: pad must be -1 or 0 or 1, not 2"),
        (lambda: conv(window=3), "c1: window must be a Window, such as Window.square(3), not 3"),
        (lambda: conv(inputs=()), "c1: inputs must be a tuple of 1 name, not ()"),
        (lambda: conv(inputs=("a", "b")), "c1: inputs must be a tuple of 1 name, not ('a', 'b')"),
        (lambda: Sign(name="s", inputs=("a",), zero=0), "s: zero must be -1 or 1, not 0"),  # type: ignore[arg-type]
        (lambda: Sign(name="s", inputs=(None,)), "s: inputs must be a tuple of 1 name, not (None,)"),  # type: ignore[arg-type]
        (lambda: Add(name="s", inputs=("a", "b"), gain=0.5), "s: gain must be an integer, not 0.5"),  # type: ignore[arg-type]
        (lambda: Add(name="s", inputs=("a",)), "s: inputs must be a tuple of 2 names, not ('a',)"),  # type: ignore[arg-type]
        (lambda: Dense(name="d", inputs=("a",), features=0), "d: features must be at least 1, not 0"),
        (lambda: Dense(name="d", inputs=("a",), features=-1), "d: features must be at least 1, not -1"),
        (lambda: GlobalMean(name="g", inputs=("a", "b")), "g: inputs must be a tuple of 1 name, not ('a', 'b')"),  # type: ignore[arg-type]
        (lambda: Thermometer(name="t", inputs=("a",), levels=0), "t: levels must be at least 1, not 0"),
        (lambda: Thermometer(name="t", inputs=("a",), levels=2, fill=-1), "t: fill must be at least 0, not -1"),
        (lambda: Upsample(name="u", inputs=("a",), factor=1.5), "u: factor must be an integer, not 1.5"),  # type: ignore[arg-type]
        (lambda: Concat(name="c", inputs=None), "c: inputs must be a tuple of names, not None"),  # type: ignore[arg-type]
        (lambda: pool(MaxPool, 0), "p: kernel must be 2 integers of at least 1, (rows, columns), not (0, 0)"),
        (lambda: pool(MeanPool, 2, stride=0), "p: stride must be 2 integers of at least 1, (rows, columns), not (0, 0)"),
        (
            lambda: Concat(name="c", inputs=("a", "b")).output([Shape(2, 3, 3), Shape(1, 3, 4)]),
            "c: cannot put 2 x 3 x 3 and 1 x 3 x 4 side by side; all inputs must have the same rows and columns",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_the_layers_name(make: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        make()
    assert str(failure.value) == sentence


def pool(kind: type[MaxPool | MeanPool], kernel: int, **slide: int) -> Layer:
    return kind(name="p", inputs=("a",), window=Window.square(kernel, **slide))


def conv(**changes: Any) -> Conv:
    return Conv(**{"name": "c1", "inputs": (INPUT,), "out_channels": 4, "window": Window.square(3), **changes})


def test_a_map_put_together_holds_what_its_parts_do() -> None:
    layers: list[Layer] = [
        Sign(name="s", inputs=(INPUT,)),
        Sign(name="t", inputs=(INPUT,)),
        Concat(name="signs", inputs=("s", "t")),
        Upsample(name="large", inputs=("signs",), factor=2),
        conv(name="sums", inputs=("large",), maps="binary", scale=False, bias=False),
        Concat(name="twice", inputs=("sums", "sums")),
        Concat(name="mixed", inputs=("large", "large", INPUT)),
    ]
    with pytest.raises(InvalidInput, match="cannot put"):
        Network("n", Shape(2, 4, 4), layers)
    network = Network("n", Shape(2, 4, 4), [*layers[:-1], Concat(name="mixed", inputs=("s", INPUT))])
    assert [name for name in ("signs", "large", "mixed") if network.is_signs(name)] == ["signs", "large"]
    assert [name for name in ("sums", "twice", "mixed") if network.is_sums(name)] == ["sums", "twice"]


def test_drawn_constants_of_groups_keep_the_spread() -> None:
    """Of 64 channels in 16 groups each output sums up 4 * 9 products: weights [out, 3, 3, 4], factors by those 36."""
    layers: list[Layer] = [conv(out_channels=64, groups=16), Concat(name="both", inputs=("c1", "c1")), Sign(name="s", inputs=("both",))]
    network = Network("n", Shape(64, 9, 9), layers)
    parameters = random_parameters(network, 1)
    weights, scale = parameters["c1"].weights, parameters["c1"].scale
    assert weights is not None
    assert scale is not None
    assert weights.shape == (64, 3, 3, 4)
    assert (abs(scale.astype(float) / (2 / 36) ** 0.5 - 1) < 0.26).all(), "a quarter to either side of the root of 2 / 36"
    signs = dict(forward(Computation(network, parameters, random_inputs(network, 1), Exact())))["s"]
    assert 0.1 < (signs > 0).mean() < 0.9, "thresholds lie among the values that come"
