"""Where maps lie: every one at an address of its own, as a DRAM has room for all of them; operand rows are the compute rows' own."""

from __future__ import annotations

from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.machine import MAPS, PERIPHERY
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.errors import DoesNotFit, Mistake
from hyperdrive_sim.nandnet.steps import Plan, plan
from hyperdrive_sim.network import Network
from hyperdrive_sim.placement import Part, Placement, Resident

SIGN_BITS, SUM_BITS = 1, 16


def fit(network: Network, spec: NandnetDramSpec) -> NandnetDramSpec:
    """The spec itself, once its program is known to fit a sub-array. Raises DoesNotFit."""
    needed = timing.chunk(spec).program.data_rows
    if needed > spec.data_rows:
        problem = f"a chunk of {spec.chunk_taps} taps needs {needed} rows of a sub-array, {spec.data_rows} are there"
        raise DoesNotFit(Mistake("chip.chunk_taps", problem, "take shorter chunks or a larger sub-array"))
    return spec


def planned(network: Network, spec: NandnetDramSpec) -> Plan:
    return plan(network, spec.left_to_host)


def value_bits(network: Network, tensor: str) -> int:
    return SIGN_BITS if network.is_signs(tensor) else SUM_BITS


def place(network: Network, spec: NandnetDramSpec) -> Placement:
    ours = planned(network, spec)
    maps = [*ours.entries, *(step.output for step in ours.steps)]
    bits = {name: network.shape(name).size * value_bits(network, name) for name in maps}
    residents, address = [], 0
    for name in maps:
        residents.append(Resident(name, network.shape(name).box, address, bits[name], *_life(ours, name)))
        address += bits[name]
    parts = tuple(Part(step.output, network.shape(step.output).box, PERIPHERY, MAPS) for step in ours.steps)
    return Placement(parts, {MAPS: tuple(residents)}, ours.host, {name: value_bits(network, name) for name in maps})


def _life(ours: Plan, name: str) -> tuple[int, int]:
    """The first and the last step that a map is needed in."""
    first = next((number for number, step in enumerate(ours.steps) if step.output == name), -1)
    last = max((number for number, step in enumerate(ours.steps) if step.source == name), default=first)
    return first, len(ours.steps) if name in ours.exits else last
