"""Every architecture runs any single layer that it claims to support, and networks that end in its sums: what a user tries first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from commands import BASE, invoke, write

from hyperdrive_sim.archs import registry
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Conv, Dense, GlobalMean, Layer, MaxPool, MeanPool, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.study.checks import check
from hyperdrive_sim.study.runs import run

TRIES = 3
"""Of each shape of network with each architecture, with other sizes."""

Draw = np.random.Generator
Make = Callable[[Draw], Iterator[Layer]]


def drawn(draw: Draw, least: int, most: int) -> int:
    """An integer from *least* to *most*."""
    return int(draw.integers(least, most + 1))


def xnor(name: str, source: str, draw: Draw, kernel: int | None = None, **more: Any) -> Conv:
    """A convolution of signs with signs, of a kernel of up to 7 x 7 that keeps the map's size or not, and any padding."""
    kernel = kernel or drawn(draw, 1, 7)
    window = Window.square(kernel, stride=more.pop("stride", 1), padding=more.pop("padding", drawn(draw, 0, kernel // 2)))
    kind: dict[str, Any] = {"maps": "binary", "pad": drawn(draw, -1, 1), "scale": False, "bias": False, "relu": False}
    return Conv(**{"name": name, "inputs": (source,), "out_channels": drawn(draw, 1, 20), "window": window, **kind, **more})


def conv(name: str, source: str, draw: Draw, **more: Any) -> Conv:
    """A convolution of binary weights over a real map, 1 x 1 or 3 x 3 with the same padding."""
    kernel = 2 * drawn(draw, 0, 1) + 1
    window = Window.square(kernel, stride=more.pop("stride", drawn(draw, 1, 2)), padding=kernel // 2)
    kind: dict[str, Any] = {"scale": drawn(draw, 0, 1) > 0, "relu": drawn(draw, 0, 1) > 0}
    return Conv(**{"name": name, "inputs": (source,), "out_channels": drawn(draw, 1, 20), "window": window, **kind, **more})


def sign(name: str, source: str) -> Sign:
    return Sign(name=name, inputs=(source,))


def pooling(kind: type[MaxPool | MeanPool], source: str) -> Layer:
    return kind(name="pool", inputs=(source,), window=Window.square(2, stride=2))


def signs_residual(draw: Draw) -> Iterator[Layer]:
    yield xnor("a", "s", draw, 3, padding=1, out_channels=CHANNELS)
    yield Add(name="sum", inputs=("a", "s"), gain=drawn(draw, 1, 3), relu=False)


def signs_two_sums(draw: Draw) -> Iterator[Layer]:
    out = drawn(draw, 1, 20)
    yield xnor("a", "s", draw, 3, padding=1, out_channels=out)
    yield xnor("b", "s", draw, 1, out_channels=out)
    yield Add(name="sum", inputs=("a", "b"), relu=False)


CHANNELS = 5
SIGNS: Mapping[str, Make] = {
    "pointwise": lambda draw: iter([xnor("a", "s", draw, 1)]),
    "any kernel": lambda draw: iter([xnor("a", "s", draw)]),
    "strided": lambda draw: iter([xnor("a", "s", draw, stride=drawn(draw, 2, 3))]),
    "relu": lambda draw: iter([xnor("a", "s", draw, relu=True)]),
    "thresholded": lambda draw: iter([xnor("a", "s", draw), sign("t", "a")]),
    "pooled": lambda draw: iter([xnor("a", "s", draw, 3), pooling(MaxPool, "a")]),
    "averaged": lambda draw: iter([xnor("a", "s", draw, 3), pooling(MeanPool, "a")]),
    "pooled signs": lambda draw: iter([xnor("a", "s", draw, 3), sign("t", "a"), pooling(MaxPool, "t")]),
    "signs of the pooled": lambda draw: iter([xnor("a", "s", draw, 3), pooling(MaxPool, "a"), sign("t", "pool")]),
    "classifier": lambda draw: iter([xnor("a", "s", draw), Dense(name="fc", inputs=("a",), features=3)]),
    "mean": lambda draw: iter([xnor("a", "s", draw), GlobalMean(name="mean", inputs=("a",))]),
    "residual": signs_residual,
    "two sums": signs_two_sums,
    "two heads": lambda draw: iter([xnor("a", "s", draw), xnor("b", "s", draw)]),
    "two heads on a trunk": lambda draw: iter([xnor("t", "s", draw, 3), sign("u", "t"), xnor("a", "u", draw, 1), xnor("b", "u", draw, 2)]),
}
"""Behind a sign `s`, which the host takes."""


def real_residual(draw: Draw) -> Iterator[Layer]:
    kind: dict[str, Any] = {"stride": 1, "out_channels": drawn(draw, 1, 20)}
    yield conv("a", INPUT, draw, **kind)
    yield conv("b", "a", draw, **kind | {"bias": False, "relu": False})
    yield Add(name="sum", inputs=("b", "a"), bias=drawn(draw, 0, 1) > 0)


REAL: Mapping[str, Make] = {
    "any kernel": lambda draw: iter([conv("a", INPUT, draw)]),
    "pooled": lambda draw: iter([conv("a", INPUT, draw), pooling(MaxPool, "a")]),
    "classifier": lambda draw: iter([conv("a", INPUT, draw), Dense(name="fc", inputs=("a",), features=3)]),
    "residual": real_residual,
    "added to itself by the host": lambda draw: iter([conv("a", INPUT, draw), Add(name="sum", inputs=("a", "a"))]),
    "two heads": lambda draw: iter([conv("a", INPUT, draw), conv("b", INPUT, draw)]),
    "two heads on a trunk": lambda draw: iter([conv("t", INPUT, draw), conv("a", "t", draw), conv("b", "t", draw)]),
}
CASES = [(name, case) for name in registry.names() for case in (REAL if name == "hyperdrive" else SIGNS)]


def network(architecture: str, case: str, seed: int, shape: Shape | None = None) -> Network:
    """A network of that case, of sizes drawn from the seed."""
    draw = np.random.default_rng([seed, *case.encode()])
    shape = shape or Shape(CHANNELS, drawn(draw, 9, 14), drawn(draw, 9, 14))
    layers = REAL[case](draw) if architecture == "hyperdrive" else (sign("s", INPUT), *SIGNS[case](draw))
    return Network(case, shape, layers)


@pytest.mark.parametrize(("architecture", "case"), CASES)
def test_a_single_layer_is_run_checked_and_reported(architecture: str, case: str) -> None:
    """Every value is golden, every output leaves the chip or follows from what does, and all that a report says can be said."""
    for seed in range(TRIES):
        net = network(architecture, case, seed)
        frames = 1 + seed % 2
        report = run(network=net, architecture=architecture, frames=frames)
        assert report.network.ops > 0
        assert 0 < max(unit.utilization for unit in report.units) <= 1
        assert report.io_bits["output"] > 0
        assert len(list(report.summary_lines())) > 3
        assert len(report.diagram().splitlines()) > 5
        assert check(network=net, architecture=architecture, frames=frames).ok, f"{case} of seed {seed}"


@pytest.mark.parametrize("architecture", registry.names())
def test_a_layer_of_one_pixel_and_one_channel(architecture: str) -> None:
    one = Window.square(1)
    layer = Conv(name="a", inputs=(INPUT,), out_channels=1, window=one)
    xnors = Conv(name="a", inputs=("s",), out_channels=1, window=one, maps="binary", scale=False, bias=False, relu=False)
    net = Network("one", Shape(1, 1, 1), [layer] if architecture == "hyperdrive" else [sign("s", INPUT), xnors])
    report = run(network=net, architecture=architecture)
    assert (report.network.macs, report.io_bits["output"]) == (1, 16)
    assert check(network=net, architecture=architecture).ok


@pytest.mark.parametrize("architecture", registry.names())
def test_both_heads_on_one_input_leave(architecture: str) -> None:
    """8 and 16 channels of 4 x 4 numbers of 16 bits, read by nobody: 6144 bits, of which the first head's are 2048."""
    window, source = Window.square(3, padding=1), INPUT if architecture == "hyperdrive" else "s"
    kind: dict[str, Any] = {} if source == INPUT else {"maps": "binary", "scale": False, "bias": False, "relu": False}
    heads = [Conv(name=name, inputs=(source,), out_channels=out, window=window, **kind) for name, out in (("a", 8), ("b", 16))]
    net = Network("heads", Shape(16, 4, 4), heads if source == INPUT else [sign("s", INPUT), *heads])
    assert net.outputs == ("a", "b")
    assert run(network=net, architecture=architecture).io_bits["output"] == 6144


def test_an_input_of_signs_needs_no_layer_before_the_first() -> None:
    for architecture in set(registry.names()) - {"hyperdrive"}:
        layer = xnor("a", INPUT, np.random.default_rng(1), 3)
        net = Network("signs", Shape(5, 6, 7), [layer], holds={INPUT: "signs"})
        found = check(network=net, architecture=architecture)
        assert found.ok
        assert 0.3 < found.activation_rates["a"] < 0.7, "drawn signs are +1 half of the time"


@pytest.mark.parametrize("architecture", ["xnorbin", "chewbaccann"])
@pytest.mark.parametrize("command", [("run",), ("run", "--dry-run"), ("check",), ("diagram",), ("explain", "0")])
def test_a_network_that_ends_in_sums_on_the_command_line(tmp_path: Any, architecture: str, command: tuple[str, ...]) -> None:
    """Caffe's quick network for CIFAR-10: ip1's sums, which the host classifies."""
    base = BASE.replace("tiny_conv", "caffe_quick").replace("[3, 12, 16]", "[3, 32, 32]").replace("hyperdrive", architecture)
    name, *more = command
    assert invoke(name, write(tmp_path, base=base), *more).exit_code == 0
