"""Partition: which layers each part of a system runs, by patterns of their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.systems.spec import HOST_NODE, Partition
from hyperdrive_sim.text.wording import listed, near

NAMED = 5
"""Layers that a message names."""

Assigned = Mapping[str, tuple[str, ...]]
"""Layers by who runs them: a part, whose chips take frames in turn, one of several chips, or the host."""


def assigned(network: Network, partition: Partition, members: Mapping[str, Sequence[str]]) -> Assigned:
    """Layers of each runner that a partition names; *members* are the names of each part's chips.

    Raises InvalidInput with every mistake found: runners that are not there, patterns that no layer has, layers that two run or none.
    """
    runners = (*members, *(one for several in members.values() if len(several) > 1 for one in several), HOST_NODE)
    mistakes = list(_strange(partition, runners))
    of: dict[str, str] = {}
    for runner, patterns in partition.items():
        for number, pattern in enumerate(patterns):
            found = [layer.name for layer in network if fnmatchcase(layer.name, pattern)]
            if not found:
                cure = near(pattern, (layer.name for layer in network)) or "`hyperdrive-sim explain` shows the names of layers"
                mistakes.append(Mistake(f"system.partition.{runner}.{number}", f"no layer is called '{pattern}'", cure))
            for name in found:
                if of.setdefault(name, runner) != runner:
                    problem = f"'{name}' is given to {of[name]} already"
                    mistakes.append(Mistake(f"system.partition.{runner}.{number}", problem, "give a layer to one part"))
    mistakes += _left_out(network, of)
    InvalidInput.collected(mistakes)
    return {runner: tuple(layer.name for layer in network if of[layer.name] == runner) for runner in partition}


def _strange(partition: Partition, runners: Sequence[str]) -> Iterator[Mistake]:
    for runner in partition:
        if runner not in runners:
            cure = near(runner, runners) or f"there are {listed(runners)}"
            yield Mistake(f"system.partition.{runner}", f"there is no part '{runner}' in this system", cure)


def _left_out(network: Network, of: Mapping[str, str]) -> Iterator[Mistake]:
    """A mistake for layers that nobody runs."""
    if nobody := [layer.name for layer in network if layer.name not in of]:
        more = f" and {len(nobody) - NAMED} more" if len(nobody) > NAMED else ""
        named = ", ".join(f"'{name}'" for name in nobody[:NAMED])
        yield Mistake("system.partition", f"nobody runs {named}{more}", f"add a pattern for them to a part, or to {HOST_NODE}")
