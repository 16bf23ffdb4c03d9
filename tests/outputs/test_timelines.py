"""Timelines, read back from their files and held against the trace that they show, span by span."""

from __future__ import annotations

import json
import re
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import simulated
import timeline_readers
from commands import ROOT, TINY, invoke, sentences
from hypothesis import given, settings
from hypothesis import strategies as st
from timeline_readers import Contents
from worlds import CLOCK, task

from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.errors import InvalidInput, MissingExtra
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.outputs import staging, timelines
from hyperdrive_sim.outputs.timelines import chrome, counters, timeline, vcd
from hyperdrive_sim.outputs.timelines.columns import Surroundings
from hyperdrive_sim.outputs.timelines.halo import HALO, HOP, Arrow
from hyperdrive_sim.outputs.timelines.slices import Slice
from hyperdrive_sim.outputs.timelines.window import TimeWindow, bounds, of_run
from hyperdrive_sim.reports.records import Action, Energy
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.machine import Machine, Memory, Unit
from hyperdrive_sim.schedule.tasks import HOST, Copy
from hyperdrive_sim.schedule.writer import scheduled

RUNS = {
    "mesh": ("hyperdrive/tiny_2x2",),
    "frames": ("hyperdrive/tiny_2x2", "frames=3", "frames_per_s=5000.0"),
    "narrow": ("hyperdrive/tiny_2x2", "chip.mesh=[3,4]", "chip.weight_stream_bits_per_cycle=0.5"),
    "xnorbin": ("xnorbin/finn_cnv",),
    "banks": ("nandnet_dram/nin_xnor",),
}
READERS = {
    **{".json": timeline_readers.chrome, ".json.gz": timeline_readers.chrome, ".vcd": timeline_readers.vcd},
    **{".pftrace": timeline_readers.perfetto, ".perfetto-trace": timeline_readers.perfetto},
}
FORMATS = (".json", ".pftrace", ".vcd")


def report(name: str) -> Report:
    return simulated.mixed_system()[1] if name == "system" else simulated.report(*RUNS[name])


def place(name: str, of: Report) -> str:
    return of.machine.place(name)


def written(path: Path, of: Report, **wanted: str) -> Contents:
    """A timeline as its file has it."""
    timelines.write(of, timelines.request(path, **wanted))
    return READERS["".join(path.suffixes)](path)


def ns(ps: int) -> int:
    """The nearest nanosecond, halves up: how Perfetto's moments are rounded."""
    return (ps + 500) // 1000


def identifier(unit: str) -> str:
    """How a waveform calls a unit: chip[0,1].array is machine.chip_0_1.array."""
    return ".".join(["machine", *(re.sub(r"[^\w ]+", "_", part).strip("_") for part in unit.split("."))])


def as_shown(suffix: str, spans: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Spans (start, end, ...) by unit, with the times and the names that a format has for them."""
    if suffix == ".vcd":
        return {identifier(unit): mine for unit, mine in spans.items()}
    if suffix == ".pftrace":
        return {unit: [(ns(start), ns(end), *more) for start, end, *more in mine] for unit, mine in spans.items()}
    return spans


def within(shown: TimeWindow, start: int, end: int) -> tuple[int, int] | None:
    """The part of a span that a window shows."""
    start, end = max(start, shown.start), min(end, shown.end)
    return (start, end) if start < end else None


def work(of: Report, shown: TimeWindow) -> dict[str, list[tuple[Any, ...]]]:
    """From the trace, every span that touches a window: start, end, layer, number."""
    spans: dict[str, list[tuple[Any, ...]]] = {unit.name: [] for unit in of.machine.units}
    for number, span in enumerate(of.trace):
        if part := within(shown, span.start, span.end):
            spans[span.task.unit].append((*part, span.task.layer, number))
    return {unit: sorted(mine) for unit, mine in spans.items()}


def waits(of: Report, shown: TimeWindow) -> dict[str, list[tuple[Any, ...]]]:
    """From the trace, what each unit waited for: start, end, words. Neighbours with the same words are one."""
    kinds = {unit.name: unit.kind for unit in of.machine.units}
    spans: dict[str, list[tuple[Any, ...]]] = {unit: [] for unit in kinds}
    for unit in of.trace.units:
        for index, gap in zip(*(column.tolist() for column in of.trace.gaps([unit])), strict=True):
            until = of.trace[index].start
            for blocker, ps in of.trace.blockers(index, gap):
                holder = None if blocker is None else of.trace.tasks[blocker]
                words = f"waits for {kinds[holder.unit]} ({holder.layer})" if holder else "waits for arrival"
                if part := within(shown, until - ps, until):
                    spans[unit].append((*part, words))
                until -= ps
    return {unit: joined(sorted(mine)) for unit, mine in spans.items()}


def joined(spans: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for start, end, words in spans:
        if found and found[-1][1:] == (start, words):
            start = found.pop()[0]
        found.append((start, end, words))
    return found


WINDOWS = [("mesh", ":"), ("mesh", "40us:60us"), ("frames", ":"), ("frames", "0.2ms:"), ("narrow", ":")]
WINDOWS += [("system", ":"), ("xnorbin", ":"), ("banks", ":1ms")]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("name", "asked"), WINDOWS)
def test_every_span_of_every_unit(tmp_path: Path, suffix: str, name: str, asked: str) -> None:
    """Exact in Chrome and VCD; in Perfetto every moment is the nearest nanosecond, and the exact span is among the details."""
    of = report(name)
    shown = of_run(asked, of.trace.makespan_ps)
    found = written(tmp_path / f"t{suffix}", of, window=asked).tracks
    truth = work(of, shown)
    assert sum(map(len, truth.values())) > 10
    assert {track: [piece[:4] for piece in pieces if not piece.stall] for track, pieces in found.items()} == as_shown(suffix, truth)
    for piece in (piece for pieces in found.values() for piece in pieces if not piece.stall):
        span = of.trace[piece.number]
        assert (piece.details["task"].replace("_", " "), piece.details["frame"]) == (span.task.name, span.task.frame)
        cut = within(shown, span.start, span.end) != (span.start, span.end)
        if suffix == ".pftrace" or (suffix == ".json" and cut):
            assert (piece.details["start_ps"], piece.details["end_ps"]) == (span.start, span.end)
        elif suffix == ".json":
            assert not {"start_ps", "end_ps"} & set(piece.details)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("name", "asked"), WINDOWS)
def test_stalls_are_the_gaps(tmp_path: Path, suffix: str, name: str, asked: str) -> None:
    of = report(name)
    found = written(tmp_path / f"t{suffix}", of, window=asked).tracks
    truth = waits(of, of_run(asked, of.trace.makespan_ps))
    stalls = {track: joined([piece[:3] for piece in pieces if piece.stall]) for track, pieces in found.items()}
    if suffix == ".vcd":
        truth = {
            unit: [(start, end, "waits for " + words.removeprefix("waits for ").replace(" ", "_")) for start, end, words in mine]
            for unit, mine in truth.items()
        }
    assert stalls == as_shown(suffix, truth)
    if asked == ":" and suffix == ".json":
        for unit in of.trace.units:
            assert sum(end - start for start, end, _ in stalls[unit]) == int(of.trace.gaps([unit])[1].sum())
        assert any(stalls.values())


def test_what_a_slice_says(tmp_path: Path) -> None:
    """A convolution's block of channels, what it costs, and what its array waited for before."""
    of = report("mesh")
    pieces = written(tmp_path / "t.json", of).tracks["chip[0,0].array"]
    stalls, computed = [piece for piece in pieces if piece.stall], next(piece for piece in pieces if not piece.stall)
    of_task = of.trace.tasks[computed.number]
    assert computed.name == "layer1.0.conv1"
    assert computed.details == {
        **{"task": "compute", "frame": 0, "channels": "0-15", "cycles": 1056},
        "energy_pj": sum(count * of.energy.by_action[action].pj for action, count in of_task.actions.items()),
        **of_task.actions,
    }
    assert stalls[0].details == {"cause": "host", "holder": "pool", "unit": "host.link", "task": "input", "frame": 0}
    assert stalls[0].number == computed.number


@pytest.mark.parametrize("suffix", [".json", ".pftrace"])
def test_energies_add_up(tmp_path: Path, suffix: str) -> None:
    of = report("frames")
    for level in ("unit", "machine"):
        tracks = written(tmp_path / f"t{suffix}", of, level=level).tracks
        total = sum(piece.details["energy_pj"] for pieces in tracks.values() for piece in pieces if not piece.stall)
        assert total * 1e-12 == pytest.approx(of.energy.total_j * of.time.frames, rel=1e-12)


# --- by pencil ---

PAIR = Machine(
    (
        Unit("host.link", "host"),
        *(Unit(f"chip[0,{n}].array", "array") for n in (0, 1)),
        Unit("chip[0,0].east", "border", latency_ps=2),
        Unit("chip[0,1].west", "border"),
    ),
    (Memory("chip[0,0].fmm", 100),),
    CLOCK,
    peak_ops_per_cycle=4,
    chips=2,
    mesh=(1, 2),
)
BOX = Box(0, 1, 0, 1, 0, 1)


def copy(source: str, target: str) -> Copy:
    return Copy("a", 0, 1, (BOX,), source, target)


def priced(pj: Mapping[str, float]) -> Energy:
    """What a report says of energy, as far as prices go."""
    return Energy(0.0, 0.0, 0.0, {action: Action(0, 0.0, price, "published", "pencil", ()) for action, price in pj.items()}, 0.0)


def pair() -> SimpleNamespace:
    """Chip 0 computes layer a and sends its border; chip 1 needs it for layer b, chip 0 only the room that it leaves, for layer c.

    host.link      |iii............|
    chip[0,0].array|...AAAA.BB.C...|    B waits for its arrival at 8, C for the border
    chip[0,0].east |.......ss......|    there two later
    chip[0,1].array|...........BBBB|    its stall: host 3, array 4, border 2 + 2
    """
    tasks = [
        task("input", "host.link", 3, layer="in", effect=copy(HOST, "chip[0,0].fmm"), actions={"input_io.bit": 6}),
        task("compute", "chip[0,0].array", 4, 0, layer="a", actions={"array.cycle": 8}),
        task("border", "chip[0,0].east", 2, 1, layer="a", effect=copy("chip[0,0].fmm", "chip[0,1].border"), latency_ps=2),
        task("compute", "chip[0,0].array", 2, 1, layer="b", not_before_ps=8),
        task("compute", "chip[0,1].array", 4, 2, layer="b"),
        task("compute", "chip[0,0].array", 1, 2, 3, layer="c"),
    ]
    prices = priced({"input_io.bit": 2.0, "array.cycle": 0.5})
    return SimpleNamespace(machine=PAIR, trace=simulate(scheduled(tasks)), energy=prices, occupancy={}, scenario=None, parts=(), tiles={})


WHOLE = TimeWindow(0, 15)
AFTER_A = [(7, 8, "waits for arrival"), (8, 10, "b"), (10, 11, "waits for border (a)"), (11, 12, "c")]


def slices(level: str, shown: TimeWindow = WHOLE) -> dict[str, list[tuple[int, int, str]]]:
    tracks = timeline.of_report(pair(), shown, level).tracks
    return {track.name: [one[:3] for one in track.slices()] for track in tracks}


def test_units_by_pencil() -> None:
    assert slices("unit") == {
        "host.link": [(0, 3, "in")],
        "chip[0,0].array": [(0, 3, "waits for host (in)"), (3, 7, "a"), *AFTER_A],
        "chip[0,1].array": [
            (0, 3, "waits for host (in)"),
            (3, 7, "waits for array (a)"),
            (7, 11, "waits for border (a)"),
            (11, 15, "b"),
        ],
        "chip[0,0].east": [(0, 3, "waits for host (in)"), (3, 7, "waits for array (a)"), (7, 9, "a")],
        "chip[0,1].west": [],
    }


def test_chips_by_pencil() -> None:
    """Arrays under the names of their chips, and what is not on a chip by itself."""
    units = slices("unit")
    chips = {f"chip[0,{n}]": units[f"chip[0,{n}].array"] for n in (0, 1)}
    assert slices("chip") == {"host.link": units["host.link"], **chips}


def test_the_machine_by_pencil() -> None:
    assert slices("machine") == {
        "host": [(0, 3, "in")],
        "array": [(0, 3, "waits for host (in)"), (3, 7, "a"), (7, 8, "waits for arrival"), (8, 15, "b")],
        "array lane 2": [(11, 12, "c")],
        "border": [(0, 3, "waits for host (in)"), (3, 7, "waits for array (a)"), (7, 9, "a")],
    }


def test_what_taken_together_says() -> None:
    """Two arrays are at b for 7 ps, one works 2 of them and the other 4, after standing still for 3 more since b began."""
    (array,) = (track for track in timeline.of_report(pair(), WHOLE, "machine").tracks if track.name == "array")
    details = dict(list(array.slices())[-1].details)
    assert details.pop("busy") == pytest.approx((2 + 4) / (2 * 7))
    assert details == {"frame": 0, "tasks": 2, "cycles": 0, "energy_pj": 0.0, "io_bits": 0, "stalled_by_border_ps": 3 / 2}


def test_lanes_by_pencil() -> None:
    """Of a group whose units are at several layers at a time each slice is on the first lane that is free."""
    two = Machine(tuple(Unit(f"chip.array{n}", "array") for n in (0, 1)), (), CLOCK, 2)
    tasks = [
        task("t", "chip.array0", 4, layer="a"),
        task("t", "chip.array1", 3, layer="b"),
        task("t", "chip.array1", 3, layer="c"),
        task("t", "chip.array0", 5, layer="d"),
    ]
    of = SimpleNamespace(machine=two, trace=simulate(scheduled(tasks)), energy=priced({}), occupancy={}, scenario=None, parts=(), tiles={})
    tracks = timeline.of_report(of, TimeWindow(0, 9), "chip").tracks
    assert {track.name: [one[:3] for one in track.slices()] for track in tracks} == {
        "chip": [(0, 3, "b"), (3, 6, "c")],
        "chip lane 2": [(0, 4, "a"), (4, 9, "d")],
    }


def test_nobody_waits_while_anybody_works() -> None:
    """A long slice that others begin and end in is not a gap: only from 9 to 12 there is nothing."""
    two = Machine(tuple(Unit(f"chip.array{n}", "array") for n in (0, 1)), (), CLOCK, 2)
    tasks = [
        task("t", "chip.array0", 9, layer="a"),
        task("t", "chip.array1", 2, layer="b", not_before_ps=1),
        task("t", "chip.array1", 2, layer="c", not_before_ps=12),
    ]
    of = SimpleNamespace(machine=two, trace=simulate(scheduled(tasks)), energy=priced({}), occupancy={}, scenario=None, parts=(), tiles={})
    first, second = timeline.of_report(of, TimeWindow(0, 14), "chip").tracks
    assert [one[:3] for one in first.slices()] == [(0, 9, "a"), (9, 12, "waits for arrival"), (12, 14, "c")]
    assert [one[:3] for one in second.slices()] == [(1, 3, "b")]


def test_a_window_by_pencil() -> None:
    """What touches 4 to 8 and nothing else, cut off there; the cut ones say from when to when they were."""
    assert slices("unit", TimeWindow(4, 8)) == {
        "host.link": [],
        "chip[0,0].array": [(4, 7, "a"), (7, 8, "waits for arrival")],
        "chip[0,1].array": [(4, 7, "waits for array (a)"), (7, 8, "waits for border (a)")],
        "chip[0,0].east": [(4, 7, "waits for array (a)"), (7, 8, "a")],
        "chip[0,1].west": [],
    }
    track = next(track for track in timeline.of_report(pair(), TimeWindow(4, 8), "unit").tracks if track.name == "chip[0,0].array")
    cut, whole = track.slices()
    assert cut.details[-2:] == (("start_ps", 3), ("end_ps", 7))
    assert whole.details[-1] == ("cause", "arrival")


def test_counters_by_pencil() -> None:
    """12 pJ over 3 ps are 4 W, 4 pJ over 4 ps are 1 W; 6 bits over 3 ps are 2 Tbit/s."""
    found = timeline.of_report(pair(), WHOLE, "unit").counters()
    assert {one.name: (one.unit, one.times.tolist(), one.values.tolist()) for one in found} == {
        "host.link traffic": ("bit/s", [0, 3], [2 * 10**12, 0]),
        "host power": ("W", [0, 3], [4.0, 0.0]),
        "chip[0,0] power": ("W", [0, 3, 7], [0.0, 1.0, 0.0]),
        "chip[0,1] power": ("W", [0], [0.0]),
        "machine power": ("W", [0, 3, 7], [4.0, 1.0, 0.0]),
    }


def test_steps_by_pencil() -> None:
    """1 until 3, 5 until 4, 2 until 10: in steps of 4 the means are 2, 2 and 1, the most 5, 2 and 2."""
    steps, edges = counters.Steps(np.array([0, 3, 4, 10]), np.array([1, 5, 2, 0])), np.array([0, 4, 8, 12])
    assert counters._mean(steps, edges).tolist() == [2.0, 2.0, 1.0]
    assert counters._most(steps, edges).tolist() == [5, 2, 2]
    edges = counters._edges(TimeWindow(0, 12), 3)
    rate, held = (counters._stepped("chip", "chip traffic", unit, steps, edges=edges) for unit in ("bit/s", "bit"))
    assert (rate.times.tolist(), rate.values.tolist()) == ([0, 8], [2.0, 1.0]), "the mean, and no step that repeats the last"
    assert (held.times.tolist(), held.values.tolist()) == ([0, 4], [5, 2]), "the most"


def test_the_arrow_by_pencil() -> None:
    """From the border's crossing to the only task on the other chip that came after it."""
    tracks = timeline.of_report(pair(), WHOLE, "unit").tracks
    halo = {track.name: [(one.sends, one.receives) for one in track.slices() if not one.stall] for track in tracks}
    assert halo["chip[0,0].east"] == [((Arrow(0, HALO),), ())]
    assert halo["chip[0,1].array"] == [((), (Arrow(0, HALO),))]
    assert halo["chip[0,0].array"] == [((), ())] * 3, "a task of the same chip that comes after the border does not get it"
    cut = timeline.of_report(pair(), TimeWindow(0, 11), "unit").tracks
    assert not any(one.sends for track in cut for one in track.slices()), "the other end is beyond the window"


# --- arrows ---


@pytest.mark.parametrize("suffix", [".json", ".pftrace"])
@pytest.mark.parametrize(("name", "asked"), [("mesh", ":"), ("narrow", ":"), ("frames", "100us:300us")])
def test_arrows_join_what_crossed_to_what_came_after_it(tmp_path: Path, suffix: str, name: str, asked: str) -> None:
    of = report(name)
    shown = of_run(asked, of.trace.makespan_ps)
    read = written(tmp_path / f"t{suffix}", of, window=asked)
    numbers = {(track, piece.start): piece.number for track, pieces in read.tracks.items() for piece in pieces if not piece.stall}
    found = [(numbers[arrow["s"]], numbers[arrow["f"]]) for arrow in read.arrows.values()]
    truth = []
    for number, span in enumerate(of.trace):
        for sender in span.task.after:
            sent = of.trace[sender]
            lands = sent.task.name in ("border", "corner") and place(sent.task.effect.target, of) == place(span.task.unit, of)
            if lands and all(within(shown, one.start, one.end) for one in (sent, span)):
                truth.append((sender, number))
    assert sorted(found) == sorted(truth)
    if asked == ":":
        crossings = {number for number, one in enumerate(of.trace.tasks) if one.name in ("border", "corner")}
        assert {sender for sender, _ in found} == crossings, "every crossing is waited for by somebody"


@pytest.mark.parametrize("suffix", [".json", ".pftrace"])
def test_arrows_join_the_parts_of_a_system(tmp_path: Path, suffix: str) -> None:
    """Halos go from chip to chip of a mesh, and hops over the wire to what takes the signs in; what comes from the host has none."""
    of = report("system")
    read = written(tmp_path / f"t{suffix}", of)
    ways = {
        tuple(track.split(".")[-1] if "chip" in track else track for track, _ in (arrow["s"], arrow["f"])) for arrow in read.arrows.values()
    }
    assert ways >= {
        ("east", "array"),
        ("west", "array"),
        ("wire[front>back[0]]", "back[0].host.link"),
        ("wire[front>back[1]]", "back[1].host.link"),
    }
    assert not any("up" in track or "converter" in track for way in ways for track in way)
    crossed = [number for number, one in enumerate(of.trace.tasks) if one.name == "hop" and one.unit.startswith("wire[front")]
    slices = {(track, piece.start): piece.number for track, pieces in read.tracks.items() for piece in pieces if not piece.stall}
    assert {slices[arrow["s"]] for arrow in read.arrows.values() if arrow["s"][0].startswith("wire")} == set(crossed)


def test_arrows_are_called_for_what_goes_along_them() -> None:
    of = report("system")
    tracks = timeline.of_report(of, of_run(":", of.trace.makespan_ps), "unit").tracks
    called = {(track.name, arrow.name) for track in tracks for one in track.slices() for arrow in one.sends}
    assert called == {
        *((f"front.chip[0,{column}].{side}", HALO) for column, side in ((0, "east"), (1, "west"))),
        *((f"wire[front>back[{number}]]", HOP) for number in range(2)),
    }


def test_there_are_no_arrows_where_there_is_no_mesh(tmp_path: Path) -> None:
    assert written(tmp_path / "t.json", report("xnorbin")).arrows == {}
    assert written(tmp_path / "t.json", report("mesh"), level="chip").arrows == {}


# --- counters ---


def steps(of: Report, memory: str) -> list[tuple[int, int]]:
    """From when on a memory holds how many bits, whenever that changes."""
    times, bits = of.occupancy[memory].times_ps.tolist(), of.occupancy[memory].bits.tolist()
    return [(at, held) for at, held, before in zip(times, bits, [-1, *bits], strict=False) if held != before]


def integral(points: Sequence[tuple[int, float]], end: int) -> float:
    """In seconds times the counter's unit."""
    return sum(value * (until - start) for (start, value), (until, _) in pairwise([*points, (end, 0)])) * 1e-12


@pytest.mark.parametrize("name", RUNS)
def test_counters_come_to_what_the_report_has(tmp_path: Path, name: str) -> None:
    of = report(name)
    end = of.trace.makespan_ps
    found = written(tmp_path / "t.json", of).counters
    for memory in of.occupancy:
        assert found[memory] == ("bit", [step for step in steps(of, memory) if step[0] < end])
    bits = Counter[str]()
    for one in of.trace.tasks:
        bits[one.unit] += sum(count for action, count in one.actions.items() if action.endswith("_io.bit"))
    moved = {name.removesuffix(" traffic"): integral(points, end) for name, (_, points) in found.items() if name.endswith(" traffic")}
    assert moved == {unit: pytest.approx(count, rel=1e-8) for unit, count in bits.items() if count}
    assert sum(moved.values()) == pytest.approx(sum(of.io_bits.values()) * of.time.frames, rel=1e-8)
    powers = {name.removesuffix(" power"): integral(points, end) for name, (unit, points) in found.items() if unit == "W"}
    spent = of.energy.total_j * of.time.frames
    assert powers.pop("machine") == pytest.approx(spent, rel=1e-9)
    assert sum(powers.values()) == pytest.approx(spent, rel=1e-9)


@pytest.mark.parametrize("level", ["chip", "machine"])
@pytest.mark.parametrize("name", RUNS)
def test_counters_in_steps_come_to_the_same(tmp_path: Path, name: str, level: str) -> None:
    of = report(name)
    end = of.trace.makespan_ps
    found = written(tmp_path / "t.json", of, level=level).counters
    by_end = {what: [integral(points, end) for name, (_, points) in found.items() if name.endswith(what)] for what in ("power", "traffic")}
    assert sum(by_end["power"]) == pytest.approx(of.energy.total_j * of.time.frames, rel=1e-9)
    assert sum(by_end["traffic"]) == pytest.approx(sum(of.io_bits.values()) * of.time.frames, rel=1e-9)
    steps = counters.CHIP_STEPS if level == "chip" else counters.MACHINE_STEPS
    assert all(len(points) <= steps for _, points in found.values())
    for where in ["machine"] if level == "machine" else {place(memory, of) for memory in of.occupancy}:
        held = [one for memory, one in of.occupancy.items() if where in ("machine", place(memory, of))]
        moments = np.concatenate([one.times_ps for one in held])
        most = max(sum(one.bits[np.searchsorted(one.times_ps, moments, "right") - 1] for one in held))
        assert max(value for _, value in found["memories" if where == "machine" else f"{where} memories"][1]) == most


def waveform(one: counters.CounterTrack) -> str:
    """How a waveform calls a counter: in the scope of its place, with its unit."""
    scope = "machine" if one.place == "machine" else identifier(one.place)
    name = one.name.removeprefix(one.place).strip(". ").replace(".", "_").replace(" ", "_")
    return f"{scope}.{name}_{one.unit.replace('/', '_per_')}"


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_formats_have_the_same_counters(tmp_path: Path, suffix: str) -> None:
    of = report("mesh")
    truth = {one.name: one for one in timeline.of_report(of, TimeWindow(0, of.trace.makespan_ps), "unit").counters()}
    found = written(tmp_path / f"t{suffix}", of).counters
    names = {name: waveform(one) if suffix == ".vcd" else name for name, one in truth.items()}
    if suffix != ".vcd":
        assert {name: unit for name, (unit, _) in found.items()} == {name: one.unit for name, one in truth.items()}
    assert set(names.values()) == set(found)
    for name, one in truth.items():
        times = [ns(moment) for moment in one.times.tolist()] if suffix == ".pftrace" else one.times.tolist()
        assert found[names[name]][1] == list(zip(times, one.values.tolist(), strict=True)), name


def test_a_window_begins_with_what_counters_have_by_then(tmp_path: Path) -> None:
    of = report("mesh")
    found = written(tmp_path / "t.json", of, window="50us:60us").counters
    for memory, occupancy in of.occupancy.items():
        points = found[memory][1]
        assert points[0] == (50_000_000, int(occupancy.bits[np.searchsorted(occupancy.times_ps, 50_000_000, "right") - 1]))
        assert all(50_000_000 < moment < 60_000_000 for moment, _ in points[1:])
    whole, inside = written(tmp_path / "t.json", of).counters["machine power"][1], found["machine power"][1]
    until = {end: integral([point for point in whole if point[0] < end], end) for end in (50_000_000, 60_000_000)}
    assert integral(inside, 60_000_000) == pytest.approx(until[60_000_000] - until[50_000_000], rel=1e-9)


# --- levels ---


@pytest.mark.parametrize("name", RUNS)
def test_a_chip_is_at_one_layer_after_the_other(tmp_path: Path, name: str) -> None:
    """A slice per layer and frame; where a chip has one array, what it does and what it waits for fill the slice."""
    of = report(name)
    found = written(tmp_path / "t.json", of, level="chip").tracks
    for chip in of.tiles:
        arrays = [unit.name for unit in of.machine.units if place(unit.name, of) == place(chip, of) and unit.kind == "array"]
        lanes = [pieces for track, pieces in found.items() if track.split(" lane ")[0] == place(chip, of)]
        merged = sorted(piece for pieces in lanes for piece in pieces if not piece.stall)
        numbers = [number for array in arrays for number in of.trace.by_unit[array].tolist()]
        truth = Counter((of.trace.tasks[number].layer, of.trace.tasks[number].frame) for number in numbers)
        assert {(piece.name, piece.details["frame"]): piece.details["tasks"] for piece in merged} == truth
        for piece in merged:
            of_layer, lasts = (piece.name, piece.details["frame"]), piece.end - piece.start
            mine = [span for span in map(of.trace.__getitem__, numbers) if (span.task.layer, span.task.frame) == of_layer]
            assert (piece.start, piece.end) == (min(span.start for span in mine), max(span.end for span in mine))
            assert piece.details["busy"] == pytest.approx(sum(span.end - span.start for span in mine) / lasts / len(arrays))
            if len(arrays) == 1:
                stalled = sum(value for key, value in piece.details.items() if key.startswith("stalled_by"))
                assert piece.details["busy"] * lasts + stalled == pytest.approx(lasts)
        if len(arrays) == 1:
            assert sum(piece.end - piece.start for piece in lanes[0]) == merged[-1].end, "slices and stalls fill the time"


def test_levels_are_fewer_tracks(tmp_path: Path) -> None:
    of = report("narrow")
    units, chips, machine = (list(written(tmp_path / "t.json", of, level=level).tracks) for level in ("unit", "chip", "machine"))
    assert units == [unit.name for unit in of.machine.units]
    assert chips == ["host.weights", "host.link", *(f"chip[{row},{column}]" for row in range(3) for column in range(4))]
    assert {track.split(" lane ")[0] for track in machine} == {"weights", "host", "array", "border"}


@pytest.mark.parametrize("level", ["chip", "machine"])
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("asked", [":", "30us:90us"])
def test_all_formats_show_the_same_levels(tmp_path: Path, suffix: str, level: str, asked: str) -> None:
    of = report("mesh")
    truth = {track.name: list(track.slices()) for track in timeline.of_report(of, of_run(asked, of.trace.makespan_ps), level).tracks}
    found = written(tmp_path / f"t{suffix}", of, window=asked, level=level).tracks
    if suffix == ".vcd":
        truth = {identifier(name).replace(" ", "_"): mine for name, mine in truth.items()}
    spans = {name: [(one.start, one.end, one.name, one.number) for one in mine if not one.stall] for name, mine in truth.items()}
    if suffix == ".pftrace":
        spans = as_shown(suffix, spans)
        found = {name: pieces for name, pieces in found.items() if name in truth}
    assert {name: [piece[:4] for piece in pieces if not piece.stall] for name, pieces in found.items()} == spans


def test_tracks_lie_below_machine_row_and_chip(tmp_path: Path) -> None:
    parents = written(tmp_path / "t.pftrace", report("narrow")).parents
    assert parents["chip[2,3].array"] == ("machine", "row 2", "chip[2,3]")
    assert parents["chip[2,3].fmm"] == parents["chip[2,3] power"] == ("machine", "row 2", "chip[2,3]")
    assert parents["host.link"] == ("machine", "host")
    assert parents["machine power"] == ("machine",)
    assert written(tmp_path / "t.pftrace", report("xnorbin")).parents["chip.bpus"] == ("machine", "chip")
    assert written(tmp_path / "t.pftrace", report("narrow"), level="chip").parents["chip[2,3]"] == ("machine", "row 2")
    assert written(tmp_path / "t.json", report("narrow")).parents["chip[2,3].array"] == ("chip[2,3]",)


def test_tracks_of_a_system_lie_below_its_parts(tmp_path: Path) -> None:
    parents = written(tmp_path / "t.pftrace", report("system")).parents
    assert parents["front.chip[0,1].array"] == ("machine", "front", "row 0", "front.chip[0,1]")
    assert parents["front.host.link"] == ("machine", "front", "front.host")
    assert parents["front.converter"] == parents["front.edge"] == parents["front power"] == ("machine", "front")
    assert parents["back[1].chip.bpus"] == ("machine", "back[1]", "back[1].chip")
    assert parents["wire[front>back[1]]"] == ("machine",)
    assert "machine.back_1.chip.bpus" in written(tmp_path / "t.vcd", report("system")).tracks
    processes = written(tmp_path / "t.json", report("system")).parents
    assert processes["back[1].chip.bpus"] == ("back[1].chip",)


def test_parts_whose_names_differ_in_a_dash_only_are_two_scopes() -> None:
    places = {"a-b": Surroundings("a-b"), "a-b.chip": Surroundings("a-b"), "a_b.chip": Surroundings("a_b"), "host": Surroundings()}
    assert vcd._scopes({"machine": Surroundings(), **places}) == {
        **{"machine": ("machine",), "host": ("machine", "host")},
        **{"a-b": ("machine", "a_b"), "a-b.chip": ("machine", "a_b", "chip"), "a_b.chip": ("machine", "a_b_", "chip")},
    }


def test_levels_of_a_system(tmp_path: Path) -> None:
    """The arrays of a chip under its name, and what is on no chip for itself; by kind, those of a part together."""
    of = report("system")
    chips, machine = (
        {track.split(" lane ")[0] for track in written(tmp_path / "t.json", of, level=one).tracks} for one in ("chip", "machine")
    )
    assert {"front.chip[0,0]", "front.chip[0,1]", "back[0].chip", "back[1].chip", "front.converter", "wire[front>back[0]]"} <= chips
    assert {"front array", "front border", "back array", "wire link", "front converter"} <= machine


def test_processes_and_threads_stand_in_the_order_of_the_machine(tmp_path: Path) -> None:
    of = report("mesh")
    written(tmp_path / "t.json", of)
    events = json.loads((tmp_path / "t.json").read_text("utf-8"))["traceEvents"]
    units = [unit.name for unit in of.machine.units]
    for kind, key, names in (("process", "pid", ["machine", *dict.fromkeys(place(unit, of) for unit in units)]), ("thread", "tid", units)):
        order = {event[key]: event["args"]["sort_index"] for event in events if event["name"] == f"{kind}_sort_index"}
        named = {event[key]: event["args"]["name"] for event in events if event["name"] == f"{kind}_name"}
        assert [named[number] for number in sorted(named, key=lambda number: order[number])] == names


def test_a_file_says_of_what_it_is(tmp_path: Path) -> None:
    of = report("mesh")
    written(tmp_path / "t.json", of, window="10us:20us", level="chip")
    document = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert document["displayTimeUnit"] == "ns"
    assert document["otherData"] == {"generator": "hyperdrive-sim", **vars(of.scenario), "level": "chip", "window_us": [10.0, 20.0]}
    written(tmp_path / "t.vcd", of)
    assert of.scenario.hash in (tmp_path / "t.vcd").read_text("utf-8").split("$end")[0]


def test_a_waveform_is_as_long_as_its_window(tmp_path: Path) -> None:
    written(tmp_path / "t.vcd", report("mesh"), window="10us:20us")
    moments = [line for line in (tmp_path / "t.vcd").read_text("utf-8").splitlines() if line.startswith("#")]
    assert (moments[0], moments[-1]) == ("#10000000", "#20000000")


# --- windows ---


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (":", (0, None)),
        ("10us:2ms", (10**7, 2 * 10**9)),
        ("0:1s", (0, 10**12)),
        (":5ns", (0, 5000)),
        ("7ps:", (7, None)),
        (" 1.5 us : 2.25us ", (1_500_000, 2_250_000)),
        ("0.0004ns:1ps", (0, 1)),
    ],
)
def test_windows_as_one_writes_them(text: str, meant: tuple[int, int | None]) -> None:
    assert bounds(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10us", "'10us' has no colon"),
        ("", "'' has no colon"),
        ("10:20us", "'10' is not a time"),
        ("1us:2us:3us", "'2us:3us' is not a time"),
        ("-1us:2us", "'-1us' is not a time"),
        ("1e3ns:2us", "'1e3ns' is not a time"),
        ("1us:2min", "'2min' is not a time"),
        ("2us:1us", "'2us:1us' ends before anything of it has passed"),
        ("1us:1000ns", "'1us:1000ns' ends before anything of it has passed"),
        (":0", "':0' ends before anything of it has passed"),
    ],
)
def test_windows_that_are_none(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bounds(text)
    (mistake,) = caught.value.mistakes
    assert (mistake.key, mistake.problem) == ("--trace-window", said)
    assert "such as 10us:2ms" in mistake.cure


def test_a_window_ends_with_the_run() -> None:
    assert of_run("5ps:", 20) == of_run("5ps:1s", 20) == TimeWindow(5, 20)
    with pytest.raises(InvalidInput, match="'20ps:' begins after the run has ended, at 2e-05 us; begin earlier"):
        of_run("20ps:", 20)


@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(1, 147_000_000), min_size=1, max_size=4, unique=True))
def test_windows_side_by_side_show_everything_once(cuts: list[int]) -> None:
    """Of every unit the same picoseconds of every task and every stall as a single window has."""
    of = report("mesh")
    end = of.trace.makespan_ps
    parts = [TimeWindow(start, until) for start, until in pairwise([0, *sorted(cuts), end])]
    assert sum((spent(of, part) for part in parts), Counter()) == spent(of, TimeWindow(0, end))


def spent(of: Report, shown: TimeWindow) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for track in timeline.of_report(of, shown, "unit").tracks:
        for one in track.slices():
            assert shown.start <= one.start < one.end <= shown.end
            found[track.name, one.number, one.name] += one.end - one.start
    return found


@given(ps=st.integers(0, 4_500 * 10**12))
def test_microseconds_hold_every_picosecond(ps: int) -> None:
    text = chrome._us(ps)
    assert re.fullmatch(r"\d+\.\d{6}", text)
    assert int(text.replace(".", "")) == ps
    assert round(float(text) * 1e6) == ps


# --- files ---


def test_two_files_have_the_same_bytes(tmp_path: Path) -> None:
    of = report("mesh")
    for suffix in READERS:
        for name in ("one", "two"):
            timelines.write(of, timelines.request(tmp_path / f"{name}{suffix}"))
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes(), suffix
    assert (tmp_path / "one.json.gz").read_bytes()[4:8] == bytes(4), "no time of day"


def test_compressed_is_the_same(tmp_path: Path) -> None:
    of = report("mesh")
    assert written(tmp_path / "t.json.gz", of) == written(tmp_path / "t.json", of)
    assert written(tmp_path / "t.perfetto-trace", of) == written(tmp_path / "t.pftrace", of)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_large_timeline_is_never_all_in_memory(tmp_path: Path, suffix: str) -> None:
    of = simulated.report("xnorbin/cifar10_bnn")
    request = timelines.request(tmp_path / f"t{suffix}")
    timelines.write(of, request)
    shown = timeline.of_report(of, TimeWindow(0, of.trace.makespan_ps), "unit")
    tracemalloc.start()
    everything = [list(track.slices()) for track in shown.tracks]
    _, all_at_once = tracemalloc.get_traced_memory()
    everything.clear()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    timelines.write(of, request)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - before < all_at_once / 2


class _Broken(Exception):
    pass


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("failing", [_Broken, KeyboardInterrupt, OSError])
def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, failing: type[BaseException]) -> None:
    """What was there stays when a slice in the middle cannot be had."""
    of = report("mesh")
    path = tmp_path / f"t{suffix}"
    path.write_text("old", "utf-8")
    of_unit = timeline.of_unit

    def breaks(unit: str, *arguments: Any) -> Iterator[Slice]:
        yield from of_unit(unit, *arguments)
        if unit == "chip[1,0].array":
            raise failing(28, "No space left on device")

    monkeypatch.setattr(timeline, "of_unit", breaks)
    with pytest.raises(failing) as caught:
        timelines.write(of, timelines.request(path, force=True))
    if failing is OSError:
        assert caught.value.filename == str(path)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert path.read_text("utf-8") == "old"


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("suffix", READERS)
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(staging, "open", lambda *_: FULL.open("wb"), raising=False)
    with pytest.raises(OSError) as caught:
        timelines.write(report("mesh"), timelines.request(tmp_path / f"t{suffix}"))
    assert (caught.value.strerror, caught.value.filename) == ("No space left on device", str(tmp_path / f"t{suffix}"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("suffix", "package"), [(".pftrace", "perfetto"), (".vcd", "vcd")])
def test_a_missing_package_is_named_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, package: str) -> None:
    monkeypatch.delitem(sys.modules, f"hyperdrive_sim.outputs.timelines.{package}", raising=False)
    for loaded in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra) as caught:
        timelines.request(tmp_path / f"t{suffix}")
    assert str(caught.value).endswith("needs an optional package; install it with: pip install 'hyperdrive-sim[trace]'")
    result = invoke("run", TINY, "--trace", tmp_path / f"t{suffix}")
    assert (result.exit_code, result.stdout) == (2, "")
    timelines.request(tmp_path / "t.json")


# --- the command ---


@pytest.mark.parametrize("suffix", READERS)
def test_run_writes_a_timeline(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "deep" / f"tiny{suffix}"
    result = invoke("run", TINY, "--trace", path)
    assert (result.exit_code, result.stdout) == (0, invoke("run", TINY).stdout)
    assert result.stderr.startswith(f"wrote {path}: ")
    assert READERS[suffix](path) == written(tmp_path / f"t{suffix}", report("mesh"))
    assert path.stat().st_mode & 0o777 == 0o644
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_run_writes_a_part_of_it_at_a_level(tmp_path: Path) -> None:
    result = invoke("run", TINY, "--json", "--trace", tmp_path / "a.json", "--trace-window", "30us:90us", "--trace-level", "chip")
    assert json.loads(result.stdout)["schema_version"] == 3
    written(tmp_path / "b.json", report("mesh"), window="30us:90us", level="chip")
    assert len((tmp_path / "a.json").read_bytes()) == len((tmp_path / "b.json").read_bytes())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--trace", "t.txt"],
            "--trace: 't.txt' does not say which format; end in .json or .json.gz for Chrome trace JSON, "
            ".pftrace or .perfetto-trace for Perfetto, .vcd for waveforms",
        ),
        (["--trace", "json"], "--trace: 'json' does not say which format"),
        (["--trace", "t.json", "--trace-window", "5"], "--trace-window: '5' has no colon; write START:END such as 10us:2ms"),
        (["--trace", "t.json", "--trace-level", "chips"], "--trace-level: there is no level 'chips'; take one of unit, chip, machine"),
        (["--trace-window", "1us:2us"], "--trace-window: there is no timeline to show it in; add --trace OUT"),
        (["--trace-level", "chip"], "--trace-level: there is no timeline to show it in; add --trace OUT"),
        (["--trace", "file/t.json"], "--trace: 'file' is a file; name a directory"),
        (["--trace", "folder.json"], "--trace: 'folder.json' is a directory; name a file"),
    ],
)
def test_refusals_come_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    result = invoke("run", TINY, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    (sentence,) = sentences(result)
    assert sentence.startswith(said)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder.json"]


def test_a_window_beyond_the_end_leaves_no_file(tmp_path: Path) -> None:
    result = invoke("run", TINY, "--trace", tmp_path / "t.json", "--trace-window", "1ms:2ms")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sentences(result) == ["--trace-window: '1ms:2ms' begins after the run has ended, at 147.697 us; begin earlier"]
    assert not list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    result = invoke("run", TINY, "--trace", "/proc/t.json")
    assert result.exit_code == 2
    assert re.fullmatch(r"error: (--trace: )?'?/proc.+\n", result.stderr)


def test_a_large_timeline_is_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "LARGE_BYTES", 50_000)
    said = invoke("run", TINY, "--trace", tmp_path / "t.json").stderr
    assert re.fullmatch(
        rf"{re.escape(str(tmp_path))}/t.json will take about \d+ MB; --trace-level chip has a row per chip, "
        r"--trace-window 1ms:2ms shows a part of the run, \.json\.gz takes less than a tenth\nwrote .*\n",
        said,
    )
    assert "--trace-level" not in invoke("run", TINY, "--set", "frames=40", "--trace", tmp_path / "t.json", "--trace-level", "chip").stderr
    assert "will take about" not in invoke("run", TINY, "--trace", tmp_path / "t.json.gz").stderr


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("name", "asked"), [("frames", {}), ("narrow", {}), ("narrow", {"window": ":200us"})])
def test_announced_sizes_are_about_right(tmp_path: Path, suffix: str, name: str, asked: dict[str, str]) -> None:
    of = report(name)
    request = timelines.request(tmp_path / f"t{suffix}", **asked)
    timelines.write(of, request)
    size = request.path.stat().st_size
    assert size / 3 < timelines.expected_bytes(of, request) < size * 3


@pytest.mark.slow
def test_sizes_of_the_mesh_of_50_are_those_of_the_readme(tmp_path: Path) -> None:
    of = simulated.report("hyperdrive/resnet34_2048x1024")
    sizes = []
    for level in timeline.LEVELS:
        request = timelines.request(tmp_path / "t.json", level=level)
        timelines.write(of, request)
        sizes.append(request.path.stat().st_size / 1e6)
        assert timelines.expected_bytes(of, request) == pytest.approx(1e6 * sizes[-1], rel=0.6)
    unit, chip, machine = sizes
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert f"{unit:.0f} MB of JSON become {chip:.1f} MB, or {machine:.1f} MB" in readme
