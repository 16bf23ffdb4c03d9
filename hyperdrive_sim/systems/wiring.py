"""What links the parts of a system: wires and buses as units, nodes and links as a graph, and the routes of maps through it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise, permutations
from typing import TYPE_CHECKING, NamedTuple

from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.rates import PS_PER_S, Clock, Rate
from hyperdrive_sim.schedule.machine import Unit
from hyperdrive_sim.systems.spec import HOST_NODE, LinkSpec, SystemSpec
from hyperdrive_sim.text.wording import listed, near

if TYPE_CHECKING:
    import networkx as nx

LINK = "link"
"""Kind of unit of every link between nodes."""

A_HOP_PS = PS_PER_S
"""Weight of a link in a route beside the time that it takes a megabit: one link more is worse than any time."""

MEGABIT = 10**6


class Hop(NamedTuple):
    """A link that a map passes on its way, from one node to the next: the unit, and the name of the link that it is a part of."""

    source: str
    target: str
    unit: str
    link: str


class Wiring:
    """Nodes and links of a system. *members* are the names of each part's chips, *clocks* the clock of each chip.

    Raises InvalidInput, with every mistake found: a node that is not there, a link without a rate or with two, or one that counts cycles
    of clocks that differ.
    """

    def __init__(self, spec: SystemSpec, members: Mapping[str, Sequence[str]], clocks: Mapping[str, Clock]) -> None:
        self.spec, self.members, self.clocks = spec, members, clocks
        apart = (name for name, sensor in spec.sensors.items() if sensor.on is None)
        self.nodes = (HOST_NODE, *spec.memories, *apart, *(one for several in members.values() for one in several))
        mistakes: list[Mistake] = []
        self._ends: dict[str, tuple[str, ...]] = {}
        self._rates: dict[str, Rate] = {}
        for name, link in spec.links.items():
            try:
                self._ends[name] = self._nodes(name, link)
                self._rates[name] = self._rate(name, link)
            except InvalidInput as error:
                mistakes += error.mistakes
        mistakes += self._strange_sources()
        InvalidInput.collected(mistakes)
        self._routes: dict[tuple[str, tuple[str, ...]], tuple[Hop, ...]] = {}
        self._hops = {name: tuple(self._hops_of(name, link)) for name, link in spec.links.items()}

    def _strange_sources(self) -> Iterator[Mistake]:
        """Mistakes of parts whose weights come from what is no memory."""
        known = (HOST_NODE, *self.spec.memories)
        for name, part in self.spec.parts.items():
            if part.weights_from is not None and part.weights_from not in known:
                cure = near(part.weights_from, known) or f"there are {listed(known)}"
                yield Mistake(f"system.parts.{name}.weights_from", f"there is no memory '{part.weights_from}' in this system", cure)

    def _nodes(self, name: str, link: LinkSpec) -> tuple[str, ...]:
        """Nodes that a link has: a part's name stands for all of its chips."""
        found: list[str] = []
        for end in link.between:
            if end not in self.nodes and end not in self.members:
                known = (*self.members, *self.nodes)
                cure = near(end, known) or f"there are {', '.join(dict.fromkeys(known))}"
                raise InvalidInput.at(f"system.links.{name}.between", f"there is no node '{end}' in this system", cure)
            found += self.members.get(end, (end,))
        if len(link.between) > 2 and not link.shared:
            problem = f"names {len(link.between)} nodes, and wires have two ends"
            raise InvalidInput.at(f"system.links.{name}.between", problem, "write `shared: true` for a bus, or one link for each pair")
        if len(set(found)) < len(found):
            twice = next(one for one in found if found.count(one) > 1)
            raise InvalidInput.at(f"system.links.{name}.between", f"names '{twice}' twice", "name each node once")
        return tuple(found)

    def _rate(self, name: str, link: LinkSpec) -> Rate:
        """Rate of a link. Raises InvalidInput for none, for two, and for bits per cycle where there is not one clock."""
        key = f"system.links.{name}"
        rates = {"gbit_per_s": link.gbit_per_s, "bits_per_cycle": link.bits_per_cycle}
        given = {field: rate for field, rate in rates.items() if rate is not None}
        if len(given) != 1:
            problem = "has no rate" if not given else "has two rates"
            raise InvalidInput.at(key, problem, "give gbit_per_s or bits_per_cycle")
        ((field, rate),) = given.items()
        if rate <= 0:
            raise InvalidInput.at(f"{key}.{field}", f"a link of rate {rate:g} carries nothing", "give one above 0, or leave the link out")
        if field == "gbit_per_s":
            return Rate(max(1, round(rate * 1e9)))
        clocks = {node: self.clocks[node] for node in self._ends[name] if node in self.clocks}
        if len(set(clocks.values())) != 1:
            said = ", ".join(f"{clock.mhz:g} MHz ({node})" for clock, node in {clock: node for node, clock in clocks.items()}.items())
            which = f"whose cycles: its parts have the clocks {said}" if clocks else "whose cycles: none of its nodes has a clock"
            raise InvalidInput.at(f"{key}.{field}", f"does not say {which}", "give gbit_per_s")
        return Rate.per_cycle(rate, next(iter(clocks.values())))

    def _hops_of(self, name: str, link: LinkSpec) -> Iterator[Hop]:
        """Ways over a link: between all nodes of a bus, between the two ends of wires."""
        ends = self._ends[name]
        if link.shared:
            yield from (Hop(one, other, name, name) for one, other in permutations(ends, 2))
            return
        lefts = self.members.get(link.between[0], link.between[:1])
        for one in lefts:
            for other in (end for end in ends if end not in lefts):
                yield Hop(one, other, f"{name}[{one}>{other}]", name)
                yield Hop(other, one, f"{name}[{other}>{one}]", name)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """A unit for each direction of wires, and for each bus."""
        found = {hop.unit: hop.link for hops in self._hops.values() for hop in hops}
        return tuple(self._unit(unit, link) for unit, link in found.items())

    def _unit(self, name: str, link: str) -> Unit:
        return Unit(name, f"{link} {LINK}", self._rates[link], round(self.spec.links[link].latency_ns * 1000), link)

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """Nodes and the links between them; `hop` is the better of several links between two nodes, `weight` what a route pays for it."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        for name, hops in self._hops.items():
            weight = A_HOP_PS + self._rates[name].ps(MEGABIT)
            for hop in hops:
                if not graph.has_edge(hop.source, hop.target) or weight < graph.edges[hop.source, hop.target]["weight"]:
                    graph.add_edge(hop.source, hop.target, hop=hop, weight=weight)
        return graph

    def node(self, member: str) -> str:
        """Node at which a chip takes and leaves its maps: its own, or the host where no link reaches it."""
        return member if self.graph.degree(member) else HOST_NODE

    def route(self, source: str, targets: Iterable[str], what: str) -> tuple[Hop, ...]:
        """Links from a node to some others, each once, those nearer to the source first.

        The fewest links, of those the fastest. Raises InvalidInput that says *what* cannot get from where to where.
        """
        key = source, tuple(targets)
        if key not in self._routes:
            self._routes[key] = tuple(self._route(*key, what))
        return self._routes[key]

    def _route(self, source: str, targets: tuple[str, ...], what: str) -> Iterator[Hop]:
        import networkx as nx

        paths = nx.single_source_dijkstra_path(self.graph, source)
        hops: dict[Hop, None] = {}
        for target in targets:
            if target not in paths:
                raise InvalidInput.at("system.links", f"{what} cannot get from {source} to {target}: no links lead there", "add one")
            path = paths[target]
            hops.update((self.graph.edges[pair]["hop"], None) for pair in pairwise(path))
        yield from hops
