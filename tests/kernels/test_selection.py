"""The choice among variants of a kernel, the same for both convolutions: by what the processor can do, before anything is compiled."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest
from commands import python

from hyperdrive_sim.errors import InvalidInput, MissingExtra
from hyperdrive_sim.kernels import fp16, xnor

each_kernel = pytest.mark.parametrize("kernels", [fp16, xnor])


@each_kernel
def test_variants_carry_their_names_and_nobody_shares_one(kernels: ModuleType) -> None:
    """A variant keeps plans of what it has convolved, and they go with it."""
    assert [kernels.kernel(name).name for name in kernels.available()] == list(kernels.available())
    assert kernels.kernel().name == kernels.fastest()
    assert kernels.kernel() is not kernels.kernel()
    assert kernels.fastest() == kernels.available()[-1]


@pytest.mark.parametrize(
    ("kernels", "present", "names"),
    [
        (fp16, set(), ["numpy"]),
        (fp16, {"avx512f", "avx512vl", "avx512fp16"}, ["numpy"]),
        (fp16, {"numba", "neon"}, ["numpy", "numba"]),
        (fp16, {"numba", "avx512f", "avx512vl"}, ["numpy", "numba", "numba-avx512"]),
        (fp16, {"numba", "avx512f", "avx512vl", "avx512fp16"}, ["numpy", "numba", "numba-avx512", "numba-avx512fp16"]),
        (xnor, set(), ["numpy"]),
        (xnor, {"avx2", "avx512f", "avx512vpopcntdq"}, ["numpy"]),
        (xnor, {"numba", "neon"}, ["numpy", "numba"]),
        (xnor, {"numba", "avx2", "avx512f"}, ["numpy", "numba", "numba-avx2"]),
        (xnor, {"numba", "avx2", "avx512f", "avx512vpopcntdq"}, ["numpy", "numba", "numba-avx2", "numba-avx512vpopcntdq"]),
    ],
)
def test_only_what_the_machine_can_run_is_offered(kernels: ModuleType, present: set[str], names: list[str]) -> None:
    assert list(kernels.VARIANTS.among(frozenset(present))) == names
    assert [name for name in kernels.VARIANTS.needs if runs(kernels, name, frozenset(present))] == names


def runs(kernels: ModuleType, name: str, present: frozenset[str]) -> bool:
    try:
        return bool(kernels.VARIANTS.runnable(name, present) == name)
    except (InvalidInput, MissingExtra):
        return False


@each_kernel
def test_an_unknown_variant_is_refused_with_those_that_run(kernels: ModuleType) -> None:
    with pytest.raises(InvalidInput) as raised:
        kernels.kernel("cuda")
    assert str(raised.value) == f"kernel: there is no 'cuda'; use fastest, {', '.join(kernels.available())}"


@pytest.mark.parametrize(
    ("kernels", "name", "present", "problem"),
    [
        (
            *(fp16, "numba-avx512fp16", {"numba", "avx512f", "avx512vl"}),
            "kernel: 'numba-avx512fp16' needs a processor with avx512fp16; use fastest, numpy, numba, numba-avx512",
        ),
        (
            *(xnor, "numba-avx512vpopcntdq", {"numba", "avx2", "avx512f"}),
            "kernel: 'numba-avx512vpopcntdq' needs a processor with avx512vpopcntdq; use fastest, numpy, numba, numba-avx2",
        ),
    ],
)
def test_a_variant_for_another_processor_is_refused_by_feature(kernels: ModuleType, name: str, present: set[str], problem: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        kernels.VARIANTS.runnable(name, frozenset(present))
    assert str(raised.value) == problem


@pytest.mark.parametrize("room", ["fp16_numba", "xnor_numba"])
def test_numba_compiles_from_one_file_because_its_cache_looks_at_one_file(room: str) -> None:
    if "numba" in fp16.available():
        module = import_module(f"hyperdrive_sim.kernels.{room}")
        called = [vars(module).get(name) for name in module._loops.__code__.co_names]
        assert [f.py_func.__module__ for f in called if hasattr(f, "py_func")] == [module.__name__]


@pytest.mark.parametrize("room", ["fp16", "xnor"])
def test_without_numba_there_is_the_numpy_variant_and_a_cure(room: str) -> None:
    code = f"""
import sys
sys.modules["numba"] = None
from hyperdrive_sim import errors
from hyperdrive_sim.kernels import {room} as kernels
print(kernels.available(), kernels.kernel().name)
try:
    kernels.kernel("numba")
except errors.MissingExtra as problem:
    print(problem)
"""
    cure = "kernel 'numba' needs an optional package; install it with: pip install 'hyperdrive-sim[fast]'"
    assert python(code) == f"('numpy',) numpy\n{cure}\n"
