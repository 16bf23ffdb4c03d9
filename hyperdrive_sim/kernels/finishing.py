"""Finishing of FP16 maps: factor, bypass, offset and ReLU, each result rounded to FP16.

    y = fp16(y * scale);  y = fp16(y + other);  y = fp16(y + bias);  y = max(y, 0)                   each only where it is given

Two variants, identical bit for bit but for which NaN a NaN is:

    numpy       always there; a pass over the map for every conversion, factor and sum
    numba-f16c  one pass over the map; needs the extra `fast` and a processor with AVX2 and F16C

Products and sums are made in float32 and rounded to FP16 at once; the first rounding is harmless, as float32 has more than twice the
digits.
"""

from __future__ import annotations

from typing import Any, Protocol

from hyperdrive_sim.kernels.finishing_numpy import FinishingNumpy, Halves, Steps, rounded
from hyperdrive_sim.kernels.selection import Variants

__all__ = ["Finishing", "Steps", "available", "fastest", "kernel", "rounded"]


class Finishing(Protocol):
    """A variant of the finishing of maps; all return the same bits, NaNs aside."""

    name: str

    def pack(self, steps: Steps, channels: int) -> Any:
        """Pack steps over so many channels as this variant reads them: once, to finish often."""

    def finish(self, y: Halves, packed: Any, other: Halves | None = None) -> Halves:
        """The map after the steps, a new array or *y* itself, which may be overwritten unless there is another map to add.

        *y* has the channels that the steps were packed for, and *other* its shape; ValueError if they do not go together.
        """


def _made(name: str) -> Finishing:
    if name == "numpy":
        return FinishingNumpy()
    from hyperdrive_sim.kernels.finishing_llvm import FinishingVectors

    return FinishingVectors(name)


VARIANTS: Variants[Finishing] = Variants({"numpy": frozenset[str](), "numba-f16c": frozenset({"numba", "avx2", "f16c"})}, _made)
available, fastest, kernel = VARIANTS.available, VARIANTS.fastest, VARIANTS.kernel
