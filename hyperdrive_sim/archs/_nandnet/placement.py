"""Placement of maps: every one at an address of its own in one memory, as the papers say nothing of its size."""

from __future__ import annotations

from hyperdrive_sim.archs._nandnet.steps import NandnetPlan
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.placement import Allocation, Part, Placement

SIGN_BITS, SUM_BITS = 1, 16


def value_bits(network: Network, tensor: str) -> int:
    return SIGN_BITS if network.is_signs(tensor) else SUM_BITS


def placed(network: Network, plan: NandnetPlan, *, unit: str, memory: str) -> Placement:
    """Place all maps in *memory*, one behind the other; *unit* finishes every layer, so each output is its part as a whole."""
    maps = [*plan.inputs, *(step.output for step in plan.steps)]
    bits = {name: network.shape(name).size * value_bits(network, name) for name in maps}
    allocations, address = [], 0
    for name in maps:
        allocations.append(Allocation(name, network.shape(name).box, address, bits[name], *_life(plan, name)))
        address += bits[name]
    parts = tuple(Part(step.output, network.shape(step.output).box, unit, memory) for step in plan.steps)
    return Placement(parts, {memory: tuple(allocations)}, plan.host, {name: value_bits(network, name) for name in maps})


def _life(plan: NandnetPlan, name: str) -> tuple[int, int]:
    """Live range of a map: the first and the last step in which it is needed; -1 is before the first step, len(steps) after the last."""
    first = next((number for number, step in enumerate(plan.steps) if step.output == name), -1)
    last = max((number for number, step in enumerate(plan.steps) if step.source == name), default=first)
    return first, len(plan.steps) if name in plan.outputs else last
