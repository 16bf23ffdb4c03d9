"""Discrete-event simulation of a schedule on SimPy, one process per unit. The only module that imports simpy.

A unit takes the waiting task of the lowest key (`turns`): priority, frame, ready time, position in the schedule. Units choose only when
everything that ends in that instant has ended, and then one after the other, the unit whose next task has the lowest key before the
others, because its start may make a task of another unit ready. So while a task of one frame waits for a unit, no task of a later frame
starts there, if priorities are equal and no task comes after one of a later frame.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from typing import Any

import simpy
from simpy.events import Event, Timeout

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.engine.turns import Key, key
from hyperdrive_sim.errors import Stuck
from hyperdrive_sim.schedule.tasks import Schedule

AFTER_ALL_ENDS: Any = 2  # an event priority below SimPy's URGENT (0) and NORMAL (1)
REPORT_EVERY = 4096  # tasks between two calls of the progress callback
Progress = Callable[[int], None]


def simulate(schedule: Schedule, progress: Progress | None = None) -> Trace:
    """Simulate a schedule: the times, in picoseconds, at which every task became ready, started and ended.

    *progress* is told now and then how many tasks have ended. Raises Stuck if tasks remain that nothing will ever start.
    """
    return _Run(schedule, progress).trace()


class _Unit:
    """A unit: its inbox, a heap of the keys of tasks, and `free`, the event that it waits for until its turn to choose one."""

    __slots__ = ("free", "inbox")

    def __init__(self, env: simpy.Environment) -> None:
        self.inbox: list[Key] = []
        self.free = Event(env)


class _Run:
    """State of one simulation: predecessor counters, successors, and the three times of every task."""

    def __init__(self, schedule: Schedule, progress: Progress | None) -> None:
        tasks = schedule.tasks
        self.env: Any = simpy.Environment()  # its clock is typed as a float too; here it is an int
        self.tasks = tasks
        self.progress = progress
        self.ended = 0
        self.ready, self.start, self.end = (array("q", bytes(8 * len(tasks))) for _ in range(3))
        self.waits_for = [0] * len(tasks)
        self.at_end: list[list[int] | None] = [None] * len(tasks)
        self.at_start: dict[int, list[int]] = {}
        self.choosing: list[Key] = []
        self.turn = Event(self.env)
        self.turn._ok, self.turn._value = True, None
        self.due = False
        self.moments: dict[int, Timeout] = {}
        self.arriving: dict[int, list[list[int]]] = {}
        self._link_up()
        units = {name: _Unit(self.env) for name in schedule.work_ps}
        self.unit = [units[task.unit] for task in tasks]
        for unit in units.values():
            self.env.process(self._serve(unit))

    def _link_up(self) -> None:
        """Count the predecessors of each task and collect its successors, from the edges that each task has back to earlier ones."""
        waits_for, at_end, at_start = self.waits_for, self.at_end, self.at_start
        for index, (_, _, _, _, after, after_start, _, _, _, not_before_ps, _, _) in enumerate(self.tasks):
            waits_for[index] = len(after) + len(after_start) + (not_before_ps > 0)
            for other in after:
                known = at_end[other]
                if known is None:
                    at_end[other] = [index]
                else:
                    known.append(index)
            for other in after_start:
                at_start.setdefault(other, []).append(index)

    def trace(self) -> Trace:
        for index, task in enumerate(self.tasks):
            if task.not_before_ps:
                self._release_later(task.not_before_ps, [index])
            if not self.waits_for[index]:
                self._enter(index)
        self.env.run()
        if self.ended < len(self.tasks):
            raise Stuck(self._who_waits())
        return Trace(self.tasks, self.ready, self.start, self.end)

    def _serve(self, unit: _Unit) -> Generator[Event, Any, None]:
        """Process of a unit: wait for a task, take the first of the inbox, be busy, release its successors."""
        env, tasks, inbox, at_start, at_end = self.env, self.tasks, unit.inbox, self.at_start, self.at_end
        starts, ends = self.start, self.end
        while True:
            if inbox:
                self._await_turn(inbox)
            yield unit.free
            index = heappop(inbox)[-1]
            task = tasks[index]
            starts[index] = env._now
            if index in at_start:
                self._release(at_start[index])
            yield self._moment(env._now + task.ps)
            ends[index] = env._now
            self.ended += 1
            if not self.ended % REPORT_EVERY and self.progress is not None:
                self.progress(self.ended)
            after = at_end[index]
            if after is not None:
                if task.latency_ps:
                    self._release_later(env._now + task.latency_ps, after)
                else:
                    self._release(after)

    def _await_turn(self, inbox: list[Key]) -> None:
        """Let a free unit choose in this instant, but after everything that ends in it."""
        heappush(self.choosing, inbox[0])
        if not self.due:
            self.due = True
            self.turn.callbacks = [self._choose]
            self.env.schedule(self.turn, AFTER_ALL_ENDS)

    def _choose(self, turn: Event) -> None:
        """Let free units take their next tasks, in the order of their keys; a unit may be listed twice and chooses once."""
        choosing, unit = self.choosing, self.unit
        while choosing:
            if waiting := unit[heappop(choosing)[-1]].free.callbacks:
                waiting.pop()(turn)
        self.due = False

    def _moment(self, time: int) -> Timeout:
        """Event of a later instant, one for everything that ends or arrives in it: chips in lock-step share one."""
        moment = self.moments.get(time)
        if moment is None:
            moment = self.moments[time] = Timeout(self.env, time - self.env._now)
            moment.callbacks.append(lambda _: self._passed(time))
        return moment

    def _passed(self, time: int) -> None:
        """Release the successors of arrivals in this instant, before those of tasks that end in it; none starts before the units choose."""
        del self.moments[time]
        for indices in self.arriving.pop(time, ()):
            self._release(indices)

    def _release_later(self, time: int, indices: list[int]) -> None:
        self._moment(time)
        known = self.arriving.get(time)
        if known is None:
            self.arriving[time] = [indices]
        else:
            known.append(indices)

    def _release(self, indices: list[int]) -> None:
        """Count one predecessor less for each of these tasks; those with none left enter their unit's inbox."""
        waits_for = self.waits_for
        for index in indices:
            left = waits_for[index] = waits_for[index] - 1
            if not left:
                self._enter(index)

    def _enter(self, index: int) -> None:
        unit, now = self.unit[index], self.env._now
        self.ready[index] = now
        heappush(unit.inbox, key(self.tasks[index], now, index))
        if unit.free.callbacks:
            self._await_turn(unit.inbox)

    def _who_waits(self) -> str:
        stuck = [index for index, count in enumerate(self.waits_for) if count]
        first = self.tasks[stuck[0]]
        missing = [other for other in (*first.after, *first.after_start) if not self.end[other]]
        names = ", ".join(f"{self.tasks[other].name} of {self.tasks[other].layer}" for other in missing[:3])
        return f"{len(stuck)} tasks never started; the first is {first.name} of {first.layer} on {first.unit}, which waits for {names}"
