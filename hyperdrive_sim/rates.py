"""Cycles and bits become integer picoseconds here and nowhere else; each conversion rounds once, by half a picosecond at most."""

from __future__ import annotations

from dataclasses import dataclass

PS_PER_S = 10**12


def _divided(numerator: int, denominator: int) -> int:
    """The nearest integer to a ratio of non-negative integers (halves go up)."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of *hz* cycles per second."""

    hz: int

    @classmethod
    def of_mhz(cls, mhz: float) -> Clock:
        return cls(round(mhz * 1e6))

    @property
    def mhz(self) -> float:
        return self.hz / 1e6

    def ps(self, cycles: int) -> int:
        return _divided(cycles * PS_PER_S, self.hz)

    def cycles(self, ps: int) -> int:
        """The number of cycles nearest to a time span."""
        return _divided(ps * self.hz, PS_PER_S)


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast bits pass: *bits_per_s*. Passing anything at all takes at least one picosecond."""

    bits_per_s: int

    @classmethod
    def per_cycle(cls, bits: float, clock: Clock) -> Rate:
        return cls(round(bits * clock.hz))

    def ps(self, bits: int) -> int:
        return max(1, _divided(bits * PS_PER_S, self.bits_per_s)) if bits else 0
