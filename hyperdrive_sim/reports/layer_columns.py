"""The table of layers, a column at a time: what `layers.csv` and a data frame of a report hold.

Figures are over all frames. What SCALE-Sim's users know is here under these names; its words are of a byte, ours are counted in bits.

| column | in SCALE-Sim | |
|---|---|---|
| `layer_id` | LayerID | position in the table, from 0 |
| `cycles` | - | work of the busiest array |
| `stall_cycles` | Stall Cycles | of the mean array, waiting for tasks of the layer; `stalled_by_*_s` is the same by cause |
| `total_cycles` | Total Cycles | the two together; more, if any one unit is busy with the layer for longer while arrays compute others |
| `utilization` | Overall Util % | of all tiles in work and stalls; a share of 1, as the other two are |
| `mapping_efficiency` | Mapping Efficiency % | mean use of the tiles: how well the layer's shape fits them |
| `compute_utilization` | Compute Util % | of all tiles in work alone |
| `start_s`, `end_s` | Start Cycle, Stop Cycle | of all that is done for the layer, its transfers included |
| `input_io_bits` | DRAM IFMAP Reads | what crosses the edges of chips; `border_io_bits` do so between two chips |
| `weights_io_bits` | DRAM Filter Reads | |
| `output_io_bits` | DRAM OFMAP Writes | |
| `*_io_bits_per_cycle` | Avg IFMAP, FILTER, OFMAP DRAM BW | over `total_cycles`; empty where these are 0 |
| `*_count` | SRAM Reads, Writes | every other action that has a price: accesses, where a chip's are counted one by one, cycles, commands |

In a system of several parts `stall_cycles` are of all its arrays, each counted as much as its peak; `utilization`, `mapping_efficiency`,
`compute_utilization` and `total_cycles` are of the chips that run the layer alone, so `stall_cycles` may be more than `total_cycles`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.ledger import joules
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.reports.layer_table import LayerRow, share_of_peak, stall_cycles
from hyperdrive_sim.reports.sums import mean
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Tiles
from hyperdrive_sim.schedule.prices import IO_ACTIONS, carries

LayerColumns = dict[str, list[Any]]
"""By name, a value for every layer; None where there is none."""


def layer_columns(
    rows: Sequence[LayerRow], machine: Machine, trace: Trace, tiles: Mapping[str, Tiles], pj: Mapping[str, float]
) -> LayerColumns:
    """A report's layers; *tiles* is the use of tiles in each, *pj* the price of every action."""
    totals, counts = [row.total_cycles for row in rows], counts_by_layer(trace)
    crossing = {action: count.tolist() for action, count in counts.items() if carries(action)}
    return {
        "layer_id": list(range(len(rows))),
        "layer": [row.name for row in rows],
        "kind": [row.kind for row in rows],
        "ops": [row.ops for row in rows],
        "cycles": [row.cycles for row in rows],
        "stall_cycles": [stall_cycles(row.stalled_s, machine) for row in rows],
        "total_cycles": totals,
        "utilization": [row.utilization for row in rows],
        "mapping_efficiency": [mean_use(tiles[row.name], machine) if row.name in tiles else None for row in rows],
        "compute_utilization": [share_of_peak(row.ops, row.computed_s, machine.peak_ops_per_s) or None for row in rows],
        "start_s": [row.start_s for row in rows],
        "end_s": [row.end_s for row in rows],
        "energy_j": [row.energy_j for row in rows],
        "io_energy_j": [joules((count[n], pj[action]) for action, count in crossing.items()) for n in range(len(rows))],
        **dict(_stalls(rows)),
        **dict(_transfers(counts, totals)),
        **{f"{action.replace('.', '_')}_count": count.tolist() for action, count in sorted(counts.items()) if not carries(action)},
    }


def counts_by_layer(trace: Trace) -> dict[str, NDArray[np.int64]]:
    """Counts of each action, by layer of the trace."""
    number = {layer: index for index, layer in enumerate(trace.layers)}
    counts: dict[str, NDArray[np.int64]] = {}
    for (layer, action), count in trace.tasks.actions_by_layer.items():
        counts.setdefault(action, np.zeros(len(number), np.int64))[number[layer]] = count
    return counts


def mean_use(tiles: Tiles, machine: Machine) -> float:
    """The mean use of all tiles in a layer, each chip counted alike; in a system, of the members that run it."""
    running = {machine.member(chip) for chip, use in tiles.items() if use.any()}
    return mean(mean(use.ravel().tolist()) for chip, use in tiles.items() if machine.member(chip) in running or not running)


def _stalls(rows: Sequence[LayerRow]) -> Iterator[tuple[str, list[float]]]:
    for cause in sorted({cause for row in rows for cause in row.stalls}):
        yield f"stalled_by_{cause}_s", [row.stalls.get(cause, 0.0) for row in rows]


def _transfers(counts: Mapping[str, NDArray[np.int64]], totals: Sequence[int]) -> Iterator[tuple[str, list[Any]]]:
    nothing = np.zeros(len(totals), np.int64)
    bits = {
        kind: sum((count for action, count in counts.items() if carries(action) == kind), nothing).tolist()
        for kind in dict.fromkeys(IO_ACTIONS.values())
    }
    for kind, of_layers in bits.items():
        yield f"{kind}_io_bits", of_layers
    for kind, of_layers in bits.items():
        yield f"{kind}_io_bits_per_cycle", [some / total if total else None for some, total in zip(of_layers, totals, strict=True)]
