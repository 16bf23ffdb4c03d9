"""A task, the row of a schedule: what a unit does, for how long, after what, to which data and at what cost; and when frames arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.network.box import Box
from hyperdrive_sim.rates import PS_PER_S

NOTHING: Mapping[str, int] = {}

HOST = "host"
"""The memory of everything outside the accelerator: it holds whole maps, as many as it likes."""


class Region(NamedTuple):
    """A block of a map in a memory; *tile* says in which allocation, where several hold blocks of the map that overlap."""

    memory: str
    tensor: str
    box: Box
    tile: int = 0


class OperandLocations(NamedTuple):
    """Operand locations: the memories from and to which one unit computes a layer, the same for all its tasks.

    *layers* are computed in one go, each taking its predecessor's result; only the last one's output is stored, in each of
    *stores* as far as it covers it. *reads* together hold the first layer's input, *operands* what later ones take besides, pixel
    by pixel; *weights* names the memory that the first layer's weights come from, and is empty for layers without any. A map that is there
    in the places of others alone, such as a concatenation, is read from theirs: then the regions are those of the others.
    """

    layers: tuple[str, ...]
    reads: tuple[Region, ...]
    operands: tuple[Region, ...]
    weights: str
    stores: tuple[Region, ...]


class Patch(NamedTuple):
    """Some output pixels of all channels, and the input pixels that are fetched for them (at least those the layer needs)."""

    out: Box
    fetch: Box


class Compute(NamedTuple):
    """Computes output channels c0..c1 of some pixels. It reads when it starts, its weights excepted, and writes when it ends."""

    locations: OperandLocations
    c0: int
    c1: int
    patches: tuple[Patch, ...]


class Copy(NamedTuple):
    """Moves channels c0..c1 of some pixels of a map; read when it starts, there when it ends. *tile*: as in `Region`."""

    tensor: str
    c0: int
    c1: int
    boxes: tuple[Box, ...]
    source: str
    target: str
    tile: int = 0


class Load(NamedTuple):
    """Brings the weights of output channels c0..c1, *bits* with all that comes along, into memories, there when it ends."""

    layer: str
    c0: int
    c1: int
    bits: int
    targets: tuple[str, ...]


Effect = Compute | Copy | Load


class Task(NamedTuple):
    """A piece of work whose insides nobody else can interleave with.

    It occupies *unit* for *ps* picoseconds once all tasks *after* have ended (a sender's latency later) and all tasks of
    *after_start* have begun; both hold positions of earlier tasks in the schedule, so no schedule can deadlock. A task that
    uses what a stream brings may start with it (*after_start*) if it takes at least as long; it uses it at its own end.
    *actions* counts what is paid for. Of the tasks that wait for a unit, the lowest *priority* goes first, then the lowest *frame*.
    """

    name: str
    layer: str
    unit: str
    ps: int
    after: tuple[int, ...] = ()
    after_start: tuple[int, ...] = ()
    effect: Effect | None = None
    actions: Mapping[str, int] = NOTHING
    latency_ps: int = 0
    not_before_ps: int = 0
    frame: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The number of frames, and when each arrives, in picoseconds; without times, the next one is there whenever there is room for it.

    Times never go down: frame n is the n-th to arrive. `mean_ps` is the mean distance between two arrivals, had there been frames
    without end; 0 where nobody knows it, or where there are no times.
    """

    frames: int = 1
    times_ps: tuple[int, ...] = ()
    mean_ps: int | float = 0

    @classmethod
    def periodic(cls, frames: int, period_ps: int) -> Arrivals:
        """A frame every *period_ps* picoseconds, the first at 0; without times if that is 0."""
        return cls(frames, tuple(range(0, frames * period_ps, period_ps)), period_ps) if period_ps else cls(frames)

    @classmethod
    def poisson(cls, frames: int, per_s: float, seed: int) -> Arrivals:
        """Frames that know nothing of each other, *per_s* of them on average: distances are exponential, the first is from 0.

        Their sums are rounded to whole picoseconds. More frames of one seed begin with the same times.
        """
        mean_ps = PS_PER_S / per_s
        gaps = np.random.default_rng(seed).exponential(mean_ps, frames)
        return cls(frames, tuple(map(round, np.cumsum(gaps).tolist())), mean_ps)

    @classmethod
    def at_times(cls, times_ps: Sequence[int]) -> Arrivals:
        """A frame at each of some times, which go up. The mean is that of the distances between them."""
        first, last, gaps = times_ps[0], times_ps[-1], len(times_ps) - 1
        return cls(len(times_ps), tuple(times_ps), (last - first) / gaps if gaps else 0)

    @property
    def last_ps(self) -> int:
        """The time of the last arrival; 0 without times."""
        return self.times_ps[-1] if self.times_ps else 0

    def at(self, frame: int) -> int:
        """The time before which a frame is not there; 0 without times."""
        return self.times_ps[frame] if self.times_ps else 0

    def first(self, frames: int) -> Arrivals:
        """The first *frames* of the same arrivals."""
        if self.times_ps and frames > self.frames:
            raise ValueError(f"there are times for {self.frames} frames, not for {frames}")
        return Arrivals(frames, self.times_ps[:frames], self.mean_ps)
