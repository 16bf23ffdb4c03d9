"""Meshes whose memories hold a network, and those that `mesh: auto` has simulated, by estimates for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs.hyperdrive.estimates import Estimates, Floats
from hyperdrive_sim.archs.hyperdrive.placement import MOST_CHIPS, MeshLayout, halo_ranges, narrow_layer, placed_ranges, smallest_map
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS, HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.steps import HyperdrivePlan
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule import goals
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.mesh import Mesh
from hyperdrive_sim.schedule.placement import LiveRange


class Meshes:
    """Meshes of up to MOST_CHIPS chips, as large as the smallest map allows, whose memories are large enough for all that lies in them.

    Whether that can lie there, each map at an address, is known once a mesh is laid out.
    """

    def __init__(self, network: Network, plan: HyperdrivePlan, spec: HyperdriveSpec) -> None:
        self.network, self.plan, self.spec = network, plan, spec
        limit, least = Shape(1, 1, 1) if narrow_layer(plan) else smallest_map(network, plan), self._least()
        sides = [
            (rows, columns)
            for rows in range(1, min(limit.rows, MOST_CHIPS) + 1)
            for columns in range(-(-least // rows), min(limit.columns, MOST_CHIPS // rows) + 1)
        ]
        self.rows, self.columns = np.array(sides, np.int64).reshape(-1, 2).T
        self.estimates = Estimates(network, plan, spec, self.rows, self.columns)

    @cached_property
    def chips(self) -> Numbers:
        return np.asarray(self.rows * self.columns)

    @cached_property
    def cost(self) -> Floats:
        """What is wanted little of, by estimate [meshes]: energy x delay, unless the spec says otherwise."""
        return goals.cost(self.spec.goal, self.estimates.cycles(), self.estimates.pj())

    @cached_property
    def roomy(self) -> NDArray[np.bool_]:
        """True where each memory has room for what is alive together, at any step [meshes]."""
        halos = self._together(halo_ranges(self.plan))
        found = self._most_bits(self.estimates.bits, self._alive) <= self.spec.feature_map_memory_bits
        found &= self._most_bits(self.estimates.halo_bits, halos) <= self.spec.border_memory_bits
        found &= self._most_bits(self.estimates.corner_bits, halos) <= self.spec.corner_memory_bits
        return found

    def _most_bits(self, bits: Callable[[str], Numbers], alive: Iterable[Iterable[str]]) -> Numbers:
        """The most bits that maps take which are alive together [meshes]; *bits* are those of one map."""
        most = np.zeros(len(self.rows), np.int64)
        for tensors in alive:
            most = np.maximum(most, sum((bits(tensor) for tensor in tensors), np.int64(0)))
        return most

    @cached_property
    def _alive(self) -> set[frozenset[str]]:
        """Maps in the feature-map memories that are alive together, for each step."""
        return self._together(placed_ranges(self.plan, self.network))

    def _together(self, ranges: Iterable[LiveRange]) -> set[frozenset[str]]:
        """Maps of some live ranges that are alive together, for each step."""
        every = list(ranges)
        return {frozenset(live.tensor for live in every if live.alive_beside(number)) for number in range(len(self.plan.steps))}

    def _least(self) -> int:
        """Chips that no mesh can do with less of: cut evenly, all maps that are alive together have to lie in as many memories."""
        values = max(sum(self.network.shape(tensor).size for tensor in tensors) for tensors in self._alive)
        return -(-values * WORD_BITS // self.spec.feature_map_memory_bits)

    def smallest(self) -> tuple[int, int] | None:
        """Mesh of the fewest chips that holds the network, as (rows, columns); None if there is none."""
        return next(self._fitting(np.lexsort((self.cost, self.chips))), None)

    def promising(self) -> Iterator[tuple[int, int]]:
        """Meshes that are worth a simulation, as (rows, columns), the best first; none if no mesh holds the network.

        The best is the smallest that is worth its chips. Those that are weighed against it come behind, by estimate, the first of them
        before the one that costs least whatever its chips: it says what more chips would bring.
        """
        order = np.lexsort((self.cost, self.chips))
        order = order[self.roomy[order]]
        best = next(self._fitting(order[goals.worth(self.spec.goal, self.chips[order], self.cost[order])]), None)
        if best is not None:
            by_cost = order[np.argsort(self.cost[order], kind="stable")]
            near = self.chips[by_cost] <= goals.largest(self.spec.goal, np.array(best).prod())
            others = self._fitting(by_cost[near])
            second = (mesh for mesh in others if mesh != best)
            ranked = chain((best,), islice(second, 1), islice(self._fitting(by_cost), self.spec.goal != "chips"), second)
            yield from dict.fromkeys(ranked)

    def _fitting(self, numbers: Numbers) -> Iterator[tuple[int, int]]:
        """Those of some meshes, as (rows, columns), that hold the network."""
        for number in numbers.tolist():
            mesh = int(self.rows[number]), int(self.columns[number])
            if self.roomy[number] and MeshLayout(self.network, self.plan, self.spec, Mesh(*mesh)).shortage() is None:
                yield mesh
