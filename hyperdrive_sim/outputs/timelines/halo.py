"""Arrows from the task that sent pixels to another chip to those that came after it there: halos in a mesh, hops from part to part."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.outputs.timelines.columns import Ints, TaskColumns
from hyperdrive_sim.outputs.timelines.window import TimeWindow
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.tasks import HOST, Copy, Effect

HALO, HOP = "halo", "hop"


class Arrow(NamedTuple):
    """An arrow by its number, and the name of what goes along it."""

    number: int
    name: str


class Arrows(NamedTuple):
    """Arrow *n* goes from task *senders[n]* to task *receivers[n]*; receivers are in order. It is a hop if *hops[n]* is true, else a halo.

    *by_sender* are the arrows in the order of their senders; the arrows of task *i* lie from *i* to *i + 1* of the bounds.
    """

    senders: Ints
    receivers: Ints
    by_sender: Ints
    sender_bounds: Ints
    receiver_bounds: Ints
    hops: NDArray[np.bool_]

    def sent_by(self, index: int) -> tuple[Arrow, ...]:
        if not len(self.senders):
            return ()
        return self._named(self.by_sender[self.sender_bounds[index] : self.sender_bounds[index + 1]].tolist())

    def received_by(self, index: int) -> tuple[Arrow, ...]:
        return self._named(range(self.receiver_bounds[index], self.receiver_bounds[index + 1])) if len(self.senders) else ()

    def _named(self, numbers: Iterable[int]) -> tuple[Arrow, ...]:
        return tuple(Arrow(number, HOP if self.hops[number] else HALO) for number in numbers)


def arrows(columns: TaskColumns, window: TimeWindow) -> Arrows:
    """Arrows of a run whose two tasks touch the window."""
    trace, machine = columns.report.trace, columns.report.machine
    here = {unit: {columns.place[unit], machine.member(unit)} for unit in machine.unit}
    landing = _Landing(machine)
    lands = [landing.of(task.effect) for task in trace.tasks]
    sent, received = array("q"), array("q")
    for index, task in enumerate(trace.tasks):
        for sender in dict.fromkeys(task.after):
            if lands[sender] in here[task.unit]:
                sent.append(sender)
                received.append(index)
    senders, receivers = np.array(sent, np.int64), np.array(received, np.int64)
    touches = (trace.start < window.end) & (trace.end > window.start)
    both = touches[senders] & touches[receivers]
    hops = np.array([where in machine.members for where in lands], np.bool_)
    return _indexed(senders[both], receivers[both], hops)


def _indexed(senders: Ints, receivers: Ints, hops: NDArray[np.bool_]) -> Arrows:
    """Arrows in the order of their receivers; *hops* says of every task of the trace whether it sends to another part."""
    by_sender, every = np.argsort(senders, kind="stable"), np.arange(len(hops) + 1)
    bounds = np.searchsorted(senders[by_sender], every), np.searchsorted(receivers, every)
    return Arrows(senders, receivers, by_sender, *bounds, hops[senders])


class _Landing:
    """Where copies end that come from somewhere else; each pair of memories is looked at once."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.known = machine, dict[tuple[str, str], str | None]()

    def of(self, effect: Effect | None) -> str | None:
        """The chip that a copy within a mesh ends on, or the part that one from another part ends at; None for anything else."""
        if not isinstance(effect, Copy):
            return None
        ways = effect.source, effect.target
        if ways not in self.known:
            self.known[ways] = None if HOST in ways else self._between(*ways)
        return self.known[ways]

    def _between(self, source: str, target: str) -> str | None:
        """What goes between a chip and the edge of its own part is no more of an arrow than what goes to and from the host."""
        member, places = self.machine.member(target), {*map(self.machine.place, (source, target))}
        if member != self.machine.member(source):
            return member or None
        return self.machine.place(target) if len(places) > 1 and member not in places else None
