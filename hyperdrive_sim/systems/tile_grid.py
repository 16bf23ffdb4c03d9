"""A map cut into tiles: lines along channels, rows and columns, and which of the tiles between them are the same network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from hyperdrive_sim.network.box import MOST_SIDE, Box, Shape, chunks
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.tile import MapBlock, Tile, tile

WHOLE = Shape(MOST_SIDE, MOST_SIDE, MOST_SIDE)
"""Sizes of a tile that is the whole map, however large."""


class Run(NamedTuple):
    """Tiles of one kind, which a chip computes one after the other with the same weights: their network, and the blocks of each."""

    tile: Tile
    blocks: Sequence[Mapping[str, MapBlock]]


@dataclass(frozen=True)
class Grid:
    """The output of a part of a network cut into tiles of *sizes*; the last along each axis may be smaller.

    Channels of all tiles are the same few ranges, and so are rows and columns. *bands* of rows, with whole tiles each, are computed apart.
    """

    part: Network
    sizes: Shape
    bands: int = 1

    @property
    def shape(self) -> Shape:
        """Shape of the output."""
        return self.part.shape(self.part.outputs[0])

    @cached_property
    def ranges(self) -> tuple[Sequence[tuple[int, int]], ...]:
        """Ranges of the tiles along channels, rows and columns."""
        return tuple(tuple(chunks(0, size, min(size, step))) for size, step in zip(self.shape, self.sizes, strict=True))

    @property
    def count(self) -> int:
        """Number of tiles."""
        channels, rows, columns = map(len, self.ranges)
        return channels * rows * columns

    def out(self, channels: int, row: int, column: int) -> Box:
        """Block of the output that a tile computes, by its numbers along the three axes."""
        return Box(*(bound for axis, number in zip(self.ranges, (channels, row, column), strict=True) for bound in axis[number]))

    @property
    def example(self) -> Tile:
        """A tile that takes as much as any: one with others on all sides or, of two along an axis, the one that takes more."""
        rows, columns = ([len(axis) // 2] if len(axis) > 2 else range(len(axis)) for axis in self.ranges[1:])
        tiles = [tile(self.part, self.out(0, row, column)) for row in rows for column in columns]
        return max(tiles, key=lambda made: sum(box.size for _, box in made.blocks.values()))

    def runs(self, band: int = 0) -> Iterator[Run]:
        """Tiles of a band, by kind: for each block of channels, whose weights they share, those of the same rows and columns of kinds."""
        channels, rows, columns = self._along
        for block in range(len(channels)):
            for those in _alike(rows, *self.band(band)):
                for others in _alike(columns, 0, len(columns)):
                    first = tile(self.part, self.out(block, those[0], others[0]))
                    yield Run(first, [_joined(channels[block], rows[row], columns[column]) for row in those for column in others])

    def band(self, number: int) -> tuple[int, int]:
        """Rows of tiles of a band, as even as can be."""
        rows = len(self.ranges[1])
        low, high = list(pairwise(-(-rows * band // self.bands) for band in range(self.bands + 1)))[number]
        return low, high

    @cached_property
    def kinds(self) -> int:
        """Number of runs of all bands."""
        channels, rows, columns = self._along
        down = sum(len(_alike(rows, *self.band(band))) for band in range(self.bands))
        return len(channels) * down * len(_alike(columns, 0, len(columns)))

    @cached_property
    def _along(self) -> list[list[Tile]]:
        """Tiles along each axis, first along the others: where a map is cut along an axis does not depend on where it is along another."""
        return [
            [tile(self.part, self.out(*(number if axis == other else 0 for other in range(3)))) for number in range(len(self.ranges[axis]))]
            for axis in range(3)
        ]


def _alike(tiles: Sequence[Tile], low: int, high: int) -> list[list[int]]:
    """Numbers of tiles from *low* to *high*, those of each kind together."""
    found: dict[object, list[int]] = {}
    for number in range(low, high):
        found.setdefault(tiles[number].kind, []).append(number)
    return list(found.values())


def _joined(channels: Tile, rows: Tile, columns: Tile) -> dict[str, MapBlock]:
    """Blocks with the channels of one tile, the rows of another and the columns of a third."""
    blocks = {}
    for name, (tensor, box) in rows.blocks.items():
        of_channels, of_columns = channels.blocks[name].box, columns.blocks[name].box
        blocks[name] = MapBlock(tensor, Box(*of_channels[:2], *box[2:4], *of_columns[4:]))
    return blocks
