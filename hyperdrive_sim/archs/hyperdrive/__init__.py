"""Hyperdrive: binary weights, FP16 feature maps that stay on chip, weights streamed once, chips in a systolic 2-D mesh."""

from hyperdrive_sim.archs.hyperdrive.mapped import Hyperdrive

architecture = Hyperdrive()
