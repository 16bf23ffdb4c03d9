"""A mapped network with the frames to be run: its schedule, trace, ledger and occupancy, each made once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

from hyperdrive_sim.engine.ledger import Ledger, account
from hyperdrive_sim.engine.occupancy import Occupancy, occupancies
from hyperdrive_sim.engine.simulate import Engine, preferred, simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.admission import Admission
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Mapped, turns
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer

Progress = Callable[[str, int, int], None]
"""Progress callback (stage, done, total); a total of 0 is unknown."""


LARGE = 200_000
"""Number of tasks from which on the limit is asked, and again whenever they have doubled, before more are written."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress callback that does nothing."""


def unlimited(compiled: Compiled, tasks: int) -> None:
    """Limit that accepts any number of tasks."""


@dataclass(frozen=True)
class Candidate:
    """One of several systems that were simulated for a frame, to choose between them; *settings* are what it has and others have not."""

    settings: Mapping[str, object]
    chips: int
    latency_s: float
    energy_j: float


class Compiled:
    """A mapped network with the frames to be run and the granularity of their tasks: the input of every reader and report.

    Schedule, trace, ledger and occupancy are made when they are first asked for, and kept. *limit* is asked, with this object and its
    number of tasks, before many are written, and may raise. *engine* simulates it, by default the one that is preferred. *candidates* are
    what was simulated to choose it, itself first. *admission* says which frames are dropped where more arrive than can be taken; by default
    none is.
    """

    def __init__(
        self,
        mapped: Mapped,
        arrivals: Arrivals,
        grain: str,
        *,
        progress: Progress = silent,
        limit: Callable[[Compiled, int], None] = unlimited,
        engine: Engine | None = None,
        candidates: tuple[Candidate, ...] = (),
        admission: Admission | None = None,
    ) -> None:
        self.mapped, self.arrivals, self.grain, self.progress, self.limit = mapped, arrivals, grain, progress, limit
        self.engine, self.candidates, self.admission = engine or preferred(), candidates, admission

    @property
    def network(self) -> Network:
        return self.mapped.network

    @property
    def machine(self) -> Machine:
        return self.mapped.machine

    @property
    def placement(self) -> Placement:
        return self.mapped.placement

    def cut(self, grain: str) -> Compiled:
        """A copy with another granularity, *grain*, for the same network and frames; nothing made so far is kept."""
        return self._with(self.mapped, self.arrivals, grain, self.candidates)

    def of_frames(self, frames: int) -> Compiled:
        """A copy for the first frames, and no others; nothing made so far is kept."""
        return self.arriving(self.arrivals.first(frames))

    def arriving(self, arrivals: Arrivals) -> Compiled:
        """A copy for other *arrivals*, of as many frames as they are; nothing made so far is kept."""
        return self._with(self.mapped, arrivals, self.grain, self.candidates)

    def on(self, mapped: Mapped) -> Compiled:
        """A copy for another machine that the same network is mapped on; nothing made so far is kept."""
        return self._with(mapped, self.arrivals, self.grain, ())

    def beside(self, candidates: tuple[Candidate, ...]) -> Compiled:
        """A copy, with all that has been made so far, that knows the *candidates* that it was chosen from."""
        other = copy(self)
        other.candidates = candidates
        return other

    def _with(self, mapped: Mapped, arrivals: Arrivals, grain: str, candidates: tuple[Candidate, ...]) -> Compiled:
        return Compiled(
            mapped,
            arrivals,
            grain,
            progress=self.progress,
            limit=self.limit,
            engine=self.engine,
            candidates=candidates,
            admission=self.admission if arrivals.times_ps else None,
        )

    def scheduled(self, schedule: Schedule) -> Compiled:
        """A copy that takes *schedule* in place of its own, for the same network and frames."""
        other = self.cut(self.grain)
        other.__dict__["schedule"] = schedule  # where cached_property looks first
        return other

    @cached_property
    def size(self) -> int:
        """Number of tasks in the schedule, counted without keeping them."""
        counter = Writer(counting=True)
        with collector_paused():
            self.mapped.write(counter, self.arrivals, self.grain)
        return counter.size

    @cached_property
    def schedule(self) -> Schedule:
        """Tasks of all frames, with the stream that these are, checked against the machine.

        Raises InvalidInput if frames are to be dropped that do not arrive at times of their own.
        """
        self.progress("scheduling", 0, 0)
        writer = Writer(large=LARGE, when_large=lambda tasks: self.limit(self, tasks))
        with collector_paused():
            self.mapped.write(writer, self.arrivals, self.grain)
            self.limit(self, writer.size)
            schedule = writer.schedule()
            if self.admission is not None:
                stream = self.admission.stream(schedule.frame, schedule.not_before_ps, turns(self.mapped))
                schedule = replace(schedule, streams=(stream,))
            return schedule.checked(self.machine)

    @cached_property
    def trace(self) -> Trace:
        """Times, in picoseconds, at which every task became ready, started and ended."""
        schedule = self.schedule
        with collector_paused():
            return simulate(schedule, lambda done: self.progress("simulating", done, len(schedule)), self.engine)

    @property
    def executed(self) -> Schedule:
        """The schedule as it was carried out, in which tasks of dropped frames are skipped; simulated only if frames may be dropped."""
        return self.trace.tasks if self.schedule.streams else self.schedule

    @cached_property
    def ledger(self) -> Ledger:
        """Energy of every action that was carried out, by layer."""
        return account(self.executed, self.mapped.prices)

    @cached_property
    def occupancy(self) -> Mapping[str, Occupancy]:
        """Bits held over time, for each memory of the machine by name."""
        return occupancies(self.machine, self.placement, self.trace)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause garbage collection while millions of small records without cycles are made: it costs half as much again and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
