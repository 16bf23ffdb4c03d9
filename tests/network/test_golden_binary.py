"""Golden over signs, against oracles that share no line with it: integer correlations, plain loops, pencil, and whole networks again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain, product
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import correlate  # type: ignore[import-untyped,unused-ignore]

from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact, apply_in, forward, fused_for, padded, sequential
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, MeanPool, Sign, Thermometer
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.network.window import Window

Array = NDArray[Any]
SEEDS = st.integers(0, 2**32)


def square(kernel: int, stride: int, padding: int) -> Window:
    return Window.square(kernel, stride=stride, padding=padding)


def xnor(kernel: int, stride: int = 1, padding: int = 0, pad: Literal[-1, 0, 1] = 0, *, out_channels: int = 3, relu: bool = False) -> Conv:
    window = Window.square(kernel, stride=stride, padding=padding)
    kind: dict[str, Any] = {"maps": "binary", "pad": pad, "scale": False, "bias": False, "relu": relu}
    return Conv(name="conv", inputs=(INPUT,), out_channels=out_channels, window=window, **kind)


def whole(layer: Layer, x: Array, constants: Parameters = NO_PARAMETERS) -> Array:
    """A layer's output from a whole map, through its window and its padding."""
    shapes = [Shape(x.shape[2], x.shape[0], x.shape[1])]
    return Exact().apply(layer, [padded(x, layer.needs(0, layer.output(shapes).box, shapes), layer)], constants)


def signs(rng: np.random.Generator, *shape: int) -> Array:
    return 2 * rng.integers(0, 2, shape, np.int64) - 1


def norm(factor: float, offset: float) -> Parameters:
    return Parameters(scale=np.array([factor]), bias=np.array([offset]))


def drawing(bits: Array) -> str:
    """One channel, rows apart: + for +1, - for -1."""
    return " ".join("".join({1: "+", -1: "-"}[int(value)] for value in line) for line in bits[:, :, 0])


# --- convolutions ---

GEOMETRIES = [  # kernel, stride, padding, what is beyond the edge
    *[(1, 1, 0, 0), (1, 2, 0, 0), (2, 1, 0, 0), (3, 1, 0, 0), (3, 1, 1, 0), (3, 1, 1, 1), (3, 2, 1, 1), (3, 2, 1, -1)],
    *[(4, 1, 0, 0), (5, 1, 0, 0), (5, 1, 2, 0), (6, 1, 0, 0), (7, 1, 3, 0), (8, 2, 3, 0), (9, 1, 4, 1)],
]


def test_these_are_all_geometries_of_the_zoo() -> None:
    layers = [layer for name in zoo.names() for layer in zoo.build(name, (zoo.channels(name) or 16, 224, 224))]
    binary = [layer for layer in layers if isinstance(layer, Conv) and layer.maps == "binary"]
    assert {(layer.window, layer.pad) for layer in binary} == {(square(*window), pad) for *window, pad in GEOMETRIES}


@pytest.mark.parametrize(("kernel", "stride", "padding", "pad"), GEOMETRIES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_of_signs_are_those_of_two_integer_correlations(
    kernel: int, stride: int, padding: int, pad: Literal[-1, 0, 1], dtype: type[np.floating[Any]]
) -> None:
    rng = np.random.default_rng(kernel)
    x, weights = signs(rng, 11, 10, 5), signs(rng, 3, kernel, kernel, 5)
    padded = np.pad(x, ((padding, padding), (padding, padding), (0, 0)), constant_values=pad)
    planes = [
        sum(correlate(padded[:, :, i], weights[o, :, :, i], "valid", "direct")[::stride, ::stride] for i in range(5)) for o in range(3)
    ]
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (0, 1))[::stride, ::stride]
    expected = np.einsum("rwikl,okli->rwo", windows, weights)
    layer, constants = xnor(kernel, stride, padding, pad), Parameters(weights.astype(np.int8))
    y = apply_in(dtype, layer, [padded], constants)
    assert [y.dtype, expected.dtype] == [np.dtype(dtype), np.dtype(np.int64)]
    np.testing.assert_array_equal(np.stack(planes, axis=2), expected)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(whole(layer, x.astype(np.float64), constants), expected)
    np.testing.assert_array_equal(whole(replace(layer, relu=True), x.astype(np.float64), constants), np.where(expected < 0, 0, expected))


@pytest.mark.parametrize(
    ("pad", "sums", "bits"),
    [
        (-1, [[-1, 3, -1], [3, 9, 3], [-1, 3, -1]], "--- -+- ---"),
        (0, [[4, 6, 4], [6, 9, 6], [4, 6, 4]], "-+- +++ -+-"),
        (1, [[9, 9, 9], [9, 9, 9], [9, 9, 9]], "+++ +++ +++"),
    ],
)
def test_padding_by_hand(pad: Literal[-1, 0, 1], sums: list[list[int]], bits: str) -> None:
    """Nine taps of +1 over 3 x 3 pixels of +1, of which a corner has five beyond the edge and a side three; +1 is a sum of 5 or more."""
    y = whole(xnor(3, 1, 1, pad, out_channels=1), np.ones((3, 3, 1)), Parameters(np.ones((1, 3, 3, 1), np.int8)))
    assert y[:, :, 0].tolist() == sums
    assert drawing(whole(Sign(name="sign", inputs=("conv",)), y, norm(1, -5))) == bits


# --- signs ---


@pytest.mark.parametrize(
    ("zero", "factor", "offset", "bits"),
    [
        (1, 0.5, -1.5, "--+++"),
        (-1, 0.5, -1.5, "---++"),
        (1, -0.5, 1.5, "+++--"),
        (-1, -0.5, 1.5, "++---"),
        (1, 0.5, -1.25, "--+++"),  # 2.5: no sum is the threshold, so nothing is left to choose
        (-1, 0.5, -1.25, "--+++"),
        (1, 0.0, 0.0, "+++++"),
        (-1, 0.0, 0.0, "-----"),
        (1, 0.0, -1.0, "-----"),
        (-1, 0.0, 1.0, "+++++"),
    ],
)
def test_the_sign_of_zero(zero: Literal[-1, 1], factor: float, offset: float, bits: str) -> None:
    """Sums of 1 2 3 4 5; half of 3 less 1.5 is zero, from above and from below."""
    x = np.arange(1.0, 6.0).reshape(1, 5, 1)
    assert drawing(whole(Sign(name="sign", inputs=("x",), zero=zero), x, norm(factor, offset))) == bits


@pytest.mark.parametrize(("zero", "bit"), [(1, "+"), (-1, "-")])
def test_zeros_without_a_batch_norm_and_below_zero(zero: Literal[-1, 1], bit: str) -> None:
    sign, nothing = Sign(name="sign", inputs=("x",), zero=zero), np.zeros((1, 1, 1))
    assert drawing(whole(sign, nothing)) == drawing(whole(sign, -nothing)) == bit
    assert drawing(whole(sign, nothing, Parameters(scale=np.array([-1.0])))) == bit  # -0.0
    assert drawing(whole(sign, np.array([[[-3.0], [3.0]]]))) == "-+"


def test_a_sign_is_taken_in_float64_and_per_channel() -> None:
    """In float32 an offset of -1 + 2**-40 is -1, and its sum with 1 the zero that becomes -1 here."""
    sign, close = Sign(name="sign", inputs=("x",), zero=-1), Parameters(bias=np.array([-1 + 2.0**-40, -1.0, -1 - 2.0**-40]))
    y = apply_in(np.float32, sign, [np.ones((1, 1, 3), np.float32)], close)
    assert y.dtype == np.dtype(np.float32)
    assert y.ravel().tolist() == [1, -1, -1]


# --- pooling and signs ---

POOL = MaxPool(name="pool", inputs=("sums",), window=Window.square(2, stride=2))


@pytest.mark.parametrize(
    ("factor", "offset", "bits", "pooled_first", "signed_first"),
    [
        (1, -4, "-- -+", "+", "+"),  # OR
        (1, -5, "-- --", "-", "-"),
        (-1, 2.5, "++ --", "-", "+"),  # AND: an OR of these bits would be wrong
        (-1, 3, "++ +-", "-", "+"),
        (-1, 4, "++ ++", "+", "+"),  # 4 - 4 is the zero that becomes +1
    ],
)
def test_a_maximum_and_a_sign_by_hand(factor: float, offset: float, bits: str, pooled_first: str, signed_first: str) -> None:
    """Sums of 1 2 over 3 4: with a negative factor the largest sum gives the smallest sign."""
    x, sign = np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), Sign(name="sign", inputs=("x",))
    found = whole(sign, x, norm(factor, offset))
    assert drawing(found) == bits
    assert drawing(whole(sign, whole(POOL, x), norm(factor, offset))) == pooled_first
    assert drawing(whole(POOL, found)) == signed_first == ("+" if "+" in bits else "-")


FACTORS, ZEROS = st.sampled_from([-2.0, -0.5, 0.5, 2.0]), st.sampled_from([-1, 1])


@given(st.data(), st.integers(1, 3), st.integers(1, 2), FACTORS, st.integers(-4, 4), ZEROS)
def test_a_maximum_then_a_sign_is_an_or_or_an_and_of_bits(
    data: st.DataObject, kernel: int, stride: int, factor: float, offset: int, zero: Literal[-1, 1]
) -> None:
    """OR of the bits of the real pixels where the factor is positive, AND where it is negative; padding has no say."""
    padding = data.draw(st.integers(0, kernel // 2))
    sums = np.array(data.draw(st.lists(st.integers(-5, 5), min_size=20, max_size=20)), np.float64).reshape(4, 5, 1)
    pool, sign = replace(POOL, window=Window.square(kernel, stride=stride, padding=padding)), Sign(name="sign", inputs=("pool",), zero=zero)
    y = whole(sign, whole(pool, sums), norm(factor, offset))
    normed = factor * sums[:, :, 0] + offset
    bits = normed >= 0 if zero > 0 else normed > 0
    for (row, column, _), value in np.ndenumerate(y):
        top, left = row * stride - padding, column * stride - padding
        under = bits[max(0, top) : top + kernel, max(0, left) : left + kernel]
        assert value == (1 if (under.any() if factor > 0 else under.all()) else -1)


@given(st.integers(1, 4), st.integers(1, 3), st.data(), SEEDS)
def test_a_mean_counts_padding_as_zeros(kernel: int, stride: int, data: st.DataObject, seed: int) -> None:
    padding = data.draw(st.integers(0, kernel // 2))
    x = np.random.default_rng(seed).integers(-8, 9, (6, 7, 2)).astype(np.float64)
    y = whole(MeanPool(name="pool", inputs=(INPUT,), window=Window.square(kernel, stride=stride, padding=padding)), x)
    rows, columns = (len(range(-padding, size + padding - kernel + 1, stride)) for size in (6, 7))
    assert y.shape == (rows, columns, 2)
    for row, column, channel in product(range(rows), range(columns), range(2)):
        total = 0
        for r, w in product(range(kernel), range(kernel)):
            at = row * stride - padding + r, column * stride - padding + w
            total += x[(*at, channel)] if 0 <= at[0] < 6 and 0 <= at[1] < 7 else 0
        assert y[row, column, channel] == total / kernel**2


# --- the others ---


def test_a_thermometer_by_hand() -> None:
    """Four levels, the steps at 1/8 3/8 5/8 7/8; the first channel's levels, the second's, and one more of +1."""
    layer = Thermometer(name="code", inputs=(INPUT,), levels=4, fill=1)
    x = np.array([[[0.0, 1.0], [0.125, 0.874], [0.5, 0.375]]])
    y = whole(layer, x)
    assert y.shape == (1, 3, 9)
    assert ["".join("+" if value == 1 else "-" for value in pixel) for pixel in y[0]] == ["----+++++", "+---+++-+", "++--++--+"]
    assert set(np.unique(y)) == {-1, 1}


@pytest.mark.parametrize(("gain", "relu", "expected"), [(1, False, [4, -4, 6]), (24, False, [27, -27, 29]), (24, True, [27, 0, 29])])
def test_the_gain_is_that_of_the_second_map(gain: int, relu: bool, expected: list[int]) -> None:
    layer = Add(name="add", inputs=("sums", "signs"), gain=gain, relu=relu)
    sums, bypass = np.array([[[3.0, -3.0, 5.0]]]), np.array([[[1.0, -1.0, 1.0]]])
    assert Exact().apply(layer, [sums, bypass], NO_PARAMETERS).ravel().tolist() == expected


def chained() -> Network:
    """A 1 x 1 convolution, two sums, a sign; the input is the second sum's bypass, the signs are the first one's."""
    return Network(
        "chain", Shape(2, 1, 1),
        [
            Sign(name="signs", inputs=(INPUT,)),
            replace(xnor(1, out_channels=2), inputs=("signs",)),
            Add(name="one", inputs=("conv", "signs"), gain=3, relu=False),
            Add(name="two", inputs=("one", INPUT), relu=False),
            Sign(name="sign", inputs=("two",)),
        ],
    )  # fmt: skip


def test_layers_in_one_go_each_take_their_own_bypass() -> None:
    """Sums of 1 - 1 and -1 - 1; three times + and - make them 3 and -5, the input 8 and -12; 8 - 9 is negative, 12 - 9 is not."""
    network, constants = chained(), {"conv": Parameters(np.array([[1, 1], [-1, 1]], np.int8).reshape(2, 1, 1, 2))}
    constants["sign"] = Parameters(scale=np.array([1.0, -1.0]), bias=np.array([-9.0, -9.0]))
    x = np.array([[[5.0, -7.0]]])
    computation = Computation(network, constants, {INPUT: x}, Exact())
    names, bits = ("conv", "one", "two", "sign"), np.array([[[1.0, -1.0]]])
    layers = [network[name] for name in names]
    maps = dict(forward(computation))
    assert [maps[name].ravel().tolist() for name in names] == [[0, -2], [3, -5], [8, -12], [-1, 1]]
    assert computation.fused(layers[:3], [bits, bits, x], (0, 2)).ravel().tolist() == [8, -12]
    assert computation.fused(layers, [bits, bits, x], (0, 2)).ravel().tolist() == [-1, 1]
    assert computation.fused(layers, [bits, bits[:, :, 1:], x[:, :, 1:]], (1, 2)).ravel().tolist() == [1]
    theirs = [constants["conv"], NO_PARAMETERS]
    assert sequential(Exact(), layers[:2], [bits, 10 * bits], theirs).ravel().tolist() == [30, -32]


POOLS = [
    (kind, kernel, stride, padding)
    for kind in (MaxPool, MeanPool)
    for kernel, stride, padding in ((3, 2, 1), (2, 1, 1), (3, 1, 1), (3, 3, 0))
]


def pooling(kind: type[MaxPool | MeanPool], kernel: int, stride: int, padding: int, *, bypass: bool) -> Network:
    """Signs, a convolution of 3 x 3, perhaps its bypass, a pooling of the sums and their sign."""
    summed = "sum" if bypass else "conv"
    return Network(
        "pooling", Shape(5, 7, 9),
        [
            Sign(name="signs", inputs=(INPUT,)),
            replace(xnor(3, padding=1, pad=1, out_channels=5), inputs=("signs",)),
            *([Add(name="sum", inputs=("conv", "signs"), gain=3, relu=False)] if bypass else []),
            kind(name="pool", inputs=(summed,), window=Window.square(kernel, stride=stride, padding=padding)),
            Sign(name="sign", inputs=("pool",)),
        ],
    )  # fmt: skip


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize(("kind", "kernel", "stride", "padding"), POOLS)
def test_a_pooling_in_one_go_over_the_whole_map_is_padded_as_if_alone(
    kind: type[MaxPool | MeanPool], kernel: int, stride: int, padding: int, bypass: bool
) -> None:
    """The last pool's windows stop short of the edge. Channel 0 is negative throughout, so a maximum with zeros would show."""
    network, rng = pooling(kind, kernel, stride, padding, bypass=bypass), np.random.default_rng(7)
    x, weights = rng.normal(1.5, 1, (7, 9, 5)), signs(rng, 5, 3, 3, 5).astype(np.int8)
    weights[0] = -1
    norms = Parameters(scale=np.array([1.0, -1.0, 0.5, -0.5, 1.0]), bias=np.array([20.0, 2.0, -3.0, 1.0, 0.0]))
    computation = Computation(network, {"conv": Parameters(weights), "sign": norms}, {INPUT: x}, Exact())
    maps = dict(forward(computation))
    names = ("conv", *(["sum"] if bypass else []), "pool", "sign")
    layers = [network[name] for name in names]
    operands = [np.pad(maps["signs"], ((1, 1), (1, 1), (0, 0)), constant_values=1), *([maps["signs"]] if bypass else [])]
    for last in range(1, len(names) + 1):
        found = computation.fused(layers[:last], operands, (0, 5))
        np.testing.assert_array_equal(found, maps[names[last - 1]], err_msg=names[last - 1])
    some = computation.fused(layers, [operands[0], *(one[:, :, 1:4] for one in operands[1:])], (1, 4))
    np.testing.assert_array_equal(some, maps["sign"][:, :, 1:4])
    assert set(np.unique(maps["sign"])) == {-1, 1}
    assert (maps["pool"][:, :, 0] < 0).all()


@pytest.mark.parametrize(("kind", "kernel", "stride", "padding"), POOLS)
def test_a_block_of_a_pooling_in_one_go_is_padded_only_at_the_edge_of_the_map(
    kind: type[MaxPool | MeanPool], kernel: int, stride: int, padding: int
) -> None:
    """Every pixel by itself, from the inputs under it: a padding between two of them would show."""
    network, rng = pooling(kind, kernel, stride, padding, bypass=False), np.random.default_rng(7)
    constants = {"conv": Parameters(signs(rng, 5, 3, 3, 5).astype(np.int8)), "sign": Parameters()}
    computation = Computation(network, constants, {INPUT: rng.normal(1.5, 1, (7, 9, 5))}, Exact())
    maps, names = dict(forward(computation)), ("conv", "pool", "sign")
    rows, columns = maps["sign"].shape[:2]
    for row, column in product(range(rows), range(columns)):
        pixel = Box(0, 5, row, row + 1, column, column + 1)
        needed = network["conv"].needs(0, network.under(names, pixel)[0], [network.shape("signs")])
        window = padded(maps["signs"], needed, network["conv"])
        for last in range(1, len(names) + 1):
            found = computation.fused(fused_for(network, names, pixel)[:last], [window], (0, 5))
            block = network.under(names, pixel)[last - 1]
            wanted = maps[names[last - 1]][block.slices(network.shape(names[last - 1]).box)]
            np.testing.assert_array_equal(found, wanted, err_msg=f"{names[last - 1]} at {pixel}")


# --- whole networks, written down again ---


def slid(x: Array, kernel: int, stride: int, padding: int, beyond: float, value: Callable[[Array], list[Any]]) -> Array:
    """What *value* makes of each window, row by row."""
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)), constant_values=beyond)
    rows, columns = (range(0, size - kernel + 1, stride) for size in x.shape[:2])
    return np.array([[value(x[r : r + kernel, w : w + kernel]) for w in columns] for r in rows])


def sums(x: Array, its: Parameters, stride: int = 1, padding: int = 0, beyond: int = 0) -> Array:
    assert its.weights is not None
    weights = its.weights.astype(np.int64)
    return slid(x.astype(np.int64), weights.shape[1], stride, padding, beyond, lambda window: [(window * one).sum() for one in weights])


def real(x: Array, its: Parameters) -> Array:
    """A 3 x 3 convolution of FP16 numbers: products and sums of 27 of them are exact in float64, in any order."""
    assert its.weights is not None
    y = slid(x, 3, 1, 1, 0, lambda window: [(window * one.astype(np.float64)).sum() for one in its.weights])  # type: ignore[union-attr]
    y = y * np.asarray(its.scale, np.float64) + np.asarray(its.bias, np.float64)
    return np.where(y < 0, 0, y)


def bits(x: Array, its: Parameters) -> Array:
    assert its.scale is not None
    assert its.bias is not None
    return np.where(x * its.scale + its.bias >= 0, 1, -1)


def largest(x: Array, kernel: int, stride: int, padding: int = 0) -> Array:
    return slid(x, kernel, stride, padding, -99_999, lambda window: [plane.max() for plane in np.moveaxis(window, 2, 0)])


def pooled(x: Array, p: Mapping[str, Parameters]) -> dict[str, Array]:
    y = {"stem": real(x, p["stem"])}
    y["sign0"] = bits(y["stem"], p["sign0"])
    y["conv1"] = np.maximum(sums(y["sign0"], p["conv1"], padding=2), 0)
    y["pool1"] = largest(y["conv1"], 3, 2)
    y["sign1"] = bits(y["pool1"], p["sign1"])
    y["conv2"] = sums(y["sign1"], p["conv2"], stride=2, padding=1, beyond=-1)
    y["sign2"] = bits(y["conv2"], p["sign2"])
    y["pool2"] = largest(y["sign2"], 2, 1, padding=1)
    y["conv3"] = sums(y["pool2"], p["conv3"])
    fc = p["fc"]
    assert fc.weights is not None
    assert fc.bias is not None
    y["fc"] = np.array([[[(one * y["conv3"].ravel()).sum() for one in fc.weights.astype(np.float64)] + fc.bias]])
    return y


def kernels(x: Array, p: Mapping[str, Parameters]) -> dict[str, Array]:
    y = {"sign0": bits(x, p["sign0"])}
    y["conv1"] = sums(y["sign0"], p["conv1"], padding=4, beyond=1)
    y["pool1"] = slid(y["conv1"], 2, 2, 0, 0, lambda window: [plane.sum() / 4 for plane in np.moveaxis(window, 2, 0)])
    y["sign1"] = bits(y["pool1"], p["sign1"])
    y["conv2"] = sums(y["sign1"], p["conv2"], stride=2, padding=3)
    y["sign2"] = bits(y["conv2"], p["sign2"])
    return y


def groupnet(x: Array, p: Mapping[str, Parameters]) -> dict[str, Array]:
    """Two stages of two blocks of two branches; gains of 2 * 9 * 16 = 288 and 2 * 9 * 32 = 576, whose roots are 16.97 and 24."""
    y = {"stem": real(x, p["stem"])}
    at = y["sign0"] = bits(y["stem"], p["sign0"])
    for block, stride, gain in (("layer1.0", 1, 16), ("layer1.1", 1, 16), ("layer2.0", 2, 0), ("layer2.1", 1, 24)):
        total, parts = gain * at if gain else 0, []
        for branch in (f"{block}.base1", f"{block}.base2"):
            if not gain:
                parts.append(f"{branch}.down")
                y[parts[-1]] = sums(at, p[parts[-1]], stride)
            y[f"{branch}.conv1"] = sums(at, p[f"{branch}.conv1"], stride, 1, beyond=1)
            y[f"{branch}.sign1"] = bits(y[f"{branch}.conv1"], p[f"{branch}.sign1"])
            parts.append(f"{branch}.conv2")
            y[parts[-1]] = sums(y[f"{branch}.sign1"], p[parts[-1]], 1, 1, beyond=1)
        y[f"{block}.add"] = total + np.sum([y[part] for part in parts], axis=0)
        if block != "layer2.1":
            at = y[f"{block}.sign"] = bits(y[f"{block}.add"], p[f"{block}.sign"])
    y["mean"] = np.array([[[plane.sum() / plane.size for plane in np.moveaxis(y["layer2.1.add"], 2, 0)]]])
    return y


def lively(network: Network, x: Array, seed: int) -> dict[str, Parameters]:
    """Drawn constants, but the zero of each batch norm is what comes in the middle of its map, so that values lie on it and around it."""
    constants = random_parameters(network, seed)
    for name, values in chain([(INPUT, x)], forward(Computation(network, constants, {INPUT: x}, Exact()))):
        for sign in network.consumers(name):
            if isinstance(network[sign], Sign):
                factor, middle = constants[sign].scale, values[values.shape[0] // 2, values.shape[1] // 2]
                constants[sign] = Parameters(scale=factor, bias=-(factor * middle))
    return constants


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("name", "shape", "again"),
    [
        ("tiny_xnor_pooled", (3, 14, 11), pooled),
        ("tiny_xnor_kernels", (3, 13, 12), kernels),
        ("tiny_groupnet", (3, 7, 6), groupnet),
    ],
)
def test_a_whole_network_is_what_plain_loops_say(
    name: str, shape: tuple[int, int, int], again: Callable[[Array, Mapping[str, Parameters]], dict[str, Array]], seed: int
) -> None:
    network = zoo.build(name, shape)
    x = random_inputs(network, seed)[INPUT].astype(np.float64)
    constants = lively(network, x, seed)
    maps, expected = dict(forward(Computation(network, constants, {INPUT: x}, Exact()))), again(x, constants)
    assert {name for name in maps if name not in expected} == {name for name in maps if ".add" in name and not name.endswith("add")}
    for layer, values in expected.items():
        np.testing.assert_array_equal(maps[layer], values, err_msg=layer)
    of_signs = [maps[layer.name] for layer in network if isinstance(layer, Sign)]
    assert all(0.2 < (bits > 0).mean() < 0.9 for bits in of_signs)


# --- drawn batch norms ---

CHANNELS = 4000


def drawn_norms(seed: int, *before: Layer, name: str = "sign", channels: int = 5, relu: bool = False) -> tuple[Array, Array]:
    """Of signs over sums of 9 products per input channel, through layers *before* them."""
    layers: list[Layer] = [
        Sign(name="s", inputs=(INPUT,)),
        replace(xnor(3, out_channels=CHANNELS, relu=relu), inputs=("s",)),
        *before,
        Sign(name=name, inputs=(before[-1].name if before else "conv",)),
    ]
    its = random_parameters(Network("n", Shape(channels, 5, 5), layers), seed)[name]
    assert its.scale is not None
    assert its.bias is not None
    assert its.weights is None
    return its.scale, its.bias


def on_integers(factor: Array, offset: Array) -> Array:
    """Where the value that the batch norm makes zero of, exactly zero, is an integer."""
    exact: Array = factor * np.round(-offset / factor) + offset == 0
    return exact


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(
    ("before", "channels"),
    [
        ((), 5),
        ((), 64),
        ((replace(POOL, inputs=("conv",), window=Window.square(3, stride=2)),), 5),
        ((replace(POOL, inputs=("conv",), window=Window.square(2, stride=2, padding=1)),), 64),
        ((MeanPool(name="pool", inputs=("conv",), window=Window.square(3, stride=2)),), 64),
    ],
)
def test_half_of_the_drawn_thresholds_of_sums_are_integers_in_both_directions(before: tuple[Layer, ...], channels: int, relu: bool) -> None:
    """So that sums come that are exactly zero behind the batch norm, on channels with either sign of the factor."""
    factor, offset = drawn_norms(3, *before, channels=channels, relu=relu)
    assert factor.dtype == offset.dtype == np.float64
    exact = on_integers(factor, offset)
    assert 0.45 < exact.mean() < 0.55
    assert 0.22 < (factor < 0).mean() < 0.28
    assert 0.22 < (factor[exact] < 0).mean() < 0.28
    assert ((np.abs(factor) >= 0.5) & (np.abs(factor) <= 1.5)).all()
    zeros = -offset / factor
    assert len(set(np.round(zeros[exact]))) > (5 if before or relu else 10)
    if relu:
        assert zeros.min() >= 0


@pytest.mark.parametrize("channels", [5, 64])
def test_thresholds_of_sums_spread_with_the_root_of_their_products(channels: int) -> None:
    factor, offset = drawn_norms(3, channels=channels)
    assert np.std(-offset / factor) == pytest.approx(0.4 * (9 * channels) ** 0.5, rel=0.05)
    assert np.mean(-offset / factor) == pytest.approx(0, abs=0.02 * (9 * channels) ** 0.5)


def test_thresholds_of_real_maps_are_no_integers() -> None:
    """Their values lie around one: rounded, most zeros would be 0 or 1 and lie at or beyond the edge of what comes."""
    conv = Conv(name="conv", inputs=(INPUT,), out_channels=CHANNELS, window=Window.square(1), weights="real")
    for network, sign in (
        (Network("n", Shape(3, 2, 2), [conv, Sign(name="sign", inputs=("conv",))]), "sign"),
        (Network("n", Shape(CHANNELS, 1, 1), [Sign(name="signs", inputs=(INPUT,))]), "signs"),
    ):
        its = random_parameters(network, 3)[sign]
        assert its.scale is not None
        assert its.bias is not None
        assert not on_integers(its.scale, its.bias).any()
        assert 0.22 < (its.scale < 0).mean() < 0.28


def test_drawn_norms_are_those_of_the_seed_and_of_the_name() -> None:
    factor, offset = drawn_norms(3)
    np.testing.assert_array_equal((factor, offset), drawn_norms(3))
    for other in (drawn_norms(4), drawn_norms(3, name="other")):
        assert not np.isin(other[0], factor).any()


def of_sums(network: Network, name: str) -> bool:
    """Whether a map holds sums of products of signs, or what a pooling makes of them."""
    layer = network[name] if name != INPUT else None
    return of_sums(network, layer.inputs[0]) if isinstance(layer, MaxPool | MeanPool) else network.is_sums(name)


@pytest.mark.parametrize(
    ("name", "shape", "seeds", "pictures"),
    [
        ("tiny_xnor_pooled", (3, 13, 17), 8, 1),
        ("tiny_groupnet", (3, 13, 17), 8, 1),
        pytest.param("cifar10_bnn", (3, 32, 32), 1, 4, marks=pytest.mark.slow),
        ("binary_resnet20", (3, 32, 32), 4, 1),
    ],
)
def test_drawn_zeros_lie_among_the_values_of_a_whole_network(name: str, shape: tuple[int, int, int], seeds: int, pictures: int) -> None:
    """In every map of signs most channels have both, and neither sign is rare. A map of one pixel is looked at over several pictures."""
    network = zoo.build(name, shape)
    layers = [layer for layer in network if isinstance(layer, Sign)]
    both: dict[str, list[bool]] = {layer.name: [] for layer in layers}
    plus, exact, flipped = {layer.name: list[float]() for layer in layers}, list[Array](), list[Array]()
    for seed in range(seeds):
        constants = random_parameters(network, seed)
        xs = [random_inputs(network, seed + number) for number in range(pictures)]
        found = [{name: y for name, y in forward(Computation(network, constants, x, Exact())) if name in both} for x in xs]
        for layer in layers:
            maps, its = [one[layer.name].reshape(-1, one[layer.name].shape[2]) for one in found], constants[layer.name]
            for signs in maps if len(maps[0]) > 1 else [np.concatenate(maps)]:
                both[layer.name] += (signs.min(axis=0) < signs.max(axis=0)).tolist()
                plus[layer.name].append(float((signs > 0).mean()))
            if of_sums(network, layer.inputs[0]):
                assert its.scale is not None
                assert its.bias is not None
                exact.append(on_integers(its.scale, its.bias))
                flipped.append(its.scale < 0)
    assert {layer for layer, channels in both.items() if np.mean(channels) <= 0.5} == set()
    assert {layer for layer, shares in plus.items() if not 0.25 < np.mean(shares) < 0.75} == set()
    integers, negative = np.concatenate(exact), np.concatenate(flipped)
    assert 0.45 < integers.mean() < 0.55
    assert 0.2 < negative[integers].mean() < 0.3
    assert 0.2 < negative[~integers].mean() < 0.3


@pytest.mark.parametrize("name", ["tiny_xnor_pooled", "tiny_groupnet"])
def test_the_sign_of_zero_shows_in_drawn_networks(name: str) -> None:
    """In every layer of signs of sums some values are zero behind the batch norm: with the other choice their bits, and no others, turn."""
    network = zoo.build(name, (3, 14, 12))
    constants, x = random_parameters(network, 0), random_inputs(network, 0)
    maps = dict(forward(Computation(network, constants, x, Exact())))
    layers = [layer for layer in network if isinstance(layer, Sign)]
    for layer in layers:
        values, its = maps[layer.inputs[0]], constants[layer.name]
        zeros = values * its.scale + its.bias == 0
        assert zeros.any() == of_sums(network, layer.inputs[0]), layer.name
        np.testing.assert_array_equal(Exact().apply(replace(layer, zero=-1), [values], its) != maps[layer.name], zeros)
    assert sum(of_sums(network, layer.inputs[0]) for layer in layers) == len(layers) - 1
