"""Duration and cost of a pass: from the row commands of its program, and from the DRAM's own timing parameters.

A *job* is a chunk of the taps of one output value. It has a bit column to itself; all columns of all banks compute one job each, in a
*pass*. A layer of N output channels, P output pixels and K taps has (N + kernels of ones) * P * ceil(K / chunk) jobs.
"""

from __future__ import annotations

from typing import NamedTuple

from hyperdrive_sim.archs.nandnet_dram.ambit import Chunk, CommandTiming, Counts, multiply_and_count
from hyperdrive_sim.archs.nandnet_dram.spec import NandnetDramSpec
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.rates import Clock

ACTIVATIONS_PER_WINDOW = 4
SLOTS_PER_AAP, SLOTS_PER_AP = 3, 2
"""Bus slots of a row command: activate, activate, precharge for AAP; activate, precharge for AP."""


def chunk(spec: NandnetDramSpec) -> Chunk:
    """Program of a pass; every pass has the same. AND products in pairs are fused with their compression if the spec says so."""
    fused = spec.fused and spec.multiply == "and" and spec.compression == 2
    return multiply_and_count(spec.multiply, spec.compression, spec.popcount, taps=spec.chunk_taps, fused=fused)


class PassProgram(NamedTuple):
    """Row commands of a pass, with the spec they are for; built once, as they are some thousands."""

    spec: NandnetDramSpec
    chunk: Chunk

    @classmethod
    def of(cls, spec: NandnetDramSpec) -> PassProgram:
        return cls(spec, chunk(spec))

    @property
    def ps(self) -> int:
        """Picoseconds that a bank takes for one pass."""
        return row_timing(self.spec).ps(self.chunk.program.counts)


class Stage(NamedTuple):
    """A part of a pass that a bank runs without interruption; one task per bank."""

    name: str
    counts: Counts


def stages(one: Chunk, *, apart: bool) -> tuple[Stage, ...]:
    """Stages of a pass: multiply, compress and count if *apart*, without those that have no commands; else the whole pass as one."""
    if not apart:
        return (Stage("pass", one.program.counts),)
    parts = {"multiply": one.multiply, "compress": one.compress, "count": one.count}
    return tuple(Stage(name, program.counts) for name, program in parts.items() if program.commands)


def row_timing(spec: NandnetDramSpec) -> CommandTiming:
    return CommandTiming(*(round(1000 * ns) for ns in (spec.t_ras_ns, spec.t_rp_ns, spec.overlap_ns)))


def bus_ps(counts: Counts, spec: NandnetDramSpec) -> int:
    """Picoseconds that the command bus needs to tell all banks, or the four-activation window of a rank if it holds and is longer."""
    slots = SLOTS_PER_AAP * counts.aaps + SLOTS_PER_AP * counts.aps
    said = Clock.of_mhz(spec.clock_mhz).ps(slots * spec.banks)
    in_a_rank = -(-spec.banks // spec.ranks)
    return max(said, window_ps(counts.activations * in_a_rank, spec))


def window_ps(activations: int, spec: NandnetDramSpec) -> int:
    """Picoseconds that so many activations in one rank take by the four-activation window alone; 0 if it does not hold.

    The window is the rank's, not a bank group's: its chips obey the same commands, and tFAW counts the rows that a chip activates in any
    of its banks. Between two activations there must also be tRRD, 3.3 ns in different bank groups of DDR4-2400 and 4.9 ns in the same
    one; four of these are less than the 21 ns of the window, so that it alone limits a long series.
    """
    return activations * round(1000 * spec.t_faw_ns) // ACTIVATIONS_PER_WINDOW if spec.enforce_t_faw else 0


def channel_ps(bits: int, spec: NandnetDramSpec) -> int:
    """Picoseconds on the data channel: one word after another, each an access to a closed row (an activation and a burst)."""
    words = -(-bits // (8 * spec.word_bytes))
    return max(words * round(1000 * (spec.t_rcd_ns + spec.t_burst_ns)), window_ps(words, spec))


def copies_ps(spec: NandnetDramSpec) -> int:
    """Picoseconds to copy the operand rows of one bank, one AAP after another."""
    copies = Counts(aaps=spec.chunk_taps)
    return max(row_timing(spec).ps(copies), window_ps(copies.activations, spec))


def taps(network: Network, conv: Conv) -> int:
    """Number of taps of one output value."""
    return conv.window.taps * network.shape(conv.inputs[0]).channels


def weight_bits(network: Network, conv: Conv, spec: NandnetDramSpec) -> int:
    """Bits of a layer's kernels, those of ones included, which are written to rows like the others."""
    return network.weight_bits(conv.name) + spec.kernels_of_ones * taps(network, conv)


def jobs(network: Network, conv: Conv, spec: NandnetDramSpec) -> int:
    """Number of chunks of all output values of a layer and of its counts of activations, one per pixel and kernel of ones."""
    out = network.shape(conv.name)
    return (out.channels + spec.kernels_of_ones) * out.rows * out.columns * -(-taps(network, conv) // spec.chunk_taps)


def passes(network: Network, conv: Conv, spec: NandnetDramSpec) -> int:
    return -(-jobs(network, conv, spec) // spec.columns)
