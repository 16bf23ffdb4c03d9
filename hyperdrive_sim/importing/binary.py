"""Binary weights: each output channel has two values, of which one is the other's negative."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ALIKE = 1e-5
"""Share by which the magnitudes of one channel may differ: folding a batch norm into them moves them by a rounding."""


class Binary(NamedTuple):
    """Weights as signs [out, ...] and the magnitude of each output channel [out], which is 0 for one whose weights all are."""

    signs: NDArray[np.int8]
    magnitude: NDArray[np.float64]


def binary(weights: NDArray[Any]) -> Binary | None:
    """Weights [out, ...] as signs; None if they are no binary ones.

    A channel of a single weight has but one value whatever is trained: only if all channels have the same are those signs.
    """
    flat = np.abs(weights.reshape(len(weights), -1))
    largest = flat.max(axis=1)
    if not np.isfinite(largest).all() or not largest.any():
        return None
    alike = flat.min(axis=1) >= largest * (1 - ALIKE)
    if not alike.all() or (flat.shape[1] == 1 and np.ptp(largest) > ALIKE * largest.max()):
        return None
    magnitude = np.median(flat, axis=1) if flat.shape[1] > 1 else largest
    return Binary(np.where(weights < 0, -1, 1).astype(np.int8), magnitude.astype(np.float64))
