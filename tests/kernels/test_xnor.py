"""Every variant of the binary convolution against plain integer sums."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from commands import python
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import correlate

from hyperdrive_sim.kernels import selection, sliding, xnor
from hyperdrive_sim.kernels.xnor_bits import PackedMap

Signs = NDArray[np.int8]

VPOPCNT = {"numba", "avx512f", "avx512vpopcntdq"}


def variants() -> list[xnor.XnorKernel]:
    """All that run here; on a processor that counts bits in vectors also the code that one without it would get."""
    found = [xnor.kernel(name) for name in xnor.available()]
    if selection.present() >= VPOPCNT:
        from hyperdrive_sim.kernels.emit import Target
        from hyperdrive_sim.kernels.xnor_vector import XnorVectors

        found.append(XnorVectors("numba-avx2 on an older processor", 64, (8,), Target("haswell", "")))
    return found


VARIANTS = variants()
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)


def sums(x: Signs, signs: Signs, stride: int) -> NDArray[np.int32]:
    """The specification: integer products, added."""
    windows = np.lib.stride_tricks.sliding_window_view(x, signs.shape[1:3], (0, 1))[::stride, ::stride]
    return np.einsum("rcikl,okli->rco", windows.astype(np.int32), signs.astype(np.int32))


def thresholded(sums: NDArray[np.int32], thresholds: NDArray[np.int32], flipped: NDArray[np.bool_]) -> Signs:
    reached = [(below <= t if flip else below >= t) for below, t, flip in zip(np.moveaxis(sums, 2, 0), thresholds, flipped, strict=True)]
    return np.where(np.stack(reached, axis=2), 1, -1).astype(np.int8)


def randomly(rng: np.random.Generator, *shape: int) -> Signs:
    return rng.choice(np.array([-1, 1], np.int8), shape)


def with_one_other(values: Signs, rng: np.random.Generator) -> Signs:
    values[tuple(rng.integers(0, size) for size in values.shape)] *= -1
    return values


DATA: dict[str, Callable[..., Signs]] = {
    "random": randomly,
    "all +1": lambda rng, *shape: np.ones(shape, np.int8),
    "all -1": lambda rng, *shape: -np.ones(shape, np.int8),
    "one -1": lambda rng, *shape: with_one_other(np.ones(shape, np.int8), rng),
    "one +1": lambda rng, *shape: with_one_other(-np.ones(shape, np.int8), rng),
}


def framed(x: Signs, rng: np.random.Generator) -> Signs:
    """Zeros as padding: some rows and columns at each side."""
    top, bottom, left, right = rng.integers(0, 3, 4)
    x[:top], x[x.shape[0] - bottom :], x[:, :left], x[:, x.shape[1] - right :] = 0, 0, 0, 0
    return x


ZEROS: dict[str, Callable[[Signs, np.random.Generator], Signs]] = {
    "none": lambda x, rng: x,
    "a frame": framed,
    "anywhere": lambda x, rng: x * rng.integers(0, 2, x.shape, np.int8),
    "nothing else": lambda x, rng: 0 * x,
}


class Case(NamedTuple):
    inputs: str
    zeros: str
    weights: str
    kernel: tuple[int, int]
    stride: int
    out: tuple[int, int]
    spare: int
    channels: tuple[int, int]
    seed: int

    def arrays(self) -> tuple[Signs, Signs]:
        rng = np.random.default_rng(self.seed)
        in_channels, out_channels = self.channels
        rows, columns = ((out - 1) * self.stride + kernel for out, kernel in zip(self.out, self.kernel, strict=True))
        x = DATA[self.inputs](rng, rows + self.spare, columns + self.spare, in_channels)
        return ZEROS[self.zeros](x, rng), DATA[self.weights](rng, out_channels, *self.kernel, in_channels)


cases = st.builds(
    Case,
    inputs=st.sampled_from(sorted(DATA)),
    zeros=st.sampled_from(sorted(ZEROS)),
    weights=st.sampled_from(sorted(DATA)),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.integers(1, 4),
    out=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    spare=st.integers(0, 1),  # rows and columns that the stride passes over
    channels=st.tuples(
        st.integers(1, 200) | st.sampled_from([31, 32, 33, 63, 64, 65, 96, 128]),
        st.sampled_from([1, 2, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64, 65, 96, 130]),
    ),
    seed=st.integers(0, 2**32 - 1),
)


@settings(max_examples=300)
@given(cases)
def test_all_variants_add_products(case: Case) -> None:
    x, signs = case.arrays()
    expected = sums(x, signs, case.stride)
    for variant in VARIANTS:
        y = variant.convolve(variant.pack_map(x), variant.pack_weights(signs), case.stride)
        assert y.dtype == np.int32
        np.testing.assert_array_equal(y, expected, err_msg=variant.name)


@settings(max_examples=200)
@given(cases)
def test_all_variants_set_a_bit_from_the_threshold_on(case: Case) -> None:
    """Thresholds are sums that occur, or one beside: ties are the rule here, not the exception."""
    x, signs = case.arrays()
    rng = np.random.default_rng(case.seed)
    expected = sums(x, signs, case.stride)
    occurring = expected.reshape(-1, expected.shape[2])
    thresholds = rng.permuted(occurring, axis=0)[0] + rng.integers(-1, 2, expected.shape[2], np.int32)
    flipped = rng.integers(0, 2, expected.shape[2]) > 0
    bits = thresholded(expected, thresholds, flipped)
    for variant, other in zip(VARIANTS, [*VARIANTS[1:], VARIANTS[0]], strict=True):
        packed, weights = other.pack_map(x), variant.pack_weights(signs)
        y = variant.threshold(packed, weights, case.stride, thresholds, flipped)
        assert y.dtype == np.int8
        np.testing.assert_array_equal(y, bits, err_msg=variant.name)


def same(left: PackedMap, right: PackedMap) -> None:
    assert left.channels == right.channels
    np.testing.assert_array_equal(left.words, right.words)
    assert (left.valid is None) == (right.valid is None)
    if left.valid is not None and right.valid is not None:
        np.testing.assert_array_equal(left.valid, right.valid)


def channel_sum(variant: xnor.XnorKernel, *values: int) -> int:
    """Of these products, each by a weight of +1 and of -1 in turn."""
    signs = np.resize(np.array([1, -1], np.int8), len(values))
    x = (np.array(values, np.int8) * signs).reshape(1, 1, -1)
    return int(variant.convolve(variant.pack_map(x), variant.pack_weights(signs.reshape(1, 1, 1, -1)), 1)[0, 0, 0])


@each_variant
@pytest.mark.parametrize(
    ("values", "total"),
    [((1,), 1), ((-1,), -1), ((0,), 0), ((1, 1, -1), 1), ((1, 0, -1, -1), -1), ((1,) * 65, 65), ((-1,) * 64, -64), ((0,) * 64 + (1,), 1)],
)
def test_sums_for_a_pencil(variant: xnor.XnorKernel, values: tuple[int, ...], total: int) -> None:
    assert channel_sum(variant, *values) == total


@each_variant
@pytest.mark.parametrize("padding", [False, True])
def test_a_tie_is_plus_one_in_both_directions(variant: xnor.XnorKernel, padding: bool) -> None:
    x = np.ones((1, 2, 3), np.int8)
    x[0, 1] = 0 if padding else (1, 1, -1)
    total = 3 if padding else 4
    weights = variant.pack_weights(np.ones((6, 1, 2, 3), np.int8))
    thresholds = np.array([total - 1, total, total + 1] * 2, np.int32)
    flipped = np.array([False] * 3 + [True] * 3)
    assert variant.threshold(variant.pack_map(x), weights, 1, thresholds, flipped).ravel().tolist() == [1, 1, -1, -1, 1, 1]


@each_variant
@pytest.mark.parametrize("padding", [False, True])
def test_thresholds_beyond_all_sums_make_constants(variant: xnor.XnorKernel, padding: bool) -> None:
    x = np.ones((3, 3, 5), np.int8)
    x[0] = 0 if padding else 1
    least, most = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    weights = variant.pack_weights(randomly(np.random.default_rng(0), 4, 2, 2, 5))
    thresholds, flipped = np.array([least, most, least, most], np.int32), np.array([False, False, True, True])
    y = variant.threshold(variant.pack_map(x), weights, 1, thresholds, flipped)
    assert (y == [1, -1, -1, 1]).all()


@each_variant
@pytest.mark.parametrize("stride", [1, 2])
def test_sums_agree_with_scipy(variant: xnor.XnorKernel, stride: int) -> None:
    rng = np.random.default_rng(stride)
    x, signs = np.pad(randomly(rng, 9, 11, 70), ((1, 1), (1, 1), (0, 0))), randomly(rng, 18, 3, 3, 70)
    expected = [
        correlate(x.astype(np.int64), filter_.astype(np.int64), mode="valid", method="direct")[::stride, ::stride, 0] for filter_ in signs
    ]
    np.testing.assert_array_equal(variant.convolve(variant.pack_map(x), variant.pack_weights(signs), stride), np.stack(expected, axis=2))


@each_variant
def test_a_fully_connected_layer_is_a_convolution_with_one_pixel(variant: xnor.XnorKernel) -> None:
    rng = np.random.default_rng(0)
    x, signs = randomly(rng, 6, 6, 256), randomly(rng, 100, 6, 6, 256)
    expected = signs.reshape(100, -1).astype(np.int32) @ x.ravel().astype(np.int32)
    np.testing.assert_array_equal(variant.convolve(variant.pack_map(x), variant.pack_weights(signs), 1)[0, 0], expected)
    flat = variant.pack_weights(signs.reshape(100, 1, 1, -1))
    np.testing.assert_array_equal(variant.convolve(variant.pack_map(x.reshape(1, 1, -1)), flat, 1)[0, 0], expected)


@each_variant
def test_only_a_map_with_zeros_has_a_plane_for_them(variant: xnor.XnorKernel) -> None:
    x = np.ones((2, 3, 65), np.int8)
    assert variant.pack_map(x).valid is None
    x[1, 2, 64] = 0
    assert variant.pack_map(x).valid is not None


@each_variant
@pytest.mark.parametrize("channels", [1, 31, 64, 65, 130])
@pytest.mark.parametrize("zeros", sorted(ZEROS))
def test_a_map_of_floats_is_packed_as_one_of_integers(variant: xnor.XnorKernel, channels: int, zeros: str) -> None:
    rng = np.random.default_rng(channels)
    x = ZEROS[zeros](randomly(rng, 4, 7, channels), rng)
    same(variant.pack_map(x), variant.pack_map(x.astype(np.float32)))
    same(variant.pack_map(x), variant.pack_map(np.where(x == 0, np.float32(-0.0), x.astype(np.float32))))
    same(variant.pack_map(x[:, ::2]), variant.pack_map(x.astype(np.float32)[:, ::2]))


@each_variant
def test_views_with_gaps_are_read_as_they_look(variant: xnor.XnorKernel) -> None:
    rng = np.random.default_rng(0)
    whole, signs = randomly(rng, 6, 30, 140), randomly(rng, 16, 3, 3, 5)
    for view in (
        whole[::2, 3:9, 1:6],
        whole.transpose(2, 1, 0)[:7, :8, :5],
        whole[:, ::-1, 4::-1],
        np.broadcast_to(whole[:1, :9, :5], (4, 9, 5)),
    ):
        same(variant.pack_map(view), variant.pack_map(view.copy()))
    x = variant.pack_map(randomly(rng, 5, 5, 5))
    weights = np.broadcast_to(signs[:1], signs.shape)[:, ::-1]
    np.testing.assert_array_equal(
        variant.convolve(x, variant.pack_weights(weights), 1), variant.convolve(x, variant.pack_weights(weights.copy()), 1)
    )
    wide = randomly(rng, 4, 4, 128)
    same(variant.pack_map(wide.transpose(1, 0, 2)), variant.pack_map(wide.transpose(1, 0, 2).copy()))


@each_variant
def test_results_are_fresh_and_inputs_untouched(variant: xnor.XnorKernel) -> None:
    x = np.ones((4, 4, 16), np.int8)
    x[0] = 0
    x.setflags(write=False)
    packed, weights = variant.pack_map(x), variant.pack_weights(np.ones((16, 3, 3, 16), np.int8))
    for plane in packed[:2]:
        plane.setflags(write=False)
    first = variant.convolve(packed, weights, 1)
    first[...] = 0
    second = variant.convolve(packed, weights, 1)
    assert (second[1] == 144).all()
    assert second.flags.c_contiguous
    assert variant.threshold(packed, weights, 1, np.zeros(16, np.int32), np.zeros(16, np.bool_)).flags.c_contiguous


@each_variant
@pytest.mark.parametrize("stride", [1, 2])
def test_bands_and_threads_change_nothing(variant: xnor.XnorKernel, stride: int, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[type(variant).__module__]
    if hasattr(module, "LIMITS"):
        monkeypatch.setattr(module, "LIMITS", sliding.Limits(1 << 10, 1 << 10))
        assert len(sliding.cut(sliding.Sliding(60, 40, 2, 3, 3, stride), 40, module.LIMITS).bands) > 1
    rng = np.random.default_rng(3)
    x, signs = randomly(rng, 60, 40, 100), randomly(rng, 40, 3, 3, 100)
    x[0], x[-1] = 0, 0
    packed, weights, some = variant.pack_map(x), variant.pack_weights(signs), variant.pack_weights(signs[8:24])
    y, rule = variant.convolve(packed, weights, stride), (np.zeros(40, np.int32), np.zeros(40, np.bool_))
    np.testing.assert_array_equal(variant.threshold(packed, weights, stride, *rule), np.where(y >= 0, 1, -1))
    for row in range(0, y.shape[0], 9):
        alone = variant.convolve(variant.pack_map(x[row * stride : row * stride + 3]), some, stride)
        np.testing.assert_array_equal(y[row : row + 1, :, 8:24], alone)


@each_variant
def test_one_plan_is_not_taken_for_another(variant: xnor.XnorKernel) -> None:
    """A pixel of the results takes 32 bytes both times: as 8 sums, and as the signs of 32 channels."""
    rng = np.random.default_rng(5)
    x, signs = randomly(rng, 5, 5, 64), randomly(rng, 32, 3, 3, 64)
    packed, rule = variant.pack_map(x), (np.zeros(32, np.int32), np.zeros(32, np.bool_))
    np.testing.assert_array_equal(variant.convolve(packed, variant.pack_weights(signs[:8]), 1), sums(x, signs[:8], 1))
    bits = variant.threshold(packed, variant.pack_weights(signs), 1, *rule)
    np.testing.assert_array_equal(bits, np.where(sums(x, signs, 1) >= 0, 1, -1))


@each_variant
@pytest.mark.parametrize(("side", "channels", "kernel", "outputs"), [(1, 70, 1, 50), (3, 33, 3, 17), (5, 96, 3, 96), (7, 200, 2, 130)])
def test_a_batch_of_tiny_maps_shares_one_plan(variant: xnor.XnorKernel, side: int, channels: int, kernel: int, outputs: int) -> None:
    rng = np.random.default_rng(side)
    signs = randomly(rng, outputs, kernel, kernel, channels)
    weights, rule = variant.pack_weights(signs), (rng.integers(-9, 10, outputs, np.int32), rng.integers(0, 2, outputs) > 0)
    for zeros in [*ZEROS.values()] * 2:
        x = zeros(randomly(rng, side, side, channels), rng)
        expected = sums(x, signs, 1)
        np.testing.assert_array_equal(variant.convolve(variant.pack_map(x), weights, 1), expected)
        np.testing.assert_array_equal(variant.threshold(variant.pack_map(x), weights, 1, *rule), thresholded(expected, *rule))


@each_variant
def test_packing_a_large_layer_takes_little_memory(variant: xnor.XnorKernel) -> None:
    signs = randomly(np.random.default_rng(0), 1024, 1, 1, 9216)
    tracemalloc.start()
    packed = variant.pack_weights(signs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert packed.words.nbytes == signs.nbytes // 8
    assert peak < signs.nbytes // 3


@each_variant
@pytest.mark.parametrize(
    ("x", "signs", "stride", "problem"),
    [
        (np.ones((3, 3, 2), "b"), np.ones((1, 3, 3, 4), "b"), 1, "x has 2 channels, the weights were packed for 4"),
        (np.ones((2, 3, 4), "b"), np.ones((1, 3, 3, 4), "b"), 1, "a 3 x 3 kernel at stride 1 has no place on 2 x 3"),
        (np.ones((0, 3, 4), "b"), np.ones((1, 3, 3, 4), "b"), 1, "a 3 x 3 kernel at stride 1 has no place on 0 x 3"),
        (np.ones((0, 3, 64), "b"), np.ones((1, 3, 3, 64), "b"), 1, "a 3 x 3 kernel at stride 1 has no place on 0 x 3"),
        (np.ones((3, 3, 4), "b"), np.ones((1, 3, 3, 4), "b"), 0, "a 3 x 3 kernel at stride 0 has no place on 3 x 3"),
        (
            np.ones((3, 3, 4), "d"),
            np.ones((1, 3, 3, 4), "b"),
            1,
            "x must be int8 or float32 [rows, columns, channels], at least one channel, not float64",
        ),
        (np.ones((3, 3), "b"), np.ones((1, 3, 3, 4), "b"), 1, "at least one channel, not int8 [3, 3]"),
        (np.ones((3, 3, 0), "b"), np.ones((1, 3, 3, 4), "b"), 1, "at least one channel, not int8 [3, 3, 0]"),
        (np.full((3, 3, 4), 2, "b"), np.ones((1, 3, 3, 4), "b"), 1, "x must hold -1, +1 and, as padding, 0 only"),
        (np.full((3, 3, 4), 0.5, "f"), np.ones((1, 3, 3, 4), "b"), 1, "x must hold -1, +1 and, as padding, 0 only"),
        (np.full((3, 3, 64), np.nan, "f"), np.ones((1, 3, 3, 64), "b"), 1, "x must hold -1, +1 and, as padding, 0 only"),
        (np.full((3, 3, 65), 1e30, "f"), np.ones((1, 3, 3, 65), "b"), 1, "x must hold -1, +1 and, as padding, 0 only"),
        (np.full((3, 3, 64), -128, "b"), np.ones((1, 3, 3, 64), "b"), 1, "x must hold -1, +1 and, as padding, 0 only"),
        (np.ones((3, 3, 4), "b"), np.ones((1, 3, 3), "b"), 1, "signs must be [out_channels, kernel_rows, kernel_columns, in_channels]"),
        (np.ones((3, 3, 4), "b"), np.ones((1, 3, 0, 4), "b"), 1, "none of them 0, not [1, 3, 0, 4]"),
        (np.ones((3, 3, 4), "b"), np.ones((1, 3, 3, 4), "f"), 1, "signs must be int8, not float32"),
        (np.ones((3, 3, 4), "b"), np.zeros((1, 3, 3, 4), "b"), 1, "signs must hold -1 and +1 only"),
        (np.ones((3, 3, 64), "b"), np.full((1, 3, 3, 64), 2, "b"), 1, "signs must hold -1 and +1 only"),
        (np.ones((3, 3, 64), "b"), np.full((40, 3, 3, 64), -2, "b"), 1, "signs must hold -1 and +1 only"),
    ],
)
def test_what_does_not_fit_is_refused(variant: xnor.XnorKernel, x: Any, signs: Any, stride: int, problem: str) -> None:
    with pytest.raises(ValueError) as raised:
        variant.convolve(variant.pack_map(x), variant.pack_weights(signs), stride)
    assert problem in str(raised.value)


@each_variant
@pytest.mark.parametrize(
    ("thresholds", "flipped", "problem"),
    [
        (np.zeros(2, np.int32), np.zeros(3, np.bool_), "thresholds must be int32 [3], one per output channel, not int32 [2]"),
        (np.zeros(3, np.int64), np.zeros(3, np.bool_), "thresholds must be int32 [3], one per output channel, not int64 [3]"),
        (np.zeros(3, np.int32), np.zeros((1, 3), np.bool_), "flipped must be bool [3], one per output channel, not bool [1, 3]"),
        (np.zeros(3, np.int32), np.zeros(3, np.int8), "flipped must be bool [3], one per output channel, not int8 [3]"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(variant: xnor.XnorKernel, thresholds: Any, flipped: Any, problem: str) -> None:
    x, weights = variant.pack_map(np.ones((1, 1, 4), np.int8)), variant.pack_weights(np.ones((3, 1, 1, 4), np.int8))
    with pytest.raises(ValueError) as raised:
        variant.threshold(x, weights, 1, thresholds, flipped)
    assert str(raised.value) == problem


def test_a_read_only_installation_compiles_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    if "numba" in xnor.available():
        import numba.core.caching

        from hyperdrive_sim.kernels import xnor_numba

        monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
        monkeypatch.setattr(xnor_numba, "_compiled", xnor_numba._compiled.__wrapped__)
        assert channel_sum(xnor_numba.XnorLoops(), 1, 1, -1) == 1


def test_the_numpy_variant_and_the_listing_do_not_import_numba() -> None:
    code = """
import sys, numpy as np
from hyperdrive_sim import kernels
from hyperdrive_sim.kernels import xnor
variant = xnor.kernel("numpy")
variant.convolve(variant.pack_map(np.ones((3, 3, 2), np.int8)), variant.pack_weights(np.ones((1, 3, 3, 2), np.int8)), 1)
print("llvmlite" in sys.modules)
xnor.available()
print("numba" in sys.modules)
"""
    assert python(code) == "False\nFalse\n"


def test_only_the_plain_loops_import_numba() -> None:
    """Its import and its compiler take longer than any small network."""
    code = """
import sys, numpy as np
from hyperdrive_sim.kernels import xnor
for name in xnor.available():
    if name != "numba":
        variant = xnor.kernel(name)
        variant.convolve(variant.pack_map(np.ones((3, 3, 2), np.int8)), variant.pack_weights(np.ones((1, 3, 3, 2), np.int8)), 1)
print("numba" in sys.modules)
"""
    assert python(code) == "False\n"
