"""Small systems of several parts, mapped and compiled for tests."""

from __future__ import annotations

import json
from typing import Any

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv, GlobalMean, MaxPool, Sign
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.systems.spec import SystemSpec
from hyperdrive_sim.systems.system import architecture
from hyperdrive_sim.testing.worlds import Built, World

Said = dict[str, Any]

REPLICAS: Said = {"parts": {"core": {"architecture": "xnorbin", "count": 2}}, "partition": {"core": ["*"]}}
"""Two chips of a kind, beside the host, that take frames in turn."""

BUS: Said = {"links": {"bus": {"between": ["host", "core"], "gbit_per_s": 1, "pj_per_bit": 3, "latency_ns": 5, "shared": True}}}

BANDS: Said = {
    "parts": {"core": {"architecture": "xnorbin", "count": 2, "split": "rows", "chip": {"feature_map_memory_bits": [2000, 2000]}}},
    "partition": {"core": ["*"]},
}
"""Two chips whose memories hold no map: each has a band of every map's rows, in tiles."""

CUT: Said = {
    "parts": {"a": {"architecture": "xnorbin"}, "b": {"architecture": "chewbaccann"}},
    "links": {"wire": {"between": ["a", "b"], "gbit_per_s": 1}, "up": {"between": ["a", "host"], "gbit_per_s": 2}},
    "partition": {"a": ["stem", "sign0", "layer1*"], "b": ["layer2*", "mean"]},
}
"""Two kinds of chips in a row: what the second sends to the host passes the first."""

BRANCHES: Said = {
    "parts": {"core": {"architecture": "chewbaccann", "count": 2}},
    "partition": {"core[0]": ["*.base1.*"], "core[1]": ["*.base2.*"], "host": ["stem", "sign0", "*.add*", "layer?.?.sign", "mean"]},
}
"""The two branches of each block on a chip each; the host adds up."""

MIXED: Said = {
    "parts": {"front": {"architecture": "hyperdrive", "chip": {"mesh": [1, 2]}}, "back": {"architecture": "xnorbin", "count": 2}},
    "links": {
        "wire": {"between": ["front", "back"], "gbit_per_s": 1, "pj_per_bit": 2},
        "up": {"between": ["front", "host"], "gbit_per_s": 1},
    },
    "partition": {"front": ["c?", "s1"], "back": ["x*", "p*", "s[23]", "mean"]},
}
"""Real maps on a mesh, signs on two chips in turn; signs are made of real numbers before they are sent."""

SHOWN: Said = {
    **MIXED,
    "parts": {
        "front": {"architecture": "hyperdrive", "chip": {"mesh": [1, 2], "tile_rows": 2, "tile_columns": 3}},
        "back": {"architecture": "xnorbin", "count": 2},
    },
}
"""The same with tiles of 2 x 3 on the mesh: of another shape, and of another peak, than the 7 x 7 of the others."""

RECEIVER: Said = {**MIXED, "partition": {"front": ["c?"], "back": ["x*", "p*", "s?", "mean"]}}
"""The same, but signs are made where they are taken."""


def mixed() -> Network:
    """Two layers of binary weights on real maps, then three of signs."""
    three, one = Window.square(3, padding=1), Window.square(1)
    layers = [
        Conv(name="c1", inputs=("input",), out_channels=16, window=three),
        Conv(name="c2", inputs=("c1",), out_channels=20, window=Window.square(3, stride=2, padding=1)),
        Sign(name="s1", inputs=("c2",)),
        Conv(name="x1", inputs=("s1",), out_channels=24, window=three, maps="binary", scale=False, bias=False, relu=False),
        Sign(name="s2", inputs=("x1",)),
        MaxPool(name="p2", inputs=("s2",), window=Window.square(2, stride=2)),
        Conv(name="x2", inputs=("p2",), out_channels=10, window=one, maps="binary", scale=False, bias=False, relu=False),
        GlobalMean(name="mean", inputs=("x2",)),
    ]
    return Network("mixed", Shape(3, 8, 12), layers)


def groupnet() -> Network:
    return zoo.build("tiny_groupnet", (3, 6, 6))


def spec(said: Said) -> SystemSpec:
    return SystemSpec.model_validate_json(json.dumps(said))


def system(network: Network, said: Said, frames: int = 3, grain: str = "coarsest") -> Compiled:
    """A network on a system, with some frames to be run."""
    return Compiled(architecture.map(network, spec(said)), Arrivals(frames), grain)


class Composed(Built):
    """A world of a system, of a network that the zoo may not have."""

    def __init__(self, name: str, network: Network, said: Said, frames: int = 3) -> None:
        shape = next(iter(network.inputs.values()))
        super().__init__(architecture, World(network.name, tuple(shape), said, frames=frames))
        self.__dict__.update(network=network, name=name)  # where cached_property looks first

    def __str__(self) -> str:
        return str(self.__dict__["name"])

    @property
    def scenario(self) -> Scenario:
        return Scenario.said(network=self.network, system=self.world.chip, frames=self.world.frames)
