"""What NAND-Net's accelerators in DRAM and in SRAM have in common (Kim et al., HPCA 2019)."""
