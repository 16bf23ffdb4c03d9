"""Clock and data rates: cycles and bits become integer picoseconds here and nowhere else.

Each conversion rounds once, by half a picosecond at most.
"""

from __future__ import annotations

from dataclasses import dataclass

PS_PER_S = 10**12


def _divided(numerator: int, denominator: int) -> int:
    """The integer nearest to a ratio of non-negative integers; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of *hz* cycles per second."""

    hz: int

    @classmethod
    def of_mhz(cls, mhz: float) -> Clock:
        """The clock of a frequency in MHz, rounded to whole cycles per second."""
        return cls(round(mhz * 1e6))

    @property
    def mhz(self) -> float:
        return self.hz / 1e6

    def ps(self, cycles: int) -> int:
        """The duration of some cycles, in picoseconds."""
        return _divided(cycles * PS_PER_S, self.hz)

    def cycles(self, ps: int) -> int:
        """The number of cycles nearest to a duration in picoseconds."""
        return _divided(ps * self.hz, PS_PER_S)


@dataclass(frozen=True, slots=True)
class Rate:
    """A data rate of *bits_per_s*, as a link has."""

    bits_per_s: int

    @classmethod
    def per_cycle(cls, bits: float, clock: Clock) -> Rate:
        """The rate of so many bits in each cycle of a clock, rounded to whole bits per second."""
        return cls(round(bits * clock.hz))

    def ps(self, bits: int) -> int:
        """The time that some bits take, in picoseconds: 0 for none, at least 1 for any."""
        return max(1, _divided(bits * PS_PER_S, self.bits_per_s)) if bits else 0
