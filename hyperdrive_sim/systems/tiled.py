"""A network whose maps fit no chip, on one chip, tile by tile: each tile's input is brought from outside, and its output goes back there.

A segment of the network after the other is computed (`segments`), each in tiles (`tile_grid`). The chip's own lowering writes the tasks of
the tiles of a run, as if each was a frame of a small network: so what it keeps from frame to frame, weights that stay or come early, it
keeps from tile to tile. Between runs the chip comes to rest. What it leaves to the host, the host computes of whole maps.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.golden import Arithmetic
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.schedule.lazy import Lazy
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Datasheet, Mapped, Tiles
from hyperdrive_sim.schedule.placement import Allocation, Placement
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.systems.segments import segments
from hyperdrive_sim.systems.tile_effects import PlacedTile, placed_allocations, placed_parts, steps_of
from hyperdrive_sim.systems.tile_grid import Grid
from hyperdrive_sim.systems.tile_sizes import Sizing
from hyperdrive_sim.systems.tile_tasks import RunTasks, written


class Share(NamedTuple):
    """The share of one of several cores that compute a network together: of each map, band *number* of *of*."""

    number: int = 0
    of: int = 1


class MappedRun(NamedTuple):
    """A run of tiles on the chip: what the chip makes of one of them, all at their places, and of each layer what it takes first."""

    mapped: Mapped
    tiles: tuple[PlacedTile, ...]
    inputs: Mapping[str, str]


class MappedTiles:
    """A network on one chip in tiles: a mapped network, of whose maps the chip holds a tile at a time.

    Raises DoesNotFit where not even a single value of a layer's output can be computed, InvalidInput for a network of which the chip can
    run no layer.
    """

    def __init__(self, arch: Architecture, network: Network, spec: Spec, share: Share | None = None) -> None:
        self.network, self.spec, self._arch, self._share = network, spec, arch, share or Share()
        sizing = Sizing(arch, spec, self._share.of)
        self.grids = tuple(map(sizing.best, segments(network, arch, spec)))
        """The grid of tiles of each segment's output."""
        if not self.grids:
            arch.map(network, spec)  # which says why
            raise InvalidInput.at("network", f"'{network.name}' has no layer that can be computed tile by tile", "leave tiles out")
        self.runs = tuple(self._mapped(self.grids))
        first = self.runs[0].mapped if self.runs else arch.map(self.grids[0].example.network, spec)
        self.machine: Machine = first.machine
        self.arithmetic: Arithmetic = first.arithmetic

    def _mapped(self, grids: tuple[Grid, ...]) -> Iterator[MappedRun]:
        runs = [run for grid in grids for run in grid.runs(self._share.number)]
        most, number = max((len(run.tile.blocks) for run in runs), default=0), 0
        for run in runs:
            names = [*run.tile.blocks]
            tiles = []
            for blocks in run.blocks:
                tiles.append(PlacedTile(number, blocks, {name: 1 + number * most + place for place, name in enumerate(names)}))
                number += 1
            inputs = {layer.name: layer.inputs[0] for layer in run.tile.layers}
            yield MappedRun(self._arch.map(run.tile.network, self.spec), tuple(tiles), inputs)

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        return reduce(lambda known, run: {**known, **run.mapped.prices}, self.runs, {})

    @cached_property
    def datasheet(self) -> Datasheet:
        return reduce(lambda known, run: {**known, **run.mapped.datasheet}, self.runs, {})

    @cached_property
    def placement(self) -> Placement:
        placements = [run.mapped.placement for run in self.runs]
        parts = tuple(part for run in self.runs for part in placed_parts(run.mapped.placement, run.tiles))
        ours = {layer for run in self.runs for layer in run.inputs}
        memories = dict.fromkeys(memory for placement in placements for memory in placement.allocations)
        return Placement(
            parts,
            Lazy(memories, self._lying),
            frozenset(layer.name for layer in self.network if layer.name not in ours),
            {run.tiles[0].blocks[name].tensor: bits for run in self.runs for name, bits in run.mapped.placement.word_bits.items()},
            frozenset(memory for placement in placements for memory in placement.halos),
            dict(self._extra_ops()),
            kinds={memory: tuple(placement.kinds.get(memory, memory) for placement in placements) for memory in memories},
        )

    def _lying(self, memory: str) -> tuple[Allocation, ...]:
        """Allocations of all tiles in a memory."""
        steps = max((len(steps_of(run.mapped.placement)) for run in self.runs), default=0)
        return tuple(one for run in self.runs for one in placed_allocations(run.mapped.placement, memory, run.tiles, steps))

    def _extra_ops(self) -> Iterator[tuple[str, int]]:
        """Operations of each layer that arrays do besides MACs: of a value as many as in the tiles, which compute some of them twice."""
        ops, values = Counter[str](), Counter[str]()
        for run in self.runs:
            for layer, count in run.mapped.placement.extra_ops.items():
                ops[layer] += count * len(run.tiles)
                values[layer] += run.mapped.network.shape(layer).size * len(run.tiles)
        for layer, count in ops.items():
            yield layer, count * self.network.shape(layer).size // values[layer]

    def write(self, to: Writer, arrivals: Arrivals, grain: str) -> None:
        if to.counting:
            for _ in to.each(range(arrivals.frames)):
                for run in self.runs:
                    run.mapped.write(to, Arrivals(len(run.tiles)), grain)
            return
        made: list[RunTasks] = []
        before: tuple[int, ...] = ()
        for frame in range(arrivals.frames):
            for number, run in enumerate(self.runs):
                if frame == 0:
                    own = to.inner()
                    run.mapped.write(own, Arrivals(len(run.tiles)), grain)
                    made.append(written(own.schedule(), run.tiles, run.inputs, self._from_outside))
                before = made[number].extend(to, frame, arrivals.at(frame), before)

    @cached_property
    def _from_outside(self) -> frozenset[str]:
        """Maps that follow from the inputs alone, and are there when a frame arrives."""
        ours = {name for run in self.runs for name in run.inputs}
        return frozenset(name for name in self.network.maps if name not in ours and not any(self.network.made_from(name, ours)))

    def tiles(self, layer: str | None) -> Tiles:
        """Use of the tiles of arrays, averaged over the tiles of maps, each for as long as the arrays have for its products."""
        total: dict[str, NDArray[np.float64]] = {}
        time: defaultdict[str, float] = defaultdict(float)
        for run in self.runs:
            network, parts = run.mapped.network, run.mapped.placement.parts
            values = sum(part.box.size for part in parts)
            for name in (one.name for one in network if network.macs(one.name) and layer in (None, one.name)):
                for chip, use in run.mapped.tiles(name).items():
                    own = sum(part.box.size for part in parts if part.unit.startswith(f"{chip}."))
                    its = network.macs(name) * len(run.tiles) * own / values / use.mean() if own else 0.0
                    time[chip] += its
                    total[chip] = total.get(chip, 0) + its * use
        return {chip: use / time[chip] for chip, use in total.items()}
