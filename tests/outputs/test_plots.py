"""Pictures hold what the report holds, say in which unit, and nothing in them covers anything else."""

from __future__ import annotations

import inspect
import itertools
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from commands import ROOT
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray
from pencil import MACHINE as UNRATED
from pencil import NETWORK, compute
from simulated import report
from worlds import NOWHERE, compiled

from hyperdrive_sim.engine.occupancy import Occupancy
from hyperdrive_sim.engine.simulate import simulate
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import plots
from hyperdrive_sim.outputs.palette import PALETTE
from hyperdrive_sim.outputs.plots.along import LongestFirst
from hyperdrive_sim.outputs.plots.labels import Labels, Named
from hyperdrive_sim.rates import Rate
from hyperdrive_sim.reports import pace
from hyperdrive_sim.reports.derived.metrics import METRICS
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.reports.records import Histogram
from hyperdrive_sim.reports.report import Report, Throughput, _unit_rows
from hyperdrive_sim.reports.spending import energy
from hyperdrive_sim.schedule.machine import Unit
from hyperdrive_sim.schedule.placement import Placement
from hyperdrive_sim.schedule.prices import Price
from hyperdrive_sim.schedule.tasks import Task
from hyperdrive_sim.schedule.writer import scheduled

# --- by pencil ---

MACHINE = replace(
    UNRATED,
    units=(
        Unit("one", "array"),
        Unit("two", "array"),
        Unit("link", "border", Rate(4 * 10**9), latency_ps=1000),
        Unit("host", "host", Rate(10**10)),
    ),
)
PJ = {"array.cycle": 5.0, "input_io.bit": 2.0, "border_io.bit": 3.0, "weight_io.bit": 1.0}
SCHEDULE = scheduled(
    [
        Task("input", "input", "host", 2000, actions={"input_io.bit": 10}),
        compute("a", "one", 3000, 0),
        compute("a", "two", 4000, 0),
        Task("border", "a", "link", 2000, (1,), latency_ps=1000, actions={"border_io.bit": 4}),
        compute("b", "two", 5000, 2, 3),
        compute("b", "one", 1000, 1),
        Task("weights", "b", "host", 1000, (0,), actions={"weight_io.bit": 8}),
    ]
)
"""
host |iiw..........|      a nanosecond a character; the border has arrived at 8
one  |..aaab.......|
two  |..aaaa..bbbbb|
link |.....bb......|
"""
NS = 1e-9


@cache
def pencil() -> Report:
    prices = {name: Price(name, pj, "pencil", "assumed") for name, pj in PJ.items()}
    run = compiled(NETWORK, MACHINE, Placement((), {}, frozenset(), {}), SCHEDULE, prices=prices)
    trace, ledger = run.trace, run.ledger
    real = report("hyperdrive/tiny_2x2")
    return replace(
        real,
        scenario=replace(real.scenario, title="by pencil"),
        machine=MACHINE,
        trace=trace,
        time=pace.time(compiled(NETWORK, MACHINE, NOWHERE, SCHEDULE)),
        throughput=Throughput(32 / (13 * NS), 32 / 13, 32 / 13 / 8),
        energy=energy(ledger, 1),
        units=tuple(_unit_rows(MACHINE, trace)),
        layers=tuple(layer_rows(run)),
        occupancy={
            "chip[0].ram": Occupancy(np.array([0, 4000, 9000]), np.array([10, 40, 5]), 50),
            "chip[1].ram": Occupancy(np.array([0, 6000]), np.array([0, 45]), 50),
            "chip[0].fifo": Occupancy(np.array([0, 2000]), np.array([0, 8]), 8),
        },
    )


def heights(ax: Axes) -> dict[str, list[float]]:
    """By what the legend says up to a comma, the heights of the bars."""
    return {name: (top - below).tolist() for name, (top, below) in stacked(ax).items()}


def stacked(ax: Axes) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """From where to where the bars go; between two of them there is nothing."""
    found = {}
    for patch in ax.patches:
        top, _, below = patch.get_data()  # type: ignore[attr-defined]
        assert np.isnan(top[1::2]).all()
        found[str(patch.get_label()).partition(",")[0]] = top[::2], below[::2]
    return found


def lanes(ax: Axes) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """What stands in each lane, as shares of its height, and between which seconds."""
    data = [patch.get_data() for patch in ax.patches]  # type: ignore[attr-defined]
    return [(values - base, edges) for values, edges, base in data]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_bars_of_time_by_pencil() -> None:
    """The arrays work on `a` for 3 and 4 ns, on `b` for 1 and 5; all wait for the host at first, and for a's border from 6 to 8.

    Then one of them waits for the other, which computes `b` for 5 ns.
    """
    ax = plots.layer_time(pencil())
    assert heights(ax) == {
        "computing": pytest.approx([0, 3.5 * NS, 3 * NS]),
        "waiting for array": pytest.approx([0, 0, 2.5 * NS]),
        "waiting for host": pytest.approx([2 * NS, 0, 0]),
        "waiting for border": pytest.approx([0, 2 * NS, 0]),
    }
    assert stacked(ax)["waiting for border"][1] == pytest.approx([2 * NS, 3.5 * NS, 5.5 * NS]), "they stand on each other"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("layer", "time per frame (s)")
    assert legend_of(ax) == ["waiting for border, 15.4 %", "waiting for host, 15.4 %", "waiting for array, 19.2 %", "computing, 50.0 %"]


def test_bars_of_energy_by_pencil() -> None:
    ax = plots.energy(pencil())
    assert heights(ax) == {
        "array.cycle": pytest.approx([0, 35e-12, 30e-12]),
        "input_io.bit": pytest.approx([20e-12, 0, 0]),
        "border_io.bit": pytest.approx([0, 12e-12, 0]),
        "weight_io.bit": pytest.approx([0, 0, 8e-12]),
    }
    hatched = {str(patch.get_label()).partition(",")[0]: bool(patch.get_hatch()) for patch in ax.patches}
    assert hatched == {"array.cycle": False, "input_io.bit": True, "border_io.bit": True, "weight_io.bit": True}
    assert "core 65 pJ, I/O (hatched) 40 pJ" in ax.get_title(loc="left")
    by_action = plots.energy(pencil(), "action")
    assert np.sum(list(heights(by_action).values()), axis=0) == pytest.approx([65e-12, 20e-12, 12e-12, 8e-12])
    assert tick_names(by_action) == ["array.cycle", "input_io.bit", "border_io.bit", "weight_io.bit"]


def test_strips_of_units_by_pencil() -> None:
    """A strip is as opaque as its unit is busy, by the square root, and has the colour of what it does."""
    ax = plots.gantt(pencil(), by="task")
    colour = dict(zip(("input", "compute", "border", "weights"), map(to_rgb, PALETTE), strict=False))
    strips = {unit: np.array(image.get_array())[0] for unit, image in zip(("one", "two", "link", "host"), ax.get_images(), strict=True)}
    busy = {unit: strip[:, 3] ** 2 * 13 / 2000 for unit, strip in strips.items()}
    assert {unit: pytest.approx(part.sum()) for unit, part in busy.items()} == {"one": 4, "two": 9, "link": 2, "host": 3}
    at = {unit: [strip[int((ns + 0.5) * 2000 / 13)] for ns in range(13)] for unit, strip in strips.items()}
    seen = {unit: "".join("#" if dot[3] == 1 else "." if dot[3] == 0 else "?" for dot in dots) for unit, dots in at.items()}
    assert seen == {"host": "###..........", "one": "..####.......", "two": "..####..#####", "link": ".....##......"}
    assert at["host"][1][:3] == pytest.approx(colour["input"])
    assert at["host"][2][:3] == pytest.approx(colour["weights"])
    assert at["two"][9][:3] == pytest.approx(colour["compute"])
    assert tick_names(ax, "y") == ["one", "two", "link", "host"]


def test_what_is_shorter_than_a_dot_is_seen_too() -> None:
    """A nanosecond of work in a window of 20 microseconds is a tenth of a dot: its square root of opacity, in its own colour."""
    ax = plots.gantt(pencil(), ["host"], start_s=2 * NS, end_s=20002 * NS, by="task")
    (image,) = ax.get_images()
    strip = np.array(image.get_array())[0]
    assert strip[0] == pytest.approx([*to_rgb(PALETTE[3]), 0.1**0.5])
    assert not strip[1:].any()


def test_parts_of_several_colours_have_their_mean() -> None:
    ax = plots.gantt(pencil(), ["host"], start_s=0.0, end_s=6000 * NS, by="task")
    (image,) = ax.get_images()
    mean = np.average([to_rgb(PALETTE[0]), to_rgb(PALETTE[3])], axis=0, weights=[2, 1])
    assert np.array(image.get_array())[0, 0] == pytest.approx([*mean, 1.0])


def test_the_busiest_units_of_every_kind_are_shown() -> None:
    assert tick_names(plots.gantt(pencil(), most=3), "y") == ["two", "link", "host"]
    assert "3 of 4 units" in plots.gantt(pencil(), most=3).get_title(loc="left")
    assert tick_names(plots.gantt(pencil(), "one"), "y") == ["one"]


def test_lanes_of_memories_by_pencil() -> None:
    """The buffer gets full; of the two memories that are called alike the second is fuller, 45 of 50."""
    ax = plots.occupancy(pencil())
    (fifo, fifo_s), (ram, ram_s) = lanes(ax)
    assert ram * 50 == pytest.approx([0, 45])
    assert ram_s == pytest.approx([0, 6 * NS, 13 * NS])
    assert fifo * 8 == pytest.approx([0, 8])
    assert fifo_s == pytest.approx([0, 2 * NS, 13 * NS])
    assert texts(ax) == ["chip[0].fifo: at most 8 bit of 8 bit, 100.0 %", "chip[1].ram: at most 45 bit of 50 bit, 90.0 %"]
    ((first, _),) = lanes(plots.occupancy(pencil(), "chip[0].ram"))
    assert first * 50 == pytest.approx([10, 40, 5])


def test_a_lane_has_a_line_at_its_capacity() -> None:
    ax = plots.occupancy(pencil(), ["chip[0].ram"])
    levels = [path.vertices[:, 1].tolist() for lines in ax.collections for path in lines.get_paths()]
    assert levels == [[0, 0], [1, 1]]
    assert tick_names(ax, "y") == ["0 bit", "50 bit"]


def test_lanes_of_links_by_pencil() -> None:
    """In bins of a nanosecond: 10 bits in two of the host's, 8 in the third; 4 in the two of the border's."""
    ax = plots.bandwidth(pencil(), bins=13)
    (border, edges), (host, _) = lanes(ax)
    assert edges == pytest.approx(np.arange(14) * NS)
    assert border * 4e9 == pytest.approx([0, 0, 0, 0, 0, 2e9, 2e9, 0, 0, 0, 0, 0, 0])
    assert host * 1e10 == pytest.approx([5e9, 5e9, 8e9] + [0] * 10)
    assert texts(ax)[1] == "host, 1 link: mean 1.385 Gbit/s of 10 Gbit/s, 13.8 %"
    (whole, _), (idle, _) = lanes(plots.bandwidth(pencil(), ["host", "one"], bins=1))
    assert whole * 1e10 == pytest.approx([18 / 13 * 1e9])
    assert idle == pytest.approx([0])


def test_a_bin_that_cuts_a_task_has_its_part_of_the_bits() -> None:
    """Two bins of 6.5 ns: the border's task is cut at three quarters."""
    ((link, _),) = lanes(plots.bandwidth(pencil(), "link", bins=2))
    assert link * 4e9 * 6.5 * NS == pytest.approx([3, 1])


def areas(ax: Axes) -> dict[str, list[float]]:
    """By what the legend says, the milliwatts between the steps below and above, in parts of a nanosecond."""
    data = {str(patch.get_label()): patch.get_data() for patch in ax.patches}  # type: ignore[attr-defined]
    assert all(edges == pytest.approx(np.arange(14) * NS) for _, edges, _ in data.values())
    return {label: ((top - below) * 1e3).round(9).tolist() for label, (top, _, below) in data.items()}


def test_power_by_pencil() -> None:
    """A picojoule a nanosecond is a milliwatt: 5 for each array that works; 10, 10 and 8 at the host, 6 and 6 over the border."""
    ax = plots.power(pencil(), bins=13)
    core, at_host, border = [0, 0, 10, 10, 10, 10, 0, 0, 5, 5, 5, 5, 5], [10, 10, 8], [0, 0, 0, 0, 0, 6, 6]
    assert areas(ax) == {
        "core, 5 mW": core,
        "I/O, input, 1.538 mW": [10, 10] + [0] * 11,
        "I/O, border, 923.1 \N{MICRO SIGN}W": border + [0] * 6,
        "I/O, weights, 615.4 \N{MICRO SIGN}W": [0, 0, 8] + [0] * 10,
    }
    assert ax.patches[1].get_data()[2] == pytest.approx(np.array(core) * 1e-3), "they stand on each other"  # type: ignore[attr-defined]
    assert list(areas(plots.power(pencil(), "unit", bins=13)).values()) == [core, at_host + [0] * 10, border + [0] * 6]
    assert legend_of(ax)[0] == "mean, 8.077 mW", "105 pJ in 13 ns"
    assert "power in means of 1 ns, at most 18 mW" in ax.get_title(loc="left").replace("\n", " ")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "power (W)")


def test_latencies_by_pencil() -> None:
    """Two frames of 10 to 20 ms, none of 20 to 30 and three of 30 to 40, as the table of the report has them."""
    some = Histogram((0.01, 0.02, 0.03, 0.04), (2, 0, 3))
    time = replace(pencil().time, latency_histogram=some, latency_median_s=0.031, latency_p99_s=0.039, frames=5)
    ax = plots.latency(replace(pencil(), time=replace(time, deadline_s=0.033, deadline_misses=2)))
    bars: list[Any] = list(ax.patches)
    assert [(bar.get_x(), bar.get_height()) for bar in bars] == [(0.01, 2), (0.02, 0), (0.03, 3)]
    lines = {str(line.get_label()): [float(x) for x in np.asarray(line.get_xdata())] for line in ax.lines}
    assert lines == {"median, 31 ms": [0.031, 0.031], "99th percentile, 39 ms": [0.039, 0.039], "deadline, 33 ms": [0.033, 0.033]}
    said = "latencies of 5 frames, a bar for each 10 ms; the deadline is missed by 2 of 5 frames"
    assert ax.get_title(loc="left").replace("\n", " ") == f"by pencil {said}"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("latency (s)", "frames")
    far = plots.latency(replace(pencil(), time=replace(time, deadline_s=1.0, deadline_misses=0)))
    assert [str(line.get_label()) for line in far.lines][-1] == "deadline, 1 s"
    assert far.get_xlim()[1] < 0.05, "bars are not made thin for it"


ALONG = ("power", "gantt")
"""Those that have the layers' names along the time."""


def along(ax: Axes) -> dict[str, float]:
    """Names of layers above an axis of time, and where."""
    (top,) = ax.child_axes
    low, high = sorted(top.xaxis.get_view_interval())
    return {
        tick.label1.get_text() or tick.label2.get_text(): tick.get_loc()
        for tick in top.xaxis.get_major_ticks()
        if low <= tick.get_loc() <= high
    }


@pytest.mark.parametrize("name", ALONG)
def test_layers_are_named_along_the_time(name: str) -> None:
    """Both arrays work on `a` from 2 to 6 ns, one of them on `b` from 8 to 13."""
    ax = draw(getattr(pencil().plot, name)())
    assert along(ax) == {"a": pytest.approx(4 * NS, rel=0.01), "b": pytest.approx(10.5 * NS, rel=0.01)}


def test_of_layers_that_have_no_room_the_longer_are_named() -> None:
    """Names are 8.75 points high, so 0.1216 of an axis that is an inch wide: the second of three spans stands too near to the third."""
    ax = Figure(figsize=(1, 1)).add_axes((0, 0, 1, 1))
    ax.xaxis.set_major_locator(LongestFirst([(0.0, 0.2), (0.4, 0.5), (0.5, 0.62), (0.8, 2.0)]))
    assert list(ax.xaxis.get_major_locator()()) == pytest.approx([0.1, 0.56, 0.9])
    ax.set_xlim(0.4, 0.6)
    assert list(ax.xaxis.get_major_locator()()) == pytest.approx([0.45, 0.55]), "closer up there is room, also for what is cut off"


def points_of(ax: Axes) -> set[tuple[float, float]]:
    """Where markers are, to four digits."""
    lines = [line for line in ax.lines if line.get_linestyle() == "None" and len(line.get_xdata())]  # type: ignore[arg-type]
    return {(float(f"{x:.4g}"), float(f"{y:.4g}")) for line in lines for x, y in zip(*line.get_data(), strict=True)}


def test_points_under_their_roofs_by_pencil() -> None:
    """`a` takes 6 cycles and 4 bits of border, `b` 8 and 8 bits from the host, whose 18 bits take longer than the 4 of the link."""
    ax = plots.roofline(pencil())
    assert points_of(ax) == {(4, 2.667e9), (2, 2e9), (1.778, 2.462e9)}
    roofs = {line.get_color(): line.get_data() for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata())}  # type: ignore[arg-type]
    slopes = {round(y / x) for xs, ys in roofs.values() for x, y in zip(xs, ys, strict=True)}
    assert slopes == {4 * 10**9, 10**10}
    assert {ys[-1] for _, ys in roofs.values()} == {8e9}, "up to the arrays' peak"
    assert legend_of(ax) == ["peak 8 GOp/s", "border, 4 Gbit/s", "host, 10 Gbit/s"]
    draw(ax)
    assert {note.get_text() for note in ax.texts if note.get_visible()} == {"a", "b"}


def test_a_run_stands_under_the_roof_of_the_link_that_its_bits_take_longest() -> None:
    """Half as fast, the border's 4 bits take 2 ns, longer than the 18 of the host."""
    slower = tuple(replace(unit, rate=Rate(2 * 10**9)) if unit.name == "link" else unit for unit in MACHINE.units)
    ax = plots.roofline(replace(pencil(), machine=replace(MACHINE, units=slower)))
    assert points_of(ax) == {(4, 2.667e9), (2, 2e9), (8, 2.462e9)}


def test_layers_that_cross_no_edge_are_counted() -> None:
    silent = [task if task.name != "border" else task._replace(actions={}) for task in SCHEDULE]
    ax = plots.roofline(replace(pencil(), trace=simulate(scheduled(silent))))
    assert points_of(ax) == {(2, 2e9), (1.778, 2.462e9)}
    assert "1 layer without a bit across an edge" in ax.get_title(loc="left").replace("\n", " ")
    with pytest.raises(InvalidInput) as caught:
        plots.roofline(replace(pencil(), trace=simulate(scheduled([task._replace(actions={}) for task in SCHEDULE]))))
    assert str(caught.value) == "reports: nothing in them crosses a chip's edge; give a run that takes input or weights from outside"


@pytest.mark.parametrize("mesh", [(2, 3), None])
def test_tiles_stand_where_they_are_in_the_machine(mesh: tuple[int, int] | None) -> None:
    names = [f"chip[{r},{c}]" for r in range(2) for c in range(3)] if mesh else ["one", "two"]
    tiles = {name: np.arange(4.0).reshape(2, 2) / 4 + number / 100 for number, name in enumerate(names)}
    found = pencil()
    ax = plots.tile_use(replace(found, tiles=tiles, machine=replace(found.machine, mesh=mesh, chips=len(names))))
    (image,) = ax.get_images()
    rows, columns = mesh or (1, 2)
    shares = np.array(image.get_array())
    assert shares.shape == (2 * rows, 2 * columns)
    for number, chip in enumerate(tiles.values()):
        row, column = divmod(number, columns)
        assert np.array_equal(shares[2 * row : 2 * row + 2, 2 * column : 2 * column + 2], chip)
    rows_of_lines, columns_of_lines = ax.collections
    across = [float(path.vertices[0][1]) for path in rows_of_lines.get_paths()]
    down = [float(path.vertices[0][0]) for path in columns_of_lines.get_paths()]
    assert across == [2 * row - 0.5 for row in range(rows + 1)], "a line between the chips"
    assert down == [2 * column - 0.5 for column in range(columns + 1)]


def test_a_curve_and_its_ideal() -> None:
    reports = [replace(pencil(), time=replace(pencil().time, frames_per_s=rate, latency_s=1 / rate)) for rate in (30.0, 10.0, 18.0)]
    ax = plots.scaling([4, 1, 2], reports)
    ideal, simulated = ax.lines
    assert (list(simulated.get_xdata()), list(simulated.get_ydata())) == ([1, 2, 4], [10, 18, 30])  # type: ignore[arg-type]
    assert [ideal.get_ydata()[0], ideal.get_ydata()[-1]] == pytest.approx([10, 40])  # type: ignore[index]
    shrinking = plots.scaling([4, 1, 2], reports, "latency").lines[0].get_ydata()
    assert [shrinking[0], shrinking[-1]] == pytest.approx([1 / 10, 1 / 40])  # type: ignore[index]
    assert list(plots.scaling([4, 1, 2], reports, "energy").lines[0].get_ydata()) == pytest.approx([105e-12] * 2)  # type: ignore[arg-type]
    assert len(plots.scaling([-1, 0, 2], reports, ideal=False).lines) == 1


@pytest.mark.parametrize("quantity", METRICS)
def test_every_quantity_has_a_unit_on_its_axis(quantity: str) -> None:
    reports = [report("hyperdrive/tiny_2x2"), report("xnorbin/binary_alexnet")]
    label = plots.scaling([1, 2], reports, quantity).get_ylabel()
    assert label == f"{METRICS[quantity].name} ({METRICS[quantity].unit})"
    assert plots.pareto(reports, quantity).get_xlabel() == label


@pytest.mark.parametrize(("y", "corners"), [("energy", [(1, 5), (2, 5), (2, 3), (4, 3), (4, 1)]), ("ops_per_s", [(1, 5)])])
def test_the_front_is_a_staircase(y: str, corners: list[tuple[float, float]]) -> None:
    def at(latency: float, value: float) -> Report:
        one = pencil()
        time, total = replace(one.time, latency_s=latency), replace(one.energy, total_j=value)
        return replace(one, time=time, energy=total, throughput=replace(one.throughput, ops_per_s=value))

    ax = plots.pareto([at(4, 1), at(1, 5), at(3, 4), at(2, 3)], y=y)
    line = ax.lines[0]
    assert [tuple(corner) for corner in line.get_path().vertices.tolist()] == corners
    assert points_of(ax) == {(4, 1), (1, 5), (3, 4), (2, 3)}


# --- of real runs ---

RUNS = [
    ("hyperdrive/tiny_2x2",),
    ("hyperdrive/tiny_2x2", "chip.mesh=[3,4]", "frames=3"),
    ("xnorbin/binary_alexnet",),
    ("nandnet_dram/lenet",),
    pytest.param(("chewbaccann/groupnet_resnet18",), marks=pytest.mark.slow),
]
ALL = ("tile_use", "layer_time", "energy", "power", "gantt", "latency", "occupancy", "bandwidth", "roofline")


@cache
def drawn(name: str, which: tuple[str, ...]) -> Axes:
    return draw(getattr(report(*which).plot, name)())


def draw(ax: Axes) -> Axes:
    """All that drawing does but for the colouring of dots."""
    figure: Any = ax.figure
    figure.draw_without_rendering()
    return ax


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_bars_add_up_to_the_report(which: tuple[str, ...]) -> None:
    found = report(*which)
    frames = found.time.frames
    time = heights(drawn("layer_time", which))
    assert np.sum(list(time.values())) == pytest.approx(int(found.trace.end.max()) * 1e-12 / frames), "until the last task has ended"
    for cause in {cause for row in found.layers for cause in row.stalls}:
        assert time[f"waiting for {cause}"] == pytest.approx([row.stalls.get(cause, 0) / frames for row in found.layers])
    energy = heights(drawn("energy", which))
    assert np.sum(list(energy.values()), axis=0) == pytest.approx([row.energy_j / frames for row in found.layers])
    assert np.sum(list(energy.values())) == pytest.approx(found.energy.total_j)
    assert {action: pytest.approx(sum(bars)) for action, bars in energy.items()} == {
        action: priced.energy_j for action, priced in found.energy.by_action.items()
    }


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_strips_are_as_long_as_units_are_busy(which: tuple[str, ...]) -> None:
    found = report(*which)
    ax, end = found.plot.gantt(most=1000), found.trace.makespan_ps
    shown = [unit for unit in found.units if unit.busy_s]
    for unit, image in zip(shown, ax.get_images(), strict=True):
        opacity = np.array(image.get_array())[0, :, 3]
        assert float((opacity**2).sum()) * end / 2000 == pytest.approx(unit.busy_s * 1e12)


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_lanes_hold_what_crosses_edges_and_no_more_than_they_can(which: tuple[str, ...]) -> None:
    found = report(*which)
    rates = Counter[str]()
    for unit in found.machine.units:
        rates[unit.kind] += unit.rate.bits_per_s if unit.rate else 0
    ax, bits = drawn("bandwidth", which), 0.0
    for (share, edges), said in zip(lanes(ax), texts(ax), strict=True):
        assert -1e-9 <= share.min() <= share.max() <= 1 + 1e-6
        rate = rates[said.partition(",")[0]]
        bits += float((share * np.diff(edges)).sum()) * rate
    if all(rates[said.partition(",")[0]] for said in texts(ax)):
        assert bits == pytest.approx(sum(found.io_bits.values()) * found.time.frames)
    for share, _ in lanes(drawn("occupancy", which)):
        assert 0 <= share.min() <= share.max() <= 1


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_no_layer_attains_more_than_the_peak(which: tuple[str, ...]) -> None:
    found = report(*which)
    points = points_of(drawn("roofline", which))
    assert max(y for _, y in points) <= found.machine.peak_ops_per_s
    expected = {float(f"{row.ops * found.machine.clock.hz / row.total_cycles:.4g}") for row in found.layers if row.ops}
    assert {y for _, y in points} == expected | {float(f"{found.throughput.ops_per_s:.4g}")}


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_the_heatmap_is_the_reports_on_a_scale_of_0_to_1(which: tuple[str, ...]) -> None:
    found = report(*which)
    rows, columns = found.system.mesh or (1, 1)
    layer = next(row.name for row in found.layers if row.ops)
    for ax, chips in ((drawn("tile_use", which), found.tiles), (found.plot.tile_use(layer), found.tiles_by_layer[layer])):
        (image,) = ax.get_images()
        assert image.get_clim() == (0, 1)
        by_name = [[chips.get(f"chip[{r},{c}]", next(iter(chips.values()))) for c in range(columns)] for r in range(rows)]
        assert np.array_equal(image.get_array(), np.block(by_name))  # type: ignore[arg-type]


# --- as people look at it ---


def tick_names(ax: Axes, side: str = "x") -> list[str]:
    draw(ax)
    return [text.get_text() for text in ticks(ax, side)]


def ticks(ax: Axes, side: str) -> list[Text]:
    """The labels on an axis, as far as it reaches."""
    axis = ax.xaxis if side == "x" else ax.yaxis
    low, high = sorted(axis.get_view_interval())
    shown = [label for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2) if low <= tick.get_loc() <= high]
    return [text for text in shown if text.get_text() and text.get_visible()]


def legend_of(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def written(figure: Figure) -> list[Text]:
    """Everything that can be read on a figure that has been drawn."""
    found = []
    above = [child for ax in figure.axes for child in ax.child_axes]
    for ax in [*figure.axes, *above]:
        legend = ax.get_legend()
        found += [*ticks(ax, "x"), *ticks(ax, "y"), *ax.texts, *(legend.get_texts() if legend else ())]
        found += [ax.xaxis.label, ax.yaxis.label, ax.title, ax._left_title]  # type: ignore[attr-defined]
    return [text for text in found if text.get_text() and text.get_visible()]


def place(text: Text) -> Bbox:
    """What the letters cover; the line from a name to its point is not counted."""
    return Text.get_window_extent(text) if isinstance(text, Annotation) else text.get_window_extent()


def overlapping(found: Sequence[Text]) -> list[tuple[str, str]]:
    boxes = [(text.get_text(), place(text).padded(-0.5)) for text in found]
    return [(one, other) for (one, a), (other, b) in itertools.combinations(boxes, 2) if a.overlaps(b)]


def outside(figure: Figure, found: Sequence[Text]) -> list[str]:
    room = figure.bbox.padded(1.0)
    return [text.get_text() for text in found if not (room.contains(*place(text).p0) and room.contains(*place(text).p1))]


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
@pytest.mark.parametrize("name", ALL)
def test_no_words_cover_others_or_leave_the_figure(name: str, which: tuple[str, ...]) -> None:
    figure: Any = drawn(name, which).figure
    found = written(figure)
    assert overlapping(found) == []
    assert outside(figure, found) == []


@pytest.mark.slow
def test_names_of_150_layers_are_thinned_out() -> None:
    """Also on axes that are much too small for them, where fewer remain."""
    found = report("chewbaccann/groupnet_resnet18")
    assert len(found.layers) > 150
    time, joules = (drawn(name, ("chewbaccann/groupnet_resnet18",)) for name in ("layer_time", "energy"))
    tiny = draw(plots.layer_time(found, ax=Figure(figsize=(4, 4)).add_subplot()))
    counts = []
    for ax in (time, joules, tiny):
        labels = ticks(ax, "x")
        assert overlapping(labels) == []
        names = [text.get_text() for text in labels]
        assert names == [row.name for row in found.layers][:: -(-len(found.layers) // len(names))]
        counts.append(len(names))
    assert counts[0] == counts[1] > 60
    assert 15 < counts[2] < 40


def test_units_are_thinned_out_too() -> None:
    ax = Figure(figsize=(5, 2)).add_subplot()
    draw(report("hyperdrive/tiny_2x2", "chip.mesh=[3,4]", "frames=3").plot.gantt(ax=ax))
    assert len(ax.get_images()) == 40
    assert overlapping(ticks(ax, "y")) == []
    assert 5 < len(ticks(ax, "y")) < 40


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
@pytest.mark.parametrize("name", ALL)
def test_every_axis_says_what_it_is_and_in_which_unit(name: str, which: tuple[str, ...]) -> None:
    names_only = {"layer", "unit", "action", "frames"}
    figure: Any = drawn(name, which).figure
    labels = [axis.get_label_text() for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) if axis.get_major_ticks() and axis.get_visible()]
    said = [label for label in labels if label]
    assert len(said) >= 2
    assert all(label in names_only or (label.endswith(")") and "(" in label) for label in said), said
    ax = figure.axes[0]
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert report(*which).scenario.title in ax.get_title(loc="left").replace("\n", " ")


def test_a_title_that_is_too_long_breaks_between_words() -> None:
    ax = Figure(figsize=(3, 3)).add_subplot()
    plots.tile_use(report("hyperdrive/tiny_2x2"), ax=ax)
    lines = ax.get_title(loc="left").split("\n")
    assert " ".join(lines) == "A tiny residual network on a 2 x 2 mesh tile use, whole run: mean 57.0 %, least 0.0 %"
    assert len(lines) >= 4
    assert not any(line.startswith("%") for line in lines)


def contrast(one: Any, other: Any) -> float:
    """Of two colours, as WCAG 2 defines it: 1 to 21."""

    def luminance(colour: Any) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
        return float(np.dot(parts, [0.2126, 0.7152, 0.0722]))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", ["default", "dark_background"])
@pytest.mark.parametrize("name", ALL)
def test_everything_can_be_read_on_light_and_dark_grounds(name: str, ground: str) -> None:
    with style.context(ground):
        ax = drawn(name, RUNS[0]) if ground == "default" else draw(getattr(report(*RUNS[0]).plot, name)())
        figure: Any = ax.figure
        paper = figure.get_facecolor()
        assert to_rgba(paper)[3] == 1, "not the ground of whatever is behind"
        assert contrast(paper, "white" if ground == "default" else "black") == pytest.approx(1)
        assert all(contrast(text.get_color(), paper) > 7 for text in written(figure))
        colours = [patch.get_facecolor() for patch in ax.patches] + [line.get_color() for line in ax.lines]
        colours += [lines.get_color()[0] for lines in ax.collections if not lines.get_path_effects()]  # type: ignore[attr-defined]
        assert all(contrast(colour, paper) > 2 for colour in colours)


def test_colours_are_on_neither_paper_lost() -> None:
    assert all(contrast(colour, ground) > 2 for colour in PALETTE for ground in ("black", "white"))
    assert len(set(PALETTE)) == 14


@pytest.mark.parametrize("seed", range(2))
def test_names_of_points_find_room_or_stay_away(seed: int) -> None:
    chance = random.Random(seed)
    ax = Figure(figsize=(7, 5)).add_subplot()
    points = [Named(chance.random(), chance.random(), 6.0, f"a point called {n}") for n in range(40)]
    ax.plot([point.x for point in points], [point.y for point in points], "o", markersize=6)
    ax.plot([0, 1], [0, 1], "-")
    labels = Labels(ax, points)
    draw(ax)
    shown = [note for note in ax.texts if note.get_visible()]
    assert len(shown) >= 20
    leaders = [path.vertices for path in labels.leaders.get_paths()]
    assert points[0].name in {note.get_text() for note in shown}, "the most important one"
    assert overlapping(shown) == []
    marks = ax.transData.transform([point[:2] for point in points])
    for note, (start, end) in zip(shown, leaders, strict=True):
        box = place(note)
        point = next(point for point in points if point.name == note.get_text())
        assert start == pytest.approx(ax.transData.transform(point[:2]))
        assert box.padded(1.5).contains(*end)
        assert not any(Path([start, end]).intersects_bbox(place(other)) for other in shown if other is not note)
        assert ax.bbox.contains(*box.p0)
        assert ax.bbox.contains(*box.p1)
        assert not any(box.contains(*mark) for mark in marks)
        assert not ax.lines[1].get_transform().transform_path(ax.lines[1].get_path()).intersects_bbox(box, False)


@cache
def machines() -> list[Report]:
    names = ("binary_resnet20", "cifar10_bnn", "finn_cnv", "binary_alexnet")
    return [report(f"{chip}/{name}") for chip in ("xnorbin", "chewbaccann") for name in names]


SEVERAL: dict[str, Callable[[], Axes]] = {
    "pareto": lambda: plots.pareto(machines()),
    "pareto upwards": lambda: plots.pareto(machines(), "ops_per_s", "efficiency"),
    "scaling": lambda: plots.scaling([2.0**n for n in range(8)], machines(), "latency"),
    "scaling of neighbours": lambda: plots.scaling([1, 100, 101, 102, 103, 104, 105, 106], machines(), "utilization"),
    "roofline": lambda: plots.roofline(machines()),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_pictures_of_several_runs_are_legible(name: str) -> None:
    ax = draw(SEVERAL[name]())
    figure: Any = ax.figure
    assert overlapping(written(figure)) == []
    assert outside(figure, written(figure)) == []
    assert ax.get_xlabel().endswith(")")
    assert ax.get_ylabel().endswith(")")


def test_points_of_a_front_are_named_by_their_titles() -> None:
    ax = draw(SEVERAL["pareto"]())
    shown = {note.get_text().replace("\n", " ") for note in ax.texts if note.get_visible()}
    assert {found.scenario.title for found in machines()} == shown


# --- as programs use it ---


def test_a_report_has_its_plots() -> None:
    mine = report("hyperdrive/tiny_2x2").plot
    assert sorted(name for name in dir(mine) if not name.startswith("_")) == sorted([*ALL, "report"])
    assert set(plots.__all__) == {*ALL, "pareto", "scaling", "tornado", "Plots"}
    for name in ALL:
        function = inspect.signature(getattr(plots, name)).parameters
        assert list(inspect.signature(getattr(mine, name)).parameters) == list(function)[1:]
        assert list(function)[-1] == "ax"
        assert getattr(mine, name).__doc__


@pytest.mark.parametrize("name", ALL)
def test_axes_that_are_given_are_drawn_on_and_given_back(name: str) -> None:
    figure = Figure()
    ax = figure.add_subplot()
    assert getattr(report("hyperdrive/tiny_2x2").plot, name)(ax=ax) is ax
    assert ax in figure.axes


def test_a_notebook_shows_axes_of_their_own_figure() -> None:
    picture = plots.layer_time(pencil())._repr_png_()  # type: ignore[attr-defined]
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5000
    assert not hasattr(Figure().add_subplot(), "_repr_png_")


PROCESS = """
import sys
from hyperdrive_sim import errors
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import run
report = run(Scenario.read("scenarios/hyperdrive/tiny_2x2.yaml"))
print("matplotlib" in sys.modules)
sys.modules["matplotlib"] = None
try:
    report.plot
except errors.MissingExtra as problem:
    print(problem)
del sys.modules["matplotlib"]
report.plot.gantt()._repr_png_()
print("matplotlib.pyplot" in sys.modules)
"""


@pytest.mark.slow
def test_a_run_needs_no_matplotlib_and_a_plot_no_pyplot() -> None:
    """Where there is no matplotlib, a plot says how to get it."""
    done = subprocess.run([sys.executable, "-c", PROCESS], cwd=ROOT, capture_output=True, text=True, check=True)
    cure = "a plot needs an optional package; install it with: pip install 'hyperdrive-sim[plots]'"
    assert done.stdout.splitlines() == ["False", cure, "False"]


WRONG: dict[str, tuple[Callable[[Report], Any], str]] = {
    "layer": (lambda one: one.plot.tile_use("layer1.0.conv3"), "layer: there is no 'layer1.0.conv3' here; did you mean 'layer1.0.conv2'?"),
    "by": (lambda one: one.plot.energy("unit"), "by: there is no 'unit' here; one of layer, action"),
    "units": (
        lambda one: one.plot.gantt(["chip[0,0].arrays"]),
        "units: there is no 'chip[0,0].arrays' here; did you mean 'chip[0,0].array'?",
    ),
    "no units": (lambda one: one.plot.bandwidth([]), "units: this names none; name at least one, or leave it out"),
    "most": (lambda one: one.plot.gantt(most=0), "most: 0 units are none; give at least 1"),
    "window": (
        lambda one: one.plot.gantt(start_s=2e-6, end_s=1e-6),
        "end_s: 1e-06 s is not after 2e-06 s, where the plot begins; give a later end or an earlier start",
    ),
    "memories": (lambda one: one.plot.occupancy("fmm"), "memories: there is no 'fmm' here"),
    "power by": (lambda one: one.plot.power("chip"), "by: there is no 'chip' here; one of part, unit"),
    "parts": (lambda one: one.plot.power(bins=0), "bins: 0 parts of the time are none; give at least 1"),
    "bins": (lambda one: one.plot.bandwidth(bins=0), "bins: 0 parts of the time are none; give at least 1"),
    "reports": (lambda one: plots.roofline([]), "reports: there are none to draw; give at least one"),
    "no reports": (lambda one: plots.pareto([]), "reports: there are none to draw; give at least one"),
    "xs": (lambda one: plots.scaling([1, 2], [one]), "xs: 2 values for 1 report; give one for each, and at least one"),
    "size": (lambda one: plots.scaling([0], [one]), "xs: 0 is no size from which to grow; give positive values, or ideal=False"),
    "quantity": (lambda one: plots.scaling([1], [one], "latencies"), "quantity: there is no 'latencies' here; did you mean 'latency'?"),
    "y": (lambda one: plots.pareto([one], y="enrgy"), "y: there is no 'enrgy' here; did you mean 'energy'?"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_drawn_is_said(what: str) -> None:
    act, sentence = WRONG[what]
    with pytest.raises(InvalidInput) as caught:
        act(report("hyperdrive/tiny_2x2"))
    assert str(caught.value) == sentence
