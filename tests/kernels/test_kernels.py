"""Every variant of the ordered-FP16 convolution against one dead-simple loop, bit for bit."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

import numpy as np
import pytest
from commands import python
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import correlate

from hyperdrive_sim import kernels
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.kernels import processors, sliding
from hyperdrive_sim.kernels.selection import present

Half = NDArray[np.float16]

AVX512 = {"numba", "avx512f", "avx512bw", "avx512dq", "avx512vl"}


def variants() -> list[kernels.Fp16Kernel]:
    """All that run here; on a processor with AVX512-FP16 also the code that one without it would get."""
    found = [kernels.kernel(name) for name in kernels.available()]
    if present() >= AVX512:
        from hyperdrive_sim.kernels.emit import Target
        from hyperdrive_sim.kernels.fp16_vector import Fp16Vectors

        found.append(Fp16Vectors("numba-avx512 on an older processor", np.float32, 10, Target("skylake-avx512", "")))
    return found


VARIANTS = variants()
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)


def ordered(x: Half, signs: NDArray[np.int8], stride: int) -> Half:
    """The specification: one float16 addition after the other."""
    out_channels, kernel_rows, kernel_columns, in_channels = signs.shape
    rows, columns = (x.shape[0] - kernel_rows) // stride + 1, (x.shape[1] - kernel_columns) // stride + 1
    total = np.zeros((rows, columns, out_channels), np.float16)
    with np.errstate(all="ignore"):
        for ky in range(kernel_rows):
            for kx in range(kernel_columns):
                for ci in range(in_channels):
                    pixels = x[ky : ky + stride * rows : stride, kx : kx + stride * columns : stride, ci][:rows, :columns]
                    total = total + pixels[:, :, None] * signs[:, ky, kx, ci].astype(np.float16)
    return total


def bits(values: Half) -> NDArray[np.uint16]:
    """Bit patterns, in which +0 and -0 differ and all NaNs are 0x7E00."""
    return np.where(np.isnan(values), np.uint16(0x7E00), np.ascontiguousarray(values).view(np.uint16))


def from_bits(rng: np.random.Generator, shape: tuple[int, ...], below: int) -> Half:
    """Any sign, and any of the first *below* bit patterns."""
    pattern = rng.integers(0, below, shape, np.uint16) | (rng.integers(0, 2, shape, np.uint16) << 15)
    return pattern.view(np.float16)


def with_some(x: Half, rng: np.random.Generator, *values: float) -> Half:
    for value in values:
        x[tuple(rng.integers(0, size) for size in x.shape)] = value
    return x


KINDS = {
    "normal": lambda rng, shape, taps: rng.standard_normal(shape).astype(np.float16),
    "every finite bit pattern": lambda rng, shape, taps: from_bits(rng, shape, 0x7C00),
    "wide exponents": lambda rng, shape, taps: from_bits(rng, shape, 0x6000),
    "sums around 32768 to 65520": lambda rng, shape, taps: (
        (rng.standard_normal(shape) * (40000 / taps**0.5)).clip(-65504, 65504).astype("e")
    ),
    "overflowing": lambda rng, shape, taps: (rng.standard_normal(shape) * 20000).clip(-65504, 65504).astype(np.float16),
    "subnormal": lambda rng, shape, taps: from_bits(rng, shape, 0x0400),
    "zeros of both signs": lambda rng, shape, taps: from_bits(rng, shape, 1),
    "infinities": lambda rng, shape, taps: with_some(rng.standard_normal(shape).astype(np.float16), rng, np.inf, -np.inf),
    "NaN": lambda rng, shape, taps: with_some(rng.standard_normal(shape).astype(np.float16), rng, np.nan, np.inf),
    "every bit pattern": lambda rng, shape, taps: from_bits(rng, shape, 0x8000),
}


class Case(NamedTuple):
    kind: str
    kernel: tuple[int, int]
    stride: int
    out: tuple[int, int]
    spare: int
    channels: tuple[int, int]
    seed: int

    def arrays(self) -> tuple[Half, NDArray[np.int8]]:
        rng = np.random.default_rng(self.seed)
        in_channels, out_channels = self.channels
        rows, columns = ((out - 1) * self.stride + kernel for out, kernel in zip(self.out, self.kernel, strict=True))
        shape = (rows + self.spare, columns + self.spare, in_channels)
        signs = rng.choice(np.array([-1, 1], np.int8), (out_channels, *self.kernel, in_channels))
        return KINDS[self.kind](rng, shape, signs[0].size), signs


cases = st.builds(
    Case,
    kind=st.sampled_from(sorted(KINDS)),
    kernel=st.sampled_from([(1, 1), (3, 3), (5, 5), (7, 7), (1, 3), (3, 2)]),
    stride=st.sampled_from([1, 2, 3]),
    out=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    spare=st.integers(0, 1),  # rows and columns that the stride passes over
    channels=st.tuples(st.sampled_from([1, 2, 3, 5, 16, 17]), st.sampled_from([1, 3, 15, 16, 17, 32, 33, 64])),
    seed=st.integers(0, 2**32 - 1),
)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(cases)
def test_all_variants_return_the_bits_of_the_sequential_sum(case: Case) -> None:
    x, signs = case.arrays()
    expected = bits(ordered(x, signs, case.stride))
    for variant in VARIANTS:
        y = variant.convolve(x, variant.pack(signs), case.stride)
        assert y.dtype == np.float16
        np.testing.assert_array_equal(y.view(np.uint16), expected, err_msg=variant.name)


def channel_sum(variant: kernels.Fp16Kernel, *values: float) -> float:
    """fp16(... fp16(fp16(0 + v0) + v1) ...), negative values by weights of -1."""
    x = np.abs(np.array(values, np.float16)).reshape(1, 1, -1)
    signs = np.where(np.signbit(values), -1, 1).astype(np.int8).reshape(1, 1, 1, -1)
    return float(variant.convolve(x, variant.pack(signs), 1)[0, 0, 0])


TINY = 2.0**-24  # the smallest subnormal


@each_variant
@pytest.mark.parametrize(
    ("values", "total"),
    [
        ((2048, 1, 1), 2048),  # each 1 is half a step of 2048, and 2048 is even
        ((1, 1, 2048), 2050),  # the same numbers in another order
        ((2050, 1), 2052),  # halfway between 2050 and 2052, whose last bit is even
        ((65504, 15), 65504),
        ((65504, 16), np.inf),  # 65520, the first that rounds to infinity
        ((-65504, -16), -np.inf),
        ((65504, 16, -65504), np.inf),
        ((40000, 20000, -40000, 1), 20000),  # through the range that float32 variants do twice
        ((30000, 10000, 20000, -30000, -30000), 0),
        ((TINY, TINY), 2 * TINY),
        ((2.0**-14, -TINY), 2.0**-14 - TINY),  # out of the normal numbers
    ],
)
def test_sums_for_a_pencil(variant: kernels.Fp16Kernel, values: tuple[float, ...], total: float) -> None:
    assert channel_sum(variant, *values) == total


@each_variant
def test_the_sum_starts_from_plus_zero(variant: kernels.Fp16Kernel) -> None:
    x = np.full((1, 1, 3), -0.0, np.float16)
    y = variant.convolve(x, variant.pack(np.ones((1, 1, 1, 3), np.int8)), 1)
    assert not np.signbit(y).any()


@each_variant
def test_there_is_one_nan(variant: kernels.Fp16Kernel) -> None:
    x = np.array([0x7C00, 0xFC00, 0x7C01, 0xFFFF], np.uint16).view(np.float16).reshape(1, 1, 4)  # inf, -inf and two odd NaNs
    signs = np.array([[1, 1, 1, 1], [-1, -1, -1, -1]], np.int8).reshape(2, 1, 1, 4)
    assert variant.convolve(x, variant.pack(signs), 1).view(np.uint16).ravel().tolist() == [0x7E00, 0x7E00]


@each_variant
@pytest.mark.parametrize("stride", [1, 2])
def test_small_integers_agree_with_scipy(variant: kernels.Fp16Kernel, stride: int) -> None:
    rng = np.random.default_rng(stride)
    x = rng.integers(-4, 5, (11, 13, 20)).astype(np.float16)
    signs = rng.choice(np.array([-1, 1], np.int8), (18, 3, 3, 20))
    expected = [correlate(x.astype(np.float64), filter_.astype(np.float64), mode="valid")[::stride, ::stride, 0] for filter_ in signs]
    np.testing.assert_array_equal(variant.convolve(x, variant.pack(signs), stride), np.stack(expected, axis=2))


@each_variant
def test_a_view_with_gaps_is_read_as_it_looks(variant: kernels.Fp16Kernel) -> None:
    rng = np.random.default_rng(0)
    whole = rng.standard_normal((6, 30, 20)).astype(np.float16)
    signs = rng.choice(np.array([-1, 1], np.int8), (16, 3, 3, 5))
    packed = variant.pack(signs)
    for view in (
        whole[::2, 3:9, 1:6],
        whole.transpose(2, 1, 0)[:7, :8, :5],
        whole[:, ::-1, 4::-1],
        np.broadcast_to(whole[:1, :9, :5], (4, 9, 5)),
    ):
        np.testing.assert_array_equal(bits(variant.convolve(view, packed, 1)), bits(variant.convolve(view.copy(), packed, 1)))


@each_variant
def test_the_result_is_fresh_and_the_input_untouched(variant: kernels.Fp16Kernel) -> None:
    x = np.ones((4, 4, 16), np.float16)
    x.setflags(write=False)
    packed = variant.pack(np.ones((16, 3, 3, 16), np.int8))
    first = variant.convolve(x, packed, 1)
    second = variant.convolve(x, packed, 1)
    first[...] = 0
    assert (second == 144).all()
    assert second.flags.c_contiguous


@each_variant
@pytest.mark.parametrize("stride", [1, 2])
def test_bands_and_threads_change_nothing(variant: kernels.Fp16Kernel, stride: int) -> None:
    rng = np.random.default_rng(3)
    rows = 64 * stride + 2
    x = rng.standard_normal((rows, rows, 64)).astype(np.float16)
    signs = rng.choice(np.array([-1, 1], np.int8), (72, 3, 3, 64))
    sizes = sliding.Sliding(rows, rows, 64, 3, 3, stride)
    assert sizes.macs(72) > sliding.THREADED_MACS
    assert len(sliding.cut(sizes, 72).bands) > 1
    y = variant.convolve(x, variant.pack(signs), stride)
    packed = variant.pack(signs[8:24])
    for row in range(0, sizes.out_rows, 9):
        alone = variant.convolve(x[row * stride : row * stride + 3], packed, stride)
        np.testing.assert_array_equal(bits(y[row : row + 1, :, 8:24]), bits(alone))


def test_bands_cover_every_output_row_once() -> None:
    sizes = sliding.Sliding(1030, 1030, 64, 7, 7, 2)
    bands, _ = sliding.cut(sizes, 64)
    assert [row for band in bands for row in range(band.outputs.start, band.outputs.stop)] == list(range(sizes.out_rows))
    assert all(band.inputs == slice(2 * band.outputs.start, 2 * band.outputs.stop + 5) for band in bands)
    assert all(band.sizes.out_rows == band.outputs.stop - band.outputs.start for band in bands)


@each_variant
@pytest.mark.parametrize(
    ("x", "signs", "stride", "problem"),
    [
        (np.zeros((3, 3, 2), "e"), (1, 3, 3, 4), 1, "x has 2 channels, the weights were packed for 4"),
        (np.zeros((2, 3, 4), "e"), (1, 3, 3, 4), 1, "a 3 x 3 kernel at stride 1 has no place on 2 x 3"),
        (np.zeros((3, 3, 4), "e"), (1, 3, 3, 4), 0, "a 3 x 3 kernel at stride 0 has no place on 3 x 3"),
        (np.zeros((3, 3, 4), "f"), (1, 3, 3, 4), 1, "x must be float16 [rows, columns, channels], not float32 [3, 3, 4]"),
        (np.zeros((3, 3), "e"), (1, 3, 3, 4), 1, "x must be float16 [rows, columns, channels], not float16 [3, 3]"),
        (np.zeros((3, 3, 4), "e"), (1, 3, 3), 1, "signs must be [out_channels, kernel_rows, kernel_columns, in_channels]"),
        (np.zeros((3, 3, 0), "e"), (1, 3, 3, 0), 1, "none of them 0, not [1, 3, 3, 0]"),
    ],
)
def test_what_does_not_fit_is_refused(variant: kernels.Fp16Kernel, x: Any, signs: tuple[int, ...], stride: int, problem: str) -> None:
    with pytest.raises(ValueError) as raised:
        variant.convolve(x, variant.pack(np.ones(signs, np.int8)), stride)
    assert problem in str(raised.value)


def test_a_read_only_installation_compiles_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    if "numba" in kernels.available():
        import numba.core.caching

        from hyperdrive_sim.kernels import fp16_numba

        monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
        monkeypatch.setattr(fp16_numba, "_compiled", fp16_numba._compiled.__wrapped__)
        assert channel_sum(fp16_numba.Fp16Loops(), 1, 2, -4) == -1


def test_the_numpy_variant_and_the_listing_do_not_import_numba() -> None:
    code = """
import sys, numpy as np
from hyperdrive_sim import kernels
variant = kernels.kernel("numpy")
variant.convolve(np.ones((3, 3, 2), np.float16), variant.pack(np.ones((1, 3, 3, 2), np.int8)), 1)
print("llvmlite" in sys.modules)
kernels.available()
print("numba" in sys.modules)
"""
    assert python(code) == "False\nFalse\n"


def test_the_number_of_processors_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(processors.JOBS, raising=False)
    assert 1 <= processors.processors() <= (os.cpu_count() or 1)
    monkeypatch.setenv(processors.JOBS, "3")
    assert processors.processors() == 3


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_processors(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(processors.JOBS, text)
    with pytest.raises(InvalidInput, match=rf"^HYPERDRIVE_SIM_JOBS: must be a number of processors, at least 1, not '{re.escape(text)}'"):
        processors.processors()
