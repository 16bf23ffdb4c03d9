"""A layer is one file: one made up here goes through network, drawn constants and golden, and no other module knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Computation, Exact, forward
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Conv, Layer, Shapes, Sign, Weightless
from hyperdrive_sim.network.layers.constants import Around, Range, drawn, map_range
from hyperdrive_sim.network.layers.values import DType, computed
from hyperdrive_sim.network.parameters import Array, Parameters
from hyperdrive_sim.network.synthetic import random_inputs, random_parameters
from hyperdrive_sim.network.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Weightless):
    """A map times another one, times a factor per channel."""

    name: str
    inputs: tuple[str, str]

    kind = "gate"

    def output(self, shapes: Shapes) -> Shape:
        return shapes[0]

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out

    def ops(self, size: int, shapes: Shapes) -> int:
        return 2 * size


@computed.register(Gate)
def _computed(layer: Gate, operands: Sequence[Array], parameters: Parameters, dtype: DType) -> Array:
    assert parameters.scale is not None
    one, other = (operand.astype(dtype) for operand in operands)
    return one * other * parameters.scale.astype(dtype)


@drawn.register(Gate)
def _drawn(layer: Gate, rng: np.random.Generator, around: Around) -> Parameters:
    return Parameters(scale=rng.uniform(1, 2, around.channels))


@map_range.register(Gate)
def _range(layer: Gate, ranges: Sequence[Range], shapes: Shapes) -> Range:
    return Range(10_000.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing(Weightless):
    """A layer that says its geometry and no more."""

    name: str
    inputs: tuple[str]

    kind = "nothing"

    def output(self, shapes: Shapes) -> Shape:
        return shapes[0]

    def needs(self, which_input: int, out: Box, shapes: Shapes) -> Box:
        return out


def gated() -> Network:
    conv = Conv(name="conv", inputs=(INPUT,), out_channels=2, window=Window.square(3, padding=1), relu=False)
    layers: list[Layer] = [conv, Gate(name="gate", inputs=("conv", INPUT)), Sign(name="sign", inputs=("gate",))]
    return Network("gated", Shape(2, 4, 5), layers)


def test_a_network_takes_it() -> None:
    network = gated()
    assert (network.shape("gate"), network.macs("gate"), network.ops("gate")) == (Shape(2, 4, 5), 0, 80), "two operations a value"
    assert (network.weight_bits("gate"), network.is_signs("gate"), network.is_sums("gate")) == (0, False, False)


def test_its_constants_are_drawn_and_its_range_moves_what_follows() -> None:
    parameters = random_parameters(gated(), 3)
    scale = parameters["gate"].scale
    assert scale is not None
    assert ((scale >= 1) & (scale < 2)).all(), "drawn by the layer's own rule"
    norm = parameters["sign"]
    assert norm.scale is not None
    assert norm.bias is not None
    assert np.allclose(-norm.bias / norm.scale, 10_000, atol=10), "the sign's zero lies where the range says the values are"


def test_golden_computes_it() -> None:
    network = gated()
    computation = Computation(network, random_parameters(network, 3), random_inputs(network, 3), Exact())
    maps, scale = dict(forward(computation)), computation.parameters["gate"].scale
    assert scale is not None
    for row, column, channel in np.ndindex(4, 5, 2):
        expected = maps["conv"][row, column, channel] * np.float64(computation.inputs[INPUT][row, column, channel]) * scale[channel]
        assert maps["gate"][row, column, channel] == expected, (row, column, channel)


def test_a_layer_that_registers_nothing_has_no_constants_and_no_value() -> None:
    network = Network("nothing", Shape(1, 2, 2), [Nothing(name="n", inputs=(INPUT,))])
    assert random_parameters(network, 0) == {}
    with pytest.raises(TypeError) as failure:
        dict(forward(Computation(network, {}, random_inputs(network, 0), Exact())))
    assert str(failure.value) == "nothing says what 'n', a nothing, computes; register it with values.computed"
