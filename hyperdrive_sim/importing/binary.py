"""Binary weights: each output channel has two values, of which one is the other's negative."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ALIKE = 1e-5
"""Share by which the magnitudes of one channel may differ: folding a batch norm into them moves them by a rounding."""


FEW = 1 / 20
"""Share of a layer's weights that may be 0 by chance, behind a sign that makes a third value of 0; of more, 0 is a value on purpose."""

MOST = 1 / 2
"""Share from which on weights are no ternary ones: identities and other weights that move values."""


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


def zeros(weights: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which weights [out, ...] are 0 where they would be binary without these; None where none is, most are, or they would not."""
    flat = np.abs(weights.reshape(len(weights), -1))
    largest = flat.max(axis=1, keepdims=True)
    gone = (flat == 0) & (largest > 0)
    if not gone.any() or gone.mean() > MOST or binary(np.where(gone, largest, flat)) is None:
        return None
    return np.asarray(gone.reshape(weights.shape))


def decided(weights: NDArray[Any], gone: NDArray[np.bool_], zero: int) -> NDArray[Any]:
    """Weights whose zeros are *zero*, 1 or -1, times the magnitude of their output channel."""
    magnitude = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
    return np.where(gone, zero * magnitude, weights)
