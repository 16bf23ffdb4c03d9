"""Pace of a run: latencies of its frames, the rate that can go on for ever, and whether frames arrive faster than that."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.histogram import histogram
from hyperdrive_sim.reports.records import Time
from hyperdrive_sim.schedule.columns import Codes, Numbers, largest, ranked, summed
from hyperdrive_sim.schedule.tasks import Arrivals

FEW = 2
"""So many frames end close together for want of a next one, whatever can go on for ever."""
ROUNDING_PS = 1
"""How much the distance between arrivals may be short of what it stands for: a period is rounded to whole picoseconds."""


class FrameTimes(NamedTuple):
    """Latency and end of each frame [frames], and the frame of each task by its place among them [tasks]; in picoseconds."""

    latency: Numbers
    end: Numbers
    of_task: Codes

    @property
    def number(self) -> int:
        return len(self.end)

    @property
    def lasted_ps(self) -> int:
        """From the first arrival to the last end: what is before it is no work of theirs."""
        return int(self.end.max() - (self.end - self.latency).min())

    @property
    def later(self) -> int:
        """Number of frames in the later half."""
        return self.number // 2


def time(compiled: Compiled, deadline_s: float | None = None) -> Time:
    """Latency, rate and length of a run; with a deadline, how many frames miss it."""
    trace, arrive_ps = compiled.trace, compiled.arrivals.mean_ps
    frames, (bound_by, bound_ps) = frame_times(trace, bool(compiled.arrivals.times_ps)), compiled.schedule.bound
    pace_ps, exceeded = _pace(compiled, frames)
    return Time(
        latency_s=int(frames.latency[0]) / PS_PER_S,
        latency_min_s=int(frames.latency.min()) / PS_PER_S,
        latency_median_s=float(np.median(frames.latency)) / PS_PER_S,
        latency_p99_s=_nearest_rank(frames.latency, 99) / PS_PER_S,
        latency_worst_s=int(frames.latency.max()) / PS_PER_S,
        latency_histogram=histogram(frames.latency),
        deadline_s=deadline_s,
        deadline_misses=None if deadline_s is None else int((frames.latency > round(deadline_s * PS_PER_S)).sum()),
        cycles=compiled.machine.clock.cycles(trace.makespan_ps),
        frames=frames.number,
        frames_per_s=PS_PER_S / pace_ps,
        arrivals_per_s=PS_PER_S / arrive_ps if arrive_ps else None,
        overload=pace_ps / arrive_ps if exceeded else None,
        bound_by=bound_by,
        bound_s=bound_ps / PS_PER_S,
    )


def frame_times(trace: Trace, arrive: bool) -> FrameTimes:
    """Numbers of all frames: from its arrival, or from its first start unless frames *arrive* at times of their own, to its last end."""
    numbers, of_task = ranked(trace.tasks.frame)
    arrival, end = trace.tasks.not_before_ps, largest(of_task, trace.end, numbers)
    begin = largest(of_task, arrival, numbers) if arrive else -largest(of_task, -trace.start, numbers)
    return FrameTimes(end - begin, end, of_task)


def _pace(compiled: Compiled, frames: FrameTimes) -> tuple[float, bool]:
    """Picoseconds per frame that can go on for ever, and True if frames surely arrive faster than that."""
    trace, arrive_ps = compiled.trace, compiled.arrivals.mean_ps
    busiest_ps = int(_work(trace, frames, 0).max()) / frames.number
    if not arrive_ps:
        return max(_lasting_ps(frames), busiest_ps), False
    longest_ps = arrive_ps + ROUNDING_PS
    if max(_lasting_ps(frames), busiest_ps) <= longest_ps:
        return max(arrive_ps, busiest_ps), False
    ends = frame_times(_at_once(compiled), arrive=True)
    lasting_ps = min(_lasting_ps(ends), _lasting_ps(frames))
    exceeded = max(min(_distance_ps(ends), _distance_ps(frames)), _repeated_ps(compiled, frames)) > longest_ps
    few = frames.number <= FEW and lasting_ps > longest_ps  # too few to tell: what they show is promised, and no more
    return max(lasting_ps if exceeded or few else arrive_ps, busiest_ps), exceeded


def _at_once(compiled: Compiled) -> Trace:
    """Trace of the same tasks if all frames are there from the beginning, which is as fast as it goes.

    A run that falls behind its arrivals need not do so for ever: frames may have to queue before transfers hide behind the work of earlier
    ones.
    """
    return compiled.scheduled(replace(compiled.schedule, not_before_ps=np.zeros(len(compiled.schedule), np.int64))).trace


def _lasting_ps(frames: FrameTimes) -> float:
    """Picoseconds per frame, as far as ends of frames show it; one or two do not, but they can be done again and again."""
    return max(_distance_ps(frames), frames.lasted_ps / frames.number if frames.number <= FEW else 0)


def _distance_ps(frames: FrameTimes) -> float:
    """Mean distance between the ends of the later half of the frames, in the order in which they end; 0 for one frame.

    Of three or more, the last is left out: no other follows and holds it up.
    """
    ends = np.sort(frames.end)[: -1 if frames.number > 2 else None]
    apart = len(ends) // 2
    return int(ends[-1] - ends[-1 - apart]) / max(1, apart)


def _repeated_ps(compiled: Compiled, frames: FrameTimes) -> float:
    """Picoseconds of the busiest unit's work that comes again with every frame.

    That is the lesser of its work per frame in the whole run, in which chips may take turns with frames, and in the later half, in which
    nothing is done that is done only once. What a single frame would do again is what a second one adds.
    """
    trace = compiled.trace
    if frames.number == 1:
        two = compiled.arriving(Arrivals(2)).schedule.work_ps
        return float(max(two[unit] - ps for unit, ps in compiled.schedule.work_ps.items()))
    later = _work(trace, frames, frames.number - frames.later) / frames.later
    return float(np.minimum(later, _work(trace, frames, 0) / frames.number).max())


def _work(trace: Trace, frames: FrameTimes, first: int) -> Numbers:
    """Picoseconds that each unit works for the frames from number *first* on [units]."""
    mine = frames.of_task >= first
    return summed(trace.tasks.unit.codes[mine], trace.tasks.ps[mine], len(trace.units))


def _nearest_rank(values: Numbers, percent: int) -> int:
    """The smallest of some *values* that so many percent of them do not exceed: always one of them (nearest rank)."""
    rank = -(-percent * len(values) // 100)
    return int(np.sort(values)[rank - 1])
