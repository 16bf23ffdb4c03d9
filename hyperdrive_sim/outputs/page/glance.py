"""The few figures that whoever opens a page sees first, of one run or of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hyperdrive_sim.outputs.page.table import PageTable, words
from hyperdrive_sim.reports.derived.metrics import METRICS
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.side_by_side import most_time

FIRST: Mapping[str, Callable[[Report], str]] = {
    "latency": METRICS["latency"].text,
    "frame rate": METRICS["frames_per_s"].text,
    "energy per frame": METRICS["energy"].text,
    "system efficiency": METRICS["efficiency"].text,
    "utilisation": METRICS["utilization"].text,
    "the time goes to": most_time,
}
"""Figures by name."""


def glance(report: Report) -> tuple[tuple[str, str], ...]:
    """The first figures of a run, with their names; frames that arrive faster than they can be worked through come before all."""
    overload = report.time.overload
    first = (("overload", f"{overload:.4g} times"),) if overload else ()
    return (*first, *((name, text(report)) for name, text in FIRST.items()))


def at_a_glance(names: Sequence[str], reports: Sequence[Report]) -> PageTable:
    """The first figures of several runs, a row for each."""
    columns = [words(name, [text(report) for report in reports]) for name, text in FIRST.items()]
    return PageTable("glance", "At a glance", (words("run", names), *columns))
