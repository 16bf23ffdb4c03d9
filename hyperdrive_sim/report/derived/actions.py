"""What each layer's tasks did: how often, on which kind of unit, and what that cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hyperdrive_sim.report.report import Report
from hyperdrive_sim.schedule.prices import IO_ACTIONS, PJ

Done = Mapping[tuple[str, str, str], int]
"""How often an action happened over all frames, by layer, kind of unit and action."""


def done(report: Report) -> Done:
    """Of every task of a run; equal tasks share one mapping of actions, so those are counted first."""
    kind = {unit.name: unit.kind for unit in report.machine.units}
    uses: dict[tuple[str, str, int], int] = {}
    shared: dict[int, Mapping[str, int]] = {}
    for _, layer, unit, _, _, _, _, actions, _, _, _ in report.trace.tasks:
        if actions:
            key = layer, kind[unit], id(actions)
            uses[key] = uses.get(key, 0) + 1
            shared[id(actions)] = actions
    total: Counter[tuple[str, str, str]] = Counter()
    for (layer, doer, which), times in uses.items():
        for action, count in shared[which].items():
            total[layer, doer, action] += times * count
    return total


def io_bits(actions: Done) -> dict[str, dict[str, int]]:
    """Bits across chip edges over all frames, by layer and kind of link."""
    bits: dict[str, dict[str, int]] = {}
    for (layer, link, action), count in actions.items():
        if action in IO_ACTIONS:
            of_layer = bits.setdefault(layer, {})
            of_layer[link] = of_layer.get(link, 0) + count
    return bits


def joules(report: Report, actions: Done) -> dict[tuple[str, str], float]:
    """Per frame, by layer and action."""
    spent: dict[tuple[str, str], float] = {}
    for (layer, _, action), count in actions.items():
        paid = count * report.energy.by_action[action].pj * PJ / report.time.frames
        spent[layer, action] = spent.get((layer, action), 0.0) + paid
    return spent
