"""Several runs side by side, of scenarios or of the points of a sweep: one row each, and what to know before they are compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group
from rich.text import Text

from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn
from hyperdrive_sim.cli.tables import BLANK, LEAST_TITLE, published
from hyperdrive_sim.errors import HyperdriveSimError, one_line
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.side_by_side import common_title, most_time, names, unlike, weak_prices
from hyperdrive_sim.reports.summary import per_s, percent, si


def comparison(found: Sequence[tuple[str, Report | HyperdriveSimError]]) -> Group:
    """A row per scenario that ran, under the title that all have, if they do.

    Below stands what papers say of them, how they differ in what they compute, and why the others did not run.
    """
    ran = [(file, outcome) for file, outcome in found if isinstance(outcome, Report)]
    failed = [(file, outcome) for file, outcome in found if isinstance(outcome, HyperdriveSimError)]
    reports = [report for _, report in ran]
    below = [Text(remark, style="dim") for remark in unlike(reports)]
    below += [Text(line, style="bold red") for file, error in failed for line in _why(file, error)]
    called = names(reports, [file for file, _ in ran])
    rows = [(name, row) for name, report in zip(called, reports, strict=True) for row in report.published]
    beside = (BLANK, published([row for _, row in rows], [name for name, _ in rows])) if rows else ()
    title = common_title(reports)
    return Group(
        *([Text(one_line(title), style="bold")] if title else []), _table(called, reports), *beside, *((BLANK, *below) if below else ())
    )


def _table(names: Sequence[str], reports: Sequence[Report]) -> FittedTable:
    """Efficiencies stand below their unit to leave room for names; energy is per frame."""
    return FittedTable(
        "",
        TerminalColumn("scenario", [Text(one_line(name)) for name in names], right=False, wraps=" ", least=LEAST_TITLE),
        TerminalColumn("network", [one.network.name for one in reports], right=False, spare=6),
        TerminalColumn("chip", [one.system.architecture for one in reports], right=False, spare=7),
        TerminalColumn("latency", [si(one.time.latency_s, "s") for one in reports]),
        TerminalColumn("rate", [per_s(one.time.frames_per_s) for one in reports], spare=5),
        TerminalColumn("core\nenergy", [si(one.energy.core_j, "J") for one in reports]),
        TerminalColumn("I/O\nenergy", [si(one.energy.io_j, "J") for one in reports]),
        TerminalColumn("system\nOp/s/W", [si(one.efficiency.system_ops_per_j) for one in reports]),
        TerminalColumn("core\nOp/s/W", [si(one.efficiency.core_ops_per_j) for one in reports], spare=4),
        TerminalColumn("use", [percent(one.throughput.utilization) for one in reports], spare=2),
        TerminalColumn("most time", [most_time(one) for one in reports], right=False, spare=3),
        TerminalColumn("weak\nprices", [weak_prices(one) for one in reports], spare=1),
    )


def _why(file: str, error: HyperdriveSimError) -> Iterator[str]:
    """The mistakes of one scenario, a line each, every one with its file."""
    for line in str(error).splitlines():
        yield line if line.startswith(f"{file}:") or f"'{file}'" in line else f"{file}: {line}"


def sweep(points: Iterable[tuple[Mapping[str, object], Report | HyperdriveSimError]]) -> Group:
    """A row per point, and what was wrong with those that failed. Of a report no more is kept than its row."""
    rows = [(point, _outcome(outcome), outcome if isinstance(outcome, HyperdriveSimError) else None) for point, outcome in points]
    keys = [TerminalColumn(key.rpartition(".")[2].replace("_", "\n"), [str(point[key]) for point, _, _ in rows]) for key in rows[0][0]]
    names = {"latency": 0, "rate": 2, "use": 3, "energy": 1, "efficiency": 0, "most time": 4}
    figures = [
        TerminalColumn(name, [cells[number] for _, cells, _ in rows], spare=spare) for number, (name, spare) in enumerate(names.items())
    ]
    failed = [
        Text(f"{', '.join(f'{key}={value}' for key, value in point.items())}: {error}", style="bold red")
        for point, _, error in rows
        if error
    ]
    return Group(FittedTable("", *keys, *figures), *failed)


def _outcome(outcome: Report | HyperdriveSimError) -> list[str | Text]:
    """A point's cells."""
    if isinstance(outcome, HyperdriveSimError):
        return [Text("failed", style="bold red"), "", "", "", "", ""]
    time, energy, efficiency = outcome.time, outcome.energy.total_j, outcome.efficiency.system_ops_per_j
    use = percent(outcome.throughput.utilization)
    return [si(time.latency_s, "s"), per_s(time.frames_per_s), use, si(energy, "J"), si(efficiency, "Op/s/W"), most_time(outcome)]
