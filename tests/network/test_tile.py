"""Tiles of networks: what they take, and that they compute what the whole network does there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import synthetic
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact, forward
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import (
    AXES,
    Activation,
    Add,
    BatchNorm,
    ChannelPad,
    ChannelShuffle,
    Concat,
    Conv,
    Dense,
    Flatten,
    GlobalMean,
    Layer,
    MaxPool,
    MeanPool,
    Quantise,
    Sign,
    Slice,
    Thermometer,
    Upsample,
)
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.tile import MapBlock, Tile, tile
from hyperdrive_sim.network.window import Window

SEED = 5


def conv(name: str, source: str, channels: int = 4, **more: Any) -> Conv:
    window = more.pop("window", Window.square(3, padding=1))
    return Conv(name=name, inputs=(source,), out_channels=channels, window=window, **more)


def network(*layers: Layer, shape: tuple[int, int, int] = (2, 8, 8)) -> Network:
    return Network("tiny", Shape(*shape), layers)


def cut_out(maps: dict[str, Array], block: MapBlock) -> Array:
    whole = maps[block.tensor]
    return whole[block.box.slices(Shape(whole.shape[2], *whole.shape[:2]).box)]


def differing(whole: Network, made: Tile) -> list[str]:
    """Maps of a tile that differ from those of the whole network, computed from its constants and its input, both cut."""
    constants, pictures = synthetic.random_parameters(whole, SEED), synthetic.random_inputs(whole, SEED)
    maps = {**pictures, **dict(forward(Computation(whole, constants, pictures, Exact())))}
    own: dict[str, Parameters] = {
        name: replace(constants[name].channels(*box[:2]), first=0) for name, (_, box) in made.blocks.items() if name in constants
    }
    inputs = {name: cut_out(maps, block) for name, block in made.inputs.items()}
    computed = dict(forward(Computation(made.network, own, inputs, Exact())))
    return [name for name, values in computed.items() if not np.allclose(values, cut_out(maps, made.blocks[name]), rtol=1e-12, atol=1e-12)]


# By pencil


def test_an_inner_tile_takes_its_halo_and_has_no_padding() -> None:
    whole = network(conv("conv", INPUT))
    made = tile(whole, Box(0, 4, 2, 4, 3, 6))
    assert made.inputs == {INPUT: MapBlock(INPUT, Box(0, 2, 1, 5, 2, 7))}
    assert made.network["conv"] == conv("conv", INPUT, window=Window.square(3))
    assert made.network.shape("conv") == (4, 2, 3)
    assert made.blocks["conv"] == MapBlock("conv", Box(0, 4, 2, 4, 3, 6))


def test_a_corner_keeps_the_padding_of_two_sides() -> None:
    made = tile(network(conv("conv", INPUT)), Box(1, 3, 0, 2, 6, 8))
    assert made.inputs[INPUT].box == Box(0, 2, 0, 3, 5, 8)
    assert made.network["conv"] == conv("conv", INPUT, 2, window=Window((3, 3), pads=(1, 0, 0, 1)))


def test_a_pooling_takes_overlapping_rows_and_keeps_its_own_padding() -> None:
    pool = MaxPool(name="pool", inputs=("conv",), window=Window.square(3, stride=2, padding=1))
    made = tile(network(conv("conv", INPUT), pool), Box(0, 4, 0, 2, 1, 2))
    assert made.blocks["conv"].box == Box(0, 4, 0, 4, 1, 4)
    assert made.inputs[INPUT].box == Box(0, 2, 0, 5, 0, 5)
    assert made.network["pool"] == replace(pool, window=Window((3, 3), (2, 2), pads=(1, 0, 0, 0)))


def test_a_map_that_is_read_with_and_without_halo_comes_in_twice() -> None:
    whole = network(conv("conv", INPUT, 2), Add(name="add", inputs=("conv", INPUT)))
    made = tile(whole, Box(0, 2, 2, 4, 0, 8))
    assert made.inputs == {"input": MapBlock(INPUT, Box(0, 2, 2, 4, 0, 8)), "input for conv": MapBlock(INPUT, Box(0, 2, 1, 5, 0, 8))}
    assert made.network["add"].inputs == ("conv", "input")
    assert made.network["conv"].inputs == ("input for conv",)
    assert differing(whole, made) == []


def test_groups_are_cut_whole_or_within_one() -> None:
    whole = network(conv("conv", INPUT, 6, groups=3), shape=(3, 8, 8))
    assert tile(whole, Box(2, 6, 0, 8, 0, 8)).network["conv"] == conv("conv", INPUT, 4, groups=2)
    assert tile(whole, Box(2, 6, 0, 8, 0, 8)).inputs[INPUT].box[:2] == (1, 3)
    assert tile(whole, Box(3, 4, 0, 8, 0, 8)).network["conv"] == conv("conv", INPUT, 1)
    with pytest.raises(InvalidInput) as error:
        tile(whole, Box(1, 4, 0, 8, 0, 8))
    assert str(error.value) == (
        "conv: is a conv3x3g3, of which a block has whole groups, or lies within one; "
        "it cannot be cut at the block channels 1:4, rows 0:8, columns 0:8"
    )


def test_a_concatenation_takes_only_what_is_in_the_block() -> None:
    whole = network(conv("a", INPUT), conv("b", INPUT), Concat(name="both", inputs=("a", "b")))
    assert [layer.name for layer in tile(whole, Box(5, 7, 0, 8, 0, 8)).network] == ["b", "both"]


@pytest.mark.parametrize(
    ("layers", "out", "why"),
    [
        ([Upsample(name="up", inputs=(INPUT,), factor=2)], Box(0, 2, 0, 3, 0, 4), "of which a block has all copies of a pixel"),
        ([ChannelShuffle(name="up", inputs=(INPUT,), groups=2)], Box(0, 1, 0, 8, 0, 8), "of which a block has all channels"),
        ([conv("up", INPUT, window=Window.square(1, padding=1))], Box(0, 4, 0, 1, 0, 8), "made of its padding alone there"),
        ([ChannelPad(name="up", inputs=(INPUT,), before=2)], Box(0, 1, 0, 8, 0, 8), "made of its padding alone there"),
        (
            [
                conv("x", INPUT),
                conv("y", "x"),
                Add(name="up", inputs=("y", "x")),
            ],
            Box(0, 4, 2, 4, 0, 8),
            "and other layers need another block of what it takes",
        ),
    ],
)
def test_what_cannot_be_cut_out_is_refused_by_name(layers: list[Layer], out: Box, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        tile(network(*layers), out)
    assert str(error.value).startswith("up: is a")
    assert str(error.value).endswith(f"{why}; it cannot be cut at the block {out}")


def test_a_network_of_several_outputs_has_no_tiles() -> None:
    with pytest.raises(InvalidInput, match=r"^network: 'tiny' has 2 outputs; a tile is a block of one map$"):
        tile(network(conv("a", INPUT), conv("b", INPUT)), Box(0, 1, 0, 1, 0, 1))


# At random

SIDES = st.integers(1, 3)
WINDOWS = st.builds(
    lambda kernel, stride, pads: Window(kernel, stride, pads=(pads[0], pads[1], pads[2], pads[3])),
    st.tuples(SIDES, SIDES),
    st.tuples(SIDES, SIDES),
    st.tuples(*[st.integers(0, 2)] * 4),
)

POOLS = WINDOWS.map(lambda w: w._replace(pads=tuple(min(pad, size - 1) for pad, size in zip(w.pads, w.kernel * 2, strict=True))))
"""Windows of which none lies in its padding alone, where no pixel is the largest."""

Make = Callable[[Any, str, str, Shape], Layer]


def _slice(draw: Any, name: str, source: str, shape: Shape) -> Layer:
    axis = draw(st.sampled_from(AXES))
    size = shape[AXES.index(axis)]
    start = draw(st.integers(0, size - 1))
    return Slice(name=name, inputs=(source,), axis=axis, start=start, stop=draw(st.integers(start + 1, size)), step=draw(SIDES))


KINDS: list[Make] = [
    lambda draw, n, x, s: conv(n, x, draw(st.integers(1, 4)), window=draw(WINDOWS), pad=draw(st.sampled_from((-1, 0, 1))), relu=False),
    lambda draw, n, x, s: conv(n, x, s.channels * 2, groups=s.channels, window=draw(WINDOWS), weights="real"),
    lambda draw, n, x, s: MaxPool(name=n, inputs=(x,), window=draw(POOLS)),
    lambda draw, n, x, s: MeanPool(name=n, inputs=(x,), window=draw(POOLS)),
    lambda draw, n, x, s: Sign(name=n, inputs=(x,)),
    lambda draw, n, x, s: BatchNorm(name=n, inputs=(x,)),
    lambda draw, n, x, s: Activation(name=n, inputs=(x,), function="prelu"),
    lambda draw, n, x, s: Quantise(name=n, inputs=(x,), step=0.25, low=-8, high=8),
    lambda draw, n, x, s: Thermometer(name=n, inputs=(x,), levels=2),
    lambda draw, n, x, s: Upsample(name=n, inputs=(x,), factor=2),
    lambda draw, n, x, s: ChannelShuffle(name=n, inputs=(x,), groups=1),
    lambda draw, n, x, s: ChannelPad(name=n, inputs=(x,), before=1, after=1),
    lambda draw, n, x, s: Concat(name=n, inputs=(x, x)),
    lambda draw, n, x, s: Add(name=n, inputs=(x, x)),
    _slice,
]
LAST: list[Make] = [
    lambda draw, n, x, s: Dense(name=n, inputs=(x,), features=3),
    lambda draw, n, x, s: GlobalMean(name=n, inputs=(x,)),
    lambda draw, n, x, s: Flatten(name=n, inputs=(x,)),
]


@st.composite
def chains(draw: Any) -> Network:
    """A few layers one after the other, of any kind, and perhaps a bypass around the first."""
    shape = Shape(draw(SIDES), draw(st.integers(3, 9)), draw(st.integers(3, 9)))
    layers: list[Layer] = []
    for number in range(draw(st.integers(1, 4))):
        source = layers[-1].name if layers else INPUT
        before = Network("chain", shape, layers) if layers else None
        make = draw(st.sampled_from(KINDS + LAST if number else KINDS))
        layers.append(make(draw, f"l{number}", source, before.shape(source) if before else shape))
        try:
            Network("chain", shape, layers)
        except InvalidInput:
            assume(False)
    return Network("chain", shape, layers)


@given(chains(), st.data())
def test_a_tile_computes_what_the_whole_does_there(whole: Network, data: Any) -> None:
    shape = whole.shape(whole.outputs[0])
    ranges = [sorted(data.draw(st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True))) for size in shape]
    out = Box(*(bound for low_high in ranges for bound in low_high))
    try:
        made = tile(whole, out)
    except InvalidInput:
        assume(False)
    assert made.network.shape(whole.outputs[0]) == out.shape
    assert all(block.box == block.box.clipped(whole.shape(block.tensor)) for block in made.blocks.values())
    assert differing(whole, made) == []
