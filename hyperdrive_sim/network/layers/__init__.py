"""The layers that networks are made of: one file each, with its geometry, its work, its golden value and its drawn constants.

To add a layer, write a file: a frozen class that is a `Layer`, and what it registers with `values`, `constants` and `cutting`. To name it
beside the others, list it here.
"""

from hyperdrive_sim.network.layers.activation import Activation
from hyperdrive_sim.network.layers.add import Add
from hyperdrive_sim.network.layers.batch_norm import BatchNorm
from hyperdrive_sim.network.layers.channels import AXES, ChannelPad, ChannelShuffle, Flatten, Slice
from hyperdrive_sim.network.layers.concat import Concat
from hyperdrive_sim.network.layers.conv import Conv
from hyperdrive_sim.network.layers.dense import Dense
from hyperdrive_sim.network.layers.layer import Holds, Layer, Moving, Shapes, Weightless
from hyperdrive_sim.network.layers.mean import GlobalMean
from hyperdrive_sim.network.layers.pool import MaxPool, MeanPool
from hyperdrive_sim.network.layers.quantise import Quantise
from hyperdrive_sim.network.layers.sign import Sign
from hyperdrive_sim.network.layers.thermometer import Thermometer
from hyperdrive_sim.network.layers.upsample import Upsample

__all__ = [
    "AXES",
    "Activation",
    "Add",
    "BatchNorm",
    "ChannelPad",
    "ChannelShuffle",
    "Concat",
    "Conv",
    "Dense",
    "Flatten",
    "GlobalMean",
    "Holds",
    "Layer",
    "MaxPool",
    "MeanPool",
    "Moving",
    "Quantise",
    "Shapes",
    "Sign",
    "Slice",
    "Thermometer",
    "Upsample",
    "Weightless",
]
