"""Architectures, networks and scenarios, described as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hyperdrive_sim.cli import tables
from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn
from hyperdrive_sim.cli.listings import INDENT, shape
from hyperdrive_sim.cli.tables import BLANK
from hyperdrive_sim.errors import one_line
from hyperdrive_sim.reports.summary import si
from hyperdrive_sim.scenario.systems import SYSTEM
from hyperdrive_sim.study.architectures import ArchitectureSummary, FigureSummary, SettingSummary
from hyperdrive_sim.study.descriptions import NetworkSummary, Summary
from hyperdrive_sim.study.settings import ScenarioSummary

ABSENT = "absent"


class _Sources:
    """Sources that are numbered in the order in which they are named, each with what it rests on."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, tuple[str, ...]], int] = {}

    def mark(self, one: SettingSummary | FigureSummary) -> str:
        """How well a figure is known, and the number of its source."""
        number = self.numbers.setdefault((one.source, one.rests_on), len(self.numbers) + 1)
        return f"{one.provenance} [{number}]"

    def legend(self) -> Iterator[RenderableType]:
        yield Text("sources", style="bold")
        for (source, rests_on), number in self.numbers.items():
            yield Text(f"[{number}] {source}", style="dim")
            if rests_on:
                yield _indented(f"rests on {', '.join(rests_on)}", "dim")


def description(found: Summary) -> Group:
    """A table or more of what has a name."""
    if isinstance(found, ArchitectureSummary):
        return Group(*_architecture(found))
    return Group(*(_network(found) if isinstance(found, NetworkSummary) else _scenario(found)))


def _architecture(found: ArchitectureSummary) -> Iterator[RenderableType]:
    sources = _Sources()
    equal = f"differs from golden by at most {found.tolerance:g}" if found.tolerance else "equals golden bit for bit"
    yield Text.assemble((found.name, "bold"), f": {found.about}")
    yield Text(f"granularity: {', or finer: '.join(found.granularities)}. What it computes {equal}.")
    yield BLANK
    yield from _settings(found.settings, sources)
    if found.prices:
        yield from _figures("prices of actions, with the defaults above", found.prices, sources)
    if found.datasheet:
        yield from _figures(f"datasheet, with the defaults above, where {found.example} runs", found.datasheet, sources)
    yield BLANK
    yield from sources.legend()
    if found.scenarios:
        yield BLANK
        yield Text("scenarios", style="bold")
    for name, title in found.scenarios.items():
        yield Text(f"  {name}")
        yield _indented(one_line(title), "dim")
    if found.readme:
        yield BLANK
        yield Text(f"What is modelled and what is assumed: {found.readme}")


def _settings(found: Sequence[SettingSummary], sources: _Sources) -> Iterator[RenderableType]:
    """Three lines or more for a key: its default and how well that is known, what it means, what it takes."""
    yield Text("keys under chip:", style="bold")
    for one in found:
        default = _value(one.default) if one.default is None else f"{_value(one.default)} {one.unit}".strip()
        yield Text.assemble(f"  {one.key}: ", (default, "bold"), (f"  {sources.mark(one)}", "dim"))
        yield _indented(one.about)
        yield _indented(one.takes.replace("empty", ABSENT) + (f", in {one.unit}" if one.unit else ""), "dim")


def _figures(title: str, found: Sequence[FigureSummary], sources: _Sources) -> Iterator[RenderableType]:
    yield BLANK
    yield Text(title, style="bold")
    yield FittedTable(
        "",
        TerminalColumn("name", [one.name for one in found], right=False),
        TerminalColumn("value", [f"{one.value:.4g} pJ" if one.unit == "pJ" else si(one.value, one.unit) for one in found]),
        TerminalColumn("known as", [sources.mark(one) for one in found], right=False),
    )


def _network(found: NetworkSummary) -> Iterator[RenderableType]:
    yield tables.model(found.model)
    options = ", ".join(f"{option}: {value}" for option, value in found.options.items())
    yield Text(f"network_options: {{{options}}} unless a scenario sets them" if options else "it has no network_options")
    yield Text(f"its usual input is {shape(found.usual_input_shape)}; --input-shape C,H,W describes it at another")


def _scenario(found: ScenarioSummary) -> Iterator[RenderableType]:
    rows, numbers = found.keys, {file: number for number, file in enumerate(found.files, 1)}
    origins = {"set": Text("--set"), "default": Text("default", "dim")}
    said = [origins.get(one.origin) or f"[{numbers[one.file]}] line {one.line}" for one in rows]
    yield Text(one_line(found.title), style="bold")
    yield BLANK
    yield FittedTable(
        "",
        TerminalColumn("key", [one_line(one.key) for one in rows], right=False),
        TerminalColumn("value", [_value(one.value) for one in rows], right=False, wraps=" ", least=8),
        TerminalColumn("unit", [one.unit for one in rows], right=False, spare=2),
        TerminalColumn("from", said, right=False, spare=1),
    )
    yield BLANK
    for file, number in numbers.items():
        yield Text(f"[{number}] {one_line(file)}{', which is extended' if number > 1 else ''}", style="dim")
    if found.architecture != SYSTEM:
        yield Text(f"hyperdrive-sim describe {found.architecture} says what the keys under chip: mean", style="dim")


def _indented(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style=style), (0, 0, 0, INDENT))


def _value(value: Any) -> str:
    """A value as YAML has it, more or less."""
    if value is None:
        return ABSENT
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
