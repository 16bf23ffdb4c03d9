"""Use of the banks: the share of products that exist in what each bank could multiply in its passes."""

from __future__ import annotations

import numpy as np

from hyperdrive_sim.archs._nandnet.steps import NandnetPlan
from hyperdrive_sim.archs.nandnet_dram import timing
from hyperdrive_sim.archs.nandnet_dram.machine import DRAM
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.mapped import Tiles


def tiles(network: Network, plan: NandnetPlan, spec: NandnetDramSpec, layer: str | None) -> Tiles:
    """Useful shares [1, banks] in *layer*, or in all layers if None: columns with a job, each as full as the layer's chunks on average."""
    useful, passes = np.zeros(spec.banks), 0
    for step in (step for step in plan.steps if layer in (None, step.conv.name)):
        jobs = timing.jobs(network, step.conv, spec)
        whole, rest = divmod(jobs, spec.columns)
        filled = np.clip(rest - np.arange(spec.banks) * spec.columns // spec.banks, 0, spec.columns // spec.banks)
        taps = network.macs(step.conv.name) / (jobs * spec.chunk_taps)
        useful += (whole + filled * spec.banks / spec.columns) * taps
        passes += timing.passes(network, step.conv, spec)
    return {DRAM: (useful / passes)[None]}
