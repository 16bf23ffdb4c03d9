"""Hyperdrive: binary weights, FP16 feature maps that stay on chip, weights streamed once, chips in a systolic 2-D mesh."""

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.archs.hyperdrive.arithmetic import Fp16
from hyperdrive_sim.archs.hyperdrive.lower import count, lower
from hyperdrive_sim.archs.hyperdrive.machine import build
from hyperdrive_sim.archs.hyperdrive.pieces import GRAINS
from hyperdrive_sim.archs.hyperdrive.placement import fit, place
from hyperdrive_sim.archs.hyperdrive.prices import prices
from hyperdrive_sim.archs.hyperdrive.spec import HyperdriveSpec
from hyperdrive_sim.archs.hyperdrive.tiles import tiles

architecture = Architecture(
    name="hyperdrive",
    Spec=HyperdriveSpec,
    fit=fit,
    build=build,
    place=place,
    lower=lower,
    count=count,
    arithmetic=lambda spec: Fp16(),
    prices=prices,
    tiles=tiles,
    grains=GRAINS,
)
