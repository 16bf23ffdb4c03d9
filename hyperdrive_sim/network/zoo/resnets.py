"""Networks of binary weights and real maps: ResNets (He et al., CVPR 2016, table 1).

Weights of all residual-stage convolutions are binary, stem and classifier are real. The stride of a bottleneck block sits in its first
1 x 1 convolution, as in that paper. A projection is written before the branch that it bypasses, which keeps the fewest maps alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from hyperdrive_sim.network.graph import INPUT
from hyperdrive_sim.network.layers import Add, Conv, Dense, GlobalMean, Layer, MaxPool
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.network.zoo.entry import ANY, IMAGENET, TINY, Entry

STAGE_CHANNELS = (64, 128, 256, 512)
BOTTLENECK_EXPANSION = 4


def _basic(name: str, source: str, channels: int, stride: int, projected: bool) -> Iterator[Layer]:
    """A residual block of two 3 x 3 convolutions."""
    bypass = source
    if projected:
        bypass = f"{name}.down"
        yield Conv(name=bypass, inputs=(source,), out_channels=channels, window=Window.square(1, stride=stride), relu=False)
    yield Conv(name=f"{name}.conv1", inputs=(source,), out_channels=channels, window=Window.square(3, stride=stride, padding=1))
    yield Conv(
        name=f"{name}.conv2", inputs=(f"{name}.conv1",), out_channels=channels, window=Window.square(3, padding=1), bias=False, relu=False
    )
    yield Add(name=f"{name}.add", inputs=(f"{name}.conv2", bypass), bias=True)


def _bottleneck(name: str, source: str, channels: int, stride: int, projected: bool) -> Iterator[Layer]:
    """A residual block of 1 x 1, 3 x 3 and 1 x 1 convolutions; its input and output have four times the channels."""
    bypass, wide = source, channels * BOTTLENECK_EXPANSION
    if projected:
        bypass = f"{name}.down"
        yield Conv(name=bypass, inputs=(source,), out_channels=wide, window=Window.square(1, stride=stride), relu=False)
    yield Conv(name=f"{name}.conv1", inputs=(source,), out_channels=channels, window=Window.square(1, stride=stride))
    yield Conv(name=f"{name}.conv2", inputs=(f"{name}.conv1",), out_channels=channels, window=Window.square(3, padding=1))
    yield Conv(name=f"{name}.conv3", inputs=(f"{name}.conv2",), out_channels=wide, window=Window.square(1), bias=False, relu=False)
    yield Add(name=f"{name}.add", inputs=(f"{name}.conv3", bypass), bias=True)


Block = Callable[[str, str, int, int, bool], Iterator[Layer]]


def _residual_stages(block: Block, counts: tuple[int, ...], channels: tuple[int, ...], source: str) -> Iterator[Layer]:
    """Stages of residual blocks; every stage but the first halves the map. The first block of a stage projects where shapes change."""
    for stage, (count, width) in enumerate(zip(counts, channels, strict=True), start=1):
        for number in range(count):
            first = number == 0
            stride = 2 if first and stage > 1 else 1
            projected = first and (stage > 1 or block is _bottleneck)
            name = f"layer{stage}.{number}"
            yield from block(name, source, width, stride, projected)
            source = f"{name}.add"


def _resnet(block: Block, counts: tuple[int, ...]) -> list[Layer]:
    stages = list(_residual_stages(block, counts, STAGE_CHANNELS, "maxpool"))
    return [
        Conv(name="conv1", inputs=(INPUT,), out_channels=64, window=Window.square(7, stride=2, padding=3), weights="real"),
        MaxPool(name="maxpool", inputs=("conv1",), window=Window.square(3, stride=2, padding=1)),
        *stages,
        GlobalMean(name="avgpool", inputs=(stages[-1].name,)),
        Dense(name="fc", inputs=("avgpool",), features=1000),
    ]


def _conv(name: str, source: str, channels: int, kernel: int = 3, stride: int = 1) -> Conv:
    return Conv(name=name, inputs=(source,), out_channels=channels, window=Window.square(kernel, stride=stride, padding=kernel // 2))


def _tiny_odd_channels() -> list[Layer]:
    """Channels that no word divides, without a factor here and a ReLU there."""
    return [
        _conv("conv1", INPUT, 21),
        replace(_conv("conv2", "conv1", 5), scale=False),
        replace(_conv("conv3", "conv2", 19), relu=False),
    ]


def _tiny_host() -> list[Layer]:
    """A small picture classifier of the same build as a ResNet: real stem and classifier around binary residual stages."""
    stages = list(_residual_stages(_basic, (1, 1), (16, 32), "pool"))
    return [
        Conv(name="stem", inputs=(INPUT,), out_channels=16, window=Window.square(3, padding=1), weights="real"),
        MaxPool(name="pool", inputs=("stem",), window=Window.square(3, stride=2, padding=1)),
        *stages,
        GlobalMean(name="avgpool", inputs=(stages[-1].name,)),
        Dense(name="fc", inputs=("avgpool",), features=10),
    ]


NETWORKS: dict[str, Entry] = {
    "resnet18": Entry(3, IMAGENET, "ResNet-18 (He et al., CVPR 2016), binary weights", lambda: _resnet(_basic, (2, 2, 2, 2))),
    "resnet34": Entry(3, IMAGENET, "ResNet-34 (He et al., CVPR 2016), binary weights", lambda: _resnet(_basic, (3, 4, 6, 3))),
    "resnet50": Entry(3, IMAGENET, "ResNet-50 (He et al., CVPR 2016), binary weights", lambda: _resnet(_bottleneck, (3, 4, 6, 3))),
    "resnet101": Entry(3, IMAGENET, "ResNet-101 (He et al., CVPR 2016), binary weights", lambda: _resnet(_bottleneck, (3, 4, 23, 3))),
    "resnet152": Entry(3, IMAGENET, "ResNet-152 (He et al., CVPR 2016), binary weights", lambda: _resnet(_bottleneck, (3, 8, 36, 3))),
    "tiny_conv": Entry(ANY, TINY, "one 3 x 3 convolution, binary weights", lambda: [_conv("conv", INPUT, 16)]),
    "tiny_pointwise": Entry(ANY, TINY, "one 1 x 1 convolution, binary weights", lambda: [_conv("conv", INPUT, 16, kernel=1)]),
    "tiny_strided": Entry(
        ANY,
        TINY,
        "three convolutions, one of which halves the map",
        lambda: [_conv("conv1", INPUT, 16), _conv("conv2", "conv1", 32, stride=2), _conv("conv3", "conv2", 32)],
    ),
    "tiny_odd_channels": Entry(ANY, TINY, "channels that no word divides", _tiny_odd_channels),
    "tiny_residual": Entry(16, TINY, "two residual blocks", lambda: list(_residual_stages(_basic, (1, 1), (16, 32), INPUT))),
    "tiny_bottleneck": Entry(
        ANY,
        TINY,
        "two residual blocks of 1 x 1, 3 x 3 and 1 x 1 convolutions",
        lambda: list(_residual_stages(_bottleneck, (1, 1), (8, 16), INPUT)),
    ),
    "tiny_resnet": Entry(ANY, (3, 48, 64), "a ResNet of two blocks, with stem and classifier", _tiny_host),
}
"""The first block of tiny_residual adds the input itself to 16 channels."""
