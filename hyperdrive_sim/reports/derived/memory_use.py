"""Occupancy of memories: how full those of each kind get, and curves over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.occupancy import Occupancy
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.sums import mean
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.systems.placed import kind_of

STEPS = 600


class MemoryKind(NamedTuple):
    """The memories of one name on all chips: how many `memories`, the *fullest* one, and the mean over all of the largest share in use."""

    name: str
    memories: int
    fullest: str
    peak_bits: int
    capacity_bits: int
    mean_share: float

    @property
    def share(self) -> float:
        return self.peak_bits / self.capacity_bits


def memory_kinds(report: Report) -> tuple[MemoryKind, ...]:
    """Kinds of memories, the fullest first."""
    return tuple(sorted(by_name(report), key=lambda kind: -kind.share))


def by_name(report: Report) -> list[MemoryKind]:
    """Kinds of memories, which are their names without the chip's, in the machine's order; those of a system's part have its name."""
    names: dict[str, list[str]] = {}
    for memory in report.occupancy:
        names.setdefault(_kind_of(memory, report.machine), []).append(memory)
    return [_kind(report, kind, of_kind) for kind, of_kind in names.items()]


def _kind_of(memory: str, machine: Machine) -> str:
    """`fmm` for `chip[0,1].fmm`, `back maps0` for `back[1].chip.maps0`, `back edge` for `back[1].edge`."""
    name = memory.removeprefix(f"{machine.place(memory)}.")
    return f"{kind_of(machine.member(memory))} {name}".lstrip()


def _kind(report: Report, name: str, memories: list[str]) -> MemoryKind:
    share = {memory: report.occupancy[memory].peak / report.occupancy[memory].capacity for memory in memories}
    fullest = max(share, key=lambda memory: share[memory])
    held = report.occupancy[fullest]
    return MemoryKind(name, len(memories), fullest, held.peak, held.capacity, mean(share.values()))


class MemoryCurve(NamedTuple):
    """Occupancy of a memory over time: `bits[n]` from `times_ps[n]` until the next, or until `end_ps`."""

    name: str
    peak_bits: int
    capacity_bits: int
    times_ps: NDArray[np.int64]
    bits: NDArray[np.int64]
    end_ps: int

    @property
    def share(self) -> float:
        return self.peak_bits / self.capacity_bits


def curves(report: Report, memories: Sequence[str] | None = None, steps: int = STEPS) -> list[MemoryCurve]:
    """Curves of some memories, or of the fullest of each kind that ever held anything, the fullest first."""
    chosen = [kind.fullest for kind in memory_kinds(report) if kind.peak_bits] if memories is None else memories
    return [_curve(report, name, steps) for name in chosen]


def _curve(report: Report, name: str, steps: int) -> MemoryCurve:
    held, end = report.occupancy[name], report.trace.makespan_ps
    times, bits = thinned(held, end, steps)
    return MemoryCurve(name, held.peak, held.capacity, times, bits, max(end, int(times[-1])))


def thinned(held: Occupancy, until_ps: int, steps: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Times, in picoseconds, and bits from then on: the most within each of so many *steps* of the run, where it changes."""
    if len(held.times_ps) <= steps:
        return held.times_ps, held.bits
    edges = np.linspace(0, until_ps, steps + 1).astype(np.int64)[:-1]
    within = np.searchsorted(held.times_ps, edges, "right") - 1
    most = np.maximum.reduceat(held.bits, within)
    changed = np.flatnonzero(np.concatenate(([1], np.diff(most))))
    return edges[changed], most[changed]
