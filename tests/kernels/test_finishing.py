"""Every variant of the finishing of FP16 maps against numpy's own float16, one operation after the other, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hyperdrive_sim.kernels import finishing
from hyperdrive_sim.kernels.finishing import Finishing, Steps
from hyperdrive_sim.kernels.selection import present

Half = NDArray[np.float16]


def variants() -> list[Finishing]:
    """All that run here, and the code that a processor without AVX-512 would get."""
    found = [finishing.kernel(name) for name in finishing.available()]
    if len(found) > 1:
        from hyperdrive_sim.kernels.emit import Target
        from hyperdrive_sim.kernels.finishing_llvm import FinishingVectors

        found.append(FinishingVectors("numba-f16c on an older processor", Target("haswell", "")))
    return found


each_variant = pytest.mark.parametrize("variant", variants(), ids=lambda variant: variant.name)


def plain(y: Half, steps: Steps, other: Half | None = None) -> Half:
    """The specification, in numpy's float16."""
    with np.errstate(all="ignore"):
        y = y if steps.scale is None else y * steps.scale
        y = y if other is None else y + other
        y = y if steps.bias is None else y + steps.bias
        return np.where(y <= 0, np.float16(0), y) if steps.relu else y


def finished(variant: Finishing, y: Half, steps: Steps, other: Half | None = None) -> Half:
    return variant.finish(y.copy(), variant.pack(steps, y.shape[2]), other)


def bits(values: Half) -> NDArray[np.uint16]:
    """Bit patterns, in which +0 and -0 differ and all NaNs are one."""
    return np.where(np.isnan(values), np.uint16(0x7E00), np.ascontiguousarray(values).view(np.uint16))


def drawn(rng: np.random.Generator, *shape: int) -> Half:
    """Any bit patterns: zeros of both signs, subnormals, infinities and NaNs among them."""
    values = rng.integers(0, 2**16, shape, np.uint16).view(np.float16)
    values[rng.random(shape) < 0.05] = -0.0
    return values


@each_variant
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("given", range(8))
@pytest.mark.parametrize("channels", [3, 16, 17, 40, 64])
def test_each_step_is_rounded(variant: Finishing, channels: int, given: int, relu: bool) -> None:
    rng = np.random.default_rng([channels, given, relu])
    y, other = drawn(rng, 5, 7, channels), drawn(rng, 5, 7, channels) if given & 2 else None
    scale, bias = (drawn(rng, channels) for _ in range(2))
    steps = Steps(scale if given & 1 else None, bias if given & 4 else None, relu)
    np.testing.assert_array_equal(bits(finished(variant, y, steps, other)), bits(plain(y, steps, other)))


@each_variant
def test_every_number_is_rounded_as_numpy_rounds_it(variant: Finishing) -> None:
    """All 65536 halves, times and plus some that make ties, overflows and subnormals."""
    y = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(64, 64, 16)
    factors = np.array([1, -1, 0.5, 3, 1.001, 0.3333, 2**-10, 1e-7, 65504, -0.0, 7, 1.5, 0.1, 2**-24, 1.999, 33], np.float16)
    for steps, other in ((Steps(scale=factors), None), (Steps(bias=factors), None), (Steps(factors, factors[::-1], relu=True), y[::-1])):
        np.testing.assert_array_equal(bits(finished(variant, y, steps, other)), bits(plain(y, steps, other)))


@each_variant
def test_parts_of_larger_maps_are_taken(variant: Finishing) -> None:
    rng = np.random.default_rng(1)
    y, other = rng.standard_normal((2, 6, 9, 32)).astype(np.float16)
    part = np.s_[1:4, 2:8, 16:]
    np.testing.assert_array_equal(finished(variant, y[part], Steps(relu=True), other[part]), plain(y[part], Steps(relu=True), other[part]))


@each_variant
def test_maps_that_do_not_fit_are_refused(variant: Finishing) -> None:
    y, packed = np.zeros((2, 3, 16), np.float16), variant.pack(Steps(bias=np.ones(32, np.float16)), 32)
    with pytest.raises(ValueError):
        variant.finish(y, packed)
    with pytest.raises(ValueError):
        variant.finish(y, variant.pack(Steps(), 16), np.zeros((3, 2, 16), np.float16))


@each_variant
def test_steps_are_packed_once_to_finish_often(variant: Finishing) -> None:
    rng = np.random.default_rng(2)
    steps = Steps(drawn(rng, 32), drawn(rng, 32), relu=True)
    packed = variant.pack(steps, 32)
    for other in (drawn(rng, 4, 5, 32), None, drawn(rng, 4, 5, 32)):
        y = drawn(rng, 4, 5, 32)
        np.testing.assert_array_equal(bits(variant.finish(y.copy(), packed, other)), bits(plain(y, steps, other)))


def test_the_fastest_runs_wherever_numba_and_the_instructions_are() -> None:
    there = present() >= {"numba", "avx2", "f16c"}
    assert finishing.fastest() == ("numba-f16c" if there else "numpy")
