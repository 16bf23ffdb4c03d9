"""NAND-Net in SRAM: binary convolutions counted on bit lines, with decomposed products in 6T cells, or XNOR products in 8T cells."""

from hyperdrive_sim.archs.nandnet_sram.mapped import NandnetSram

architecture = NandnetSram()
