"""Loops over the tasks of a schedule, compiled: its event loop, and the length of its critical path.

The rule is that of the engine on SimPy. In every instant first all that ends or arrives in it is done, then free units choose their next
tasks, one after the other in the order of the tasks' keys: priority, frame, ready time, position. That order matters only if a task is to
start with which others start; as long as there is none, units choose in any order, which is most of the time on a mesh in step.

The loops themselves are in `instants`; here their arguments are made. The event loop is compiled twice, with and without what dropping
frames takes; the order of what is done then is that of the engine on SimPy, too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels import jit
from hyperdrive_sim.kernels.instants import AT_ONCE, ENDED, FRAMES, LATE, NEVER, NOTHING, longest, run, turned_round
from hyperdrive_sim.kernels.once import once

Bools = NDArray[Any]
"""An array of bool, or of uint8, which compiled loops can write."""
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]

_SUCCESSORS = "void(int64[::1], int32[::1], int32[::1], int32[::1])"
_PATH = "int64(int64[::1], int64[::1], int64[::1], int64[::1], int32[::1], int64[::1], int32[::1])"
_L, _I, _B = "int64[::1]", "int32[::1]", "uint8[::1]"
_ALWAYS = _L, _I, _L, _L, _I, _I, _I, _I, _I, _I, _I, _L, _L, _L, _L, _I, _I, _B, _L, _I, _I, _I, _I, _I, _L, _I
_DROPS = _I, _B, _B, _I, _I, _B, _L, "int64[:, ::1]", _I, _I, _L, _I
_RUN = f"void({', '.join((*_ALWAYS, *('none' for _ in _DROPS)))})"
_RUN_AND_DROP = f"void({', '.join((*_ALWAYS, *_DROPS))})"


class Drops(NamedTuple):
    """Which tasks are skipped from the beginning [tasks], and the streams whose frames may be dropped, all these in one row [frames].

    `tasks` are those of each frame, `begins` those with whose start it has begun. A stream is a row of `streams`: the position of its first
    frame, the number of its frames, how many of these are kept, its policy, and how many may wait, or how late one may be (ps).
    """

    skipped: Bools
    begins: Bools
    tasks: tuple[Longs, Longs]
    arrival_ps: Longs
    streams: Longs


class EventLoop:
    """A simulation that goes on step by step: the times of tasks as arrays [tasks], and the number of those that have ended."""

    def __init__(
        self, columns: tuple[Any, ...], units: int, after: tuple[Longs, Ints], after_start: tuple[Longs, Ints], drops: Drops | None = None
    ) -> None:
        """*columns* are unit, ps, latency_ps, not_before_ps, priority and frame of each task [tasks], edges are (offsets, others)."""
        unit, ps, latency, not_before, priority, frame = map(_taken, columns)
        count = len(ps)
        self.ready, self.start, self.end = (np.full(count, time, np.int64) for time in (0, NEVER, NEVER))
        late = np.flatnonzero(not_before).astype(np.int32)
        missing = (np.diff(after[0]) + np.diff(after_start[0])).astype(np.int32)
        missing[late] += 1
        late_ps = not_before[late]
        if drops is not None:  # behind the tasks, frames arrive as well
            late = np.concatenate((late, np.arange(count, count + len(drops.arrival_ps), dtype=np.int32)))
            late_ps = np.concatenate((late_ps, drops.arrival_ps))
        order = np.argsort(late_ps, kind="stable")
        boxes = np.zeros(units + 1, np.int64)
        np.cumsum(np.bincount(unit, minlength=units), out=boxes[1:])
        self.skipped, more = _dropping(drops, after_start, count)
        self._loop = run, _RUN if drops is None else _RUN_AND_DROP
        self._state = np.zeros(8, np.int64)
        self._state[LATE] = len(late)
        self._arguments = (
            *(self._state, unit, ps, latency, priority, frame, *_backwards(*after), *_backwards(*after_start), missing),
            *(self.ready, self.start, self.end),
            *(boxes, np.empty(count, np.int32), np.zeros(units, np.int32), np.zeros(units, np.uint8)),
            *(np.empty(count + 1, np.int64), np.empty(count + 1, np.int32), np.empty(count, np.int32)),
            *(np.empty(2 * count + 1, np.int32) for _ in range(3)),
            *(late_ps[order], late[order]),
            *more,
        )

    @property
    def ended(self) -> int:
        """Number of tasks that have ended."""
        return int(self._state[ENDED])

    def goes_on(self) -> bool:
        """Go on for a while; False once nothing more can happen."""
        before = self.ended
        _compiled(*self._loop)(*self._arguments)
        return self.ended - before >= AT_ONCE


def _dropping(drops: Drops | None, after_start: tuple[Longs, Ints], count: int) -> tuple[Bools | None, tuple[Any, ...]]:
    """Which tasks are skipped, as far as it is known [tasks], and the arguments of the loop that follow all others."""
    if drops is None:
        return None, (None,) * len(_DROPS)
    (bounds, tasks), frames = drops.tasks, len(drops.arrival_ps)
    slot = np.full(count, NOTHING, np.int32)
    slot[tasks] = np.repeat(np.arange(frames, dtype=np.int32), np.diff(bounds))
    stream_of = np.repeat(np.arange(len(drops.streams), dtype=np.int32), drops.streams[:, FRAMES])
    state = np.zeros((len(drops.streams), 2), np.int64)
    skipped = drops.skipped.astype(np.uint8)
    return skipped, (
        *(slot, drops.begins.astype(np.uint8), skipped, np.empty(2 * count + 1, np.int32)),
        *(stream_of, np.zeros(frames, np.uint8), _taken(drops.arrival_ps), np.hstack((drops.streams, state))),
        *(bounds.astype(np.int32), tasks.astype(np.int32), *map(_taken, after_start)),
    )


def critical_path(ps: Longs, latency_ps: Longs, not_before_ps: Longs, after: tuple[Longs, Ints], after_start: tuple[Longs, Ints]) -> int:
    """Picoseconds until every task has ended, and what it sent has arrived, if each had a unit of its own."""
    return int(_compiled(longest, _PATH)(*map(_taken, (ps, latency_ps, not_before_ps, *after, *after_start))))


@once
def _compiled(loop: Any, signature: str) -> Any:
    return jit.compiled(loop, signature)


def _backwards(offsets: Longs, others: Ints) -> tuple[Ints, Ints]:
    """Successors of each task, from its predecessors; both as offsets and values."""
    first, of = np.zeros(len(offsets) + 1, np.int32), np.empty(len(others), np.int32)
    _compiled(turned_round, _SUCCESSORS)(_taken(offsets), _taken(others), first, of)
    return first[:-1], of


def _taken(column: Any) -> Any:
    """A column as the signatures want it, which refuse those that are strided or read-only: only these are copied."""
    return np.require(column, requirements=("C", "W"))
