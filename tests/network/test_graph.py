"""A network is checked at birth, and its order is that of the page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import (
    Add,
    ChannelShuffle,
    Concat,
    Conv,
    Dense,
    GlobalMean,
    Layer,
    MaxPool,
    MeanPool,
    Sign,
    Thermometer,
    Upsample,
)
from hyperdrive_sim.network.window import Window

X = Shape(4, 6, 5)


def conv(name: str, source: str = INPUT, **changes: Any) -> Conv:
    window = Window.square(changes.pop("kernel", 3), stride=changes.pop("stride", 1), padding=changes.pop("padding", 1))
    return Conv(**{"name": name, "inputs": (source,), "out_channels": 4, "window": window, **changes})


def add(name: str, one: str, other: str) -> Add:
    return Add(name=name, inputs=(one, other))


def diamond() -> list[Layer]:
    """A stem, two branches of unequal length, a sum, a classifier."""
    return [
        conv("stem"),
        conv("left1", "stem", stride=2),
        conv("left2", "left1", out_channels=7),
        conv("right", "stem", out_channels=7, stride=2, kernel=1, padding=0),
        add("sum", "left2", "right"),
        Dense(name="fc", inputs=("sum",), features=3),
    ]


def order(network: Network) -> list[str]:
    return [layer.name for layer in network]


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([], "network: has no layers; give it at least one"),
        ([conv("a"), conv("b", "a"), conv("a", "b")], "a: is the name of two layers; give each layer a name of its own"),
        (
            [conv("a"), conv(INPUT, "a")],
            "input: is the name of the network's input and of a layer; give the layer a name of its own",
        ),
        ([conv("")], "network: layer number 0 has the name ''; a name is text"),
        ([conv("a"), Sign(name=None, inputs=("a",))], "network: layer number 1 has the name None; a name is text"),
        ([conv("a", inputs=INPUT)], "a: has the inputs 'input'; they are a tuple of names: ('input',)"),
        ([conv("a"), conv("b", "aa")], "b: takes its input from 'aa', which is no layer of this network"),
        ([conv("a", "b"), conv("b", "a")], "network: has a cycle; a layer must not depend on its own output"),
        ([conv("a"), conv("b", "b")], "network: has a cycle; a layer must not depend on its own output"),
        (
            [conv("a", stride=2), conv("b", "a", padding=0, kernel=5)],
            "input_shape: is too small: layer 'b' would turn 4 x 3 x 3 into 4 x 0 x 0; take a larger input",
        ),
        (
            [conv("a"), conv("b", stride=2), add("sum", "a", "b")],
            "sum: cannot add 4 x 6 x 5 and 4 x 3 x 3; both inputs must have one shape",
        ),
    ],
)
def test_what_is_no_network_is_refused(layers: list[Layer], sentence: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        Network("wrong", X, layers)
    assert str(failure.value) == sentence
    assert failure.value.exit_code == 2


@pytest.mark.parametrize(("kernel", "padding", "extent"), [(1, 1, 1), (2, 2, 2), (2, 3, 3)])
def test_the_largest_of_no_signs_is_no_sign(kernel: int, padding: int, extent: int) -> None:
    """A window of two taps that lie two pixels apart covers three."""
    window = Window.square(kernel, padding=padding, dilation=max(1, extent - 1))
    layers = [Sign(name="s", inputs=(INPUT,)), MaxPool(name="p", inputs=("s",), window=window)]
    with pytest.raises(InvalidInput) as failure:
        Network("wrong", X, layers)
    problem = f"has windows over signs that lie in its pads {(padding,) * 4} alone, where no sign is the largest"
    assert str(failure.value) == f"p: {problem}; pads must be less than the window's {extent} x {extent} pixels"
    assert Network("real", X, [MaxPool(name="p", inputs=(INPUT,), window=window)]).holds("p") == "real"


def test_an_input_without_pixels_is_refused() -> None:
    with pytest.raises(
        InvalidInput, match=r"^input_shape: is too small: layer 'a' would turn 4 x 0 x 5 into 4 x 0 x 5; take a larger input$"
    ):
        Network("empty", Shape(4, 0, 5), [conv("a")])


@pytest.mark.parametrize("shape", [(0, 6, 5), (6, 5), (4.0, 6, 5), "465", (4, 6, None)])
def test_an_input_that_has_no_shape_is_refused(shape: Any) -> None:
    with pytest.raises(InvalidInput) as failure:
        Network("wrong", {"left": shape}, [conv("a", "left")])
    wanted = "must be three integers of at least 1, (channels, rows, columns)"
    assert str(failure.value) == f"input_shape: of 'left' {wanted}, not {shape!r}"


def test_every_map_has_its_shape() -> None:
    network = Network("diamond", X, diamond())
    shapes = {name: network.shape(name) for name in (INPUT, *order(network))}
    assert shapes == {
        "input": (4, 6, 5),
        "stem": (4, 6, 5),
        "left1": (4, 3, 3),
        "left2": (7, 3, 3),
        "right": (7, 3, 3),
        "sum": (7, 3, 3),
        "fc": (3, 1, 1),
    }
    assert network.input_shapes(network["sum"]) == (Shape(7, 3, 3), Shape(7, 3, 3))


def test_the_order_is_that_of_the_page() -> None:
    """Written backwards, `right` comes before the left branch, because it was written first and could come next."""
    assert order(Network("forth", X, diamond())) == ["stem", "left1", "left2", "right", "sum", "fc"]
    assert order(Network("back", X, diamond()[::-1])) == ["stem", "right", "left1", "left2", "sum", "fc"]


@given(st.permutations(diamond()))
def test_of_layers_that_could_come_next_the_first_written_does(layers: list[Layer]) -> None:
    known: set[str] = {INPUT}
    expected: list[str] = []
    while len(expected) < len(layers):
        following = next(layer.name for layer in layers if layer.name not in known and known.issuperset(layer.inputs))
        known.add(following)
        expected.append(following)
    assert order(Network("any", X, layers)) == expected


def test_a_network_is_a_graph() -> None:
    network = Network("diamond", X, diamond())
    assert set(network.graph.edges) == {
        ("input", "stem"),
        ("stem", "left1"),
        ("stem", "right"),
        ("left1", "left2"),
        ("left2", "sum"),
        ("right", "sum"),
        ("sum", "fc"),
    }
    assert network.consumers("stem") == ("left1", "right")
    assert network.consumers("fc") == ()
    assert network.outputs == ("fc",)
    assert len(network) == 6
    assert list(network.maps) == ["input", "stem", "left1", "left2", "right", "sum", "fc"]


def test_what_a_map_leads_to_and_what_leads_to_it() -> None:
    network = Network("diamond", X, diamond())
    assert network.after({"left1"}) == {"left2", "sum", "fc"}
    assert network.after({"left1", "stem"}) == {"left1", "left2", "right", "sum", "fc"}
    assert network.before({"left2"}) == {"input", "stem", "left1"}
    assert network.before({"left2", "stem"}) == {"input", "stem", "left1"}
    assert network.after({"fc"}) == network.before({"input"}) == set()


def test_a_layer_may_take_one_map_twice() -> None:
    network = Network("double", X, [conv("a"), add("sum", "a", "a")])
    assert network.shape("sum") == X
    assert network.consumers("a") == ("sum",)


def test_work_of_a_layer_and_of_a_block_of_it() -> None:
    network = Network("diamond", X, diamond())
    block = Box(0, 2, 0, 3, 1, 2)  # six of the 63 values of left2, of 36 taps each
    assert (network.macs("left2"), network.macs("left2", block)) == (63 * 36, 6 * 36)
    assert (network.ops("left2"), network.ops("left2", block)) == (63 * 74, 6 * 74)
    assert network.weight_bits("left2") == 7 * 36
    assert network.weight_bits("fc") == 3 * 63 * 16
    assert network.ops("sum") == 63


def test_the_input_shape_may_be_a_plain_tuple() -> None:
    network = Network("mean", (4, 6, 5), [GlobalMean(name="mean", inputs=(INPUT,))])  # type: ignore[arg-type]
    assert network.inputs == {INPUT: X}
    assert network.ops("mean") == 4 * 30


# --- maps of signs ---


def xnor(name: str, source: str, **changes: Any) -> Conv:
    return conv(name, source, **{"maps": "binary", "scale": False, "bias": False, "relu": False, **changes})


def sign(name: str, source: str = INPUT) -> Sign:
    return Sign(name=name, inputs=(source,))


def pool(name: str, source: str, kernel: int = 2, stride: int = 2, padding: int = 0) -> MaxPool:
    return MaxPool(name=name, inputs=(source,), window=Window.square(kernel, stride=stride, padding=padding))


def binary() -> list[Layer]:
    """Sums and signs of every kind."""
    return [
        sign("signs"),
        Thermometer(name="code", inputs=(INPUT,), levels=2),
        MeanPool(name="mean", inputs=("signs",), window=Window.square(1)),
        pool("largest", "signs", 1, 1),
        pool("largest of largest", "largest", 1, 1),
        xnor("sums", "largest of largest", relu=True),
        xnor("factored", "signs", scale=True),
        xnor("moved", "signs", bias=True),
        conv("real", "signs", scale=False, bias=False, weights="real"),
        conv("of numbers", "sums", scale=False, bias=False),
        xnor("of the code", "code"),
        pool("largest sum", "sums", 1, 1),
        add("sums and signs", "sums", "signs"),
        add("sums and sums", "sums and signs", "of the code"),
        add("signs and sums", "signs", "sums"),
        add("sums and real", "sums", "real"),
        Add(name="sums and an offset", inputs=("sums", "signs"), bias=True),
    ]


def test_which_maps_hold_signs_and_which_sums() -> None:
    network = Network("binary", X, binary())
    names = [INPUT, *order(network)]
    assert {name for name in names if network.is_signs(name)} == {"signs", "code", "largest", "largest of largest"}
    assert {name for name in names if network.is_sums(name)} == {"sums", "of the code", "sums and signs", "sums and sums"}


@pytest.mark.parametrize("source", [INPUT, "mean", "sums", "real", "largest sum", "sums and signs"])
def test_a_convolution_over_signs_needs_signs(source: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        Network("wrong", X, [*binary(), xnor("last", source)])
    assert str(failure.value) == f"last: is a convolution over signs, which '{source}' does not give; put a Sign before it"
    Network("right", X, [*binary(), sign("before", source), xnor("last", "before"), conv("over numbers", source)])


def pooled(kernel: int, stride: int, padding: int = 0) -> Network:
    """A map of 13 x 13 through a convolution of three by three, pooling and a sign."""
    layers: list[Layer] = [sign("s"), xnor("conv", "s"), pool("pool", "conv", kernel, stride, padding), sign("t", "pool")]
    return Network("pooled", Shape(3, 13, 13), layers)


@pytest.mark.parametrize(
    ("network", "out", "under"),
    [
        (pooled(3, 2), Box(2, 4, 1, 3, 0, 2), Box(2, 4, 2, 7, 0, 5)),
        (pooled(3, 2), Box(0, 4, 5, 6, 5, 6), Box(0, 4, 10, 13, 10, 13)),
        (pooled(3, 2), Box(0, 4, 0, 6, 0, 6), Box(0, 4, 0, 13, 0, 13)),
        (pooled(2, 2), Box(1, 2, 5, 6, 0, 1), Box(1, 2, 10, 12, 0, 2)),
        (pooled(2, 2), Box(1, 2, 0, 6, 0, 5), Box(1, 2, 0, 12, 0, 10)),  # a part takes what it needs
        (pooled(2, 2), Box(1, 2, 0, 5, 0, 6), Box(1, 2, 0, 10, 0, 12)),
        (pooled(2, 2), Box(1, 2, 0, 6, 0, 6), Box(1, 2, 0, 13, 0, 13)),  # the whole also the thirteenth row and column
        (pooled(3, 2, 1), Box(0, 4, 0, 1, 6, 7), Box(0, 4, 0, 2, 11, 13)),  # -1:2 and 11:14, less the padding
        (pooled(3, 2, 1), Box(0, 4, 2, 3, 3, 4), Box(0, 4, 3, 6, 5, 8)),
    ],
)
def test_what_lies_under_a_block_of_layers_in_one_go(network: Network, out: Box, under: Box) -> None:
    """The convolution's own window is not part of it: that is the first layer's, whose output the first block is."""
    assert network.under(("conv", "pool", "t"), out) == (under, out, out)
    assert network.under(("conv", "pool"), out) == (under, out)
    assert network.under(("pool", "t"), out) == (out, out)
    assert network.under(("t",), out) == (out,)


def test_under_two_poolings() -> None:
    """13 pooled to 6 and 3: row 2 of the last comes from rows 4:6 and these from 8:12; all of it from everything."""
    layers: list[Layer] = [sign("s"), xnor("conv", "s"), pool("one", "conv"), pool("two", "one")]
    network = Network("twice", Shape(3, 13, 13), layers)
    names = ("conv", "one", "two")
    assert network.under(names, Box(0, 4, 2, 3, 0, 1)) == (Box(0, 4, 8, 12, 0, 4), Box(0, 4, 4, 6, 0, 2), Box(0, 4, 2, 3, 0, 1))
    assert network.under(names, Box(0, 2, 0, 3, 0, 3)) == (Box(0, 2, 0, 13, 0, 13), Box(0, 2, 0, 6, 0, 6), Box(0, 2, 0, 3, 0, 3))


# --- what passes between an accelerator and its host ---


def test_what_leaves_and_what_it_is_made_from() -> None:
    """a -> b -> c -> d, and b -> d: b and d are the accelerator's, the rest is the host's."""

    def conv(name: str, source: str) -> Conv:
        return Conv(name=name, inputs=(source,), out_channels=1, window=Window.square(1))

    layers = [conv("a", "input"), conv("b", "a"), conv("c", "b"), Add(name="d", inputs=("c", "b")), conv("e", "d")]
    net = Network("n", Shape(1, 2, 2), layers)
    assert net.leaving(("b", "d"), {"a", "c", "e"}) == ("b", "d")
    assert net.leaving(("b", "e"), {"a"}) == ("e",)
    assert list(net.made_from("e", {"b"})) == ["b", "b"]
    assert list(net.made_from("e", {"d", "b"})) == ["d"]
    assert list(net.made_from("a", {"b"})) == list(net.made_from("input", {"b"})) == []


# --- several inputs and outputs ---

LEFT, RIGHT = Shape(4, 6, 5), Shape(2, 6, 5)
BOTH = {"left": LEFT, "right": RIGHT}


def heads() -> list[Layer]:
    """Two inputs, a trunk over both, two heads on it."""
    return [
        Concat(name="both", inputs=("left", "right")),
        conv("trunk", "both"),
        conv("depth", "trunk", out_channels=1),
        conv("flow", "trunk", out_channels=2),
    ]


def two_heads(outputs: tuple[str, ...] | None = None) -> Network:
    return Network("heads", BOTH, heads(), outputs)


def test_inputs_and_outputs_have_names() -> None:
    network = two_heads()
    assert network.inputs == BOTH
    assert network.outputs == ("depth", "flow"), "what nobody reads, in the network's order"
    assert network.shape("both") == Shape(6, 6, 5)
    assert network.consumers("left") == network.consumers("right") == ("both",)
    assert order(network) == ["both", "trunk", "depth", "flow"]
    assert two_heads(("flow", "trunk", "depth")).outputs == ("flow", "trunk", "depth"), "as named, one that is read as well"


@pytest.mark.parametrize(
    ("inputs", "outputs", "sentence"),
    [
        (
            BOTH,
            ("depth",),
            "flow: is read by no layer and is no output; leave it out, or name it among the outputs",
        ),
        (
            BOTH,
            ("depth", "flow", "left"),
            "outputs: 'left' is no layer of this network; name layers, or none for all that nobody reads",
        ),
        (BOTH | {"spare": RIGHT}, None, "spare: is an input that no layer reads; leave it out"),
        ({"left": LEFT}, None, "both: takes its input from 'right', which is no layer of this network"),
        (
            BOTH | {"flow": RIGHT},
            None,
            "flow: is the name of the network's input and of a layer; give the layer a name of its own",
        ),
    ],
)
def test_inputs_and_outputs_that_cannot_be(inputs: dict[str, Shape], outputs: tuple[str, ...] | None, sentence: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        Network("wrong", inputs, heads(), outputs)
    assert str(failure.value) == sentence


def test_every_output_leaves() -> None:
    network = two_heads(("depth", "flow", "trunk"))
    assert network.leaving(("trunk", "depth", "flow"), ()) == ("trunk", "depth", "flow")
    assert two_heads().leaving(("both", "trunk", "depth"), {"trunk"}) == ("both", "depth")


def test_a_map_with_one_reader_only() -> None:
    network = Network("n", X, [conv("a"), conv("b", "a"), conv("c", "b"), conv("d", "b"), add("e", "d", "d")], ("c", "d", "e"))
    readers = {name: layer and layer.name for name in ("a", "b", "c", "d", "e") for layer in [network.only_reader(name)]}
    assert readers == {"a": "b", "b": None, "c": None, "d": None, "e": None}, "b has two, c and e none, d is an output as well"
    plain = Network("n", X, [conv("d"), add("e", "d", "d")]).only_reader("d")
    assert plain is not None
    assert plain.name == "e", "who reads a map twice is one reader"


def test_a_part_is_a_network_between_the_maps_that_cross() -> None:
    """Of stem, left1, left2, right, sum, fc: the left branch and the sum take the stem's map and the right branch's."""
    network = Network("diamond", X, diamond())
    part = network.part(("sum", "left1", "left2"))
    assert part.inputs == {"stem": Shape(4, 6, 5), "right": Shape(7, 3, 3)}
    assert order(part) == ["left1", "left2", "sum"]
    assert part.outputs == ("sum",)
    assert network.part(("stem", "left1")).outputs == ("stem", "left1"), "the stem's map is read inside and outside"
    assert network.part(order(network)).outputs == ("fc",)
    assert two_heads(("depth", "flow", "trunk")).part(("trunk", "depth")).outputs == ("trunk", "depth"), "outputs of the whole stay outputs"
    for name in order(part):
        assert (part.shape(name), part.macs(name)) == (network.shape(name), network.macs(name)), name


def test_a_part_knows_what_its_inputs_hold() -> None:
    network = Network("binary", X, [sign("s"), xnor("a", "s"), sign("t", "a"), xnor("b", "t"), add("c", "b", "a")])
    part = network.part(("b", "c"))
    assert {name: part.holds(name) for name in ("t", "a", "b", "c")} == {"t": "signs", "a": "sums", "b": "sums", "c": "sums"}
    with pytest.raises(InvalidInput, match=r"^a: is a convolution over signs, which 'input' does not give; put a Sign before it$"):
        Network("wrong", X, [xnor("a", INPUT)])
    assert Network("right", X, [xnor("a", INPUT)], holds={INPUT: "signs"}).is_sums("a")


def test_a_part_of_what_is_not_there() -> None:
    with pytest.raises(InvalidInput) as failure:
        two_heads().part(("trunk", "left"))
    assert str(failure.value) == "part: 'left' is no layer of 'heads'; name layers of the network"


# Maps that lie in others


def moved() -> Network:
    """A map of half the size enlarged beside one of the whole size, their channels shuffled."""
    layers = [
        conv("half", stride=2, out_channels=2),
        conv("whole"),
        Upsample(name="large", inputs=("half",), factor=2),
        Concat(name="both", inputs=("large", "whole")),
        ChannelShuffle(name="mixed", inputs=("both",), groups=3),
        conv("last", "mixed", out_channels=6),
        Add(name="sum", inputs=("last", "both")),
    ]
    return Network("moved", Shape(4, 6, 6), layers)


def test_a_block_of_a_map_lies_in_blocks_of_others() -> None:
    network, made = moved(), {"half", "whole"}
    assert list(network.lying("whole", Box(1, 2, 0, 1, 0, 6), made)) == [("whole", Box(1, 2, 0, 1, 0, 6))]
    assert list(network.lying("both", Box(0, 2, 1, 4, 0, 6), made)) == [("half", Box(0, 2, 0, 2, 0, 3))], "its first two channels"
    assert list(network.lying("both", Box(1, 4, 0, 2, 2, 4), made)) == [("half", Box(1, 2, 0, 1, 1, 2)), ("whole", Box(0, 2, 0, 2, 2, 4))]
    assert list(network.lying("mixed", Box(0, 1, 5, 6, 5, 6), made)) == [("half", Box(0, 2, 2, 3, 2, 3)), ("whole", Box(0, 4, 5, 6, 5, 6))]


def test_bypasses_of_fused_layers() -> None:
    assert list(moved().bypasses(("last", "sum"))) == ["both"]
    assert list(moved().bypasses(("last",))) == []
