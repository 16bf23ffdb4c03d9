"""Sizes of tiles: of those that fit a chip, the ones that move the fewest bits over its edge.

A chip says itself whether a tile fits. It is asked for few: halo costs the least in squares, and nothing to the sides of tiles as wide as
the map; fewer channels at a time pay where weights that come anew with every tile are more than the maps.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

from hyperdrive_sim.archs.architecture import Architecture
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.tile import Tile
from hyperdrive_sim.schedule.prices import carries
from hyperdrive_sim.schedule.spec import Spec
from hyperdrive_sim.schedule.tasks import Arrivals
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.systems.tile_grid import Grid


class Moved(NamedTuple):
    """Bits that cross a chip's edge: of maps, and of weights."""

    maps: int
    weights: int

    @property
    def bits(self) -> int:
        return self.maps + self.weights


class Sizing:
    """The search for sizes of tiles on a chip; what it has been asked once, for a tile of the same layers and sizes, is known.

    *bands* of rows are to be computed apart, so that there should be tiles for each.
    """

    def __init__(self, arch: Architecture, spec: Spec, bands: int = 1) -> None:
        self.arch, self.spec, self.bands = arch, spec, bands
        self._known: dict[Hashable, InvalidInput | None] = {}
        self._costs: dict[Hashable, tuple[Moved, Moved]] = {}

    def best(self, part: Network) -> Grid:
        """The output of a part cut into the tiles that move the fewest bits. Raises DoesNotFit if not even a value by itself fits."""
        best: tuple[Moved, Grid] | None = None
        channels = part.shape(part.outputs[0]).channels
        while True:
            found = min(self._rated(self._grids(part, channels)), key=lambda rated: rated[0].bits, default=None)
            if best and (not found or found[0].bits >= best[0].bits):
                break
            best = found or best
            # half the channels may halve the weights, and double the maps
            if channels == 1 or (best and best[0].weights <= best[0].maps):
                break
            channels = ceil(channels / 2)
        if best is None:
            raise self._refusal(part)
        return best[1]

    def _refusal(self, part: Network) -> InvalidInput:
        refused = self._refused(Grid(part, Shape(1, 1, 1)).example)
        assert refused is not None
        first, *others = refused.mistakes
        return type(refused)(first._replace(problem=f"{first.problem}, even for a tile of a single value"), *others)

    def _grids(self, part: Network, channels: int) -> Iterator[Grid]:
        """Grids of tiles of so many channels that fit: the largest squares, made as narrow as their number allows, and full rows."""
        rows, columns = part.shape(part.outputs[0])[1:]

        def largest(sizes: Sequence[int], make: Callable[[int], Shape]) -> int:
            """The largest of *sizes*, which descend, for which the tiles fit; 0 if none does."""
            low, high = 0, len(sizes)
            while low < high:
                middle = (low + high) // 2
                if self._refused(Grid(part, make(sizes[middle])).example):
                    low = middle + 1
                else:
                    high = middle
            return sizes[low] if low < len(sizes) else 0

        if side := largest(_even(max(rows, columns)), lambda side: Shape(channels, min(rows, side), min(columns, side))):
            width = _even_part(columns, side)
            height = largest(_even(rows), lambda height: Shape(channels, height, width))
            yield self._grid(part, Shape(channels, height, width))
            if height < rows and (height := largest(_even(rows), lambda height: Shape(channels, height, columns))):
                yield self._grid(part, Shape(channels, height, columns))

    def _grid(self, part: Network, sizes: Shape) -> Grid:
        """A grid with as many rows of tiles in each band, which are as high as can be then."""
        rows = part.shape(part.outputs[0]).rows
        each = ceil(rows / sizes.rows / self.bands)
        return Grid(part, sizes._replace(rows=ceil(rows / (each * self.bands))), self.bands)

    def _rated(self, grids: Iterator[Grid]) -> Iterator[tuple[Moved, Grid]]:
        for grid in grids:
            first, other = self._moved(grid.example)
            yield Moved(*(one * grid.kinds + more * (grid.count - grid.kinds) for one, more in zip(first, other, strict=True))), grid

    def _refused(self, made: Tile) -> InvalidInput | None:
        """Why a tile does not fit; None if it does."""
        key = _unnamed(made)
        if key not in self._known:
            try:
                self.arch.map(made.network, self.spec)
                self._known[key] = None
            except InvalidInput as refusal:
                self._known[key] = refusal
        return self._known[key]

    def _moved(self, made: Tile) -> tuple[Moved, Moved]:
        """Bits that cross the edge for a first tile and for another one after it, which may find weights that have stayed."""
        key = _unnamed(made)
        if key not in self._costs:
            mapped, moved = self.arch.map(made.network, self.spec), []
            for frames in (1, 2):
                writer = Writer()
                mapped.write(writer, Arrivals(frames), self.arch.grains[0])
                counts = writer.schedule().action_counts
                weights = sum(count for action, count in counts.items() if carries(action) == "weights")
                moved.append(Moved(sum(count for action, count in counts.items() if carries(action)) - weights, weights))
            one, two = moved
            self._costs[key] = one, Moved(two.maps - one.maps, two.weights - one.weights)
        return self._costs[key]


def _even(size: int) -> list[int]:
    """Sizes of the parts that an axis can be cut into, the largest of each cut, in descending order."""
    return list(dict.fromkeys(ceil(size / parts) for parts in range(1, size + 1)))


def _even_part(size: int, most: int) -> int:
    """Size of the parts of an axis that is cut as evenly as can be into parts of *most* at most."""
    return ceil(size / ceil(size / most))


def _unnamed(made: Tile) -> Hashable:
    """What a tile has in common with all that have the same layers and sizes, whatever these are called."""
    numbers = {name: str(number) for number, name in enumerate(made.network.maps)}
    layers = (
        replace(layer, name=numbers[layer.name], inputs=tuple(map(numbers.__getitem__, layer.inputs)))  # type: ignore[type-var]
        for layer in made.network
    )
    return tuple(layers), tuple(made.network.inputs.values()), tuple(map(made.network.holds, made.network.inputs))
