"""NAND-Net in DRAM: binary convolutions by Ambit row commands, decomposed and with compressed counts, or as XNOR-Net."""

from hyperdrive_sim.archs.nandnet_dram.mapped import NandnetDram

architecture = NandnetDram()
