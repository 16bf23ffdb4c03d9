"""The networks of the papers have the operations and the weights of the papers."""

from __future__ import annotations

import pytest

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv
from hyperdrive_sim.text.wording import counted

RESNETS = [name for name in zoo.names() if name.startswith("resnet")]


def build(name: str, rows: int = 224, columns: int = 224) -> Network:
    return zoo.build(name, (zoo.channels(name) or 3, rows, columns))


def residual(network: Network) -> list[str]:
    return [layer.name for layer in network if layer.name.startswith("layer")]


def residual_convolutions(network: Network, *, projections: bool = True) -> list[str]:
    return [name for name in residual(network) if isinstance(network[name], Conv) and (projections or not name.endswith("down"))]


def weight_bits(network: Network, *, projections: bool = True) -> int:
    return sum(network.weight_bits(name) for name in residual_convolutions(network, projections=projections))


@pytest.mark.parametrize(
    ("name", "mac_ops", "ops", "bits"),
    [
        ("resnet34", 7_090_470_912, 7_097_721_344, 21_258_240),
        ("resnet18", 3_391_094_784, 3_395_209_216, 11_157_504),  # 5 Op more per output pixel of a block, 2 per pixel of a projection
    ],
)
def test_basic_resnets_add_up(name: str, mac_ops: int, ops: int, bits: int) -> None:
    network = build(name)
    assert sum(2 * network.macs(layer) for layer in residual_convolutions(network)) == mac_ops
    assert sum(network.ops(layer) for layer in residual(network)) == ops
    assert weight_bits(network) == bits


@pytest.mark.parametrize(
    ("name", "without", "with_projections"), [("resnet50", 20_676_608, 23_445_504), ("resnet152", 55_214_080, 57_982_976)]
)
def test_bottleneck_resnets_add_up(name: str, without: int, with_projections: int) -> None:
    network = build(name)
    assert weight_bits(network, projections=False) == without
    assert weight_bits(network) == with_projections


@pytest.mark.parametrize(("name", "depth"), [("resnet18", 18), ("resnet34", 34), ("resnet50", 50), ("resnet101", 101), ("resnet152", 152)])
def test_a_resnet_has_as_many_weight_layers_as_its_name_says(name: str, depth: int) -> None:
    network = build(name)
    weighted = [layer.name for layer in network if network.weight_bits(layer.name) and not layer.name.endswith("down")]
    assert len(weighted) == depth
    assert sum(layer.name.endswith("down") for layer in network) == (3 if depth < 50 else 4)


@pytest.mark.parametrize("name", RESNETS)
def test_stages_halve_the_map_and_only_they_are_binary(name: str) -> None:
    network = build(name)
    wide = 1 if name in ("resnet18", "resnet34") else 4
    stage_ends = [[layer.name for layer in network if layer.name.startswith(f"layer{stage}.")][-1] for stage in (1, 2, 3, 4)]
    assert [network.shape(end) for end in stage_ends] == [
        (64 * wide, 56, 56),
        (128 * wide, 28, 28),
        (256 * wide, 14, 14),
        (512 * wide, 7, 7),
    ]
    binary = [layer.name for layer in network if getattr(layer, "weights", "") == "binary"]
    assert binary == residual_convolutions(network)


@pytest.mark.parametrize("name", [*RESNETS, "tiny_residual", "tiny_bottleneck", "tiny_resnet"])
def test_blocks_are_as_hyperdrive_runs_them(name: str) -> None:
    """The offset of a sum is added after the bypass, and a projection comes before the branch that it bypasses."""
    network = build(name)
    position = {"input": -1} | {layer.name: place for place, layer in enumerate(network)}
    sums = [layer for layer in network if isinstance(layer, Add)]
    assert sums
    for layer in sums:
        branch, bypass = layer.inputs
        last = network[branch]
        assert isinstance(last, Conv)
        assert (last.bias, last.relu, layer.bias, layer.relu) == (False, False, True, True)
        assert position[bypass] < position[layer.name.replace("add", "conv1")]


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize(("rows", "columns"), [(224, 224), (1024, 2048), (225, 301)])
def test_every_network_builds_at_every_size(name: str, rows: int, columns: int) -> None:
    """Or at every multiple of one."""
    multiple = zoo.ZOO[name].multiple
    rows, columns = (side // multiple * multiple for side in (rows, columns))
    network = build(name, rows, columns)
    assert network.name == name
    assert network.inputs == {"input": Shape(zoo.channels(name) or 3, rows, columns)}
    assert len(network.outputs) == {"yolov3": 3, "tiny_yolo": 2}.get(name, 1)
    last = network.shape(network.outputs[-1])
    if name in RESNETS:
        assert last == Shape(1000, 1, 1)
        deepest = network.shape(residual(network)[-1])
        assert deepest[1:] == (-(-rows // 32), -(-columns // 32))
    assert min(last) >= 1


def parameters(network: Network) -> int:
    """Weights, a factor and an offset for each channel of a batch norm, and the offsets of the last layers."""
    weights = sum(layer.weight_count(network.input_shapes(layer)) for layer in network)
    norms = sum(2 * network.shape(layer.name).channels for layer in network if isinstance(layer, Conv) and layer.scale)
    return weights + norms + sum(network.shape(name).channels for name in network.outputs)


def test_shufflenet_adds_up() -> None:
    """The paper's table 1 has 137 M multiply-accumulates for 3 groups; trained networks have 1,865,728 parameters."""
    network = build("shufflenet")
    assert sum(map(network.macs, (layer.name for layer in network))) == 137_460_672
    assert parameters(network) == 1_865_728
    ends = [network.shape(name) for name in ("maxpool", "stage2.3.add", "stage3.7.add", "stage4.3.add", "fc")]
    assert ends == [(24, 56, 56), (240, 28, 28), (480, 14, 14), (960, 7, 7), (1000, 1, 1)]
    assert [layer.kind for layer in network if layer.name.startswith("stage3.0.")] == [
        "conv1x1g3", "shuffle3", "conv3x3/2g120", "conv1x1g3", "meanpool3x3/2", "concat"
    ]  # fmt: skip
    assert real(network) == ["conv1"]


@pytest.mark.parametrize(("side", "gops"), [(320, 38.97), (416, 65.86), (608, 140.69)])
def test_yolov3_adds_up(side: int, gops: float) -> None:
    """Operations of multiply-accumulates as Darknet prints them, and the parameters of its weights file."""
    network = build("yolov3", side, side)
    assert round(sum(2 * network.macs(layer.name) for layer in network) / 1e9, 2) == gops
    assert parameters(network) == 61_949_149
    assert [network.shape(output) for output in network.outputs] == [(255, side // coarse, side // coarse) for coarse in (32, 16, 8)]
    assert len([layer for layer in network if isinstance(layer, Conv)]) == 75
    assert len([layer for layer in network if isinstance(layer, Add)]) == 23
    assert real(network) == ["stem.conv", "head1.out", "head2.out", "head3.out"]


def real(network: Network) -> list[str]:
    """Convolutions of real weights."""
    return [layer.name for layer in network if isinstance(layer, Conv) and layer.weights == "real"]


def test_sizes_that_do_not_halve_are_refused() -> None:
    with pytest.raises(InvalidInput) as failure:
        build("yolov3", 330, 416)
    sentence = "has 330 x 416 pixels, where 'yolov3' takes multiples of 32; take [3, 352, 416]"
    assert str(failure.value) == f"input_shape: {sentence}"


def test_the_zoo_lists_itself() -> None:
    assert len(zoo.names()) >= 12
    assert len(set(zoo.names())) == len(zoo.names())
    assert RESNETS == ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(InvalidInput) as failure:
        zoo.build("vgg16", (3, 224, 224))
    assert str(failure.value) == "network: 'vgg16' is not in the zoo; known networks: " + ", ".join(zoo.names())


def test_the_input_channels_of_each_network() -> None:
    """A picture, a grey one, or whatever comes; the first block of tiny_residual has no projection to its 16 channels."""
    known = {name: zoo.channels(name) for name in zoo.names()}
    assert {name: number for name, number in known.items() if number not in (3, None)} == {"lenet": 1, "tiny_residual": 16}
    assert {name for name, number in known.items() if number is None} == {
        name for name in zoo.names() if name.startswith(("tiny_", "xnor_7x7")) and name != "tiny_residual"
    }


@pytest.mark.parametrize("name", zoo.names())
@pytest.mark.parametrize("channels", [1, 2, 5, 16])
def test_other_channels_are_refused_and_any_are_taken(name: str, channels: int) -> None:
    wanted = zoo.channels(name)
    if wanted in (None, channels):
        assert zoo.build(name, (channels, 64, 64)).shape("input").channels == channels
        return
    with pytest.raises(InvalidInput) as failure:
        zoo.build(name, (channels, 64, 64))
    said = f"has {counted(channels, 'channel')}, where '{name}' takes {wanted}"
    assert str(failure.value) == f"input_shape: {said}; take [{wanted}, 64, 64], it is [channels, rows, columns]"


def test_the_options_of_each_network() -> None:
    assert {name: known for name in zoo.names() if (known := zoo.options(name))} == {
        "groupnet_resnet18": {"bases": 8},
        "binareye": {"width": 256},
        "xnor_7x7": {"width": 128},
        "tiny_groupnet": {"bases": 2},
    }


@pytest.mark.parametrize(
    ("name", "chosen", "sentence"),
    [
        ("binareye", {"bases": 2}, "network_options.bases: 'binareye' has no option 'bases'; it has width"),
        ("resnet18", {"bases": 2}, "network_options.bases: 'resnet18' has no option 'bases'; it has none"),
        ("groupnet_resnet18", {"bases": 2, "width": 9}, "network_options.width: 'groupnet_resnet18' has no option 'width'; it has bases"),
        ("groupnet_resnet18", {"bases": 0}, "network_options.bases: must be 1 to 512, not 0"),
        ("binareye", {"width": -64}, "network_options.width: must be 1 to 512, not -64"),
        ("binareye", {"width": 513}, "network_options.width: must be 1 to 512, not 513"),
    ],
)
def test_what_cannot_be_chosen_is_refused(name: str, chosen: dict[str, int], sentence: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        zoo.build(name, (3, 32, 32), chosen)
    assert str(failure.value) == sentence


def test_what_is_chosen_is_built() -> None:
    """A base more is 18 layers: in four blocks two convolutions, a sign and a sum, in one of them a projection and its sum besides."""
    for width in (1, 64, 512):
        assert zoo.build("binareye", (3, 32, 32), {"width": width}).shape("sign8") == (width, 4, 4)
    assert [len(zoo.build("tiny_groupnet", (3, 9, 9), chosen)) for chosen in ({"bases": 1}, {}, {"bases": 3})] == [23, 41, 59]


def test_a_picture_too_small_is_refused() -> None:
    """At stride 2 a 3 x 3 kernel with padding always finds a place: the smallest ResNet input is one pixel, but not none."""
    assert zoo.build("resnet18", (3, 1, 1)).shape("fc") == (1000, 1, 1)
    with pytest.raises(
        InvalidInput, match=r"^input_shape: is too small: layer 'conv1' would turn 3 x 0 x 9 into 64 x 0 x 5; take a larger input$"
    ):
        zoo.build("resnet18", (3, 0, 9))
    with pytest.raises(
        InvalidInput, match=r"^input_shape: is too small: layer 'fc7' would turn 512 x 4 x 3 into 1024 x 1 x 0; take a larger input$"
    ):
        zoo.build("cifar10_bnn", (3, 32, 31))


@pytest.mark.parametrize("name", zoo.names())
def test_the_usual_input_is_one_that_the_network_takes(name: str) -> None:
    network = zoo.build(name, zoo.usual_shape(name))
    assert tuple(next(iter(network.inputs.values()))) == zoo.usual_shape(name)
