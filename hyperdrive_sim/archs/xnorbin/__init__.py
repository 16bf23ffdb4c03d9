"""XNORBIN: binary weights and maps, seven times seven xnor-sum units of sixteen channels, feature maps and partial sums on chip."""

from hyperdrive_sim.archs.xnorbin.spec import XnorbinSpec
from hyperdrive_sim.xnor_datapath import core

architecture = core("xnorbin", XnorbinSpec, __name__)
