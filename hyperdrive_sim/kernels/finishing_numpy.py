"""numpy variant of the finishing of FP16 maps, and the steps that there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Halves = NDArray[np.float16]

NEGATIVE_INFINITY = np.float16(-np.inf).view(np.int16)
"""Bits of -inf read as an integer: those of the other negative numbers lie below it, those of the negative NaNs above."""


class Steps(NamedTuple):
    """What is done to each channel of a map: a factor, an offset, ReLU. None leaves one out; another map may be added before the offset."""

    scale: Halves | None = None
    bias: Halves | None = None
    relu: bool = False


class FinishingNumpy:
    """One step after the other."""

    name = "numpy"

    def pack(self, steps: Steps, channels: int) -> Steps:
        return steps

    def finish(self, y: Halves, packed: Steps, other: Halves | None = None) -> Halves:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if packed.scale is not None:
                y = rounded(np.multiply, y, packed.scale)
            for term in (other, packed.bias):
                if term is not None:
                    y = rounded(np.add, y, term)
        return _relu(y) if packed.relu else y


def rounded(operation: Callable[..., NDArray[np.float32]], a: Halves, b: Halves) -> Halves:
    """Sum or product of FP16 values, rounded to FP16."""
    return operation(a.astype(np.float32), b.astype(np.float32)).astype(np.float16)


def _relu(y: Halves) -> Halves:
    """ReLU in place: negative numbers become +0, NaN stays. Works on the bits, fifty times faster than comparing halves in numpy."""
    bits = y.view(np.int16)
    bits *= bits > NEGATIVE_INFINITY
    return y
