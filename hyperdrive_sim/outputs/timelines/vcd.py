"""Value change dump, for GTKWave, Surfer and other waveform viewers: a scope for each chip, in it one for each track; chips of a
system's part have a scope around them. A step is 1 ps.

A track is `busy` with a `task` of a `layer` and a `frame`, which has a `number` in the schedule, or it `waits_for` something; a counter
is an integer or a real number with its unit in its name. Blanks in texts are underscores. Arrows have no place among waveforms.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from heapq import merge
from typing import IO, Any

from vcd import VCDWriter
from vcd.writer import Variable

from hyperdrive_sim.outputs.timelines.columns import Surroundings
from hyperdrive_sim.outputs.timelines.counters import CounterTrack
from hyperdrive_sim.outputs.timelines.overview import MACHINE
from hyperdrive_sim.outputs.timelines.slices import Slice, Track
from hyperdrive_sim.outputs.timelines.timeline import Timeline
from hyperdrive_sim.outputs.timelines.window import TimeWindow

SIGNALS = {
    **{"busy": ("wire", 1), "layer": ("string", 1), "task": ("string", 1), "number": ("integer", 64)},
    **{"frame": ("integer", 32), "waits_for": ("string", 1)},
}
"""The type and the bits of a track's signals."""

IDLE: tuple[Any, ...] = (0, "", "", "z", "z", "")
MARK = b"$comment hyperdrive-sim "
"""The beginning of each."""
AT_ONCE = 4096
"""After so many changes progress is told; so many texts are remembered."""

Signals = list[Variable[Any]]
Change = tuple[int, int, tuple[Any, ...]]
"""When, which track or counter, and the values of its signals from then on."""


def write(timeline: Timeline, file: IO[bytes], progress: Callable[[int, int], None]) -> None:
    """Write a timeline, picosecond after picosecond."""
    text = io.TextIOWrapper(file, "utf-8", newline="\n")
    (start, end), counters = timeline.window, tuple(timeline.counters())
    writer = VCDWriter(text, "1 ps", date="", comment=_about(timeline), check_values=False, init_timestamp=start)
    scopes = _scopes(timeline.places)
    signals = [_of_track(track, scopes[track.place], writer) for track in timeline.tracks]
    signals += [_of_counter(counter, scopes[counter.place], writer) for counter in counters]
    changes = (_states(track, number, timeline.window) for number, track in enumerate(timeline.tracks))
    steps = (_steps(counter, number) for number, counter in enumerate(counters, len(timeline.tracks)))
    for count, (moment, number, values) in enumerate(merge(*changes, *steps)):
        for signal, value in zip(signals[number], values, strict=True):
            writer.change(signal, moment, value)
        if count % AT_ONCE == 0:
            progress(moment - start, end - start)
    writer.close(end)
    text.detach()


def _about(timeline: Timeline) -> str:
    scenario = timeline.scenario
    return f"hyperdrive-sim {_word(scenario.title)} {_word(scenario.file)} {scenario.hash} by {timeline.level}"


def _of_track(track: Track, scope: tuple[str, ...], writer: VCDWriter) -> Signals:
    if name := _local(track.name, track.place):
        scope = (*scope, name)
    return [writer.register_var(scope, name, kind, size, init) for (name, (kind, size)), init in zip(SIGNALS.items(), IDLE, strict=True)]


def _of_counter(counter: CounterTrack, scope: tuple[str, ...], writer: VCDWriter) -> Signals:
    kind = "integer" if counter.values.dtype.kind == "i" else "real"
    name = f"{_local(counter.name, counter.place)}_{counter.unit.replace('/', '_per_')}"
    return [writer.register_var(scope, name, kind, 64, 0)]


def _scopes(places: Mapping[str, Surroundings]) -> dict[str, tuple[str, ...]]:
    """Scopes around what is at each place: `machine`, `front`, `chip_0_1` for `front.chip[0,1]`, which is in the member `front`."""
    outer: dict[str, str] = {}
    for where, around in places.items():
        name = around.member or where
        word = outer.get(name) or _identifier(name)
        while outer.get(name) != word and word in outer.values():  # parts may be called a-b and a_b
            word += "_"
        outer[name] = word
    found: dict[str, tuple[str, ...]] = {where: (MACHINE, outer[around.member or where]) for where, around in places.items()}
    for where, around in places.items():
        if around.member and where != around.member:
            found[where] = (*found[where], _identifier(where.removeprefix(f"{around.member}.")))
    return {**found, MACHINE: (MACHINE,)}


def _local(name: str, where: str) -> str:
    """Name of something within its place: `array` for `chip[0,1].array` at `chip[0,1]`."""
    return _identifier(name.removeprefix(where))


def _identifier(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_")


@lru_cache(maxsize=AT_ONCE)
def _word(text: str) -> str:
    """Text without the blanks and dollar signs that mean something in the format."""
    return re.sub(r"[\s$]+", "_", text)


def _states(track: Track, number: int, window: TimeWindow) -> Iterator[Change]:
    """Changes of a track's signals; between slices they are idle."""
    until = window.start
    for one in track.slices():
        if one.start > until:
            yield until, number, IDLE
        yield one.start, number, _state(one)
        until = one.end
    if until < window.end:
        yield until, number, IDLE


def _state(one: Slice) -> tuple[Any, ...]:
    details = dict(one.details)
    if one.stall:
        return (*IDLE[:-1], _word(one.name.removeprefix("waits for ")))
    return 1, _word(one.name), _word(str(details.get("task", ""))), one.number, details["frame"], ""


def _steps(counter: CounterTrack, number: int) -> Iterator[Change]:
    for moment, value in zip(counter.times.tolist(), counter.values.tolist(), strict=True):
        yield moment, number, (value,)
