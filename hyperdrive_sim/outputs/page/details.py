"""Everything that is shown of one run, worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hyperdrive_sim.outputs.page import contents, parts
from hyperdrive_sim.outputs.page.glance import glance
from hyperdrive_sim.outputs.page.picture import Picture
from hyperdrive_sim.outputs.page.pictures import energy, latency, layer_time, memories, power, roofline, tiles, timeline
from hyperdrive_sim.outputs.page.pictures import parts as part_pictures
from hyperdrive_sim.outputs.page.run import Run
from hyperdrive_sim.outputs.page.table import PageTable
from hyperdrive_sim.reports import summary
from hyperdrive_sim.reports.derived.actions import action_counts
from hyperdrive_sim.reports.derived.energy_flow import flows
from hyperdrive_sim.reports.derived.gantt import gantt
from hyperdrive_sim.reports.derived.latencies import SEVERAL, latencies
from hyperdrive_sim.reports.derived.layer_spans import layer_spans
from hyperdrive_sim.reports.derived.memory_use import curves, memory_kinds
from hyperdrive_sim.reports.derived.part_use import PartShare, part_shares, visits
from hyperdrive_sim.reports.derived.power import power as power_of
from hyperdrive_sim.reports.derived.roofline import Roofline
from hyperdrive_sim.reports.derived.roofline import rooflines as points
from hyperdrive_sim.reports.derived.tile_map import tile_maps
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import SummaryLine


@dataclass(frozen=True)
class RunDetails:
    """All that a page shows of one run: its first figures, the summary of the terminal, tables and pictures by name.

    `tiles` are the names of a picture and a table for each kind of chip.
    """

    run: Run
    subject: str
    glance: tuple[tuple[str, str], ...]
    summary: tuple[SummaryLine, ...]
    tables: Mapping[str, PageTable]
    pictures: Mapping[str, Picture]
    tiles: tuple[tuple[str, str], ...]
    roofs: tuple[Roofline, ...]


def details(run: Run) -> RunDetails:
    report = run.report
    actions = action_counts(report)
    roofs, maps, kinds, spans = points(report, actions), tile_maps(report), memory_kinds(report), layer_spans(report)
    of_parts = part_shares(report) if report.parts else ()
    used = [(tiles.tiles(found), contents.tiles(found)) for found in maps]
    spent, several = power_of(report), report.time.frames >= SEVERAL
    tables = [
        contents.layers(report, actions, roofs),
        contents.time_goes_to(report),
        *([parts.parts(report, of_parts)] if report.parts else []),
        contents.units(report),
        *(table for _, table in used),
        contents.memories(kinds),
        contents.prices(report),
        *([contents.versions(run.manifest["versions"])] if run.manifest["versions"] else []),
        *([contents.stalls(report)] if any(row.stalls for row in report.layers) else []),
        *([contents.latencies(report.time)] if several else []),
        *([contents.published(report), contents.origins(report)] if report.published else []),
    ]
    drawn = [
        layer_time.layer_time(report),
        *(_of_parts(report, of_parts) if report.parts else []),
        *(picture for picture, _ in used),
        timeline.timeline(gantt(report), spans, report),
        *([latency.latency(latencies(report.time))] if several else []),
        *([power.power(spent, spans, report)] if spent.watts else []),
        energy.energy(flows(report, actions), report.energy.total_j),
        memories.memories(curves(report), report.trace.makespan_ps),
        *([roofline.roofline(roofs, report)] if any(roof.points for roof in roofs) else []),
    ]
    return RunDetails(
        run,
        summary.subject(report.network, report.system, report.parts),
        glance(report),
        tuple(report.summary_lines()),
        {table.name: table for table in tables},
        {picture.name: picture for picture in drawn},
        tuple((picture.name, table.name) for picture, table in used),
        roofs,
    )


def _of_parts(report: Report, of_parts: Sequence[PartShare]) -> tuple[Picture, Picture]:
    """Pictures of the parts of a system."""
    frames = part_pictures.frames_by_part(visits(report), report.time.frames, report.trace.makespan_ps)
    return frames, part_pictures.energy_by_part(of_parts)
