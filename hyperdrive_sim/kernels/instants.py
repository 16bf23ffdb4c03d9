"""Compiled loops over the tasks of a schedule, which `event_loop` prepares: events, the length of the critical path, edges turned round.

Heaps hold positions of tasks; how two of them compare is looked up in the columns. Events of one time that come one after the other are a
list, of which the heap holds the first. Everything is an array of its own: numba counts references to arrays in a tuple at every call,
which takes eight times as long. What is done to a task stands in one place, because the compiler copies it to wherever it is called.

`run` is compiled twice. Where no frame can be dropped, what that takes is None, and the compiler leaves out all that asks for it.

No compiled function here may call one of another file: numba's disk cache looks for changes in this file only.
"""

from __future__ import annotations

import numba  # type: ignore[import-untyped,unused-ignore]
import numpy as np

NOTHING = -1
"""In place of a task where a list of events ends, or of a frame."""
NEVER = -1
"""When a task started, or ended, that has not."""
AT_ONCE = 1_000_000
"""Number of tasks that end before Python is asked again, so that progress is told and Ctrl-C heard."""

_NOW, ENDED, _UNDER_WAY, LATE, _TAIL, _TAIL_TIME, _OVER = range(7)
"""Places in the state: the time, tasks that have ended, lists of events to come, tasks that wait for a time of their own, the last event of
the list that was begun last, with its time, and skipped tasks that are over in this instant and have not been looked at.
"""

_NEWEST, _OLDEST, _TOO_LATE = range(3)
"""Policies of streams, in the order that whoever makes `Drops` numbers them in."""
_FIRST, FRAMES, _KEPT, _POLICY, _LIMIT, _ARRIVED, _WAITING = range(7)
"""Places in the row of a stream: as `Drops` has them, and then how many of its frames have arrived, and how many of these wait."""
_TO_COME, _WAITS, _BEGUN, _DROPPED = range(4)
"""States of a frame."""


def turned_round(offsets, others, first, of):  # type: ignore[no-untyped-def]
    """Fill *of* with the successors of task n from `first[n]` up to `first[n + 1]`; *first* has one entry to spare."""
    for edge in range(len(others)):
        first[others[edge] + 2] += 1
    for index in range(2, len(first)):
        first[index] += first[index - 1]
    for index in range(len(offsets) - 1):
        for edge in range(offsets[index], offsets[index + 1]):
            of[first[others[edge] + 1]] = index
            first[others[edge] + 1] += 1


def longest(ps, latency, not_before, after, ended, after_start, begun):  # type: ignore[no-untyped-def]
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


def run(state, unit, ps, latency, priority, frame, end_offsets, ended, start_offsets, begun, missing, ready, start, end, first, inbox, waiting, busy, times, firsts, following, free, alone, leading, late_ps, late, slot, begins, skipped, over, stream_of, frames, arrival, streams, frame_offsets, frame_tasks, with_offsets, started_with):  # type: ignore[no-untyped-def]  # noqa: E501  # fmt: skip
    """Run until so many tasks have ended, or nothing more can happen; all that changes is in the arrays.

    `inbox[first[u]:]` is the heap of the `waiting[u]` tasks that wait for unit u. An event is the end of a task that has none yet, else
    the arrival of what it sent. Units in `free` are to choose; the next tasks of those that have looked are `alone` if nothing starts with
    any of them, else in the heap `leading`. What follows `late` is None where no frame can be dropped. A skipped task in `over` is over in
    this instant; the complement of a task there stands for those that were to start with it, and are to be released now.
    """
    now, goal, left = state[_NOW], state[ENDED] + AT_ONCE, state[LATE]
    look = are_alone = lead = 0
    event, entering = NOTHING, 0 if now == 0 and state[ENDED] == 0 else len(ps)
    too_many = True
    while True:
        low = high = 0  # of the edges to those that are released now
        at_end, later = True, 0
        if slot is not None and state[_OVER]:
            state[_OVER] -= 1
            task = over[state[_OVER]]
            if task >= 0:
                start[task] = end[task] = now
                state[ENDED] += 1
                over[state[_OVER]] = ~task
                state[_OVER] += 1
                low, high = end_offsets[task], end_offsets[task + 1]
            else:
                task = ~task
                at_end, low, high = False, start_offsets[task], start_offsets[task + 1]
        elif entering < len(ps):  # at first all that wait for nothing
            task = entering
            entering += 1
            if missing[task] == 0:
                missing[task], high = 1, -1
        elif left and late_ps[len(late) - left] == now:
            task, high = late[len(late) - left], -1
            left -= 1
            if slot is not None:
                too_many = True
                if task >= len(ps):
                    high = 0
                    _arrive(task - len(ps), stream_of, frames, streams)
        elif event != NOTHING or (state[_UNDER_WAY] and times[0] == now):
            if event == NOTHING:
                event = _pop_events(times, firsts, state)
            task = event
            event = following[task]
            arrives = end[task] != NEVER
            if not arrives:
                end[task] = now
                state[ENDED] += 1
                busy[unit[task]] = 0
                free[look] = unit[task]
                look += 1
                later = latency[task]
                arrives = later == 0
            if arrives:
                low, high = end_offsets[task], end_offsets[task + 1]
                if slot is not None:
                    over[state[_OVER]] = ~task
                    state[_OVER] += 1
        elif look or are_alone or lead:
            while look or (lead and are_alone):
                if look:
                    look -= 1
                    at = free[look]
                else:
                    are_alone -= 1
                    at = unit[alone[are_alone]]
                if slot is not None:
                    _forget(inbox, first[at], waiting, at, skipped, priority, frame, ready)
                if busy[at] or not waiting[at]:
                    continue
                task = inbox[first[at]]
                if lead or start_offsets[task] < start_offsets[task + 1] or slot is not None:
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
            if slot is not None:
                _forget(inbox, first[at], waiting, at, skipped, priority, frame, ready)
            if busy[at] or not waiting[at]:  # listed twice, and has chosen
                continue
            if slot is not None:
                if inbox[first[at]] != task:  # which was dropped
                    free[look] = at
                    look += 1
                    continue
                if begins[task] and slot[task] != NOTHING:
                    if _too_late(slot[task], now, stream_of, frames, arrival, streams):
                        _drop(slot[task], now, state, latency, missing, start, end, skipped, over, stream_of, frames, streams, frame_offsets, frame_tasks, with_offsets, started_with)  # noqa: E501  # fmt: skip
                        free[look] = at
                        look += 1
                        continue
                    _leave(slot[task], _BEGUN, stream_of, frames, streams)
            task = _pop(inbox, first[at], waiting[at], priority, frame, ready)
            waiting[at] -= 1
            busy[at] = 1
            start[task] = now
            later = ps[task]
            at_end, low, high = False, start_offsets[task], start_offsets[task + 1]
        elif slot is not None and too_many:
            at = _surplus(frames, streams)
            too_many = at != NOTHING
            if too_many:
                _drop(at, now, state, latency, missing, start, end, skipped, over, stream_of, frames, streams, frame_offsets, frame_tasks, with_offsets, started_with)  # noqa: E501  # fmt: skip
            continue
        elif state[ENDED] >= goal or not (state[_UNDER_WAY] or left):
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
            # what is skipped waits for the end of what it would have started with; with what is skipped itself, all is released
            if slot is not None and not at_end and not skipped[task] and skipped[other] == (end[task] == NEVER):
                continue
            missing[other] -= 1
            if missing[other] == 0:
                ready[other] = now
                if slot is not None and skipped[other]:
                    over[state[_OVER]] = other
                    state[_OVER] += 1
                    continue
                at = unit[other]
                _push(inbox, first[at], waiting[at], other, priority, frame, ready)
                waiting[at] += 1
                if not busy[at]:
                    free[look] = at
                    look += 1
    state[_NOW], state[LATE] = now, left


@numba.njit(nogil=True)
def _forget(inbox, first, waiting, at, skipped, priority, frame, ready):  # type: ignore[no-untyped-def]
    """Take skipped tasks out of the heap of a unit that begins at *first*, as far as they are the lowest there."""
    while waiting[at] and skipped[inbox[first]]:
        _pop(inbox, first, waiting[at], priority, frame, ready)
        waiting[at] -= 1


@numba.njit(nogil=True)
def _arrive(slot, stream_of, frames, streams):  # type: ignore[no-untyped-def]
    """Let a frame wait, unless it has begun."""
    streams[stream_of[slot], _ARRIVED] += 1
    if frames[slot] == _TO_COME:
        frames[slot] = _WAITS
        streams[stream_of[slot], _WAITING] += 1


@numba.njit(nogil=True)
def _leave(slot, state, stream_of, frames, streams):  # type: ignore[no-untyped-def]
    """Let a frame wait no longer, as it has another *state* now."""
    if frames[slot] == _WAITS:
        streams[stream_of[slot], _WAITING] -= 1
    frames[slot] = state


@numba.njit(nogil=True)
def _too_late(slot, now, stream_of, frames, arrival, streams):  # type: ignore[no-untyped-def]
    """True if a frame would begin too late now."""
    stream = streams[stream_of[slot]]
    may_go = stream[_POLICY] == _TOO_LATE and slot - stream[_FIRST] >= stream[_KEPT]
    return may_go and frames[slot] != _BEGUN and now > arrival[slot] + stream[_LIMIT]


@numba.njit(nogil=True)
def _surplus(frames, streams):  # type: ignore[no-untyped-def]
    """The frame that is dropped because more wait than may, of the first stream where that is so; NOTHING if there is none."""
    for number in range(len(streams)):
        stream = streams[number]
        if stream[_POLICY] != _TOO_LATE and stream[_WAITING] > stream[_LIMIT]:
            first, last = stream[_FIRST] + stream[_KEPT], stream[_FIRST] + stream[_ARRIVED] - 1
            slot, step = (last, -1) if stream[_POLICY] == _NEWEST else (first, 1)
            while first <= slot <= last:
                if frames[slot] == _WAITS:
                    return slot
                slot += step
    return NOTHING


@numba.njit(nogil=True)
def _drop(slot, now, state, latency, missing, start, end, skipped, over, stream_of, frames, streams, frame_offsets, frame_tasks, with_offsets, started_with):  # type: ignore[no-untyped-def]  # noqa: E501  # fmt: skip
    """Drop a frame: its tasks that have not begun are skipped, and those that wait for nothing else are over."""
    _leave(slot, _DROPPED, stream_of, frames, streams)
    for place in range(frame_offsets[slot], frame_offsets[slot + 1]):
        task = frame_tasks[place]
        if start[task] == NEVER:
            skipped[task] = 1
            for edge in range(with_offsets[task], with_offsets[task + 1]):
                other = started_with[edge]
                sent = 0 if skipped[other] else latency[other]
                if start[other] != NEVER and (end[other] == NEVER or end[other] + sent > now):
                    missing[task] += 1
    for place in range(frame_offsets[slot], frame_offsets[slot + 1]):
        task = frame_tasks[place]
        if start[task] == NEVER and missing[task] == 0:
            over[state[_OVER]] = task
            state[_OVER] += 1


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
