"""Runs of scenarios: decide what one leaves open, simulate it, estimate what that would take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, Unpack

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine.compiled import Compiled, Progress, collector_paused, silent
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.report import Report, summarise
from hyperdrive_sim.scenario import inputs, published, shipped
from hyperdrive_sim.scenario.experiment import Changes, Experiment
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import Source, scenario_of

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


def run(
    source: Source | None = None, changes: Changes | None = None, *, progress: Progress = silent, **experiment: Unpack[Experiment]
) -> Report:
    """Simulate a scenario and report its time, energy and utilisation.

        run("scenarios/hyperdrive/tiny_2x2.yaml", {"chip.voltage_v": 0.65})
        run(network=network, architecture="xnorbin", chip={"voltage_v": 1.2}, frames=2)

    *source* is the path of a scenario file or a `Scenario`, *changes* are new values by dotted key, as `--set` takes them. Without a
    source, *experiment* says what is run: `architecture`, and `network` as a `Network` or as a name of the zoo with an `input_shape`;
    all other keys of a scenario file may be given too. *progress* is called with a stage, how much of it is done and how much there is.

    Times of the report are in seconds, energies in joules per frame. Raises InvalidInput for what cannot be run, every mistake named,
    and DoesNotFit for a network that is too large for the chip.
    """
    return _run(scenario_of(source, changes, experiment), progress)


def _run(scenario: Scenario, progress: Progress) -> Report:
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
    return report.compared(section.rows, {path: _run(Scenario.read(shipped.folder() / path), progress) for path in section.others})


def reproduces(scenario: Scenario, section: published.Section) -> bool:
    """True if a scenario computes what the section's own does; a changed chip or network has nothing to be compared with."""
    if scenario.given is not None:
        return False
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
    """The cost of a run: exact in tasks, measured elsewhere in seconds and bytes."""

    tasks: int
    seconds: float
    bytes: int


def estimate(scenario: Scenario) -> Estimate:
    """The cost of a run, before anything is scheduled."""
    made = compiled(scenario)
    with located(scenario):
        tasks = made.size
    return Estimate(tasks, START_SECONDS + tasks * SECONDS_PER_TASK, START_BYTES + tasks * BYTES_PER_TASK)


def sweep(
    source: Source | None = None,
    axes: Mapping[str, Sequence[object]] | None = None,
    *,
    progress: Progress = silent,
    **experiment: Unpack[Experiment],
) -> list[tuple[dict[str, object], Report | HyperdriveSimError]]:
    """Run a scenario at every combination of some values: each point with its report, or with what kept it from running.

        sweep("scenarios/hyperdrive/resnet34_224.yaml", {"chip.voltage_v": [0.5, 0.65, 0.8], "frames": [1, 4]})

    *axes* are values by dotted key, the last key turning fastest; without them, those of the scenario's own `sweep` are taken. *source*
    and *experiment* are as in `run`. Raises InvalidInput for a scenario or a sweep that is none; what is wrong at a single point is
    that point's outcome.
    """
    if axes is None:
        scenario = scenario_of(source, None, experiment)
    elif source is None:
        scenario = scenario_of(None, None, {**experiment, "sweep": axes})
    else:
        scenario = scenario_of(source, {"sweep": axes}, experiment)
    if not scenario.settings.sweep:
        cure = "add one, for example sweep: {chip.voltage_v: [0.5, 0.8]}"
        raise InvalidInput(scenario.document.mistake("sweep", "this scenario has no sweep", cure))
    return [(scenario.values(point), _outcome(scenario, point, progress)) for point in scenario.points()]


def _outcome(scenario: Scenario, point: Mapping[str, int], progress: Progress) -> Report | HyperdriveSimError:
    try:
        return _run(scenario.at(point), progress)
    except HyperdriveSimError as error:
        return error
