"""Length of the critical path: a loop over all tasks, compiled where they are many and numba is there."""

from __future__ import annotations

from hyperdrive_sim.kernels import loops
from hyperdrive_sim.schedule.columns import Edges, Numbers


def longest_path_ps(
    ps: Numbers, latency_ps: Numbers, not_before_ps: Numbers, after: Edges, after_start: Edges, *, as_of: int | None = None
) -> int:
    """Picoseconds until every task has ended, and what it sent has arrived, if each had a unit of its own.

    The loop is the one for *as_of* tasks, by default for as many as there are: a sample of a schedule is to cost what the whole does.
    """
    if loops.worth_it(len(ps) if as_of is None else as_of):
        edges = ((one.offsets, one.others) for one in (after, after_start))
        return int(loops.event_loop().critical_path(ps, latency_ps, not_before_ps, *edges))
    starts, ends = [0] * len(ps), [0] * len(ps)
    rows = zip(ps.tolist(), latency_ps.tolist(), not_before_ps.tolist(), after.lists(), after_start.lists(), strict=True)
    for index, (busy, latency, start, ended, begun) in enumerate(rows):
        for other in ended:
            if ends[other] > start:
                start = ends[other]
        for other in begun:
            if starts[other] > start:
                start = starts[other]
        starts[index] = start
        ends[index] = start + busy + latency
    return max(ends, default=0)
