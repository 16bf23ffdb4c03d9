"""Whether a pass's program fits a sub-array, and where maps lie: operand rows are the compute rows' own, a DRAM has room for the rest."""

from __future__ import annotations

from hyperdrive_sim.archs._nandnet.placement import placed
from hyperdrive_sim.archs._nandnet.steps import Plan, plan
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.machine import MAPS, PERIPHERY
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.errors import DoesNotFit, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.placement import Placement


def fit(network: Network, spec: NandnetDramSpec) -> NandnetDramSpec:
    """The spec itself, once its program is known to fit a sub-array. Raises DoesNotFit."""
    needed = timing.chunk(spec).program.data_rows
    if needed > spec.data_rows:
        problem = f"a chunk of {spec.chunk_taps} taps needs {needed} rows of a sub-array, {spec.data_rows} are there"
        raise DoesNotFit(Mistake("chip.chunk_taps", problem, "take shorter chunks or a larger sub-array"))
    return spec


def planned(network: Network, spec: NandnetDramSpec) -> Plan:
    return plan(network, spec.left_to_host)


def place(network: Network, spec: NandnetDramSpec) -> Placement:
    return placed(network, planned(network, spec), unit=PERIPHERY, memory=MAPS)
