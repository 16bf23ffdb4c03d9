"""What one does with a scenario: decide what it leaves open, run it, ask what that would cost."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from hyperdrive_sim.engine.ledger import account
from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.report.report import Report, summarise
from hyperdrive_sim.scenario import inputs, published, shipped
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.tasks import Schedule

SECONDS_PER_TASK = 8e-6
BYTES_PER_TASK = 800
START_SECONDS, START_BYTES = 0.6, 80_000_000
"""Measured on one core of a 2-core server with Python 3.11: 2.04 million tasks took 17 s and 1.6 GiB."""

MAX_TASKS = 10_000_000
MAX_PS = 2**63 - 1

Progress = Callable[[str, int, int], None]
"""Told what is being done, how far it is and how far it goes (0: not known)."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress nobody looks at."""


class Setting(NamedTuple):
    """A scenario with everything decided: the network on the machine."""

    network: Network
    spec: Any
    machine: Machine
    placement: Placement


@contextmanager
def located(scenario: Scenario) -> Iterator[None]:
    """Give mistakes that are found after parsing their place in the scenario."""
    try:
        yield
    except InvalidInput as error:
        raise scenario.located(error) from None


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while millions of small records without cycles are made: it costs half as much again and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def prepare(scenario: Scenario) -> Setting:
    """Decide what is open and place the network. Raises InvalidInput or DoesNotFit, located in the scenario."""
    arch, network = scenario.architecture, scenario.network()
    inputs.readable(scenario, network)
    with located(scenario):
        spec = arch.fit(network, scenario.spec)
        machine = arch.build(spec)
        placement = arch.place(network, spec).checked(network, machine)
        if scenario.settings.reproduces:
            published.section(arch.folder, scenario.settings.reproduces)
    return Setting(network, spec, machine, placement)


def run(scenario: Scenario, progress: Progress = silent) -> Report:
    """Schedule, simulate and price a scenario."""
    setting = prepare(scenario)
    arch, (network, spec, machine, placement) = scenario.architecture, setting
    with collector_paused():
        schedule = lowered(scenario, setting, progress)
        trace = simulate(schedule, lambda done: progress("simulating", done, len(schedule)))
        ledger = account(schedule, arch.prices(spec))
        progress("summarising", 0, 0)
        tiles = partial(arch.tiles, network, spec, placement)
        datasheet = arch.datasheet(network, spec)
        report = summarise(scenario, (network, machine, placement), schedule, trace, ledger, tiles, datasheet)
    name = scenario.settings.reproduces
    if name is None:
        return report
    section = published.section(arch.folder, name)
    if not reproduces(scenario, section):
        return report
    others = {row.against for row in section.rows if row.against}
    return report.compared(section.rows, {path: run(Scenario.read(shipped.folder() / path), progress) for path in sorted(others)})


def reproduces(scenario: Scenario, section: published.Section) -> bool:
    """Whether it computes what the section's own scenario does: a changed chip or network has nothing to be compared with."""
    own = Scenario.read(shipped.folder() / section.scenario)
    ours, theirs = scenario.settings, own.settings
    same = ("network", "network_options", "input_shape", "frames")
    return scenario.spec == own.spec and all(getattr(ours, key) == getattr(theirs, key) for key in same)


def lowered(scenario: Scenario, setting: Setting, progress: Progress = silent, grain: str | None = None) -> Schedule:
    """The checked schedule of a scenario, at the architecture's coarsest grain unless told otherwise."""
    arch, (network, spec, machine, placement) = scenario.architecture, setting
    progress("scheduling", 0, 0)
    with located(scenario):
        _affordable(counted(scenario, setting, grain), scenario.settings.frames)
        schedule = arch.lower(network, spec, placement, scenario.arrivals, grain or arch.grains[0]).checked(machine)
        _lasts(schedule, scenario, machine)
    return schedule


def _affordable(tasks: int, frames: int) -> None:
    """Raises InvalidInput for more tasks than there would be memory for."""
    if tasks <= MAX_TASKS:
        return
    if frames > 1:
        problem = f"{frames} frames of {tasks // frames} tasks each are more than the {MAX_TASKS} tasks that can be simulated"
        raise InvalidInput.at("frames", problem, f"take at most {MAX_TASKS * frames // tasks}")
    problem = f"a frame is {tasks} tasks, more than the {MAX_TASKS} that can be simulated"
    raise InvalidInput.at("", problem, "take a smaller network, input or mesh")


def counted(scenario: Scenario, setting: Setting, grain: str | None = None) -> int:
    """How many tasks a schedule will have, before it is written."""
    arch, (network, spec, _, placement) = scenario.architecture, setting
    with located(scenario):
        return arch.count(network, spec, placement, scenario.arrivals, grain or arch.grains[0])


def _lasts(schedule: Schedule, scenario: Scenario, machine: Machine) -> None:
    """Raises InvalidInput for a schedule whose end might not be a time of 64 bits."""
    arrivals, slowest = scenario.arrivals, max(unit.latency_ps for unit in machine.units)
    longest = sum(schedule.work_ps.values()) + len(schedule) * slowest + arrivals.frames * arrivals.period_ps
    if longest > MAX_PS:
        problem = f"this would last up to {longest / PS_PER_S:.2g} s, more than the {MAX_PS / PS_PER_S:.2g} s that can be simulated"
        raise InvalidInput.at("", problem, "take faster links, a faster clock or fewer frames")


class Estimate(NamedTuple):
    """What a run would take: exact in tasks, measured elsewhere in seconds and bytes."""

    tasks: int
    seconds: float
    bytes: int


def estimate(scenario: Scenario) -> Estimate:
    """The cost of a run, before anything is scheduled."""
    tasks = counted(scenario, prepare(scenario))
    return Estimate(tasks, START_SECONDS + tasks * SECONDS_PER_TASK, START_BYTES + tasks * BYTES_PER_TASK)


def sweep(scenario: Scenario, progress: Progress = silent) -> Iterator[tuple[dict[str, Any], Report | str]]:
    """Every point of a scenario's sweep with its report, or with what was wrong with it."""
    for point in scenario.points():
        values = scenario.values(point)
        try:
            yield values, run(scenario.at(point), progress)
        except HyperdriveSimError as error:
            yield values, str(error)


def compare(
    files: Iterable[str], changes: Sequence[str] = (), progress: Progress = silent
) -> Iterator[tuple[str, Report | HyperdriveSimError]]:
    """Every scenario file, with `key=value` settings on top, and its report, or what kept it from running."""
    for file in files:
        try:
            yield file, run(Scenario.read(file, changes), progress)
        except HyperdriveSimError as error:
            yield file, error
