"""ChewBaccaNN: XNORBIN's datapath in 22 nm at 0.4 V, its memories made of latches; networks of one or more binary bases."""

from hyperdrive_sim.archs._xnor_datapath.mapped import Core
from hyperdrive_sim.archs.chewbaccann.spec import ChewbaccannSpec

architecture = Core("chewbaccann", ChewbaccannSpec, __name__)
