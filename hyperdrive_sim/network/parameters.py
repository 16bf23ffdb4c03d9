"""A layer's constants, as arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Parameters:
    """A layer's constants; None for those that it does not have.

    Weights are [out, kernel rows, kernel columns, in] (+-1 as int8 where binary), a dense layer's [out, in]; `scale` and `bias` are a
    factor and an offset per output channel, [out]. All begin with output channel *first*.
    """

    weights: Array | None = None
    scale: Array | None = None
    bias: Array | None = None
    first: int = 0
    _blocks: dict[tuple[int, int], Parameters] = field(default_factory=dict, init=False, repr=False)

    def channels(self, start: int, stop: int) -> Parameters:
        """Constants of the output channels start..stop, taken from those of all channels: the same object each time.

        Whatever follows from a block of constants alone can thus be kept for as long as they are.
        """
        if block := self._blocks.get((start, stop)):
            return block
        weights, scale, bias = (None if part is None else part[start:stop] for part in (self.weights, self.scale, self.bias))
        return self._blocks.setdefault((start, stop), Parameters(weights, scale, bias, start))  # another thread may have been first

    def digest(self) -> str:
        """SHA-256 of all constants, types and shapes."""
        found = hashlib.sha256()
        for part in (self.weights, self.scale, self.bias):
            found.update(b"-" if part is None else f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
        return found.hexdigest()


NO_PARAMETERS = Parameters()
