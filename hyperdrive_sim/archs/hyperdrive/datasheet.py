"""The datasheet: how the chip does what a network has beside plain convolutions, and how well that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hyperdrive_sim.archs.hyperdrive.prices import PACKAGE
from hyperdrive_sim.archs.hyperdrive.steps import HyperdrivePlan
from hyperdrive_sim.archs.operating_points import origin, table_of
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Activation, ChannelShuffle, Concat, Conv, Layer, MeanPool, Upsample
from hyperdrive_sim.schedule.mapped import Datasheet, Quantity


def datasheet(network: Network, plan: HyperdrivePlan) -> Datasheet:
    """Entries of supports.yaml for what the chips do of a network."""
    used = {support for layer in network if layer.name not in plan.host for support in _supports(layer)}
    used |= {"narrow padding" for step in plan.steps if step.narrow}
    rows = table_of(PACKAGE, "supports.yaml")["supports"] if used else {}  # most networks need none, and no table of them
    return {name: _quantity(row) for name, row in rows.items() if name in used}


def _quantity(row: Mapping[str, Any]) -> Quantity:
    source, stated, rests_on = origin(row)
    return Quantity(row["value"], row["unit"], stated, source, rests_on)


def _supports(layer: Layer) -> Iterator[str]:
    match layer:
        case Conv() if layer.groups > 1:
            yield "grouped convolution"
        case MeanPool():
            yield "average pooling"
        case Activation():
            yield "leaky ReLU"
        case ChannelShuffle():
            yield "channel shuffle"
        case Concat():
            yield "concatenation"
        case Upsample():
            yield "upsampling"
