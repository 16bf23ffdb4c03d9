"""Choice among the variants of a kernel: by what is installed and what the processor can do, before anything is compiled."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Generic, TypeVar

from hyperdrive_sim.errors import InvalidInput, MissingExtra

K = TypeVar("K")


class Variants(Generic[K]):
    """Variants of one kernel, by name.

    *needs* says, slowest first, what must be present for each: numba, and processor features as LLVM names them. *make* gives a
    variant of that name and imports what this one needs and nothing else.
    """

    def __init__(self, needs: Mapping[str, frozenset[str]], make: Callable[[str], K]) -> None:
        self.needs = needs
        self._make = make

    def available(self) -> tuple[str, ...]:
        """Variants that this machine can run with what is installed, slowest first."""
        return self.among(present())

    def fastest(self) -> str:
        """Name of the variant that `kernel()` gives."""
        return self.available()[-1]

    def kernel(self, name: str = "fastest") -> K:
        """A variant by name, which keeps its plans for as long as it lives.

        Raises InvalidInput for an unknown name or a processor that lacks a feature, MissingExtra without numba.
        """
        if name in self.needs and not self.needs[name]:  # needs nothing, so nothing is looked for: that takes 0.08 s
            return self._make(name)
        return self._make(self.fastest() if name == "fastest" else self.runnable(name, present()))

    def among(self, present: frozenset[str]) -> tuple[str, ...]:
        """Variants that can run where only these things are *present*, slowest first."""
        return tuple(name for name, needs in self.needs.items() if needs <= present)

    def runnable(self, name: str, present: frozenset[str]) -> str:
        """Return *name* if it can run with what is *present*. Raises InvalidInput or MissingExtra, which say what is missing."""
        offer = f"use fastest, {', '.join(self.among(present))}"
        if name not in self.needs:
            raise InvalidInput.at("kernel", f"there is no {name!r}", offer)
        missing = self.needs[name] - present
        if "numba" in missing:
            raise MissingExtra(f"kernel {name!r}", "fast")
        if missing:
            raise InvalidInput.at("kernel", f"{name!r} needs a processor with {', '.join(sorted(missing))}", offer)
        return name


@lru_cache  # of this machine, which stays the same
def present() -> frozenset[str]:
    """Names of what this machine has: numba, if installed, and with it the processor's features as LLVM names them."""
    if find_spec("numba") is None:
        return frozenset()
    llvm = importlib.import_module("llvmlite.binding")
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:  # LLVM does not know this kind of processor
        features = {}
    return frozenset({"numba"} | {feature for feature, there in features.items() if there})
