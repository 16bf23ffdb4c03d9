"""Send buffers: border pixels wait in them for their link, so a block's edge is computed only once those before it have left.

A mesh has up to four for every chip, and most are alike: buffers into which the same numbers of bits are put, in every layer, are
followed as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hyperdrive_sim.archs.hyperdrive.blocks import BlockTasks
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.fifo import FifoRows
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

    @property
    def contents(self) -> list[FifoRows]:
        """What is in the buffers, group by group."""
        return [group.sent for group in self._groups]

    def fill(self, block: BlockTasks, at: Numbers) -> Iterator[Links]:
        """Put the borders of some blocks, whose first tasks stand *at* these positions, into the buffers; what must have left before."""
        return (links for group in self._groups for links in group.fill(block, at))


class _Alike:
    """Buffers that are always equally full: of each entry in them, where the tasks stand that take it out."""

    def __init__(self, members: Sequence[Buffer], bits: int) -> None:
        self.members = members
        self.sent = FifoRows(len(members), bits)

    def fill(self, block: BlockTasks, at: Numbers) -> Iterable[Links]:
        if self.members[0] not in block.sends:
            return
        own = [block.sends[member] for member in self.members]
        computed, sent = (
            (at[:, None, None] + np.array([getattr(one, name) for one in own]).T).reshape(-1, len(own)) for name in ("computed", "sent")
        )
        gone, waits = self.sent.push(sent, np.tile(own[0].bits, len(at)))
        yield Links(computed[waits].ravel(), gone.ravel())
