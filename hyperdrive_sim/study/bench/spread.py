"""Statistics of repeated measurements."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import log


@dataclass(frozen=True)
class Spread:
    """A quantity that was measured several times: its median, and how far it went to either side."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        return cls(statistics.median(samples), min(samples), max(samples))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Exponent b of the law cost = a * size**b that fits best: least squares of the logarithms. 1 is linear growth."""
    return statistics.linear_regression([log(size) for size in sizes], [log(cost) for cost in costs]).slope
