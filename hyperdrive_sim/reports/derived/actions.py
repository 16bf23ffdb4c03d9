"""Actions by layer: how often each happened, on which kind of unit, and what that cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine import ledger
from hyperdrive_sim.reports.derived.layer_time import largest_first
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.sums import by_key
from hyperdrive_sim.schedule.columns import Interned, actions_by
from hyperdrive_sim.schedule.prices import carries
from hyperdrive_sim.systems.placed import kind_of

ActionCounts = Mapping[tuple[tuple[str, str], str], int]
"""How often an action happened over all frames: by (layer, kind of unit) and action."""


def action_counts(report: Report) -> ActionCounts:
    """The actions of every task of a run."""
    kind = report.machine.kinds
    tasks = report.trace.tasks
    kinds = {name: place for place, name in enumerate(dict.fromkeys(kind.values()))}
    kind_of_unit = np.array([kinds[kind[unit]] for unit in tasks.unit.values], np.int32)
    of_task = tasks.layer.codes * np.int32(len(kinds)) + kind_of_unit[tasks.unit.codes]
    groups = tuple((layer, name) for layer in tasks.layer.values for name in kinds)
    return actions_by(Interned(of_task, groups), tasks.actions)


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
    counts: Counter[tuple[str, str]] = Counter()
    for ((layer, _), action), count in actions.items():
        counts[layer, action] += count
    pj, frames = report.energy.prices_pj, report.time.frames
    return {key: ledger.joules([(count, pj[key[1]])]) / frames for key, count in counts.items()}


def joules_by_layer(report: Report, actions: ActionCounts) -> dict[str, NDArray[np.float64]]:
    """Energy per frame of each of the report's layers, in joules, by action, the costliest action first.

    What all chips of a system's part do is one action.
    """
    place, name = {row.name: number for number, row in enumerate(report.layers)}, action_names(report)
    spent = {name[action]: np.zeros(len(place)) for action in report.energy.by_action}
    for (layer, action), paid in joules(report, actions).items():
        spent[name[action]][place[layer]] += paid
    return largest_first(spent)


def action_names(report: Report) -> dict[str, str]:
    """Names of actions: in a system `back map_read.word` for `back[1].map_read.word`, whichever chip of the part it is of."""
    found = {}
    for action in report.energy.by_action:
        member = report.machine.member(action)
        found[action] = f"{kind_of(member)} {action.removeprefix(f'{member}.')}" if member else action
    return found


def carried(name: str) -> str:
    """What an action carries across a chip's edge, by its name (`action_names`); empty for the core's."""
    return carries(name.rpartition(" ")[2])


def joules_by_part(report: Report) -> dict[str, float]:
    """Energy per frame, in joules: of the core under `""`, of I/O under what it carries."""
    return {"": 0.0} | by_key((carries(name), action.energy_j) for name, action in report.energy.by_action.items())
