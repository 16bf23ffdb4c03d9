"""What was measured of this machine, as tables; of two installations, what was before, what is after, and by what factor it is better."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from rich.console import Group, RenderableType
from rich.text import Text

from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn
from hyperdrive_sim.cli.tables import BLANK
from hyperdrive_sim.reports.summary import si
from hyperdrive_sim.study.bench.benchmark import Benchmark
from hyperdrive_sim.study.bench.convolutions import CEILING, KernelRow
from hyperdrive_sim.study.bench.instructions import CountRow
from hyperdrive_sim.study.bench.machine import MachineRecord
from hyperdrive_sim.study.bench.staging import Growth, StageCost, StageRow
from hyperdrive_sim.study.bench.turns import Refused
from hyperdrive_sim.study.bench.wholes import ProcessCost, ProcessRow

MIB = 2**20
BEFORE = "before: the other installation, after: this one; a ratio is before by after, so that above 1 is better now"
KERNELS = (
    "by numpy, by torch: the rate of our fastest variant divided by theirs, so that above 1 ours is faster; of the ceiling: its share of "
    "what the core can do if it compares, counts and adds bits in registers and does nothing else. All with one thread, in turns."
)

Parts = Iterator[RenderableType]


class _Row(Protocol):
    """A row of any table: one case, measured of this installation and perhaps of another."""

    @property
    def name(self) -> str: ...
    @property
    def this(self) -> Any: ...
    @property
    def against(self) -> Any: ...


def benchmark(found: Benchmark) -> Group:
    """The machine, then every section that was measured."""
    return Group(*_parts(found))


def _parts(found: Benchmark) -> Parts:
    yield _machine(found.machine)
    for title, rows in {"whole processes": found.runs, "big runs": found.big, "every scenario": found.scenarios}.items():
        if rows:
            yield from _processes(title, rows)
    if found.tasks:
        yield from _stages("tasks per second, from lowering to the report", found.tasks)
        yield from _engines(found.tasks)
    if found.growth:
        yield from _growth(found.growth)
    if found.kernels:
        yield from _kernels(found.kernels)
    if found.instructions:
        yield from _counts(found.instructions)
    if found.machine.against is not None:
        yield from (BLANK, Text(BEFORE, style="dim"))


def _machine(machine: MachineRecord) -> Text:
    said = Text(f"{machine.processor}, {machine.cores} cores, {machine.system}", style="bold")
    now = _versions(machine.versions)
    both = [now] if machine.against is None else [f"after: {now}", f"before: {_versions(machine.against)}, in {machine.against_place}"]
    lines = filter(None, [" ".join(machine.features), *both])
    return said.append("".join(f"\n{line}" for line in lines), style="not bold")


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _processes(title: str, rows: Sequence[ProcessRow]) -> Parts:
    """Medians of whole processes, and the range of their wall times where there is only one installation."""
    columns = [
        *_both(rows, "wall", lambda cost: si(cost.wall_s.median, "s")),
        *_ratios([row.ratio.wall if row.ratio else None for row in rows]),
        *_both(rows, "CPU", lambda cost: si(cost.cpu_s.median, "s"), spare=1),
        *_ratios([row.ratio.cpu if row.ratio else None for row in rows], spare=3),
        *_both(rows, "memory", lambda cost: _mib(cost.peak_bytes)),
        *_ratios([row.ratio.peak if row.ratio else None for row in rows], spare=4),
        *_only(rows, "wall,\nleast", lambda cost: si(cost.wall_s.least, "s"), spare=5),
        *_only(rows, "wall,\nmost", lambda cost: si(cost.wall_s.most, "s"), spare=5),
        TerminalColumn("times", [_of(row.this, lambda cost: str(cost.times)) for row in rows], spare=6),
    ]
    yield from _table(title, rows, columns)


def _stages(title: str, rows: Sequence[StageRow], *first: TerminalColumn) -> Parts:
    """Tasks, CPU seconds of each stage, and the rate; stages and what is beside them of this installation alone."""
    measured = [row.this for row in rows if isinstance(row.this, StageCost)]
    stages = measured[0].stages_s if measured else ()
    columns = [
        *first,
        TerminalColumn("tasks", [_of(row.this, lambda cost: f"{cost.tasks:,}") for row in rows]),
        *_both(rows, "total", lambda cost: si(cost.total_s.median, "s")),
        *_ratios([row.ratio for row in rows]),
        *_both(rows, "tasks/s", lambda cost: si(cost.tasks_per_s)),
        *(TerminalColumn(stage.replace("_", "\n"), [_of(row.this, _stage(stage)) for row in rows], spare=1) for stage in stages),
        *_both(rows, "memory", lambda cost: _mib(cost.peak_bytes), spare=2),
        TerminalColumn("times", [_of(row.this, lambda cost: str(cost.times)) for row in rows], spare=4),
    ]
    yield from _table(f"{title}; CPU seconds", rows, columns)


def _stage(name: str) -> Callable[[StageCost], str]:
    return lambda cost: si(cost.stages_s[name], "s")


def _growth(growth: Growth) -> Parts:
    product = TerminalColumn("chips x\nblocks", [f"{row.chips * row.blocks:,}" for row in growth.rows])
    yield from _stages("cost over chips x blocks", [row.run for row in growth.rows], product)
    exponents = {"before": growth.exponent_against, "after" if growth.exponent_against else "total": growth.exponent}
    said = [f"{name} {value:.3f}" for name, value in exponents.items() if value is not None]
    if said:
        yield Text(f"exponent of the total over chips x blocks, 1 is linear: {', '.join(said)}")


def _engines(rows: Sequence[StageRow]) -> Parts:
    """Both engines on the same schedules, where they were measured."""
    wanted = [(row, row.engines) for row in rows if row.engines is not None]
    if not wanted:
        return
    found = [cost for _, cost in wanted]
    columns = [
        TerminalColumn("SimPy", [_of(cost, lambda cost: si(cost.simpy_s, "s")) for cost in found]),
        TerminalColumn("compiled", [_of(cost, lambda cost: si(cost.compiled_s, "s")) for cost in found]),
        TerminalColumn("SimPy by\ncompiled", [_of(cost, lambda cost: f"{cost.ratio:.1f}") for cost in found]),
        TerminalColumn("traces", [_of(cost, lambda cost: "equal" if cost.same else "NOT EQUAL") for cost in found]),
    ]
    names = TerminalColumn("", [row.name for row, _ in wanted], right=False, wraps=" ")
    yield from (BLANK, FittedTable("the same schedules simulated by both engines; CPU seconds", names, *columns))
    yield from (Text(f"{row.name}: {cost.refused}", style="dim") for row, cost in wanted if isinstance(cost, Refused))
    yield Text("SimPy by compiled: how many times as long SimPy takes; traces: the times of all tasks, compared", style="dim")


def _kernels(found: Sequence[KernelRow]) -> Parts:
    """A table for each kernel: rates, and how our fastest compares with the others."""
    for kernel in dict.fromkeys(row.kernel for row in found):
        rows = [row for row in found if row.kernel == kernel]
        ours = list(rows[0].ops_per_s).index(rows[0].fastest)
        rates = [
            TerminalColumn(name.replace("-", "-\n").replace(" ", "\n"), [_rate(row, name) for row in rows], spare=2 * (0 < place < ours))
            for place, name in enumerate(rows[0].ops_per_s)
        ]
        layers = TerminalColumn("map, kernel,\nchannels", [row.layer for row in rows], right=False, wraps=" ", least=16)
        yield from (BLANK, FittedTable(f"{kernel}: GOp/s of one core", layers, *rates, *_beside(rows)))
    yield Text(KERNELS, style="dim")


def _beside(rows: Sequence[KernelRow]) -> list[TerminalColumn]:
    """Our fastest variant by numpy, by the faster of torch's two orders, and as a share of the ceiling, where these were measured."""
    torch = [min((ratio for name, ratio in row.ratios.items() if name.startswith("torch")), default=None) for row in rows]
    share = [row.ratios.get(CEILING) for row in rows]
    return [
        *_column("by\nnumpy", [row.ratios.get("numpy") for row in rows], lambda ratio: f"{ratio:.3g}", spare=1),
        *_column("by\ntorch", torch, lambda ratio: f"{ratio:.2f}" if ratio < 10 else f"{ratio:.3g}"),
        *_column("of the\nceiling", share, lambda ratio: f"{100 * ratio:.0f} %"),
    ]


def _column(name: str, ratios: Sequence[float | None], cell: Callable[[float], str], spare: int = 0) -> list[TerminalColumn]:
    if not any(ratios):
        return []
    return [TerminalColumn(name, [cell(ratio) if ratio else "" for ratio in ratios], spare=spare)]


def _rate(row: KernelRow, variant: str) -> str:
    giga = row.ops_per_s[variant] / 1e9
    return f"{giga:,.0f}" if giga >= 100 else f"{giga:.3g}"


def _counts(rows: Sequence[CountRow]) -> Parts:
    columns = [*_both(rows, "instructions", lambda count: f"{count:,}"), *_ratios([row.ratio for row in rows])]
    yield from _table("instructions, counted by valgrind", rows, columns)


def _table(title: str, rows: Sequence[_Row], columns: Iterable[TerminalColumn]) -> Parts:
    """A table of some rows, and below it why some of them could not be measured."""
    names = TerminalColumn("", [row.name for row in rows], right=False, wraps=" ")
    yield from (BLANK, FittedTable(title, names, *columns))
    for row in rows:
        for side, found in (("", row.this), ("before, ", row.against)):
            if isinstance(found, Refused):
                yield Text(f"{row.name}: {side}{found.refused}", style="dim")


def _both(rows: Sequence[_Row], name: str, cell: Callable[[Any], str], spare: int = 0) -> list[TerminalColumn]:
    """One column or, of two installations, two, of which the one before is left out first where there is no room."""
    this = [_of(row.this, cell) for row in rows]
    if not _two(rows):
        return [TerminalColumn(name, this, spare=spare)]
    against = [_of(row.against, cell) for row in rows]
    sooner = spare + 1 if spare else 0
    return [TerminalColumn(f"{name}\nbefore", against, spare=sooner), TerminalColumn(f"{name}\nafter", this, spare=spare)]


def _only(rows: Sequence[_Row], name: str, cell: Callable[[ProcessCost], str], spare: int) -> list[TerminalColumn]:
    """A column that stands there for one installation alone."""
    return [] if _two(rows) else [TerminalColumn(name, [_of(row.this, cell) for row in rows], spare=spare)]


def _two(rows: Sequence[_Row]) -> bool:
    return any(row.against is not None for row in rows)


def _ratios(ratios: Sequence[float | None], spare: int = 0) -> list[TerminalColumn]:
    if not any(ratios):
        return []
    return [TerminalColumn("ratio", [f"{ratio:.2f}" if ratio else "" for ratio in ratios], spare=spare)]


def _of(found: Any, cell: Callable[[Any], str]) -> str:
    return "refused" if isinstance(found, Refused) else cell(found)


def _mib(count: int) -> str:
    return f"{count / MIB:,.0f} MiB"
