"""Loops over the tasks of a schedule, compiled: its event loop, and the length of its critical path.

The rule is that of the engine on SimPy. In every instant first all that ends or arrives in it is done, then free units choose their next
tasks, one after the other in the order of the tasks' keys: priority, frame, ready time, position. That order matters only if a task is to
start with which others start; as long as there is none, units choose in any order, which is most of the time on a mesh in step.

Heaps hold positions of tasks; how two of them compare is looked up in the columns. Events of one time that come one after the other are a
list, of which the heap holds the first. Everything is an array of its own: numba counts references to arrays in a tuple at every call,
which takes eight times as long. What is done to a task stands in one place, because the compiler copies it to wherever it is called.

No compiled function here may call one of another file: numba's disk cache looks for changes in this file only.
"""

from __future__ import annotations

from typing import Any

import numba  # type: ignore[import-untyped,unused-ignore]
import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.kernels import jit
from hyperdrive_sim.kernels.once import once

NOTHING = -1
"""In place of a task where a list of events ends."""
AT_ONCE = 1_000_000
"""Number of tasks that end before Python is asked again, so that progress is told and Ctrl-C heard."""

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]

_SUCCESSORS = "void(int64[::1], int32[::1], int32[::1], int32[::1])"
_PATH = "int64(int64[::1], int64[::1], int64[::1], int64[::1], int32[::1], int64[::1], int32[::1])"
_L, _I, _B = "int64[::1]", "int32[::1]", "uint8[::1]"
_RUN = f"void({', '.join((_L, _I, _L, _L, _I, _I, _I, _I, _I, _I, _I, _L, _L, _L, _L, _I, _I, _B, _L, _I, _I, _I, _I, _I, _L, _I))})"


class EventLoop:
    """A simulation that goes on step by step: the times of tasks as arrays [tasks], and the number of those that have ended."""

    def __init__(self, columns: tuple[Any, ...], units: int, after: tuple[Longs, Ints], after_start: tuple[Longs, Ints]) -> None:
        """*columns* are unit, ps, latency_ps, not_before_ps, priority and frame of each task [tasks], edges are (offsets, others)."""
        unit, ps, latency, not_before, priority, frame = map(_taken, columns)
        count = len(ps)
        self.ready, self.start, self.end = (np.zeros(count, np.int64) for _ in range(3))
        late = np.flatnonzero(not_before).astype(np.int32)
        late = late[np.argsort(not_before[late], kind="stable")]
        missing = (np.diff(after[0]) + np.diff(after_start[0])).astype(np.int32)
        missing[late] += 1
        boxes = np.zeros(units + 1, np.int64)
        np.cumsum(np.bincount(unit, minlength=units), out=boxes[1:])
        self._state = np.zeros(6, np.int64)
        self._state[_LATE] = len(late)
        self._arguments = (
            *(self._state, unit, ps, latency, priority, frame, *_backwards(*after), *_backwards(*after_start), missing),
            *(self.ready, self.start, self.end),
            *(boxes, np.empty(count, np.int32), np.zeros(units, np.int32), np.zeros(units, np.uint8)),
            *(np.empty(count + 1, np.int64), np.empty(count + 1, np.int32), np.empty(count, np.int32)),
            *(np.empty(2 * count + 1, np.int32) for _ in range(3)),
            *(not_before[late], late),
        )

    @property
    def ended(self) -> int:
        """Number of tasks that have ended."""
        return int(self._state[_ENDED])

    def goes_on(self) -> bool:
        """Go on for a while; False once nothing more can happen."""
        before = self.ended
        _compiled(_run, _RUN)(*self._arguments)
        return self.ended - before >= AT_ONCE


def critical_path(ps: Longs, latency_ps: Longs, not_before_ps: Longs, after: tuple[Longs, Ints], after_start: tuple[Longs, Ints]) -> int:
    """Picoseconds until every task has ended, and what it sent has arrived, if each had a unit of its own."""
    return int(_compiled(_longest, _PATH)(*map(_taken, (ps, latency_ps, not_before_ps, *after, *after_start))))


@once
def _compiled(loop: Any, signature: str) -> Any:
    return jit.compiled(loop, signature)


def _backwards(offsets: Longs, others: Ints) -> tuple[Ints, Ints]:
    """Successors of each task, from its predecessors; both as offsets and values."""
    first, of = np.zeros(len(offsets) + 1, np.int32), np.empty(len(others), np.int32)
    _compiled(_turned_round, _SUCCESSORS)(_taken(offsets), _taken(others), first, of)
    return first[:-1], of


def _taken(column: Any) -> Any:
    """A column as the signatures want it, which refuse those that are strided or read-only: only these are copied."""
    return np.require(column, requirements=("C", "W"))


def _turned_round(offsets, others, first, of):  # type: ignore[no-untyped-def]
    """Fill *of* with the successors of task n from `first[n]` up to `first[n + 1]`; *first* has one entry to spare."""
    for edge in range(len(others)):
        first[others[edge] + 2] += 1
    for index in range(2, len(first)):
        first[index] += first[index - 1]
    for index in range(len(offsets) - 1):
        for edge in range(offsets[index], offsets[index + 1]):
            of[first[others[edge] + 1]] = index
            first[others[edge] + 1] += 1


def _longest(ps, latency, not_before, after, ended, after_start, begun):  # type: ignore[no-untyped-def]
    count = len(ps)
    starts, ends = np.empty(count, np.int64), np.empty(count, np.int64)
    longest = 0
    for index in range(count):
        start = not_before[index]
        for edge in range(after[index], after[index + 1]):
            start = max(start, ends[ended[edge]])
        for edge in range(after_start[index], after_start[index + 1]):
            start = max(start, starts[begun[edge]])
        starts[index] = start
        ends[index] = start + ps[index] + latency[index]
        longest = max(longest, ends[index])
    return longest


_NOW, _ENDED, _UNDER_WAY, _LATE, _TAIL, _TAIL_TIME = range(6)
"""Places in the state: the time, tasks that have ended, lists of events to come, tasks that wait for a time of their own, and the last
event of the list that was begun last, with its time.
"""


@numba.njit(nogil=True)
def _before(a, b, priority, frame, ready):  # type: ignore[no-untyped-def]
    """True if task *a* has a lower key than *b*."""
    if priority[a] != priority[b]:
        return priority[a] < priority[b]
    if frame[a] != frame[b]:
        return frame[a] < frame[b]
    if ready[a] != ready[b]:
        return ready[a] < ready[b]
    return a < b


@numba.njit(nogil=True)
def _push(heap, first, size, task, priority, frame, ready):  # type: ignore[no-untyped-def]
    """Push a task into the heap of *size* tasks that begins at *first*."""
    hole = size
    while hole > 0:
        parent = (hole - 1) >> 1
        if not _before(task, heap[first + parent], priority, frame, ready):
            break
        heap[first + hole] = heap[first + parent]
        hole = parent
    heap[first + hole] = task


@numba.njit(nogil=True)
def _pop(heap, first, size, priority, frame, ready):  # type: ignore[no-untyped-def]
    """Take the task of the lowest key from the heap of *size* tasks that begins at *first*."""
    lowest, last = heap[first], heap[first + size - 1]
    size -= 1
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and _before(heap[first + child + 1], heap[first + child], priority, frame, ready):
            child += 1
        if _before(last, heap[first + child], priority, frame, ready):
            break
        heap[first + hole] = heap[first + child]
        hole = child
    heap[first + hole] = last
    return lowest


def _run(state, unit, ps, latency, priority, frame, end_offsets, ended, start_offsets, begun, missing, ready, start, end, first, inbox, waiting, busy, times, firsts, following, free, alone, leading, late_ps, late):  # type: ignore[no-untyped-def]  # noqa: E501  # fmt: skip
    """Run until so many tasks have ended, or nothing more can happen; all that changes is in the arrays.

    `inbox[first[u]:]` is the heap of the `waiting[u]` tasks that wait for unit u. An event is the end of a task that has none yet, else
    the arrival of what it sent. Units in `free` are to choose; the next tasks of those that have looked are `alone` if nothing starts with
    any of them, else in the heap `leading`.
    """
    now, goal, left = state[_NOW], state[_ENDED] + AT_ONCE, state[_LATE]
    look = are_alone = lead = 0
    event, entering = NOTHING, 0 if now == 0 and state[_ENDED] == 0 else len(ps)
    while True:
        low = high = 0  # of the edges to those that are released now
        at_end, later = True, 0
        if entering < len(ps):  # at first all that wait for nothing
            task = entering
            entering += 1
            if missing[task] == 0:
                missing[task], high = 1, -1
        elif left and late_ps[len(late) - left] == now:
            task, high = late[len(late) - left], -1
            left -= 1
        elif event != NOTHING or (state[_UNDER_WAY] and times[0] == now):
            if event == NOTHING:
                event = _pop_events(times, firsts, state)
            task = event
            event = following[task]
            arrives = end[task] != 0
            if not arrives:
                end[task] = now
                state[_ENDED] += 1
                busy[unit[task]] = 0
                free[look] = unit[task]
                look += 1
                later = latency[task]
                arrives = later == 0
            if arrives:
                low, high = end_offsets[task], end_offsets[task + 1]
        elif look or are_alone or lead:
            while look or (lead and are_alone):
                if look:
                    look -= 1
                    at = free[look]
                else:
                    are_alone -= 1
                    at = unit[alone[are_alone]]
                if busy[at] or not waiting[at]:
                    continue
                task = inbox[first[at]]
                if lead or start_offsets[task] < start_offsets[task + 1]:
                    _push(leading, 0, lead, task, priority, frame, ready)
                    lead += 1
                else:
                    alone[are_alone] = task
                    are_alone += 1
            if lead:
                lead -= 1
                task = _pop(leading, 0, lead + 1, priority, frame, ready)
            elif are_alone:
                are_alone -= 1
                task = alone[are_alone]
            else:
                continue
            at = unit[task]
            if busy[at] or not waiting[at]:  # listed twice, and has chosen
                continue
            task = _pop(inbox, first[at], waiting[at], priority, frame, ready)
            waiting[at] -= 1
            busy[at] = 1
            start[task] = now
            later = ps[task]
            at_end, low, high = False, start_offsets[task], start_offsets[task + 1]
        elif state[_ENDED] >= goal or not (state[_UNDER_WAY] or left):
            break
        else:
            now = times[0] if state[_UNDER_WAY] else late_ps[len(late) - left]
            if left:
                now = min(now, late_ps[len(late) - left])
            continue
        if later:
            _push_event(times, firsts, following, state, now + later, task)
        while low != high:
            other = task
            if high >= 0:
                other = ended[low] if at_end else begun[low]
            low += 1
            if high < 0:
                low = high
            missing[other] -= 1
            if missing[other] == 0:
                ready[other] = now
                at = unit[other]
                _push(inbox, first[at], waiting[at], other, priority, frame, ready)
                waiting[at] += 1
                if not busy[at]:
                    free[look] = at
                    look += 1
    state[_NOW], state[_LATE] = now, left


@numba.njit(nogil=True)
def _push_event(times, firsts, following, state, time, task):  # type: ignore[no-untyped-def]
    """Let something happen to a task at a later time."""
    following[task] = NOTHING
    if state[_TAIL_TIME] == time:  # that list is still to come, as its time is
        following[state[_TAIL]] = task
        state[_TAIL] = task
        return
    hole = state[_UNDER_WAY]
    while hole > 0:
        parent = (hole - 1) >> 1
        if times[parent] <= time:
            break
        times[hole], firsts[hole] = times[parent], firsts[parent]
        hole = parent
    times[hole], firsts[hole] = time, task
    state[_UNDER_WAY] += 1
    state[_TAIL], state[_TAIL_TIME] = task, time


@numba.njit(nogil=True)
def _pop_events(times, firsts, state):  # type: ignore[no-untyped-def]
    """Take a list of the next events; returns the first task of it."""
    earliest = firsts[0]
    state[_UNDER_WAY] -= 1
    size = state[_UNDER_WAY]
    time, task = times[size], firsts[size]
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and times[child + 1] < times[child]:
            child += 1
        if time <= times[child]:
            break
        times[hole], firsts[hole] = times[child], firsts[child]
        hole = child
    times[hole], firsts[hole] = time, task
    return earliest
