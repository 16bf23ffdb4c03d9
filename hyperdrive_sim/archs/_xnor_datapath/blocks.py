"""Blocks of output channels: as large as they can be without the array waiting longer for parameters than channel by channel.

A block is computed once all its parameters are in the buffer; those of the next come in meanwhile. In n passes of one channel each (or
of as many as are computed in the same cycles) that takes l + n c or n l + c, whichever is longer, where l and c are the times in which
the parameters of a pass are loaded and a pass is computed. Blocks of s_1, s_2, ... passes take no longer if for every k

    c >= l    s_1 + ... + s_k  <=  1 + (s_1 + ... + s_(k-1)) c / l    counted from the first: loaded before the array is free
    c <  l    s_1 + ... + s_k  <=  1 + (s_1 + ... + s_(k-1)) l / c    counted from the last: computed before the next are loaded
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from hyperdrive_sim.archs._xnor_datapath.spec import DatapathSpec


class BlockTimes(NamedTuple):
    """Picoseconds that a block of one term takes: its parameters' load, late rows and the others, weights, the array, partial sums."""

    load: int
    late: int
    rows: int
    weights: int
    array: int
    sums: int

    def until_next(self, spec: DatapathSpec, *, shared: bool) -> int:
        """Time until the next block can begin; *shared*: rows and sums go through one port."""
        begun = max(self.late, self.weights) if spec.weight_registers == "single" else self.late
        return max(self.weights, self.late + self.rows + (self.sums if shared else 0), begun + max(self.array, self.sums))


def block_ranges(channels: int, each: int, most: int, compute_ps: int, load_ps: int) -> list[tuple[int, int]]:
    """Blocks of a layer as ranges c0..c1 of its channels: whole passes of *each* channels, across no multiple of *most* channels.

    *compute_ps* and *load_ps* are the times that all channels take.
    """
    passes, most = -(-channels // each), most // each
    compute, load = compute_ps * channels, load_ps * passes * each  # of one pass, both times passes * channels
    if compute >= load:
        cuts = [0]
        while (done := cuts[-1]) < passes:
            cuts.append(min(passes, done - done % most + most, 1 + done * compute // load))
    else:
        cuts = [passes]
        while left := cuts[-1]:
            loads = max(0, channels - each * left)  # the last pass may have fewer channels to load, but takes as long
            cuts.append(max(0, (left - 1) // most * most, min(left - 1, passes - 1 - loads * load // (each * compute))))
        cuts.reverse()
    return [(each * low, min(channels, each * high)) for low, high in pairwise(cuts)]
