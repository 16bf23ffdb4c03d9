"""Discrete-event simulation of a schedule on SimPy, one process per unit: the reference. The only module that imports simpy.

A unit takes the waiting task of the lowest key (`turns`): priority, frame, ready time, position in the schedule. Units choose only when
everything that ends in that instant has ended, and then one after the other, the unit whose next task has the lowest key before the
others, because its start may make a task of another unit ready. So while a task of one frame waits for a unit, no task of a later frame
starts there, if priorities are equal and no task comes after one of a later frame.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from typing import Any

import numpy as np
import simpy

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.engine.turns import Key
from hyperdrive_sim.schedule.schedule import Schedule

REPORT_EVERY = 4096  # tasks between two calls of the progress callback


class Clockwork:
    """State of one simulation: predecessors that each task still waits for, the inbox of each unit, and the three times of every task."""

    def __init__(self, schedule: Schedule, progress: Callable[[int], None] | None) -> None:
        self.env: Any = simpy.Environment()  # its clock is typed as a float too; here it is an int
        self.schedule, self.progress = schedule, progress
        self.unit, self.ps, self.latency_ps = (column.tolist() for column in (schedule.unit.codes, schedule.ps, schedule.latency_ps))
        self.priority, self.frame = schedule.priority.tolist(), schedule.frame.tolist()
        self.at_end, self.at_start = schedule.after.backwards().lists(), schedule.after_start.backwards().lists()
        self.missing = (np.diff(schedule.after.offsets) + np.diff(schedule.after_start.offsets) + (schedule.not_before_ps > 0)).tolist()
        self.ready, self.start, self.end = ([0] * len(schedule) for _ in range(3))
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
        """The trace, as far as it gets: tasks that nothing will ever start have the end 0."""
        for index, time in enumerate(self.schedule.not_before_ps.tolist()):
            if time:
                self._later(time, [index])
            if not self.missing[index]:
                self._enter(index)
        self.env.run()
        return Trace(self.schedule, *(np.array(times, np.int64) for times in (self.ready, self.start, self.end)))

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

    def _enter(self, index: int) -> None:
        now = self.ready[index] = self.env.now
        heappush(self.inbox[self.unit[index]], (self.priority[index], self.frame[index], now, index))
        self._await_turn(self.unit[index])

    def _await_turn(self, unit: int) -> None:
        """Let a unit choose in this instant if it is free, but after everything that ends in it.

        Whatever ends now was put into the queue of events in an earlier instant, so an event that is put there now comes behind it.
        """
        if self.turn[unit] is not None and self.inbox[unit]:
            heappush(self.choosing, (self.inbox[unit][0], unit))
            if not self.due:
                self.due = True
                self.env.timeout(0).callbacks.append(self._choose)

    def _choose(self, event: simpy.Event) -> None:
        """Let free units take their next tasks, in the order of their keys; a unit may be listed twice and chooses once."""
        while self.choosing:
            unit = heappop(self.choosing)[-1]
            turn = self.turn[unit]
            if turn is not None:
                index = heappop(self.inbox[unit])[-1]
                self.turn[unit], self.start[index] = None, self.env.now
                turn.succeed(index)
                self._release(self.at_start[index])
        self.due = False

    def _count(self) -> None:
        self.ended += 1
        if not self.ended % REPORT_EVERY and self.progress is not None:
            self.progress(self.ended)
