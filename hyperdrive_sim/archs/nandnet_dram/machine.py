"""Machine of the DRAM: banks that compute, the command bus, the copying of operands, the data channel and the digital periphery."""

from __future__ import annotations

from hyperdrive_sim.archs.nandnet_dram.timing import PassProgram
from hyperdrive_sim.rates import PS_PER_S, Clock
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit

DRAM = "dram"
COMMANDS, COPIES, CHANNEL, PERIPHERY = "dram.commands", "dram.copies", "dram.channel", "dram.periphery"
MAPS, WEIGHTS = "dram.maps", "dram.weights"
MAP_BITS = 2**35
"""Bits of the module, 4 GB; maps take a few megabits of them."""


def bank(number: int) -> str:
    return f"{DRAM}.bank{number}"


def build(program: PassProgram) -> Machine:
    spec = program.spec
    clock = Clock.of_mhz(spec.clock_mhz)
    kinds = {COMMANDS: "commands", COPIES: "copies", CHANNEL: "channel", PERIPHERY: "periphery"}
    per_pass = 2 * spec.chunk_taps * spec.columns
    return Machine(
        units=(*(Unit(name, kind) for name, kind in kinds.items()), *(Unit(bank(number), "array") for number in range(spec.banks))),
        memories=(Memory(MAPS, MAP_BITS), Memory(WEIGHTS, MAP_BITS, "fifo", 1)),
        clock=clock,
        peak_ops_per_cycle=per_pass * PS_PER_S / (program.ps * clock.hz),
    )
