"""Networks of binary weights and binary maps, with the choices that decide their bits.

What a convolution sees beyond the edge (`pad`: 0 is a third value among the signs), whether pooling comes before the sign or after it,
whether a ReLU stands between, and what the sign of zero is (+1 throughout; the tools leave it 0, which no bit can hold) are written
out here, because each gives other bits. Where a paper keeps the first or last layer real, or only its weights binary, so does the
network here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import isqrt
from typing import Any, Literal

from hyperdrive_sim.network.graph import INPUT
from hyperdrive_sim.network.layers import Add, Conv, Dense, GlobalMean, Layer, MaxPool, MeanPool, Sign, Thermometer
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.network.zoo.entry import ANY, CIFAR, IMAGENET, TINY, Entry

Make = Callable[..., Layer]
"""A layer that only lacks its inputs."""


def _chain(*makes: Make, source: str = INPUT) -> list[Layer]:
    """A chain of layers: the first reads *source*, each other one the layer before it."""
    layers: list[Layer] = []
    for make in makes:
        layers.append(make(inputs=(source,)))
        source = layers[-1].name
    return layers


def _xnor(name: str, channels: int, kernel: int, *, pad: Literal[-1, 0, 1] = 0, relu: bool = False, **slide: int) -> partial[Conv]:
    """A convolution of signs with signs; its sums are integers. *slide* is the stride and the padding of its window."""
    kind: dict[str, Any] = {"maps": "binary", "pad": pad, "scale": False, "bias": False, "relu": relu}
    return partial(Conv, name=name, out_channels=channels, window=Window.square(kernel, **slide), **kind)


def _stem(name: str, channels: int, kernel: int, *, relu: bool = True, **slide: int) -> partial[Conv]:
    """A convolution of real weights on a real map, as networks begin and end with."""
    return partial(Conv, name=name, out_channels=channels, window=Window.square(kernel, **slide), weights="real", relu=relu)


def _binary_stem(name: str, channels: int, kernel: int, padding: int = 0) -> partial[Conv]:
    """A convolution of binary weights on a real picture."""
    window = Window.square(kernel, padding=padding)
    return partial(Conv, name=name, out_channels=channels, window=window, scale=False, bias=False, relu=False)


def _sign(name: str) -> partial[Sign]:
    return partial(Sign, name=name)


def _max(name: str, kernel: int, stride: int, padding: int = 0) -> partial[MaxPool]:
    return partial(MaxPool, name=name, window=Window.square(kernel, stride=stride, padding=padding))


def _mean(name: str, kernel: int, stride: int, padding: int = 0) -> partial[MeanPool]:
    return partial(MeanPool, name=name, window=Window.square(kernel, stride=stride, padding=padding))


def _alexnet() -> list[Layer]:
    """XNOR-Net's AlexNet (Rastegari et al., ECCV 2016), as its PyTorch port has it.

    Zeros as padding, a ReLU behind every convolution, pooling before batch norm and sign; fc6 and fc7 are convolutions.
    """
    return _chain(
        _stem("conv1", 96, 11, stride=4, padding=2), _max("pool1", 3, 2), _sign("sign1"),
        _xnor("conv2", 256, 5, padding=2, relu=True), _max("pool2", 3, 2), _sign("sign2"),
        _xnor("conv3", 384, 3, padding=1, relu=True), _sign("sign3"),
        _xnor("conv4", 384, 3, padding=1, relu=True), _sign("sign4"),
        _xnor("conv5", 256, 3, padding=1, relu=True), _max("pool5", 3, 2), _sign("sign5"),
        _xnor("fc6", 4096, 6, relu=True), _sign("sign6"),
        _xnor("fc7", 4096, 1, relu=True),
        partial(Dense, name="fc8", features=1000),
    )  # fmt: skip


def _cifar10_bnn() -> list[Layer]:
    """BinaryNet (Courbariaux et al., 2016): zeros as padding, pooling before batch norm and sign; fc7 covers the whole map."""
    return _chain(
        _binary_stem("conv1", 128, 3, padding=1), _sign("sign1"),
        _xnor("conv2", 128, 3, padding=1), _max("pool2", 2, 2), _sign("sign2"),
        _xnor("conv3", 256, 3, padding=1), _sign("sign3"),
        _xnor("conv4", 256, 3, padding=1), _max("pool4", 2, 2), _sign("sign4"),
        _xnor("conv5", 512, 3, padding=1), _sign("sign5"),
        _xnor("conv6", 512, 3, padding=1), _max("pool6", 2, 2), _sign("sign6"),
        _xnor("fc7", 1024, 4), _sign("sign7"),
        _xnor("fc8", 1024, 1), _sign("sign8"),
        _xnor("fc9", 10, 1),
    )  # fmt: skip


def _nin() -> list[Layer]:
    """Network in network with XNOR layers: zeros as padding, ReLU and pooling before batch norm and sign; one pooling takes the mean."""
    return _chain(
        _stem("conv1", 192, 5, padding=2), _sign("sign1"),
        _xnor("conv2", 160, 1, relu=True), _sign("sign2"),
        _xnor("conv3", 96, 1, relu=True), _max("pool3", 3, 2, padding=1), _sign("sign3"),
        _xnor("conv4", 192, 5, padding=2, relu=True), _sign("sign4"),
        _xnor("conv5", 192, 1, relu=True), _sign("sign5"),
        _xnor("conv6", 192, 1, relu=True), _mean("pool6", 3, 2, padding=1), _sign("sign6"),
        _xnor("conv7", 192, 3, padding=1, relu=True), _sign("sign7"),
        _xnor("conv8", 192, 1, relu=True),
        _stem("conv9", 10, 1), partial(GlobalMean, name="avgpool"),
    )  # fmt: skip


def _lenet() -> list[Layer]:
    """LeNet-5 of XNOR-Net's PyTorch port, for 1 x 28 x 28: all but the first and the last layer are binary.

    No padding, a ReLU behind every convolution, pooling before batch norm and sign; ip1 covers the whole map.
    """
    return _chain(
        _stem("conv1", 20, 5), _max("pool1", 2, 2), _sign("sign1"),
        _xnor("conv2", 50, 5, relu=True), _max("pool2", 2, 2), _sign("sign2"),
        _xnor("ip1", 500, 4, relu=True),
        partial(Dense, name="ip2", features=10),
    )  # fmt: skip


def _caffe_quick() -> list[Layer]:
    """Caffe's `cifar10_quick`, for 3 x 32 x 32, binary in the manner of XNOR-Net.

    Zeros as padding, a ReLU behind the convolutions but not behind ip1, pooling before batch norm and sign; two poolings take the mean.
    Caffe rounds the size of a pooled map up, 32 to 16 to 8 to 4: its last windows hang over the edge by one pixel, and a mean there is
    that of six or four pixels. Here a padding of 1 gives the same sizes, as in the port's network in network: it is the first windows
    that hang over, and the pixels beyond count as zeros among nine.
    """
    return _chain(
        _stem("conv1", 32, 5, padding=2), _max("pool1", 3, 2, padding=1), _sign("sign1"),
        _xnor("conv2", 32, 5, padding=2, relu=True), _mean("pool2", 3, 2, padding=1), _sign("sign2"),
        _xnor("conv3", 64, 5, padding=2, relu=True), _mean("pool3", 3, 2, padding=1), _sign("sign3"),
        _xnor("ip1", 64, 4),
        partial(Dense, name="ip2", features=10),
    )  # fmt: skip


def _binareye(width: int = 256) -> list[Layer]:
    """BinarEye's CIFAR-10 network (Moons et al., CICC 2018): 2 x 2 kernels without padding, pooling behind the sign.

    Its input is a thermometer code of 3 x 85 + 1 maps.
    """
    pools: dict[int, list[Make]] = {4: [_max("pool4", 2, 2)], 6: [_max("pool6", 2, 2)]}
    blocks: list[list[Make]] = [[_xnor(f"conv{n}", width, 2), _sign(f"sign{n}"), *pools.get(n, [])] for n in range(1, 9)]
    code = partial(Thermometer, name="code", levels=85, fill=1)
    return _chain(code, *(make for block in blocks for make in block), _xnor("fc9", 10, 4))


def _finn_cnv() -> list[Layer]:
    """FINN's CNV (Umuroglu et al., FPGA 2017): 3 x 3 kernels without padding, pooling behind the sign, 64 outputs of which 10 are used."""
    return _chain(
        _binary_stem("conv0", 64, 3), _sign("sign0"),
        _xnor("conv1", 64, 3), _sign("sign1"), _max("pool1", 2, 2),
        _xnor("conv2", 128, 3), _sign("sign2"),
        _xnor("conv3", 128, 3), _sign("sign3"), _max("pool3", 2, 2),
        _xnor("conv4", 256, 3), _sign("sign4"),
        _xnor("conv5", 256, 3), _sign("sign5"),
        _xnor("fc6", 512, 1), _sign("sign6"),
        _xnor("fc7", 512, 1), _sign("sign7"),
        _xnor("fc8", 64, 1),
    )  # fmt: skip


def _block(name: str, source: str, channels: int, stride: int, bypass: Literal["identity", "down", "none"], bases: int) -> Iterator[Layer]:
    """A residual block of one or more binary branches, whose sums are added up; their mean is that sum, thresholded elsewhere.

    The bypass is the block's input: the signs themselves, weighing as much as the sums spread, or a projection of every branch.
    """
    sums: list[str] = []
    for base in range(1, bases + 1):
        branch = name if bases == 1 else f"{name}.base{base}"
        if bypass == "down":
            yield from _chain(_xnor(f"{branch}.down", channels, 1, stride=stride), source=source)
            sums.append(f"{branch}.down")
        convs = (
            _xnor(f"{branch}.conv1", channels, 3, stride=stride, padding=1, pad=1),
            _xnor(f"{branch}.conv2", channels, 3, padding=1, pad=1),
        )
        yield from _chain(convs[0], _sign(f"{branch}.sign1"), convs[1], source=source)
        sums.append(f"{branch}.conv2")
    gain = isqrt(bases * 9 * channels)
    if bypass == "identity":
        sums.insert(0, source)
    total = sums[0]
    for number, part in enumerate(sums[1:], start=1):
        added = f"{name}.add" if number == len(sums) - 1 else f"{name}.add{number}"
        yield Add(name=added, inputs=(part, total), gain=gain if total == source else 1, relu=False)
        total = added
    yield Sign(name=f"{name}.sign", inputs=(total,))


def _stages(channels: tuple[int, ...], blocks: int, source: str, *, projected: bool, bases: int = 1) -> list[Layer]:
    """Stages of residual blocks; every stage but the first halves the map, by a projection or without a bypass. Ends in sums."""
    layers: list[Layer] = []
    for stage, width in enumerate(channels, start=1):
        for number in range(blocks):
            changes = number == 0 and stage > 1
            bypass: Literal["identity", "down", "none"] = "identity" if not changes else "down" if projected else "none"
            layers += _block(f"layer{stage}.{number}", source, width, 2 if changes else 1, bypass, bases)
            source = layers[-1].name
    return layers[:-1]


def _groupnet_resnet18(bases: int = 8) -> list[Layer]:
    """ResNet-18 whose blocks are *bases* binary branches, averaged (Zhuang et al., Group-Net, CVPR 2019): +1 as padding.

    Between blocks the paper hands on real numbers; here it is their signs, the only map that a chip of bits can hold. So all branches
    of a block see one input, a block has one bypass, and neither a ReLU nor the learned gates that mix a branch's own output with the
    mean are there. Every branch has a projection of its own, where the paper shares its weights and evaluates it for each.
    """
    stages = _stages((64, 128, 256, 512), 2, "sign1", projected=True, bases=bases)
    return [
        *_chain(_stem("conv1", 64, 7, stride=2, padding=3), _max("maxpool", 3, 2, padding=1), _sign("sign1")),
        *stages,
        *_chain(partial(GlobalMean, name="avgpool"), partial(Dense, name="fc", features=1000), source=stages[-1].name),
    ]


def _resnet20() -> list[Layer]:
    """ResNet-20 for CIFAR-10 (He et al., CVPR 2016, section 4.2), binary between stem and classifier: +1 as padding.

    The two blocks that change the shape have no bypass: the zeros that the paper appends to it are no signs.
    """
    stages = _stages((16, 32, 64), 3, "sign1", projected=False)
    return [
        *_chain(_stem("conv1", 16, 3, padding=1), _sign("sign1")),
        *stages,
        *_chain(partial(GlobalMean, name="avgpool"), partial(Dense, name="fc", features=10), source=stages[-1].name),
    ]


def _xnor_7x7(width: int = 128) -> list[Layer]:
    """One convolution of 7 x 7: what the datapath of XNORBIN does best."""
    return _chain(_sign("sign0"), _xnor("conv", width, 7, padding=3), _sign("sign"))


def _tiny_pooled() -> list[Layer]:
    """A test of both orders of pooling and sign, zeros and signs as padding, a ReLU, a stride, partial words, real layers at both ends."""
    return _chain(
        _stem("stem", 20, 3, padding=1), _sign("sign0"),
        _xnor("conv1", 24, 5, padding=2, relu=True), _max("pool1", 3, 2), _sign("sign1"),
        _xnor("conv2", 35, 3, stride=2, padding=1, pad=-1), _sign("sign2"), _max("pool2", 2, 1, padding=1),
        _xnor("conv3", 17, 2),
        partial(Dense, name="fc", features=10),
    )  # fmt: skip


def _tiny_large_kernels() -> list[Layer]:
    """A test of kernels of more than 7 x 7, and of a layer in between that only the host can run."""
    return _chain(
        _sign("sign0"),
        _xnor("conv1", 18, 9, padding=4, pad=1), _mean("pool1", 2, 2), _sign("sign1"),
        _xnor("conv2", 16, 8, stride=2, padding=3), _sign("sign2"),
    )  # fmt: skip


def _tiny_groupnet(bases: int = 2) -> list[Layer]:
    """A test of residual blocks of several branches, with and without a projection, the last one's sums for the host."""
    stages = _stages((16, 32), 2, "sign0", projected=True, bases=bases)
    return [*_chain(_stem("stem", 16, 3, padding=1), _sign("sign0")), *stages, GlobalMean(name="mean", inputs=(stages[-1].name,))]


NETWORKS: dict[str, Entry] = {
    "binary_alexnet": Entry(3, IMAGENET, "XNOR-Net's AlexNet (Rastegari et al., ECCV 2016), binary weights and maps", _alexnet),
    "cifar10_bnn": Entry(3, CIFAR, "BinaryNet (Courbariaux et al., 2016), binary weights and maps", _cifar10_bnn),
    "nin_xnor": Entry(3, CIFAR, "network in network with XNOR layers, binary weights and maps", _nin),
    "lenet": Entry(1, (1, 28, 28), "LeNet-5 in the manner of XNOR-Net, binary weights and maps", _lenet),
    "caffe_quick": Entry(3, CIFAR, "Caffe's cifar10_quick in the manner of XNOR-Net, binary weights and maps", _caffe_quick),
    "binary_resnet18": Entry(3, IMAGENET, "ResNet-18 of one binary branch a block, binary weights and maps", lambda: _groupnet_resnet18(1)),
    "groupnet_resnet18": Entry(3, IMAGENET, "ResNet-18 of several binary branches a block (Group-Net, CVPR 2019)", _groupnet_resnet18),
    "binary_resnet20": Entry(3, CIFAR, "ResNet-20 for CIFAR-10 (He et al., CVPR 2016), binary weights and maps", _resnet20),
    "binareye": Entry(3, CIFAR, "BinarEye's CIFAR-10 network (Moons et al., CICC 2018), binary weights and maps", _binareye),
    "finn_cnv": Entry(3, CIFAR, "FINN's CNV (Umuroglu et al., FPGA 2017), binary weights and maps", _finn_cnv),
    "xnor_7x7": Entry(ANY, (128, 32, 32), "one 7 x 7 convolution of signs", _xnor_7x7),
    "tiny_xnor": Entry(
        ANY, TINY, "one 3 x 3 convolution of signs", lambda: _chain(_sign("sign0"), _xnor("conv", 16, 3, padding=1), _sign("sign"))
    ),
    "tiny_xnor_pointwise": Entry(
        ANY,
        TINY,
        "two 1 x 1 convolutions of signs",
        lambda: _chain(_sign("sign0"), _xnor("conv1", 40, 1), _sign("sign1"), _xnor("conv2", 9, 1)),
    ),
    "tiny_xnor_pooled": Entry(ANY, (3, 16, 16), "poolings before and behind signs", _tiny_pooled),
    "tiny_xnor_kernels": Entry(ANY, TINY, "kernels of more than 7 x 7, and a layer for the host", _tiny_large_kernels),
    "tiny_xnor_residual": Entry(ANY, (3, 16, 16), "residual blocks of one binary branch", lambda: _tiny_groupnet(1)),
    "tiny_groupnet": Entry(ANY, (3, 16, 16), "residual blocks of several binary branches", _tiny_groupnet),
}
"""The thermometer code of binareye is filled up to 256 channels from the 255 of three."""
