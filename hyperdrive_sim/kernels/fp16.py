"""Which forms of the ordered-FP16 convolution there are, which of them this machine can run, and the choice among them."""

from __future__ import annotations

import importlib
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.errors import InvalidInput, MissingExtra


class Kernel(Protocol):
    """One form of Hyperdrive's convolution; all forms return the same bits, and 0x7E00 for every NaN."""

    name: str

    def pack(self, signs: NDArray[np.int8]) -> Any:
        """Signs +-1 [out_channels, kernel_rows, kernel_columns, in_channels] as this form reads them: pack once, convolve often."""

    def convolve(self, x: NDArray[np.float16], packed: Any, stride: int) -> NDArray[np.float16]:
        """From padded x [rows, columns, in_channels] to a new [out_rows, out_columns, out_channels]."""


_NEEDS = {  # slowest first; what must be present, beside LLVM's names of processor features
    "numpy": frozenset[str](),
    "numba": frozenset({"numba"}),
    "numba-avx2": frozenset({"numba", "avx2", "fma", "f16c"}),
    "numba-avx512": frozenset({"numba", "avx512f"}),
    "numba-avx512fp16": frozenset({"numba", "avx512f", "avx512vl", "avx512fp16"}),
}


def available() -> tuple[str, ...]:
    """The forms that this machine can run with what is installed, slowest first."""
    return _available(_present())


def fastest() -> str:
    """The form that `kernel()` gives."""
    return available()[-1]


def kernel(name: str = "fastest") -> Kernel:
    """The form of that name; raises InvalidInput or MissingExtra where it cannot run."""
    if name == "numpy":  # needs nothing, so nothing is looked for: that takes 0.08 s
        return _made(name)
    present = _present()
    return _made(_available(present)[-1] if name == "fastest" else _runnable(name, present))


@lru_cache
def _present() -> frozenset[str]:
    """numba, if installed, and the features of this processor, in the words of numba's code generator."""
    if find_spec("numba") is None:
        return frozenset()
    llvm = importlib.import_module("llvmlite.binding")
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:  # LLVM does not know this kind of processor
        features = {}
    return frozenset({"numba"} | {feature for feature, there in features.items() if there})


def _available(present: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name, needs in _NEEDS.items() if needs <= present)


def _runnable(name: str, present: frozenset[str]) -> str:
    """*name*, if it can run where these things are present."""
    offer = f"use fastest, {', '.join(_available(present))}"
    if name not in _NEEDS:
        raise InvalidInput.at("kernel", f"there is no {name!r}", offer)
    missing = _NEEDS[name] - present
    if "numba" in missing:
        raise MissingExtra(f"kernel {name!r}", "fast")
    if missing:
        raise InvalidInput.at("kernel", f"{name!r} needs a processor with {', '.join(sorted(missing))}", offer)
    return name


@lru_cache
def _made(name: str) -> Kernel:
    """Imports what the form needs, and nothing that it does not."""
    if name == "numpy":
        from hyperdrive_sim.kernels.fp16_numpy import Numpy

        return Numpy()
    if name == "numba":
        from hyperdrive_sim.kernels.fp16_numba import Loops

        return Loops()
    from hyperdrive_sim.kernels.fp16_vector import Vectors

    return Vectors(name, np.float16 if name == "numba-avx512fp16" else np.float32)
