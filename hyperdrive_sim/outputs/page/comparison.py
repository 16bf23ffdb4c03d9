"""Several runs beside each other: their figures, what was set differently, and the pictures that hold all of them.

Runs are numbered from 1, and called by number and title, with what differs between those of one title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hyperdrive_sim.outputs.page.details import RunDetails
from hyperdrive_sim.outputs.page.glance import at_a_glance
from hyperdrive_sim.outputs.page.picture import Picture
from hyperdrive_sim.outputs.page.pictures.several import energies, rooflines, times, trade_off
from hyperdrive_sim.outputs.page.table import Cell, PageColumn, PageTable, measured, words
from hyperdrive_sim.reports.derived.metrics import METRICS, Metric, front
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.side_by_side import common_title, most_time, names, unlike, weak_prices
from hyperdrive_sim.reports.summary import percent, si
from hyperdrive_sim.text.document import Document
from hyperdrive_sim.text.wording import counted

NOT_A_SETTING = ("schema_version", "title", "sweep", "reproduces")


class SideBySide(NamedTuple):
    """Contents of a comparison; `notes` say in which ways the runs compute different things.

    `title` names what they have in common, `glance` and `times` are what is seen first: a few figures, and what each run's time goes to.
    """

    title: str
    names: tuple[str, ...]
    notes: tuple[str, ...]
    glance: PageTable
    times: Picture
    figures: PageTable
    settings: PageTable
    layers: tuple[PageTable, ...]
    pictures: tuple[Picture, ...]


class ComparisonRow(NamedTuple):
    """A row of the table side by side: how a report says it and, where one run can be the best, by which metric.

    `alike` if that takes the same work of all.
    """

    name: str
    text: Callable[[Report], str]
    metric: Metric | None = None
    alike: bool = False


def _ranked(name: str, metric: Metric, *, alike: bool = False) -> ComparisonRow:
    return ComparisonRow(name, metric.text, metric, alike)


ROWS = (
    ComparisonRow("network", lambda one: one.network.name),
    ComparisonRow("input", lambda one: " x ".join(map(str, one.network.input_shape))),
    ComparisonRow("chip", lambda one: one.system.architecture),
    ComparisonRow("chips", lambda one: str(one.system.chips)),
    ComparisonRow("clock", lambda one: f"{one.system.clock_mhz:g} MHz"),
    _ranked("latency", METRICS["latency"], alike=True),
    _ranked("frame rate", METRICS["frames_per_s"], alike=True),
    _ranked("throughput", METRICS["ops_per_s"]),
    ComparisonRow("peak", lambda one: si(one.system.peak_ops_per_s, "Op/s")),
    _ranked("utilisation", METRICS["utilization"]),
    ComparisonRow("most time", most_time),
    _ranked("energy per frame", METRICS["energy"], alike=True),
    _ranked("of it core", METRICS["core_energy"], alike=True),
    _ranked("of it I/O", METRICS["io_energy"], alike=True),
    _ranked("I/O per frame", METRICS["io_bits"], alike=True),
    _ranked("system efficiency", METRICS["efficiency"]),
    _ranked("core efficiency", METRICS["core_efficiency"]),
    ComparisonRow("weak prices", weak_prices),
    ComparisonRow("operations per frame", lambda one: si(one.network.ops, "Op")),
    ComparisonRow("left to the host", lambda one: si(one.network.host_ops, "Op")),
)


def comparison(shown: Sequence[RunDetails]) -> SideBySide:
    reports = [one.run.report for one in shown]
    titles = names(reports)
    called = tuple(f"{number}: {title}" for number, title in enumerate(titles, 1))
    drawn = (energies(called, reports), trade_off(called, reports), rooflines(called, [one.roofs for one in shown]))
    common = common_title(reports)
    return SideBySide(
        title=f"{common}: {len(shown)} runs compared" if common else f"{len(shown)} runs compared",
        names=called,
        notes=tuple(unlike(reports)),
        glance=at_a_glance(called, reports),
        times=times(called, reports),
        figures=figures(called, reports),
        settings=settings(called, shown),
        layers=tuple(layers(called, reports)),
        pictures=drawn,
    )


def figures(names: Sequence[str], reports: Sequence[Report]) -> PageTable:
    """A row per figure, a column per run; the best is marked where it can be said."""
    alike = len({(one.network.name, one.network.input_shape) for one in reports}) == 1
    rows = {row.name: _row(row, reports, alike or not row.alike) for row in ROWS}
    if alike:
        best = front(np.array([[one.time.latency_s, one.energy.total_j] for one in reports]))
        rows["none is both faster and cheaper"] = [Cell("yes" if one in best else "no") for one in range(len(reports))]
    columns = [PageColumn(name, [cells[number] for cells in rows.values()]) for number, name in enumerate(names)]
    remark = "" if alike else " Latency, rate, energy and I/O have no best among different networks or inputs."
    weak = "Weak prices are the share of the energy whose price is fitted, recalled or assumed."
    return PageTable("figures", "Side by side", (words("figure", list(rows)), *columns), weak + remark)


def _row(row: ComparisonRow, reports: Sequence[Report], ranked: bool) -> list[Cell]:
    texts = [row.text(report) for report in reports]
    if row.metric is None or not ranked:
        return [Cell(text) for text in texts]
    values = [row.metric.of(report) for report in reports]
    best = min(values) if row.metric.better == "less" else max(values)
    tied = min(values) == max(values)
    return [Cell(text, mark="best" if value == best and not tied else "") for text, value in zip(texts, values, strict=True)]


def settings(names: Sequence[str], shown: Sequence[RunDetails]) -> PageTable:
    """Settings in which the scenarios differ, key by key."""
    said = [dict(_flat(Document.parse(one.run.manifest["scenario"], "scenario.yaml").data)) for one in shown]
    keys = [key for key in dict.fromkeys(key for one in said for key in one) if len({str(one.get(key)) for one in said}) > 1]
    columns = [words(name, [str(one.get(key, "not set")) for key in keys]) for name, one in zip(names, said, strict=True)]
    return PageTable("settings", "What is set differently", (words("key", keys), *columns), "A key that is not set has its chip's default.")


def _flat(data: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted key."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        elif above or key not in NOT_A_SETTING:
            yield f"{above}{key}", value


def layers(names: Sequence[str], reports: Sequence[Report]) -> Iterator[PageTable]:
    """Tables of layers side by side, one for every network that several runs compute on inputs of one size."""
    alike: dict[tuple[str, tuple[int, int, int]], list[int]] = {}
    for number, report in enumerate(reports):
        alike.setdefault((report.network.name, report.network.input_shape), []).append(number)
    for (network, shape), numbers in alike.items():
        if len(numbers) > 1:
            runs = "; ".join(names[number] for number in numbers)
            caption = f"{network} at {' x '.join(map(str, shape))}, layer by layer, per frame"
            yield _layers(f"layers_{numbers[0] + 1}", caption, runs, {number + 1: reports[number] for number in numbers})


def _layers(name: str, caption: str, runs: str, reports: Mapping[int, Report]) -> PageTable:
    """Layers that all runs have, by name. What is fused with a layer may differ, and its operations with it."""
    work = [{row.name: row.ops / one.time.frames for row in one.layers if row.ops} for one in reports.values()]
    common = [layer for layer in work[0] if all(layer in one for one in work)]
    took = {run: [report.took_s()[layer] for layer in common] for run, report in reports.items()}
    paid = {run: [_joules(report)[layer] for layer in common] for run, report in reports.items()}
    seconds, joules = ([value for values in each.values() for value in values] for each in (took, paid))
    most = [max(one[layer] for one in work) for layer in common]
    apart = max((1 - min(one[layer] for one in work) / largest for layer, largest in zip(common, most, strict=True)), default=0.0)
    left_out = max(map(len, work)) - len(common)
    return PageTable(
        name,
        caption,
        (
            words("layer", common),
            measured("operations", most, "Op"),
            *(measured(f"time of {run}", values, "s", seconds) for run, values in took.items()),
            *(measured(f"energy of {run}", values, "J", joules) for run, values in paid.items()),
        ),
        " ".join(
            [
                f"{runs}.",
                *([f"{counted(left_out, 'layer')} that not all of them have as such are left out."] if left_out else []),
                *([f"What is computed in one go with a layer differs, by up to {percent(apart)} of its operations."] if apart else []),
            ]
        ),
        "layers",
    )


def _joules(report: Report) -> dict[str, float]:
    return {row.name: row.energy_j / report.time.frames for row in report.layers}
