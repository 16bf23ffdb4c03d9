"""Actions by layer: how often each happened, on which kind of unit, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.reports.derived.layer_time import largest_first
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.prices import PJ, carries
from hyperdrive_sim.schedule.tasks import actions_by

ActionCounts = Mapping[tuple[tuple[str, str], str], int]
"""How often an action happened over all frames: by (layer, kind of unit) and action."""


def action_counts(report: Report) -> ActionCounts:
    """The actions of every task of a run."""
    kind = {unit.name: unit.kind for unit in report.machine.units}
    tasks = report.trace.tasks
    return actions_by(((task.layer, kind[task.unit]) for task in tasks), tasks)


def io_bits(actions: ActionCounts) -> dict[str, dict[str, int]]:
    """Bits across chip edges over all frames, by layer and kind of link."""
    bits: dict[str, dict[str, int]] = {}
    for ((layer, link), action), count in actions.items():
        if carries(action):
            of_layer = bits.setdefault(layer, {})
            of_layer[link] = of_layer.get(link, 0) + count
    return bits


def joules(report: Report, actions: ActionCounts) -> dict[tuple[str, str], float]:
    """Energy per frame, in joules, by layer and action."""
    spent: dict[tuple[str, str], float] = {}
    for ((layer, _), action), count in actions.items():
        paid = count * report.energy.by_action[action].pj * PJ / report.time.frames
        spent[layer, action] = spent.get((layer, action), 0.0) + paid
    return spent


def joules_by_layer(report: Report, actions: ActionCounts) -> dict[str, NDArray[np.float64]]:
    """Energy per frame of each of the report's layers, in joules, by action, the costliest action first."""
    place = {row.name: number for number, row in enumerate(report.layers)}
    spent = {action: np.zeros(len(place)) for action in report.energy.by_action}
    for (layer, action), paid in joules(report, actions).items():
        spent[action][place[layer]] += paid
    return largest_first(spent)


def joules_by_part(report: Report) -> dict[str, float]:
    """Energy per frame, in joules: of the core under `""`, of I/O under what it carries."""
    parts = {"": 0.0}
    for name, action in report.energy.by_action.items():
        part = carries(name)
        parts[part] = parts.get(part, 0.0) + action.energy_j
    return parts
