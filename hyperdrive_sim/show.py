"""Reports as people read them on a terminal: rich tables, made here and printed by the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hyperdrive_sim.layer_table import LayerRow
from hyperdrive_sim.published import Comparison
from hyperdrive_sim.report import Report
from hyperdrive_sim.study import Estimate
from hyperdrive_sim.verdict import Verdict

PREFIXES = {12: "T", 9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "u", -9: "n", -12: "p"}

TOP_LAYERS = 8
WIDEST_MESH = 24


def si(value: float, unit: str = "") -> str:
    """A number with three or four digits and its prefix: 0.0806 s is 80.6 ms.

    >>> si(0.0806, "s"), si(3.52e12, "Op/J"), si(0, "J")
    ('80.6 ms', '3.52 TOp/J', '0 J')
    """
    if value == 0:
        return f"0 {unit}".strip()
    if unit == "%":
        return percent(value)
    power = min(12, max(-12, 3 * int(np.floor(np.log10(abs(value)) / 3 + 1e-12))))
    return f"{value / 10.0**power:.4g} {PREFIXES[power]}{unit}".strip()


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def summary(report: Report) -> Group:
    """What a person wants to know first: how long, how much energy, what it waited for, and how far to trust it."""
    parts: list[RenderableType] = [_headline(report), _figures(report), layers(_top(report), "the layers that took longest")]
    if report.system.mesh:
        parts.append(_tiles(report))
    if report.published:
        parts.append(published(report.published))
    return Group(*parts)


def _headline(report: Report) -> Text:
    network, system = report.network, report.system
    shape = " x ".join(map(str, network.input_shape))
    mesh = f", mesh {system.mesh[0]} x {system.mesh[1]}" if system.mesh and system.chips > 1 else ""
    chips = f"{system.chips} chip" + ("s" if system.chips > 1 else "")
    text = Text(report.scenario.title, style="bold")
    text.append(f"\n{network.name}, input {shape}, on {chips} of {system.architecture}{mesh} at {system.clock_mhz:g} MHz", style="not bold")
    return text


def _figures(report: Report) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value, remark in _facts(report):
        table.add_row(name, Text(value, style="bold"), Text(remark, style="dim"))
    return table


def _facts(report: Report) -> Iterator[tuple[str, str, str]]:
    time, energy, work, system = report.time, report.energy, report.throughput, report.system
    each = f", {time.frames} frames" if time.frames > 1 else ""
    yield "latency", si(time.latency_s, "s"), f"per frame; {time.cycles:,} cycles{each}, {time.frames_per_s:.4g} frames/s"
    yield "throughput", si(work.ops_per_s, "Op/s"), f"of {si(system.peak_ops_per_s, 'Op/s')} peak, all tiles of all chips"
    yield "utilisation", percent(work.utilization), f"{work.ops_per_cycle:,.0f} of {system.peak_ops_per_cycle:,} Op per cycle, I/O included"
    share = time.bound_s * 1e6 * system.clock_mhz / time.cycles
    yield "bound by", time.bound_by, f"at least {percent(share)} of the makespan; order and contention cost the rest"
    yield "energy", si(energy.total_j, "J"), f"per frame: core {si(energy.core_j, 'J')}, I/O {si(energy.io_j, 'J')}"
    yield (
        "I/O",
        si(sum(report.io_bits.values()), "bit"),
        ", ".join(f"{what} {si(bits, 'bit')}" for what, bits in report.io_bits.items() if bits),
    )
    remark = f"including I/O; core alone {si(report.efficiency.core_ops_per_j, 'Op/J')}"
    yield "system efficiency", si(report.efficiency.system_ops_per_j, "Op/J"), remark
    yield "prices", _trust(report), "of the energy, by how well its price is known"


def _trust(report: Report) -> str:
    shares: dict[str, float] = {}
    for action in report.energy.by_action.values():
        shares[action.provenance] = shares.get(action.provenance, 0.0) + action.energy_j / report.energy.total_j
    return ", ".join(f"{percent(share)} {how}" for how, share in sorted(shares.items(), key=lambda item: -item[1]))


def _top(report: Report) -> list[LayerRow]:
    longest = sorted(report.layers, key=lambda row: row.start_s - row.end_s)[:TOP_LAYERS]
    return sorted(longest, key=lambda row: row.start_s)


def layers(rows: Sequence[LayerRow], title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for name in ("layer", "kind"):
        table.add_column(name, no_wrap=True)
    for name in ("Op", "cycles", "time", "energy", "utilisation"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("stalled by")
    for row in rows:
        stalls = ", ".join(f"{cause} {si(seconds, 's')}" for cause, seconds in row.stalls.items())
        cells = si(row.ops), f"{row.cycles:,}", si(row.end_s - row.start_s, "s"), si(row.energy_j, "J"), percent(row.utilization)
        table.add_row(row.name, row.kind, *cells, stalls)
    return table


def _tiles(report: Report) -> Group:
    """The mean use of every chip's tiles, and the tiles of the least used chip."""
    mesh = report.system.mesh or (1, 1)
    means = np.array([tiles.mean() for tiles in report.tiles.values()]).reshape(mesh)
    least = min(report.tiles, key=lambda chip: float(report.tiles[chip].mean()))
    text = Text("tile use", style="bold")
    text.append(f" while busy: mean {percent(float(means.mean()))}, least {percent(float(means.min()))} ({least})", style="not bold")
    pictures: list[RenderableType] = [text]
    if mesh[1] <= WIDEST_MESH and means.size > 1:
        pictures.append(Text("\n".join("  " + " ".join(f"{100 * share:3.0f}" for share in row) for row in means), style="dim"))
    return Group(*pictures)


def published(rows: Sequence[Comparison]) -> Table:
    table = Table(title="published and simulated", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("quantity", no_wrap=True)
    for name in ("published", "simulated", "deviation"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("known as")
    table.add_column("remark", style="dim")
    for row in rows:
        deviation = Text(f"{100 * row.error:+.2f} %", style="" if row.within else "bold red")
        table.add_row(row.quantity, si(row.published, row.unit), si(row.simulated, row.unit), deviation, row.provenance, row.note)
    return table


def verdict(found: Verdict) -> Group:
    """What a check says, the worst first."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for good, name, remark in _findings(found):
        table.add_row(Text("ok" if good else "FAULT", style="green" if good else "bold red"), name, remark)
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.seconds.items())
    return Group(table, Text(f"{found.kernel}; {took}", style="dim"))


def _findings(found: Verdict) -> Iterator[tuple[bool, str, str]]:
    function, timing, deviation = found.function, found.timing, found.deviation
    wrong = str(function.mismatch or "") or function.failure
    frames = f"{found.frames} frame" + ("s" if found.frames > 1 else "")
    yield not wrong, "values", wrong or f"all {function.values:,} values of {frames}, replayed in simulated time, equal golden bit for bit"
    proven = (
        "too many tasks to prove; the replay stands alone" if timing.hazard is None else "every pair of conflicting accesses is ordered"
    )
    yield not timing.hazard, "order", timing.hazard or proven
    first = next(iter(timing.grains.values()))
    share = percent(timing.bound / first)
    yield timing.bound <= first, "bounds", f"{first:,} cycles; {timing.bound_by} alone needs {timing.bound:,} ({share})"
    for grain, cycles in list(timing.grains.items())[1:]:
        yield True, "grain", f"cut by {grain}: {cycles:,} cycles ({100 * (cycles / first - 1):+.2f} %)"
    relative = deviation.largest / deviation.scale if deviation.scale else 0.0
    yield (
        True,
        "precision",
        f"largest difference to float64 on the chips: {deviation.largest:.3g}, {100 * relative:.2g} % of the largest value",
    )


def estimate(expected: Estimate) -> str:
    return f"{expected.tasks:,} tasks, about {expected.seconds:.1f} s and {expected.bytes / 2**20:,.0f} MiB"


def sweep(points: Sequence[tuple[Mapping[str, Any], Report | str]]) -> Table:
    """A row per point; a point that failed says why."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for key in points[0][0]:
        table.add_column(key.rpartition(".")[2], justify="right")
    for name in ("latency", "frames/s", "utilisation", "energy", "efficiency", "bound by"):
        table.add_column(name, justify="right", no_wrap=True)
    for point, report in points:
        values = [str(value) for value in point.values()]
        if isinstance(report, str):
            table.add_row(*values, Text(report, style="bold red"))
            continue
        time, energy = report.time, report.energy
        cells = [si(time.latency_s, "s"), f"{time.frames_per_s:.4g}", percent(report.throughput.utilization), si(energy.total_j, "J")]
        table.add_row(*values, *cells, si(report.efficiency.system_ops_per_j, "Op/J"), time.bound_by)
    return table
