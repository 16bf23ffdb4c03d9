"""The networks of binary maps are those of the papers: layer by layer, in their sums, and in the three choices that decide their bits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Box, Shape
from hyperdrive_sim.network.golden import Exact, padded
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, MeanPool, Sign
from hyperdrive_sim.network.parameters import NO_PARAMETERS, Array, Parameters

ROWS = {"binary_alexnet": 224, "binary_resnet18": 224, "groupnet_resnet18": 224, "lenet": 28}  # all others take 32
RESIDUAL = ("binary_resnet18", "groupnet_resnet18", "binary_resnet20")
PAPERS = ("binary_alexnet", "cifar10_bnn", "nin_xnor", "lenet", "caffe_quick", "binareye", "finn_cnv", *RESIDUAL)
TINY = ("tiny_xnor", "tiny_xnor_pointwise", "tiny_xnor_pooled", "tiny_xnor_kernels", "tiny_xnor_residual", "tiny_groupnet")
NETWORKS = (*PAPERS, "xnor_7x7", *TINY)


def build(name: str, **chosen: int) -> Network:
    rows = ROWS.get(name, 32)
    return zoo.build(name, (zoo.channels(name) or 3, rows, rows), chosen)


def binary(network: Network) -> Iterator[Conv]:
    """The convolutions of signs with signs, which is what a chip for binary networks runs."""
    return (layer for layer in network if isinstance(layer, Conv) and layer.maps == "binary")


def cycles(network: Network, layer: Conv) -> int:
    """Of a machine that makes one output value of 16 input channels in each."""
    (x,), y = network.input_shapes(layer), network.shape(layer.name)
    return y.channels * -(-x.channels // 16) * y.rows * y.columns


def row(network: Network, layer: Conv) -> str:
    """Shape in, kernel/stride/padding, shape out, MACs, bits of weights, bits of both maps, cycles."""
    (x,), y = network.input_shapes(layer), network.shape(layer.name)
    numbers = network.macs(layer.name), network.weight_bits(layer.name), x.size + y.size, cycles(network, layer)
    return f"{x} {layer.window.rows.kernel}/{layer.window.rows.stride}/{layer.window.rows.before} {y} " + " ".join(
        f"{number:_}" for number in numbers
    )


def lines(table: str) -> list[str]:
    return [" ".join(line.split()) for line in table.strip().splitlines()]


# --- layer by layer ---

CHAINS = {
    "binary_alexnet": """
        conv2  96 x 27 x 27   5/1/2  256 x 27 x 27  447_897_600     614_400  256_608  1_119_744
        conv3  256 x 13 x 13  3/1/1  384 x 13 x 13  149_520_384     884_736  108_160  1_038_336
        conv4  384 x 13 x 13  3/1/1  384 x 13 x 13  224_280_576   1_327_104  129_792  1_557_504
        conv5  384 x 13 x 13  3/1/1  256 x 13 x 13  149_520_384     884_736  108_160  1_038_336
        fc6    256 x 6 x 6    6/1/0  4096 x 1 x 1    37_748_736  37_748_736   13_312     65_536
        fc7    4096 x 1 x 1   1/1/0  4096 x 1 x 1    16_777_216  16_777_216    8_192  1_048_576
    """,
    "cifar10_bnn": """
        conv2  128 x 32 x 32  3/1/1  128 x 32 x 32  150_994_944    147_456  262_144  1_048_576
        conv3  128 x 16 x 16  3/1/1  256 x 16 x 16   75_497_472    294_912   98_304    524_288
        conv4  256 x 16 x 16  3/1/1  256 x 16 x 16  150_994_944    589_824  131_072  1_048_576
        conv5  256 x 8 x 8    3/1/1  512 x 8 x 8     75_497_472  1_179_648   49_152    524_288
        conv6  512 x 8 x 8    3/1/1  512 x 8 x 8    150_994_944  2_359_296   65_536  1_048_576
        fc7    512 x 4 x 4    4/1/0  1024 x 1 x 1     8_388_608  8_388_608    9_216     32_768
        fc8    1024 x 1 x 1   1/1/0  1024 x 1 x 1     1_048_576  1_048_576    2_048     65_536
        fc9    1024 x 1 x 1   1/1/0  10 x 1 x 1          10_240     10_240    1_034        640
    """,
    "nin_xnor": """
        conv2  192 x 32 x 32  1/1/0  160 x 32 x 32   31_457_280   30_720  360_448  1_966_080
        conv3  160 x 32 x 32  1/1/0  96 x 32 x 32    15_728_640   15_360  262_144    983_040
        conv4  96 x 16 x 16   5/1/2  192 x 16 x 16  117_964_800  460_800   73_728    294_912
        conv5  192 x 16 x 16  1/1/0  192 x 16 x 16    9_437_184   36_864   98_304    589_824
        conv6  192 x 16 x 16  1/1/0  192 x 16 x 16    9_437_184   36_864   98_304    589_824
        conv7  192 x 8 x 8    3/1/1  192 x 8 x 8     21_233_664  331_776   24_576    147_456
        conv8  192 x 8 x 8    1/1/0  192 x 8 x 8      2_359_296   36_864   24_576    147_456
    """,
    "lenet": """
        conv2  20 x 12 x 12  5/1/0  50 x 8 x 8   1_600_000   25_000  6_080  6_400
        ip1    50 x 4 x 4    4/1/0  500 x 1 x 1    400_000  400_000  1_300  2_000
    """,
    "caffe_quick": """
        conv2  32 x 16 x 16  5/1/2  32 x 16 x 16  6_553_600  25_600  16_384  16_384
        conv3  32 x 8 x 8    5/1/2  64 x 8 x 8    3_276_800  51_200   6_144   8_192
        ip1    64 x 4 x 4    4/1/0  64 x 1 x 1       65_536  65_536   1_088     256
    """,
    "binareye": """
        conv1  256 x 32 x 32  2/1/0  256 x 31 x 31  251_920_384  262_144  508_160  3_936_256
        conv2  256 x 31 x 31  2/1/0  256 x 30 x 30  235_929_600  262_144  476_416  3_686_400
        conv3  256 x 30 x 30  2/1/0  256 x 29 x 29  220_463_104  262_144  445_696  3_444_736
        conv4  256 x 29 x 29  2/1/0  256 x 28 x 28  205_520_896  262_144  416_000  3_211_264
        conv5  256 x 14 x 14  2/1/0  256 x 13 x 13   44_302_336  262_144   93_440    692_224
        conv6  256 x 13 x 13  2/1/0  256 x 12 x 12   37_748_736  262_144   80_128    589_824
        conv7  256 x 6 x 6    2/1/0  256 x 5 x 5      6_553_600  262_144   15_616    102_400
        conv8  256 x 5 x 5    2/1/0  256 x 4 x 4      4_194_304  262_144   10_496     65_536
        fc9    256 x 4 x 4    4/1/0  10 x 1 x 1          40_960   40_960    4_106        160
    """,
    "finn_cnv": """
        conv1  64 x 30 x 30   3/1/0  64 x 28 x 28   28_901_376   36_864  107_776  200_704
        conv2  64 x 14 x 14   3/1/0  128 x 12 x 12  10_616_832   73_728   30_976   73_728
        conv3  128 x 12 x 12  3/1/0  128 x 10 x 10  14_745_600  147_456   31_232  102_400
        conv4  128 x 5 x 5    3/1/0  256 x 3 x 3     2_654_208  294_912    5_504   18_432
        conv5  256 x 3 x 3    3/1/0  256 x 1 x 1       589_824  589_824    2_560    4_096
        fc6    256 x 1 x 1    1/1/0  512 x 1 x 1       131_072  131_072      768    8_192
        fc7    512 x 1 x 1    1/1/0  512 x 1 x 1       262_144  262_144    1_024   16_384
        fc8    512 x 1 x 1    1/1/0  64 x 1 x 1         32_768   32_768      576    2_048
    """,
}

RESNETS = {  # and how often each shape occurs
    "binary_resnet18": """
        4 x  64 x 56 x 56   3/1/1  64 x 56 x 56   115_605_504     36_864  401_408  802_816
        1 x  64 x 56 x 56   3/2/1  128 x 28 x 28   57_802_752     73_728  301_056  401_408
        3 x  128 x 28 x 28  3/1/1  128 x 28 x 28  115_605_504    147_456  200_704  802_816
        1 x  128 x 28 x 28  3/2/1  256 x 14 x 14   57_802_752    294_912  150_528  401_408
        3 x  256 x 14 x 14  3/1/1  256 x 14 x 14  115_605_504    589_824  100_352  802_816
        1 x  256 x 14 x 14  3/2/1  512 x 7 x 7     57_802_752  1_179_648   75_264  401_408
        3 x  512 x 7 x 7    3/1/1  512 x 7 x 7    115_605_504  2_359_296   50_176  802_816
        1 x  64 x 56 x 56   1/2/0  128 x 28 x 28    6_422_528      8_192  301_056  401_408
        1 x  128 x 28 x 28  1/2/0  256 x 14 x 14    6_422_528     32_768  150_528  401_408
        1 x  256 x 14 x 14  1/2/0  512 x 7 x 7      6_422_528    131_072   75_264  401_408
    """,
    "binary_resnet20": """
        6 x  16 x 32 x 32  3/1/1  16 x 32 x 32  2_359_296   2_304  32_768  16_384
        1 x  16 x 32 x 32  3/2/1  32 x 16 x 16  1_179_648   4_608  24_576   8_192
        5 x  32 x 16 x 16  3/1/1  32 x 16 x 16  2_359_296   9_216  16_384  16_384
        1 x  32 x 16 x 16  3/2/1  64 x 8 x 8    1_179_648  18_432  12_288   8_192
        5 x  64 x 8 x 8    3/1/1  64 x 8 x 8    2_359_296  36_864   8_192  16_384
    """,
}


@pytest.mark.parametrize("name", CHAINS)
def test_every_layer_of_a_chain(name: str) -> None:
    network = build(name)
    assert [f"{layer.name} {row(network, layer)}" for layer in binary(network)] == lines(CHAINS[name])


@pytest.mark.parametrize("name", RESNETS)
def test_every_layer_of_a_resnet(name: str) -> None:
    network = build(name)
    times = Counter(row(network, layer) for layer in binary(network))
    assert sorted(f"{count} x {shape}" for shape, count in times.items()) == sorted(lines(RESNETS[name]))


@pytest.mark.parametrize(
    ("name", "ops", "weight_bits", "in_cycles", "largest_pair"),
    [
        ("binary_alexnet", 2_051_489_792, 58_236_928, 5_868_032, 256_608),  # 2.051 GOp, 58.2 Mbit, 5.868 M, 250.6 Kib
        ("cifar10_bnn", 1_226_854_400, 14_018_560, 4_293_248, 262_144),  # 1.227 GOp, 14.02 Mbit, 4.29 M, 256 Kib
        ("nin_xnor", 415_236_096, 949_248, 4_718_592, 360_448),  # 415.2 MOp, 949,248 bit, 4.72 M, 352 Kib
        ("lenet", 4_000_000, 425_000, 8_400, 6_080),  # 2.000 MMAC, 425,000 bit
        ("caffe_quick", 19_791_872, 142_336, 24_832, 16_384),  # 9.896 MMAC, 142,336 bit
        ("binary_resnet18", 3_391_094_784, 11_157_504, 12_845_056, 401_408),  # 3.391 GOp, 11.158 Mbit, 12.85 M, 392 Kib
        ("groupnet_resnet18", 27_128_758_272, 89_260_032, 102_760_448, 401_408),  # 27.1 GOp: all eight times, but the pair
        ("binary_resnet20", 80_216_064, 267_264, 278_528, 32_768),  # 80.2 MOp, 267,264 bit, 278,528
        ("binareye", 2_013_347_840, 2_138_112, 15_728_800, 508_160),  # 2.013 GOp, 2,138,112 bit, 496 Kib
        ("finn_cnv", 115_867_648, 1_568_768, 425_984, 107_776),  # 118.98 MOp with the 3.11 of the first layer
    ],
)
def test_totals_are_those_of_the_papers(name: str, ops: int, weight_bits: int, in_cycles: int, largest_pair: int) -> None:
    network = build(name)
    layers = list(binary(network))
    assert sum(network.ops(layer.name) for layer in layers) == 2 * sum(network.macs(layer.name) for layer in layers) == ops
    assert sum(network.weight_bits(layer.name) for layer in layers) == weight_bits
    assert sum(cycles(network, layer) for layer in layers) == in_cycles
    assert max(network.input_shapes(layer)[0].size + network.shape(layer.name).size for layer in layers) == largest_pair


def test_the_convolutions_of_alexnet_without_its_classifier() -> None:
    network = build("binary_alexnet")
    layers = [layer for layer in binary(network) if layer.name.startswith("conv")]
    assert sum(network.ops(layer.name) for layer in layers) == 1_942_437_888
    assert sum(network.weight_bits(layer.name) for layer in layers) == 3_710_976
    assert sum(cycles(network, layer) for layer in layers) == 4_753_920


def test_resnet18_without_its_projections() -> None:
    network = build("binary_resnet18")
    layers = [layer for layer in binary(network) if layer.window.kernel == (3, 3)]
    assert sum(network.ops(layer.name) for layer in layers) == 3_352_559_616
    assert sum(network.weight_bits(layer.name) for layer in layers) == 10_985_472


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("binary_alexnet", {"conv1": 105_415_200, "fc8": 4_096_000}),
        ("cifar10_bnn", {"conv1": 3_538_944}),
        ("nin_xnor", {"conv1": 75 * 192 * 1024, "conv9": 192 * 10 * 64}),
        ("lenet", {"conv1": 25 * 20 * 576, "ip2": 5_000}),
        ("caffe_quick", {"conv1": 75 * 32 * 1024, "ip2": 640}),
        ("binary_resnet18", {"conv1": 118_013_952, "fc": 512_000}),
        ("groupnet_resnet18", {"conv1": 118_013_952, "fc": 512_000}),
        ("binary_resnet20", {"conv1": 27 * 16 * 1024, "fc": 640}),
        ("binareye", {}),
        ("finn_cnv", {"conv0": 1_555_200}),
    ],
)
def test_only_the_first_and_the_last_layers_work_on_real_maps(name: str, macs: dict[str, int]) -> None:
    network = build(name)
    of_signs = {layer.name for layer in binary(network)}
    assert {layer.name: work for layer in network if layer.name not in of_signs and (work := network.macs(layer.name))} == macs
    assert {network.weight_bits(first) for first in macs if name in ("cifar10_bnn", "finn_cnv")} <= {3_456, 1_728}  # binary


def test_finn_s_folding_takes_the_cycles_that_its_authors_state() -> None:
    """Processing elements times lanes share out the channels and the taps; the published estimates of nine layers are right to the last."""
    network = build("finn_cnv")
    folding = [(16, 3), (32, 32), (16, 32), (16, 32), (4, 32), (1, 32), (1, 4), (1, 8), (4, 1)]
    convolutions = [layer.name for layer in network if isinstance(layer, Conv)]
    macs = [network.macs(name) for name in convolutions]
    estimates = [32_400, 28_224, 20_736, 28_800, 20_736, 18_432, 32_768, 32_768, 8_192]
    assert [work // (elements * lanes) for work, (elements, lanes) in zip(macs, folding, strict=True)] == estimates
    assert [round(2 * work / 1e6, 2) for work in macs] == [3.11, 57.8, 21.23, 29.49, 5.31, 1.18, 0.26, 0.52, 0.07]
    assert round(2 * sum(macs) / 1e6, 2) == 118.98


@pytest.mark.parametrize(
    ("name", "real_and_binary"),
    [
        ("lenet", "conv1 pool1 sign1 conv2+ pool2 sign2 ip1+ ip2"),
        ("caffe_quick", "conv1 pool1 sign1 conv2+ pool2 sign2 conv3+ pool3 sign3 ip1 ip2"),
    ],
)
def test_the_order_of_a_small_network(name: str, real_and_binary: str) -> None:
    """A + is a ReLU behind the sums."""
    layers = list(build(name))
    relu = {layer.name for layer in binary(build(name)) if layer.relu}
    assert " ".join(layer.name + "+" * (layer.name in relu) for layer in layers) == real_and_binary
    assert all(after.inputs == (before.name,) for before, after in pairwise(layers))


def test_a_padded_pool_is_of_the_size_that_caffe_rounds_up_to() -> None:
    """32 to 16 to 8 to 4, where windows of 3 that stay inside would leave 15, 7 and 3."""
    network = build("caffe_quick")
    pools = [layer for layer in network if isinstance(layer, MaxPool | MeanPool)]
    rows = [network.input_shapes(layer)[0].rows for layer in pools]
    assert [network.shape(layer.name).rows for layer in pools] == [-(-(size - 3) // 2) + 1 for size in rows] == [16, 8, 4]
    assert [(size - 3) // 2 + 1 for size in rows] == [15, 7, 3]
    ones = padded(np.ones((8, 8, 1)), pools[2].needs(0, Box(0, 1, 0, 4, 0, 4), [Shape(1, 8, 8)]), pools[2])
    assert (9 * Exact().apply(pools[2], [ones], NO_PARAMETERS))[:, :, 0].tolist() == [[4, 6, 6, 6], *[[6, 9, 9, 9]] * 3]


# --- what may be chosen ---


def total(network: Network) -> tuple[int, int]:
    layers = [layer.name for layer in binary(network)]
    return sum(map(network.macs, layers)), sum(map(network.weight_bits, layers))


@pytest.mark.parametrize("bases", [1, 2, 3, 8])
def test_bases_multiply_work_and_weights(bases: int) -> None:
    assert total(build("groupnet_resnet18", bases=bases)) == (bases * 1_695_547_392, bases * 11_157_504)


def test_one_base_is_the_plain_network() -> None:
    assert build("groupnet_resnet18", bases=1).layers == build("binary_resnet18").layers
    assert build("groupnet_resnet18", bases=8).layers == build("groupnet_resnet18").layers
    assert build("tiny_groupnet", bases=1).layers == build("tiny_xnor_residual").layers


@pytest.mark.parametrize(
    ("bases", "gains"),
    [(1, [24, 24, 33, 48, 67]), (2, [33, 33, 48, 67, 96]), (8, [67, 67, 96, 135, 192])],
)
def test_a_bypass_of_signs_weighs_as_much_as_the_sums_spread(bases: int, gains: list[int]) -> None:
    """The root of 9 taps times 64, 128, 256 or 512 channels times the bases, rounded down; five of eight blocks keep their shape."""
    network = build("groupnet_resnet18", bases=bases)
    sums = [layer for layer in network if isinstance(layer, Add)]
    assert [layer.gain for layer in sums if network.is_signs(layer.inputs[1])] == gains
    assert {layer.gain for layer in sums if not network.is_signs(layer.inputs[1])} == {1}


def test_branches_and_a_projection_of_each_are_added_up() -> None:
    network = build("tiny_groupnet")
    inputs = {layer.name: layer.inputs for layer in network if layer.name.startswith(("layer1.0", "layer2.0"))}
    assert inputs == {
        **{f"layer1.0.base{base}.conv1": ("sign0",) for base in (1, 2)},
        **{f"layer1.0.base{base}.sign1": (f"layer1.0.base{base}.conv1",) for base in (1, 2)},
        **{f"layer1.0.base{base}.conv2": (f"layer1.0.base{base}.sign1",) for base in (1, 2)},
        "layer1.0.add1": ("layer1.0.base1.conv2", "sign0"),
        "layer1.0.add": ("layer1.0.base2.conv2", "layer1.0.add1"),
        "layer1.0.sign": ("layer1.0.add",),
        **{f"layer2.0.base{base}.{part}": ("layer1.1.sign",) for base in (1, 2) for part in ("down", "conv1")},
        **{f"layer2.0.base{base}.sign1": (f"layer2.0.base{base}.conv1",) for base in (1, 2)},
        **{f"layer2.0.base{base}.conv2": (f"layer2.0.base{base}.sign1",) for base in (1, 2)},
        "layer2.0.add1": ("layer2.0.base1.conv2", "layer2.0.base1.down"),
        "layer2.0.add2": ("layer2.0.base2.down", "layer2.0.add1"),
        "layer2.0.add": ("layer2.0.base2.conv2", "layer2.0.add2"),
        "layer2.0.sign": ("layer2.0.add",),
    }


@pytest.mark.parametrize("width", [64, 128, 256])
def test_the_width_of_binareye(width: int) -> None:
    """The first layer takes the 256 maps of the thermometer at any width; 2879 pixels in the seven after it."""
    macs = 4 * 961 * 256 * width + 4 * 2879 * width**2 + 160 * width
    assert total(build("binareye", width=width)) == (macs, 4 * 256 * width + 7 * 4 * width**2 + 160 * width)
    assert build("binareye").layers == build("binareye", width=256).layers


@pytest.mark.parametrize("width", [1, 128, 200])
def test_the_width_of_a_single_convolution(width: int) -> None:
    """Between two signs and nothing else; a padding of 3 keeps the map's size, so that each of its pixels has 49 taps."""
    network = zoo.build("xnor_7x7", (128, 32, 32), {"width": width})
    assert [layer.kind for layer in network] == ["sign", "xnor7x7", "sign"]
    assert network.shape("conv") == (width, 32, 32)
    assert total(network) == (49 * 128 * width * 1024, 49 * 128 * width)
    assert build("xnor_7x7").layers == build("xnor_7x7", width=128).layers


# --- trap: the sign of zero ---


def signed(layer: Sign, x: float, factor: float, offset: float) -> float:
    constants = Parameters(scale=np.array([factor]), bias=np.array([offset]))
    return float(Exact().apply(layer, [np.full((1, 1, 1), x)], constants).item())


@pytest.mark.parametrize("name", NETWORKS)
def test_zero_becomes_plus_one_in_every_network(name: str) -> None:
    """Half of 3 less 1.5, and the same from the other side; one sum further it is the factor that decides."""
    signs = [layer for layer in build(name) if isinstance(layer, Sign)]
    assert signs
    for layer in signs:
        assert [signed(layer, x, 0.5, -1.5) for x in (2, 3, 4)] == [-1, 1, 1]
        assert [signed(layer, x, -0.5, 1.5) for x in (2, 3, 4)] == [1, 1, -1]


# --- trap: what is beyond the edge ---

CORNERS = {  # what a map of +1 and weights of +1 leave in the corner, for each layer that sees beyond the edge
    "binary_alexnet": {"conv2": 96 * 9, "conv3": 256 * 4, "conv4": 384 * 4, "conv5": 384 * 4},  # zeros: 9 of 25 taps, 4 of 9
    "cifar10_bnn": {"conv2": 128 * 4, "conv3": 128 * 4, "conv4": 256 * 4, "conv5": 256 * 4, "conv6": 512 * 4},
    "nin_xnor": {"conv4": 96 * 9, "conv7": 192 * 4},
    "lenet": {},
    "caffe_quick": {"conv2": 32 * 9, "conv3": 32 * 9},
    "binareye": {},
    "finn_cnv": {},
    "xnor_7x7": {"conv": 3 * 16},
    "tiny_xnor": {"conv": 3 * 4},
    "tiny_xnor_pointwise": {},
    "tiny_xnor_pooled": {"conv1": 20 * 9, "conv2": 24 * (4 - 5)},  # -1: five taps speak against four
    "tiny_xnor_kernels": {"conv1": 3 * 81, "conv2": 18 * 25},
}
INPUT_CHANNELS = {  # +1: all nine taps, in every layer
    "binary_resnet18": {64, 128, 256, 512},
    "groupnet_resnet18": {64, 128, 256, 512},
    "binary_resnet20": {16, 32, 64},
    "tiny_xnor_residual": {16, 32},
    "tiny_groupnet": {16, 32},
}


def corner(network: Network, layer: Conv) -> float:
    x, pixel = network.input_shapes(layer)[0], Box(0, 1, 0, 1, 0, 1)
    weights = np.ones((1, *layer.window.kernel, x.channels), np.int8)
    window = padded(np.ones((x.rows, x.columns, x.channels)), layer.needs(0, pixel, [x]), layer)
    return float(Exact().apply(layer, [window], Parameters(weights)).item())


@pytest.mark.parametrize("name", CORNERS)
def test_the_corner_of_each_layer_with_padding(name: str) -> None:
    network = build(name)
    assert {layer.name: corner(network, layer) for layer in binary(network) if any(layer.window.pads)} == CORNERS[name]


@pytest.mark.parametrize("name", INPUT_CHANNELS)
def test_residual_networks_see_plus_one_beyond_the_edge(name: str) -> None:
    network = build(name)
    padded = [layer for layer in binary(network) if any(layer.window.pads)]
    assert {network.input_shapes(layer)[0].channels for layer in padded} == INPUT_CHANNELS[name]
    assert all(corner(network, layer) == 9 * network.input_shapes(layer)[0].channels for layer in padded)


def test_both_tables_together_are_all_networks() -> None:
    assert {*CORNERS, *INPUT_CHANNELS} == {*NETWORKS}
    assert {*NETWORKS} == {name for name in zoo.names() if any(binary(zoo.build(name, (zoo.channels(name) or 16, 224, 224))))}


RELU = {"binary_alexnet": {True}, "nin_xnor": {True}, "lenet": {True}, "caffe_quick": {True, False}, "tiny_xnor_pooled": {True, False}}


@pytest.mark.parametrize("name", NETWORKS)
def test_where_a_relu_stands_behind_the_sums(name: str) -> None:
    assert {layer.relu for layer in binary(build(name))} == RELU.get(name, {False})
    assert not any(layer.scale or layer.bias for layer in binary(build(name)))  # batch norm is the sign's


# --- trap: pooling and the sign of the factor ---

AROUND_POOLS = {  # what stands around each pooling, and the bit that a factor of -1 and an offset of 1/2 make of a 1 among zeros
    "binary_alexnet": ["conv11x11/4 maxpool3x3/2 sign -", "xnor5x5 maxpool3x3/2 sign -", "xnor3x3 maxpool3x3/2 sign -"],
    "cifar10_bnn": ["xnor3x3 maxpool2x2/2 sign -"] * 3,
    "nin_xnor": ["xnor1x1 maxpool3x3/2 sign -", "xnor1x1 meanpool3x3/2 sign +"],
    "lenet": ["conv5x5 maxpool2x2/2 sign -", "xnor5x5 maxpool2x2/2 sign -"],
    "caffe_quick": ["conv5x5 maxpool3x3/2 sign -"] + ["xnor5x5 meanpool3x3/2 sign +"] * 2,
    "binary_resnet18": ["conv7x7/2 maxpool3x3/2 sign -"],
    "groupnet_resnet18": ["conv7x7/2 maxpool3x3/2 sign -"],
    "binary_resnet20": [],
    "binareye": ["sign maxpool2x2/2 xnor2x2 +"] * 2,
    "finn_cnv": ["sign maxpool2x2/2 xnor3x3 +"] * 2,
    "xnor_7x7": [],
    "tiny_xnor": [],
    "tiny_xnor_pointwise": [],
    "tiny_xnor_pooled": ["xnor5x5 maxpool3x3/2 sign -", "sign maxpool2x2/1 xnor2x2 +"],
    "tiny_xnor_kernels": ["xnor9x9 meanpool2x2/2 sign +"],
    "tiny_xnor_residual": [],
    "tiny_groupnet": [],
}


def around_pools(network: Network) -> Iterator[tuple[Layer, MaxPool | MeanPool, Layer]]:
    for pool in network:
        if isinstance(pool, MaxPool | MeanPool):
            (after,) = network.consumers(pool.name)
            yield network[pool.inputs[0]], pool, network[after]


def bit(layers: tuple[Layer, ...]) -> str:
    """Of a window of zeros with a single one, through the signs and the pooling among these layers."""
    pool = layers[1]
    assert isinstance(pool, MaxPool | MeanPool)
    x: Array = np.zeros((*pool.window.kernel, 1))
    x[0, 0] = 1
    for layer in layers:
        if isinstance(layer, Sign | MaxPool | MeanPool):
            x = Exact().apply(layer, [x], Parameters(scale=np.array([-1.0]), bias=np.array([0.5])) if layer is not pool else NO_PARAMETERS)
    return "+" if x.item() > 0 else "-"


@pytest.mark.parametrize("name", NETWORKS)
def test_the_order_of_pooling_and_sign_decides_the_bit(name: str) -> None:
    """Pooled first, 1 becomes -1/2. Signed first, the zeros become + and win. A mean of 1/4 or 1/9 does not reach 1/2."""
    found = list(around_pools(build(name)))
    assert [" ".join((*(layer.kind for layer in layers), bit(layers))) for layers in found] == AROUND_POOLS[name]
