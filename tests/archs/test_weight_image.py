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
    streamed = sum(task.actions.get("weight_io.bit", 0) for task in found.made.schedule)
    assert sum(layer["bits"] for layer in told["layers"]) == streamed


def test_groups_take_turns_in_a_tap_and_means_are_ones() -> None:
    scenario = Scenario.said(network="tiny_grouped", input_shape=[5, 12, 12], architecture="hyperdrive")
    found = exported(scenario)
    parameters = inputs.opened(scenario, found.made.network).parameters()
    (length,) = struct.unpack_from("<I", found.data, 10)
    told = {layer["name"]: layer for layer in json.loads(found.data[14 : 14 + length])["layers"]}
    body = np.frombuffer(found.data[14 + length : -4], np.uint8)
    bits = {name: np.unpackbits(body[one["at"] :], count=one["bits"], bitorder="little").tolist() for name, one in told.items()}
    assert set(bits["mean"]) == {1}
    assert told["mean"] == {**told["mean"], "in_channels": 1, "kernel": [3, 3], "out_channels": 36, "bits": 36 * 9}
    weights = parameters["conv2"].weights  # 36 output channels in 2 groups of 18: the second block has 2 of the first group
    assert weights is not None
    by_hand = []
    for runs in ([range(16)], [range(16, 18), range(18, 32)], [range(32, 36)]):
        for row in range(3):
            for column in range(3):
                for run in runs:
                    for channel in range(10):
                        by_hand += [int(weights[out, row, column, channel] > 0) for out in run]
    assert bits["conv2"] == by_hand
    assert sum(one["bits"] for one in told.values()) == sum(task.actions.get("weight_io.bit", 0) for task in found.made.schedule)
