"""What one does with a scenario: decide what it leaves open, run it, ask what that would cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine.compiled import Compiled, Progress, collector_paused, silent
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.report.report import Report, summarise
from hyperdrive_sim.scenario import inputs, published, shipped
from hyperdrive_sim.scenario.scenario import Scenario

SECONDS_PER_TASK = 8e-6
BYTES_PER_TASK = 800
START_SECONDS, START_BYTES = 0.6, 80_000_000
"""Measured on one core of a 2-core server with Python 3.11: 2.04 million tasks took 17 s and 1.6 GiB."""

MAX_TASKS = 10_000_000
MAX_PS = 2**63 - 1


@contextmanager
def located(scenario: Scenario) -> Iterator[None]:
    """Give mistakes that are found after parsing their place in the scenario."""
    try:
        yield
    except InvalidInput as error:
        raise scenario.located(error) from None


def compiled(scenario: Scenario, progress: Progress = silent) -> Compiled:
    """The scenario's network on its machine, at the architecture's coarsest granularity.

    What the scenario leaves open becomes the first of the architecture's candidates. Raises InvalidInput or DoesNotFit, located in the
    scenario; no schedule is written yet.
    """
    arch, network = scenario.architecture, scenario.network()
    inputs.readable(scenario, network)
    with located(scenario):
        spec = next(iter(arch.candidates(network, scenario.spec)))
        mapped = arch.map(network, spec)
        if scenario.settings.reproduces:
            published.section(registry.folder(arch.name), scenario.settings.reproduces)
    return Compiled(mapped, scenario.arrivals, arch.grains[0], progress=progress, limit=partial(check_size, scenario))


def run(scenario: Scenario, progress: Progress = silent) -> Report:
    """Schedule, simulate and price a scenario."""
    made = compiled(scenario, progress)
    with collector_paused():
        check_length(scenario, made)
        report = summarise(scenario, made)
    name = scenario.settings.reproduces
    if name is None:
        return report
    section = published.section(registry.folder(scenario.architecture.name), name)
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


def check_size(scenario: Scenario, tasks: int) -> None:
    """Raises InvalidInput for more tasks than there would be memory for."""
    frames = scenario.settings.frames
    if tasks <= MAX_TASKS:
        return
    if frames > 1:
        problem = f"{frames} frames of {tasks // frames} tasks each are more than the {MAX_TASKS} tasks that can be simulated"
        raise InvalidInput.at("frames", problem, f"take at most {MAX_TASKS * frames // tasks}")
    problem = f"a frame is {tasks} tasks, more than the {MAX_TASKS} that can be simulated"
    raise InvalidInput.at("", problem, "take a smaller network, input or mesh")


def check_length(scenario: Scenario, made: Compiled) -> None:
    """Raises InvalidInput for a schedule whose end might not be a time of 64 bits; writes the schedule."""
    with located(scenario):
        schedule, arrivals = made.schedule, made.arrivals
        slowest = max(unit.latency_ps for unit in made.machine.units)
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
    made = compiled(scenario)
    with located(scenario):
        tasks = made.size
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
