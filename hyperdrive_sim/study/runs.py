"""Runs of scenarios: decide what one leaves open, simulate it, estimate what that would take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from typing import NamedTuple, Unpack

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine.compiled import Compiled, Progress, collector_paused, silent
from hyperdrive_sim.engine.simulate import Engine, chosen, preferred, preferring, simulate
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.rates import MAX_PS
from hyperdrive_sim.reports.report import Report, summarise
from hyperdrive_sim.scenario import inputs, published, shipped
from hyperdrive_sim.scenario.experiment import Changes, Experiment
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import Source, scenario_of
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.study import choosing, limits, samples
from hyperdrive_sim.study.limits import Limit
from hyperdrive_sim.study.memory import taken_bytes

NAMED = 5
"""Layers that an error message names."""

FAR = 1000
"""A run this many times shorter than the longest that can be simulated is not too long, whatever the rest of its schedule is like."""


def compiled(scenario: Scenario, progress: Progress = silent) -> Compiled:
    """The scenario's network on its machine, with its tasks cut as finely as it says.

    What the scenario leaves open is chosen among the architecture's candidates. Raises InvalidInput or DoesNotFit, located in the
    scenario; no schedule is written yet, but those of candidates.
    """
    arch, network = scenario.architecture, scenario.network()
    with scenario.locating():
        candidates = iter(arch.candidates(network, scenario.spec))
        mapped = arch.map(network, next(candidates))
        _check_host(scenario, mapped)
        if scenario.settings.reproduces:
            published.section(registry.folder(arch.name), scenario.settings.reproduces)
    limit = Limit(scenario)
    files = inputs.opened(scenario, network)
    limit.check_files(files)
    files.check()
    drop = scenario.settings.drop
    admission = drop.admission() if drop else None
    made = Compiled(mapped, limits.arrivals(scenario), scenario.granularity, progress=progress, limit=limit, admission=admission)
    if mapped.spec == scenario.spec:
        return made
    with scenario.locating():
        return choosing.chosen(made, (arch.map(network, spec) for spec in candidates), scenario.spec.goal)


def _check_host(scenario: Scenario, mapped: Mapped) -> None:
    """Raises InvalidInput for layers on the host where the scenario refuses that."""
    at_host = [layer for layer in mapped.network if layer.name in mapped.placement.host]
    if at_host and scenario.settings.host_layers == "refused":
        named = [f"'{layer.name}' ({layer.kind})" for layer in at_host[:NAMED]]
        more = f" and {len(at_host) - NAMED} more" if len(at_host) > NAMED else ""
        problem = f"{scenario.architecture.name} does not run {', '.join(named)}{more}"
        raise InvalidInput.at("host_layers", problem, "let the host compute them (host_layers: allowed), or take another chip or network")


def run(
    source: Source | None = None,
    changes: Changes | None = None,
    *,
    progress: Progress = silent,
    engine: Engine | None = None,
    **experiment: Unpack[Experiment],
) -> Report:
    """Simulate a scenario and report its time, energy and utilisation.

        run("hyperdrive/tiny_2x2", {"chip.voltage_v": 0.65})
        run(network=network, architecture="xnorbin", chip={"voltage_v": 1.2}, frames=2)

    *source* is a scenario's file or short name, the directory of a run, or a `Scenario`; *changes* are new values by dotted key, as
    `--set` takes them. Without a source, *experiment* says what is run: `architecture`, and `network` as a `Network` or as a name of the
    zoo with an `input_shape`; all other keys of a scenario file may be given too. *progress* is called with a stage, how much of it is
    done and how much there is. *engine* is what simulates: `simpy`, or with the extra `fast` `compiled`, with the same result; by default
    `auto`, what is sooner done.

    Times of the report are in seconds, energies in joules per frame. Raises InvalidInput for what cannot be run, every mistake named,
    and DoesNotFit for a network that is too large for the chip.
    """
    with preferring(engine or preferred()):
        return _run(scenario_of(source, changes, experiment), progress)


def _run(scenario: Scenario, progress: Progress) -> Report:
    made = compiled(scenario, progress)
    with collector_paused():
        limits.check_length(scenario, made)
        report = summarise(scenario, made)
    name = scenario.settings.reproduces
    if name is None:
        return report
    chip = registry.folder(scenario.architecture.name)
    section = published.section(chip, name)
    if not reproduces(scenario, section):
        return report
    others = {path: _run(Scenario.read(shipped.published(path, chip), ["reproduces=null"]), progress) for path in section.others}
    return report.compared(section.rows, others)


def reproduces(scenario: Scenario, section: published.Section) -> bool:
    """True if a scenario computes what the section's own does; a changed chip or network has nothing to be compared with."""
    if scenario.given is not None:
        return False
    own = Scenario.read(shipped.published(section.scenario, registry.folder(scenario.architecture.name)))
    ours, theirs = scenario.settings, own.settings
    same = ("network", "network_options", "input_shape")
    alike = all(getattr(ours, key) == getattr(theirs, key) for key in same) and scenario.arrivals.frames == own.arrivals.frames
    return scenario.spec == own.spec and alike


class Estimate(NamedTuple):
    """The cost of a run: exact in tasks, extrapolated from `sample_tasks` of them in seconds, up to its report, and in bytes.

    `bytes` is the peak of the whole process; the run may add `limit_bytes` to what the process has before.
    """

    tasks: int
    seconds: float
    bytes: int
    limit_bytes: int
    sample_tasks: int


def estimate(scenario: Scenario) -> Estimate:
    """The cost of a run, before it; raises InvalidInput where the run would."""
    begun = perf_counter()
    made = compiled(scenario)
    with scenario.locating():
        mapped_s = perf_counter() - begun
        made.limit(made, made.size)
    if made.arrivals.last_ps > MAX_PS // FAR:
        limits.check_length(scenario, made)
    room = Limit(scenario).room
    if chosen(made.engine, made.size) == "compiled":
        simulate(samples.beginning(made, 1), engine="compiled")  # which loads numba and its loops: they take memory of their own
    before = taken_bytes()
    taken, seconds = int(made.size * samples.bytes_per_task(made)), samples.timed(made)
    sample = samples.beginning(made, seconds.more)
    if limits.length_ps(made, sample) * made.size > MAX_PS // FAR * len(sample):
        limits.check_length(scenario, made)
    return Estimate(made.size, mapped_s + seconds.at(made.size), before + taken, room, seconds.more)


def sweep(
    source: Source | None = None,
    axes: Mapping[str, Sequence[object]] | None = None,
    *,
    progress: Progress = silent,
    engine: Engine | None = None,
    **experiment: Unpack[Experiment],
) -> list[tuple[dict[str, object], Report | HyperdriveSimError]]:
    """Run a scenario at every combination of some values: each point with its report, or with what kept it from running.

        sweep("hyperdrive/resnet34_224", {"chip.voltage_v": [0.5, 0.65, 0.8], "frames": [1, 4]})

    *axes* are values by dotted key, the last key turning fastest; without them, those of the scenario's own `sweep` are taken. *source*,
    *engine* and *experiment* are as in `run`. Raises InvalidInput for a scenario or a sweep that is none; what is wrong at a single point
    is that point's outcome.
    """
    if axes is None:
        scenario = scenario_of(source, None, experiment)
    elif source is None:
        scenario = scenario_of(None, None, {**experiment, "sweep": axes})
    else:
        scenario = scenario_of(source, {"sweep": axes}, experiment)
    with preferring(engine or preferred()):
        return list(swept(scenario, progress))


def swept(scenario: Scenario, progress: Progress = silent) -> Iterator[tuple[dict[str, object], Report | HyperdriveSimError]]:
    """The points of a scenario's own sweep, one after the other, as `sweep` has them: no report is kept here."""
    if not scenario.settings.sweep:
        cure = "add one, for example sweep: {chip.voltage_v: [0.5, 0.8]}"
        raise InvalidInput(scenario.document.mistake("sweep", "this scenario has no sweep", cure))
    for point in scenario.points():
        yield scenario.values(point), _outcome(scenario, point, progress)


def _outcome(scenario: Scenario, point: Mapping[str, int], progress: Progress) -> Report | HyperdriveSimError:
    try:
        return _run(scenario.at(point), progress)
    except HyperdriveSimError as error:
        return error
