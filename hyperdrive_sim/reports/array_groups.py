"""Arrays that count alike: those of each chip or mesh of a system, weighed by what they could do; in any other machine all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import fsum
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.machine import is_array
from hyperdrive_sim.schedule.mapped import Composed


class ArrayGroup(NamedTuple):
    """Arrays of a chip or a mesh that did anything in a run; `peak_ops_per_cycle`, of the system's clock, is that of all its tiles."""

    arrays: tuple[str, ...]
    peak_ops_per_cycle: int | float


def array_groups(compiled: Compiled) -> tuple[ArrayGroup, ...]:
    """The groups of a run, without those that did nothing."""
    machine, units = compiled.machine, compiled.trace.units
    arrays = [name for name in units if is_array(machine.unit[name].kind)]
    if not isinstance(compiled.mapped, Composed):
        return (ArrayGroup(tuple(arrays), machine.peak_ops_per_cycle),) if arrays else ()
    machines = [one for part in compiled.mapped.parts for one in part.machines]
    found = (ArrayGroup(tuple(n for n in arrays if n in one.unit), one.peak_ops_per_s / machine.clock.hz) for one in machines)
    return tuple(group for group in found if group.arrays)


def places(groups: Sequence[ArrayGroup]) -> Mapping[str, int]:
    """The number of the group of each array, by its name."""
    return {array: number for number, group in enumerate(groups) for array in group.arrays}


def mean_s(ps: Numbers, groups: Sequence[ArrayGroup]) -> float:
    """Seconds of an array on average, each counted as much as it could do, of picoseconds that the arrays of each group took together.

    With w the peak of a group and n its arrays, this is sum(w / n ps) / sum(w): of equal arrays the plain mean. What all arrays could have
    done in that time together is the peak of the whole times the mean.
    """
    peaks = [Fraction(group.peak_ops_per_cycle) for group in groups]
    weighed = (peak * int(took) / len(group.arrays) for peak, took, group in zip(peaks, ps, groups, strict=True))
    return float(sum(weighed, Fraction()) / (sum(peaks) * PS_PER_S)) if groups else 0.0


def peak(groups: Sequence[ArrayGroup]) -> float:
    """Operations per cycle of all tiles of some groups."""
    return fsum(group.peak_ops_per_cycle for group in groups)


def none_of(groups: Sequence[ArrayGroup]) -> Numbers:
    """No picoseconds of any group."""
    return np.zeros(len(groups), np.int64)
