"""Several reports side by side: their names, what they are bound by and rest on, in which ways their work differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hyperdrive_sim.reports.helps import time_goes_to
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import si


def bound_by(report: Report) -> str:
    """The kind of unit that most of the time goes to, and how much: which of a chip's many it is says nothing about another chip."""
    kind, share = time_goes_to(report.units, report.trace)[0]
    return f"{kind} {100 * share:.0f} %"


def weak_prices(report: Report) -> str:
    """The share of the energy whose price is fitted, recalled or assumed."""
    return f"{100 * report.energy.assumed_share:.0f} %"


def names(ran: Sequence[tuple[str, Report]]) -> list[str]:
    """Titles, with their file's name where two have the same."""
    count = Counter(report.scenario.title for _, report in ran)
    titled = [(report.scenario.title, file) for file, report in ran]
    return [f"{title} ({Path(file).name})" if count[title] > 1 and file else title for title, file in titled]


def unlike(reports: Sequence[Report]) -> Iterator[str]:
    """Differences in the work of some reports, a sentence each: other networks or inputs, else other options or another host's part."""
    computed = [report.network for report in reports]
    networks = _different(network.name for network in computed)
    inputs = _different(" x ".join(map(str, network.input_shape)) for network in computed)
    work = _different(si(network.ops + network.other_ops + network.host_ops, "Op") for network in computed)
    left = _different(si(network.host_ops, "Op") for network in computed)
    if networks:
        yield f"the scenarios compute different networks: {networks}"
    if inputs:
        yield f"the scenarios take inputs of different sizes: {inputs}"
    if networks or inputs:
        return
    if work:
        yield f"the scenarios compute different variants of one network: {work}"
    elif left:
        yield f"the scenarios leave different amounts of work to the host: {left}"


def _different(values: Iterable[str]) -> str:
    """All values, each once, in their order; nothing if there is but one."""
    once = dict.fromkeys(values)
    return ", ".join(once) if len(once) > 1 else ""
