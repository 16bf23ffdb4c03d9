"""The report of a run small enough for a pencil, and what it looks like."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import simulated
from commands import BASE, SCENARIOS, TINY
from rich.console import Console, RenderableType

from hyperdrive_sim.cli import comparisons, tables
from hyperdrive_sim.engine.ledger import account
from hyperdrive_sim.errors import Stuck
from hyperdrive_sim.reports import side_by_side
from hyperdrive_sim.reports.report import Report, summarise
from hyperdrive_sim.reports.results import Results
from hyperdrive_sim.reports.summary import PREFIXES, beside, per_s, percent, remarks, si
from hyperdrive_sim.scenario.published import Comparison
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.prices import IO_ACTIONS
from hyperdrive_sim.study.checks import check
from hyperdrive_sim.study.runs import run
from hyperdrive_sim.testing.worlds import worlds

# --- by pencil ---


# --- of real runs ---


def report(name: str, *changes: str) -> Report:
    return simulated.report(f"hyperdrive/{name}", *changes)


RUNS = [
    ("tiny_2x2",),
    ("tiny_2x2", "frames=3"),
    ("tiny_2x2", "chip.weight_stream_bits_per_cycle=0.5"),
    ("tiny_2x2", "chip.mesh=[3,4]", "chip.border_link_bits_per_cycle=0.5"),
    ("tiny_2x2", "frames=4", "frames_per_s=5000.0"),
    ("resnet34_224",),
    ("resnet50_224",),
]


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_causes_of_stalls_add_up_to_the_gaps(which: tuple[str, ...]) -> None:
    found = report(*which)
    arrays = [unit.name for unit in found.units if unit.kind == "array"]
    gaps = int(found.trace.gaps(arrays)[1].sum())
    afterwards = sum(int(found.trace.end.max() - found.trace.end[found.trace.by_unit[unit][-1]]) for unit in arrays)
    stalled = sum(seconds for row in found.layers for seconds in row.stalls.values()) * len(arrays) * 1e12
    assert stalled == pytest.approx(gaps + afterwards)
    kinds = {unit.kind for unit in found.units} | {"arrival"}
    assert {cause for row in found.layers for cause in row.stalls} <= kinds


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_layers_and_units_add_up(which: tuple[str, ...]) -> None:
    found = report(*which)
    assert sum(row.ops for row in found.layers) == found.network.ops * found.time.frames
    assert sum(row.energy_j for row in found.layers) == pytest.approx(found.energy.total_j * found.time.frames)
    assert min(row.start_s for row in found.layers) == 0.0
    for unit in found.units:
        assert unit.busy_s == pytest.approx(unit.utilization * found.trace.makespan_ps * 1e-12)
    of_peak = found.throughput.ops_per_s / found.system.peak_ops_per_s
    assert found.throughput.utilization == pytest.approx(of_peak, rel=1 / found.time.cycles), "to a cycle"


def test_tiles_by_pencil() -> None:
    """12 x 16 pixels on 7 x 7 tiles are patches of 2 x 3: six rows of tiles full, five columns full and a third of a sixth."""
    (tiles,) = run(Scenario.parse(BASE)).tiles.values()
    assert np.allclose(tiles, np.outer([1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1 / 3, 0]))


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_tiles_of_every_chip(which: tuple[str, ...]) -> None:
    found = report(*which)
    assert len(found.tiles) == found.system.chips
    assert all(tiles.shape == (7, 7) and 0 <= tiles.min() <= tiles.max() <= 1 for tiles in found.tiles.values())


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_the_public_form_is_plain_and_stable(which: tuple[str, ...]) -> None:
    plain = report(*which).to_dict()
    text = json.dumps(plain, allow_nan=False)
    assert json.loads(text) == plain
    assert json.dumps(report(*which).to_dict()) == text
    assert not {"trace", "tiles"} & set(plain)
    plain["layers"].clear()
    assert report(*which).to_dict()["layers"]


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_the_public_form_is_a_record_again(which: tuple[str, ...]) -> None:
    found = report(*which)
    again = Results.from_json(json.dumps(found.to_dict()).encode())
    assert again.system.changed == found.system.changed, "a tuple is a tuple again"
    assert {field.name: getattr(again, field.name) for field in fields(again)} == {
        field.name: getattr(found, field.name) for field in fields(again)
    }


def test_what_is_the_same_in_every_frame_is_a_whole_number() -> None:
    found = report("tiny_2x2", "frames=3")
    assert found.io_bits == report("tiny_2x2").io_bits
    assert all(isinstance(bits, int) for bits in found.io_bits.values())
    assert all(isinstance(action.count, int) for action in found.energy.by_action.values())


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_columns_of_layers_add_up(which: tuple[str, ...]) -> None:
    found = report(*which)
    table, frames = found.layer_columns(), found.time.frames
    assert {len(column) for column in table.values()} == {len(found.layers)}
    assert sum(table["io_energy_j"]) == pytest.approx(found.energy.io_j * frames)
    assert {kind: sum(table[f"{kind}_io_bits"]) / frames for kind in found.io_bits} == found.io_bits
    counted = {name: sum(table[f"{name.replace('.', '_')}_count"]) for name in found.energy.by_action if name not in IO_ACTIONS}
    assert counted == {name: found.energy.by_action[name].count * frames for name in counted}
    for row, stalls, total in zip(found.layers, table["stall_cycles"], table["total_cycles"], strict=True):
        assert stalls == pytest.approx(sum(row.stalls.values()) * found.machine.clock.hz, abs=0.51)
        assert total >= row.cycles + stalls
    shares = [table[name] for name in ("utilization", "compute_utilization", "mapping_efficiency")]
    for overall, computing, mapped in zip(*shares, strict=True):
        assert (computing is None) == (mapped is None) == (not overall)
        assert not overall or overall <= computing * (1 + 1e-9) <= mapped + 1e-6, "what does not fit the tiles is not computed in them"


def test_bandwidths_are_over_the_time_that_a_layer_takes() -> None:
    table = report("tiny_2x2").layer_columns()
    row = table["layer"].index("layer1.0.conv2")
    assert table["weights_io_bits"][row] == 3 * 3 * 16 * 16, "of 16 channels into 16"
    assert table["weights_io_bits_per_cycle"][row] == table["weights_io_bits"][row] / table["total_cycles"][row]


# --- as people read it ---


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "J", "0 J"),
        (0.0, "", "0"),
        (1, "", "1"),
        (0.0806, "s", "80.6 ms"),
        (3.52e12, "Op/s/W", "3.52 TOp/s/W"),
        (999.96, "Hz", "1 kHz"),
        (999.94, "Hz", "999.9 Hz"),
        (999.96e9, "Op", "1 TOp"),
        (1000, "", "1 k"),
        (999, "", "999"),
        (12345678, "bit", "12.35 Mbit"),
        (1e-3, "s", "1 ms"),
        (1e-6, "s", "1 us"),
        (1e-13, "J", "100 fJ"),
        (2.5e-22, "J", "0.00025 aJ"),
        (1e15, "Op", "1 POp"),
        (5e20, "Op", "500 EOp"),
        (4.2e21, "Op", "4200 EOp"),
        (-0.0806, "s", "-80.6 ms"),
        (-999.96, "Hz", "-1 kHz"),
        (0.975, "%", "97.5 %"),
        (float("inf"), "s", "inf s"),
        (float("nan"), "", "nan"),
    ],
)
def test_numbers_with_prefixes(value: float, unit: str, text: str) -> None:
    assert si(value, unit) == text


@pytest.mark.parametrize("exponent", range(-17, 18))
def test_prefixes_say_what_they_mean(exponent: int) -> None:
    for mantissa in (1.0, 1.0005, 3.14159, 9.9994, 9.99951):
        digits, prefix = re.fullmatch(r"([\d.]+) (.?)x", si(mantissa * 10.0**exponent, "x")).groups()  # type: ignore[union-attr]
        factor = {prefix: power for power, prefix in PREFIXES.items()}[prefix]
        assert float(digits) * 10.0**factor == pytest.approx(mantissa * 10.0**exponent, rel=1e-3)
        assert 1 <= float(digits) < 1000


def rendered(what: RenderableType, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(what)
    assert all(len(line) <= width for line in out.getvalue().splitlines())
    return out.getvalue()


SHOWN = [
    ("tiny_2x2",),
    ("tiny_2x2", "frames=3", "frames_per_s=1000.0"),
    ("tiny_2x2", "chip.mesh=[12,16]"),
    ("resnet34_224",),
    ("resnet34_224_camera",),
    ("resnet50_224",),
]


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("which", SHOWN, ids=" ".join)
def test_the_summary_fits_and_cuts_nothing_off(which: tuple[str, ...], width: int) -> None:
    found = report(*which)
    text = rendered(tables.summary(found), width)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    for name, value, _ in found.summary_lines():
        assert re.search(rf"^{re.escape(name)} +{re.escape(value)}( |$)", text, re.MULTILINE), (name, value)
    for row in found.published:
        said = beside(row)
        figures = map(re.escape, (said.published, said.as_published, said.as_system))
        assert re.search(r" {}\s+(counted so: )?{}\s+(system pays: )?{}\s".format(*figures), text)
    longest = max(found.layers, key=lambda row: row.cycles)
    assert re.search(rf"^{re.escape(longest.name)} .* {re.escape(percent(longest.utilization))}", text, re.MULTILINE)


@pytest.mark.parametrize("which", SHOWN, ids=" ".join)
def test_eighty_columns_have_room_for_every_column(which: tuple[str, ...]) -> None:
    text = rendered(tables.summary(report(*which)), 80)
    assert re.search(r"^layer +kind +time +cycles +energy +use +stalled by", text, re.MULTILINE)


def test_layers_are_shown_per_frame() -> None:
    alone, many = (rendered(tables.summary(report("resnet34_224_camera", f"frames={n}")), 140) for n in (1, 8))
    row = re.compile(r"^layer1\.0\.conv2 .* %", re.MULTILINE)
    assert row.findall(alone) == row.findall(many) != []
    assert "the layers that took longest, per frame" in many


def test_tile_use_of_a_system_is_said_part_by_part() -> None:
    lines = rendered(tables.summary(simulated.mixed_system()[1]), 80).splitlines()
    at = next(place for place, line in enumerate(lines) if line.startswith("tile use while computing: "))
    means = [line.split("%")[0] for line in lines[at:]]
    assert means == ["tile use while computing: 40.3 ", "front: 72.7 ", "   73  73", "back: 7.9 "]
    assert lines[at + 1] == "front: 72.7 %, in %:"


def test_a_figure_beyond_its_tolerance_is_said_in_words() -> None:
    row = Comparison("energy", "J", 1.0, 1.5, 1.5, 0.5, 0.1, {}, "published", (), False, "s", "", "")
    text = rendered(tables.published([row, row]), 80)
    assert text.count("off by more than the printed digits leave open: energy (10 %)") == 1
    assert "off by more" not in rendered(tables.published([replace(row, as_published=1.05, error=0.05)]), 80)


def test_a_run_that_costs_nothing() -> None:
    """As of a chip whose prices are all 0, because nobody knows them."""
    (built, *_) = worlds("hyperdrive")
    made = built.compiled.cut(built.compiled.grain)
    made.__dict__["ledger"] = account(made.schedule, {action: replace(price, pj=0.0) for action, price in made.mapped.prices.items()})
    free = summarise(built.scenario, made)
    assert (free.energy.total_j, free.energy.assumed_share) == (0.0, 0.0)
    assert (free.efficiency.system_ops_per_j, free.efficiency.core_ops_per_j) == (0.0, 0.0)
    assert ("energy", "0 J") in [(line.name, line.value) for line in free.summary_lines()]


def test_published_figures_in_words() -> None:
    row = Comparison("energy", "J", 1.0, None, 1.5, None, 0.1, {"I/O": 1.0, "core": 0.5}, "recalled", (), True, "s", "nobody knows", "note")
    assert beside(row) == ("energy", "1 J", "-", "1.5 J", "-", "recalled, comes back")
    assert list(remarks([row, replace(row, quantity="the same", reason="", note="")])) == [
        "energy: not counted as the paper does: nobody knows",
        "energy: the system pays I/O 1 J, core 500 mJ",
        "energy: note",
    ]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_other_tables_fit(width: int) -> None:
    text = rendered(tables.verdict(check(Scenario.read(TINY))), width)
    assert "8,566 cycles" in " ".join(text.split())
    points = [({"chip.weight_stream_bits_per_cycle": 16.0, "chip.weight_buffer_blocks": n}, report("tiny_2x2")) for n in (1, 2)]
    failed = {"chip.weight_stream_bits_per_cycle": -1, "chip.weight_buffer_blocks": 1}, Stuck("wrong: [b]")
    table = rendered(comparisons.sweep([*points, failed]), width)
    assert "\N{HORIZONTAL ELLIPSIS}" not in table
    assert table.count(si(report("tiny_2x2").time.latency_s, "s")) == 2
    assert table.count("failed") == 1
    assert "chip.weight_stream_bits_per_cycle=-1, chip.weight_buffer_blocks=1: wrong: [b]" in " ".join(table.split())


def columns(lines: Sequence[str]) -> list[list[str]]:
    """A table's cells by column, from top to bottom: what two blank columns part from all else."""
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    blank = "".join(" " if all(line[at] == " " for line in padded) else "x" for at in range(width))
    spans = [match.span() for match in re.finditer(r"x+( x+)*", blank)]
    return [[line[start:end].strip() for line in padded] for start, end in spans]


LONG: dict[str, list[Any]] = {
    "chip.weight_stream_bits_per_cycle": [16.0],
    "chip.border_link_bits_per_cycle": [0.5, 128.25],
    "chip.feature_map_memory_bits": [6553600],
    "chip.parameter_port_bits_per_cycle": [1],
    "network_options.bases": [8, 1],
}
SWEPT = sorted(path for path in SCENARIOS.rglob("*.yaml") if Scenario.read(path).settings.sweep)
SWEEPS = [*(pytest.param(Scenario.read(path).settings.sweep, id=path.stem) for path in SWEPT), pytest.param(LONG, id="long names")]


@pytest.mark.parametrize("width", [80, 98, 100, 120])
@pytest.mark.parametrize("axes", SWEEPS)
def test_no_column_of_a_sweep_is_cut_off(axes: dict[str, list[Any]], width: int) -> None:
    """Every part of a key stands in a line of its own, and every value and figure of a point in one, whole."""
    found = report("tiny_2x2")
    points = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    lines = rendered(comparisons.sweep([*((point, found) for point in points), (points[0], Stuck("wrong: x"))]), width).splitlines()
    table = columns(lines[: next(number for number, line in enumerate(lines) if "failed" in line) + 1])
    heads, body = [" ".join(filter(None, column[: -len(points) - 1])) for column in table], [column[-len(points) - 1 :] for column in table]
    keys = [key.rpartition(".")[2].replace("_", " ") for key in axes]
    figures = {
        "latency": si(found.time.latency_s, "s"),
        "rate": per_s(found.time.frames_per_s),
        "use": percent(found.throughput.utilization),
        "energy": si(found.energy.total_j, "J"),
        "efficiency": si(found.efficiency.system_ops_per_j, "Op/s/W"),
        "most time": side_by_side.most_time(found),
    }
    left_out = ("most time", "use", "rate")[: len(keys) + len(figures) - len(heads)]
    assert heads == [*keys, *(name for name in figures if name not in left_out)]
    assert body[: len(keys)] == [[str(point[key]) for point in [*points, points[0]]] for key in axes]
    last = ["failed", *[""] * len(figures)]
    assert body[len(keys) :] == [[figures[name]] * len(points) + [last.pop(0)] for name in heads[len(keys) :]]


def test_layers_share_the_whole_run_on_an_uneven_mesh() -> None:
    """Over all layers, the arrays' mean work and stalls are the time until the last task has ended, whatever their parts are."""
    found = report("tiny_2x2", "chip.mesh=[2,3]")
    assert sum(row.held_s for row in found.layers) == pytest.approx(int(found.trace.end.max()) * 1e-12)
