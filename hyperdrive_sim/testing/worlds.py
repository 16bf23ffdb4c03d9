"""Small worlds: a network on a chip, mapped, scheduled and simulated once and looked at by many tests.

An architecture need not say anything. Every small network of the zoo that its chip accepts as it is becomes a few worlds. Settings worth
trying are told by a `worlds.yaml` beside its `energy.yaml`; a network that stands there is tried as that file says, and not otherwise:

    worlds:
      - {network: tiny_residual, input_shape: [16, 8, 8], chip: {buffers: 2}, frames: 3}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import cycle, product
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from hyperdrive_sim.archs import registry
from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network import golden, synthetic, zoo
from hyperdrive_sim.network.golden import Computation
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.parameters import Array
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.study import checks
from hyperdrive_sim.text.document import Document

SEED = 7
SMALL = tuple(name for name in zoo.names() if name.startswith("tiny_"))
"""The zoo's small networks."""
SHAPES = (3, 13, 11), (16, 8, 9)
"""A picture, and a map as a layer makes it; neither is a square."""
RUNS = (1, 0), (3, 0), (3, 10**8)
"""Frames and picoseconds between them: one frame; three as fast as can be; three that arrive, 0.1 ms apart."""
MOST_TASKS = 700
"""Larger schedules take the contract's tests seconds instead of milliseconds, and show nothing that smaller ones do not."""


@dataclass(frozen=True)
class World:
    """A world to try: a network of the zoo, its input, the settings of a chip, and how it is run; no *grain* is the coarsest."""

    network: str
    input_shape: tuple[int, int, int]
    chip: Mapping[str, Any] = field(default_factory=dict)
    grain: str = ""
    frames: int = 1
    period_ps: int = 0

    @property
    def arrivals(self) -> Arrivals:
        return Arrivals.periodic(self.frames, self.period_ps)


class WorldTable(BaseModel):
    """A whole worlds.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    worlds: tuple[World, ...]


@dataclass(frozen=True)
class Built:
    """A world with everything that follows from it, made when first asked for."""

    architecture: Architecture
    world: World

    def __str__(self) -> str:
        world = self.world
        settings = ",".join(f"{key}={value}" for key, value in world.chip.items()).replace(" ", "")
        arrivals = f"{world.frames}" + (f"@{world.period_ps}ps" if world.period_ps else "")
        shape, grain = "x".join(map(str, world.input_shape)), world.grain or self.architecture.grains[0]
        return "-".join(filter(None, (self.architecture.name, world.network, shape, settings, grain, arrivals)))

    @cached_property
    def network(self) -> Network:
        return zoo.build(self.world.network, self.world.input_shape)

    @cached_property
    def compiled(self) -> Compiled:
        asked = self.architecture.Spec.model_validate_json(json.dumps(self.world.chip))
        spec = next(iter(self.architecture.candidates(self.network, asked)))
        grain = self.world.grain or self.architecture.grains[0]
        return Compiled(self.architecture.map(self.network, spec), self.world.arrivals, grain)

    @cached_property
    def computation(self) -> Computation:
        inputs, parameters = synthetic.random_inputs(self.network, SEED), synthetic.random_parameters(self.network, SEED)
        return Computation(self.network, parameters, inputs, self.compiled.mapped.arithmetic)

    @cached_property
    def golden(self) -> dict[str, Array]:
        """Every layer's map."""
        return dict(golden.forward(self.computation))

    @property
    def layers(self) -> list[str]:
        """The layers that the accelerator computes."""
        placement = self.compiled.placement
        return [layer.name for layer in self.network if layer.name not in placement.host | placement.moved]

    @property
    def scenario(self) -> Scenario:
        """The world as a scenario that a user would write."""
        world = self.world
        said: dict[str, Any] = {"schema_version": 1, "title": str(self), "network": world.network, "input_shape": world.input_shape}
        said |= {"architecture": self.architecture.name, "chip": world.chip, "frames": world.frames}
        if world.period_ps:
            said["frames_per_s"] = PS_PER_S / world.period_ps
        return Scenario.parse(json.dumps(said), file="contract.yaml")

    @cached_property
    def refusal(self) -> str:
        """Why the chip cannot run this; empty where it can. Whatever else is wrong with it is raised."""
        try:
            self.compiled  # noqa: B018 - a network is mapped when first asked for
        except InvalidInput as error:
            return str(error)
        return ""


@cache
def worlds(name: str) -> tuple[Built, ...]:
    """All worlds of an architecture: those that it tells, and those that the zoo's other small networks become."""
    architecture = registry.load(name)
    told = tuple(Built(architecture, world) for world in _told(name))
    known = {built.world.network for built in told}
    return (*told, *(built for network in SMALL if network not in known for built in derived(architecture, network)))


def _told(name: str) -> tuple[World, ...]:
    path = registry.folder(name) / "worlds.yaml"
    return Document.read(path, f"{name}/worlds.yaml").validate(WorldTable).worlds if path.exists() else ()


def derived(architecture: Architecture, network: str) -> Iterator[Built]:
    """A network at every granularity and in every one of RUNS, the shapes that the chip accepts taking turns."""
    shapes = [shape for shape in SHAPES if not Built(architecture, World(network, shape)).refusal]
    if shapes:
        for (grain, run), shape in zip(product(architecture.grains, RUNS), cycle(shapes), strict=False):
            built = Built(architecture, World(network, shape, {}, grain, *run))
            if built.compiled.size <= MOST_TASKS:
                yield built


def smallest(name: str) -> Built:
    """The world of the fewest tasks among those of several frames, and of several layers on the chip if there are such."""
    several = [built for built in worlds(name) if built.world.frames > 1]
    assert several, f"{name} has no world of several frames to try"
    deeper = [built for built in several if len({part.layer for part in built.compiled.placement.parts}) > 1]
    return min(deeper or several, key=lambda built: built.compiled.size)


def refusals(name: str) -> dict[str, str]:
    """Why an architecture cannot run those of the zoo's small networks that it refuses."""
    tried = {network: Built(registry.load(name), World(network, SHAPES[-1])).refusal for network in SMALL}
    return {network: refusal for network, refusal in tried.items() if refusal}


def same(a: Array, b: Array, tolerance: float = 0.0) -> bool:
    """Bit for bit (any NaN equals any NaN), or within a tolerance where the hardware itself deviates."""
    if tolerance:
        return bool(np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True))
    return a.dtype == b.dtype and a.shape == b.shape and checks.same(a, b)
