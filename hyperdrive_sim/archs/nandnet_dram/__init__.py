"""NAND-Net in DRAM: binary convolutions by Ambit row commands, decomposed and with compressed counts, or as XNOR-Net."""

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.archs.nandnet_dram.arithmetic import Dram
from hyperdrive_sim.archs.nandnet_dram.datasheet import datasheet
from hyperdrive_sim.archs.nandnet_dram.lower import GRAINS, count, lower
from hyperdrive_sim.archs.nandnet_dram.machine import build
from hyperdrive_sim.archs.nandnet_dram.placement import fit, place
from hyperdrive_sim.archs.nandnet_dram.prices import prices
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.archs.nandnet_dram.tiles import tiles

architecture = Architecture(
    name="nandnet_dram",
    Spec=NandnetDramSpec,
    fit=fit,
    build=build,
    place=place,
    lower=lower,
    count=count,
    arithmetic=Dram,
    prices=prices,
    tiles=tiles,
    grains=GRAINS,
    datasheet=datasheet,
)
