"""Hyperdrive's weights in the order of its stream, unpacked by hand."""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np
import pytest

from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.exports import exported


@pytest.mark.parametrize("mesh", [[1, 1], [2, 2]])
def test_every_weight_is_where_the_chip_takes_it(mesh: list[int]) -> None:
    """The loop nest, written out: blocks of sixteen output channels, rows and columns of the kernel, input channels, output channels."""
    scenario = Scenario.said(network="resnet18", input_shape=[3, 64, 64], architecture="hyperdrive", chip={"mesh": mesh})
    found = exported(scenario)
    parameters = inputs.opened(scenario, found.made.network).parameters()
    assert found.data[:8] == b"HYPERDRV"
    version, length = struct.unpack_from("<HI", found.data, 8)
    told = json.loads(found.data[14 : 14 + length])
    assert (version, told["lanes"]) == (1, 16)
    assert struct.unpack("<I", found.data[-4:]) == (zlib.crc32(found.data[:-4]),)
    body = np.frombuffer(found.data[14 + length : -4], np.uint8)
    for layer in told["layers"]:
        weights = parameters[layer["name"]].weights
        assert weights is not None
        bits = iter(np.unpackbits(body[layer["at"] :], count=layer["bits"], bitorder="little").tolist())
        for first in range(0, layer["out_channels"], 16):
            for row in range(layer["kernel"][0]):
                for column in range(layer["kernel"][1]):
                    block = weights[first : first + 16, row, column] > 0
                    for channel in range(layer["in_channels"]):
                        assert [next(bits) for _ in block] == block[:, channel].astype(int).tolist()
        assert next(bits, None) is None
    streamed = sum(task.actions.get("weight_io.bit", 0) for task in found.made.schedule.tasks)
    assert sum(layer["bits"] for layer in told["layers"]) == streamed
