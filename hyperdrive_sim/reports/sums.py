"""Sums of floats, each rounded once: the same on every Python, whose built-in sum of floats is a compensated one from 3.12 on."""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum
from typing import TypeVar

K = TypeVar("K")


def by_key(pairs: Iterable[tuple[K, float]]) -> dict[K, float]:
    """Sums of the values that come with equal keys, in the order of the keys' first occurrence."""
    groups: dict[K, list[float]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: fsum(values) for key, values in groups.items()}


def mean(values: Iterable[float]) -> float:
    """The mean of some values."""
    every = list(values)
    return fsum(every) / len(every)
