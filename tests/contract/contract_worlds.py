"""Small worlds: a network on a chip, lowered and simulated once and looked at by many tests.

An architecture joins by a file `worlds_<name>.py` beside this one, which has WORLDS, tried by every test of the contract; MUTATED, small
ones whose effects and edges are taken away one by one, each with how many those are and how many edges only repeat what others say;
WORKING_ACTION, whose count is the cycles in which its tiles can do useful work; `working_macs(built)`, how many multiply-accumulates
that makes for each, where it is not half of a chip's peak per cycle.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.network import golden, synthetic, zoo
from hyperdrive_sim.network.golden import Computation
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Mapped
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.tasks import Arrivals, Schedule

SEED = 7


class World(NamedTuple):
    """What is tried: a network of the zoo, its input, the settings of a chip, and how it is run."""

    network: str
    input_shape: tuple[int, int, int]
    chip: Mapping[str, Any]
    grain: str
    arrivals: Arrivals = Arrivals()

    def __str__(self) -> str:
        settings = ",".join(f"{key}={value}" for key, value in self.chip.items()).replace(" ", "")
        return f"{self.network}-{'x'.join(map(str, self.input_shape))}-{settings}-{self.grain}-{self.arrivals.frames}"


@dataclass(frozen=True)
class Built:
    """A world with everything that follows from it, made when first asked for."""

    architecture: Architecture
    world: World

    @cached_property
    def network(self) -> Network:
        return zoo.build(self.world.network, self.world.input_shape)

    @cached_property
    def compiled(self) -> Compiled:
        asked = self.architecture.Spec(**self.world.chip)
        spec = next(iter(self.architecture.candidates(self.network, asked)))
        return Compiled(self.architecture.map(self.network, spec), self.world.arrivals, self.world.grain)

    @property
    def mapped(self) -> Mapped:
        return self.compiled.mapped

    @property
    def spec(self) -> Any:
        return self.mapped.spec

    @property
    def machine(self) -> Machine:
        return self.compiled.machine

    @property
    def placement(self) -> Placement:
        return self.compiled.placement

    @property
    def schedule(self) -> Schedule:
        return self.compiled.schedule

    @property
    def trace(self) -> Trace:
        return self.compiled.trace

    @cached_property
    def computation(self) -> Computation:
        inputs, parameters = synthetic.random_inputs(self.network, SEED), synthetic.random_parameters(self.network, SEED)
        return Computation(self.network, parameters, inputs, self.mapped.arithmetic)

    @cached_property
    def golden(self) -> dict[str, Array]:
        """Every layer's map."""
        return dict(golden.forward(self.computation))

    @property
    def layers(self) -> list[str]:
        """The layers that the accelerator runs."""
        return [layer.name for layer in self.network if layer.name not in self.placement.host]


def same(a: Array, b: Array, tolerance: float = 0.0) -> bool:
    """Bit for bit (any NaN equals any NaN), or within a tolerance where the hardware itself deviates."""
    if tolerance:
        return bool(np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True))
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    numbers = ~(np.isnan(a) & np.isnan(b))
    return a[numbers].tobytes() == b[numbers].tobytes()


def module(name: str) -> Any:
    return importlib.import_module(f"worlds_{name}")


def worlds() -> list[Built]:
    """All worlds of all architectures."""
    return [Built(registry.load(name), world) for name in registry.names() for world in module(name).WORLDS]


def label(built: Built) -> str:
    return f"{built.architecture.name}-{built.world}"
