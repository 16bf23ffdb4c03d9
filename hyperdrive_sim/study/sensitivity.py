"""Sensitivity of a run: what would help, and how much rests on what nobody knows. All of it is tried, nothing concluded.

Kinds of unit, each alone and in pairs, are simulated in half their time on the same schedule. Figures that are assumed, recalled or fitted,
the chip's settings and its prices, are varied by half: a setting in a run of its own, a price in the sum that it is part of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import fsum
from typing import Any, Unpack

from hyperdrive_sim.engine.compiled import Compiled, Progress, collector_paused, silent
from hyperdrive_sim.engine.simulate import Engine, preferred, preferring
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports import helps, summary
from hyperdrive_sim.reports.helps import NOTHING, Help
from hyperdrive_sim.reports.records import Action
from hyperdrive_sim.reports.report import Report, summarise
from hyperdrive_sim.scenario.experiment import Changes, Experiment, setting
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.sources import Source, scenario_of
from hyperdrive_sim.schedule.mapped import Composed
from hyperdrive_sim.schedule.provenance import WEAK
from hyperdrive_sim.schedule.spec import Spec, origins
from hyperdrive_sim.study import limits
from hyperdrive_sim.study.other_values import LESS, MORE, other_values
from hyperdrive_sim.study.runs import compiled

SCHEMA_VERSION = 1

NEARLY_ALL = 0.95
"""Part of what all kinds together bring that the smallest group has to bring."""


@dataclass(frozen=True)
class Outcome:
    """What another value of a figure makes of the run: by what part time and energy change, or why it could not be run."""

    value: object
    time_change: float | None
    energy_change: float | None
    refused: str = ""


@dataclass(frozen=True)
class Varied:
    """A figure that is not well known: its value, how it is known, and what others in its place make of the run.

    `key` is that of a setting of the chip, or names the actions that have a price in common, in picojoules.
    """

    key: str
    value: object
    provenance: str
    outcomes: tuple[Outcome, ...]

    @property
    def name(self) -> str:
        """The key without `chip.`, or with the part's name alone; for prices, the first of their actions and how many more there are."""
        first, *more = self.key.removeprefix("chip.").removeprefix("system.parts.").replace(".chip.", ".").split(", ")
        return f"{first} and {len(more)} more" if more else first

    @property
    def tried(self) -> tuple[Outcome, ...]:
        """What came of the values that could be run."""
        return tuple(one for one in self.outcomes if not one.refused)

    @property
    def most(self) -> float:
        """The largest change that any value makes, of time or of energy."""
        changes = (change for one in self.outcomes for change in (one.time_change, one.energy_change))
        return max((abs(change) for change in changes if change is not None), default=0.0)


@dataclass(frozen=True)
class Sensitivity:
    """What was found: `units` twice as fast and `figures` varied, each with what moves most first; `left` are figures that cannot be.

    `time_s` is what `time_is` says: the makespan of all frames or, where these arrive at times of their own, the mean latency of one.
    Energy is that of one.
    """

    schema_version: int
    title: str
    subject: str
    frames: int
    time_is: str
    time_s: float
    energy_j: float
    units: tuple[Help, ...]
    figures: tuple[Varied, ...]
    left: Mapping[str, str]

    @property
    def alone(self) -> Mapping[str, float]:
        """What each kind of unit changes alone."""
        return {one.kinds[0]: one.change for one in self.units if len(one.kinds) == 1}

    @property
    def worth_saying(self) -> tuple[Help, ...]:
        """Every kind of unit, and of groups those that bring more than one of their kinds does; the best first."""
        alone = self.alone
        return tuple(one for one in self.units if len(one.kinds) == 1 or one.change < min(alone[kind] for kind in one.kinds) - NOTHING)

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        return asdict(self)


def sensitivity(
    source: Source | None = None,
    changes: Changes | None = None,
    *,
    progress: Progress = silent,
    engine: Engine | None = None,
    **experiment: Unpack[Experiment],
) -> Sensitivity:
    """What would help a scenario, and how much of its result rests on figures that are assumed, recalled or fitted.

        found = sensitivity("scenarios/hyperdrive/resnet34_224.yaml")
        print(found.units[0].kinds, found.figures[0].key)

    *source*, *changes*, *engine* and *experiment* are as in `run`. Raises InvalidInput or DoesNotFit for what cannot be run.
    """
    with preferring(engine or preferred()), collector_paused():
        return _found(scenario_of(source, changes, experiment), progress)


def _found(scenario: Scenario, progress: Progress) -> Sensitivity:
    made = compiled(scenario, progress)
    limits.check_length(scenario, made)
    report = summarise(scenario, made)
    left: dict[str, str] = {}
    figures = [*_prices(report), *_settings(scenario, made, left, progress)]
    return Sensitivity(
        SCHEMA_VERSION,
        scenario.settings.title,
        summary.subject(report.network, report.system, report.parts),
        report.time.frames,
        helps.lasting(made.trace),
        helps.lasts_ps(made.trace) / PS_PER_S,
        report.energy.total_j,
        tuple(_units(made, progress)),
        tuple(sorted(figures, key=lambda figure: -figure.most)),
        left,
    )


def _units(made: Compiled, progress: Progress) -> list[Help]:
    """Every kind of unit twice as fast, every pair, and the smallest group that brings nearly all that all do; the best first."""
    kinds = tuple(dict.fromkeys(made.machine.kinds[unit] for unit in made.schedule.unit.values))
    groups = [group for size in (1, 2) for group in combinations(kinds, size)]
    found = []
    for number, one in enumerate(helps.tried(made.machine, made.trace, groups)):
        found.append(one)
        progress("faster units", number + 1, len(groups))
    if len(kinds) > 2:
        found += _smallest(made, kinds, min(one.change for one in found))
    return sorted(found, key=lambda one: one.change)


def _smallest(made: Compiled, kinds: tuple[str, ...], best: float) -> Iterator[Help]:
    """The smallest group of kinds that brings nearly all that all together do, unless a pair does, which is as good as *best*.

    From all together, the kind that is missed least is left out as long as that may be.
    """

    def tried(groups: Sequence[tuple[str, ...]]) -> Help:
        return min(helps.tried(made.machine, made.trace, groups), key=lambda one: one.change)

    group = tried([kinds])
    enough = NEARLY_ALL * group.change
    while best > enough and len(group.kinds) > 2:
        fewer = tried([tuple(kind for kind in group.kinds if kind != one) for one in group.kinds])
        if fewer.change > enough:
            yield group
            return
        group = fewer


def _prices(report: Report) -> Iterator[Varied]:
    """Prices that are not well known, those from one source with one value together, as they are one figure."""
    together: dict[tuple[float, str, str], list[tuple[str, Action]]] = {}
    for name, action in report.energy.by_action.items():
        if action.provenance in WEAK and action.energy_j:
            together.setdefault((action.pj, action.source, action.provenance), []).append((name, action))
    for (pj, _, provenance), actions in together.items():
        share = fsum(action.energy_j for _, action in actions) / (report.energy.total_j or 1.0)
        outcomes = tuple(Outcome(factor * pj, 0.0, (factor - 1) * share) for factor in (LESS, MORE))
        yield Varied(", ".join(name for name, _ in actions), pj, provenance, outcomes)


def _settings(scenario: Scenario, made: Compiled, left: dict[str, str], progress: Progress) -> Iterator[Varied]:
    """Settings that are not well known, each with the values that are tried in its place; what has none is *left*, with the reason.

    What the scenario leaves open stays as it was decided.
    """
    mapped, at = made.mapped, scenario.at_spec
    decided = [setting(f"{at}.{name}", value) for name, value in mapped.spec if value != getattr(scenario.spec, name)]
    specs: dict[str, tuple[Spec, Spec]] = {at: (mapped.spec, scenario.spec)}
    if isinstance(mapped, Composed):
        specs = {f"{at}.parts.{part.name}.chip": (part.spec, part.spec) for part in mapped.parts}
    weak = [
        (place, name, *both)
        for place, both in specs.items()
        for name, origin in origins(type(both[0])).items()
        if origin.provenance in WEAK
    ]
    for number, (place, name, spec, asked) in enumerate(weak):
        progress("other settings", number, len(weak))
        fields, provenance = type(spec).model_fields, origins(type(spec))[name].provenance
        key, value = f"{place}.{name}", getattr(spec, name)
        values = other_values(fields[name].annotation, value)
        if getattr(asked, name) != fields[name].default:
            left[key] = "is set"  # by the user, who knows it
        elif values:
            outcomes = (_outcome(scenario, made, [*decided, setting(key, other)], other) for other in values)
            yield Varied(key, value, provenance, tuple(outcomes))
        else:
            left[key] = "is absent" if value is None else "is 0" if value == 0 else "has no other values"


def _outcome(scenario: Scenario, made: Compiled, changes: Sequence[str], value: object) -> Outcome:
    try:
        other = scenario.changed(changes)
        run = compiled(other)
        limits.check_length(other, run)
        time = helps.lasts_ps(run.trace) / helps.lasts_ps(made.trace) - 1
        energy = run.ledger.total_j / made.ledger.total_j - 1 if made.ledger.total_j else 0.0
    except HyperdriveSimError as error:
        return Outcome(value, None, None, error.mistakes[0].problem if isinstance(error, InvalidInput) else str(error))
    return Outcome(value, time, energy)
