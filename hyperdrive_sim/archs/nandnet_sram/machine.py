"""Machine of the SRAM: tiles that count, the tile of ones, the router, the one port, and the digital periphery."""

from __future__ import annotations

from hyperdrive_sim.archs.nandnet_sram import timing
from hyperdrive_sim.archs.nandnet_sram.spec import NandnetSramSpec
from hyperdrive_sim.rates import Rate
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit

SRAM = "sram"
PORT, ROUTER, ONES, PERIPHERY = "sram.port", "sram.router", "sram.ones", "sram.periphery"
MAPS, WEIGHTS = "sram.maps", "sram.weights"
UNSAID = 2**35
"""Bits of the memories for maps and for whole kernels: the paper does not say where either is, only what tiles hold at a time."""


def tile(number: int) -> str:
    return f"{SRAM}.tile{number}"


def build(spec: NandnetSramSpec) -> Machine:
    clock = timing.clock(spec)
    port = Unit(PORT, "port", Rate.per_cycle(spec.port_bits, clock))
    ones = (Unit(ONES, "ones"),) if spec.cell == "6t" else ()
    tiles = (Unit(tile(number), "array") for number in range(spec.count))
    return Machine(
        units=(port, Unit(ROUTER, "router"), Unit(PERIPHERY, "periphery"), *ones, *tiles),
        memories=(Memory(MAPS, UNSAID), Memory(WEIGHTS, UNSAID, "fifo", None if spec.weights == "kept" else 1)),
        clock=clock,
        peak_ops_per_cycle=2 * spec.bits / spec.pass_cycles,
    )
