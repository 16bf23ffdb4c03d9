"""The report of a run: one frozen record, from which everything shown elsewhere is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.engine.occupancy import Occupancy
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports import diagram as diagrams
from hyperdrive_sim.reports import frames, helps, pace, summary
from hyperdrive_sim.reports.helps import Help
from hyperdrive_sim.reports.layer_columns import LayerColumns, layer_columns
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.reports.parts import part_records
from hyperdrive_sim.reports.records import (
    CandidateRow,
    Choice,
    DatasheetEntry,
    NetworkRecord,
    ScenarioRecord,
    SystemRecord,
    Throughput,
    UnitRow,
)
from hyperdrive_sim.reports.results import Results
from hyperdrive_sim.reports.settings import NO_SETTINGS, settings
from hyperdrive_sim.reports.span_columns import SpanColumns, columns
from hyperdrive_sim.reports.spending import efficiency, energy, io_bits
from hyperdrive_sim.reports.summary import SummaryLine
from hyperdrive_sim.scenario.published import Row, compare
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.lazy import Lazy
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.mapped import Composed, Tiles
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.provenance import chain

if TYPE_CHECKING:
    from pandas import DataFrame

    from hyperdrive_sim.outputs.plots import Plots

SCHEMA_VERSION = 3
PLOTS = "hyperdrive_sim.outputs.plots"
"""Found by its name when somebody wants to see something: it stands above this floor, and a run without pictures needs no matplotlib."""


@dataclass(frozen=True)
class Report(Results):
    """One run's results, and what else is known of it: `to_dict` gives the public JSON form, which is the results alone.

    Beside them: the machine, the trace, the use of tiles in the whole run and in each of `layers` that is computed, and how full each
    memory is over time. The last two are worked out when they are asked for.
    """

    machine: Machine
    trace: Trace
    tiles: Tiles
    tiles_by_layer: Mapping[str, Tiles]
    occupancy: Mapping[str, Occupancy]

    @property
    def plot(self) -> Plots:
        """Plots of this report, `report.plot.gantt()`; see `hyperdrive_sim.outputs.plots`."""
        plots: Plots = import_module(PLOTS).Plots(self)
        return plots

    def compared(self, rows: tuple[Row, ...], others: Mapping[str, Report]) -> Report:
        """A copy with published figures beside its own; *others* are the reports that rows are held against, by their scenario."""
        return replace(self, published=compare(rows, self.to_dict(), {path: other.to_dict() for path, other in others.items()}))

    def summary_lines(self) -> Iterator[SummaryLine]:
        """The summary, line by line: how long, how much energy, what it waited for, and how far to trust it."""
        yield from summary.pace(self.time, self.throughput, self.system)
        yield summary.help(self.helps, self.units, self.trace)
        yield from summary.energies(self.energy, self.io_bits, self.efficiency)
        yield from summary.choice(self.system, "system" if self.parts else "chip")
        yield from summary.settings(self.system, "chip")
        for part in self.parts:
            yield from summary.settings(part, f"system.parts.{part.name}.chip")
            yield from summary.sensor(part)
        yield from summary.granularity(self.system)
        yield from summary.of_chip(self.datasheet)
        yield from summary.host(self.network)

    @cached_property
    def helps(self) -> tuple[Help, ...]:
        """What would help: the kinds of unit that most of the time goes to, in half their time, simulated when it is asked for."""
        return helps.most(self.machine, self.trace)

    def took_s(self) -> dict[str, float]:
        """Seconds that each layer took per frame: its arrays computed it, or stood still for it, on average over them."""
        return {row.name: row.held_s / self.time.frames for row in self.layers}

    def diagram(self, width: int = diagrams.CELLS) -> str:
        """Text diagram of what each unit, or kind of unit, did when, *width* characters for the whole run, and its legend."""
        return diagrams.diagram(self.machine, self.trace, width).text(width)

    def layer_columns(self) -> LayerColumns:
        """The table of `layers`, with what follows from the trace for each of them, as columns."""
        return layer_columns(self.layers, self.machine, self.trace, self.tiles_by_layer, self.energy.prices_pj)

    def span_columns(self) -> SpanColumns:
        """The trace as columns, with the kind of every task's unit and what the task cost."""
        return columns(self.trace, self.machine.kinds, self.energy.prices_pj)

    def to_pandas(self) -> DataFrame:
        """A row per layer; raises MissingExtra where pandas is not installed."""
        return frames.layers_frame(self.layer_columns())

    def spans(self) -> DataFrame:
        """A row per task, in the order of the schedule; raises MissingExtra where pandas is not installed."""
        return frames.spans_frame(self.span_columns())

    def _repr_html_(self) -> str:
        subject = summary.subject(self.network, self.system, self.parts)
        return frames.page(self.scenario.title, subject, self.summary_lines(), self.published)


def summarise(scenario: Scenario, compiled: Compiled) -> Report:
    """The report of one run; simulates it if that has not been done."""
    mapped, machine, trace, ledger = compiled.mapped, compiled.machine, compiled.trace, compiled.ledger
    compiled.progress("summarising", 0, 0)
    layers = tuple(layer_rows(compiled))
    computed, time = _network(scenario, compiled.network, compiled.placement), pace.time(compiled, scenario.settings.deadline_s)
    spent = energy(ledger, time.frames)
    ops_per_s = computed.ops * time.frames_per_s
    return Report(
        schema_version=SCHEMA_VERSION,
        scenario=ScenarioRecord(scenario.settings.title, scenario.file, scenario.hash),
        network=computed,
        system=_system(scenario, compiled),
        time=time,
        throughput=Throughput(ops_per_s, ops_per_s / machine.clock.hz, min(1.0, ops_per_s / machine.peak_ops_per_s)),
        energy=spent,
        io_bits=io_bits(ledger, time.frames),
        efficiency=efficiency(computed.ops, spent),
        parts=tuple(part_records(compiled, time)),
        units=tuple(_unit_rows(machine, trace)),
        layers=layers,
        datasheet={
            name: DatasheetEntry(known.value, known.unit, known.provenance, known.source, chain(known.rests_on))
            for name, known in mapped.datasheet.items()
        },
        published=(),
        machine=machine,
        trace=trace,
        tiles=mapped.tiles(None),
        tiles_by_layer=Lazy(tuple(row.name for row in layers if row.ops), mapped.tiles),
        occupancy=Lazy(tuple(memory.name for memory in machine.memories), lambda memory: compiled.occupancy[memory]),
    )


def _network(scenario: Scenario, network: Network, placement: Placement) -> NetworkRecord:
    ours = [layer.name for layer in network if layer.name not in placement.host]
    macs, every_op, weights = (sum(map(count, ours)) for count in (network.macs, network.ops, network.weight_bits))
    ops, host_ops = sum(placement.ops(network, layer) for layer in ours), sum(map(network.ops, placement.host))
    channels, rows, columns = next(iter(network.inputs.values()))
    return NetworkRecord(
        network.name,
        {} if scenario.is_model else scenario.settings.network_options,
        (channels, rows, columns),
        len(network),
        macs,
        ops,
        weights,
        placement.worst_bits(),
        every_op - ops,
        host_ops,
    )


def _system(scenario: Scenario, compiled: Compiled) -> SystemRecord:
    spec, machine, arch = scenario.spec, compiled.machine, scenario.architecture
    name, known = arch.name, settings(spec)
    if isinstance(compiled.mapped, Composed):
        name, known = " + ".join(dict.fromkeys(part.architecture for part in compiled.mapped.parts)), NO_SETTINGS  # parts say theirs
    peaks, cut = (machine.peak_ops_per_cycle, machine.peak_ops_per_s), (scenario.granularity, arch.grains)
    tried = tuple(CandidateRow(**vars(one)) for one in compiled.candidates)
    choice = Choice(spec.goal, tried) if tried else None
    return SystemRecord(
        name, machine.chips, machine.mesh, machine.clock.mhz, *peaks, known.assumed, known.fitted, known.changed, *cut, choice
    )


def _unit_rows(machine: Machine, trace: Trace) -> Iterator[UnitRow]:
    busy, waiting, makespan = trace.busy_ps(), trace.waiting_ps(), trace.makespan_ps
    for unit in machine.units:
        worked = busy.get(unit.name, 0)
        yield UnitRow(unit.name, unit.kind, worked / PS_PER_S, waiting.get(unit.name, 0) / PS_PER_S, worked / makespan)
