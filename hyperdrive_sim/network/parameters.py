"""A layer's constants, as arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """A layer's constants; None for those that it does not have.

    Weights are [out, kernel rows, kernel columns, in] (+-1 as int8 where binary), a dense layer's [out, in]; `scale` and `bias` are a
    factor and an offset per output channel, [out]. All begin with output channel *first*.
    """

    weights: Array | None = None
    scale: Array | None = None
    bias: Array | None = None
    first: int = 0

    def channels(self, start: int, stop: int) -> Parameters:
        """Constants of the output channels start..stop, taken from those of all channels."""
        weights, scale, bias = (None if part is None else part[start:stop] for part in (self.weights, self.scale, self.bias))
        return Parameters(weights, scale, bias, start)

    def digest(self) -> str:
        """SHA-256 of all constants, types and shapes."""
        found = hashlib.sha256()
        for part in (self.weights, self.scale, self.bias):
            found.update(b"-" if part is None else f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
        return found.hexdigest()


NO_PARAMETERS = Parameters()
