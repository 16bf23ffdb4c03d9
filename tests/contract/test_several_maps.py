"""Every architecture on networks of several inputs and outputs, which no network of the zoo has: all arrive, all leave, nothing by luck."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine import hazards
from hyperdrive_sim.engine.replay import replay
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Add, Concat, Conv, Layer, Sign, Upsample
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.schedule.tasks import HOST, Copy
from hyperdrive_sim.testing.worlds import Built, World, same


@dataclass(frozen=True)
class Given(Built):
    """A world whose network is not the zoo's."""

    given: Network

    @cached_property
    def network(self) -> Network:
        return self.given


def built(architecture: str, network: Network, chip: dict[str, Any] | None = None) -> Given:
    found = registry.load(architecture)
    return Given(found, World(network.name, (0, 0, 0), chip or {}, frames=2), network)


def conv(name: str, source: str, out: int = 16, kernel: int = 3, **more: Any) -> Conv:
    return Conv(name=name, inputs=(source,), out_channels=out, window=Window.square(kernel, padding=kernel // 2), **more)


def xnor(name: str, source: str, out: int = 16, kernel: int = 3) -> Conv:
    return conv(name, source, out, kernel, maps="binary", scale=False, bias=False, relu=False)


def sign(name: str, source: str) -> Sign:
    return Sign(name=name, inputs=(source,))


SHAPE = Shape(16, 7, 6)

REAL_HEADS: list[Layer] = [conv("trunk", INPUT), conv("one", "trunk", 5), conv("two", "trunk", 16, 1)]
SIGN_HEADS: list[Layer] = [
    sign("s", INPUT), xnor("trunk", "s"), sign("t", "trunk"), xnor("one", "t", 5), xnor("two", "t", 16, 1), sign("u", "two"),
]  # fmt: skip

REAL_PAIR: list[Layer] = [
    conv("a", "left", relu=False, bias=False),
    Add(name="sum", inputs=("a", "right")),
    conv("b", "right"),
    conv("c", "sum"),
]
SIGN_PAIR: list[Layer] = [
    sign("l", "left"),
    xnor("a", "l"),
    Add(name="sum", inputs=("a", "right"), relu=False),
    sign("m", "sum"),
    xnor("b", "right"),
    sign("n", "b"),
    xnor("c", "m"),
    Concat(name="both", inputs=("m", "n")),
    Upsample(name="large", inputs=("both",), factor=2),
    xnor("d", "large"),
]


def heads(architecture: str) -> Network:
    """Two heads on one trunk whose map leaves as well."""
    real = architecture == "hyperdrive"
    return Network("heads", SHAPE, REAL_HEADS if real else SIGN_HEADS, ("one", "two" if real else "u", "trunk" if real else "t"))


def pair(architecture: str) -> Network:
    """Two inputs, of which the chip takes one as it is and, where it computes signs, the other as the host makes it."""
    real, shapes = architecture == "hyperdrive", {"left": SHAPE, "right": SHAPE}
    return Network("pair", shapes, REAL_PAIR if real else SIGN_PAIR, holds=None if real else {"right": "signs"})


CASES = [(name, make) for name in registry.names() for make in (heads, pair)]
MESHES: dict[str, list[dict[str, Any]]] = {"hyperdrive": [{"mesh": (1, 1)}, {"mesh": (2, 2)}]}


@pytest.mark.parametrize(("architecture", "make"), CASES)
def test_every_output_of_every_frame_is_golden(architecture: str, make: Any) -> None:
    for chip in MESHES.get(architecture, [{}]):
        world = built(architecture, make(architecture), chip)
        hazards.check(world.compiled)
        outputs = list(replay(world.compiled, world.computation))
        assert [list(output) for output in outputs] == [list(world.network.outputs)] * 2, "both frames, in the order they are named"
        for output in outputs:
            for name, values in output.items():
                assert np.ptp(values) > 0, name
                assert same(values, world.golden[name], world.architecture.tolerance), name


@pytest.mark.parametrize("architecture", registry.names())
def test_what_crosses_the_edge_of_the_accelerator(architecture: str) -> None:
    """Every input that the chip reads comes in once a frame and every output goes out once, block by block."""
    for make in (heads, pair):
        world = built(architecture, make(architecture))
        values: Counter[tuple[str, str]] = Counter()
        for task in world.compiled.schedule:
            if isinstance(task.effect, Copy) and HOST in (task.effect.source, task.effect.target):
                way = "in" if task.effect.source == HOST else "out"
                values[way, task.effect.tensor] += sum(box.channels(task.effect.c0, task.effect.c1).size for box in task.effect.boxes)
        made = set(world.layers)
        for name in {name for layer in made for name in world.network[layer].inputs} - made:
            assert values["in", name] == 2 * world.network.shape(name).size, name
        for name in set(world.network.outputs) & made:
            assert values["out", name] == 2 * world.network.shape(name).size, name
