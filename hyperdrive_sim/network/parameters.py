"""A layer's constants, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """A layer's constants from output channel *first* on: weights [out, kernel rows, kernel columns, in] (+-1 as int8 where binary),
    and a factor and an offset per output channel.
    """

    weights: Array | None = None
    scale: Array | None = None
    bias: Array | None = None
    first: int = 0

    def channels(self, start: int, stop: int) -> Parameters:
        """What output channels start..stop need."""
        weights, scale, bias = (None if part is None else part[start:stop] for part in (self.weights, self.scale, self.bias))
        return Parameters(weights, scale, bias, start)


NO_PARAMETERS = Parameters()
