"""Automatic partitions: stretches of a network on the parts that run them best, estimated from each stretch alone.

A network is cut where a single map crosses. Every piece is run for a frame on a chip of every part, alone; a partition then costs what its
pieces cost there, and what the maps between two parts cost at both edges and on the links between. The cheapest ways through the pieces,
on which no part comes twice, are the candidates; which of them is best, a simulation of the whole decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.goals import Goal
from hyperdrive_sim.schedule.prices import carries
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.systems.chips import mapped_alone
from hyperdrive_sim.systems.spec import HOST_NODE, Partition, SystemSpec

if TYPE_CHECKING:
    import networkx as nx

MOST_PIECES = 32
"""Pieces that a network is cut into; of more, those of the least work are put together."""

MOST_PARTS = 8
"""Kinds of parts that a partition is looked for: the ways to use them in turn double with each."""

TRIED = 24
"""Partitions that are mapped at most to find such as fit."""


class Cost(NamedTuple):
    """Seconds and joules of a frame."""

    s: float
    j: float

    def __add__(self, other: object) -> Cost:
        assert isinstance(other, Cost)
        return Cost(self.s + other.s, self.j + other.j)


FREE = Cost(0.0, 0.0)


class Alone(NamedTuple):
    """What a piece costs on a chip by itself, apart from its maps that come in and go out, and what these cost."""

    inside: Cost
    comes: Cost
    goes: Cost


class Step(NamedTuple):
    """A state on a way through the pieces: the next piece, who has run the one before, and all parts that have run any."""

    piece: int
    part: str
    used: frozenset[str]


END = "end"


class Partitions:
    """Partitions of a network on the parts of a system, the most promising first.

    Raises InvalidInput for too many kinds of parts, and for a network of which no part can run anything.
    """

    def __init__(self, network: Network, spec: SystemSpec) -> None:
        if len(spec.parts) > MOST_PARTS:
            problem = f"is looked for among {MOST_PARTS} kinds of parts at most, not {len(spec.parts)}"
            raise InvalidInput.at("system.partition", problem, "say which layers each part runs: {part: [patterns]}")
        self.network, self.spec = network, spec
        self.pieces = _pieces(network)
        self.refused: dict[tuple[int, str], InvalidInput] = {}
        tried = ((number, part, self._alone(number, part)) for number in range(len(self.pieces)) for part in spec.parts)
        self.alone = {(number, part): found for number, part, found in tried if found}
        if not self.alone:
            raise InvalidInput(*dict.fromkeys(mistake for error in self.refused.values() for mistake in error.mistakes))

    def _alone(self, number: int, part: str) -> Alone | None:
        """A piece on a chip of a part; None where that cannot run or hold it."""
        try:
            mapped, grain = mapped_alone(self.network.part(self.pieces[number]), self.spec, part)
        except InvalidInput as error:
            self.refused[number, part] = error
            return None
        made = Compiled(mapped, Arrivals(), grain)
        ps, joules = {"input": 0, "output": 0}, {"input": 0.0, "output": 0.0}
        for task in made.schedule:
            for what in {carries(action) for action in task.actions} & ps.keys():
                ps[what] += task.ps
        for action, entry in made.ledger.by_action().items():
            if (what := carries(action)) in joules:
                joules[what] += entry.joules
        comes, goes = (Cost(ps[what] / PS_PER_S, joules[what]) for what in ("input", "output"))
        rest_s = max(0.0, made.trace.makespan_ps / PS_PER_S - comes.s - goes.s)
        return Alone(Cost(rest_s, made.ledger.total_j - comes.j - goes.j), comes, goes)

    def _runners(self, number: int, before: str) -> Iterator[str]:
        """Parts that can run a piece; where none can, whoever runs the piece before leaves it to the host, or if it is light, any part."""
        able = [part for part in self.spec.parts if (number, part) in self.alone]
        light = not any(map(self.network.macs, self.pieces[number]))
        yield from able or dict.fromkeys((before, *(self.spec.parts if light else ())))

    @cached_property
    def graph(self) -> nx.DiGraph[Step]:
        """States with what each piece costs: `s` and `j` of an edge."""
        import networkx as nx

        graph: nx.DiGraph[Step] = nx.DiGraph()
        left = [start := Step(0, HOST_NODE, frozenset())]
        graph.add_node(start)
        while left:
            at = left.pop()
            if at.piece == len(self.pieces):
                graph.add_edge(at, Step(at.piece, END, frozenset()), **self._left(at)._asdict())
                continue
            for part in self._runners(at.piece, at.part):
                if part != at.part and part in at.used:
                    continue
                to = Step(at.piece + 1, part, at.used if part == HOST_NODE else at.used | {part})
                if to not in graph:
                    left.append(to)
                graph.add_edge(at, to, **self._step(at, part)._asdict())
        return graph

    def _step(self, at: Step, part: str) -> Cost:
        """What a part costs that runs the next piece, with the map that comes to it if another one has run the piece before."""
        alone = self.alone.get((at.piece, part))
        if alone is None:
            return FREE
        return alone.inside + (FREE if part == at.part else alone.comes + self._left(at))

    def _left(self, at: Step) -> Cost:
        """What the map costs that whoever has run the piece before sends on."""
        alone = self.alone.get((at.piece - 1, at.part))
        return alone.goes if alone else FREE

    def ranked(self, goal: Goal) -> Iterator[Partition]:
        """Partitions as layers by runner, that of the least estimated cost first."""
        import networkx as nx

        edges = self.graph.edges(data=True)
        whole = Cost(max(edge["s"] for *_, edge in edges) or 1.0, max(edge["j"] for *_, edge in edges) or 1.0)
        for *_, edge in edges:
            seconds, joules = edge["s"] / whole.s, edge["j"] / whole.j
            edge["weight"] = {"latency": seconds, "energy": joules}.get(goal, seconds + joules)
        ends = Step(0, HOST_NODE, frozenset()), Step(len(self.pieces), END, frozenset())
        for way in nx.shortest_simple_paths(self.graph, *ends, weight="weight"):
            yield self._partition([step.part for step in way[1:-1]])

    def _partition(self, runners: Sequence[str]) -> Partition:
        found: dict[str, tuple[str, ...]] = {}
        for runner, layers in zip(runners, self.pieces, strict=True):
            found[runner] = (*found.get(runner, ()), *layers)
        return {runner: patterns(layers, self.network) for runner, layers in found.items()}


def _pieces(network: Network) -> list[tuple[str, ...]]:
    """Layers between the places where a single map crosses."""
    names = [layer.name for layer in network]
    place = {name: number for number, name in enumerate(names)}
    last = {name: max((place[reader] for reader in network.consumers(name)), default=place.get(name, 0)) for name in network.maps}
    cuts = [0]
    for at in range(1, len(names)):
        crossing = [name for name in network.maps if place.get(name, -1) < at <= last[name]]
        if len(crossing) == 1 and crossing[0] in place:
            cuts.append(at)
    cuts.append(len(names))
    work = [sum(map(network.macs, names[low:high])) for low, high in pairwise(cuts)]
    while len(work) > MOST_PIECES:
        least = min(range(len(work) - 1), key=lambda n: work[n] + work[n + 1])
        work[least : least + 2] = [work[least] + work[least + 1]]
        del cuts[least + 1]
    return [tuple(names[low:high]) for low, high in pairwise(cuts)]


def patterns(layers: Sequence[str], network: Network) -> tuple[str, ...]:
    """Patterns of names that these layers of a network have and no others: `layer1.*` in place of all that begin so."""
    ours, all_names = set(layers), [layer.name for layer in network]

    def pattern(name: str) -> str:
        for end in (n for n, letter in enumerate(name) if letter == "."):
            alike = [other for other in all_names if other.startswith(name[: end + 1])]
            if ours.issuperset(alike):
                return f"{_escaped(name[: end + 1])}*"
        return _escaped(name)

    return ("*",) if ours.issuperset(all_names) else tuple(dict.fromkeys(map(pattern, layers)))


def _escaped(name: str) -> str:
    """A name as a pattern that only it fits."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
