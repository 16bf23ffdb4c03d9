"""Worlds small enough to do by hand: a handful of tasks, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.network.golden import Arithmetic, Exact
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import Clock
from hyperdrive_sim.schedule.machine import Machine, Unit
from hyperdrive_sim.schedule.mapped import Datasheet, Tiles
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.schedule.tasks import Arrivals, Task
from hyperdrive_sim.schedule.writer import Writer, scheduled

CLOCK = Clock(10**9)
ONE = Arrivals()
NOWHERE = Placement((), {}, frozenset(), {})
"""The placement of a schedule of which only the times matter."""


def task(name: str, unit: str, ps: int, *after: int, **more: Any) -> Task:
    """A task of the layer `L` that comes after the tasks at some positions."""
    return Task(name, more.pop("layer", "L"), unit, ps, after, **more)


def machine(*units: str) -> Machine:
    return Machine(tuple(Unit(name, "array") for name in units), (), CLOCK, peak_ops_per_cycle=2)


@dataclass(frozen=True)
class Hand:
    """A network put on a machine by hand."""

    network: Network
    machine: Machine
    placement: Placement
    spec: Spec = field(default_factory=Spec)
    prices: Mapping[str, Price] = field(default_factory=dict)
    arithmetic: Arithmetic = field(default_factory=Exact)
    datasheet: Datasheet = field(default_factory=dict)

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        raise AssertionError("the schedule is given")

    def tiles(self, layer: str | None) -> Tiles:
        return {}


def compiled(
    network: Network, machine: Machine, placement: Placement, tasks: Iterable[Task], arrivals: Arrivals = ONE, **more: Any
) -> Compiled:
    """A network on a machine with a schedule, all written by hand."""
    return Compiled(Hand(network, machine, placement, **more), arrivals, "whole").scheduled(scheduled(tasks).checked(machine))


def on(chip: Architecture, network: Network, arrivals: Arrivals = ONE, grain: str | None = None, **settings: Any) -> Compiled:
    """A network on a chip with some settings, cut as coarsely as can be unless told otherwise."""
    spec = next(iter(chip.candidates(network, chip.Spec(**settings))))
    return Compiled(chip.map(network, spec), arrivals, grain or chip.grains[0])


def run(*tasks: Task) -> Trace:
    return simulate(scheduled(tasks))


def times(trace: Trace) -> list[tuple[int, int, int]]:
    """When each task became ready, started and ended, in the order of the schedule."""
    return [(span.ready, span.start, span.end) for span in trace]


def drawn(trace: Trace, units: Sequence[str] | None = None, *, step_ps: int = 1) -> str:
    """A trace as a picture: a row per unit, a character per step, the first letter of the task that works then, a dot where none does.

    A task begins and ends in the steps that are nearest to its times.
    """
    rows = {unit: ["."] * round(trace.makespan_ps / step_ps) for unit in (units or trace.units)}
    for span in trace:
        if span.task.unit in rows:
            first, last = round(span.start / step_ps), round(span.end / step_ps)
            rows[span.task.unit][first:last] = span.task.name[0] * (last - first)
    label = max(map(len, rows), default=0)
    return "\n".join(f"{unit:<{label}} |{''.join(letters)}|" for unit, letters in rows.items())


def overtakings(trace: Trace) -> list[tuple[int, int]]:
    """Tasks that waited for a unit when a task of a later frame started there, each with that one."""
    frame = trace.tasks.frame
    found: list[tuple[int, int]] = []
    for mine in trace.by_unit.values():
        ready, start, of = trace.ready[mine], trace.start[mine], frame[mine]
        waited = (ready[:, None] <= start) & (start < start[:, None]) & (of[:, None] < of)
        found += [(int(mine[older]), int(mine[later])) for older, later in np.argwhere(waited)]
    return found
