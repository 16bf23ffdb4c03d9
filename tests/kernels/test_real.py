"""Every variant of the convolution of real numbers against plain sums, and the compiled ones against each other, bit for bit."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
from commands import python
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import correlate

from hyperdrive_sim.kernels import real, sliding
from hyperdrive_sim.kernels.kept import Kept
from hyperdrive_sim.kernels.selection import present

Map = NDArray[np.floating[Any]]


def variants() -> list[real.RealKernel]:
    """All that run here, and the code that an older processor would get."""
    found = [real.kernel(name) for name in real.available()]
    if present() >= {"numba", "avx2", "fma"}:
        from hyperdrive_sim.kernels.emit import Target
        from hyperdrive_sim.kernels.real_vector import RealVectors

        found.append(RealVectors("numba-avx2 on an older processor", 32, {2: 6}, Target("haswell", "")))
    return found


VARIANTS = variants()
COMPILED = [variant for variant in VARIANTS if variant.name != "numpy"]
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)


def sums(x: Map, weights: Map, strides: tuple[int, int], dilation: tuple[int, int]) -> Map:
    """The specification: products, added."""
    extents = [(taps - 1) * step + 1 for taps, step in zip(weights.shape[1:3], dilation, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(x, extents, (0, 1))[:: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    return np.einsum("rcikl,okli->rco", windows, weights)


class Case(NamedTuple):
    kind: str
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    spare: tuple[int, int]
    channels: tuple[int, int]
    seed: int

    def arrays(self) -> tuple[Map, Map]:
        """Small integers, whose sums are exact in any order."""
        rng = np.random.default_rng(self.seed)
        in_channels, out_channels = self.channels
        size = ((taps - 1) * step + 1 + more for taps, step, more in zip(self.kernel, self.dilation, self.spare, strict=True))
        x, weights = rng.integers(-9, 10, (*size, in_channels)), rng.integers(-9, 10, (out_channels, *self.kernel, in_channels))
        return x.astype(self.kind), weights.astype(self.kind)


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
cases = st.builds(
    Case,
    kind=st.sampled_from(["f", "d"]),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    strides=pairs,
    dilation=pairs,
    spare=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    channels=st.tuples(st.integers(1, 40) | st.sampled_from([3, 130, 300]), st.integers(1, 70) | st.sampled_from([96, 129])),
    seed=st.integers(0, 2**32 - 1),
)


@settings(max_examples=300, deadline=None)
@given(cases)
def test_all_variants_add_products(case: Case) -> None:
    x, weights = case.arrays()
    expected = sums(x, weights, case.strides, case.dilation)
    for variant in VARIANTS:
        y = variant.convolve(x, weights, case.strides, case.dilation)
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y, expected, err_msg=variant.name)


@settings(max_examples=100, deadline=None)
@given(cases)
def test_compiled_variants_round_alike_and_numpy_hardly_differs(case: Case) -> None:
    x, weights = (values + np.random.default_rng(case.seed).random(values.shape, values.dtype.type) for values in case.arrays())
    expected = real.kernel("numpy").convolve(x, weights, case.strides, case.dilation)
    found = [variant.convolve(x, weights, case.strides, case.dilation) for variant in COMPILED]
    for y in found:
        np.testing.assert_allclose(y, expected, rtol=0, atol=200 * weights[0].size * np.finfo(x.dtype).eps)
        np.testing.assert_array_equal(y, found[0])


@pytest.mark.parametrize("variant", COMPILED, ids=lambda variant: variant.name)
@pytest.mark.parametrize("kind", ["f", "d"])
def test_a_part_has_the_bits_of_the_whole(variant: real.RealKernel, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal((41, 30, 70)).astype(kind), rng.standard_normal((70, 3, 3, 70)).astype(kind)
    y = variant.convolve(x, weights, (2, 1))
    for row in range(0, 20, 7):
        np.testing.assert_array_equal(y[row : row + 1, 4:19, 8:24], variant.convolve(x[2 * row : 2 * row + 3, 4:21], weights[8:24], (2, 1)))
    limits = sliding.Limits(1 << 10, 1 << 10)
    monkeypatch.setattr(sys.modules[type(variant).__module__], "LIMITS", limits)
    assert len(sliding.cut(sliding.Sliding(41, 30, 70, 3, 3, 2, 1), 70, limits).bands) > 1
    monkeypatch.setattr(variant, "_plans", Kept())
    np.testing.assert_array_equal(variant.convolve(x, weights, (2, 1)), y)


@pytest.mark.parametrize("variant", COMPILED, ids=lambda variant: variant.name)
def test_a_product_is_not_rounded_before_it_is_added(variant: real.RealKernel) -> None:
    """(1 + e)(1 - e) - 1 is -e**2, which float64 cannot tell from 0 once the product has been rounded to 1."""
    e = 2.0**-30
    x, weights = np.array([[[1.0, 1 + e]]]), np.array([[[[-1.0, 1 - e]]]])
    assert variant.convolve(x, weights)[0, 0, 0] == -(2.0**-60)


@each_variant
@pytest.mark.parametrize("stride", [1, 2])
def test_sums_agree_with_scipy(variant: real.RealKernel, stride: int) -> None:
    rng = np.random.default_rng(stride)
    x, weights = rng.standard_normal((20, 23, 3)), rng.standard_normal((18, 7, 7, 3))
    expected = [correlate(x, filter_, mode="valid", method="direct")[::stride, ::stride, 0] for filter_ in weights]
    np.testing.assert_allclose(variant.convolve(x, weights, (stride, stride)), np.stack(expected, axis=2), rtol=0, atol=1e-11)


@each_variant
def test_results_are_fresh_inputs_untouched_and_views_read_as_they_look(variant: real.RealKernel) -> None:
    rng = np.random.default_rng(0)
    whole, weights = rng.standard_normal((9, 20, 12)), rng.standard_normal((24, 3, 3, 10))
    x = whole[::2, 3:15, 1:6]
    whole.setflags(write=False)
    weights.setflags(write=False)
    first, second = (variant.convolve(x, weights[::2, :, ::-1, ::2]) for _ in range(2))
    first[...] = 0
    np.testing.assert_allclose(second, sums(x, weights[::2, :, ::-1, ::2], (1, 1), (1, 1)), atol=1e-12)
    assert second.flags.c_contiguous


@each_variant
def test_infinities_and_nan_stay_where_they_belong(variant: real.RealKernel) -> None:
    x = np.ones((1, 9, 2))
    x[0, 2, 0], x[0, 5, 1], x[0, 8] = np.inf, np.nan, (np.inf, -np.inf)
    with np.errstate(invalid="ignore"):
        y = variant.convolve(x, np.ones((3, 1, 1, 2)))
    np.testing.assert_array_equal(y[0, :, 1], [2, 2, np.inf, 2, 2, np.nan, 2, 2, np.nan])


@each_variant
@pytest.mark.parametrize(
    ("x", "weights", "strides", "dilation", "problem"),
    [
        (np.ones((3, 3, 2)), np.ones((1, 3, 3, 4)), (1, 1), (1, 1), "x has 2 channels, the weights have 4"),
        (np.ones((2, 3, 4)), np.ones((1, 3, 3, 4)), (1, 1), (1, 1), "has no place on 2 x 3"),
        (np.ones((3, 0, 4)), np.ones((1, 3, 3, 4)), (1, 1), (1, 1), "has no place on 3 x 0"),
        (np.ones((4, 4, 4)), np.ones((1, 3, 3, 4)), (1, 1), (1, 2), "3 x 3 kernel at strides (1, 1) and dilation (1, 2) has no place"),
        (np.ones((4, 4, 4)), np.ones((1, 3, 3, 4)), (1, 0), (1, 1), "3 x 3 kernel at strides (1, 0) and dilation (1, 1) has no place"),
        (np.ones((3, 3)), np.ones((1, 3, 3, 4)), (1, 1), (1, 1), "not [3, 3] and [1, 3, 3, 4]"),
        (np.ones((3, 3, 0)), np.ones((1, 3, 3, 0)), (1, 1), (1, 1), "not [3, 3, 0] and [1, 3, 3, 0]"),
        (np.ones((3, 3, 4), "f"), np.ones((1, 3, 3, 4)), (1, 1), (1, 1), "must both be float32 or both float64, not float32 and float64"),
        (np.ones((3, 3, 4), "e"), np.ones((1, 3, 3, 4), "e"), (1, 1), (1, 1), "not float16 and float16"),
    ],
)
def test_what_does_not_fit_is_refused(
    variant: real.RealKernel, x: Map, weights: Map, strides: tuple[int, int], dilation: tuple[int, int], problem: str
) -> None:
    with pytest.raises(ValueError) as raised:
        variant.convolve(x, weights, strides, dilation)
    assert problem in str(raised.value)


def test_the_numpy_variant_needs_no_compiler_and_the_others_not_numba() -> None:
    code = """
import sys, numpy as np
from hyperdrive_sim.kernels import real
real.kernel("numpy").convolve(np.ones((3, 3, 2)), np.ones((1, 3, 3, 2)))
print("llvmlite" in sys.modules)
for name in real.available():
    real.kernel(name).convolve(np.ones((3, 3, 2)), np.ones((1, 3, 3, 2)))
print("numba" in sys.modules)
"""
    assert python(code) == "False\nFalse\n"
