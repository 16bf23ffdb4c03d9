"""Clock and data rates: cycles and bits become integer picoseconds here and nowhere else.

Each conversion rounds once, by half a picosecond at most.
"""

from __future__ import annotations

from dataclasses import dataclass

from hyperdrive_sim.errors import InvalidInput

PS_PER_S = 10**12
MAX_PS = 2**63 - 1
"""The longest time that there is, over a hundred days: times are numbers of 64 bits."""


def too_long(ps: float) -> InvalidInput:
    """The refusal of what would last for more than MAX_PS."""
    problem = f"this would last up to {ps / PS_PER_S:.2g} s, more than the {MAX_PS / PS_PER_S:.2g} s that can be simulated"
    return InvalidInput.at("", problem, "take faster links, a faster clock or fewer frames")


def _divided(numerator: int, denominator: int) -> int:
    """The integer nearest to a ratio of non-negative integers; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _possible(ps: int) -> int:
    if ps > MAX_PS:
        raise too_long(ps)
    return ps


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
        """The duration of some cycles, in picoseconds. Raises InvalidInput if it is longer than MAX_PS."""
        return _possible(_divided(cycles * PS_PER_S, self.hz))

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
        """The time that some bits take, in picoseconds: 0 for none, at least 1 for any. Raises InvalidInput if it is longer than MAX_PS."""
        return _possible(max(1, _divided(bits * PS_PER_S, self.bits_per_s))) if bits else 0
