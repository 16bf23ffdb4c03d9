"""Sources of a scenario, where a function takes one: its file, its short name, a run's directory, a `Scenario`, or keywords instead."""

from __future__ import annotations

import os

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.scenario.experiment import Changes, Experiment, settings
from hyperdrive_sim.scenario.scenario import Scenario

Source = str | os.PathLike[str] | Scenario
"""The path of a scenario file, the short name of one that comes along, the directory of a run, or a scenario."""


def scenario_of(source: Source | None, changes: Changes | None, experiment: Experiment) -> Scenario:
    """The scenario from a source or from keywords, with *changes* on top.

    Raises InvalidInput with every mistake in it, and if both or neither are given.
    """
    one_of_both(source, experiment)
    return Scenario.said(**experiment).changed(settings(changes)) if source is None else opened(source, settings(changes))


def one_of_both(source: object, experiment: Experiment) -> None:
    """Raises InvalidInput unless there is either a source or an experiment in place of it."""
    if source is None and not experiment:
        raise InvalidInput.at("", "there is nothing to run", "name a scenario file, or give a network and an architecture")
    if source is not None and experiment:
        key = next(iter(experiment))
        raise InvalidInput.at(key, "is said in place of a scenario, and there is one", f"put it among the changes: {{'{key}': ...}}")


def opened(source: Source, changes: tuple[str, ...] = ()) -> Scenario:
    """The scenario of a name, or the one given, with `key=value` settings on top. Raises InvalidInput with every mistake found."""
    return source.changed(changes) if isinstance(source, Scenario) else Scenario.read(os.fspath(source), changes)
