"""Which layers a chip computes in one go: it is asked, and says so."""

from __future__ import annotations

from typing import Any

import pytest
from systems.tiled_worlds import windows, xnor

from hyperdrive_sim.archs import registry
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, ChannelShuffle, Concat, Conv, GlobalMean, Layer, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.systems.segments import segments

ONE = Window.square(1)


def found(chip: str, network: Network, **settings: Any) -> list[list[str]]:
    arch = registry.load(chip)
    return [[layer.name for layer in part] for part in segments(network, arch, arch.Spec(**settings))]


def of(*layers: Layer) -> Network:
    return Network("n", Shape(16, 8, 8), layers)


def test_a_convolution_is_taken_with_what_the_chip_folds_in() -> None:
    assert found("xnorbin", windows()) == [["c1", "p1", "s1"], ["c2", "a2", "s2"], ["c3", "s3", "p3"], ["c4"]]


def test_sums_that_are_never_stored_are_added_in_one_go() -> None:
    """A projection on XNORBIN; on Hyperdrive, whose maps are numbers, it is a segment of its own."""
    layers = zoo.build("binary_resnet18", (3, 64, 64))
    joined = ["layer2.0.down", "layer2.0.conv2", "layer2.0.add", "layer2.0.sign"]
    assert joined in found("xnorbin", layers)
    of_resnet = found("hyperdrive", zoo.build("resnet18", (3, 64, 64)))
    assert ["layer2.0.down"] in of_resnet
    assert ["layer2.0.conv2", "layer2.0.add"] in of_resnet


def test_branches_that_are_summed_up_are_one_segment() -> None:
    both = ["layer1.0.base1.conv2", "layer1.0.base2.conv2", "layer1.0.add1", "layer1.0.add", "layer1.0.sign"]
    assert both in found("xnorbin", zoo.build("tiny_groupnet", (3, 8, 8)))


def test_what_only_moves_values_or_takes_whole_maps_is_left_to_the_host() -> None:
    network = of(
        Sign(name="s", inputs=(INPUT,)),
        xnor("a", "s", 8, ONE),
        Sign(name="sa", inputs=("a",)),
        xnor("b", "s", 8, ONE),
        Sign(name="sb", inputs=("b",)),
        Concat(name="both", inputs=("sa", "sb")),
        ChannelShuffle(name="dealt", inputs=("both",), groups=2),
        xnor("c", "dealt", 8, ONE),
        GlobalMean(name="mean", inputs=("c",)),
    )
    assert found("xnorbin", network) == [["a", "sa"], ["b", "sb"], ["c"]]


def test_a_map_that_others_read_too_ends_a_segment() -> None:
    network = of(
        Conv(name="a", inputs=(INPUT,), out_channels=16, window=ONE),
        Conv(name="b", inputs=("a",), out_channels=16, window=ONE, relu=False),
        Add(name="sum", inputs=("b", "a")),
        Conv(name="c", inputs=("sum",), out_channels=16, window=ONE),
    )
    assert found("hyperdrive", network) == [["a"], ["b", "sum"], ["c"]]


def test_a_network_of_which_the_chip_runs_nothing_has_none() -> None:
    assert found("xnorbin", of(Conv(name="a", inputs=(INPUT,), out_channels=4, window=ONE, weights="real"))) == []


@pytest.mark.parametrize("chip", ["xnorbin", "hyperdrive"])
def test_a_layer_too_large_for_any_tile_is_a_segment_all_the_same(chip: str) -> None:
    """What is too large is said when its tiles are cut."""
    kind = {"maps": "binary", "scale": False, "bias": False, "relu": False} if chip == "xnorbin" else {}
    layers: list[Layer] = [Sign(name="s", inputs=(INPUT,))] if chip == "xnorbin" else []
    layers.append(Conv(name="a", inputs=("s" if layers else INPUT,), out_channels=4, window=ONE, **kind))  # type: ignore[arg-type]
    small = {"parameter_buffer_bits": 16} if chip == "xnorbin" else {"feature_map_memory_bits": 1024}
    assert found(chip, of(*layers), **small) == [["a"]]
