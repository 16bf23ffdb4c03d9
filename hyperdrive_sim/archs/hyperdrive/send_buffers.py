"""Send buffers: border pixels wait in them for their link, so a block's edge is computed only once those before it have left.

A mesh has up to four for every chip, and most are alike: buffers into which the same numbers of bits are put, in every layer, are
followed as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from hyperdrive_sim.archs.hyperdrive.blocks import BlockTasks, Sends
from hyperdrive_sim.schedule.columns import Numbers
from hyperdrive_sim.schedule.fifo import pushed_out
from hyperdrive_sim.schedule.mesh import STEPS, Chip, Side
from hyperdrive_sim.schedule.writer import Links

NOTHING_SENT = Sends([], [], [])


class SendBuffers:
    """All send buffers of a mesh, of *bits* each; *blocks* are all the blocks that are ever written."""

    def __init__(self, blocks: Sequence[BlockTasks], bits: int) -> None:
        alike: dict[tuple[object, ...], list[tuple[Chip, Side]]] = {}
        for buffer in dict.fromkeys(buffer for block in blocks for buffer in block.sends):
            filled = tuple(tuple(block.sends.get(buffer, NOTHING_SENT).bits) for block in blocks)
            alike.setdefault((buffer[1], filled), []).append(buffer)
        sides = list(STEPS)
        self._groups = [_Alike(members, bits) for (side, _), members in sorted(alike.items(), key=lambda item: sides.index(item[0][0]))]  # type: ignore[arg-type]

    def fill(self, block: BlockTasks, at: Numbers) -> Iterator[Links]:
        """Put the borders of some blocks, whose first tasks stand *at* these positions, into the buffers; what must have left before."""
        return (links for group in self._groups for links in group.fill(block, at))


class _Alike:
    """Buffers that are always equally full: the bits of the entries in them, and where the tasks stand that take these out."""

    def __init__(self, members: Sequence[tuple[Chip, Side]], bits: int) -> None:
        self.members, self.bits = members, bits
        self.sizes = np.zeros(0, np.int64)
        self.sent = np.zeros((0, len(members)), np.int64)

    def fill(self, block: BlockTasks, at: Numbers) -> Iterable[Links]:
        own = [block.sends.get(member, NOTHING_SENT) for member in self.members]
        if not own[0].bits:
            return
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
