"""Perfetto's TrackEvent protobuf, for ui.perfetto.dev and its trace processor: tracks below tracks, machine > row > chip > unit,
in a system of several parts machine > part > row > chip > unit.

Perfetto counts in whole nanoseconds. Every moment is rounded to the nearest one (halves go up), so a moment is off by half a nanosecond at
most, a duration by one, and slices that touched still do. A slice's `start_ps` and `end_ps` say when it really was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import IO, Any

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (
    CounterDescriptor,
    DebugAnnotation,
    InternedData,
    Trace,
    TracePacket,
    TrackDescriptor,
    TrackEvent,
)

from hyperdrive_sim.outputs.timelines.counters import CounterTrack
from hyperdrive_sim.outputs.timelines.overview import MACHINE
from hyperdrive_sim.outputs.timelines.slices import Slice, SliceDetails
from hyperdrive_sim.outputs.timelines.timeline import Timeline

PS_PER_NS = 1000
SEQUENCE = 1
"""All packets are of one sequence, which has one dictionary of texts."""
AT_ONCE = 4096
"""So many packets become bytes together."""

GENERATOR = "hyperdrive-sim"
MARK = b"\n\x07P\x01h\x01\xb8\x05\x01\n\x1aP\x01b\x14\x1a\x12\x08\x01\x12\x0e" + GENERATOR.encode()
"""The beginning of each: a sequence is opened, and its first text, to which nothing refers, is its generator."""

NUMBER, START_PS, END_PS = "number", "start_ps", "end_ps"
NAMES, VALUES = "debug_annotation_names", "debug_annotation_string_values"


def write(timeline: Timeline, file: IO[bytes], progress: Callable[[int, int], None]) -> None:
    """Write a timeline, track after track."""
    packets = _Packets(file)
    places = _places(timeline, packets)
    for done, track in enumerate(timeline.tracks, 1):
        progress(done, len(timeline.tracks))
        parent = places[track.place]
        uuid = parent if track.name == track.place else packets.track(track.name, parent)
        for one in track.slices():
            _slice(one, uuid, packets)
    for counter in timeline.counters():
        _counter(counter, packets.track(counter.name, places[counter.place], CounterDescriptor(unit_name=counter.unit)), packets)
    packets.flush()


def _places(timeline: Timeline, packets: _Packets) -> dict[str, int]:
    """A track for the machine, below it one for each part of a system, for each row of a mesh, and below those one for each place."""
    machine = packets.track(MACHINE)
    around = list(dict.fromkeys(timeline.places.values()))
    parts = {"": machine} | {member: packets.track(member, machine) for member in dict.fromkeys(one.member for one in around) if member}
    rows = {one: packets.track(f"row {one.row}", parts[one.member]) for one in around if one.row is not None}
    found = {MACHINE: machine, **parts}
    for where, one in timeline.places.items():
        if where not in found:
            found[where] = packets.track(where, rows.get(one, parts[one.member]))
    return found


def _slice(one: Slice, uuid: int, packets: _Packets) -> None:
    begin = packets.event(one.start, packets.described(one.name, "stall" if one.stall else "work", one.details))
    begin.type, begin.track_uuid = TrackEvent.TYPE_SLICE_BEGIN, uuid
    cut = one.details[-1][0] == END_PS
    for name, value in ((NUMBER, one.number), *(() if cut else ((START_PS, one.start), (END_PS, one.end)))):
        begin.debug_annotations.add(name_iid=packets.number(NAMES, name), int_value=value)
    begin.flow_ids.extend(arrow.number for arrow in one.sends)
    begin.terminating_flow_ids.extend(arrow.number for arrow in one.receives)
    end = packets.event(one.end)
    end.type, end.track_uuid = TrackEvent.TYPE_SLICE_END, uuid


def _counter(counter: CounterTrack, uuid: int, packets: _Packets) -> None:
    whole = counter.values.dtype.kind == "i"
    for moment, value in zip(counter.times.tolist(), counter.values.tolist(), strict=True):
        event = packets.event(moment)
        event.type, event.track_uuid = TrackEvent.TYPE_COUNTER, uuid
        if whole:
            event.counter_value = value
        else:
            event.double_counter_value = value


class _Packets:
    """Packets on their way into a file. A text is sent once, and called by its number from then on."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.trace = file, Trace()
        self.tracks = 0
        self.numbers: dict[tuple[str, str], int] = {}
        self.described = lru_cache(maxsize=AT_ONCE)(self._described)
        self._add(sequence_flags=TracePacket.SEQ_INCREMENTAL_STATE_CLEARED, first_packet_on_sequence=True)
        for name in (GENERATOR, NUMBER, START_PS, END_PS):
            self.number(NAMES, name)

    def track(self, name: str, parent: int | None = None, counter: CounterDescriptor | None = None) -> int:
        """A new track's number. Tracks stand in the order in which they are made; of two with one name, neither is taken for the other."""
        self.tracks += 1
        track = TrackDescriptor(uuid=self.tracks, name=name, parent_uuid=parent, counter=counter, sibling_order_rank=self.tracks)
        track.child_ordering = TrackDescriptor.EXPLICIT
        track.sibling_merge_behavior = TrackDescriptor.SIBLING_MERGE_BEHAVIOR_NONE
        self._add(track_descriptor=track)
        return self.tracks

    def event(self, ps: int, like: TrackEvent | None = None) -> TrackEvent:
        """The event of a new packet, at a time; to begin with, it is *like* another one."""
        timestamp = (2 * ps + PS_PER_NS) // (2 * PS_PER_NS)
        return self._add(sequence_flags=TracePacket.SEQ_NEEDS_INCREMENTAL_STATE, timestamp=timestamp, track_event=like).track_event

    def number(self, field: str, text: str) -> int:
        """The number of a text in one of the dictionaries of InternedData."""
        if known := self.numbers.get((field, text)):
            return known
        number = self.numbers[field, text] = len(self.numbers) + 1
        entry = {"iid": number, "str": text.encode()} if field == VALUES else {"iid": number, "name": text}
        self._add(sequence_flags=TracePacket.SEQ_NEEDS_INCREMENTAL_STATE, interned_data=InternedData(**{field: [entry]}))
        return number

    def _described(self, name: str, category: str, details: SliceDetails) -> TrackEvent:
        event = TrackEvent(name_iid=self.number("event_names", name), category_iids=[self.number("event_categories", category)])
        for key, value in details:
            annotation = DebugAnnotation(name_iid=self.number(NAMES, key))
            match value:
                case str():
                    annotation.string_value_iid = self.number(VALUES, value)
                case int():
                    annotation.int_value = value
                case _:
                    annotation.double_value = value
            event.debug_annotations.append(annotation)
        return event

    def _add(self, **fields: Any) -> TracePacket:
        if len(self.trace.packet) >= AT_ONCE:
            self.flush()
        return self.trace.packet.add(trusted_packet_sequence_id=SEQUENCE, **fields)

    def flush(self) -> None:
        """Traces one after the other in a file are one trace. Only a new one gives its memory back."""
        self.file.write(self.trace.SerializeToString())
        self.trace = Trace()
