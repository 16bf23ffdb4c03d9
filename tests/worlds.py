"""Worlds small enough to do by hand: a handful of tasks, and what became of them."""

from __future__ import annotations

from typing import Any

from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.machine import Machine, Unit
from hyperdrive_sim.schedule.tasks import Schedule, Task

CLOCK = Clock(10**9)


def task(name: str, unit: str, ps: int, *after: int, **more: Any) -> Task:
    """A task of the layer `L` that comes after the tasks at some positions."""
    return Task(name, more.pop("layer", "L"), unit, ps, after, **more)


def machine(*units: str) -> Machine:
    return Machine(tuple(Unit(name, "array") for name in units), (), CLOCK, peak_ops_per_cycle=2)


def run(*tasks: Task) -> Trace:
    return simulate(Schedule(tasks))


def times(trace: Trace) -> list[tuple[int, int, int]]:
    """When each task became ready, started and ended, in the order of the schedule."""
    return [(span.ready, span.start, span.end) for span in trace]
