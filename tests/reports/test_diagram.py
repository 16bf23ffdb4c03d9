"""Text diagrams, from spans written by hand: no work looks idle, every kind of unit has its row, and the legend is right."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import report
from worlds import CLOCK, run, task

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.reports.diagram import ASCII_SHADES, SHADES, Diagram, diagram, fitted
from hyperdrive_sim.schedule.machine import Machine, Unit
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled

LARGE = "hyperdrive/resnet34_2048x1024"


def machine(**kinds: str) -> Machine:
    """Units and their kinds."""
    return Machine(tuple(Unit(name, kind) for name, kind in kinds.items()), (), CLOCK, peak_ops_per_cycle=2)


def trace(*spans: tuple[Task, int, int]) -> Trace:
    """Tasks with their start and end, ready when they start."""
    start, end = (array("q", times) for times in ([s[1] for s in spans], [s[2] for s in spans]))
    return Trace(scheduled(span[0] for span in spans), start, start, end)


def rows(found: Diagram) -> dict[str, str]:
    """What is drawn of each row between its bars."""
    return {row.label: "".join(SHADES[quarter] for quarter in row.quarters) for row in found.rows}


def test_a_diagram_by_pencil() -> None:
    """Ten cells of 4 ps: the array works for 2 of the eighth and 3 of the ninth, the host for 1 of the first."""
    found = trace(
        (task("input", "host.link", 1, layer="input"), 0, 1),
        (task("compute", "array", 18, layer="stem"), 12, 30),
        (task("compute", "array", 3, layer="a.b"), 33, 36),
        (task("output", "host.link", 0, layer="a.b"), 40, 40),
        (task("load", "flash", 10, layer="stem", latency_ps=5), 25, 35),
    )
    kinds = {"array": "array", "host.link": "host", "flash": "flash", "spare": "border"}
    drawn = diagram(machine(**kinds), found, cells=10)
    assert drawn.text(200).splitlines() == [
        "time       |0 s          busy",
        "layer         |stem|a",
        "array     |   ████▒▓ | 52.5 %",
        "host.link |░         |  2.5 %",
        "flash     |      ▓█▓ | 25.0 %",
        "spare     |          |  0.0 %",
        "",
        "a character is 4 ps; share of it worked: ' ' none, ░ up to 1/4, ▒ up to 1/2, ▓ up to 3/4, █ more",
        "tasks by kind of unit: host: input, output; array: compute; flash: load",
    ]
    assert drawn.lines(ASCII_SHADES)[2:5] == [
        "array     |   ####:+ | 52.5 %",
        "host.link |.         |  2.5 %",
        "flash     |      +#+ | 25.0 %",
    ]


@pytest.mark.parametrize(
    ("busy", "shade"), [(0, " "), (1, "░"), (25, "░"), (26, "▒"), (50, "▒"), (51, "▓"), (75, "▓"), (76, "█"), (100, "█")]
)
def test_shades_end_at_quarters(busy: int, shade: str) -> None:
    found = trace((task("x", "array", busy), 0, busy), (task("end", "host", 100), 0, 100))
    assert rows(diagram(machine(array="array", host="host"), found, cells=1)) == {"array": shade, "host": "█"}


def test_short_spells_do_not_look_idle() -> None:
    """1 ps of work in every 1000, and 1 ps in a whole run of 10,000: a share that is not nothing does not read as nothing either."""
    spells = (task("x", "link", 1), 0, 1), *((task("x", "array", 1), place, place + 1) for place in range(0, 10_000, 1000))
    found = diagram(machine(link="weights", array="array", host="host"), trace(*spells, (task("y", "host", 10_000), 0, 10_000)), cells=10)
    assert rows(found) == {"link": "░         ", "array": "░░░░░░░░░░", "host": "██████████"}
    assert [row.busy for row in found.rows] == [("<0.1 %", ""), ("0.1 %", ""), ("100.0 %", "")]


def test_units_of_a_kind_that_look_the_same_share_a_row() -> None:
    """Both links work for the first half; the arrays take turns."""
    units = {"a": "array", "l": "border", "b": "array", "m": "border"}
    spans = [(task("x", unit, 5), 0, 5) for unit in ("l", "m", "a")]
    found = diagram(machine(**units), trace(*spans, (task("x", "b", 5), 5, 10)), cells=2)
    assert rows(found) == {"a": "█ ", "b": " █", "border x 2": "█ "}
    assert [row.busy for row in found.rows] == [("50.0 %", "")] * 3


def test_where_there_are_too_many_rows_all_units_of_a_kind_share_one() -> None:
    """Of three arrays one works for all of the time, one for 4 of 10 ps and one not at all: 14 of 30 ps, in the second half 5 of 15."""
    units = {"a": "array", "l": "border", "b": "array", "m": "border", "c": "array", "host": "host"}
    spans = (task("x", "a", 10), 0, 10), (task("x", "b", 4), 0, 4), (task("x", "l", 5), 0, 5)
    found = {most: diagram(machine(**units), trace(*spans), cells=2, rows=most) for most in (6, 5, 4, 3, 1)}
    assert [len(one.rows) for one in found.values()] == [6, 4, 4, 3, 3], "one of each kind, whatever there is room for"
    assert rows(found[5]) == {"array x 3": "▓▒", "l": "█ ", "m": "  ", "host": "  "}
    assert found[5].rows[0].busy == ("46.7 %", " (0.0 to 100.0 %)")
    assert found[3].lines()[-3:] == [
        "array x 3  |▓▒| 46.7 % (0.0 to 100.0 %)",
        "border x 2 |▒ | 25.0 % (0.0 to 50.0 %)",
        "host       |  |  0.0 %",
    ]
    assert "x n: mean of n units, in brackets the least and the most busy of them if they differ" in found[3].text(100)
    assert "x n" not in found[6].text(100)


def test_layers_are_those_that_the_arrays_are_at() -> None:
    """The longest name decides: `layer1` stands for its two layers because one of them does not fit. The link is ahead with `last`."""
    layers = ("conv", 0, 100), ("layer1.0.a", 100, 240), ("layer1.0.b", 240, 300), ("last", 340, 400)
    spans = [(task("x", "array", end - start, layer=name), start, end) for name, start, end in layers]
    found = diagram(machine(array="array", link="weights"), trace(*spans, (task("w", "link", 400, layer="last"), 0, 400)), cells=40)
    assert found.lines()[1] == "layer  |conv     |layer1                 |last"
    wide = diagram(machine(array="array"), trace(*spans), cells=80)
    assert wide.lines()[1] == "layer  |conv               |layer1.0.a                 |layer1.0.b         |last"


def test_frames_have_a_line_if_there_are_several() -> None:
    spans = [(task("x", "array", 5, frame=frame), start, start + 5) for frame, start in ((0, 0), (1, 5), (1, 12), (2, 17))]
    found = diagram(machine(array="array"), trace(*spans), cells=22)
    assert [line.removeprefix("frame").strip() for line in found.lines() if line.startswith("frame")] == ["|0   |1          |2"]
    assert not diagram(machine(array="array"), trace(*spans[:1]), cells=5).frames


def test_ticks_stand_at_round_times() -> None:
    """100 us in 50 cells: a tick every 50 us, as every 20 us would be too close for its label."""
    found = diagram(machine(array="array"), trace((task("x", "array", 10**8), 0, 10**8)), cells=50)
    assert found.lines()[0] == "time   " + "|0 s".ljust(25) + "|50 us".ljust(25) + "     busy"


def test_a_run_shorter_than_its_cells_has_as_many_as_picoseconds() -> None:
    found = diagram(machine(array="array"), run(task("x", "array", 2), task("y", "array", 0)), cells=60)
    assert rows(found) == {"array": "██"}


def test_nothing_at_all() -> None:
    assert diagram(machine(array="array"), trace(), cells=3).lines() == ["time   |   busy", "array | | 0.0 %"]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=40),
    st.integers(1, 50),
    st.integers(1, 6),
)
@settings(max_examples=50, deadline=None)
def test_a_cell_is_blank_if_and_only_if_no_unit_of_its_row_works_in_it(spells: list[tuple[str, int, int]], cells: int, most: int) -> None:
    """Any spans on four units of two kinds, even such as overlap; each cell from its own edges, one by one."""
    found = trace(*((task("x", unit, ps), start, start + ps) for unit, start, ps in spells))
    kinds = {"a": "array", "b": "array", "c": "border", "d": "border"}
    drawn = diagram(machine(**kinds), found, cells, most)
    members = {"array x 2": "ab", "border x 2": "cd"}
    edges = drawn.edges_ps.tolist()
    assert (edges[0], edges[-1]) == (0, max(1, found.makespan_ps))
    assert max(np.diff(edges)) - min(np.diff(edges)) <= 1, "cells are of one length, to the picosecond"
    for row in drawn.rows:
        for quarter, low, high in zip(row.quarters, edges[:-1], edges[1:], strict=True):
            units = members.get(row.label, row.label)
            held = sum(max(0, min(end, high) - max(start, low)) for one, _, start, end in found if one.unit in units)
            assert quarter == -(-4 * held // ((high - low) * len(units)))


# Runs of chips


def test_fifty_chips_are_four_rows() -> None:
    """The host and the weight stream work in short spells and show it."""
    of = report(LARGE)
    found = fitted(of.machine, of.trace, 100)
    assert max(map(len, found.lines())) == 100
    drawn = rows(found)
    assert list(drawn) == ["host.weights", "host.link", "array x 50", "border x 170"]
    assert drawn["host.weights"].count(" ") <= 2, "27 % busy all along"
    assert [row.busy[0] for row in found.rows][:3] == ["27.3 %", "3.5 %", "95.9 %"]
    assert found.layers[0].name.startswith("layer1.0")


def test_a_diagram_fits_the_room_or_is_as_small_as_it_may_be() -> None:
    of = report("hyperdrive/tiny_2x2")
    for room in (40, 60, 80, 100, 200):
        assert max(map(len, fitted(of.machine, of.trace, room).lines())) == room
    assert len(fitted(of.machine, of.trace, 30).edges_ps) == 11
    assert max(map(len, of.diagram(width=60).splitlines()[:16])) == len("chip[0,0].array |") + 60 + len("| 51.9 %")


def test_no_width_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"^width: must be at least 1 character, not 0$"):
        report("hyperdrive/tiny_2x2").diagram(0)
