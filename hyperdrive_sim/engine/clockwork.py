"""Discrete-event simulation of a schedule on SimPy, one process per unit: the reference. The only module that imports simpy.

A unit takes the waiting task of the lowest key (`turns`): priority, frame, ready time, position in the schedule. Units choose only when
everything that ends in that instant has ended, and then one after the other, the unit whose next task has the lowest key before the
others, because its start may make a task of another unit ready. So while a task of one frame waits for a unit, no task of a later frame
starts there, if priorities are equal and no task comes after one of a later frame.

Where frames may be dropped (`Stream`), an instant goes on like this, and from the second step on again until nothing changes:

1. All that ends or arrives in it does, frames too.
2. Units choose, as above. One whose next task would begin a frame too late has that frame dropped in its place, and chooses again.
3. If more frames of a stream wait than may, one is dropped; of several streams' the first one's.

With a frame that is dropped, those of its tasks are over at once that wait for nothing else; others are with the last that they wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from typing import Any

import numpy as np
import simpy

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.engine.turns import Key
from hyperdrive_sim.engine.waiting import WaitingFrames
from hyperdrive_sim.schedule.schedule import Schedule

REPORT_EVERY = 4096  # tasks between two calls of the progress callback
NEVER = -1  # when a task started, or ended, that has not


class Clockwork:
    """State of one simulation: predecessors that each task still waits for, the inbox of each unit, and the three times of every task.

    `skipped` says which tasks are those of dropped frames and have not begun before; it is empty where there can be none.
    """

    def __init__(self, schedule: Schedule, progress: Callable[[int], None] | None) -> None:
        self.env: Any = simpy.Environment()  # its clock is typed as a float too; here it is an int
        self.schedule, self.progress = schedule, progress
        self.unit, self.ps, self.latency_ps = (column.tolist() for column in (schedule.unit.codes, schedule.ps, schedule.latency_ps))
        self.priority, self.frame = schedule.priority.tolist(), schedule.frame.tolist()
        self.at_end, self.at_start = schedule.after.backwards().lists(), schedule.after_start.backwards().lists()
        self.missing = (np.diff(schedule.after.offsets) + np.diff(schedule.after_start.offsets) + (schedule.not_before_ps > 0)).tolist()
        self.ready, self.start, self.end = ([time] * len(schedule) for time in (0, NEVER, NEVER))
        self.frames = WaitingFrames(schedule) if schedule.streams else None
        self.skipped: list[bool] = schedule.skipped.tolist() if schedule.streams or not schedule.ps.all() else []
        self.ended = 0
        units = range(len(schedule.unit.values))
        self.inbox: list[list[Key]] = [[] for _ in units]
        self.turn: list[simpy.Event | None] = [self.env.event() for _ in units]
        """What each free unit waits for: its value is the task that the unit is to do. None of a unit that is at work."""
        self.choosing: list[tuple[Key, int]] = []
        self.due = False
        for unit in units:
            self.env.process(self._serve(unit))

    def run(self) -> Trace:
        """The trace, as far as it gets: tasks that nothing will ever start have the end NEVER."""
        for time, frame in self.frames.arrivals() if self.frames else ():
            self.env.timeout(time, frame).callbacks.append(lambda arrival: self._arrive(arrival.value))
        for index, time in enumerate(self.schedule.not_before_ps.tolist()):
            if time:
                self._later(time, [index])
            if not self.missing[index]:
                self._enter(index)
        self.env.run()
        tasks = self.schedule.skipping(np.array(self.skipped)) if self.skipped else self.schedule
        return Trace(tasks, *(np.array(times, np.int64) for times in (self.ready, self.start, self.end)))

    def _serve(self, unit: int) -> Generator[simpy.Event, Any, None]:
        """Process of a unit: wait for its turn, be busy with the task that it has chosen, release what comes after that."""
        while (turn := self.turn[unit]) is not None:
            index = yield turn  # its value
            yield self.env.timeout(self.ps[index])
            self.end[index] = self.env.now
            self._count()
            self.turn[unit] = self.env.event()
            self._await_turn(unit)
            if self.latency_ps[index]:
                self._later(self.latency_ps[index], self.at_end[index])
            else:
                self._release(self.at_end[index])

    def _later(self, delay: int, indices: list[int]) -> None:
        """Release some tasks after a delay: what they wait for arrives then."""
        self.env.timeout(delay).callbacks.append(lambda _: self._release(indices))

    def _release(self, indices: list[int]) -> None:
        """Count one predecessor less for each of these tasks; those with none left enter their unit's inbox."""
        for index in indices:
            self.missing[index] -= 1
            if not self.missing[index]:
                self._enter(index)

    def _arrive(self, frame: int) -> None:
        """Let a frame wait, and see in this instant whether one too many does."""
        assert self.frames is not None
        self.frames.arrive(frame)
        if not self.due:
            self._settle_later()

    def _enter(self, index: int) -> None:
        """Let a task wait for its unit; one that is skipped does not, and is over."""
        now = self.ready[index] = self.env.now
        if self.skipped and self.skipped[index]:
            self._pass_over(index)
            return
        heappush(self.inbox[self.unit[index]], (self.priority[index], self.frame[index], now, index))
        self._await_turn(self.unit[index])

    def _await_turn(self, unit: int) -> None:
        """Let a unit choose in this instant if it is free, but after everything that ends in it."""
        if self.turn[unit] is not None and self.inbox[unit]:
            heappush(self.choosing, (self.inbox[unit][0], unit))
            if not self.due:
                self._settle_later()

    def _settle_later(self) -> None:
        """See to what is to be decided in this instant, after everything that ends in it.

        Whatever ends now was put into the queue of events in an earlier instant, so an event that is put there now comes behind it.
        """
        self.due = True
        self.env.timeout(0).callbacks.append(self._settle)

    def _settle(self, event: simpy.Event) -> None:
        """Let units choose; and again whenever that leaves a frame to be dropped."""
        self._choose()
        while self.frames and (frame := self.frames.surplus()) is not None:
            self._drop(frame)
            self._choose()
        self.due = False

    def _choose(self) -> None:
        """Let free units take their next tasks, in the order of their keys; a unit may be listed twice and chooses once."""
        while self.choosing:
            key, unit = heappop(self.choosing)
            turn = self.turn[unit]
            if turn is not None and (self.frames is None or self._may_start(key, unit)):
                index = heappop(self.inbox[unit])[-1]
                self.turn[unit], self.start[index] = None, self.env.now
                turn.succeed(index)
                self._release(self.at_start[index])

    def _may_start(self, key: Key, unit: int) -> bool:
        """True if the task that a unit was listed for can be started: it is not skipped, and does not begin its frame too late."""
        assert self.frames is not None
        inbox, index = self.inbox[unit], key[-1]
        while inbox and self.skipped[inbox[0][-1]]:
            heappop(inbox)
        if not inbox or inbox[0] != key:
            self._await_turn(unit)
            return False
        if self.frames.late(index, self.env.now):
            self._drop(self.frame[index])
            self._await_turn(unit)
            return False
        self.frames.begin(index)
        return True

    def _drop(self, frame: int) -> None:
        """Drop a frame: its tasks that have not begun are skipped."""
        assert self.frames is not None
        self.frames.leave(frame)
        tasks = [index for index in self.frames.tasks[frame] if self.start[index] == NEVER]
        for index in tasks:
            self.skipped[index] = True
            for stream in self.schedule.after_start[index]:
                self._await_end(index, stream)
        for index in tasks:
            if not self.missing[index] and self.end[index] == NEVER:
                self._pass_over(index)

    def _await_end(self, index: int, stream: int) -> None:
        """Have a task that is skipped wait for the end of what it would have started with, unless that is over."""
        latency_ps = 0 if self.skipped[stream] else self.latency_ps[stream]
        if self.end[stream] == NEVER or self.end[stream] + latency_ps > self.env.now:
            self.at_start[stream].remove(index)
            self.at_end[stream].append(index)
            self.missing[index] += self.start[stream] != NEVER

    def _pass_over(self, index: int) -> None:
        """End a task that is skipped, and with it all those that are and wait for nothing else."""
        over = [index]
        while over:
            index = over.pop()
            self.start[index] = self.end[index] = self.env.now
            self._count()
            for other in (*self.at_end[index], *self.at_start[index]):
                self.missing[other] -= 1
                if not self.missing[other]:
                    if self.skipped[other]:
                        self.ready[other] = self.env.now
                        over.append(other)
                    else:
                        self._enter(other)

    def _count(self) -> None:
        self.ended += 1
        if not self.ended % REPORT_EVERY and self.progress is not None:
            self.progress(self.ended)
