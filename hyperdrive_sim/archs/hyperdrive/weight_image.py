"""The weights of a network in the order in which Hyperdrive takes them from its weight stream, as a file.

    8 bytes   HYPERDRV
    2         version, little-endian as all numbers are
    4         length of what follows: JSON, {"lanes": 16, "layers": [{"name", "in_channels", "kernel", "out_channels", "bits", "at"}, ...]}
    ...       bits, the first in the lowest of a byte; each layer begins a new byte, `at` bytes behind the JSON
    4         CRC-32 of all bytes before

The chip's loop nest decides the order: blocks of as many output channels as there are lanes, one after the other; in a block tap by tap,
row by row of the kernel, in a tap one input channel after the other; for each of those one bit per output channel of the block, 1 for +1.
Lanes of different groups take turns: in a tap one group after the other. The weights of a mean are ones.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, MeanPool
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.schedule.tasks import Load, Task

MARK, VERSION = b"HYPERDRV", 1


def image(network: Network, lanes: int, tasks: Iterable[Task], parameters: Mapping[str, Parameters]) -> bytes:
    """The image of one frame's *tasks*: what its streams bring, in their order."""
    streams: dict[str, list[Array]] = {}
    for task in tasks:
        if isinstance(task.effect, Load):
            name, c0, c1, *_ = task.effect
            weights, group = _weights(name, network, parameters)
            streams.setdefault(name, []).extend(_block(weights, c0, c1, group))
    layers, packed, at = [], [], 0
    for name, runs in streams.items():
        weights, _ = _weights(name, network, parameters)
        out, rows, columns, inputs = weights.shape
        bits = np.concatenate(runs)
        told = {"name": name, "in_channels": inputs, "kernel": [rows, columns], "out_channels": out, "bits": bits.size, "at": at}
        layers.append(told)
        packed.append(np.packbits(bits, bitorder="little").tobytes())
        at += len(packed[-1])
    head = json.dumps({"lanes": lanes, "layers": layers}).encode()
    data = MARK + struct.pack("<HI", VERSION, len(head)) + head + b"".join(packed)
    return data + struct.pack("<I", zlib.crc32(data))


def _weights(name: str, network: Network, parameters: Mapping[str, Parameters]) -> tuple[Array, int]:
    """A layer's weights [out, rows, columns, in], and how many output channels a group has."""
    layer, out = network[name], network.shape(name).channels
    if isinstance(layer, MeanPool):
        return np.ones((out, *layer.window.kernel, 1), np.int8), 1
    assert isinstance(layer, Conv)
    weights = parameters[name].weights
    assert weights is not None
    return weights, out // layer.groups


def _block(weights: Array, c0: int, c1: int, group: int) -> Iterator[Array]:
    """Bits of output channels *c0* to *c1*, of which as many as *group* share their inputs: output channels turn fastest."""
    for row in range(weights.shape[1]):
        for column in range(weights.shape[2]):
            for first in range(c0 - c0 % group, c1, group):
                own = weights[max(c0, first) : min(c1, first + group), row, column]
                yield own.T.ravel() > 0
