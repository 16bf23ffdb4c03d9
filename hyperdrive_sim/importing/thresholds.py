"""What acts as a sign: a function of a map's values that has one value below a threshold of each channel and another from there on.

Whatever operators it is written with, it is evaluated: everywhere where the map holds integers, as far as they can be reached, and else
from float to float. So a threshold comes from the stored numbers, without a rounding in between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.importing.expression import Expression, Numbers, evaluate, ordered

LARGEST, BEYOND = 24, 100
"""Powers of two up to which a threshold is looked for among real values, either way; the second where there is none up to the first.

Tricks such as sign(x) - x + x, whose value is that of the sign, lose it where x is so large that a one beside it is rounded away.
"""

STEPS = frozenset({"Sign", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "Where", "Round", "Floor", "Ceil", "Cast", "Not"})
STEPS |= frozenset({"BipolarQuant", "MultiThreshold", "Quant"})
"""Operators that jump. What has none of them, such as a clip, is a sign only where it has its two values to the last digit."""

ALIKE = 1e-4
"""Share of the distance of the two values that rounding may move one by, as in sign(x) - x + x."""

ROUNDED = 1e-9
"""Distance, as a share of what is above 1, of two reals that an offset may make equal."""

MOST_POINTS = 2**22
"""Values of a channel times channels that are evaluated one by one; where there are more, a grid of them and what lies at the steps."""

GRID = 1025

Indices = NDArray[np.int64]


class Integers(NamedTuple):
    """Values of a map of sums: from *low* to *high*, *step* apart: two where the number of products is even, or odd, at every place."""

    low: int
    high: int
    step: int

    def grid(self, channels: int) -> Indices:
        count = (self.high - self.low) // self.step + 1
        points = count if count * channels <= MOST_POINTS else GRID
        return np.unique(np.linspace(0, count - 1, points).round().astype(np.int64))

    def values(self, indices: Indices) -> Numbers:
        return np.asarray(self.low + self.step * indices, np.float64)

    def one_point(self, first: Indices, after: Indices) -> NDArray[np.bool_]:
        """Where a range of indices holds a single value."""
        return np.asarray(after - first == 1)


class Reals(NamedTuple):
    """Values of a map of real numbers: all that float64 has, in their order, up to a power of two."""

    largest: int = LARGEST

    def grid(self, channels: int) -> Indices:
        powers = np.exp2(np.arange(-40, self.largest + 0.25, 0.25))
        positive = powers.view(np.int64)
        return np.concatenate([-positive[::-1], [0], positive])

    def values(self, indices: Indices) -> Numbers:
        return np.abs(indices).view(np.float64) * np.where(indices < 0, -1.0, 1.0)

    def one_point(self, first: Indices, after: Indices) -> NDArray[np.bool_]:
        """Where a range of indices holds what is a single number but for rounding."""
        low, high = self.values(first), self.values(after)
        return np.asarray(high - low <= ROUNDED * np.maximum(1, np.abs(low)))


Lattice = Integers | Reals


class Threshold(NamedTuple):
    """A two-valued function, by channel: *middle* + *half* where factor * x + offset is at least 0, *middle* - *half* elsewhere.

    In channels that do not depend on x, the factor is 0. *undecided* are channels that have a value in the middle for one x: a sign of 0.
    """

    factor: Numbers
    offset: Numbers
    half: Numbers
    middle: Numbers
    undecided: NDArray[np.bool_]

    @property
    def magnitude(self) -> float | None:
        """What the signs are multiplied by; None where that is not the same for all channels, or the values are not opposite."""
        half, middle = self.half, self.middle
        if (np.abs(middle) > ALIKE * np.abs(half)).any() or np.ptp(half) > ALIKE * np.abs(half).max():
            return None
        return float(half[0])

    @property
    def rising(self) -> bool:
        """True if no channel falls."""
        return bool((self.factor >= 0).all())


def threshold(expression: Expression, channels: int, lattice: Lattice, zero: int) -> Threshold | None:
    """The threshold of a function that has two values, one below and one above; None for any other.

    A value in the middle, at a single point, becomes the upper one if *zero* is 1, the lower one if it is -1.
    """
    found = _found(expression, channels, lattice, zero)
    if isinstance(lattice, Reals) and (found is None or not found.factor.all()):
        return _found(expression, channels, Reals(BEYOND), zero) or found
    return found


def _found(expression: Expression, channels: int, lattice: Lattice, zero: int) -> Threshold | None:
    grid = lattice.grid(channels)
    found = evaluate(expression, lattice.values(grid)[None])
    if found.ndim != 2 or found.shape[1] != len(grid) or not np.isfinite(found).all():
        return None
    if not any(one.op in STEPS for one in ordered(expression)) and len(np.unique(found)) > 2:
        return None
    levels = _levels(found)
    if levels is None:
        return None
    return _Search(expression, lattice, grid, found, *levels).threshold(channels, zero)


def _levels(found: Numbers) -> tuple[Numbers, Numbers] | None:
    """The lower and the upper value of each channel [channels]; None if there are others than these and one in the middle."""
    low, high = found.min(axis=1), found.max(axis=1)
    bottom, top = found.min(), found.max()
    if bottom == top:  # the same value everywhere: a sign of it, if it has one
        bottom, top = -abs(bottom), abs(top)
    width = top - bottom
    if not width:
        return None
    shared = ((np.abs(low - bottom) < ALIKE * width) | (np.abs(low - top) < ALIKE * width)).all() and (
        (np.abs(high - bottom) < ALIKE * width) | (np.abs(high - top) < ALIKE * width)
    ).all()
    if shared:  # a channel that never changes has one of the values that all have
        low, high = np.full_like(low, bottom), np.full_like(high, top)
    span = (high - low)[:, None]
    off = np.minimum(np.abs(found - low[:, None]), np.abs(found - high[:, None]))
    middle = np.abs(found - (low + high)[:, None] / 2)
    fits = (off <= ALIKE * span) | (middle <= ALIKE * span)
    return (low, high) if fits.all() else None


class _Search(NamedTuple):
    """The search for the steps of all channels at once, between neighbours of the grid."""

    expression: Expression
    lattice: Lattice
    grid: Indices
    found: Numbers
    low: Numbers
    high: Numbers

    def threshold(self, channels: int, zero: int) -> Threshold | None:
        codes = self._codes(self.found)
        first, last = codes[:, 0], codes[:, -1]
        direction = np.sign(last - first)
        # in the direction of each channel, the codes must never go back
        moves = np.diff(codes, axis=1) * np.where(direction == 0, 1, direction)[:, None]
        if (
            (moves < 0).any()
            or ((direction == 0) & (moves != 0).any(axis=1)).any()
            or (codes[:, 0] == 0).any()
            or (codes[:, -1] == 0).any()
        ):
            return None
        leaves, arrives = self._bisected(first, leaves=True), self._bisected(last, leaves=False)
        middle = (arrives > leaves) & (direction != 0)
        if (middle & ~self.lattice.one_point(leaves, arrives)).any():  # three values, not a sign with a gap
            return None
        upper = np.where(direction > 0, zero > 0, zero < 0)  # does the middle belong to what comes after it?
        border = np.where(upper, leaves, arrives)
        return self._placed(border, direction, codes, middle, channels)

    def _codes(self, found: Numbers) -> Indices:
        """-1, 0 and 1 for the lower value, the middle and the upper value."""
        span = (self.high - self.low)[:, None]
        upper, lower = np.abs(found - self.high[:, None]) <= ALIKE * span, np.abs(found - self.low[:, None]) <= ALIKE * span
        return np.where(upper & (span > 0), 1, np.where(lower, -1, 0)).astype(np.int64)

    def _bisected(self, code: Indices, *, leaves: bool) -> Indices:
        """Index of the first value of each channel that no longer has a *code* or, unless it *leaves*, from which on it has."""
        codes = self._codes(self.found)
        passed = (codes != code[:, None]) if leaves else (codes == code[:, None])
        at = np.where(passed.any(axis=1), passed.argmax(axis=1), len(self.grid) - 1)
        high = self.grid[at].copy()
        low = self.grid[np.maximum(at - 1, 0)].copy()
        while (apart := high - low > 1).any():
            middle = low + (high - low) // 2
            now = self._codes(self._at(middle))[:, 0]
            there = (now != code) if leaves else (now == code)
            high, low = np.where(apart & there, middle, high), np.where(apart & ~there, middle, low)
        return high

    def _at(self, indices: Indices) -> Numbers:
        found = evaluate(self.expression, self.lattice.values(indices)[:, None])
        return np.broadcast_to(found, (len(indices), 1))

    def _placed(self, border: Indices, direction: Indices, codes: Indices, undecided: NDArray[np.bool_], channels: int) -> Threshold:
        factor = direction.astype(np.float64)
        if isinstance(self.lattice, Integers):
            offset = -factor * (self.lattice.values(border) - self.lattice.step / 2)  # half-way: no sum comes near it
        else:  # from the first float on, or up to the last one before
            offset = np.where(direction > 0, -self.lattice.values(border), self.lattice.values(border - 1))
        offset = np.where(direction == 0, codes[:, 0].astype(np.float64), offset)
        factor, offset, half, middle = (
            np.broadcast_to(part + 0.0, channels).copy()
            for part in (factor, offset, (self.high - self.low) / 2, (self.high + self.low) / 2)
        )  # a sum with 0 is never -0
        return Threshold(factor, offset, half, middle, np.broadcast_to(undecided, channels))
