"""Send buffers: border pixels wait in them for their link, so a block's edge is computed only once those before it have left.

A mesh has up to four for every chip, and most are alike: buffers into which the same numbers of bits are put, in every layer, are
followed as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hyperdrive_sim.archs.hyperdrive.blocks import BlockTasks
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.fifo import pushed_out
from hyperdrive_sim.schedule.growing import Links
from hyperdrive_sim.schedule.mesh import STEPS, Chip, Side

Buffer = tuple[Chip, Side]


def alike(blocks: Iterable[BlockTasks]) -> list[list[Buffer]]:
    """Send buffers that are always equally full, with the same side of their chips, in groups; *blocks* are all that are ever written."""
    blocks = dict.fromkeys(blocks)
    found: dict[tuple[object, ...], list[Buffer]] = {}
    for buffer in dict.fromkeys(buffer for block in blocks for buffer in block.sends):
        filled = tuple(tuple(block.sends[buffer].bits) if buffer in block.sends else () for block in blocks)
        found.setdefault((buffer[1], filled), []).append(buffer)
    sides = list(STEPS)
    return sorted(found.values(), key=lambda buffers: sides.index(buffers[0][1]))


class SendBuffers:
    """All send buffers of a mesh, of *bits* each, in groups of those that are *alike*."""

    def __init__(self, groups: Iterable[Sequence[Buffer]], bits: int) -> None:
        self._groups = [_Alike(buffers, bits) for buffers in groups]

    def fill(self, block: BlockTasks, at: Numbers) -> Iterator[Links]:
        """Put the borders of some blocks, whose first tasks stand *at* these positions, into the buffers; what must have left before."""
        return (links for group in self._groups for links in group.fill(block, at))


class _Alike:
    """Buffers that are always equally full: the bits of the entries in them, and where the tasks stand that take these out."""

    def __init__(self, members: Sequence[Buffer], bits: int) -> None:
        self.members, self.bits = members, bits
        self.sizes = np.zeros(0, np.int64)
        self.sent = np.zeros((0, len(members)), np.int64)

    def fill(self, block: BlockTasks, at: Numbers) -> Iterable[Links]:
        if self.members[0] not in block.sends:
            return
        own = [block.sends[member] for member in self.members]
        entries, there = len(own[0].bits), len(self.sizes)
        sizes = np.concatenate((self.sizes, np.tile(own[0].bits, len(at))))
        computed, sent = (
            (at[:, None, None] + np.array([getattr(one, name) for one in own]).T).reshape(-1, len(own)) for name in ("computed", "sent")
        )
        sent = np.concatenate((self.sent, sent))
        first = pushed_out(sizes, self.bits)
        gone = np.diff(first[there:], prepend=0)
        leaves, waits = np.arange(gone.sum()), np.repeat(np.arange(entries * len(at)), gone)
        self.sizes, self.sent = sizes[first[-1] :], sent[first[-1] :]
        yield Links(computed[waits].ravel(), sent[leaves].ravel())
