"""ChewBaccaNN: XNORBIN's datapath in 22 nm at 0.4 V, its memories made of latches; networks of one or more binary bases."""

from hyperdrive_sim.archs.chewbaccann.spec import ChewbaccannSpec
from hyperdrive_sim.xnor_datapath import core

architecture = core("chewbaccann", ChewbaccannSpec, __name__)
