"""What must hold in a run directory beyond the type of every value: ranges, and that its files speak of the same run.

A hash says that a file is the one that was written, not that this program wrote it. What is checked here is what everything that shows a
run takes for granted. Each function raises ValueError with a sentence on the first thing that does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from hyperdrive_sim.reports.derived.chip_kinds import chips_by_kind
from hyperdrive_sim.reports.records import Time
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.span_columns import ListColumn, SpanColumns
from hyperdrive_sim.scenario.arrivals import MAX_FRAMES
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.text.typed import plain
from hyperdrive_sim.text.wording import KeyPath, dotted

LARGEST = 10**30
"""Of any figure; nothing that can be simulated comes near."""

ANY_SIGN = ("published", "system")
"""Parts of a result in which figures may be negative: deviations, and settings, which are whatever a chip says."""

POSITIVE = (
    *("network.layers", "system.chips", "system.clock_mhz", "system.peak_ops_per_cycle", "system.peak_ops_per_s"),
    *("time.cycles", "time.frames", "time.frames_per_s"),
)
"""Figures that others are divided by."""


def figures(result: Mapping[str, Any]) -> None:
    """The numbers of `result.json`: finite, no larger than can be, at least 0 where nothing is subtracted."""
    for path, number in _numbers(result):
        least = -LARGEST if path[0] in ANY_SIGN else 0
        if not least <= number <= LARGEST:
            raise ValueError(f"{dotted(path)}: must be a number from {least} to {LARGEST}, not {number}")
        if dotted(path) in POSITIVE and not number:
            raise ValueError(f"{dotted(path)}: must be more than 0")


def _numbers(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, int | float]]:
    """All numbers in plain data, each with its path."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value
    inside: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from _numbers(item, (*path, key))


def parts(machine: Machine) -> None:
    """The machine: every name once, every number at least what it takes."""
    for some in (machine.units, machine.memories):
        _must(len({part.name for part in some}) == len(some), "the machine has a name twice")
    rates = [unit.rate.bits_per_s for unit in machine.units if unit.rate]
    _must(
        0 < min([machine.clock.hz, *rates]) <= max([machine.clock.hz, *rates]) <= LARGEST,
        "the machine has a clock or a link without a rate",
    )
    _must(0 < machine.peak_ops_per_cycle <= LARGEST, "the machine has no peak")
    _must(all(0 <= unit.latency_ps <= LARGEST for unit in machine.units), "the machine has a latency below 0")
    _must(all(0 < memory.bits <= LARGEST for memory in machine.memories), "the machine has a memory without bits")


def spans(columns: SpanColumns, machine: Machine) -> None:
    """The trace: tasks begin when they are ready and end afterwards, come after earlier ones, and are done by units of the machine."""
    rows = len(columns.ready_ps)
    _must(rows > 0, "there is no task in the trace")
    in_order = (columns.ready_ps <= columns.start_ps) & (columns.start_ps <= columns.end_ps)
    _must(bool(in_order.all()), "a task of the trace starts before it is ready, or ends before it starts")
    _must(int(columns.end_ps.max()) + int(columns.latency_ps.max()) < 2**62, "the trace has no end")
    for column in (columns.after, columns.after_start):
        _must(_earlier(column, rows), "a task of the trace comes after itself or a later one")
    unknown = [name for name in columns.unit.names if name not in machine.unit]
    _must(not unknown, f"the machine has no unit '{unknown[0] if unknown else ''}'")
    kinds = np.array([machine.unit[name].kind for name in columns.unit.names])[columns.unit.codes]
    _must(bool((kinds == np.array(columns.unit_kind.names)[columns.unit_kind.codes]).all()), "a unit of the trace is of another kind")
    for text in columns.actions.names:
        counts = plain(text.encode())
        whole = isinstance(counts, dict) and all(type(count) is int and 0 <= count <= LARGEST for count in counts.values())
        _must(whole, f"'{text[:60]}' are no actions with their counts")


def _earlier(column: ListColumn, rows: int) -> bool:
    own = np.repeat(np.arange(rows), np.diff(column.offsets))
    return bool((column.values < own).all())


def together(report: Report) -> None:
    """The files of one run: the same machine, layers, units, frames and actions in all of them."""
    _of_system(report)
    trace, layers = report.trace, [row.name for row in report.layers]
    _must(len(set(layers)) == len(layers), "layers: a name stands there twice")
    _must(set(layers) <= set(trace.layers), "layers: there is one without a task")
    _must(all(row.total_cycles > 0 for row in report.layers if row.ops), "layers: there is one that computes and takes no time")
    _must(set(report.tiles_by_layer) <= set(layers), "tiles_by_layer has a layer that is none")
    units = [(unit.name, unit.kind) for unit in report.units]
    _must(units == [(unit.name, unit.kind) for unit in report.machine.units], "units: they are not those of the machine")
    _must(set(report.occupancy) == set(report.machine.memory), "memories are not those of the machine")
    _must(any(held.peak for held in report.occupancy.values()), "occupancy_bits say that no memory ever held anything")
    paid = {action for actions in trace.tasks.actions.values for action in actions}
    _must(paid <= set(report.energy.by_action), "energy.by_action: an action of the trace is not among them")
    frames, clock = report.time.frames + report.time.dropped, report.machine.clock
    _must(trace.tasks.frames <= frames, "time.frames: the trace has more")
    _must(len(trace.dropped) == report.time.dropped, "time.dropped: the trace lacks others")
    _must(frames <= MAX_FRAMES, "time.frames: are more than can be simulated")
    _must(clock.cycles(trace.makespan_ps) == report.time.cycles, "time.cycles: the trace lasts for another time")
    _of_latencies(report.time)


def _of_latencies(time: Time) -> None:
    found, misses = time.latency_histogram, time.deadline_misses
    _must(len(found.edges_s) == len(found.counts) + 1 > 1, "time.latency_histogram: edges are not one more than counts")
    _must(all(low < high for low, high in pairwise(found.edges_s)), "time.latency_histogram: its edges do not go up")
    _must(sum(found.counts) == time.frames, "time.latency_histogram: it is of another number of frames")
    _must((time.deadline_s is None) == (misses is None), "time.deadline_misses: there are some where there is a deadline, and nowhere else")
    _must((misses or 0) <= time.frames, "time.deadline_misses: are more than there are frames")


def _of_system(report: Report) -> None:
    system, machine = report.system, report.machine
    _must((system.chips, system.mesh) == (machine.chips, machine.mesh), "system: its chips are not those of the machine")
    _must(machine.chips == len(report.tiles), "the tiles are not those of the mesh's chips")
    for part in report.parts:
        _must(min(part.clock_mhz, part.peak_ops_per_s, part.every, part.most_frames_per_s) > 0, f"parts: '{part.name}' has no rate")
        _must(part.busiest in machine.unit, f"parts: the machine has no unit '{part.busiest}'")
    kinds = chips_by_kind(report)
    _must(sum(len(one.tiles) for one in kinds) == machine.chips, "the tiles are not those of the parts' chips")
    for one in kinds:
        where = f"the chips of part '{one.part}'" if one.part else "the mesh's chips"
        rows, columns = one.mesh
        _must(rows > 0 and rows * columns == len(one.tiles) == one.chips > 0, f"the tiles are not those of {where}")
        _must(len({report.tiles[chip].shape for chip in one.tiles}) == 1, f"{where} have tiles of different shapes")
    _must(system.granularity in system.granularities, "system.granularity: is none of those that there are")
    _must(min(report.network.input_shape) > 0, "network.input_shape: has an empty side")


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
