"""Chrome trace JSON, for ui.perfetto.dev, speedscope and chrome://tracing: a chip is a process, a unit a thread.

Times are microseconds with six decimals, so they hold every picosecond; read as 64-bit floats they still do in the first 4,500 seconds.
A slice is a begin and an end rather than a begin and a duration: where one ends the next one begins, at the same number, and no viewer's
rounding of their sum can make them overlap.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import IO, Any

from hyperdrive_sim.outputs.timelines.counters import CounterTrack
from hyperdrive_sim.outputs.timelines.slices import Slice, SliceDetails, Track
from hyperdrive_sim.outputs.timelines.timeline import Timeline

PS_PER_US = 10**6
AT_ONCE = 4096
"""So many events become bytes together."""

MARK = b'{"displayTimeUnit":"ns","otherData":{"generator":"hyperdrive-sim"'
"""The beginning of each."""


def write(timeline: Timeline, file: IO[bytes], progress: Callable[[int, int], None]) -> None:
    """Write a timeline, track after track."""
    processes = {where: number for number, where in enumerate(timeline.places, 1)}
    file.write(f'{{"displayTimeUnit":"ns","otherData":{_json(_about(timeline))},"traceEvents":[\n'.encode())
    file.write(",\n".join(_names(timeline, processes)).encode())
    for thread, track in enumerate(timeline.tracks, 1):
        progress(thread, len(timeline.tracks))
        _append(file, _of_track(track, f'"pid":{processes[track.place]},"tid":{thread}'))
    for counter in timeline.counters():
        _append(file, _of_counter(counter, processes[counter.place]))
    file.write(b"\n]}\n")


def _append(file: IO[bytes], events: Iterable[str]) -> None:
    events = iter(events)
    while some := list(islice(events, AT_ONCE)):
        file.write("".join(f",\n{event}" for event in some).encode())


def _about(timeline: Timeline) -> dict[str, Any]:
    start, end = (_us(moment) for moment in timeline.window)
    return {"generator": "hyperdrive-sim", **vars(timeline.scenario), "level": timeline.level, "window_us": [float(start), float(end)]}


def _names(timeline: Timeline, processes: dict[str, int]) -> Iterator[str]:
    """Events that name the processes and threads and put them in order."""
    for where, pid in processes.items():
        yield _json({"ph": "M", "name": "process_name", "pid": pid, "args": {"name": where}})
        yield _json({"ph": "M", "name": "process_sort_index", "pid": pid, "args": {"sort_index": pid}})
    for tid, track in enumerate(timeline.tracks, 1):
        pid = processes[track.place]
        yield _json({"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": track.name}})
        yield _json({"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": tid}})


def _of_track(track: Track, where: str) -> Iterator[str]:
    """The begin and the end of each slice, and between them those of its arrows.

    An arrow begins when its slice does, which is before it ends on any account: viewers leave out one that ends first. An end has the name,
    which speedscope asks for, and the arguments, which it would take for a part of the name in a begin.
    """
    for one in track.slices():
        start, end = f'{where},"ts":{_us(one.start)}', f'{where},"ts":{_us(one.end)}'
        name, kind = _text(one.name), "stall" if one.stall else "work"
        yield f'{{"ph":"B","cat":"{kind}","name":{name},{start}}}'
        for number, what in one.receives:
            yield f'{{"ph":"f","bp":"e","cat":"{what}","name":"{what}","id":{number},{start}}}'
        for number, what in one.sends:
            yield f'{{"ph":"s","cat":"{what}","name":"{what}","id":{number},{start}}}'
        yield f'{{"ph":"E","name":{name},{end},"args":{_arguments(one)}}}'


def _of_counter(counter: CounterTrack, pid: int) -> Iterator[str]:
    where, unit = f'{{"ph":"C","name":{_text(counter.name)},"pid":{pid},"ts":', _text(counter.unit)
    for moment, value in zip(counter.times.tolist(), counter.values.tolist(), strict=True):
        yield f'{where}{_us(moment)},"args":{{{unit}:{value!r}}}}}'


def _us(ps: int) -> str:
    whole, part = divmod(ps, PS_PER_US)
    return f"{whole}.{part:06d}"


def _arguments(one: Slice) -> str:
    return f'{{"number":{one.number},{_described(one.details)}}}'


@lru_cache(maxsize=AT_ONCE)
def _described(details: SliceDetails) -> str:
    return _json(dict(details))[1:-1]


@lru_cache(maxsize=AT_ONCE)
def _text(words: str) -> str:
    return _json(words)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
