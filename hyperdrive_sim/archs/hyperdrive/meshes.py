"""Meshes whose memories hold a network, in the order in which `mesh: auto` prefers them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hyperdrive_sim.archs.hyperdrive.placement import MOST_CHIPS, MeshLayout, placed_ranges, smallest_map
from hyperdrive_sim.archs.hyperdrive.spec import WORD_BITS, HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.steps import HyperdrivePlan
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.mesh import Mesh


def smallest(network: Network, plan: HyperdrivePlan, spec: HyperdriveSpec) -> tuple[int, int] | None:
    """Preferred mesh as (rows, columns), the first of `fitting`; None if no mesh will do."""
    return next(fitting(network, plan, spec), None)


def fitting(network: Network, plan: HyperdrivePlan, spec: HyperdriveSpec) -> Iterator[tuple[int, int]]:
    """Meshes whose memories hold the network, as (rows, columns).

    Fewest chips first, then the smallest patch per tile (the fastest), then the squarest parts.
    """
    entry, limit = network.shape(plan.inputs[0]), smallest_map(network, plan)
    profiles = _profiles(network, plan)

    def patch(mesh: tuple[int, int], stride: Fraction) -> int:
        pixels, each = stride.numerator, stride.denominator  # integers, because thousands of meshes are tried
        rows, columns = -(-entry.rows * each // (mesh[0] * pixels)), -(-entry.columns * each // (mesh[1] * pixels))
        return -(-rows // spec.tile_rows) * -(-columns // spec.tile_columns)

    def preference(mesh: tuple[int, int]) -> tuple[int, int, float]:
        return mesh[0] * mesh[1], patch(mesh, Fraction(1)), abs(entry.rows / mesh[0] - entry.columns / mesh[1])

    meshes = ((rows, columns) for rows in range(1, limit.rows + 1) for columns in range(1, min(limit.columns, MOST_CHIPS // rows) + 1))
    for mesh in sorted(meshes, key=preference):
        words = max(sum(channels * patch(mesh, stride) for stride, channels in profile) for profile in profiles)
        if words * spec.tiles * WORD_BITS > spec.feature_map_memory_bits:  # a bound, before anything is laid out
            continue
        if MeshLayout(network, plan, spec, Mesh(*mesh)).shortage() is None:
            yield mesh


def _profiles(network: Network, plan: HyperdrivePlan) -> set[tuple[tuple[Fraction, int], ...]]:
    """Sets of maps that are alive together during a step, each map as (stride, channels): the same on every mesh."""
    found = set()
    live_ranges = placed_ranges(plan, network)
    for number in range(len(plan.steps)):
        alive = [c.tensor for c in live_ranges if c.alive_beside(number)]
        found.add(tuple(sorted((plan.stride[tensor], network.shape(tensor).channels) for tensor in alive)))
    return found
