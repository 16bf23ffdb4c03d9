"""The report's table of layers: when each ran, how hard, and what the arrays stood still for meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, fsum
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.ledger import crossing_bits
from hyperdrive_sim.engine.trace import NOBODY, Trace
from hyperdrive_sim.network.layers import Layer
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.schedule.columns import Numbers, grouped, largest, summed
from hyperdrive_sim.schedule.machine import Machine, is_array
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.tasks import Compute

ARRIVAL = "arrival"
"""What waits for nobody but its own time of arrival."""
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
    frames = trace.tasks.frames - len(trace.dropped)
    arrays = [unit for unit in trace.units if is_array(machine.unit[unit].kind)]
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
    tasks = trace.tasks
    order, bounds = grouped(tasks.layer.codes, len(tasks.layer.values))
    fused: dict[str, tuple[str, ...]] = {}
    for name, low, high in zip(tasks.layer.values, bounds, bounds[1:], strict=False):
        seen = {NO_EFFECT}
        for row in order[low:high]:  # the first or second task computes, except where nothing is computed
            if (pattern := int(tasks.pattern[row])) not in seen:
                seen.add(pattern)
                if isinstance(effect := tasks.patterns[pattern], Compute):
                    fused[name] = effect.locations.layers
                    break
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
    names, layer, units = trace.layers, trace.tasks.layer.codes, [machine.unit[unit] for unit in trace.units]
    starts, ends = -largest(layer, -trace.start, len(names)), largest(layer, trace.end, len(names))
    work, bits = (_by_layer_and_unit(trace, column) for column in (trace.tasks.ps, crossing_bits(trace)))
    by_array = work[:, [is_array(unit.kind) for unit in units]]
    per_cycle = np.array([unit.rate.bits_per_s / machine.clock.hz if unit.rate else np.inf for unit in units])
    least = np.ceil(bits / per_cycle * (1 - ROUNDING)).astype(np.int64).max(axis=1, initial=0)
    for number, name in enumerate(names):
        on_arrays = int(by_array[number].sum()), int(by_array[number].max(initial=0))
        yield _LayerWork(name, int(starts[number]), int(ends[number]), *on_arrays, int(work[number].max()), int(least[number]))


def _by_layer_and_unit(trace: Trace, column: Numbers) -> Numbers:
    """Sums of a column of the trace, [layers, units]."""
    shape, tasks = (len(trace.layers), len(trace.units)), trace.tasks
    return summed(tasks.layer.codes.astype(np.int64) * shape[1] + tasks.unit.codes, column, shape[0] * shape[1]).reshape(shape)


Stalls = dict[str, Counter[str]]
"""Picoseconds that arrays stood still, added up over them, by the layer that they waited for and the kind of unit that was busy with it."""


def _stalls(machine: Machine, trace: Trace, arrays: list[str]) -> Stalls:
    """Stalls of all arrays: in the gaps before their tasks, and after their last one until the whole run has ended.

    A stall is booked on the layers of the tasks that were waited for; what waited for nothing but the arrival of its frame, on its own.
    """
    total: Stalls = {}
    tasks = trace.tasks
    kinds = [machine.unit[unit].kind for unit in trace.units]
    for (layer, kind), ps in _shares(trace, *trace.gaps(arrays), kinds):
        total.setdefault(layer, Counter())[kind] += ps
    last = dict(zip(trace.units, largest(tasks.unit.codes, trace.end, len(trace.units)).tolist(), strict=True))
    for end, times in Counter(last[unit] for unit in arrays).items():
        layer = ""
        for blocker, ps in trace.chain(end):
            if blocker is not None:
                layer = tasks.layer[blocker]
            cause = ARRIVAL if blocker is None else kinds[tasks.unit.codes[blocker]]
            total.setdefault(layer, Counter())[cause] += times * ps
    return total


def _shares(trace: Trace, index: Numbers, gap: Numbers, kinds: Sequence[str]) -> Iterator[tuple[tuple[str, str], int]]:
    """Picoseconds of some gaps before tasks by layer and kind of unit that was waited for, in the order in which they are first met."""
    layer, place = trace.tasks.layer.codes[index], np.arange(len(index))
    causes = (*dict.fromkeys(kinds), ARRIVAL)
    cause_of = np.array([*map(causes.index, kinds), len(causes) - 1])  # the last one stands for NOBODY
    booked: list[Numbers] = []
    for step, (gaps, blocker, ps) in enumerate(trace.blamed(index, gap)):
        known = blocker != NOBODY
        layer[gaps[known]] = trace.tasks.layer.codes[blocker[known]]
        cause = np.where(known, cause_of[trace.tasks.unit.codes[blocker]], cause_of[-1])
        booked.append(np.stack((layer[gaps] * len(causes) + cause, place[gaps], np.full(len(gaps), step), ps)))
    if booked:
        key, at, step, ps = np.concatenate(booked, axis=1)
        key, ps = (column[np.lexsort((step, at))] for column in (key, ps))
        keys, first, group = np.unique(key, return_index=True, return_inverse=True)
        sums = summed(group, ps, len(keys))
        for number in np.argsort(first).tolist():
            of_layer, of_cause = divmod(int(keys[number]), len(causes))
            yield (trace.layers[of_layer], causes[of_cause]), int(sums[number])
