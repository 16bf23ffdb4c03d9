"""The report's table of layers: when each ran, how hard, and what its arrays stood still for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hyperdrive_sim.engine.ledger import Ledger
from hyperdrive_sim.engine.trace import Trace, summed
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Layer
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.tasks import Compute


@dataclass(frozen=True)
class LayerRow:
    """A layer (with what is computed in one go with it) over all frames.

    `cycles` are those of the busiest array; `stalls` say, on average over the arrays, for how long each stood still before this layer's
    tasks and which kind of unit it waited for. `utilization` is against all tiles while the arrays were busy with the layer or stalled
    before it, on average over the arrays; so the layers' shares of the time add up to the whole run.
    """

    name: str
    kind: str
    ops: int
    cycles: int
    start_s: float
    end_s: float
    energy_j: float
    utilization: float
    stalls: Mapping[str, float]

    @property
    def stalled_s(self) -> float:
        """Seconds that the arrays stood still before it, on average over them, whatever the cause."""
        return sum(self.stalls.values())

    def held_s(self, peak_ops_per_s: float) -> float:
        """Seconds that it held the arrays, on average over them: they computed it or stood still before it."""
        return max(self.stalled_s, self.ops / (self.utilization * peak_ops_per_s)) if self.utilization else self.stalled_s

    def computed_s(self, peak_ops_per_s: float) -> float:
        """Seconds that the arrays computed it, on average: `cycles` are the busiest one's, which may add up to more than the run."""
        return self.held_s(peak_ops_per_s) - self.stalled_s


def layer_rows(network: Network, machine: Machine, trace: Trace, ledger: Ledger) -> Iterator[LayerRow]:
    """A row for every layer that tasks were written for, in the order of the schedule."""
    frames = 1 + max(task.frame for task in trace.tasks)
    joules, stalls, together = ledger.by_layer(), _stalls(machine, trace), _together(trace)
    for name, (start, end, busiest, mean) in _layer_times(machine, trace).items():
        layers = together.get(name, ())
        ops = frames * sum(network.ops(layer) for layer in layers)
        stalled = stalls.get(name, {})
        held_s = (mean + sum(stalled.values())) / PS_PER_S
        yield LayerRow(
            name,
            _kind([network[layer] for layer in layers]) or "input",
            ops,
            machine.clock.cycles(busiest),
            start / PS_PER_S,
            end / PS_PER_S,
            joules.get(name, 0.0),
            ops / (held_s * machine.peak_ops_per_s) if held_s else 0.0,
            {cause: ps / PS_PER_S for cause, ps in stalled.items()},
        )


def _kind(layers: list[Layer]) -> str:
    return "+".join(layer.kind for layer in layers)


def _together(trace: Trace) -> dict[str, tuple[str, ...]]:
    """Fused layers: for every layer that tasks are written for, those that these tasks compute."""
    fused: dict[str, tuple[str, ...]] = {}
    for task in trace.tasks:
        if task.layer not in fused and isinstance(task.effect, Compute):
            fused[task.layer] = task.effect.locations.layers
    return fused


def _layer_times(machine: Machine, trace: Trace) -> dict[str, tuple[int, int, int, float]]:
    """Each layer's first start and last end, and the work of its busiest array and of the mean one, in the order of the schedule."""
    names, layer = trace.layers, trace.layer_index
    order = np.argsort(layer, kind="stable")
    firsts = np.searchsorted(layer[order], np.arange(len(names)))
    starts, ends = np.minimum.reduceat(trace.start[order], firsts), np.maximum.reduceat(trace.end[order], firsts)
    work = summed(layer * len(trace.units) + trace.unit_index, trace.end - trace.start, len(names) * len(trace.units))
    arrays = [machine.unit[unit].kind == "array" for unit in trace.units]
    by_array = work.reshape(len(names), -1)[:, arrays]
    busiest, mean = by_array.max(axis=1, initial=0), by_array.sum(axis=1) / max(1, sum(arrays))
    return {name: (int(starts[i]), int(ends[i]), int(busiest[i]), float(mean[i])) for i, name in enumerate(names)}


def _stalls(machine: Machine, trace: Trace) -> dict[str, dict[str, int]]:
    """Time that an array stood still, on average over the arrays, by layer and cause."""
    arrays = [unit for unit in trace.units if machine.unit[unit].kind == "array"]
    total: dict[str, Counter[str]] = {}
    for unit in arrays:
        for index, gap in trace.idle(unit):
            of_layer = total.setdefault(trace.tasks[index].layer, Counter())
            for blocker, ps in trace.blockers(index, gap):
                of_layer["arrival" if blocker is None else machine.unit[trace.tasks[blocker].unit].kind] += ps
    return {layer: {cause: ps // len(arrays) for cause, ps in causes.items()} for layer, causes in total.items()}
