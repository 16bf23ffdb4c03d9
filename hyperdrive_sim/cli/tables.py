"""Reports as people read them on a terminal 80 columns wide: rich tables, made here and printed by the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn, unlined
from hyperdrive_sim.errors import one_line
from hyperdrive_sim.reports.derived.chip_kinds import ChipKind, chips_by_kind
from hyperdrive_sim.reports.layer_table import LayerRow
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import BESIDE, beside, further_off, per_s, percent, remarks, si, subject
from hyperdrive_sim.reports.sums import mean as average
from hyperdrive_sim.scenario.published import Comparison
from hyperdrive_sim.text.wording import counted

if TYPE_CHECKING:  # a run need not load what checks are made of
    from hyperdrive_sim.study.checks import Verdict
    from hyperdrive_sim.study.models import ModelSummary
    from hyperdrive_sim.study.runs import Estimate

TOP_LAYERS = 8
WIDEST_MESH = 19
WORTH_SAYING = 0.015
LEAST_TITLE = 12
BINARY = "binary weights", "binary weights and maps"
"""Classes of layers with binary weights, and of those with binary maps too."""
BLANK = Text("")

RIGHT, WRONG = Text("ok", "green"), Text("FAULT", "bold red")
DOUBTFUL, UNTRIED = Text("WARN", "bold yellow"), Text("--", "dim")
"""Marks of the parts of a check result."""


def summary(report: Report) -> Group:
    """The summary of a run: how long it takes, how much energy, what it waits for, and how far to trust it."""
    parts: list[RenderableType] = [_headline(report), BLANK, _figures(report), BLANK]
    if report.parts:
        parts += [_parts(report), BLANK]
    parts += [_layers(report), BLANK, _tiles(report)]
    if report.published:
        parts += [BLANK, published(report.published)]
    return Group(*parts)


def _headline(report: Report) -> Text:
    text = Text(one_line(report.scenario.title), style="bold")
    text.append(f"\n{subject(report.network, report.system, report.parts)}", style="not bold")
    return text


def _figures(report: Report) -> Table:
    table = unlined("left", "left", "left")
    for name, value, remark in report.summary_lines():
        table.add_row(Text(name), Text(value, style="bold"), Text(remark, style="dim"))
    return table


def _parts(report: Report) -> FittedTable:
    """The parts of a system, per frame: what each does, costs and waits for."""
    parts = report.parts
    return FittedTable(
        "the parts, per frame" if report.time.frames > 1 else "the parts",
        TerminalColumn("part", [part.name for part in parts], right=False),
        TerminalColumn("chips", [f"{part.chips} {part.architecture}" for part in parts], right=False),
        TerminalColumn("layers", [str(len(part.layers)) for part in parts], spare=2),
        TerminalColumn("use", [percent(part.utilization) for part in parts]),
        TerminalColumn("at most", [per_s(part.most_frames_per_s) for part in parts]),
        TerminalColumn("as fast as its", [part.busiest.removeprefix(f"{part.name}.") for part in parts], right=False, spare=1),
        TerminalColumn("energy", [si(part.energy.total_j, "J") for part in parts]),
        TerminalColumn("of it I/O", [si(part.energy.io_j, "J") for part in parts], spare=3),
    )


def _layers(report: Report) -> FittedTable:
    """The layers that took longest, per frame: how long arrays computed them or stood still for them, and for what."""
    frames, took = report.time.frames, report.took_s()
    longest = sorted(report.layers, key=lambda row: -took[row.name])[:TOP_LAYERS]
    rows = [row for row in report.layers if row in longest and took[row.name]]
    each = ", per frame" if frames > 1 else ""
    return FittedTable(
        f"the layers that took longest{each}",
        TerminalColumn("layer", [row.name for row in rows], right=False),
        TerminalColumn("kind", [row.kind for row in rows], right=False, spare=1),
        TerminalColumn("time", [si(took[row.name], "s") for row in rows]),
        TerminalColumn("array\ncycles", [f"{row.cycles / frames:,.0f}" for row in rows], spare=2),
        TerminalColumn("energy", [si(row.energy_j / frames, "J") for row in rows], spare=3),
        TerminalColumn("use", [percent(row.utilization) for row in rows]),
        TerminalColumn("stalled by", [_stalls(row, took[row.name] * frames) for row in rows], right=False, wraps=", "),
    )


def _stalls(row: LayerRow, took_s: float) -> str:
    shares = {cause: seconds / took_s for cause, seconds in row.stalls.items() if seconds > WORTH_SAYING * took_s}
    return ", ".join(f"{cause} {100 * share:.0f}%" for cause, share in sorted(shares.items(), key=lambda item: -item[1]))


def _tiles(report: Report) -> Group:
    """The mean use of every chip's tiles, and the tiles of the least used chip."""
    means = {chip: float(tiles.mean()) for chip, tiles in report.tiles.items()}
    least = min(means, key=lambda chip: means[chip])
    mean = percent(average(means.values()))
    text = Text.assemble(("tile use", "bold"), f" while computing: {mean}")
    if len(means) > 1:
        text.append(f", least {percent(means[least])} ({least})")
    kinds = chips_by_kind(report)
    if not report.parts:
        grid = _grid(kinds[0], means)
        text.append(", in %:" if grid else "")
        return Group(text, *grid)
    return Group(text, *(line for kind in kinds for line in _of_part(kind, means)))


def _of_part(kind: ChipKind, means: Mapping[str, float]) -> Iterator[Text]:
    """The mean use of a part's tiles, and of each of its chips where they are a mesh."""
    grid = _grid(kind, means)
    yield Text(f"{kind.part}: {percent(average(means[chip] for chip in kind.tiles))}{', in %:' if grid else ''}")
    yield from grid


def _grid(kind: ChipKind, means: Mapping[str, float]) -> tuple[Text, ...]:
    """The mean use of every chip's tiles where it stands; nothing for one chip, for chips without a mesh, or for too many."""
    if not kind.is_mesh or len(kind.tiles) == 1 or max(kind.mesh) > WIDEST_MESH:
        return ()
    rows = np.array([means[chip] for chip in kind.tiles]).reshape(kind.mesh)
    return (Text("\n".join("  " + " ".join(f"{100 * share:3.0f}" for share in row) for row in rows), style="dim"),)


def published(rows: Sequence[Comparison], of: Sequence[str] = ()) -> Group:
    """Published figures beside simulated ones, and what there is to say about them; *of* names the run of each, if there are more."""
    said = [beside(row) for row in rows]
    whose = (TerminalColumn("scenario", [Text(one_line(name)) for name in of], right=False, wraps=" ", least=LEAST_TITLE),) if of else ()
    table = FittedTable(
        BESIDE.quantity,
        *whose,
        TerminalColumn("quantity", [one.quantity for one in said], right=False, wraps=" "),
        TerminalColumn(BESIDE.published, [one.published for one in said]),
        TerminalColumn("counted\nso", [one.as_published for one in said]),
        TerminalColumn("system\npays", [one.as_system for one in said]),
        TerminalColumn("off by", [Text(one.off_by, "" if row.within else "yellow") for one, row in zip(said, rows, strict=True)]),
        TerminalColumn("known as", [one.known_as for one in said], right=False, spare=1, wraps=" "),
    )
    return Group(table, *(Text(remark, style="dim") for remark in (*remarks(rows), *further_off(rows))))


def verdict(found: Verdict) -> Group:
    """The table of a check result."""
    table = unlined("left", "left", "left")
    for mark, name, remark in _findings(found):
        table.add_row(mark, Text(name), Text(remark))
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.seconds.items())
    return Group(table, Text(f"{found.kernel}; {took}", style="dim"))


def _findings(found: Verdict) -> Iterator[tuple[Text, str, str]]:
    """Each part of a check result: a mark, its name and what was found."""
    function, timing, deviation = found.function, found.timing, found.deviation
    wrong = str(function.mismatch or "") or function.failure
    right = f"all {function.values:,} values of {counted(found.frames, 'frame')}, replayed in simulated time, equal golden bit for bit"
    yield _mark(not wrong), "values", wrong or right
    if timing.hazard is None:
        yield UNTRIED, "order", "not proven, there are too many tasks; the replay stands alone"
    else:
        yield _mark(not timing.hazard), "order", timing.hazard or "every pair of conflicting accesses is ordered"
    alone = f"{timing.bound_by} alone needs {timing.bound:,} ({percent(timing.bound / found.cycles)})"
    yield _mark(timing.bound <= found.cycles), "bounds", f"{found.cycles:,} cycles; {alone}"
    yield from _grains(found)
    relative = deviation.largest / deviation.scale if deviation.scale else 0.0
    remark = f"largest difference to float64 on the chips: {deviation.largest:.3g}, {100 * relative:.2g} % of the largest value"
    if deviation.signs is not None:
        remark = f"{100 * deviation.signs:.3g} % of the last signs on the chips are others than in float64"
    yield RIGHT, "precision", remark
    if found.activation_rates:
        yield RIGHT, "signs", signs(found.activation_rates)


def signs(rates: Mapping[str, float]) -> str:
    """How often what layers read is +1, in a sentence; *rates* are by layer."""
    by_rate = sorted(rates, key=lambda name: rates[name])
    least, most = (f"{percent(rates[name])} ({name})" for name in (by_rate[0], by_rate[-1]))
    return f"+1 are {percent(average(rates.values()))} of what layers read on average, from {least} to {most}"


def _mark(good: bool) -> Text:
    return RIGHT if good else WRONG


def _grains(found: Verdict) -> Iterator[tuple[Text, str, str]]:
    """Every other granularity, with the makespan and how far that is from the scenario's."""
    own, coarse = found.timing.granularity, found.too_coarse
    for grain, cycles in found.timing.grains.items():
        if cycles is None:
            yield UNTRIED, "grain", f"cut by {grain}: not tried, too many tasks"
        elif grain != own:
            mark = DOUBTFUL if grain in coarse else RIGHT
            yield mark, "grain", f"cut by {grain}: {cycles:,} cycles ({100 * (cycles / found.cycles - 1):+.2f} %)"


def estimate(expected: Estimate) -> str:
    """The cost of a run in two lines: what it takes, and what that rests on."""
    seconds, tried = si(float(f"{expected.seconds:.2g}"), "s"), counted(expected.sample_tasks, "task")
    takes = f"{expected.tasks:,} tasks, about {seconds} up to the report and {expected.bytes / 2**20:,.0f} MiB"
    return f"{takes}\nextrapolated from {tried}; a run may take {expected.limit_bytes / 2**20:,.0f} MiB besides what this process has"


def model(found: ModelSummary) -> Group:
    """An imported network: its layers, the architectures that take it, and why others do not."""
    layers = found.layers
    table = FittedTable(
        "layers",
        TerminalColumn("layer", [one.name for one in layers], right=False, wraps="."),
        TerminalColumn("kind", [one.kind for one in layers], right=False),
        TerminalColumn("output", [" x ".join(map(str, one.output)) for one in layers], spare=1),
        TerminalColumn("class", [_CLASSES[one.of] for one in layers], right=False),
        TerminalColumn("1-bit", [_count(one.binary_weights) for one in layers]),
        TerminalColumn("others", [_count(one.other_weights) for one in layers], spare=2),
        TerminalColumn("MACs", [_count(one.binary_macs + one.other_macs) for one in layers]),
    )
    macs = sum(one.binary_macs + one.other_macs for one in layers)
    weights, maps = (sum(one.binary_macs + one.other_macs for one in layers if one.of.startswith(of)) for of in BINARY)
    of = f"{sum(one.binary_weights for one in layers):,} weights of 1 bit and {sum(one.other_weights for one in layers):,} others"
    work = f"{macs:,} MACs, {percent(weights / macs)} of binary weights, {percent(maps / macs)} of binary maps too" if macs else "no MACs"
    inputs = ", ".join(f"{name} {' x '.join(map(str, shape))}" for name, shape in found.inputs.items())
    parts: list[RenderableType] = [Text(f"{found.name}: {inputs}", style="bold"), Text(f"{of}; {work}"), BLANK, table]
    parts += [Text("class: W1 for binary weights, A1 for binary maps; 1-bit and others are numbers of weights", style="dim"), BLANK]
    for name in found.takers:
        ours = sum(name in one.runs_on for one in layers)
        parts.append(Text(f"{name} runs {ours} of {counted(len(layers), 'layer')}, the host the others"))
    parts += [Text(f"{name} does not: {why}") for name, why in found.refusals.items()]
    parts += [Text(f"note: {note}") for note in found.notes]
    return Group(*parts)


_CLASSES = {
    "binary weights and maps": "W1A1",
    "binary weights, real maps": "W1",
    "real weights, binary maps": "A1",
    "real weights and maps": "real",
    "": "",
}


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
