"""What pictures show, by pencil and against the report that it is worked out from."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from commands import BASE
from simulated import report
from worlds import machine, run, task

from hyperdrive_sim.engine.occupancy import Occupancy
from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.reports.derived import bins, energy_flow, waits
from hyperdrive_sim.reports.derived.actions import action_counts, io_bits, joules
from hyperdrive_sim.reports.derived.bins import binned, cut, spread
from hyperdrive_sim.reports.derived.energy_flow import flows, groups
from hyperdrive_sim.reports.derived.gantt import GanttBar, busiest, gantt, merged, shares
from hyperdrive_sim.reports.derived.layer_spans import LayerSpan, layer_spans
from hyperdrive_sim.reports.derived.layer_time import seconds_by_layer
from hyperdrive_sim.reports.derived.link_use import by_kind, by_unit
from hyperdrive_sim.reports.derived.memory_use import curves, memory_kinds, thinned
from hyperdrive_sim.reports.derived.metrics import METRICS, front
from hyperdrive_sim.reports.derived.power import power
from hyperdrive_sim.reports.derived.roofline import Roofline, RooflinePoint, bandwidths, called, outstanding, rooflines
from hyperdrive_sim.reports.derived.tile_map import WHOLE_RUN, borders, laid_out, tile_maps, tile_pictures
from hyperdrive_sim.reports.report import Report, UnitRow
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.prices import IO_ACTIONS
from hyperdrive_sim.study import runs

RUNS = [
    ("hyperdrive/tiny_2x2",),
    ("hyperdrive/tiny_2x2", "frames=3"),
    ("hyperdrive/resnet34_narrow_weights",),
    ("xnorbin/binary_alexnet",),
    ("chewbaccann/binary_resnet20",),
    ("nandnet_dram/binary_alexnet",),
]
every_run = pytest.mark.parametrize("which", RUNS, ids=" ".join)


@cache
def smallest() -> Report:
    return runs.run(Scenario.parse(BASE))


# --- actions ---


def test_actions_by_pencil() -> None:
    """Two layers on two kinds of units; equal tasks may share a mapping or not."""
    shared = {"array.conv_cycle": 3, "weight_io.bit": 2}
    trace = run(
        task("a", "one", 5, actions=shared),
        task("a", "one", 5, actions=shared),
        task("a", "two", 5, actions=dict(shared)),
        task("b", "two", 5, layer="M", actions={"input_io.bit": 7}),
        task("c", "two", 5, layer="M"),
    )
    units = machine("one", "two")
    units = replace(units, units=(units.units[0], replace(units.units[1], kind="link")))
    found = action_counts(replace(smallest(), machine=units, trace=trace))
    assert found == {
        (("L", "array"), "array.conv_cycle"): 6,
        (("L", "array"), "weight_io.bit"): 4,
        (("L", "link"), "array.conv_cycle"): 3,
        (("L", "link"), "weight_io.bit"): 2,
        (("M", "link"), "input_io.bit"): 7,
    }
    assert io_bits(found) == {"L": {"array": 4, "link": 2}, "M": {"link": 7}}


@every_run
def test_actions_are_those_of_the_report(which: tuple[str, ...]) -> None:
    found = report(*which)
    actions, frames = action_counts(found), found.time.frames
    by_action, by_layer = Counter[str](), Counter[str]()
    for (_, action), count in actions.items():
        by_action[action] += count
    assert {action: count / frames for action, count in by_action.items()} == {a: p.count for a, p in found.energy.by_action.items()}
    for (layer, _), paid in joules(found, actions).items():
        by_layer[layer] += paid  # type: ignore[assignment]
    assert by_layer == pytest.approx({row.name: row.energy_j / frames for row in found.layers if row.energy_j})
    assert sum(sum(bits.values()) for bits in io_bits(actions).values()) == sum(found.io_bits.values()) * frames


# --- roofline ---


@every_run
def test_no_layer_is_above_its_roof(which: tuple[str, ...]) -> None:
    found = report(*which)
    roof = rooflines(found, action_counts(found))[0]
    rows = {row.name: row for row in found.layers if row.ops}
    assert [point.layer for point in roof.points] + list(roof.unlinked) == list(rows)
    for point in roof.points:
        row = rows[point.layer]
        assert point.ops_per_s == pytest.approx(row.ops * found.machine.clock.hz / row.total_cycles)
        assert point.ops_per_s <= roof.peak_ops_per_s * (1 + 1e-9)
        if rate := roof.bits_per_s.get(point.link):
            assert point.ops_per_s <= point.ops_per_bit * rate * (1 + 1e-9)


def test_a_layer_stands_at_the_link_that_it_keeps_busy_longest() -> None:
    """16 bits a cycle of weights, 4 a cycle over each of 8 links between chips, 51.2 Gbit/s to the host."""
    found = report("hyperdrive/tiny_2x2")
    actions = action_counts(found)
    bits, rates = io_bits(actions), bandwidths(found, io_bits(actions))
    assert rates == {"weights": 928e6, "host": 51.2e9, "border": 8 * 232e6}
    for point in rooflines(found, actions)[0].points:
        seconds = {link: count / rates[link] for link, count in bits[point.layer].items()}
        assert seconds[point.link] == max(seconds.values())
        assert point.io_bits == sum(bits[point.layer].values())
    assert {point.link for point in rooflines(found, actions)[0].points} == {"weights", "border"}


def test_a_link_without_a_rate_has_no_slope() -> None:
    found = report("nandnet_dram/binary_alexnet")
    roof = rooflines(found, action_counts(found))[0]
    assert roof.bits_per_s == {}
    assert {point.link for point in roof.points} == {"channel"}


def test_a_roof_by_pencil() -> None:
    """A peak of 100 over links of 20 and 5 bits a second: ridges at 5 and 20 operations per bit."""
    points = tuple(RooflinePoint(name, link, 4.0, 40.0, 1) for name, link in (("a", "wide"), ("b", "wide"), ("c", "unrated")))
    roof = Roofline(100.0, {"wide": 20.0, "narrow": 5.0}, points, None, ())
    assert (roof.links, roof.main_link, roof.ridges) == (("wide", "narrow", "unrated"), "wide", {"wide": 5.0, "narrow": 20.0})
    assert roof.slope("wide", 1.0) == ((1.0, 20.0), (5.0, 100.0))
    assert roof.slope("wide", 5.0) == roof.slope("unrated", 1.0) == roof.slope(None, 1.0) == (), "the peak alone"
    assert [roof.roof_ops_per_s(point) for point in points] == [80.0, 80.0, 100.0]


def test_layers_that_stand_out_are_far_below_their_roofs_or_long() -> None:
    """`far` attains a tenth of its roof, `twin` lies on it but for a percent; `near` attains half; `long` all of it, for ten seconds."""
    far, twin, near, long = (
        RooflinePoint("far", "l", 10.0, 1.0, 1, 2.0),
        RooflinePoint("twin", "l", 10.1, 1.01, 1, 3.0),
        RooflinePoint("near", "l", 2.0, 1.0, 1, 1.0),
        RooflinePoint("long", "l", 4.0, 4.0, 1, 10.0),
    )
    roof = Roofline(100.0, {"l": 1.0}, (near, far, twin, long), None, ())
    assert outstanding([roof], 5) == [(far, 1), (long, 0), (near, 0)]
    assert outstanding([roof], 2) == [(far, 1), (long, 0)]
    assert [called(point, others) for point, others in outstanding([roof], 2)] == ["far and 1 more", "long"]
    assert outstanding([], 5) == []


@every_run
def test_layers_hold_the_arrays_for_as_long_as_the_report_says(which: tuple[str, ...]) -> None:
    found = report(*which)
    points = rooflines(found, action_counts(found))[0].points
    held = {row.name: row.computed_s + sum(row.stalls.values()) for row in found.layers}
    assert {point.layer: point.held_s for point in points} == pytest.approx({point.layer: held[point.layer] for point in points})


# --- energy ---


@every_run
def test_every_column_carries_the_whole_energy(which: tuple[str, ...]) -> None:
    found = report(*which)
    columns: dict[int, float] = {}
    for column, _, _, paid in flows(found, action_counts(found)):
        columns[column] = columns.get(column, 0.0) + paid
    assert columns == pytest.approx(dict.fromkeys(range(3), found.energy.total_j))
    into = {flow.target: 0.0 for flow in flows(found, action_counts(found)) if flow.column == 0}
    for flow in flows(found, action_counts(found)):
        if flow.column == 0:
            into[flow.target] += flow.joules
    assert into == pytest.approx({energy_flow.CORE: found.energy.core_j, energy_flow.IO: found.energy.io_j})


@every_run
def test_what_ends_at_a_provenance_is_what_rests_on_it(which: tuple[str, ...]) -> None:
    found = report(*which)
    ends: dict[str, float] = {}
    for flow in flows(found, action_counts(found)):
        if flow.column == 2:
            ends[flow.target] = ends.get(flow.target, 0.0) + flow.joules
    prices: dict[str, float] = {}
    for action in found.energy.by_action.values():
        prices[action.provenance] = prices.get(action.provenance, 0.0) + action.energy_j
    assert ends == pytest.approx(prices)


def test_many_layers_are_few_groups() -> None:
    assert groups({"stem": 1, "layer1.0.a": 1, "layer1.1": 2, "layer2.0": 1}) == {
        **{"stem": "stem", "layer1.0.a": "layer1", "layer1.1": "layer1", "layer2.0": "layer2"}
    }
    flat = {f"conv{number}": float(number) for number in range(1, 31)}
    found = groups(flat, most=4)
    assert Counter(found.values()) == {"27 others": 27, "conv30": 1, "conv29": 1, "conv28": 1}


def test_small_actions_share_a_node() -> None:
    found = report("xnorbin/binary_alexnet")
    names = {flow.target for flow in flows(found, action_counts(found)) if flow.column == 1}
    small = {a for a, paid in found.energy.by_action.items() if paid.energy_j < 0.004 * found.energy.total_j}
    of_io = small & set(IO_ACTIONS)
    assert len(of_io) == 2
    assert "2 small ones of I/O" in names
    assert not names & of_io
    assert small - of_io <= names, "a small one that is alone keeps its name"


# --- Gantt charts ---


def test_bars_by_pencil() -> None:
    """A pixel of 10: L's first two tasks are one bar, its third is too far away; M and N are each shorter than a pixel, P is not."""
    trace = run(
        task("a", "u", 20),
        task("b", "u", 30, not_before_ps=25),
        task("c", "u", 10, not_before_ps=65),
        task("d", "u", 4, layer="M", not_before_ps=100),
        task("e", "u", 3, layer="N", not_before_ps=106),
        task("f", "u", 12, layer="P", not_before_ps=112),
    )
    assert list(merged(trace, "u", 10)) == [
        GanttBar("u", "L", "L", 2, 0, 55, 50),
        GanttBar("u", "L", "L", 1, 65, 75, 10),
        GanttBar("u", "M", "N", 2, 100, 109, 7),
        GanttBar("u", "P", "P", 1, 112, 124, 12),
    ]
    assert [bar.share for bar in merged(trace, "u", 10)] == [50 / 55, 1, 7 / 9, 1]
    assert len(list(merged(trace, "u", 1))) == 6


@every_run
def test_bars_lose_no_work(which: tuple[str, ...]) -> None:
    found = report(*which)
    drawn = gantt(found)
    for unit in drawn.units:
        bars = [bar for bar in drawn.bars if bar.unit == unit]
        assert sum(bar.busy_ps for bar in bars) == found.trace.busy_ps()[unit]
        assert sum(bar.tasks for bar in bars) == len(found.trace.by_unit[unit])
        assert all(one.end_ps <= other.start_ps for one, other in itertools.pairwise(bars))
        assert all(0 < bar.share <= 1 for bar in bars)
    assert len(drawn.units) + drawn.left_out + drawn.idle_units == len(found.units)


@pytest.mark.parametrize("most", [40, 100, 1000])
def test_bars_are_never_too_many(most: int) -> None:
    drawn = gantt(report("xnorbin/binary_alexnet"), most=most)
    assert 6 <= len(drawn.bars) <= most
    assert drawn.tasks == len(report("xnorbin/binary_alexnet").trace)


def test_of_each_kind_the_busiest() -> None:
    rows = [UnitRow(f"a{n}", "array", float(n), 0.0, 0.1 * n) for n in range(5)] + [
        UnitRow(f"l{n}", "link", 0.1 * n, 0.0, 0.0) for n in (1, 2, 3)
    ]
    found = replace(smallest(), units=tuple(rows))
    assert busiest(found, 4) == ("a3", "a4", "l2", "l3")
    assert busiest(found, 3) == ("a3", "a4", "l3")
    assert busiest(found, 100) == ("a1", "a2", "a3", "a4", "l1", "l2", "l3"), "a0 did nothing"


def test_where_not_all_have_room_the_busier_are_shown() -> None:
    """Both kinds have a second unit for one place: that of the second kind is the busier one, though its first is not."""
    busy = {"a0": 9.0, "a1": 1.0, "l0": 3.0, "l1": 2.0}
    rows = [UnitRow(name, name[0], seconds, 0.0, 0.0) for name, seconds in busy.items()]
    assert busiest(replace(smallest(), units=tuple(rows)), 3) == ("a0", "l0", "l1")


def test_shares_of_parts_by_pencil() -> None:
    """Four parts of 10: the first kind fills the first and half of the second, the other 4 of the last, beyond which nothing counts."""
    trace = run(task("a", "u", 15), task("b", "u", 9, layer="M", not_before_ps=36))
    found = shares(trace, "u", np.linspace(0, 40, 5), kind=trace.tasks.layer.codes)
    assert found.tolist() == [[1, 0.5, 0, 0], [0, 0, 0, 0.4]]
    assert shares(trace, "nobody", np.linspace(0, 40, 5), kind=trace.tasks.layer.codes).tolist() == [[0] * 4] * 2


def test_spans_are_cut_at_edges() -> None:
    """Of two spans the first lies in two parts, the second begins before the first edge; what lies beyond is cut off."""
    span, part, held = cut(np.array([5, -3]), np.array([12, 4]), np.array([0.0, 10.0, 20.0]))
    assert (span.tolist(), part.tolist(), held.tolist()) == ([0, 0, 1], [0, 1, 0], [5, 2, 4])
    assert binned(span, part, held, shape=(2, 2)).tolist() == [[5, 2], [4, 0]]


def test_amounts_are_spread_evenly_over_their_spans() -> None:
    """Two parts of 10: 12 over 4..16 and 6 over 8..11; what takes no time stands whole where it lies, at the end too."""
    groups, starts, ends = np.array([0, 1, 1, 0]), np.array([4, 8, 10, 20]), np.array([16, 11, 10, 20])
    found = spread(groups, (starts, ends), np.array([12.0, 6.0, 5.0, 2.0]), np.array([0.0, 10.0, 20.0]), count=2)
    assert found.tolist() == [[6, 6 + 2], [4, 2 + 5]]


def test_spans_are_spread_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As all of them together."""
    chance = np.random.default_rng(1)
    starts, groups, amounts = chance.integers(0, 90, 50), chance.integers(0, 3, 50), chance.integers(1, 9, 50).astype(float)
    spans, edges = (starts, starts + 8), np.linspace(0, 100, 8)
    together = spread(groups, spans, amounts, edges, count=3)
    monkeypatch.setattr(bins, "TOGETHER", 7)
    assert spread(groups, spans, amounts, edges, count=3) == pytest.approx(together)
    assert together.sum() == pytest.approx(amounts.sum())


# --- power and layers along the time ---


def test_power_by_pencil() -> None:
    """Two parts of 5 ps. `a`, 20 pJ over 0..10, gives each 10; `b`, 6 pJ of weights and 3 of the core over 3..6, two thirds and one."""
    trace = run(
        task("a", "one", 10, actions={"array.cycle": 4}),
        task("b", "two", 3, not_before_ps=3, actions={"weight_io.bit": 6, "ram.bit": 3}),
        task("c", "two", 2, not_before_ps=8, actions={"input_io.bit": 5}),
    )
    units = machine("one", "two")
    units = replace(units, units=(units.units[0], replace(units.units[1], kind="link")))
    paid = next(iter(smallest().energy.by_action.values()))
    pj = {"array.cycle": 5.0, "ram.bit": 1.0, "weight_io.bit": 1.0, "input_io.bit": 2.0, "output_io.bit": 9.0}
    energy = replace(smallest().energy, by_action={name: replace(paid, pj=price) for name, price in pj.items()})
    found = replace(smallest(), machine=units, trace=trace, energy=energy)
    by_part, by_unit_kind = power(found, parts=2), power(found, "unit", parts=2)
    assert by_part.edges_s.tolist() == pytest.approx([0, 5e-12, 10e-12])
    assert {part: watts.tolist() for part, watts in by_part.watts.items()} == {
        "": pytest.approx([12 / 5, 11 / 5]),
        "input": pytest.approx([0, 10 / 5]),
        "weights": pytest.approx([4 / 5, 2 / 5]),
    }
    assert list(by_part.watts) == ["", "input", "weights"], "the largest first, and nothing that was not spent"
    assert {kind: watts.tolist() for kind, watts in by_unit_kind.watts.items()} == {
        "array": pytest.approx([10 / 5, 10 / 5]),
        "link": pytest.approx([6 / 5, 3 / 5 + 10 / 5]),
    }
    assert by_part.total_w.tolist() == pytest.approx([16 / 5, 23 / 5])
    assert (by_part.mean_w, by_part.part_s) == (pytest.approx(3.9), pytest.approx(5e-12))


@every_run
@pytest.mark.parametrize("by", ["part", "unit"])
def test_the_integral_of_power_is_the_energy(which: tuple[str, ...], by: str) -> None:
    found = report(*which)
    drawn = power(found, by, parts=37)
    energy = {name: float((watts * np.diff(drawn.edges_s)).sum()) for name, watts in drawn.watts.items()}
    assert sum(energy.values()) == pytest.approx(found.energy.total_j * found.time.frames)
    assert drawn.mean_w * drawn.edges_s[-1] == pytest.approx(found.energy.total_j * found.time.frames)
    if by == "part":
        assert energy[""] == pytest.approx(found.energy.core_j * found.time.frames)


def test_layers_along_the_time_by_pencil() -> None:
    """Parts of 10 ps: L has the first four, with its gap; of the fifth M has more; the sixth is idle, as the link does not count."""
    trace = run(
        task("a", "one", 20),
        task("b", "one", 14, not_before_ps=30),
        task("c", "two", 6, layer="M", not_before_ps=44),
        task("d", "one", 10, layer="N", not_before_ps=60),
        task("e", "wire", 40, layer="P", not_before_ps=50),
    )
    units = machine("one", "two", "wire")
    units = replace(units, units=(*units.units[:2], replace(units.units[2], kind="link")))
    found = replace(smallest(), machine=units, trace=trace)
    assert layer_spans(found, parts=9) == (LayerSpan("L", 0, 40), LayerSpan("M", 40, 50), LayerSpan("N", 60, 70))
    assert layer_spans(found, 40, 50, parts=2) == (LayerSpan("L", 40, 45), LayerSpan("M", 45, 50))
    assert layer_spans(found, 70, 90, parts=2) == ()


@every_run
def test_layers_along_the_time_follow_each_other(which: tuple[str, ...]) -> None:
    found = report(*which)
    spans = layer_spans(found)
    assert {span.layer for span in spans} <= {row.name for row in found.layers}
    assert all(one.end_ps <= other.start_ps and one.layer != other.layer for one, other in itertools.pairwise(spans))
    assert all(0 <= span.start_ps < span.end_ps <= found.trace.makespan_ps for span in spans)


# --- layers, links, metrics ---


@every_run
def test_the_time_of_layers_is_that_of_the_run(which: tuple[str, ...]) -> None:
    found = report(*which)
    parts = seconds_by_layer(found)
    assert next(iter(parts)) == "computing"
    assert sum(map(np.sum, parts.values())) == pytest.approx(int(found.trace.end.max()) * 1e-12 / found.time.frames)
    assert np.sum(list(parts.values()), axis=0) == pytest.approx(list(found.took_s().values()))


def test_rates_of_links_by_pencil() -> None:
    """One link carries 8 bits in the first half of 4 ps, another 4 bits in all of it: together 5 bits a picosecond, then one."""
    carries = {"input_io.bit": 8}
    trace = run(task("a", "one", 2, actions=carries), task("b", "two", 4, actions={"input_io.bit": 4}), task("c", "three", 4))
    found = replace(smallest(), machine=machine("one", "two", "three"), trace=trace)
    (both,) = by_kind(found, 2)
    assert (both.name, both.links, both.limit_bits_per_s) == ("array", 3, None)
    assert (both.bits_per_s * 1e-12).tolist() == pytest.approx([5, 1])
    assert both.mean_bits_per_s * 1e-12 == pytest.approx(12 / 4)
    assert [(use.bits_per_s * 1e-12).tolist() for use in by_unit(found, ["two", "three"], 1)] == [pytest.approx([1]), [0]]


def test_the_front_has_no_one_above_it() -> None:
    points = np.array([[1.0, 5.0], [2.0, 3.0], [2.0, 4.0], [3.0, 3.0], [4.0, 1.0], [4.0, 1.0]])
    assert front(points) == front(points, "less", "less") == [0, 1, 4, 5]
    assert front(points, "more", "more") == [0, 2, 3, 4, 5]
    assert front(points, "more", "less") == [4, 5]
    assert front(points, "less", "more") == [0]


def test_the_front_by_latency_and_energy() -> None:
    assert front(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [3.0, 1.0], [3.0, 3.0]])) == [0, 1, 3]
    assert front(np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]])) == [0, 1], "equals do not beat each other"


def test_metrics_as_people_read_them() -> None:
    found = replace(smallest(), time=replace(smallest().time, latency_s=0.0125, frames_per_s=80.0))
    assert METRICS["latency"].text(found) == "12.5 ms"
    assert METRICS["frames_per_s"].text(found) == "80 /s"
    assert METRICS["utilization"].text(replace(found, throughput=replace(found.throughput, utilization=0.5))) == "50.0 %"


# --- waits ---


@pytest.mark.parametrize(
    ("tasks", "held"),
    [
        ([("A", 10, 0), ("B", 5, 3), ("C", 1, 4), ("D", 1, 50)], {"A": 7 + 6, "B": 5}),  # C, ready at 4, waits for A too
        ([("A", 4, 0), ("B", 3, 1), ("A", 2, 1), ("C", 1, 2)], {"A": (3 + 3 + 2) + 2, "B": 3 + 3}),  # C waits for all three
        ([("A", 4, 0), ("B", 3, 4)], {}),  # ready as the unit gets free
    ],
)
def test_who_held_a_unit_by_pencil(tasks: list[tuple[str, int, int]], held: dict[str, int]) -> None:
    """Tasks of a layer, so long, ready from then on, one after the other on a unit: every picosecond of waiting has a holder."""
    trace = run(*(task("t", "u", ps, layer=layer, not_before_ps=ready) for layer, ps, ready in tasks))
    assert waits.held_ps(trace, "u") == held
    assert sum(held.values()) == trace.waiting_ps()["u"]


def one_by_one(trace: Trace, unit: str) -> Counter[str]:
    """Who held a unit, looked up task by task: the plain way, in the square of the tasks that wait."""
    mine, held = trace.by_unit[unit].tolist(), Counter[str]()
    for position, index in enumerate(mine):
        for other in reversed(mine[:position]):
            if trace.end[other] <= trace.ready[index]:
                break
            held[trace.tasks[other].layer] += int(trace.end[other] - max(trace.start[other], trace.ready[index]))
    return held


@every_run
def test_holders_are_those_found_one_by_one(which: tuple[str, ...]) -> None:
    trace = report(*which).trace
    for unit in trace.units:
        expected = one_by_one(trace, unit)
        assert waits.held_ps(trace, unit) == expected, unit
        assert sum(expected.values()) == trace.waiting_ps()[unit]


@every_run
def test_the_chain_is_as_long_as_the_run(which: tuple[str, ...]) -> None:
    found = report(*which)
    assert sum(waits.chain(found).values()) == pytest.approx(int(found.trace.end.max()) * 1e-12)


@every_run
def test_kinds_sum_up_their_units(which: tuple[str, ...]) -> None:
    found = report(*which)
    kinds = {kind.name: kind for kind in waits.kinds(found)}
    assert sum(kind.units for kind in kinds.values()) == len(found.units)
    for name, kind in kinds.items():
        rows = [row for row in found.units if row.kind == name]
        assert kind.mean == pytest.approx(np.mean([row.utilization for row in rows]))
        assert kind.busiest == max(row.utilization for row in rows)
        assert kind.waited_s == pytest.approx(sum(row.waiting_s for row in rows))
        assert sum(kind.held_s.values()) == pytest.approx(kind.most_waited_s)


# --- tiles ---


def test_tiles_stand_where_their_chips_do() -> None:
    tiles = {f"chip[{row},{column}]": np.full((2, 2), row + 0.1 * column) for row in range(2) for column in range(3)}
    tiles["chip[1,2]"] = np.array([[0.5, 0.6], [0.7, 0.8]])
    found = laid_out(tiles, (2, 3))
    assert found.tolist() == [
        [0.0, 0.0, 0.1, 0.1, 0.2, 0.2],
        [0.0, 0.0, 0.1, 0.1, 0.2, 0.2],
        [1.0, 1.0, 1.1, 1.1, 0.5, 0.6],
        [1.0, 1.0, 1.1, 1.1, 0.7, 0.8],
    ]


def test_borders_lie_half_a_tile_off() -> None:
    assert borders((2, 1), (7, 3)) == ([-0.5, 6.5, 13.5], [-0.5, 2.5])


def test_one_picture_is_that_of_the_map() -> None:
    found = report("hyperdrive/tiny_2x2")
    (whole,), (layer,) = tile_pictures(found), tile_pictures(found, "layer2.0.down")
    (drawn,) = tile_maps(found)
    assert (whole.mesh, whole.tiles) == (drawn.mesh, drawn.tiles) == ((2, 2), (7, 7))
    assert np.array_equal(whole.shares, drawn.frames[drawn.shown[WHOLE_RUN]])
    assert np.array_equal(layer.shares, drawn.frames[drawn.shown["layer2.0.down"]])


@every_run
def test_every_layer_has_its_picture(which: tuple[str, ...]) -> None:
    found = report(*which)
    (drawn,) = tile_maps(found)
    assert list(drawn.shown) == [WHOLE_RUN, *found.tiles_by_layer]
    for name, tiles in {WHOLE_RUN: found.tiles, **found.tiles_by_layer}.items():
        picture = drawn.frames[drawn.shown[name]]
        for number, of_chip in enumerate(tiles.values()):
            row, column = divmod(number, drawn.mesh[1])
            rows, columns = drawn.tiles
            assert np.array_equal(picture[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns], of_chip)
    assert len({frame.tobytes() for frame in drawn.frames}) == len(drawn.frames)


# --- memories ---


def test_a_curve_keeps_its_peaks() -> None:
    """Four steps of 25: within each the most, and only where that changes."""
    times, bits = np.array([0, 10, 20, 30, 40, 80]), np.array([1, 9, 2, 2, 2, 7])
    found = thinned(Occupancy(times, bits, 10), 100, steps=4)
    assert [column.tolist() for column in found] == [[0, 25, 75], [9, 2, 7]]
    assert [column.tolist() for column in thinned(Occupancy(times, bits, 10), 100, steps=6)] == [times.tolist(), bits.tolist()]


@every_run
def test_the_fullest_memory_of_each_kind(which: tuple[str, ...]) -> None:
    found = report(*which)
    kinds = memory_kinds(found)
    assert sum(kind.memories for kind in kinds) == len(found.machine.memories)
    assert [kind.share for kind in kinds] == sorted((kind.share for kind in kinds), reverse=True)
    for kind in kinds:
        same = [memory.name for memory in found.machine.memories if memory.name.endswith(f".{kind.name}")]
        shares = [found.occupancy[name].peak / found.occupancy[name].capacity for name in same]
        assert kind.share == max(shares)
        assert kind.mean_share == pytest.approx(np.mean(shares))
        assert (kind.peak_bits, kind.capacity_bits) == (found.occupancy[kind.fullest].peak, found.machine.memory[kind.fullest].bits)
    drawn = curves(found, steps=7)
    assert [curve.name for curve in drawn] == [kind.fullest for kind in kinds if kind.peak_bits]
    assert [int(curve.bits.max()) for curve in drawn] == [kind.peak_bits for kind in kinds if kind.peak_bits]
    assert {curve.end_ps for curve in drawn} == {found.trace.makespan_ps}
