"""NAND-Net in SRAM: binary convolutions counted on bit lines, with decomposed products in 6T cells, or XNOR products in 8T cells."""

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.archs.nandnet_sram.arithmetic import Sram
from hyperdrive_sim.archs.nandnet_sram.datasheet import datasheet
from hyperdrive_sim.archs.nandnet_sram.lower import GRAINS, count, lower
from hyperdrive_sim.archs.nandnet_sram.machine import build
from hyperdrive_sim.archs.nandnet_sram.placement import fit, place
from hyperdrive_sim.archs.nandnet_sram.prices import prices
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.archs.nandnet_sram.tiles import tiles

architecture = Architecture(
    name="nandnet_sram",
    Spec=NandnetSramSpec,
    fit=fit,
    build=build,
    place=place,
    lower=lower,
    count=count,
    arithmetic=Sram,
    prices=prices,
    tiles=tiles,
    grains=GRAINS,
    datasheet=datasheet,
)
