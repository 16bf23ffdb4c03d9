"""`arrays.npz`: how tiles and memories were used.

| array | |
|---|---|
| `chips`, `layers`, `memories` | names: of chips, of layers that are computed, of memories |
| `tile_shapes` | [chips, 2], rows and columns of each chip's tiles |
| `tiles` | [tiles], the useful share of each tile's time, chip by chip, row by row |
| `tiles_by_layer` | [layers, tiles], the same in each layer |
| `occupancy_times_ps`, `occupancy_bits` | of all memories, one after the other: so many bits from that time on |
| `occupancy_offsets` | [memories + 1], where each memory's times and bits begin |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.occupancy import Occupancy
from hyperdrive_sim.files import arrays as files
from hyperdrive_sim.outputs.rundir.checked import Arrays, array, names, no_others, offsets
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Tiles

NAME = "arrays.npz"
ROUNDING = 1e-9


class _Occupancy(NamedTuple):
    """Names of the arrays that say how full memories were."""

    times: str = "occupancy_times_ps"
    bits: str = "occupancy_bits"
    offsets: str = "occupancy_offsets"


OCCUPANCY = _Occupancy()


class Use(NamedTuple):
    """Use of tiles, in all and by layer, and occupancy of memories, as a report has them."""

    tiles: Tiles
    tiles_by_layer: Mapping[str, Tiles]
    occupancy: Mapping[str, Occupancy]


def write(report: Report, file: BinaryIO) -> None:
    np.savez_compressed(file, **_tiles(report), **_occupancy(report))


def read(file: BinaryIO, machine: Machine, most_bytes: int) -> Use:
    """The use of tiles and memories in a file. Raises ValueError for an array that cannot be what it is called.

    Nothing is unpacked that takes more than *most_bytes* of memory.
    """
    stored = files.arrays(file, most_bytes)
    layers, shapes = names(stored, "layers"), _shapes(stored)
    number = sum(rows * columns for rows, columns in shapes.values())
    tiles, by_layer = _shares(stored, "tiles", number), _shares(stored, "tiles_by_layer", len(layers), number)
    occupancy = _occupancies(stored, machine)
    no_others(stored, dict.fromkeys(("chips", "layers", "tile_shapes", "tiles", "tiles_by_layer", "memories", *OCCUPANCY)))
    return Use(_by_chip(tiles, shapes), {layer: _by_chip(one, shapes) for layer, one in zip(layers, by_layer, strict=True)}, occupancy)


def _shapes(stored: Arrays) -> dict[str, tuple[int, int]]:
    """Rows and columns of tiles, by chip."""
    chips = names(stored, "chips")
    found = array(stored, "tile_shapes", "i", len(chips), 2).tolist()
    if any(rows < 1 or columns < 1 for rows, columns in found):
        raise ValueError("tile_shapes has a chip without tiles")
    return {chip: (rows, columns) for chip, (rows, columns) in zip(chips, found, strict=True)}


def _by_chip(shares: NDArray[np.float64], shapes: Mapping[str, tuple[int, int]]) -> Tiles:
    """Shares of all tiles, one after the other, as those of each chip."""
    ends = np.cumsum([rows * columns for rows, columns in shapes.values()])[:-1]
    return {chip: some.reshape(shape) for (chip, shape), some in zip(shapes.items(), np.split(shares, ends), strict=True)}


def _shares(stored: Arrays, name: str, *shape: int | None) -> NDArray[np.float64]:
    """Useful shares of time: some, and none of them above 1 but for its rounding."""
    found = array(stored, name, "f", *shape)
    if not found.size or found.max() > 1 + ROUNDING:
        raise ValueError(f"{name} are no shares from 0 to 1")
    return found


def _tiles(report: Report) -> dict[str, Any]:
    chips = list(report.tiles)
    return {
        "chips": np.array(chips),
        "tile_shapes": np.array([report.tiles[chip].shape for chip in chips]),
        "tiles": _in_a_row(report.tiles, chips),
        "layers": np.array(list(report.tiles_by_layer)),
        "tiles_by_layer": np.array([_in_a_row(tiles, chips) for tiles in report.tiles_by_layer.values()]),
    }


def _in_a_row(tiles: Tiles, chips: Sequence[str]) -> NDArray[np.float64]:
    """Shares of the tiles of some chips, one after the other."""
    return np.concatenate([tiles[chip].ravel() for chip in chips])


def _occupancy(report: Report) -> dict[str, Any]:
    found = list(report.occupancy.values())
    return {
        "memories": np.array(list(report.occupancy)),
        OCCUPANCY.times: np.concatenate([one.times_ps for one in found]),
        OCCUPANCY.bits: np.concatenate([one.bits for one in found]),
        OCCUPANCY.offsets: np.cumsum([0, *(len(one.bits) for one in found)]),
    }


def _occupancies(stored: Arrays, machine: Machine) -> dict[str, Occupancy]:
    memories = names(stored, "memories")
    if unknown := [name for name in memories if name not in machine.memory]:
        raise ValueError(f"the machine has no memory '{unknown[0]}'")
    times = array(stored, OCCUPANCY.times, "i", None)
    bits = array(stored, OCCUPANCY.bits, "i", len(times))
    cuts = offsets(stored, OCCUPANCY.offsets, len(memories), len(times), OCCUPANCY.times)
    found = {
        memory: Occupancy(times[start:end], bits[start:end], machine.memory[memory].bits)
        for memory, (start, end) in zip(memories, pairwise(cuts.tolist()), strict=True)
    }
    if any(len(one.times_ps) == 0 or np.any(np.diff(one.times_ps) < 0) for one in found.values()):
        raise ValueError(f"{OCCUPANCY.times} do not run from the beginning on")
    return found
