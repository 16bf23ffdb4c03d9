"""Sensitivity as people read it on a terminal: what would help, and what the result rests on, the largest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group
from rich.text import Text

from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn
from hyperdrive_sim.cli.tables import BLANK
from hyperdrive_sim.errors import one_line
from hyperdrive_sim.reports.summary import si, signed
from hyperdrive_sim.scenario.experiment import as_option
from hyperdrive_sim.study.sensitivity import Sensitivity, Varied
from hyperdrive_sim.text.wording import counted

HELPS = "what would help: units in half their time"
RESTS = "what it rests on: settings, and prices in pJ, that are not well known"
MOST_GROUPS = 12
LEAST_NAME = 12
UNSEEN = 0.0005
"""A change that is not seen in the digits that are shown."""


def sensitivity(found: Sensitivity) -> Group:
    """Two tables, and below them what could not be varied."""
    head = Text(one_line(found.title), style="bold")
    time = f"{found.time_is} {si(found.time_s, 's')} of {counted(found.frames, 'frame')}"
    head.append(f"\n{found.subject}\n{time}, energy {si(found.energy_j, 'J')} per frame", style="not bold")
    moving = [figure for figure in found.figures if figure.most >= UNSEEN]
    below = [*_refused(found.figures), *_still(found)]
    tables = (BLANK, Text(HELPS, style="bold"), _units(found), BLANK, Text(RESTS, style="bold"), _figures(moving))
    return Group(head, *tables, *((BLANK, *below) if below else ()))


def _units(found: Sensitivity) -> FittedTable:
    """Every kind of unit alone, and the best groups."""
    groups = [one for one in found.worth_saying if len(one.kinds) > 1][:MOST_GROUPS]
    rows = [one for one in found.worth_saying if len(one.kinds) == 1 or one in groups]
    alone = found.alone
    each = [", ".join(f"{kind} {signed(alone[kind])}" for kind in one.kinds) if len(one.kinds) == 2 else "" for one in rows]
    return FittedTable(
        "",
        TerminalColumn("units", [" and ".join(one.kinds) for one in rows], right=False, wraps=" "),
        TerminalColumn("time", [signed(one.change) for one in rows]),
        TerminalColumn("each alone", each, right=False, wraps=", ", spare=1),
    )


def _figures(figures: Sequence[Varied]) -> FittedTable:
    """A row for every value that was tried; beside the first stands the figure, beside the second how it is known."""
    rows = [(figure, number, one) for figure in figures for number, one in enumerate(figure.tried)]
    return FittedTable(
        "",
        TerminalColumn("figure", [_named(figure, number) for figure, number, _ in rows], right=False, wraps=" ", least=LEAST_NAME),
        TerminalColumn("is", ["" if number else _value(figure.value) for figure, number, _ in rows], spare=1),
        TerminalColumn("if it\nwere", [_value(one.value) for _, _, one in rows]),
        TerminalColumn("time", [_change(one.time_change) for _, _, one in rows]),
        TerminalColumn("energy", [_change(one.energy_change) for _, _, one in rows]),
    )


def _named(figure: Varied, number: int) -> str:
    known = f"  {figure.provenance}"
    if number == 0:
        return figure.name if len(figure.tried) > 1 else f"{figure.name}\n{known}"
    return known if number == 1 else ""


def _value(value: object) -> str:
    match value:
        case float():
            return f"{value:.4g}"
        case tuple():
            return ",".join(map(_value, value))
        case _:
            return str(value).replace("True", "true").replace("False", "false")


def _change(change: float | None) -> str:
    return "" if change is None else signed(change)


def _refused(figures: Sequence[Varied]) -> Iterator[Text]:
    """Why values were not tried."""
    for figure in figures:
        for one in figure.outcomes:
            if one.refused:
                yield Text(f"refused: {as_option(figure.key, one.value)}: {one.refused}", style="dim")


def _still(found: Sensitivity) -> Iterator[Text]:
    """What nothing follows from, and what could not be varied."""
    still = [figure.name for figure in found.figures if figure.tried and figure.most < UNSEEN]
    if still:
        yield Text(f"without effect: {', '.join(still)}", style="dim")
    by_reason: Mapping[str, list[str]] = {reason: [] for reason in found.left.values()}
    for key, reason in found.left.items():
        by_reason[reason].append(key.removeprefix("chip."))
    for reason, keys in by_reason.items():
        yield Text(f"not varied, as each {reason}: {', '.join(keys)}", style="dim")
