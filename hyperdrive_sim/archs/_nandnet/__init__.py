"""The common part of NAND-Net's accelerators in DRAM and in SRAM (Kim et al., HPCA 2019)."""
