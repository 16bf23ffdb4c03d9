"""A run as a timeline, whatever the format: tracks of slices, and counters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from hyperdrive_sim.outputs.timelines import counters, overview
from hyperdrive_sim.outputs.timelines.columns import Surroundings, TaskColumns
from hyperdrive_sim.outputs.timelines.counters import CounterTrack
from hyperdrive_sim.outputs.timelines.halo import arrows
from hyperdrive_sim.outputs.timelines.slices import Track, of_unit
from hyperdrive_sim.outputs.timelines.window import TimeWindow
from hyperdrive_sim.reports.records import ScenarioRecord
from hyperdrive_sim.reports.report import Report

UNIT, CHIP, MACHINE = LEVELS = ("unit", "chip", "machine")


class Timeline(NamedTuple):
    """Tracks and counters, for every format. *places* are where they belong, with what these are in.

    Slices and counters are made when they are asked for, so that those of a large run are never all there at once.
    """

    scenario: ScenarioRecord
    level: str
    window: TimeWindow
    places: Mapping[str, Surroundings]
    tracks: tuple[Track, ...]
    counters: Callable[[], Iterator[CounterTrack]]


def of_report(report: Report, window: TimeWindow, level: str) -> Timeline:
    """A run between two moments: unit by unit, chip by chip, or the kinds of units of the whole machine."""
    columns = TaskColumns(report)
    places = {overview.MACHINE: Surroundings(), **columns.places}
    if level == UNIT:
        tracks, adding_up = _units(columns, window), counters.every_change
    elif level == CHIP:
        tracks, adding_up = overview.tracks(overview.by_chip(columns), columns, window), counters.by_chip
    else:
        tracks, adding_up = overview.tracks(overview.by_kind(columns), columns, window), counters.by_kind_of_unit
    return Timeline(report.scenario, level, window, places, tuple(tracks), partial(adding_up, columns, window))


def _units(columns: TaskColumns, window: TimeWindow) -> Iterator[Track]:
    halo = arrows(columns, window)
    for unit in columns.report.machine.units:
        yield Track(columns.place[unit.name], unit.name, partial(of_unit, unit.name, columns, window, halo))
