"""XNORBIN: binary weights and maps, seven times seven xnor-sum units of sixteen channels, feature maps and partial sums on chip."""

from hyperdrive_sim.archs._xnor_datapath.mapped import Core
from hyperdrive_sim.archs.xnorbin.spec import XnorbinSpec

architecture = Core("xnorbin", XnorbinSpec, __name__)
