"""The report's table of layers: when each ran, how hard, and what the arrays stood still for meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, fsum
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.ledger import crossing_bits
from hyperdrive_sim.engine.trace import Times, Trace, summed
from hyperdrive_sim.network.layers import Layer
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.tasks import Compute

ROUNDING = 1e-12
"""What a quotient of floats may be off by, as a part of it."""


@dataclass(frozen=True)
class LayerRow:
    """A layer (with what is computed in one go with it) over all frames.

    `ops` are those of the arrays, of the kind that the peak counts. `cycles` are those of the busiest array. `computed_s` is how long the
    arrays computed the layer, `stalls` for how long they stood still because its tasks were not done on units of that kind, both on
    average over the arrays; over all layers they add up to the whole run. `utilization` is against all tiles in that time.

    `total_cycles` are what the layer's rates are over: cycles and stalls, but no fewer than its tasks take of any one unit, as its
    weights and maps may be moved while the arrays compute other layers.
    """

    name: str
    kind: str
    ops: int
    cycles: int
    total_cycles: int
    start_s: float
    end_s: float
    energy_j: float
    computed_s: float
    utilization: float
    stalls: Mapping[str, float]

    @property
    def stalled_s(self) -> float:
        """Seconds that the arrays stood still for it, on average over them, whatever the cause."""
        return fsum(self.stalls.values())

    @property
    def held_s(self) -> float:
        """Seconds that it held the arrays, on average over them: they computed it or stood still for it."""
        return fsum((self.computed_s, *self.stalls.values()))


def layer_rows(compiled: Compiled) -> Iterator[LayerRow]:
    """A row for every layer that tasks were written for, in the order of the schedule."""
    network, machine, trace = compiled.network, compiled.machine, compiled.trace
    frames = 1 + max(task.frame for task in trace.tasks)
    arrays = [unit for unit in trace.units if machine.unit[unit].kind == "array"]
    joules, stalls, together = compiled.ledger.by_layer(), _stalls(machine, trace, arrays), _together(trace)
    for work in _work(machine, trace):
        layers = together.get(work.layer, ())
        ops = frames * sum(compiled.placement.ops(network, layer) for layer in layers)
        computed_s, stalled = _mean_s(work.arrays_ps, arrays), stalls.get(work.layer, Counter())
        held_s, cycles = _mean_s(work.arrays_ps + stalled.total(), arrays), machine.clock.cycles(work.busiest_array_ps)
        beside = machine.clock.cycles(work.busiest_ps), _whole_cycles(ops, machine.peak_ops_per_cycle), work.least_cycles
        yield LayerRow(
            work.layer,
            _kind([network[layer] for layer in layers]) or "input",
            ops,
            cycles,
            max(cycles + stall_cycles(_mean_s(stalled.total(), arrays), machine), *beside),
            work.start_ps / PS_PER_S,
            work.end_ps / PS_PER_S,
            joules.get(work.layer, 0.0),
            computed_s,
            share_of_peak(ops, held_s, machine),
            {cause: _mean_s(ps, arrays) for cause, ps in stalled.items()},
        )


def stall_cycles(stalled_s: float, machine: Machine) -> int:
    """Cycles of a stall, the nearest whole number."""
    return machine.clock.cycles(round(stalled_s * PS_PER_S))


def share_of_peak(ops: int, seconds: float, machine: Machine) -> float:
    """Operations over those that all tiles could have done in some time; 0 if there was no time.

    At most 1: durations are rounded to the picosecond, which may make them too short for what was done in them.
    """
    return min(1.0, ops / (seconds * machine.peak_ops_per_s)) if seconds else 0.0


def _mean_s(ps: int, arrays: list[str]) -> float:
    """Seconds of an array, on average, of a time that all together took."""
    return ps / (len(arrays) * PS_PER_S) if arrays else 0.0


def _whole_cycles(amount: int, per_cycle: float) -> int:
    """Cycles that an amount takes at a rate, rounded up."""
    return ceil(amount / per_cycle * (1 - ROUNDING))


def _kind(layers: list[Layer]) -> str:
    return "+".join(layer.kind for layer in layers)


def _together(trace: Trace) -> dict[str, tuple[str, ...]]:
    """Fused layers: for every layer that tasks are written for, those that these tasks compute."""
    fused: dict[str, tuple[str, ...]] = {}
    for task in trace.tasks:
        if task.layer not in fused and isinstance(task.effect, Compute):
            fused[task.layer] = task.effect.locations.layers
    return fused


class _LayerWork(NamedTuple):
    """First start and last end of a layer's tasks, and their work: on all arrays, on the busiest of these, on the busiest unit.

    `least_cycles` are what the bits that they move across a chip's edge take on the link that moves most for its rate.
    """

    layer: str
    start_ps: int
    end_ps: int
    arrays_ps: int
    busiest_array_ps: int
    busiest_ps: int
    least_cycles: int


def _work(machine: Machine, trace: Trace) -> Iterator[_LayerWork]:
    """The work of each layer, in the order of the schedule."""
    names, layer, units = trace.layers, trace.layer_index, [machine.unit[unit] for unit in trace.units]
    order = np.argsort(layer, kind="stable")
    firsts = np.searchsorted(layer[order], np.arange(len(names)))
    starts, ends = np.minimum.reduceat(trace.start[order], firsts), np.maximum.reduceat(trace.end[order], firsts)
    work, bits = (_by_layer_and_unit(trace, column) for column in (trace.end - trace.start, crossing_bits(trace)))
    by_array = work[:, [unit.kind == "array" for unit in units]]
    per_cycle = [(number, unit.rate.bits_per_s / machine.clock.hz) for number, unit in enumerate(units) if unit.rate]
    for number, name in enumerate(names):
        least = max((_whole_cycles(int(bits[number, link]), rate) for link, rate in per_cycle), default=0)
        on_arrays = int(by_array[number].sum()), int(by_array[number].max(initial=0))
        yield _LayerWork(name, int(starts[number]), int(ends[number]), *on_arrays, int(work[number].max()), least)


def _by_layer_and_unit(trace: Trace, column: Times) -> Times:
    """Sums of a column of the trace, [layers, units]."""
    shape = len(trace.layers), len(trace.units)
    return summed(trace.layer_index * shape[1] + trace.unit_index, column, shape[0] * shape[1]).reshape(shape)


Stalls = dict[str, Counter[str]]
"""Picoseconds that arrays stood still, added up over them, by the layer that they waited for and the kind of unit that was busy with it."""


def _stalls(machine: Machine, trace: Trace, arrays: list[str]) -> Stalls:
    """Stalls of all arrays: in the gaps before their tasks, and after their last one until the whole run has ended."""
    total: Stalls = {}
    for unit in arrays:
        for index, gap in trace.idle(unit):
            _book(total, trace.blockers(index, gap), trace.tasks[index].layer, machine, trace)
    for end, times in Counter(int(trace.end[trace.by_unit[unit][-1]]) for unit in arrays).items():
        _book(total, ((blocker, times * ps) for blocker, ps in trace.chain(end)), "", machine, trace)
    return total


def _book(total: Stalls, chain: Iterable[tuple[int | None, int]], layer: str, machine: Machine, trace: Trace) -> None:
    """Book the shares of a stall on the layers of the tasks that were waited for; *layer* is that of the task behind the stall.

    What waited for nothing but the arrival of its frame is booked on its own layer.
    """
    for blocker, ps in chain:
        cause = "arrival"
        if blocker is not None:
            layer, cause = trace.tasks[blocker].layer, machine.unit[trace.tasks[blocker].unit].kind
        total.setdefault(layer, Counter())[cause] += ps
