"""Scenarios of the repository, each simulated once per process for all tests that look at what comes out."""

from __future__ import annotations

from functools import cache

from commands import SCENARIOS
from systems.composed import SHOWN, mixed

from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import run


@cache
def report(name: str, *changes: str) -> Report:
    """Report of scenarios/<name>.yaml, such as hyperdrive/tiny_2x2, with *changes* on top (`frames=2`). Nobody may change it."""
    return run(Scenario.read(SCENARIOS / f"{name}.yaml", changes))


@cache
def mixed_system(frames: int = 3) -> tuple[Scenario, Report]:
    """Scenario and report of a mesh of two Hyperdrive chips and two XNORBIN behind it that take frames in turn."""
    scenario = Scenario.said(title="a mesh and two chips", network=mixed(), system=SHOWN, frames=frames)
    return scenario, run(scenario)
