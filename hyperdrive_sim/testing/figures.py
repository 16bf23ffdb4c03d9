"""What the figures of every report must satisfy, whatever ran: no unit, layer or link does more than it can, and parts are the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from math import fsum, isclose

import numpy as np

from hyperdrive_sim.engine.ledger import PJ_PER_J, crossing_bits, joules, picojoules
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.actions import action_counts
from hyperdrive_sim.reports.derived.roofline import rooflines
from hyperdrive_sim.reports.layer_columns import counts_by_layer
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.columns import pairs
from hyperdrive_sim.schedule.machine import is_array
from hyperdrive_sim.schedule.prices import carries

SLACK = 1 + 1e-9
"""Room for the rounding of quotients; what is counted is compared exactly."""


def broken(report: Report) -> Iterator[str]:
    """A sentence for every figure of a report that cannot be."""
    yield from _utilizations(report)
    yield from _throughput(report)
    yield from _time(report)
    yield from _rates(report)
    yield from _columns(report)
    yield from _energy(report)


def _utilizations(report: Report) -> Iterator[str]:
    """Shares are of 1, and what a layer's is worked out from keeps within the peak too, to the picosecond that durations are rounded to."""
    shares = {f"the run's {report.system.architecture}": report.throughput.utilization}
    shares |= {unit.name: unit.utilization for unit in report.units} | {f"layer {row.name}": row.utilization for row in report.layers}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            yield f"{name} is used for {share} of the time"
    for unit in report.units:
        asked = report.time.frames_per_s * unit.busy_s / report.time.frames
        if asked > SLACK:
            yield f"{unit.name} would have to be busy for {asked} of the time at {report.time.frames_per_s} frames/s"
    schedule = report.trace.tasks
    tasks = dict(zip(schedule.layer.values, np.bincount(schedule.layer.codes).tolist(), strict=True))
    for row in report.layers:
        for seconds in (row.held_s, row.computed_s):
            most = report.machine.peak_ops_per_s * (seconds + tasks[row.name] / 2 / PS_PER_S)
            if row.ops > most * SLACK:
                yield f"layer {row.name} does {row.ops} operations in a time for {most}"
    for layer, tiles in report.tiles_by_layer.items():
        if not all(0 <= use.min() <= use.max() <= 1 for use in tiles.values()):
            yield f"a tile is used for more than all of its time in {layer}"


def _throughput(report: Report) -> Iterator[str]:
    """The operations of a frame at the rate of frames, and not more than the peak in the time that a frame has."""
    found, ops, time = report.throughput, report.network.ops, report.time
    if not isclose(found.ops_per_s, ops * time.frames_per_s) or not isclose(found.ops_per_cycle, found.ops_per_s / report.machine.clock.hz):
        yield f"{found.ops_per_s} Op/s and {found.ops_per_cycle} Op per cycle are not {ops} operations at {time.frames_per_s} frames/s"
    most = report.machine.peak_ops_per_s * (1 / time.frames_per_s + len(report.trace) / 2 / PS_PER_S / time.frames)
    if ops > most * SLACK:
        yield f"a frame is {ops} operations in a time for {most}"


def _time(report: Report) -> Iterator[str]:
    """All layers together hold the arrays for as long as the run lasts."""
    held, end = fsum(row.held_s for row in report.layers), int(report.trace.end.max()) / PS_PER_S
    if any(is_array(unit.kind) for unit in report.units) and not isclose(held, end, rel_tol=1e-9):
        yield f"the layers hold the arrays for {held} s of a run of {end} s"


def _rates(report: Report) -> Iterator[str]:
    """In its total cycles no layer asks for more than the peak, the rate of any link or the time of any unit, nor lies above a roof."""
    trace, machine = report.trace, report.machine
    busy: Counter[tuple[str, str]] = Counter()
    moved: Counter[tuple[str, str]] = Counter()
    of = trace.tasks
    for number, (ps, bits) in enumerate(zip((trace.end - trace.start).tolist(), crossing_bits(trace).tolist(), strict=True)):
        busy[of.layer[number], of.unit[number]] += ps
        moved[of.layer[number], of.unit[number]] += bits
    total = {row.name: row.total_cycles for row in report.layers}
    for (layer, unit), ps in busy.items():
        rate = machine.unit[unit].rate
        if machine.clock.cycles(ps) > total[layer]:
            yield f"{unit} is busy with {layer} for {machine.clock.cycles(ps)} cycles of {total[layer]}"
        if rate and moved[layer, unit] * machine.clock.hz > total[layer] * rate.bits_per_s * SLACK:
            yield f"{unit} moves {moved[layer, unit]} bits for {layer} in {total[layer]} cycles"
    for row in report.layers:
        if row.ops > row.total_cycles * machine.peak_ops_per_cycle * SLACK:
            yield f"{row.name} does {row.ops} operations in {row.total_cycles} cycles"
    for roof in rooflines(report, action_counts(report)):
        for point in roof.points:
            if point.ops_per_s > roof.roof_ops_per_s(point) * SLACK:
                yield f"{point.layer} lies above its roof: {point.ops_per_s} of {roof.roof_ops_per_s(point)} Op/s"


def _columns(report: Report) -> Iterator[str]:
    """The same of the table of layers as columns, which has bits by what they carry."""
    table, links = report.layer_columns(), report.machine.link_bits_per_s
    used = pairs(report.trace.tasks.unit, report.trace.tasks.actions.numbered)
    carrying = {report.machine.unit[unit].kind for unit, which in used if any(map(carries, report.trace.tasks.actions.values[which]))}
    if not carrying <= set(links):
        return  # some link has no rate
    most = sum(links[kind] for kind in carrying) / report.machine.clock.hz
    rates = [column for name, column in table.items() if name.endswith("_io_bits_per_cycle")]
    for layer, *per_cycle in zip(table["layer"], *rates, strict=True):
        if fsum(filter(None, per_cycle)) > most * SLACK:
            yield f"{layer} moves {per_cycle} bits per cycle over links of {most}"


def _energy(report: Report) -> Iterator[str]:
    """The energy of all layers is the total, as integers and prices are; what is reported is that, rounded once."""
    prices, frames = report.energy.prices_pj, report.time.frames
    layers: dict[str, Fraction] = dict.fromkeys(report.trace.layers, Fraction())
    for action, counts in counts_by_layer(report.trace).items():
        for layer, count in zip(report.trace.layers, counts.tolist(), strict=True):
            layers[layer] += picojoules([(count, prices[action])])
    actions = [(round(action.count * frames), action.pj) for action in report.energy.by_action.values()]
    if sum(layers.values(), Fraction()) != picojoules(actions):
        yield "the layers' energy is not the total"
    if report.energy.total_j != joules(actions) / frames:
        yield f"{report.energy.total_j} J are not the nearest to what was counted"
    if not isclose(report.energy.core_j + report.energy.io_j, report.energy.total_j, rel_tol=1e-12):
        yield f"{report.energy.core_j} J of the core and {report.energy.io_j} J of I/O are not {report.energy.total_j} J"
    if not 0 <= report.energy.assumed_share <= 1:
        yield f"{report.energy.assumed_share} of the energy rest on weak prices"
    for row in report.layers:
        if row.energy_j != float(layers[row.name] / PJ_PER_J):
            yield f"{row.energy_j} J are not the nearest to what was counted for {row.name}"
