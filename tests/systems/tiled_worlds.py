"""Small networks on chips whose memories hold a tile of their maps alone."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv, Layer, MaxPool, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.systems.tiled import MappedTiles
from hyperdrive_sim.testing.worlds import Built, World


def xnor(name: str, source: str, channels: int, window: Window, **more: Any) -> Conv:
    kind: dict[str, Any] = {"maps": "binary", "scale": False, "bias": False, "relu": False, **more}
    return Conv(name=name, inputs=(source,), out_channels=channels, window=window, **kind)


def windows() -> Network:
    """Paddings of each value, strides, pools in front of and behind the sign, whose windows overlap, a bypass, odd sizes, sums at last."""
    three = Window.square(3, padding=1)
    layers: list[Layer] = [
        Sign(name="s0", inputs=("input",)),
        xnor("c1", "s0", 20, Window.square(5, padding=2), pad=1),
        MaxPool(name="p1", inputs=("c1",), window=Window.square(3, stride=2, padding=1)),
        Sign(name="s1", inputs=("p1",)),
        xnor("c2", "s1", 20, three, pad=-1),
        Add(name="a2", inputs=("c2", "s1"), gain=9, relu=False),
        Sign(name="s2", inputs=("a2",)),
        xnor("c3", "s2", 33, Window((3, 2), (2, 2), pads=(1, 0, 0, 1))),
        Sign(name="s3", inputs=("c3",)),
        MaxPool(name="p3", inputs=("s3",), window=Window.square(2)),
        xnor("c4", "p3", 6, Window.square(1)),
    ]
    return Network("windows", Shape(3, 23, 21), layers)


class TiledWorld(Built):
    """A network on a chip of some settings, in tiles."""

    def __init__(self, chip: str, network: Network, frames: int = 2, **settings: Any) -> None:
        arch, shape = registry.load(chip), next(iter(network.inputs.values()))
        super().__init__(arch, World(network.name, tuple(shape), settings, frames=frames))
        self.__dict__.update(network=network, mapped=MappedTiles(arch, network, arch.Spec(**settings)))  # where cached_property looks first

    def __str__(self) -> str:
        return f"{self.world.network} on {self.architecture.name} in tiles"

    @property
    def mapped(self) -> MappedTiles:
        found: MappedTiles = self.__dict__["mapped"]
        return found

    @cached_property
    def compiled(self) -> Compiled:
        return Compiled(self.mapped, self.world.arrivals, self.architecture.grains[0])

    @property
    def scenario(self) -> Scenario:
        return Scenario.said(network=self.network, architecture=self.architecture.name, chip=self.world.chip, frames=self.world.frames)
