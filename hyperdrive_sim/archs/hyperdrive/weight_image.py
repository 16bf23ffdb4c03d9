"""The weights of a network in the order in which Hyperdrive takes them from its weight stream, as a file.

    8 bytes   HYPERDRV
    2         version, little-endian as all numbers are
    4         length of what follows: JSON, {"lanes": 16, "layers": [{"name", "in_channels", "kernel", "out_channels", "bits", "at"}, ...]}
    ...       bits, the first in the lowest of a byte; each layer begins a new byte, `at` bytes behind the JSON
    4         CRC-32 of all bytes before

The chip's loop nest decides the order: blocks of as many output channels as there are lanes, one after the other; in a block tap by tap,
row by row of the kernel, in a tap one input channel after the other; for each of those one bit per output channel of the block, 1 for +1.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping

import numpy as np

from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.schedule.tasks import Load, Task

MARK, VERSION = b"HYPERDRV", 1


def image(network: Network, lanes: int, tasks: Iterable[Task], parameters: Mapping[str, Parameters]) -> bytes:
    """The image of one frame's *tasks*: what its streams bring, in their order."""
    streams: dict[str, list[Array]] = {}
    for task in tasks:
        if isinstance(task.effect, Load):
            weights = parameters[task.effect.layer].weights
            assert weights is not None
            streams.setdefault(task.effect.layer, []).append(_block(weights[task.effect.c0 : task.effect.c1]))
    layers, packed, at = [], [], 0
    for name, blocks in streams.items():
        conv, bits = network[name], np.concatenate(blocks)
        assert isinstance(conv, Conv)
        layers.append(
            {
                "name": name,
                "in_channels": network.input_shapes(conv)[0].channels // conv.groups,
                "kernel": list(conv.window.kernel),
                "out_channels": conv.out_channels,
                "bits": bits.size,
                "at": at,
            }
        )
        packed.append(np.packbits(bits, bitorder="little").tobytes())
        at += len(packed[-1])
    head = json.dumps({"lanes": lanes, "layers": layers}).encode()
    data = MARK + struct.pack("<HI", VERSION, len(head)) + head + b"".join(packed)
    return data + struct.pack("<I", zlib.crc32(data))


def _block(weights: Array) -> Array:
    """Bits of a block's weights [channels, kernel rows, kernel columns, in], output channels turning fastest."""
    bits: Array = weights.transpose(1, 2, 3, 0).ravel() > 0
    return bits
