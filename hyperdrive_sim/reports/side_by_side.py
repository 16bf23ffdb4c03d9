"""Several reports side by side: their names, what their time goes to and what they rest on, in which ways their work differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hyperdrive_sim.reports.helps import time_goes_to
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import si
from hyperdrive_sim.scenario.experiment import briefly_set

FEW = 3
"""A name has so many settings at most."""


def most_time(report: Report) -> str:
    """The kind of unit that most of the time goes to, and how much: which of a chip's many it is says nothing about another chip."""
    kind, share = time_goes_to(report.units, report.trace)[0]
    return f"{kind} {100 * share:.0f} %"


def weak_prices(report: Report) -> str:
    """The share of the energy whose price is fitted, recalled or assumed."""
    return f"{100 * report.energy.assumed_share:.0f} %"


def names(reports: Sequence[Report], files: Sequence[str] | None = None) -> list[str]:
    """A name for each report: its title, and where several have the same, what differs between these, which is all where all have it.

    That is what was set, if those are few keys; else the names of their *files* (their scenarios' unless told otherwise), or at last their
    numbers.
    """
    found = [report.scenario.title for report in reports]
    files = [Path(file).name for file in files or [report.scenario.file for report in reports]]
    common = common_title(reports)
    for title in dict.fromkeys(found):
        alike = [place for place, report in enumerate(reports) if report.scenario.title == title]
        ways = (_settings([reports[place] for place in alike]), [files[place] for place in alike], [f"run {place + 1}" for place in alike])
        if len(alike) > 1:
            said = next(way for way in ways if all(way) and len(set(way)) == len(alike))
            for place, what in zip(alike, said, strict=True):
                found[place] = what if common else f"{title} ({what})"
    return found


def common_title(reports: Sequence[Report]) -> str:
    """The title that all of several reports have; empty if there is none."""
    titles = {report.scenario.title for report in reports}
    return titles.pop() if len(reports) > 1 and len(titles) == 1 else ""


def _settings(reports: Sequence[Report]) -> list[str]:
    """In what the settings of each report differ from the others', as text; nothing where those are many keys."""
    every = [_said(report) for report in reports]
    keys = [key for key in dict.fromkeys(key for one in every for key in one) if len({one.get(key) for one in every}) > 1]
    few = [key for key in keys if key != "chips" or "mesh" not in keys]
    return [", ".join(one.get(key, f"{key} default") for key in few) if len(few) <= FEW else "" for one in every]


def _said(report: Report) -> dict[str, str]:
    """What a report says of its settings, by their keys, those of the chip and the network by the last part of these."""
    network, system, time = report.network, report.system, report.time
    settings = {"network": network.name, **network.options, "input_shape": network.input_shape, "architecture": system.architecture}
    settings |= {"chips": system.chips, **system.changed, "granularity": system.granularity, "frames": time.frames}
    if time.arrivals_per_s:
        settings["arrivals_per_s"] = time.arrivals_per_s
    return {key: briefly_set(key, value) for key, value in settings.items()}


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
