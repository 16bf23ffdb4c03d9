"""`arrays.npz`: how tiles and memories were used.

| array | |
|---|---|
| `chips`, `layers`, `memories` | names: of chips, of layers that are computed, of memories |
| `tiles` | [chips, rows, columns], the useful share of each tile's time |
| `tiles_by_layer` | [layers, chips, rows, columns], the same in each layer |
| `occupancy_times_ps`, `occupancy_bits` | of all memories, one after the other: so many bits from that time on |
| `occupancy_offsets` | [memories + 1], where each memory's times and bits begin |
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from hyperdrive_sim.engine.occupancy import Occupancy
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Tiles

NAME = "arrays.npz"

Arrays = dict[str, Any]


class Use(NamedTuple):
    """Use of tiles, in all and by layer, and occupancy of memories, as a report has them."""

    tiles: Tiles
    tiles_by_layer: Mapping[str, Tiles]
    occupancy: Mapping[str, Occupancy]


def write(report: Report, file: BinaryIO) -> None:
    np.savez_compressed(file, **_tiles(report), **_occupancy(report))


def read(file: BinaryIO, machine: Machine) -> Use:
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    chips, layers = arrays["chips"].tolist(), arrays["layers"].tolist()
    by_layer = (dict(zip(chips, tiles, strict=True)) for tiles in arrays["tiles_by_layer"])
    return Use(
        dict(zip(chips, arrays["tiles"], strict=True)),
        dict(zip(layers, by_layer, strict=True)),
        _occupancies(arrays, machine),
    )


def _tiles(report: Report) -> Arrays:
    chips = list(report.tiles)
    return {
        "chips": np.array(chips),
        "tiles": np.array([report.tiles[chip] for chip in chips]),
        "layers": np.array(list(report.tiles_by_layer)),
        "tiles_by_layer": np.array([[tiles[chip] for chip in chips] for tiles in report.tiles_by_layer.values()]),
    }


def _occupancy(report: Report) -> Arrays:
    found = list(report.occupancy.values())
    return {
        "memories": np.array(list(report.occupancy)),
        "occupancy_times_ps": np.concatenate([one.times_ps for one in found]),
        "occupancy_bits": np.concatenate([one.bits for one in found]),
        "occupancy_offsets": np.cumsum([0, *(len(one.bits) for one in found)]),
    }


def _occupancies(arrays: Arrays, machine: Machine) -> dict[str, Occupancy]:
    times, bits, memories = arrays["occupancy_times_ps"], arrays["occupancy_bits"], arrays["memories"].tolist()
    spans = pairwise(arrays["occupancy_offsets"].tolist())
    return {
        memory: Occupancy(times[start:end], bits[start:end], machine.memory[memory].bits)
        for memory, (start, end) in zip(memories, spans, strict=True)
    }
