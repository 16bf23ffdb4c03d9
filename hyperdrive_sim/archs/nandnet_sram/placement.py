"""How many tiles there are, and whether all weights can stay in them; where maps lie."""

from __future__ import annotations

from hyperdrive_sim.archs._nandnet.placement import placed
from hyperdrive_sim.archs.nandnet_sram import area, timing
from hyperdrive_sim.archs.nandnet_sram.machine import MAPS, PERIPHERY
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.errors import DoesNotFit, InvalidInput, Mistake
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.placement import Placement


def fit(network: Network, spec: NandnetSramSpec) -> NandnetSramSpec:
    """The spec with its tiles counted. Raises DoesNotFit if weights that are to be kept do not fit, InvalidInput for rates of no layer."""
    if spec.tiles == "equal_area":
        spec = spec.model_copy(update={"tiles": area.equal_area_tiles(spec)})
    convs = [step.conv for step in timing.planned(network, spec).steps]
    if unknown := sorted(set(spec.activation_rates) - {conv.name for conv in convs}):
        known = ", ".join(conv.name for conv in convs)
        problem = f"'{unknown[0]}' is no binary layer of '{network.name}' that is run here"
        raise InvalidInput.at("chip.activation_rates", problem, f"these are: {known}")
    needed = sum(timing.tiles_for(timing.size(network, conv), spec) for conv in convs)
    if spec.weights == "kept" and needed > spec.count:
        problem = f"the weights of '{network.name}' take {needed} tiles, {spec.count} are there"
        raise DoesNotFit(Mistake("chip.weights", problem, "have them reloaded, or take more tiles"))
    if spec.weights == "auto":
        spec = spec.model_copy(update={"weights": "kept" if needed <= spec.count else "reloaded"})
    return spec


def place(network: Network, spec: NandnetSramSpec) -> Placement:
    return placed(network, timing.planned(network, spec), unit=PERIPHERY, memory=MAPS)
