"""The table of the parts of a system, and of what links them."""

from __future__ import annotations

from collections.abc import Sequence

from hyperdrive_sim.outputs.page.table import NONE, Cell, PageColumn, PageTable, amounts, words
from hyperdrive_sim.reports.derived.part_use import PartShare
from hyperdrive_sim.reports.records import PartRecord
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import per_s, percent, si


def parts(report: Report, shares: Sequence[PartShare]) -> PageTable:
    """A row for each part, and a last one for the energy of what is of no part."""
    rows, energies = report.parts, [one.core_j + one.io_j for one in shares]

    def of_parts(head: str, cells: Sequence[Cell]) -> PageColumn:
        return PageColumn(head, [*cells, NONE])

    return PageTable(
        "parts",
        "The parts, per frame",
        (
            words("part", [one.part for one in shares]),
            of_parts("chips", [Cell(_chips(row)) for row in rows]),
            of_parts("peak", [Cell(si(row.peak_ops_per_s, "Op/s"), row.peak_ops_per_s) for row in rows]),
            of_parts("layers", [Cell(str(len(row.layers)), len(row.layers)) for row in rows]),
            of_parts("operations", [Cell(si(row.ops, "Op"), row.ops) for row in rows]),
            of_parts("utilisation", [Cell(percent(row.utilization), row.utilization) for row in rows]),
            of_parts("arrays busy", [Cell(percent(one.arrays), one.arrays) for one in shares[: len(rows)]]),
            of_parts("busiest unit", [Cell(row.busiest) for row in rows]),
            of_parts("busy", [Cell(percent(one.busiest), one.busiest) for one in shares[: len(rows)]]),
            of_parts("at most", [Cell(per_s(row.most_frames_per_s), row.most_frames_per_s) for row in rows]),
            amounts("energy", energies, "J"),
            amounts("of it I/O", [one.io_j for one in shares], "J"),
        ),
        "Arrays busy is the share of the run in which they compute, on average over them. At most is the rate of frames at which the "
        "busiest unit of a part would never rest.",
    )


def _chips(part: PartRecord) -> str:
    """What a part is made of: `4 hyperdrive, 2 x 2, 58 MHz`, `2 xnorbin in turn, 156 MHz`."""
    grid = f", {part.mesh[0]} x {part.mesh[1]}" if part.mesh and part.mesh != (1, 1) else ""
    return f"{part.chips} {part.architecture}{grid}{' in turn' if part.every > 1 else ''}, {part.clock_mhz:g} MHz"
