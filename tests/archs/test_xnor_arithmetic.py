"""The binary datapath's numbers against plain loops: thresholds over every sum there is, pooling on bits, partial sums in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from commands import invoke, write
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs._xnor_datapath.arithmetic import Xnor, folded, pooled_bits
from hyperdrive_sim.errors import Overflow
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact, forward, padded, sequential
from hyperdrive_sim.network.graph import INPUT
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, Sign
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.network.window import Window

XNORBIN = registry.load("xnorbin")
SEEDS = st.integers(0, 2**32 - 1)
Ints = NDArray[Any]


def chip(**settings: Any) -> Any:
    return XNORBIN.Spec(**settings)


def xnor(out: int = 3, kernel: int = 1, stride: int = 1, **more: Any) -> Conv:
    window = Window.square(kernel, stride=stride, padding=more.pop("padding", 0))
    fixed = {"out_channels": out, "window": window, "maps": "binary", "scale": False, "bias": False, "relu": False}
    return Conv(**{"name": "conv", "inputs": (INPUT,), **fixed, **more})


def signs(rng: np.random.Generator, *shape: int) -> NDArray[np.int8]:
    return rng.choice(np.array([-1, 1], np.int8), shape)


def norm(*channels: tuple[float, float]) -> Parameters:
    """Factor and offset of each channel."""
    factors, offsets = zip(*channels, strict=True)
    return Parameters(scale=np.array(factors, float), bias=np.array(offsets, float))


# --- a batch norm and a sign as one integer ---


def bits(channel: tuple[float, float], most: int, *, zero: Any = 1, relu: bool = False) -> str:
    """What becomes of every sum of a word, from the least to the largest."""
    rule = folded(Sign(name="sign", inputs=("conv",), zero=zero), norm(channel), most, relu=relu)
    sums = np.arange(-most - 1, most + 1, dtype=np.int32).reshape(-1, 1, 1)
    return "".join("+" if bit > 0 else "-" for bit in rule.signs(sums).ravel().tolist())


@pytest.mark.parametrize(
    ("channel", "zero", "relu", "expected"),
    [  # of sums -4 -3 -2 -1 0 1 2 3
        ((1, 0), 1, False, "----++++"),
        ((1, 0), -1, False, "-----+++"),
        ((-1, 0), 1, False, "+++++---"),
        ((-1, 0), -1, False, "++++----"),
        ((2, -3), 1, False, "------++"),  # from 1.5 on, a tie with nothing
        ((2, -3), -1, False, "------++"),
        ((0.5, 1), 1, False, "--++++++"),  # -2 is the tie
        ((0.5, 1), -1, False, "---+++++"),
        ((-0.5, -1), 1, False, "+++-----"),
        ((-0.5, -1), -1, False, "++------"),
        ((0, 1), 1, False, "++++++++"),
        ((0, -1), 1, False, "--------"),
        ((0, 0), 1, False, "++++++++"),
        ((0, 0), -1, False, "--------"),
        ((1, 4), 1, False, "++++++++"),  # -4 is the tie, and the least sum
        ((1, 4), -1, False, "-+++++++"),
        ((1, -3), 1, False, "-------+"),
        ((1, -3), -1, False, "--------"),
        ((-1, 3), 1, False, "++++++++"),
        ((-1, -4), 1, False, "+-------"),
        ((-1, -4), -1, False, "--------"),
        ((1, 0), 1, True, "++++++++"),  # a ReLU makes of all sums below 0 a 0
        ((1, 0), -1, True, "-----+++"),
        ((1, 1), 1, True, "++++++++"),
        ((-1, 0), 1, True, "+++++---"),
        ((-1, 0), -1, True, "--------"),
        ((-1, 2), -1, True, "++++++--"),
        ((-1, -1), 1, True, "--------"),
    ],
)  # fmt: skip
def test_bits_of_three_bit_sums(channel: tuple[float, float], zero: int, relu: bool, expected: str) -> None:
    assert bits(channel, 3, zero=zero, relu=relu) == expected


def sign_of(value: float, zero: int) -> str:
    return "-+"[value > 0 or (value == 0 and zero > 0)]


EIGHTHS = st.integers(-40, 40).map(lambda eighths: eighths / 8)
TIES = st.tuples(EIGHTHS, st.integers(-40, 40)).map(lambda drawn: (drawn[0], -drawn[0] * drawn[1]))
CHANNELS = TIES | st.tuples(EIGHTHS, EIGHTHS) | st.tuples(st.floats(-10, 10), st.floats(-300, 300)) | st.tuples(st.just(0.0), EIGHTHS)


@settings(deadline=None)
@given(CHANNELS, st.sampled_from([-1, 1]), st.booleans(), st.integers(2, 7))
def test_every_sum_of_a_word_becomes_the_bit_of_its_batch_norm(channel: tuple[float, float], zero: int, relu: bool, width: int) -> None:
    """Also where the sum is exactly the threshold, and where no sum reaches it."""
    most = 2 ** (width - 1) - 1
    factor, offset = channel
    expected = [sign_of(factor * (max(total, 0) if relu else total) + offset, zero) for total in range(-most - 1, most + 1)]
    assert bits(channel, most, zero=zero, relu=relu) == "".join(expected)


@pytest.mark.parametrize("width", [2, 16, 24, 30])
def test_constants_of_words_of_any_width(width: int) -> None:
    """The least and the largest sum of a word, with thresholds that no sum reaches."""
    most = 2 ** (width - 1) - 1
    rule = folded(
        Sign(name="sign", inputs=("conv",)), norm((0, 1), (0, -1), (1, 2.0**40), (1, -(2.0**40)), (-1, 2.0**40), (-1, -(2.0**40))), most
    )
    for total in (-most - 1, 0, most):
        assert rule.signs(np.full((1, 1, 6), total, np.int32)).ravel().tolist() == [1, -1, 1, -1, 1, -1]


def test_no_word_is_wider_than_those() -> None:
    """One bit more than the largest sum must fit 32 bits, too."""
    assert chip(psum_word_bits=30)
    with pytest.raises(ValidationError):
        chip(psum_word_bits=31)


# --- pooling on bits ---


@st.composite
def pools(draw: st.DrawFn) -> MaxPool:
    kernel = draw(st.integers(1, 3))
    window = Window.square(kernel, stride=draw(st.integers(1, 3)), padding=draw(st.integers(0, kernel - 1)))
    return MaxPool(name="pool", inputs=("sign",), window=window)


def windows(size: int, pool: MaxPool) -> list[range]:
    """The pixels of a row or column under each position of the window, without the padding."""
    kernel, stride, _, before, after = pool.window.rows
    starts = range(-before, size + after - kernel + 1, stride)
    return [range(max(0, start), min(size, start + kernel)) for start in starts]


@settings(deadline=None)
@given(pools(), st.integers(3, 6), st.integers(3, 6), SEEDS)
def test_bits_are_pooled_by_or_and_by_and(pool: MaxPool, rows: int, columns: int, seed: int) -> None:
    """Beyond the edge is nothing: neither a one for OR nor a zero for AND."""
    x = signs(np.random.default_rng(seed), rows, columns, 4)
    y = pooled_bits(x, pool, np.array([False, True, False, True]))
    for channel, (row, under), (column, left) in product(range(4), enumerate(windows(rows, pool)), enumerate(windows(columns, pool))):
        found = [x[r, c, channel] for r in under for c in left]
        assert y[row, column, channel] == (min(found) if channel % 2 else max(found))


# --- layers in one go ---

ORDERS = [  # behind the convolution
    "", "add", "sign", "sign pool", "pool sign", "add sign", "add sign pool",
]  # fmt: skip


class Fused(NamedTuple):
    """Layers with what they take: a map of signs that is padded already, a bypass, and each one's constants."""

    layers: list[Layer]
    operands: list[Array]
    parameters: list[Parameters]


def drawn(order: str, seed: int, pool: MaxPool, *, relu: bool) -> Fused:
    """Signs of 20 channels and zeros around them, kernel and stride at random; factors of both signs and 0, offsets that make ties."""
    rng = np.random.default_rng(seed)
    kernel, stride, out = int(rng.integers(1, 4)), int(rng.integers(1, 3)), 5
    x: Array = np.pad(signs(rng, 6, 7, 20), ((1, 1), (1, 1), (0, 0))).astype(np.float32)
    names = ["conv", *order.split()]
    last = {"relu": relu and "add" in names}
    makes: dict[str, Any] = {
        "conv": xnor(out, kernel, stride, relu=relu and "add" not in names),
        "add": Add(name="add", inputs=("conv", "bypass"), gain=int(rng.integers(1, 9)), **last),
        "sign": Sign(name="sign", inputs=("sums",), zero=-1 if seed % 2 else 1),
        "pool": pool,
    }
    shape = makes["conv"].output((Shape(20, 8, 9),))
    factors = rng.choice([-1.0, -0.375, 0.0, 0.5, 2.0], out)
    constants = {
        "conv": Parameters(signs(rng, out, kernel, kernel, 20)),
        "sign": Parameters(scale=factors, bias=-factors * rng.integers(-9, 10, out) + rng.choice([0.0, 0.25], out)),
    }
    bypass: Array = signs(rng, shape.rows, shape.columns, out).astype(np.float32)
    return Fused(
        [makes[name] for name in names], [x, *([bypass] if "add" in names else [])], [constants.get(n, Parameters()) for n in names]
    )


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("order", ORDERS)
@settings(deadline=None)
@given(pool=pools(), seed=SEEDS)
def test_the_hardware_s_order_gives_the_network_s_values(order: str, relu: bool, pool: MaxPool, seed: int) -> None:
    """Thresholds before pooling, one integer for batch norm and sign; against one layer after the other in float64."""
    case = drawn(order, seed, pool, relu=relu)
    expected = sequential(Exact(), *case)
    for kernel in ("numpy", "fastest"):
        y = Xnor(chip(), kernel).fused(*case)
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(sequential(Xnor(chip()), *case), expected)


def test_blocks_of_channels_have_constants_of_their_own() -> None:
    """One arithmetic, asked for channels 0:2 and 2:5 of two layers of one shape."""
    case = drawn("pool sign", 1, MaxPool(name="pool", inputs=("conv",), window=Window.square(2)), relu=False)
    whole, arithmetic = sequential(Exact(), *case), Xnor(chip())
    for start, stop in ((0, 2), (2, 5), (0, 5), (0, 2)):
        parameters = [its.channels(start, stop) for its in case.parameters]
        np.testing.assert_array_equal(arithmetic.fused(case.layers, case.operands, parameters), whole[:, :, start:stop])


def test_what_the_host_computes_is_ordinary_arithmetic() -> None:
    """A binary convolution with a batch norm of its own is not the datapath's: its factor counts."""
    x, weights = np.ones((1, 1, 4), np.float32), np.ones((1, 1, 1, 4), np.int8)
    conv = xnor(1, scale=True)
    assert Xnor(chip()).apply(conv, [x], Parameters(weights, scale=np.array([0.5]))).item() == 2.0
    assert Xnor(chip()).apply(xnor(1), [x], Parameters(weights)).item() == 4.0
    assert Xnor(chip()).apply(xnor(1, relu=True), [x], Parameters(-weights)).item() == 0.0


# --- partial sums ---

TINY = {"bpus": 2, "xnor_sums_per_bpu": 3, "word_bits": 4}


def parts(kernel: int, channels: int) -> Iterator[Box]:
    """Taps and channels of each pass on 2 x 3 units of four channels: the windows row by row, the words of each one after the other."""
    rows = {1: [(0, 1)], 2: [(0, 2)], 3: [(0, 2), (2, 3)], 4: [(0, 2), (2, 4)]}[kernel]
    columns = {1: [(0, 1)], 2: [(0, 2)], 3: [(0, 3)], 4: [(0, 2), (2, 4)]}[kernel]
    for (r0, r1), (w0, w1), c0 in product(rows, columns, range(0, channels, 4)):
        yield Box(c0, min(channels, c0 + 4), r0, r1, w0, w1)


def running(x: Ints, weights: Ints, stride: int, start: Ints | None) -> Iterator[Ints]:
    """What lies in memory after each pass, by plain loops."""
    out, kernel = weights.shape[:2]
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[:2])
    total = np.zeros((rows, columns, out), np.int64) if start is None else start.copy()
    for box in parts(kernel, x.shape[2]):
        taps = weights[:, box.r0 : box.r1, box.w0 : box.w1, box.c0 : box.c1]
        for row, column in product(range(rows), range(columns)):
            top, left = row * stride, column * stride
            under = x[top + box.r0 : top + box.r1, left + box.w0 : left + box.w1, box.c0 : box.c1]
            total[row, column] += (taps * under).sum(axis=(1, 2, 3))
        yield total.copy()


def first_beyond(sums: Iterator[Ints], width: int, name: str = "conv") -> str | None:
    """What is said of the first sum that does not fit: the first pass that has one, in it the first pixel, of that the first channel."""
    for after in sums:
        for row, column, channel in np.ndindex(*after.shape):
            if not -(2 ** (width - 1)) <= after[row, column, channel] < 2 ** (width - 1):
                where = f"channel {channel}, row {row}, column {column} of '{name}'"
                return f"a partial sum of {after[row, column, channel]} ({where}) does not fit {width} bits"
    return None


def said(conv: Conv, operands: list[Array], weights: Ints, width: int, *behind: Layer) -> str | None:
    try:
        Xnor(chip(psum_word_bits=width, **TINY)).fused([conv, *behind], operands, [Parameters(weights), *[Parameters()] * len(behind)])
    except Overflow as overflow:
        return str(overflow)
    return None


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 2), st.integers(1, 9), st.integers(2, 6), st.integers(0, 12), SEEDS)
def test_an_overflow_is_found_exactly_where_a_partial_sum_leaves_its_word(
    kernel: int, stride: int, channels: int, width: int, gain: int, seed: int
) -> None:
    """A map with zeros; *gain*: on top of a bypass of signs that weigh so much, 0 for none."""
    rng = np.random.default_rng(seed)
    x = signs(rng, 5, 6, channels) * rng.integers(0, 2, (5, 6, 1), np.int8)
    weights, conv = signs(rng, 2, kernel, kernel, channels), xnor(2, kernel, stride)
    rows, columns = ((size - kernel) // stride + 1 for size in (5, 6))
    bypass = signs(rng, rows, columns, 2)
    behind = [Add(name="add", inputs=("conv", "bypass"), gain=gain, relu=False)] if gain else []
    start = gain * bypass.astype(np.int64) if gain else None
    operands: list[Array] = [x.astype(np.float32), *([bypass.astype(np.float32)] if gain else [])]
    expected = first_beyond(running(x.astype(np.int64), weights.astype(np.int64), stride, start), width)
    assert said(conv, operands, weights, width, *behind) == expected


def pixel(*channels: int) -> Array:
    return np.array(channels, np.float32).reshape(1, 1, -1)


def weights_of(*channels: int) -> NDArray[np.int8]:
    return np.array(channels, np.int8).reshape(1, 1, 1, -1)


ONES = (1,) * 4


@pytest.mark.parametrize(
    ("values", "width", "what"),
    [
        ((*ONES,), 4, None),
        ((*ONES, *ONES[:3]), 4, None),  # 7 fits
        ((*ONES, *ONES), 4, 8),
        ((*(-v for v in ONES), *(-v for v in ONES)), 4, None),  # -8 fits
        ((*(-v for v in ONES), *(-v for v in ONES), -1), 4, -9),
        ((*ONES, *ONES, *(-v for v in ONES)), 4, 8),  # the final 4 would fit
        ((*ONES, *(-v for v in ONES), *ONES), 4, None),  # the same products in another order
        ((1, -1, 1, -1) * 4, 2, None),  # within a word nothing is kept
        ((1, 1, -1, -1, 1, 1, 1, -1), 2, 2),
    ],
)
def test_partial_sums_for_a_pencil(values: tuple[int, ...], width: int, what: int | None) -> None:
    """One pixel, words of four channels, weights of +1."""
    expected = None if what is None else f"a partial sum of {what} (channel 0, row 0, column 0 of 'conv') does not fit {width} bits"
    assert said(xnor(1), [pixel(*values)], weights_of(*[1] * len(values)), width) == expected


@pytest.mark.parametrize(
    ("bypass", "gain", "what"),
    [
        (1, 3, None),  # 3 + 4
        (1, 4, 8),
        (-1, 12, None),  # -12 + 4: what is added to need not be a word
        (-1, 13, -9),
        (3, 1, None),  # a sum of a convolution before
        (5, 1, 9),
    ],
)
def test_partial_sums_on_top_of_a_bypass(bypass: int, gain: int, what: int | None) -> None:
    """Four products of +1."""
    add = Add(name="add", inputs=("conv", "bypass"), gain=gain, relu=False)
    expected = None if what is None else f"a partial sum of {what} (channel 0, row 0, column 0 of 'conv') does not fit 4 bits"
    assert said(xnor(1), [pixel(*ONES), pixel(bypass)], weights_of(*ONES), 4, add) == expected


def test_an_overflow_names_the_channel_of_the_whole_layer() -> None:
    """Of a block of channels 16:18 the second, in the second of two pixels."""
    x = np.ones((1, 2, 8), np.float32)
    x[0, 0] = -1
    weights = np.array([[1, -1] * 4, [1] * 8], np.int8).reshape(2, 1, 1, 8)
    with pytest.raises(Overflow) as found:
        Xnor(chip(psum_word_bits=4, **TINY)).fused([xnor(2)], [x], [Parameters(weights, first=16)])
    assert str(found.value) == "a partial sum of 8 (channel 17, row 0, column 1 of 'conv') does not fit 4 bits"


def test_alone_a_layer_never_overflows() -> None:
    """Golden is the network's arithmetic, not a chip's."""
    arithmetic = Xnor(chip(psum_word_bits=2, **TINY))
    assert arithmetic.apply(xnor(1), [pixel(*ONES, *ONES)], Parameters(weights_of(*ONES, *ONES))).item() == 8


SCENARIO = """\
schema_version: 1
title: sums that are too wide
network: tiny_xnor
input_shape: [16, 9, 11]
seed: 3
architecture: xnorbin
"""


def test_check_finds_an_overflow(tmp_path: Path) -> None:
    """144 products, one pass: nine bits hold any sum, six do not; channel 0 comes first. A run computes nothing and finds nothing."""
    net = zoo.build("tiny_xnor", (16, 9, 11))
    computation = Computation(net, random_parameters(net, 3), random_inputs(net, 3), Exact())
    sums = dict(forward(computation))["conv"].astype(int)[..., :1]
    wide = write(tmp_path, "chip: {psum_word_bits: 9}\n", base=SCENARIO)
    assert invoke("check", wide).exit_code == 0
    narrow = write(tmp_path, "chip: {psum_word_bits: 6}\n", base=SCENARIO, name="narrow.yaml")
    assert invoke("run", narrow).exit_code == 0
    found = invoke("check", narrow, "--json")
    assert found.exit_code == 1
    sentence = first_beyond(iter([sums]), 6)
    assert sentence is not None
    assert json.loads(found.stdout)["function"]["failure"] == sentence
    assert f"FAULT  values     {sentence}" in invoke("check", narrow).stdout


def test_the_padding_of_a_map_counts_as_nothing() -> None:
    """Framed with zeros: nine taps of which four lie inside."""
    x: Array = np.ones((2, 2, 1), np.float32)
    conv = xnor(1, 3, padding=1)
    shape = Shape(1, 2, 2)
    window = padded(x, conv.needs(0, conv.output((shape,)).box, (shape,)), conv)
    assert Xnor(chip()).fused([conv], [window], [Parameters(np.ones((1, 3, 3, 1), np.int8))]).ravel().tolist() == [4.0] * 4
