"""The report's table of layers: when each ran, how hard, and what the arrays stood still for meanwhile."""

from __future__ import annotations

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
from hyperdrive_sim.reports.array_groups import ArrayGroup, array_groups, mean_s, none_of, peak, places
from hyperdrive_sim.schedule.columns import Numbers, grouped, largest, summed
from hyperdrive_sim.schedule.machine import Machine
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

    In a system of several parts an average counts each array as much as its peak, so that what all of them could have done in a time is
    still the peak of the whole times that. `utilization` and `total_cycles` are of the chips that run the layer alone: of how long these
    computed it or stood still for it. What others stood still for it is in `stalls`, and in no share of its own.
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
    network, machine, trace, groups = compiled.network, compiled.machine, compiled.trace, array_groups(compiled)
    frames = trace.tasks.frames - len(trace.dropped)
    joules, stalls, together = compiled.ledger.by_layer(), _stalls(machine, trace, groups), _together(trace)
    for work in _work(machine, trace, groups):
        layers, stalled = together.get(work.layer, ()), stalls.get(work.layer, {})
        ops = frames * sum(compiled.placement.ops(network, layer) for layer in layers)
        running = np.flatnonzero(work.arrays_ps) if work.arrays_ps.any() else np.arange(len(groups))
        theirs, waited = [groups[number] for number in running], sum(stalled.values(), none_of(groups))[running]
        held_s, peak_per_cycle = mean_s(work.arrays_ps[running] + waited, theirs), peak(theirs) or machine.peak_ops_per_cycle
        cycles = machine.clock.cycles(work.busiest_array_ps)
        beside = machine.clock.cycles(work.busiest_ps), _whole_cycles(ops, peak_per_cycle), work.least_cycles
        yield LayerRow(
            work.layer,
            _kind([network[layer] for layer in layers]) or "input",
            ops,
            cycles,
            max(cycles + stall_cycles(mean_s(waited, theirs), machine), *beside),
            work.start_ps / PS_PER_S,
            work.end_ps / PS_PER_S,
            joules.get(work.layer, 0.0),
            mean_s(work.arrays_ps, groups),
            share_of_peak(ops, held_s, peak_per_cycle * machine.clock.hz),
            {cause: mean_s(ps, groups) for cause, ps in stalled.items()},
        )


def stall_cycles(stalled_s: float, machine: Machine) -> int:
    """Cycles of a stall, the nearest whole number."""
    return machine.clock.cycles(round(stalled_s * PS_PER_S))


def share_of_peak(ops: int, seconds: float, peak_ops_per_s: float) -> float:
    """Operations over those that all tiles could have done in some time; 0 if there was no time.

    At most 1: durations are rounded to the picosecond, which may make them too short for what was done in them.
    """
    return min(1.0, ops / (seconds * peak_ops_per_s)) if seconds else 0.0


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
    """First start and last end of a layer's tasks, and their work: on the arrays of each group, on the busiest array, on the busiest unit.

    `least_cycles` are what the bits that they move across a chip's edge take on the link that moves most for its rate.
    """

    layer: str
    start_ps: int
    end_ps: int
    arrays_ps: Numbers
    busiest_array_ps: int
    busiest_ps: int
    least_cycles: int


def _work(machine: Machine, trace: Trace, groups: Sequence[ArrayGroup]) -> Iterator[_LayerWork]:
    """The work of each layer, in the order of the schedule."""
    names, layer, units = trace.layers, trace.tasks.layer.codes, [machine.unit[unit] for unit in trace.units]
    starts, ends = -largest(layer, -trace.start, len(names)), largest(layer, trace.end, len(names))
    work, bits = (_by_layer_and_unit(trace, column) for column in (trace.tasks.ps, crossing_bits(trace)))
    number_of = {unit.name: number for number, unit in enumerate(units)}
    by_group = [work[:, [number_of[array] for array in group.arrays]] for group in groups]
    of_groups = np.stack([of_group.sum(axis=1) for of_group in by_group], axis=1) if groups else np.zeros((len(names), 0), np.int64)
    busiest = np.concatenate([np.zeros((len(names), 1), np.int64), *by_group], axis=1).max(axis=1)
    per_cycle = np.array([unit.rate.bits_per_s / machine.clock.hz if unit.rate else np.inf for unit in units])
    least = np.ceil(bits / per_cycle * (1 - ROUNDING)).astype(np.int64).max(axis=1, initial=0)
    for number, name in enumerate(names):
        on_arrays = of_groups[number], int(busiest[number])
        yield _LayerWork(name, int(starts[number]), int(ends[number]), *on_arrays, int(work[number].max()), int(least[number]))


def _by_layer_and_unit(trace: Trace, column: Numbers) -> Numbers:
    """Sums of a column of the trace, [layers, units]."""
    shape, tasks = (len(trace.layers), len(trace.units)), trace.tasks
    return summed(tasks.layer.codes.astype(np.int64) * shape[1] + tasks.unit.codes, column, shape[0] * shape[1]).reshape(shape)


Stalls = dict[str, dict[str, Numbers]]
"""Picoseconds that arrays stood still, by the layer that they waited for and the kind of unit that was busy with it, added up by group."""


def _stalls(machine: Machine, trace: Trace, groups: Sequence[ArrayGroup]) -> Stalls:
    """Stalls of all arrays: in the gaps before their tasks, and after their last one until the whole run has ended.

    A stall is booked on the layers of the tasks that were waited for; what waited for nothing but the arrival of its frame, on its own.
    """
    total: Stalls = {}
    tasks, group_of = trace.tasks, places(groups)
    kinds = [machine.unit[unit].kind for unit in trace.units]
    of_unit = np.array([group_of.get(unit, 0) for unit in trace.units], np.int64)
    for (layer, kind), group, ps in _shares(trace, *trace.gaps(list(group_of)), kinds, of_unit):
        _of(total, layer, kind, groups)[group] += ps
    ended: dict[int, Numbers] = {}
    for unit, end in zip(trace.units, largest(tasks.unit.codes, trace.end, len(trace.units)).tolist(), strict=True):
        if unit in group_of:
            ended.setdefault(end, none_of(groups))[group_of[unit]] += 1
    for end, arrays in ended.items():
        layer = ""
        for blocker, ps in trace.chain(end):
            if blocker is not None:
                layer = tasks.layer[blocker]
            cause = ARRIVAL if blocker is None else kinds[tasks.unit.codes[blocker]]
            _of(total, layer, cause, groups)[:] += arrays * ps
    return total


def _of(total: Stalls, layer: str, cause: str, groups: Sequence[ArrayGroup]) -> Numbers:
    """Picoseconds of a layer and cause by group, to be added to."""
    return total.setdefault(layer, {}).setdefault(cause, none_of(groups))


def _shares(
    trace: Trace, index: Numbers, gap: Numbers, kinds: Sequence[str], of_unit: Numbers
) -> Iterator[tuple[tuple[str, str], int, int]]:
    """Picoseconds of some gaps before tasks, by layer and kind of unit that was waited for and by group, as they are first met.

    *kinds* are those of the trace's units, *of_unit* the numbers of their groups.
    """
    groups, waiting = int(of_unit.max(initial=0)) + 1, of_unit[trace.tasks.unit.codes[index]]
    layer, place = trace.tasks.layer.codes[index], np.arange(len(index))
    causes = (*dict.fromkeys(kinds), ARRIVAL)
    cause_of = np.array([*map(causes.index, kinds), len(causes) - 1])  # the last one stands for NOBODY
    booked: list[Numbers] = []
    for step, (gaps, blocker, ps) in enumerate(trace.blamed(index, gap)):
        known = blocker != NOBODY
        layer[gaps[known]] = trace.tasks.layer.codes[blocker[known]]
        cause = np.where(known, cause_of[trace.tasks.unit.codes[blocker]], cause_of[-1])
        booked.append(np.stack(((layer[gaps] * len(causes) + cause) * groups + waiting[gaps], place[gaps], np.full(len(gaps), step), ps)))
    if booked:
        key, at, step, ps = np.concatenate(booked, axis=1)
        key, ps = (column[np.lexsort((step, at))] for column in (key, ps))
        keys, first, group = np.unique(key, return_index=True, return_inverse=True)
        sums = summed(group, ps, len(keys))
        for number in np.argsort(first).tolist():
            of_both, group_number = divmod(int(keys[number]), groups)
            of_layer, of_cause = divmod(of_both, len(causes))
            yield (trace.layers[of_layer], causes[of_cause]), group_number, int(sums[number])
