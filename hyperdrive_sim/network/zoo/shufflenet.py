"""ShuffleNet with binary weights and real maps (Zhang et al., CVPR 2018, figure 2 and table 1): the standard 1x network of 3 groups.

Weights of all stages are binary, stem and classifier are real. As in the paper the first pointwise convolution of all has no groups, the
inner channels of a unit are a quarter of its output's, and no ReLU follows a depthwise convolution.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from hyperdrive_sim.network.graph import INPUT
from hyperdrive_sim.network.layers import Add, ChannelShuffle, Concat, Conv, Dense, GlobalMean, Layer, MaxPool, MeanPool
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.network.zoo.entry import ANY, IMAGENET, TINY, Entry

GROUPS = 3
STEM_CHANNELS = 24
STAGES = ((240, 4), (480, 8), (960, 4))
"""Channels of each stage, as they are for 3 groups, and its units; the first of them halves the map."""
INNER_SHARE = 4


def _branch(name: str, source: str, inner: int, stride: int, groups: int) -> Iterator[Conv | ChannelShuffle]:
    """A unit's grouped 1 x 1 convolution, its shuffle and its depthwise 3 x 3 convolution."""
    yield Conv(name=f"{name}.conv1", inputs=(source,), out_channels=inner, window=Window.square(1), groups=groups)
    yield ChannelShuffle(name=f"{name}.shuffle", inputs=(f"{name}.conv1",), groups=GROUPS)
    window = Window.square(3, stride=stride, padding=1)
    yield Conv(name=f"{name}.conv2", inputs=(f"{name}.shuffle",), out_channels=inner, window=window, groups=inner, relu=False)


def _residual(name: str, source: str, channels: int) -> Iterator[Layer]:
    """A unit that adds its input."""
    yield from _branch(name, source, channels // INNER_SHARE, 1, GROUPS)
    yield Conv(
        name=f"{name}.conv3",
        inputs=(f"{name}.conv2",),
        out_channels=channels,
        window=Window.square(1),
        groups=GROUPS,
        bias=False,
        relu=False,
    )
    yield Add(name=f"{name}.add", inputs=(f"{name}.conv3", source), bias=True)


def _halving(name: str, source: str, before: int, channels: int, groups: int) -> Iterator[Layer]:
    """A unit that halves the map and puts the mean of its input beside its branch.

    The ReLU that the paper has behind the concatenation is the branch's here: a mean of numbers that are not negative is not either. The
    mean is written last, which keeps the fewest maps alive.
    """
    yield from _branch(name, source, channels // INNER_SHARE, 2, groups)
    window = Window.square(1)
    yield Conv(name=f"{name}.conv3", inputs=(f"{name}.conv2",), out_channels=channels - before, window=window, groups=GROUPS)
    yield MeanPool(name=f"{name}.pool", inputs=(source,), window=Window.square(3, stride=2, padding=1))
    yield Concat(name=f"{name}.concat", inputs=(f"{name}.pool", f"{name}.conv3"))


def _stages(stages: tuple[tuple[int, int], ...], before: int, source: str) -> Iterator[Layer]:
    """Stages of units, behind a map of *before* channels."""
    for stage, (channels, units) in zip(count(2), stages, strict=False):  # the stem is the paper's first stage
        yield from _halving(f"stage{stage}.0", source, before, channels, groups=1 if stage == 2 else GROUPS)
        source, before = f"stage{stage}.0.concat", channels
        for unit in range(1, units):
            yield from _residual(f"stage{stage}.{unit}", source, channels)
            source = f"stage{stage}.{unit}.add"


def _shufflenet() -> list[Layer]:
    stages = list(_stages(STAGES, STEM_CHANNELS, "maxpool"))
    return [
        Conv(name="conv1", inputs=(INPUT,), out_channels=STEM_CHANNELS, window=Window.square(3, stride=2, padding=1), weights="real"),
        MaxPool(name="maxpool", inputs=("conv1",), window=Window.square(3, stride=2, padding=1)),
        *stages,
        GlobalMean(name="avgpool", inputs=(stages[-1].name,)),
        Dense(name="fc", inputs=("avgpool",), features=1000),
    ]


def _tiny() -> list[Layer]:
    """A halving and a residual unit behind a real stem, whose channels no word divides."""
    stages = list(_stages(((24, 2),), 6, "stem"))
    return [
        Conv(name="stem", inputs=(INPUT,), out_channels=6, window=Window.square(3, padding=1), weights="real"),
        *stages,
        GlobalMean(name="avgpool", inputs=(stages[-1].name,)),
        Dense(name="fc", inputs=("avgpool",), features=10),
    ]


def _tiny_grouped() -> list[Layer]:
    """Grouped layers whose groups are cut by blocks of 16 channels, and a mean that is not halved."""
    return [
        Conv(name="conv1", inputs=(INPUT,), out_channels=20, window=Window.square(1)),
        Conv(name="conv2", inputs=("conv1",), out_channels=36, window=Window.square(3, padding=1), groups=2),
        Conv(name="conv3", inputs=("conv2",), out_channels=36, window=Window.square(3, stride=2, padding=1), groups=36),
        MeanPool(name="mean", inputs=("conv3",), window=Window.square(3, padding=1)),
        Conv(name="conv4", inputs=("mean",), out_channels=9, window=Window.square(1), groups=3),
    ]


NETWORKS: dict[str, Entry] = {
    "shufflenet": Entry(3, IMAGENET, "ShuffleNet 1x of 3 groups (Zhang et al., CVPR 2018), binary weights", _shufflenet),
    "tiny_shufflenet": Entry(ANY, (3, 16, 16), "two units of a ShuffleNet", _tiny),
    "tiny_grouped": Entry(ANY, TINY, "grouped convolutions, and a mean", _tiny_grouped),
}
