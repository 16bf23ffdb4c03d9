"""The choice among the variants of a kernel: by what is installed and what the processor can do, before anything is compiled."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Generic, TypeVar

from hyperdrive_sim.errors import InvalidInput, MissingExtra

K = TypeVar("K")


class Variants(Generic[K]):
    """The variants of one kernel.

    *needs* says, slowest first, what must be present for each: numba, and processor features as LLVM names them. *make* gives a
    variant of that name and imports what this one needs and nothing else.
    """

    def __init__(self, needs: Mapping[str, frozenset[str]], make: Callable[[str], K]) -> None:
        self.needs = needs
        self._make = make

    def available(self) -> tuple[str, ...]:
        """The variants that this machine can run with what is installed, slowest first."""
        return self.among(present())

    def fastest(self) -> str:
        """The variant that `kernel()` gives."""
        return self.available()[-1]

    def kernel(self, name: str = "fastest") -> K:
        """A variant of that name, which keeps what it works out for as long as it lives. Raises InvalidInput or MissingExtra."""
        if name in self.needs and not self.needs[name]:  # needs nothing, so nothing is looked for: that takes 0.08 s
            return self._make(name)
        return self._make(self.fastest() if name == "fastest" else self.runnable(name, present()))

    def among(self, present: frozenset[str]) -> tuple[str, ...]:
        """The variants that can run where these things are present."""
        return tuple(name for name, needs in self.needs.items() if needs <= present)

    def runnable(self, name: str, present: frozenset[str]) -> str:
        """*name*, if it can run where these things are present."""
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
    """numba, if installed, and the features of this processor, in the words of numba's code generator."""
    if find_spec("numba") is None:
        return frozenset()
    llvm = importlib.import_module("llvmlite.binding")
    try:
        features = llvm.get_host_cpu_features()
    except RuntimeError:  # LLVM does not know this kind of processor
        features = {}
    return frozenset({"numba"} | {feature for feature, there in features.items() if there})
