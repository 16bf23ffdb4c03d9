"""Cost of row commands: time and energy are linear in the counts of each kind. All values come from the caller's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of row commands by kind: AAP activates two addresses, AP one."""

    aaps: int = 0
    aps: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.aaps + other.aaps, self.aps + other.aps)

    def __mul__(self, times: int) -> Counts:
        return Counts(self.aaps * times, self.aps * times)

    __rmul__ = __mul__

    @property
    def commands(self) -> int:
        return self.aaps + self.aps

    @property
    def activations(self) -> int:
        """Number of activations, which a limit on activations per time (tFAW) counts."""
        return 2 * self.aaps + self.aps


class CommandTiming(NamedTuple):
    """Durations of row commands in picoseconds.

    A row stays open for tRAS and closes in tRP; the second activation of an AAP starts so early that it adds only *overlap*.
    """

    tras_ps: int
    trp_ps: int
    overlap_ps: int

    @property
    def aap_ps(self) -> int:
        return self.tras_ps + self.overlap_ps + self.trp_ps

    @property
    def ap_ps(self) -> int:
        return self.tras_ps + self.trp_ps

    def ps(self, counts: Counts) -> int:
        """Picoseconds of all commands, one after another in one sub-array; banks in lock-step take no longer."""
        return counts.aaps * self.aap_ps + counts.aps * self.ap_ps


class CommandEnergy(NamedTuple):
    """Energy of row commands, in nanojoules per command and KB of row."""

    aap_nj_per_kb: float
    ap_nj_per_kb: float

    def nj_per_kb(self, counts: Counts) -> float:
        return counts.aaps * self.aap_nj_per_kb + counts.aps * self.ap_nj_per_kb
