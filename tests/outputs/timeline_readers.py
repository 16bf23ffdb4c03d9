"""Timelines read back from their files: by json, by Perfetto's own protobuf classes, by pyvcd's tokenizer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TracePacket, TrackDescriptor, TrackEvent
from vcd.reader import TokenKind, tokenize


class Piece(NamedTuple):
    """A slice as a file has it; *details* are its arguments. A waveform has no number for a stall."""

    start: int
    end: int
    name: str
    number: int | None
    stall: bool
    details: Mapping[str, Any]


class Contents(NamedTuple):
    """Slices by track; counters with their unit; of each arrow the slices at its two ends, as track and start; what each track is in."""

    tracks: dict[str, list[Piece]]
    counters: dict[str, tuple[str, list[tuple[int, float]]]]
    arrows: dict[int, dict[str, tuple[str, int]]]
    parents: dict[str, tuple[str, ...]]


def chrome(path: Path) -> Contents:
    """Times are picoseconds; every event is where it belongs once all are sorted by their time, as viewers do."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    events = json.loads(raw)["traceEvents"]
    processes = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    threads = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    where = {event["tid"]: processes[event["pid"]] for event in events if event["name"] == "thread_name"}
    read = Contents({name: [] for name in threads.values()}, {}, {}, {threads[tid]: (process,) for tid, process in where.items()})
    opened: dict[int, Any] = {}
    for event in sorted((event for event in events if event["ph"] != "M"), key=lambda event: event["ts"]):
        at, tid = round(event["ts"] * 1e6), event.get("tid")
        match event["ph"]:
            case "B":
                assert tid not in opened, "slices do not overlap"
                opened[tid] = event
            case "E":
                begun = opened.pop(tid)
                assert begun["name"] == event["name"]
                details = dict(event["args"])
                piece = Piece(round(begun["ts"] * 1e6), at, event["name"], details.pop("number"), begun["cat"] == "stall", details)
                read.tracks[threads[tid]].append(piece)
            case "C":
                ((unit, value),) = event["args"].items()
                read.counters.setdefault(event["name"], (unit, []))[1].append((at, value))
            case "s" | "f":
                assert event["ph"] == "s" or event["bp"] == "e"
                assert event["cat"] == event["name"] in ("halo", "hop")
                assert event["ts"] == opened[tid]["ts"], "an arrow has a slice at either end"
                assert event["ph"] == "s" or "s" in read.arrows[event["id"]], "an arrow begins before it ends"
                read.arrows.setdefault(event["id"], {})[event["ph"]] = threads[tid], round(opened[tid]["ts"] * 1e6)
    assert not opened
    return read


def perfetto(path: Path) -> Contents:
    """Times are nanoseconds."""
    packets = Trace.FromString(path.read_bytes()).packet
    assert {packet.trusted_packet_sequence_id for packet in packets} == {1}
    assert packets[0].sequence_flags == TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
    names: dict[int, str] = {}
    units, above = {}, {}
    texts: dict[str, dict[int, str]] = {}
    tracks: dict[int, list[Piece]] = {}
    counters: dict[int, list[tuple[int, float]]] = {}
    arrows: dict[int, dict[str, tuple[str, int]]] = {}
    opened: dict[int, Any] = {}
    for packet in packets:
        for field, entries in packet.interned_data.ListFields():
            for entry in entries:
                texts.setdefault(field.name, {})[entry.iid] = entry.str.decode() if hasattr(entry, "str") else entry.name
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            assert track.child_ordering == TrackDescriptor.EXPLICIT
            assert track.sibling_merge_behavior == TrackDescriptor.SIBLING_MERGE_BEHAVIOR_NONE
            assert track.sibling_order_rank > max(names, default=0), "tracks stand in the order in which they are described"
            assert track.parent_uuid in (0, *names)
            names[track.uuid], above[track.uuid], units[track.uuid] = track.name, track.parent_uuid, track.counter.unit_name
        if not packet.HasField("track_event"):
            continue
        event, at = packet.track_event, packet.timestamp
        match event.type:
            case TrackEvent.TYPE_SLICE_BEGIN:
                assert event.track_uuid not in opened, "slices do not overlap"
                opened[event.track_uuid] = at, event
                for arrow in event.flow_ids:
                    arrows.setdefault(arrow, {})["s"] = names[event.track_uuid], at
                for arrow in event.terminating_flow_ids:
                    arrows.setdefault(arrow, {})["f"] = names[event.track_uuid], at
            case TrackEvent.TYPE_SLICE_END:
                tracks.setdefault(event.track_uuid, []).append(_piece(*opened.pop(event.track_uuid), at, texts))
            case TrackEvent.TYPE_COUNTER:
                value = event.counter_value if event.HasField("counter_value") else event.double_counter_value
                counters.setdefault(event.track_uuid, []).append((at, value))
    assert not opened
    shown = {uuid: tracks.get(uuid, []) for uuid in names if uuid in tracks or not (units[uuid] or uuid in above.values())}
    return Contents(
        {names[uuid]: pieces for uuid, pieces in shown.items()},
        {names[uuid]: (units[uuid], points) for uuid, points in counters.items()},
        arrows,
        {names[uuid]: _path(uuid, names, above) for uuid in names},
    )


def _path(uuid: int, names: Mapping[int, str], above: Mapping[int, int]) -> tuple[str, ...]:
    return (*_path(above[uuid], names, above), names[above[uuid]]) if above[uuid] else ()


def _piece(start: int, begun: Any, end: int, texts: Mapping[str, Mapping[int, str]]) -> Piece:
    details: dict[str, Any] = {}
    for annotation in begun.debug_annotations:
        field = annotation.WhichOneof("value")
        value = getattr(annotation, field)
        name = texts["debug_annotation_names"][annotation.name_iid]
        details[name] = texts["debug_annotation_string_values"][value] if field == "string_value_iid" else value
    category = texts["event_categories"][begun.category_iids[0]]
    return Piece(start, end, texts["event_names"][begun.name_iid], details.pop("number"), category == "stall", details)


SIGNALS = ("busy", "layer", "task", "number", "frame", "waits_for")


def vcd(path: Path) -> Contents:
    """Times are picoseconds. A track is a scope with these signals, all other signals are counters."""
    scope: list[str] = []
    signals: dict[str, tuple[str, str]] = {}
    history: dict[tuple[str, str], list[tuple[int, Any]]] = {}
    at = -1
    with path.open("rb") as file:
        for token in tokenize(file):
            data: Any = token.data
            match token.kind:
                case TokenKind.TIMESCALE:
                    assert str(data) == "1 ps"
                case TokenKind.SCOPE:
                    scope.append(data.ident)
                case TokenKind.UPSCOPE:
                    scope.pop()
                case TokenKind.VAR:
                    signals[data.id_code] = ".".join(scope), data.reference
                    history[signals[data.id_code]] = []
                case TokenKind.CHANGE_TIME:
                    assert data > at
                    at = data
                case TokenKind.CHANGE_SCALAR | TokenKind.CHANGE_VECTOR | TokenKind.CHANGE_REAL | TokenKind.CHANGE_STRING:
                    points = history[signals[data.id_code]]
                    assert not points or points[-1][0] < at, "a signal changes once at a time"
                    points.append((at, data.value))
    tracks = [where for where, signal in history if signal == "busy"]
    return Contents(
        {where: _pieces({signal: history[where, signal] for signal in SIGNALS}, at) for where in tracks},
        {f"{where}.{signal}": ("", points) for (where, signal), points in history.items() if signal not in SIGNALS},
        {},
        {},
    )


def _pieces(history: Mapping[str, list[tuple[int, Any]]], end: int) -> list[Piece]:
    changes: dict[int, dict[str, Any]] = {}
    for signal, points in history.items():
        for at, value in points:
            changes.setdefault(at, {})[signal] = value
    moments, pieces, state = sorted(changes), [], {}
    for start, until in zip(moments, [*moments[1:], end], strict=True):
        state |= changes[start]
        if state["busy"] == "1":
            pieces.append(Piece(start, until, state["layer"], state["number"], False, {"task": state["task"], "frame": state["frame"]}))
        elif state["waits_for"]:
            pieces.append(Piece(start, until, f"waits for {state['waits_for']}", None, True, {}))
    return pieces
