"""Sums of signs from counts of bits: every identity against loops that share no line with it, the losses by hand and by chance."""

from __future__ import annotations

import tracemalloc
from itertools import product as combinations
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hyperdrive_sim.archs._nandnet.decomposition import (
    AND,
    NAND,
    NOR,
    OR,
    PRODUCTS,
    XNOR,
    Bits,
    Borders,
    Limit,
    Product,
    Rates,
    Taps,
    borders,
    chunked,
    compression,
    conversion,
    counts,
    kernels,
    loss,
    padded_map,
    rates,
    sums,
    sums_of,
    taps,
)
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.kernels.xnor import kernel
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.golden import Computation, Exact, forward, padded
from hyperdrive_sim.network.graph import INPUT
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.network.window import Window

Array = NDArray[Any]
Pad = Literal[-1, 0, 1]
SEEDS = st.integers(0, 2**32)
ALL = pytest.mark.parametrize("product", PRODUCTS.values(), ids=list(PRODUCTS))


def xnor(kernel: int, stride: int = 1, padding: int = 0, pad: Pad = 0, out_channels: int = 1) -> Conv:
    geometry: dict[str, Any] = {"out_channels": out_channels, "window": Window.square(kernel, stride=stride, padding=padding), "pad": pad}
    return Conv(name="conv", inputs=(INPUT,), maps="binary", scale=False, bias=False, relu=False, **geometry)


def signs(rng: np.random.Generator, *shape: int, p: float = 0.5) -> NDArray[np.int8]:
    return np.where(rng.random(shape) < p, 1, -1).astype(np.int8)


def convolved(x: Array, weights: Array, conv: Conv) -> Array:
    """Padded by hand, window by window."""
    edge, kernel, stride = conv.window.rows.before, conv.window.rows.kernel, conv.window.rows.stride
    around = np.pad(x.astype(np.int64), ((edge, edge), (edge, edge), (0, 0)), constant_values=conv.pad)
    rows, columns = ((size - kernel) // stride + 1 for size in around.shape[:2])
    y = np.zeros((rows, columns, len(weights)), np.int64)
    for row, column, out in combinations(range(rows), range(columns), range(len(weights))):
        r, c = row * stride, column * stride
        y[row, column, out] = (around[r : r + kernel, c : c + kernel] * weights[out]).sum()
    return y


def pixel(bits: str) -> Taps:
    """The window of a 1 x 1 convolution of a single pixel, whose channels are these bits."""
    return Taps(as_bits(bits)[None], np.ones((1, 1), np.bool_), 1, 1)


def as_bits(text: str) -> Bits:
    return np.array([bit == "1" for bit in text.replace(" ", "")])


def drawn(seed: int, positions: int, size: int, p: float = 0.5) -> Taps:
    """Windows of independent bits."""
    return Taps(np.random.default_rng(seed).random((positions, size)) < p, np.ones((positions, 1), np.bool_), positions, 1)


# --- sums: F1 to F6 ---


@given(
    SEEDS,
    st.integers(1, 6),
    st.sampled_from([1, 2]),
    st.sampled_from([-1, 0, 1]),
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 4), st.integers(1, 7), st.integers(1, 3)),
)
@settings(max_examples=60)
def test_sums_are_those_of_the_convolution(seed: int, size: int, stride: int, pad: Pad, more: tuple[int, int, int, int, int]) -> None:
    padding, rows, columns, channels, out_channels = more
    rng, conv = np.random.default_rng(seed), xnor(size, stride, padding, pad, out_channels)
    x, weights = signs(rng, size + rows, size + columns, channels), signs(rng, out_channels, size, size, channels)
    under, expected = taps(padded_map(x, conv), conv), convolved(x, weights, conv)
    for product in PRODUCTS.values():
        y = sums(product, under, kernels(weights))
        assert y.dtype == np.int32
        assert np.array_equal(y, expected), product.name


@ALL
@pytest.mark.parametrize("channels", [1, 13, 64, 67])
@pytest.mark.parametrize("pad", [-1, 0, 1])
def test_counts_are_those_of_the_operation(product: Product, channels: int, pad: Pad) -> None:
    """Bit by bit: F4 counts the zeros of NAND, of K taps those that are not ones; F6 has both codes inverted."""
    rng, conv = np.random.default_rng(channels), xnor(3, 1, 1, pad)
    under, w = taps(padded_map(signs(rng, 4, 5, channels), conv), conv), kernels(signs(rng, 6, 3, 3, channels))
    x, valid, taps_in_all = under.bits[:, None], under.valid[:, None], 9 * channels
    ones = {
        XNOR: (~(x ^ w) & valid).sum(axis=2),
        AND: (x & w).sum(axis=2),
        NAND: taps_in_all - (~(x & w)).sum(axis=2),
        NOR: (~(~x | ~w)).sum(axis=2),
        OR: taps_in_all - (~x | ~w).sum(axis=2),
    }
    assert np.array_equal(counts(product, under, w), ones[product])


def test_sums_of_targets_that_were_counted_elsewhere() -> None:
    rng, conv = np.random.default_rng(2), xnor(3, 2, 1)
    x, weights = signs(rng, 7, 6, 5), signs(rng, 3, 3, 3, 5)
    under, w = taps(padded_map(x, conv), conv), kernels(weights)
    both, same = (under.bits[:, None] & w).sum(axis=2), (~(under.bits[:, None] ^ w) & under.valid[:, None]).sum(axis=2)
    active = under.bits.sum(axis=1, dtype=np.int32)
    for product, targets, ones in ((AND, both, active), (NOR, both, active), (XNOR, same, None)):
        assert np.array_equal(sums_of(product, under, w, targets.astype(np.int32), ones), convolved(x, weights, conv))


@ALL
def test_the_second_layer_of_alexnet(product: Product) -> None:
    """729 windows of 2400 taps, 256 output channels, against the kernels of packed words; several tiles and a rest."""
    rng, conv = np.random.default_rng(1), xnor(5, 1, 2, 0, 256)
    x, weights, variant = signs(rng, 27, 27, 96, p=0.327), signs(rng, 256, 5, 5, 96), kernel("numpy")
    under = taps(padded_map(x, conv), conv)
    assert (under.bits.shape, under.rows, under.columns, under.borders.classes) == ((729, 2400), 27, 27, 25)
    expected = variant.convolve(variant.pack_map(padded_map(x, conv)), variant.pack_weights(weights), 1)
    assert np.array_equal(sums(product, under, kernels(weights)), expected)


@pytest.mark.parametrize(("name", "shape"), [("lenet", (1, 28, 28)), ("caffe_quick", (3, 32, 32)), ("tiny_xnor_pooled", (3, 17, 15))])
def test_whole_networks(name: str, shape: tuple[int, int, int]) -> None:
    network = zoo.build(name, shape)
    parameters = random_parameters(network, 3)
    maps = dict(forward(Computation(network, parameters, random_inputs(network, 3), Exact())))
    layers = [layer for layer in network if isinstance(layer, Conv) and layer.maps == "binary"]
    assert len(layers) >= 2
    for layer in layers:
        weights = parameters[layer.name].weights
        assert weights is not None
        y = sums(AND, taps(padded_map(maps[layer.inputs[0]], layer), layer), kernels(weights))
        assert np.array_equal(np.maximum(y, 0) if layer.relu else y, maps[layer.name])


def test_blocks_of_a_map_as_the_replay_hands_them_out() -> None:
    rng, conv = np.random.default_rng(4), xnor(3, 2, 1, 0, 5)
    x, weights = signs(rng, 9, 10, 7), kernels(signs(rng, 5, 3, 3, 7))
    shape = Shape(7, 9, 10)
    whole = sums(AND, taps(padded_map(x, conv), conv), weights)
    box = conv.output((shape,)).box.rows(2, 5).columns(1, 4)
    assert np.array_equal(sums(AND, taps(padded(x, conv.needs(0, box, (shape,)), conv), conv), weights), whole[2:5, 1:4])


# --- windows ---


def test_taps_are_in_the_order_row_column_channel() -> None:
    """Two channels: the first + where row and column are alike, the second + in the last column."""
    x = np.array([[[1, -1], [-1, -1], [-1, 1]], [[-1, -1], [1, -1], [-1, 1]]], np.int8)
    under = taps(x, xnor(2))
    assert (under.rows, under.columns, under.channels) == (1, 2, 2)
    assert under.bits.tolist() == [as_bits("10 00 00 10").tolist(), as_bits("00 01 10 01").tolist()]
    weights = np.array([[[[1, -1], [-1, -1]], [[-1, 1], [1, 1]]]], np.int8)
    assert kernels(weights).tolist() == [as_bits("10 00 01 11").tolist()]


@pytest.mark.parametrize(("pad", "bits", "valid"), [(0, "0001", "0001"), (-1, "0001", "1111"), (1, "1111", "1111")])
def test_what_is_beyond_the_edge(pad: Pad, bits: str, valid: str) -> None:
    """The upper left window of a map of a single +1 under a 2 x 2 kernel."""
    conv = xnor(2, 1, 1, pad)
    under = taps(padded_map(np.ones((1, 1, 3), np.int8), conv), conv)
    assert under.bits[0].tolist() == as_bits(bits).repeat(3).tolist()
    assert under.valid[0].tolist() == as_bits(valid).repeat(3).tolist()
    assert under.inside.shape == (4, 4)


def test_only_signs_can_be_counted() -> None:
    conv = xnor(2)
    for wrong in (2.0, 0.5, -3.0, np.nan):
        with pytest.raises(ValueError) as failure:
            taps(np.full((3, 3, 1), wrong), conv)
        assert str(failure.value) == "x must hold -1 and +1 only, and as padding pixels of zeros"
    half = np.ones((3, 3, 2), np.int8)
    half[0, 0, 1] = 0
    with pytest.raises(ValueError):
        taps(half, conv)
    for other in (
        Conv(name="stem", inputs=(INPUT,), out_channels=1, window=Window.square(2)),
        Conv(**{**fields(conv), "name": "stem", "weights": "real"}),
    ):
        with pytest.raises(InvalidInput) as refused:
            taps(np.ones((3, 3, 2)), other)
        assert str(refused.value) == "stem: is no convolution of signs with signs; only these can be counted"


def fields(conv: Conv) -> dict[str, Any]:
    return {name: getattr(conv, name) for name in conv.__slots__}


# --- borders: the constants that are known before any activation is ---


def test_the_constants_of_a_map_of_three_by_three() -> None:
    """A 3 x 3 kernel whose upper row is +1: V taps on the map, of which that row has two or three, and at the top none."""
    weights = np.full((1, 3, 3, 1), -1, np.int8)
    weights[0, 0] = 1
    edges = borders(xnor(3, 1, 1), Shape(1, 3, 3))
    assert edges.classes == 9
    assert on_map(edges, edges.taps) == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]
    assert on_map(edges, edges.ones(kernels(weights))) == [[0, 0, 0], [2, 3, 2], [2, 3, 2]]
    assert on_map(edges, edges.constants(kernels(weights))) == [[4, 6, 4], [2, 3, 2], [0, 0, 0]]


def on_map(edges: Borders, constants: Array) -> list[list[int]]:
    of_each: list[list[int]] = constants[edges.place].reshape(3, 3).tolist()
    return of_each


def test_the_trap_of_zero_padding() -> None:
    """Of +1 and weights of +1, a corner has four products. As if all nine taps were on the map, the sum would be -1."""
    conv = xnor(3, 1, 1)
    x, weights = np.ones((3, 3, 1), np.int8), np.ones((1, 3, 3, 1), np.int8)
    under = taps(padded_map(x, conv), conv)
    both, ones = counts(AND, under, kernels(weights))[0, 0], under.bits[0].sum()
    assert (both, ones) == (4, 4)
    assert 9 - 2 * 9 - 2 * ones + 4 * both == -1
    assert sums(AND, under, kernels(weights))[0, 0, 0] == 4


@pytest.mark.parametrize(
    ("conv", "rows", "classes"),
    [
        (xnor(5, 1, 2), 27, 25),  # AlexNet conv2: rows that see 3, 4 or 5 of the kernel's, from either side
        (xnor(3, 1, 1), 13, 9),
        (xnor(5, 1, 2), 16, 25),
        (xnor(3, 2, 1), 8, 4),  # the last window ends at the edge
        (xnor(3, 2, 1), 7, 9),
        (xnor(1, 1, 1), 3, 2),  # on the map or not
        (xnor(5, 1, 2), 1, 1),  # one tap of 25
        (xnor(3), 8, 1),
        (xnor(3, 1, 1, -1), 8, 1),
        (xnor(3, 1, 1, 1), 8, 1),
    ],
)
def test_how_many_classes_of_border_there_are(conv: Conv, rows: int, classes: int) -> None:
    """As many before there is a map as from a map, and the same ones."""
    edges = borders(conv, Shape(6, rows, rows))
    assert edges.classes == classes
    under = taps(padded_map(signs(np.random.default_rng(0), rows, rows, 6), conv), conv)
    assert np.array_equal(under.borders.place, edges.place)
    assert np.array_equal(under.borders.valid, edges.valid)
    assert np.array_equal(edges.valid[edges.place], under.valid)


# --- chunks ---


def test_chunks_are_filled_with_zeros() -> None:
    bits = as_bits("11011 11101 11")
    assert chunked(bits, 5).tolist() == [as_bits(part).tolist() for part in ("11011", "11101", "11000")]
    assert chunked(bits[None]).tolist() == [[as_bits("11011 11101 11" + "0" * 20).tolist()]]
    assert chunked(bits, 6).shape == (2, 6)


@ALL
@pytest.mark.parametrize("size", [1, 7, 32, 100])
def test_what_fills_a_chunk_counts_in_no_variant(product: Product, size: int) -> None:
    rng, conv = np.random.default_rng(size), xnor(3, 1, 1)
    under, w = taps(padded_map(signs(rng, 4, 4, 5), conv), conv), kernels(signs(rng, 3, 3, 3, 5))
    activations, weights = (chunked(bits, size) ^ product.inverted for bits in (under.bits, w))
    targets = np.array(product.outcomes)[activations[:, None].astype(int), weights.astype(int)] == product.target
    if product == XNOR:
        targets &= chunked(under.valid, size)[:, None]
    assert np.array_equal(targets.sum(axis=(2, 3)), counts(product, under, w))


# --- F7, F8 and F11: counts that fall short ---

BITS = "1110 1101 11"  # 8 ones

FALLS_SHORT = [
    (compression(1), 8),
    (compression(2), 5),  # 11 10 11 01 11: each counts one
    (compression(3), 7),  # 111 011 011 1: two, two, two, and what is left over
    (compression(4), 8),
    (compression(2, chunk=8), 5),
    (compression(3, chunk=9), 7),  # 111 011 011, 1
    (compression(2, chunk=3), 7),  # 11 1, 01 1, 01 1, 1: two of every chunk but the last
    (compression(2, chunk=5), 6),  # 11 10 1, 10 11 1
    (conversion(8, 2), 5),  # 6 becomes 3, 2 remains
    (conversion(8, 3), 8),
    (conversion(16, 3), 7),
    (conversion(4, 1), 3),
]


@pytest.mark.parametrize(("limit", "seen"), FALLS_SHORT)
def test_ten_products_by_hand(limit: Limit, seen: int) -> None:
    """All weights +1: AND products are the bits themselves, and so are those of XNOR."""
    for product in PRODUCTS.values():
        assert counts(product, pixel(BITS), np.ones((1, 10), np.bool_), limit) == [[seen]]


def test_only_targets_are_lost() -> None:
    """Weights of -1 make equal signs of the zeros, of which a pair is one too many; with AND there is nothing to lose."""
    under, weights = pixel("0000 0011"), np.zeros((1, 8), np.bool_)
    assert [int(counts(product, under, weights, compression(2))[0, 0]) for product in (XNOR, AND, NAND, NOR, OR)] == [3, 0, 0, 0, 0]
    assert int(counts(XNOR, under, weights)[0, 0]) == 6


def test_pairs_count_whether_any_product_is_one() -> None:
    """F8: the error is the number of pairs with both."""
    under, weights = drawn(5, 40, 96), drawn(6, 30, 96).bits
    both = under.bits[:, None] & weights
    first, second = both[:, :, ::2], both[:, :, 1::2]
    for product in (AND, NAND, NOR, OR):
        seen = counts(product, under, weights, compression(2))
        assert np.array_equal(seen, (first | second).sum(axis=2))
        assert np.array_equal(counts(product, under, weights) - seen, (first & second).sum(axis=2))


@given(SEEDS, st.integers(1, 40), st.integers(1, 12), st.integers(1, 8), st.sampled_from([-1, 0, 1]))
@settings(max_examples=40)
def test_blocks_against_loops(seed: int, chunk: int, block: int, most: int, pad: Pad) -> None:
    rng, conv, limit = np.random.default_rng(seed), xnor(3, 1, 1, pad), Limit(chunk, block, most)
    under, w = taps(padded_map(signs(rng, 3, 3, 5, p=0.7), conv), conv), kernels(signs(rng, 2, 3, 3, 5, p=0.7))
    for product in (XNOR, AND, NAND):
        seen = counts(product, under, w, limit)
        for position, out in combinations(range(9), range(2)):
            assert seen[position, out] == slowly(under, w[out], position, limit, equal=product == XNOR)


def slowly(under: Taps, weights: Bits, position: int, limit: Limit, *, equal: bool) -> int:
    total, held, place = 0, 0, 0
    for tap, (x, w, valid) in enumerate(zip(under.bits[position], weights, under.valid[position], strict=True)):
        if tap % limit.chunk == 0 or place == limit.block:
            total, held, place = total + min(held, limit.most), 0, 0
        held += bool(valid and x == w) if equal else bool(x and w)
        place += 1
    return total + min(held, limit.most)


@pytest.mark.parametrize("limit", [compression(2), compression(5), conversion(8, 2), conversion(16, 3)])
def test_sums_deviate_by_four_or_two_for_each_lost_target(limit: Limit) -> None:
    rng, conv = np.random.default_rng(8), xnor(3, 1, 1)
    under, w = taps(padded_map(signs(rng, 5, 5, 12, p=0.8), conv), conv), kernels(signs(rng, 4, 3, 3, 12, p=0.8))
    for product, weight in ((XNOR, 2), (AND, 4), (NAND, 4), (NOR, 4)):
        lost = counts(product, under, w) - counts(product, under, w, limit)
        assert lost.max() > 0
        assert np.array_equal(sums(product, under, w) - sums(product, under, w, limit=limit), weight * lost.reshape(5, 5, 4))


def test_a_dummy_tile_of_ones_is_read_through_the_same_adc() -> None:
    """Eight activations of +1 count as seven; one that is missed adds two to all sums of its window."""
    adc, weights = conversion(8, 3), as_bits("1111 1110 1111 1111")[None]
    under = pixel("1111 1111 1111 0000")
    assert counts(AND, under, weights).item() == 11
    assert sums(AND, under, weights).item() == sums(AND, under, weights, limit=adc).item() == 16 - 2 * 15 - 2 * 12 + 4 * 11 == 6
    assert sums(AND, under, weights, limit=adc, shared=adc).item() == 8
    assert sums(AND, under, np.ones((1, 16), np.bool_), limit=adc, shared=adc).item() == 16 - 2 * 16 - 2 * 11 + 4 * 11


def test_an_adc_that_reaches_as_far_as_its_rows_is_exact() -> None:
    rng, conv = np.random.default_rng(9), xnor(3, 1, 1)
    under, w = taps(padded_map(signs(rng, 5, 5, 12), conv), conv), kernels(signs(rng, 4, 3, 3, 12))
    for product in (XNOR, AND):
        assert np.array_equal(sums(product, under, w, limit=conversion(8, 4)), sums(product, under, w))


# --- F9 and F10: what is likely ---

R_F, R_K = 0.327, 0.5  # the paper's average of activations and of weights
P = R_F * R_K


def test_rates_of_the_paper() -> None:
    found = Rates(R_F, R_K)
    assert (found.p_xnor, found.p_nand) == (0.5, 0.1635)
    assert f"{found.target_cut:.1%}" == "67.3%"
    assert Rates(0.2, 0.25).p_xnor == pytest.approx(0.05 + 0.6)
    assert Rates(0.2, 0.25).target_cut == pytest.approx(1 - 0.05 / 0.65)


def test_losses_of_the_paper() -> None:
    """A chunk of 32 in pairs: 8.2 % of its 5.2 ones, while 97.3 % of its pairs lose nothing."""
    pairs = compression(2)
    assert pairs.loss(P) == pytest.approx(16 * P**2)
    assert f"{pairs.loss(P) / (32 * P):.1%}" == "8.2%"
    assert f"{1 - pairs.saturated(P):.3f}" == "0.973"
    assert [compression(n).loss(P) for n in (3, 4, 5)] == pytest.approx([10 * P**3, 8 * P**4, 6 * P**5])
    assert compression(1).loss(P) == 0


@pytest.mark.parametrize(
    ("rows", "p", "likely"),
    [(8, P, "5.1e-07"), (8, 0.5, "0.0039"), (16, P, "0.0019"), (16, 0.5, "0.6")],
)
def test_how_often_an_adc_of_three_bits_saturates(rows: int, p: float, likely: str) -> None:
    """With eight rows only where all count; half of all products, as with XNOR, are too many for it in sixteen: 59.8 %."""
    assert f"{conversion(rows, 3).saturated(p):.2g}" == likely
    assert f"{conversion(16, 3).saturated(0.5):.1%}" == "59.8%"


def test_a_short_last_chunk_loses_less() -> None:
    """500 taps are 15 chunks of 32 and one of 20, which holds ten pairs or six groups of three."""
    assert compression(2).loss(P, 500) == pytest.approx(250 * P**2)
    assert compression(3).loss(P, 500) == pytest.approx((15 * 10 + 6) * P**3)


@pytest.mark.parametrize(("product", "p"), [(AND, P), (NOR, P), (XNOR, 0.5)])
@pytest.mark.parametrize(
    ("limit", "tolerance"),
    [(compression(2), 0.02), (compression(3), 0.03), (compression(4), 0.05), (conversion(16, 3), 0.05)],
)
def test_independent_bits_lose_what_is_expected(product: Product, p: float, limit: Limit, tolerance: float) -> None:
    under, weights = drawn(10, 200, 3200, R_F), drawn(11, 200, 3200, R_K).bits
    found = loss(product, under, weights, limit)
    assert found.p == pytest.approx(p, rel=0.01)
    assert found.measured == pytest.approx(limit.loss(p), rel=tolerance)
    assert found.expected == pytest.approx(limit.loss(p), rel=tolerance)
    assert found.share == pytest.approx(limit.loss(p) / (limit.chunk * p), rel=tolerance)


def test_independent_bits_have_the_rates_of_the_paper() -> None:
    under, weights = drawn(10, 200, 3200, R_F), drawn(11, 200, 3200, R_K).bits
    found = rates(under, weights)
    assert found == pytest.approx((R_F, R_K), abs=0.002)
    shares = [counts(product, under, weights).mean() / 3200 for product in (XNOR, NAND)]
    assert shares == pytest.approx([found.p_xnor, found.p_nand], abs=0.0005)
    assert 1 - shares[1] / shares[0] == pytest.approx(0.673, abs=0.003)


def test_rates_and_losses_by_hand() -> None:
    """Five of eight bits, half of the weights; of three targets in two chunks of four, a pair loses one."""
    under, weights = pixel("1110 1010"), as_bits("1100 1001")[None]
    assert rates(under, weights) == (5 / 8, 1 / 2)
    found = loss(AND, under, weights, compression(2, chunk=4))
    assert found.measured == 1 / 2
    assert found.expected == 2 * (3 / 8) ** 2
    assert (found.share, found.p) == (1 / 3, 3 / 8)
    assert loss(AND, pixel("00"), as_bits("11")[None], compression(2)) == (0, 0, 0, 0)


def test_rates_are_of_the_taps_on_the_map() -> None:
    """All signs are +1, though most windows reach beyond the edge."""
    conv = xnor(3, 1, 1)
    assert rates(taps(padded_map(np.ones((2, 2, 4), np.int8), conv), conv), np.ones((1, 36), np.bool_)) == (1, 1)


@pytest.mark.parametrize("chosen", [AND, XNOR])
@pytest.mark.parametrize("limit", [compression(2), compression(4), conversion(8, 3), conversion(16, 4)])
def test_counts_take_little_memory_whatever_the_limit(chosen: Product, limit: Limit) -> None:
    """XNOR has two ways to count per tap, 256 in a block of eight."""
    under, weights = drawn(12, 64, 1152, 0.5), drawn(13, 64, 1152, 0.5).bits
    tracemalloc.start()
    found = counts(chosen, under, weights, limit)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    by_block = np.zeros_like(found)
    for start, stop in limit.blocks(1152):
        x, w = under.bits[:, None, start:stop], weights[None, :, start:stop]
        by_block += np.minimum(((x == w) if chosen == XNOR else (x & w)).sum(axis=2), limit.most).astype(np.int32)
    assert np.array_equal(found, by_block)
