"""Why a task started when it did, as text."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn, unlined
from hyperdrive_sim.cli.tables import BLANK
from hyperdrive_sim.reports.explanation import Cause, Duration, Explanation
from hyperdrive_sim.reports.summary import percent, si
from hyperdrive_sim.text.wording import counted

LONGEST_CHAIN = 12
MOST = 8


def explanation(found: Explanation) -> Group:
    """One task explained: when it was ready, started and ended, and the tasks before and after it."""
    task = found.task
    parts: list[RenderableType] = [
        Text(f"task {task.index}: {task.name} of {task.layer} on {task.unit}, frame {task.frame}", style="bold"),
        *([Text(found.effect)] if found.effect else []),
        BLANK,
        _times(found),
        BLANK,
        *_chain(found),
        *_listed(f"{task.unit} did before it, while it was ready", map(str, found.before)),
        *_listed("after it come", [f"{one.task}{', made ready by it' if one.last else ''}" for one in found.releases]),
    ]
    return Group(*parts[:-1])


def _times(found: Explanation) -> Table:
    table = unlined("left", "right", "right", "left")
    first = found.chain[0].task if found.chain else None
    waited = f"after {_said(found.waited)} of waiting for {found.task.unit}" if found.waited.s else f"at once, {found.task.unit} was free"
    released = f"by {first}" if first else "with the arrival of its frame" if found.ready.s else "from the beginning"
    took = Duration(found.end.cycles - found.start.cycles, found.end.s - found.start.s)
    for name, when, why in (
        ("ready", found.ready, released),
        ("start", found.start, waited),
        ("end", found.end, f"after {_said(took)} of work"),
    ):
        table.add_row(Text(name), Text(f"cycle {when.cycles:,}", style="bold"), Text(si(when.s, "s")), Text(why, style="dim"))
    if found.actions:
        table.add_row(Text("actions"), "", "", Text(", ".join(f"{name} {count:,}" for name, count in found.actions.items())))
    return table


def _said(span: Duration) -> str:
    return f"{counted(span.cycles, 'cycle')} ({si(span.s, 's')})"


def _chain(found: Explanation) -> list[RenderableType]:
    """The chain that made it ready, the latest task first, and what kinds of units the time went to."""
    if not found.ready.s:
        return [Text("it waited for no other task"), BLANK]
    shown = found.chain[:LONGEST_CHAIN]
    table = FittedTable(
        "what made it ready, back to the beginning",
        TerminalColumn("task", [str(cause.task or "arrival of the frame") for cause in shown], right=False, wraps=" "),
        TerminalColumn("cycles", [f"{cause.took.cycles:,}" for cause in shown]),
        TerminalColumn("share", [percent(cause.took.s / found.ready.s) for cause in shown]),
        TerminalColumn("of it waiting", [_waiting(cause) for cause in shown], spare=1),
    )
    left = len(found.chain) - len(shown)
    kinds = ", ".join(f"{kind} {percent(span.s / found.ready.s)}" for kind, span in found.chain_by_kind.items())
    left_out = f"{counted(left, 'more task')} left out; " if left else ""
    return [table, Text(f"{left_out}the time went to {kinds}", style="dim"), BLANK]


def _waiting(cause: Cause) -> str:
    return f"{cause.waited.cycles:,}" if cause.waited.s else ""


def _listed(title: str, names: Iterable[str]) -> list[RenderableType]:
    every = list(names)
    if not every:
        return []
    more = [Text(f"  and {len(every) - MOST} more", style="dim")] if len(every) > MOST else []
    return [Text(f"{title}:"), *(Text(f"  {name}") for name in every[:MOST]), *more, BLANK]
