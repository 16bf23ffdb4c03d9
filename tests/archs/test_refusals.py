"""What each architecture cannot run: refused by layer, property and cure, or left to the host where the graph allows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_several_maps import Given, built

from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.golden import Exact, forward
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Activation, Add, Concat, Conv, Layer, MaxPool, MeanPool, Sign, Upsample
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.testing.worlds import same
from hyperdrive_sim.text.wording import with_article

SHAPE = Shape(16, 8, 9)
SAME = Window.square(3, padding=1)
DATAPATHS = ("xnorbin", "chewbaccann")
NANDNETS = ("nandnet_dram", "nandnet_sram")

HYPERDRIVE = (
    "it runs binary 1 x 1 and 3 x 3 convolutions of stride 1 and 2 with 'same' padding (on one chip also with less), "
    "means of such windows, residual adds, "
    "leaky ReLUs, channel shuffles, concatenations and enlargements by 2"
)
DATAPATH = "it runs XNOR convolutions in one group, without dilation, of one stride"


def conv(name: str, source: str, window: Window = SAME, **more: Any) -> Conv:
    return Conv(name=name, inputs=(source,), out_channels=16, window=window, **more)


def xnor(name: str, source: str, window: Window = SAME, **more: Any) -> Conv:
    return conv(name, source, window, maps="binary", scale=False, bias=False, relu=False, **more)


def sign(name: str, source: str) -> Sign:
    return Sign(name=name, inputs=(source,))


def alone(layer: Conv) -> Network:
    """One convolution; behind a sign if it is one of signs."""
    return Network("one", SHAPE, [sign("s", INPUT), layer] if layer.maps == "binary" else [layer])


def refusal(architecture: str, network: Network) -> str:
    with pytest.raises(InvalidInput) as failure:
        assert built(architecture, network).compiled
    return str(failure.value)


@pytest.mark.parametrize(
    ("changes", "property_"),
    [
        ({"window": Window.square(5, padding=2)}, "has a kernel of 5 x 5"),
        ({"window": Window((1, 3), pads=(0, 1, 0, 1))}, "has a kernel of 1 x 3"),
        ({"window": Window.square(3, padding=2, dilation=2)}, "has dilation 2 x 2"),
        ({"window": Window.square(3, padding=1, dilation=2)}, "has dilation 2 x 2"),
        ({"window": Window((3, 3), (2, 1), pads=(1, 1, 1, 1))}, "has stride 2 x 1"),
        ({"window": Window.square(3, stride=3, padding=1)}, "has stride 3 x 3"),
        ({"window": Window((3, 3), pads=(0, 1, 2, 1))}, "has pads (0, 1, 2, 1), 'same' would be (1, 1, 1, 1)"),
        ({"pad": 1}, "is padded with +1"),
    ],
)
def test_hyperdrive_says_which_property_does_not_fit(changes: dict[str, Any], property_: str) -> None:
    layer = replace(conv("c", INPUT), **changes)
    assert refusal("hyperdrive", alone(layer)) == f"c: {property_}; Hyperdrive can run no layer of 'one'; {HYPERDRIVE}"
    between = [conv("a", INPUT), replace(layer, inputs=("a",)), conv("b", "c")]
    problem = f"c: is a {layer.kind} between layers on the chip, which Hyperdrive cannot run: it {property_}"
    assert refusal("hyperdrive", Network("n", SHAPE, between)) == f"{problem}; {HYPERDRIVE}"


@pytest.mark.parametrize(
    ("layer", "property_"),
    [
        (Upsample(name="c", inputs=("a",), factor=3), "enlarges by 3"),
        (Activation(name="c", inputs=("a",), function="sigmoid"), "is neither a ReLU of a convolution nor a leaky one"),
        (Activation(name="c", inputs=("a",), function="leaky_relu"), "is not the only reader of a convolution or a residual add, 'a'"),
        (MeanPool(name="c", inputs=("a",), window=Window.square(2, stride=2, padding=1)), "has a kernel of 2 x 2"),
        (MeanPool(name="c", inputs=("a",), window=SAME, count_pads=False), "leaves its padding out of the mean"),
        (MaxPool(name="c", inputs=("a",), window=Window.square(2, stride=2)), "has no hardware for that"),
    ],
)
def test_hyperdrive_runs_nothing_else_between_its_layers(layer: Layer, property_: str) -> None:
    network = Network("n", SHAPE, [conv("a", INPUT), layer, conv("b", "c"), conv("d", "a")])
    what = f"c: is {with_article(layer.kind)} between layers on the chip"
    assert refusal("hyperdrive", network) == f"{what}, which Hyperdrive cannot run: it {property_}; {HYPERDRIVE}"


def test_hyperdrive_adds_no_map_to_itself() -> None:
    network = Network("n", SHAPE, [conv("a", INPUT, bias=False, relu=False), Add(name="c", inputs=("a", "a")), conv("b", "c")])
    problem = "c: is an add between layers on the chip, which Hyperdrive cannot run: it adds a map to itself"
    assert refusal("hyperdrive", network) == f"{problem}; {HYPERDRIVE}"


def test_hyperdrive_adds_to_nothing_that_the_host_computes() -> None:
    """Its other input is the chip's, so the add would be the chip's as well, and nobody would compute it."""
    theirs = conv("theirs", INPUT, weights="real", bias=False, relu=False)
    network = Network("n", SHAPE, [conv("ours", INPUT), theirs, Add(name="c", inputs=("theirs", "ours"))])
    problem = "c: adds to the result of 'theirs', which Hyperdrive cannot run: it has real weights"
    assert refusal("hyperdrive", network) == f"{problem}; {HYPERDRIVE}"


@pytest.mark.parametrize("architecture", DATAPATHS)
@pytest.mark.parametrize(
    ("changes", "property_"),
    [
        ({"groups": 2}, "has 2 groups"),
        ({"window": Window.square(3, dilation=2)}, "has dilation 2 x 2"),
        ({"window": Window((3, 3), (1, 2))}, "has stride 1 x 2"),
    ],
)
def test_the_datapath_says_which_property_does_not_fit(architecture: str, changes: dict[str, Any], property_: str) -> None:
    network = alone(replace(xnor("c", "s"), **changes))
    assert refusal(architecture, network) == f"c: {property_}; the chip can run no layer of 'one'; {DATAPATH}"


@pytest.mark.parametrize("architecture", NANDNETS)
def test_nandnet_has_no_groups(architecture: str) -> None:
    sentence = "c: has 2 groups; the accelerator can run no layer of 'one'; it runs XNOR convolutions in one group"
    assert refusal(architecture, alone(xnor("c", "s", groups=2))) == sentence


def is_golden(world: Given) -> bool:
    """Proven, replayed, and the same as golden; where no count falls short, golden is float64's as well."""
    if world.architecture.name in DATAPATHS:
        exact = dict(forward(world.computation._replace(arithmetic=Exact())))
        assert [name for name, values in exact.items() if not np.array_equal(values, world.golden[name])] == []
    hazards.check(world.compiled)
    outputs = list(replay(world.compiled, world.computation))
    assert all(np.ptp(values) > 0 for output in outputs for values in output.values())
    return all(same(values, world.golden[name]) for output in outputs for name, values in output.items())


STRANGE: list[Layer] = [
    xnor("c", "s1", groups=4),
    xnor("c", "s1", Window.square(3, padding=2, dilation=2)),
    xnor("c", "s1", Window((3, 3), (1, 2), pads=(1, 1, 1, 1))),
    Concat(name="c", inputs=("s1", "s0")),
    Upsample(name="c", inputs=("s1",), factor=2),
]


@pytest.mark.parametrize("architecture", [*DATAPATHS, *NANDNETS])
@pytest.mark.parametrize("layer", STRANGE, ids=lambda layer: layer.kind)
def test_a_strange_layer_between_others_is_the_hosts_where_the_chip_cannot_run_it(architecture: str, layer: Layer) -> None:
    behind: list[Layer] = [sign("s2", "c"), xnor("last", "s2")]
    world = built(architecture, Network("n", SHAPE, [sign("s0", INPUT), xnor("first", "s0"), sign("s1", "first"), layer, *behind]))
    ours = architecture in NANDNETS and isinstance(layer, Conv) and layer.groups == 1
    assert ("c" in world.layers) == ours, "NAND-Net counts the products of any window"
    assert {"first", "last"} <= set(world.layers)
    assert is_golden(world)


@pytest.mark.parametrize("architecture", [*DATAPATHS, *NANDNETS])
@pytest.mark.parametrize(
    "window",
    [
        Window((1, 5), pads=(0, 2, 0, 1)),
        Window((4, 2), (2, 2), pads=(3, 0, 1, 1)),
        Window((9, 3), pads=(4, 1, 4, 1)),  # of more rows than the datapath has units: two passes
    ],
)
def test_kernels_and_pads_that_are_not_alike_run_on_the_chip(architecture: str, window: Window) -> None:
    pool = MaxPool(name="p", inputs=("first",), window=Window((2, 1), (2, 1), pads=(1, 0, 0, 0)))
    network = Network("n", SHAPE, [sign("s0", INPUT), xnor("first", "s0", window, pad=-1), pool, sign("s1", "p"), xnor("last", "s1")])
    world = built(architecture, network)
    assert {"first", "p", "s1", "last"} <= set(world.layers)
    assert is_golden(world)


@pytest.mark.parametrize("architecture", DATAPATHS)
def test_sums_of_the_host_are_not_added_to_on_the_chip(architecture: str) -> None:
    theirs, ours = xnor("theirs", "s", groups=2), xnor("ours", "s")
    network = Network("n", SHAPE, [sign("s", INPUT), theirs, ours, Add(name="sum", inputs=("ours", "theirs"), relu=False)])
    assert refusal(architecture, network) == "sum: adds the sums of 'theirs'; the chip adds to sums of its own or to signs only"
    both = [theirs, replace(theirs, name="more"), Add(name="sum", inputs=("theirs", "more"), relu=False), ours]
    world = built(architecture, Network("n", SHAPE, [sign("s", INPUT), *both]))
    assert world.layers == ["ours"], "the host adds up what it computes"
    assert is_golden(world)


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ([conv("a", INPUT), Add(name="c", inputs=("a", INPUT))], "adds to the result of 'a', which has a ReLU of its own"),
        (
            [conv("a", INPUT, relu=False), Add(name="c", inputs=("a", INPUT)), conv("b", "a"), conv("d", "c")],
            "adds to the result of 'a', which other layers read too",
        ),
        (
            [conv("a", INPUT), conv("b", "a", relu=False), Add(name="s", inputs=("b", "a")), Add(name="c", inputs=("s", "a"))],
            "adds to 's', which is no convolution's result",
        ),
    ],
)
def test_hyperdrive_says_why_a_sum_does_not_fit(layers: list[Layer], problem: str) -> None:
    """The sum is read once more, so that it cannot be left to the host."""
    network = Network("n", SHAPE, [*layers, conv("last", "c")])
    assert refusal("hyperdrive", network).startswith(f"c: {problem}; Hyperdrive adds a bypass to a convolution's sums, before its ReLU")
