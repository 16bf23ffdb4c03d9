"""Arrows along the exchange of halos: from the task that sent pixels to another chip to those that came after it there."""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.outputs.timelines.columns import Ints, place
from hyperdrive_sim.outputs.timelines.window import TimeWindow
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.tasks import HOST, Copy


class Arrows(NamedTuple):
    """Arrow *n* goes from task *senders[n]* to task *receivers[n]*; receivers are in order.

    *by_sender* are the arrows in the order of their senders; the arrows of task *i* lie from *i* to *i + 1* of the bounds.
    """

    senders: Ints
    receivers: Ints
    by_sender: Ints
    sender_bounds: Ints
    receiver_bounds: Ints

    def sent_by(self, index: int) -> tuple[int, ...]:
        if not len(self.senders):
            return ()
        return tuple(self.by_sender[self.sender_bounds[index] : self.sender_bounds[index + 1]].tolist())

    def received_by(self, index: int) -> tuple[int, ...]:
        return tuple(range(self.receiver_bounds[index], self.receiver_bounds[index + 1])) if len(self.senders) else ()


def arrows(report: Report, window: TimeWindow) -> Arrows:
    """Arrows of a run whose two tasks touch the window."""
    trace = report.trace
    here = {unit.name: place(unit.name) for unit in report.machine.units}
    lands = [_landing(task.effect.source, task.effect.target) if isinstance(task.effect, Copy) else None for task in trace.tasks]
    sent, received = array("q"), array("q")
    for index, task in enumerate(trace.tasks):
        for sender in dict.fromkeys(task.after):
            if lands[sender] == here[task.unit]:
                sent.append(sender)
                received.append(index)
    senders, receivers = np.array(sent, np.int64), np.array(received, np.int64)
    touches = (trace.start < window.end) & (trace.end > window.start)
    both = touches[senders] & touches[receivers]
    return _indexed(senders[both], receivers[both], len(trace))


def _indexed(senders: Ints, receivers: Ints, tasks: int) -> Arrows:
    by_sender, every = np.argsort(senders, kind="stable"), np.arange(tasks + 1)
    return Arrows(senders, receivers, by_sender, np.searchsorted(senders[by_sender], every), np.searchsorted(receivers, every))


@lru_cache(maxsize=4096)
def _landing(source: str, target: str) -> str | None:
    """The chip that a copy ends on, if it comes from another one."""
    if HOST in (source, target) or place(source) == place(target):
        return None
    return place(target)
