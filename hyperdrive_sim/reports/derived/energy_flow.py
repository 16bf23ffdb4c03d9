"""Energy flows: from groups of layers by way of core or I/O and the actions to how well their prices are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import fsum
from typing import NamedTuple, TypeVar

from hyperdrive_sim.reports.derived.actions import ActionCounts, action_names, joules
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.sums import by_key
from hyperdrive_sim.schedule.prices import carries

MOST_GROUPS = 12
LEAST_SHARE = 0.004
CORE, IO = "core", "I/O"

K = TypeVar("K")


class Flow(NamedTuple):
    """Energy of a frame on its way from one column's node to a node of the next."""

    column: int
    source: str
    target: str
    joules: float


def flows(report: Report, actions: ActionCounts) -> tuple[Flow, ...]:
    """Three columns of flows, the same total in each."""
    spent = joules(report, actions)
    by_layer, by_action = _summed(spent, lambda key: key[0]), _summed(spent, lambda key: key[1])
    group, part = groups(by_layer), {action: IO if carries(action) else CORE for action in by_action}
    kinds = action_names(report)
    name = _actions(
        by_key((kinds[action], paid) for action, paid in by_action.items()), {kinds[action]: part[action] for action in by_action}
    )
    columns: tuple[Callable[[str, str], tuple[str, str]], ...] = (
        lambda layer, action: (group[layer], part[action]),
        lambda layer, action: (part[action], name[kinds[action]]),
        lambda layer, action: (name[kinds[action]], report.energy.by_action[action].provenance),
    )
    found = by_key(((column, *ends(layer, action)), paid) for (layer, action), paid in spent.items() for column, ends in enumerate(columns))
    return tuple(Flow(*key, paid) for key, paid in sorted(found.items(), key=lambda item: item[0][0]) if paid)


def groups(by_layer: Mapping[str, float], most: int = MOST_GROUPS) -> dict[str, str]:
    """The group of each layer: the first part of its name; what is beyond the *most* costly groups is one."""
    first = {layer: layer.partition(".")[0] for layer in by_layer}
    total = _summed(by_layer, first.__getitem__)
    kept = total if len(total) <= most else sorted(total, key=lambda group: -total[group])[: most - 1]
    rest = f"{len(total) - len(kept)} others"
    return {layer: group if group in kept else rest for layer, group in first.items()}


def _actions(by_action: Mapping[str, float], part: Mapping[str, str]) -> dict[str, str]:
    """The node of each action; those too small to be seen share one for the core and one for I/O, unless they are alone in it."""
    least = LEAST_SHARE * fsum(by_action.values())
    small = [action for action, paid in by_action.items() if paid < least]
    names = {action: action for action in by_action}
    for where in (CORE, IO):
        if len(ours := [action for action in small if part[action] == where]) > 1:
            names |= dict.fromkeys(ours, f"{len(ours)} small ones of {where}")
    return names


def _summed(spent: Mapping[K, float], key: Callable[[K], str]) -> dict[str, float]:
    return by_key((key(one), paid) for one, paid in spent.items())
