"""YOLOv3 with binary weights and real maps (Redmon and Farhadi, 2018): Darknet-53 and three detecting heads, for 80 classes.

Weights are binary but for the first convolution and the last one of each head, which are real. Behind every binary convolution stands a
leaky ReLU, and a residual block adds its input behind that. Rows and columns must be multiples of 32, or two maps do not go together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hyperdrive_sim.network.graph import INPUT
from hyperdrive_sim.network.layers import Activation, Add, Concat, Conv, Layer, Upsample
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.network.zoo.entry import ANY, TINY, Entry

SLOPE = 0.1
STEM_CHANNELS = 32
STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))
"""Channels and residual blocks of each stage of Darknet-53; a convolution before the blocks halves the map."""
HEADS = 3
PREDICTIONS = 3 * (4 + 1 + 80)
"""Channels of a head's output: of each of three boxes four sizes, whether there is one, and the classes."""


def _leaky(
    name: str, source: str, channels: int, kernel: int, stride: int = 1, weights: Literal["binary", "real"] = "binary"
) -> Iterator[Layer]:
    """A convolution and its leaky ReLU, under whose name the result is read."""
    window = Window.square(kernel, stride=stride, padding=kernel // 2)
    yield Conv(name=f"{name}.conv", inputs=(source,), out_channels=channels, window=window, weights=weights, relu=False)
    yield Activation(name=name, inputs=(f"{name}.conv",), function="leaky_relu", slope=SLOPE)


def _darknet(stages: tuple[tuple[int, int], ...], source: str) -> Iterator[Layer]:
    """Stages of residual blocks; the map of each ends as the sum of its last block."""
    for stage, (channels, blocks) in enumerate(stages, start=1):
        yield from _leaky(f"dark{stage}.down", source, channels, 3, 2)
        source = f"dark{stage}.down"
        for block in range(blocks):
            name = f"dark{stage}.{block}"
            yield from _leaky(f"{name}.a", source, channels // 2, 1)
            yield from _leaky(f"{name}.b", f"{name}.a", channels, 3)
            yield Add(name=f"{name}.add", inputs=(f"{name}.b", source), relu=False)
            source = f"{name}.add"


def _head(name: str, source: str, channels: int, pairs: int, predictions: int) -> Iterator[Layer]:
    """A detecting head: pairs of 1 x 1 and 3 x 3 convolutions, the last one real. The next head goes on from its last 1 x 1."""
    for pair in range(pairs):
        yield from _leaky(f"{name}.{pair}.a", source, channels, 1)
        yield from _leaky(f"{name}.{pair}.b", f"{name}.{pair}.a", 2 * channels, 3)
        source = f"{name}.{pair}.b"
    window = Window.square(1)
    yield Conv(name=f"{name}.out", inputs=(source,), out_channels=predictions, window=window, weights="real", scale=False, relu=False)


def _heads(stages: tuple[tuple[int, int], ...], heads: int, pairs: int, predictions: int) -> Iterator[Layer]:
    """Heads from the coarsest map on: each but the first sees the one before it, enlarged, beside the stage of its own size."""
    widths, ends = zip(*((width, f"dark{stage}.{blocks - 1}.add") for stage, (width, blocks) in enumerate(stages, start=1)), strict=True)
    source = ends[-1]
    for number, (width, end) in enumerate(zip(reversed(widths), reversed(ends), strict=True), start=1):
        name = f"head{number}"
        if number > 1:
            yield from _leaky(f"{name}.narrow", source, width // 2, 1)
            yield Upsample(name=f"{name}.enlarged", inputs=(f"{name}.narrow",), factor=2)
            yield Concat(name=f"{name}.concat", inputs=(f"{name}.enlarged", end))
        yield from _head(name, end if number == 1 else f"{name}.concat", width // 2, pairs, predictions)
        source = f"{name}.{pairs - 1}.a"
        if number == heads:
            return


def _yolov3() -> list[Layer]:
    stem = _leaky("stem", INPUT, STEM_CHANNELS, 3, weights="real")
    return [*stem, *_darknet(STAGES, "stem"), *_heads(STAGES, HEADS, 3, PREDICTIONS)]


def _tiny() -> list[Layer]:
    """A test of residual blocks with leaky ReLUs, and of two heads, one behind an enlarged map."""
    stages = ((12, 1), (20, 1))
    stem = _leaky("stem", INPUT, 6, 3, weights="real")
    return [*stem, *_darknet(stages, "stem"), *_heads(stages, 2, 1, 7)]


def _tiny_enlarged() -> list[Layer]:
    """Maps enlarged from ones of an odd size, rounded up, before 1 x 1 and 3 x 3 kernels."""
    return [
        Conv(name="conv1", inputs=(INPUT,), out_channels=5, window=Window.square(3, stride=2, padding=1)),
        Upsample(name="enlarged", inputs=("conv1",), factor=2),
        Conv(name="conv2", inputs=("enlarged",), out_channels=19, window=Window.square(1)),
        Conv(name="conv3", inputs=("enlarged",), out_channels=3, window=Window.square(3, padding=1)),
        Concat(name="concat", inputs=("conv3", "conv2", "enlarged")),
        Conv(name="conv4", inputs=("concat",), out_channels=17, window=Window.square(3, stride=2, padding=1)),
    ]


NETWORKS: dict[str, Entry] = {
    "yolov3": Entry(3, (3, 320, 320), "YOLOv3 (Redmon and Farhadi, 2018), binary weights", _yolov3, 32),
    "tiny_yolo": Entry(ANY, (3, 16, 16), "two heads of a YOLO, one behind an enlarged map", _tiny, 4),
    "tiny_enlarged": Entry(ANY, TINY, "maps enlarged by 2", _tiny_enlarged),
}
