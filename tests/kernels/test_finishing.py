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


def plain(y: Half, steps: Steps) -> Half:
    """The specification, in numpy's float16."""
    with np.errstate(all="ignore"):
        y = y if steps.scale is None else y * steps.scale
        y = y if steps.other is None else y + steps.other
        y = y if steps.bias is None else y + steps.bias
        return np.where(y <= 0, np.float16(0), y) if steps.relu else y


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
    y, other = drawn(rng, 5, 7, channels), drawn(rng, 5, 7, channels)
    scale, bias = (drawn(rng, channels) for _ in range(2))
    steps = Steps(scale if given & 1 else None, other if given & 2 else None, bias if given & 4 else None, relu)
    expected = plain(y, steps)
    np.testing.assert_array_equal(bits(variant.finish(y.copy(), steps)), bits(expected))


@each_variant
def test_every_number_is_rounded_as_numpy_rounds_it(variant: Finishing) -> None:
    """All 65536 halves, times and plus some that make ties, overflows and subnormals."""
    y = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(64, 64, 16)
    factors = np.array([1, -1, 0.5, 3, 1.001, 0.3333, 2**-10, 1e-7, 65504, -0.0, 7, 1.5, 0.1, 2**-24, 1.999, 33], np.float16)
    for steps in (Steps(scale=factors), Steps(bias=factors), Steps(factors, y[::-1], factors[::-1], relu=True)):
        np.testing.assert_array_equal(bits(variant.finish(y.copy(), steps)), bits(plain(y, steps)))


@each_variant
def test_parts_of_larger_maps_are_taken(variant: Finishing) -> None:
    rng = np.random.default_rng(1)
    y, other = rng.standard_normal((2, 6, 9, 32)).astype(np.float16)
    steps = Steps(other=other[1:4, 2:8, 16:], relu=True)
    np.testing.assert_array_equal(variant.finish(y[1:4, 2:8, 16:].copy(), steps), plain(y[1:4, 2:8, 16:], steps))


def test_the_fastest_runs_wherever_numba_and_the_instructions_are() -> None:
    there = present() >= {"numba", "avx2", "f16c"}
    assert finishing.fastest() == ("numba-f16c" if there else "numpy")
