"""HTML pages: well-formed, complete, equal to the report, closed to the outside, and safe from what scenarios say."""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from commands import BASE, ROOT, SCENARIOS, invoke, process, sentences, write
from commands import TINY as TINY_FILE
from pages import FIFTY, FOUR, TINY, by_id, column, data, parsed, simulation, table, text, tree, words

from hyperdrive_sim.outputs import page
from hyperdrive_sim.outputs.page import comparison, contents, glance, run
from hyperdrive_sim.outputs.page.inline import FOLDER, SCRIPTS, inline
from hyperdrive_sim.outputs.page.picture import faded, linear, logarithmic
from hyperdrive_sim.outputs.page.pictures import along
from hyperdrive_sim.outputs.page.pictures.tiles import STEP
from hyperdrive_sim.outputs.page.table import measured, scale
from hyperdrive_sim.reports import side_by_side, summary
from hyperdrive_sim.reports.derived.actions import action_counts
from hyperdrive_sim.reports.derived.latencies import latencies
from hyperdrive_sim.reports.derived.layer_spans import layer_spans
from hyperdrive_sim.reports.derived.power import power
from hyperdrive_sim.reports.derived.roofline import called, outstanding, rooflines
from hyperdrive_sim.reports.derived.tile_map import WHOLE_RUN
from hyperdrive_sim.reports.helps import time_goes_to
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.scenario import Scenario

MAX_BYTES = 8_000_000
ONE = [TINY, f"{TINY} frames=3", FIFTY, "xnorbin/binary_alexnet", "nandnet_dram/binary_alexnet", "hyperdrive/resnet34_narrow_weights"]
SYSTEM = "systems/mixed_precision frames=3"
MARKS = {FIFTY: pytest.mark.slow}
one_run = pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, ())) for name in ONE])
every_page = pytest.mark.parametrize(
    "names",
    [
        pytest.param(names, id="+".join(names), marks=MARKS.get(names[0], ()))
        for names in [*((name,) for name in ONE), FOUR, (SYSTEM,), (SYSTEM, TINY)]
    ],
)


def report(name: str) -> Report:
    return simulation(*name.split(" ")).report


# --- as HTML ---


@every_page
def test_nothing_is_left_to_guess(names: tuple[str, ...]) -> None:
    """Strictly parsed; every name there is is there once, and every name that is pointed to is there."""
    found = parsed(*names)
    ids = [element.get("id") for element in found.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in found.iter():
        for name in ("for", "aria-labelledby", "data-picture"):
            assert element.get(name) in (None, *ids), (element.tag, name)
        if (target := element.get("href", "")).startswith("#"):
            assert target[1:] in ids


@every_page
def test_headings_are_in_order(names: tuple[str, ...]) -> None:
    levels = [int(element.tag[1]) for element in parsed(*names).iter() if re.fullmatch("h[1-6]", str(element.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))
    assert len(levels) > 6


@every_page
def test_everything_has_its_words(names: tuple[str, ...]) -> None:
    """Tables captions and named rows and columns, pictures captions and words in their place, fields labels."""
    found = parsed(*names)
    for grid in found.iter("table"):
        assert words(grid.find("caption"))  # type: ignore[arg-type]
        assert all(head.get("scope") == "col" and words(head) for head in grid.iterfind("thead/tr/th"))
        assert all(row[0].tag == "th" and row[0].get("scope") == "row" and words(row[0]) for row in grid.iterfind("tbody/tr"))
    figures = list(found.iter("figure"))
    assert len(figures) == len(list(data(found))) >= 4
    for figure in figures:
        assert len(words(figure.find("figcaption"))) > 30  # type: ignore[arg-type]
        (instead,) = (element for element in figure.iter("p") if element.get("class") == "instead")
        assert words(instead).startswith("The picture needs JavaScript. ")
    labelled = {label.get("for") for label in found.iter("label")}
    assert {field.get("id") for field in found.iter("input")} == labelled


@every_page
def test_nothing_comes_from_outside(names: tuple[str, ...]) -> None:
    found = parsed(*names)
    for element in found.iter():
        assert not {"src", "srcset", "action", "data", "poster", "background"} & set(element.attrib)
        assert re.match(r"#|data:,$", element.get("href", "#")), element.get("href")
        assert not any(name.startswith("on") for name in element.attrib)
        assert not re.search(r"url\(|image-set|@import|http", element.get("style", ""))
    (style,) = found.iter("style")
    assert not re.search(r"url\(|image-set|@import|http", style.text or "")
    assert not re.search(r"https?:|//[a-z]|fetch\(|import\(|XMLHttpRequest", re.sub(r"^ *//.*", "", inline().script, flags=re.MULTILINE))


@every_page
def test_the_policy_lets_in_the_two_scripts_and_nothing_else(names: tuple[str, ...]) -> None:
    found = parsed(*names)
    (policy,) = (meta.get("content", "") for meta in found.iter("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    (script,) = (element.text or "" for element in found.iter("script") if element.get("type") is None)
    plotly = gzip.decompress(base64.b64decode(by_id(found, "plotly").text or ""))
    hashes = [base64.b64encode(hashlib.sha256(source).digest()).decode() for source in (script.encode(), plotly)]
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == " ".join(f"'sha256-{one}'" for one in hashes)
    assert not {"connect-src", "font-src", "frame-src", "media-src", "object-src"} & set(allowed), "as by default: none"


@every_page
def test_plotly_is_there_once_as_it_was_released(names: tuple[str, ...]) -> None:
    released = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    assert gzip.decompress(base64.b64decode(by_id(parsed(*names), "plotly").text or "")) == released
    assert text(*names).count(inline().plotly) == 1


@pytest.mark.slow
def test_size() -> None:
    assert len(text(FIFTY).encode()) < MAX_BYTES / 2
    assert len(text(*FOUR).encode()) < MAX_BYTES


def test_style_and_script_do_not_end_early() -> None:
    assert "</style" not in inline().style.lower()
    assert "</script" not in inline().script.lower()


def test_whatever_a_page_is_made_of_is_packaged() -> None:
    """Hatchling takes every file of the package that git does not ignore."""
    ignored = (ROOT / ".gitignore").read_text().split()
    made_of = [path for path in FOLDER.rglob("*") if path.suffix in (".html", ".css", ".js")]
    parts = {"page.html", "run.html", "comparison.html", "parts.html", "page.css"}
    assert {path.name for path in made_of} == {*parts, *SCRIPTS}
    assert not any(path.match(pattern) for path in made_of for pattern in ignored)


# --- one run, figure by figure ---


@one_run
def test_the_summary(name: str) -> None:
    found, shown = report(name), parsed(name)
    assert words(next(shown.iter("h1"))) == found.scenario.title == words(next(shown.iter("title")))
    assert summary.subject(found.network, found.system) in words(next(shown.iter("header")))
    (lines,) = (element for element in shown.iter("dl") if element.get("class") == "summary")
    rows = [(words(row.find("dt")), words(row.find("dd"))) for row in lines]  # type: ignore[arg-type]
    assert rows == [(name, " ".join(f"{value} {remark}".split())) for name, value, remark in found.summary_lines()]


@one_run
def test_the_first_figures_and_the_first_picture(name: str) -> None:
    """Before all sections: what an architect asks first, and where the time goes."""
    found, shown = report(name), parsed(name)
    main = by_id(shown, "main")
    first = next(iter(main))
    (figures,) = (element for element in first.iter("dl"))
    assert {words(row.find("dt")): words(row.find("dd")) for row in figures} == {  # type: ignore[arg-type]
        "latency": summary.si(found.time.latency_s, "s"),
        "frame rate": summary.per_s(found.time.frames_per_s),
        "energy per frame": summary.si(found.energy.total_j, "J"),
        "system efficiency": summary.si(found.efficiency.system_ops_per_j, "Op/s/W"),
        "utilisation": summary.percent(found.throughput.utilization),
        "the time goes to": side_by_side.most_time(found),
    }
    (figure,) = first.iter("figure")
    assert figure.get("data-picture") == "layer_time-picture-data"
    assert [element.tag for element in main][1:] == ["section"] * (len(main) - 1)


def test_an_overload_comes_before_all_figures() -> None:
    calm = report(TINY)
    hurried = replace(calm, time=replace(calm.time, overload=1.2345, arrivals_per_s=9e9))
    assert glance.glance(hurried) == (("overload", "1.234 times"), *glance.glance(calm))


@one_run
def test_bars_of_layers_are_those_of_the_report(name: str) -> None:
    found, spec = report(name), dict(data(parsed(name)))["layer_time"]
    rows, frames = found.layers, found.time.frames
    took = [row.held_s / frames for row in rows]
    power, prefix = scale([1.05 * max(took)])
    assert spec["layout"]["yaxis"]["title"]["text"] == f"time per frame, {prefix}s"
    stacks = {trace["name"].partition(",")[0]: [y * 10.0**power for y in trace["y"]] for trace in spec["data"]}
    assert all(trace["x"] == [row.name for row in rows] for trace in spec["data"])
    assert stacks.pop("computing") == pytest.approx([row.computed_s / frames for row in rows], rel=1e-5)
    assert stacks == {
        f"waiting for {cause}": pytest.approx([row.stalls.get(cause, 0.0) / frames for row in rows], rel=1e-5)
        for cause in {cause for row in rows for cause in row.stalls}
    }


@one_run
def test_bars_of_power_are_the_energy_of_the_run(name: str) -> None:
    found, spec = report(name), dict(data(parsed(name)))["power"]
    (time, _), (watt, _) = (scale([length]) for length in (found.trace.makespan_ps * 1e-12, 1.05 * float(power(found).total_w.max())))
    bars = [trace for trace in spec["data"] if trace.get("yaxis") is None]
    joules = {trace["name"].partition(", ")[0]: 0.0 for trace in bars}
    for trace in bars:
        part = trace["name"].rpartition(", ")[0]
        joules[part] = sum(trace["y"]) * trace["width"] * 10.0 ** (time + watt) / found.time.frames
    assert sum(joules.values()) == pytest.approx(found.energy.total_j, rel=1e-4)
    assert joules["core"] == pytest.approx(found.energy.core_j, rel=1e-4)


def test_latencies_are_shown_of_three_frames_and_not_of_one() -> None:
    """Each in its bar, with lines for the median and the 99th percentile; the table has the same numbers."""
    found, shown = report(f"{TINY} frames=3"), dict(data(parsed(f"{TINY} frames=3")))["latency"]
    histogram, (bars, *lines) = found.time.latency_histogram, shown["data"]
    assert [bars["y"], sum(bars["y"])] == [list(histogram.counts), 3]
    power, _ = scale([latencies(found.time).range_s[1]])
    middles = [(low + high) / 2 for low, high in itertools.pairwise(histogram.edges_s)]
    assert [x * 10.0**power for x in bars["x"]] == pytest.approx(middles, rel=1e-5)
    assert [line["x"][0] * 10.0**power for line in lines] == pytest.approx(
        [found.time.latency_median_s, found.time.latency_p99_s], rel=1e-5
    )
    assert [line["name"].partition(",")[0] for line in lines] == ["median", "99th percentile"]
    one = contents.latencies(found.time)
    assert [cell.value for cell in one.columns[2].cells] == list(histogram.counts)
    assert one.columns[-1].cells[-1].text == "100.0 %"
    assert "latency" not in dict(data(parsed(TINY)))


@pytest.mark.parametrize("picture", ["timeline", "power"])
@one_run
def test_layers_stand_along_the_time(name: str, picture: str) -> None:
    found, spec = report(name), dict(data(parsed(name)))[picture]
    spans, (strip,) = layer_spans(found), [trace for trace in spec["data"] if trace.get("yaxis") == "y2"]
    time, _ = scale([found.trace.makespan_ps * 1e-12])
    seconds = [[start * 10.0**time, end * 10.0**time, text] for start, end, text in spec["names"]["along"]]
    assert [text for _, _, text in seconds] == [along.ended(span.layer) for span in spans]
    assert [start for start, _, _ in seconds] == pytest.approx([span.start_ps * 1e-12 for span in spans], rel=1e-5)
    assert strip["base"] == [start for start, _, _ in spec["names"]["along"]]
    assert spec["layout"]["yaxis"]["domain"][1] < spec["layout"]["yaxis2"]["domain"][0]


def test_of_a_long_name_the_end_is_written() -> None:
    assert along.ended("layer1.0.conv1") == "layer1.0.conv1"
    assert along.ended("features.denseblock1.denselayer6.conv2") == "...ck1.denselayer6.conv2"
    assert len(along.ended("x" * 100)) == 24


@one_run
def test_layers_that_stand_out_are_named(name: str) -> None:
    found, spec = report(name), dict(data(parsed(name)))["roofline"]
    roof = rooflines(found, action_counts(found))[0]
    named = [called(point, others) for point, others in outstanding([roof], 10)]
    assert [text for _, _, text in spec["names"]["points"]] == named
    assert named


def test_sections_fold_and_what_few_look_up_is_folded() -> None:
    """Every link of the contents leads into the part that folds, so that a browser opens it."""
    shown = parsed("xnorbin/binary_alexnet")
    parts = list(shown.iter("details"))
    opened = {words(part.find("summary/*")): part.get("open") is not None for part in parts}  # type: ignore[arg-type]
    assert opened == {
        **{"Summary": True, "Published figures": False, "Time": True, "Tiles": True, "Layers": True, "Energy": True},
        **{"Memories": False, "Reproduce": False},
    }
    links = [link.get("href", "") for link in next(shown.iter("nav")).iter("a")]
    assert links == [f"#{part.find('div').get('id')}" for part in parts]  # type: ignore[union-attr]
    assert "6 beside ours" in words(parts[1].find("summary"))  # type: ignore[arg-type]


@one_run
def test_every_layer(name: str) -> None:
    found, frames = report(name), report(name).time.frames
    rows = table(parsed(name), "layers")
    assert list(rows) == [row.name for row in found.layers]
    for head, expected in {
        "time": [(row.computed_s + sum(row.stalls.values())) / frames for row in found.layers],
        "array cycles": [row.cycles / frames for row in found.layers],
        "operations": [row.ops / frames for row in found.layers],
        "utilisation": [row.utilization for row in found.layers],
        "energy": [row.energy_j / frames for row in found.layers],
    }.items():
        assert [cell.value for cell in column(rows, head)] == pytest.approx(expected), head
    assert [cell.text for cell in column(rows, "kind")] == [row.kind for row in found.layers]
    assert sum(cell.value or 0.0 for cell in column(rows, "I/O")) == pytest.approx(sum(found.io_bits.values()))
    for cause in {cause for row in found.layers for cause, seconds in row.stalls.items() if seconds}:
        stalls = [row.stalls.get(cause, 0.0) / frames for row in found.layers]
        assert [cell.value for cell in column(rows, f"stalled by {cause}")] == pytest.approx(stalls)
    used = [np.mean([tiles.mean() for tiles in chips.values()]) for chips in found.tiles_by_layer.values()]
    assert [cell.value for cell in column(rows, "tiles in use") if cell.value is not None] == pytest.approx(used)


UNITS = ("s", "J", "bit", "Op", "Op/s", "Op/s/W", "W", "")
POWERS = {f"{prefix}{unit}": power for power, prefix in summary.PREFIXES.items() for unit in UNITS} | {"%": -2}


@one_run
def test_what_is_read_is_what_is_sorted_by(name: str) -> None:
    """In every table: a number, in the unit behind it or in that of its column's head, is the value of its cell, to the last digit."""
    checked = 0
    for grid in parsed(name).iter("table"):
        for row in table(parsed(name), grid.get("id", "")).values():
            for head, (shown, value) in row.items():
                if value is None:
                    continue
                number, _, unit = shown.removeprefix("< ").replace(",", "").partition(" ")
                power = POWERS[unit or head.rpartition(", ")[2]] if unit or head.endswith(tuple(f", {one}" for one in POWERS if one)) else 0
                power = 0 if head == "price, pJ" else power
                last_digit = 10.0 ** (power - len(number.partition(".")[2]))
                assert shown.startswith("<") or float(number) * 10.0**power == pytest.approx(value, rel=6e-4, abs=0.51 * last_digit)
                checked += 1
    assert checked > 100


@one_run
def test_every_price(name: str) -> None:
    found = report(name)
    rows = table(parsed(name), "prices")
    assert set(rows) == set(found.energy.by_action)
    for action, row in rows.items():
        paid = found.energy.by_action[action]
        values = [row[head].value for head in ("count", "price, pJ", "energy", "share")]
        assert values == pytest.approx([paid.count, paid.pj, paid.energy_j, paid.energy_j / found.energy.total_j])
        assert (row["known as"].text, row["source"].text) == (paid.provenance, " ".join(paid.source.split()))
        assert row["energy"].text == summary.si(paid.energy_j, "J")
    assert sum(cell.value or 0.0 for cell in column(rows, "share")) == pytest.approx(1)


@one_run
def test_published_figures(name: str) -> None:
    found = report(name)
    if not found.published:
        assert "published" not in {grid.get("id") for grid in parsed(name).iter("table")}
        return
    rows = table(parsed(name), "published")
    for row in found.published:
        cells = rows[row.quantity]
        said = summary.beside(row)
        heads = ("published", "counted so", "system pays", "off by", "known as")
        counted = row.as_published is not None
        texts = (said.published, said.as_published if counted else "", said.as_system, said.off_by if counted else "", said.known_as)
        assert tuple(cells[head].text or "" for head in heads) == texts
        assert cells["its digits leave open"].text == f"{100 * row.tolerance:.2g} %{'' if row.within else ', LESS'}"
        assert table(parsed(name), "origins")[row.quantity]["ours rests on"].text == "; ".join(row.rests_on)
        assert table(parsed(name), "origins")[row.quantity]["source"].text == " ".join(row.source.split())


@one_run
def test_time_and_who_waits(name: str) -> None:
    found = report(name)
    rows = table(parsed(name), "time")
    total = rows["all"]["all" + next(head for head in rows["all"] if head.startswith("all, "))[3:]].value
    assert total == pytest.approx(int(found.trace.end.max()) * 1e-12)
    others = [cell.value or 0.0 for layer, row in rows.items() if layer != "all" for head, cell in row.items() if head.startswith("all, ")]
    assert sum(others) == pytest.approx(total)
    goes_to = dict(time_goes_to(found.units, found.trace))
    for kind, share in goes_to.items():
        (cell,) = (cell for head, cell in rows["all"].items() if head.startswith(f"{kind}, "))
        assert cell.value == pytest.approx(share * (total or 0.0))
    units = table(parsed(name), "units")
    assert {kind: int(row["units"].text) for kind, row in units.items()} == {
        kind: sum(unit.kind == kind for unit in found.units) for kind in dict.fromkeys(unit.kind for unit in found.units)
    }
    assert [cell.value for cell in column(units, "busy, most")] == [dict(summary.busiest(found.units))[kind] for kind in units]
    stalled = table(parsed(name), "stalls")
    for cause, row in stalled.items():
        (cell,) = (cell for head, cell in row.items() if head.startswith("time, "))
        assert cell.value == pytest.approx(sum(layer.stalls.get(cause, 0.0) for layer in found.layers))


@one_run
def test_memories_and_tiles_in_words(name: str) -> None:
    found = report(name)
    for row in table(parsed(name), "memories").values():
        held = found.occupancy[row["the fullest"].text]
        assert (row["held at most"].value, row["of"].value) == (held.peak, held.capacity)
    values = [cell.value for row in table(parsed(name), "tile_use").values() for head, cell in row.items() if head.isdigit()]
    tiles = list(found.tiles.values())
    assert values == pytest.approx(list(tiles[0].ravel()) if len(tiles) == 1 else [one.mean() for one in tiles])


@one_run
def test_it_says_how_to_do_it_again(name: str) -> None:
    manifest, shown = simulation(*name.split(" ")).manifest, parsed(name)
    (written,) = ("".join(element.itertext()) for element in shown.iter("pre"))
    again = Scenario.parse(written)
    changes = name.split(" ")[1:]
    assert again.hash == report(name).scenario.hash == Scenario.read(SCENARIOS / f"{name.split(' ')[0]}.yaml", changes).hash
    assert manifest["command"] in words(next(shown.iter("main")))
    assert all(f"--set {change}" in manifest["command"] for change in changes)
    assert f"seed {again.settings.seed}" in words(next(shown.iter("main")))
    versions = {package: row["version"].text for package, row in table(shown, "versions").items()}
    assert versions == dict(manifest["versions"])
    assert {"hyperdrive_sim", "python", "numpy", "simpy"} <= set(versions)


# --- pictures ---


def valid(value: Any) -> Any:
    """With some colour for those that the page's style decides."""
    if isinstance(value, Mapping):
        return {key: valid(item) for key, item in value.items()}
    if isinstance(value, list):
        return [valid(item) for item in value]
    return "#123456" if isinstance(value, str) and value.startswith("@") else value


@every_page
@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_plotly_knows_every_word_of_every_picture(names: tuple[str, ...]) -> None:
    import plotly.graph_objects as go  # type: ignore[import-untyped,unused-ignore]

    for name, spec in data(parsed(*names)):
        figure = go.Figure(valid(spec["data"]), valid(spec["layout"]))
        assert len(figure.data) == len(spec["data"]) > 0, name
        assert spec["height"] > 100
        assert 0 < spec["widths"][0] <= spec["widths"][1]


@one_run
def test_tiles_of_every_layer_to_a_tenth_of_a_percent(name: str) -> None:
    found, frames = report(name), dict(data(parsed(name)))["tiles"]["frames"]
    (chip_rows, chip_columns), (rows, columns) = frames["mesh"], frames["tiles"]
    shares = np.frombuffer(base64.b64decode(frames["shares"]), "<u2").reshape(-1, chip_rows * rows, chip_columns * columns) / STEP
    assert frames["names"] == [WHOLE_RUN, *found.tiles_by_layer]
    for layer, number in zip(frames["names"], frames["shown"], strict=True):
        tiles = found.tiles if layer == WHOLE_RUN else found.tiles_by_layer[layer]
        assert list(tiles) == frames["chips"]
        for position, one in enumerate(tiles.values()):
            row, column = divmod(position, chip_columns)
            shown = shares[number, row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
            assert np.abs(shown - one).max() <= 0.5 / STEP + 1e-12


@one_run
def test_the_slider_has_a_position_for_every_layer(name: str) -> None:
    frames = dict(data(parsed(name)))["tiles"]["frames"]
    slider = by_id(parsed(name), "tiles-picture-slider")
    assert (slider.get("type"), slider.get("min"), slider.get("max")) == ("range", "0", str(len(frames["names"]) - 1))
    assert dict(data(parsed(name)))["tiles"]["data"][0]["zmin"] == 0
    assert dict(data(parsed(name)))["tiles"]["data"][0]["zmax"] == 1


@one_run
def test_the_roofline_is_drawn_from_the_report(name: str) -> None:
    found, spec = report(name), dict(data(parsed(name)))["roofline"]
    points = {
        said.split("<br>")[0]: y
        for trace in spec["data"]
        if trace["mode"] == "markers"
        for said, y in zip(trace["customdata"], trace["y"], strict=True)
    }
    rows = {row.name: row.ops * found.machine.clock.hz / row.total_cycles for row in found.layers if row.ops}
    assert points == pytest.approx(rows, rel=1e-5)
    assert spec["data"][0]["y"] == [found.system.peak_ops_per_s] * 2
    rates: dict[str, float] = {}
    for unit in found.machine.units:
        rates[unit.kind] = rates.get(unit.kind, 0.0) + (unit.rate.bits_per_s if unit.rate else 0.0)
    for line in spec["data"][1:]:
        if line["mode"] == "lines":
            link = line["name"].partition(",")[0]
            assert [y / x for x, y in zip(line["x"], line["y"], strict=True)] == pytest.approx([rates[link]] * 2, rel=1e-4)
            assert line["name"] == f"{link}, {summary.si(rates[link], 'bit/s')}"


@one_run
def test_the_timeline_says_what_was_merged(name: str) -> None:
    found, spec = report(name), dict(data(parsed(name)))["timeline"]
    of_units = [trace for trace in spec["data"] if trace.get("yaxis") is None]
    bars = sum(len(trace["x"]) for trace in of_units)
    units = spec["layout"]["yaxis"]["categoryarray"]
    assert bars <= 3000
    assert {unit for trace in of_units for unit in trace["y"]} == set(units)
    (caption,) = (words(one) for one in parsed(name).iter("figcaption") if words(one).startswith("Timeline."))
    tasks = sum(len(found.trace.by_unit[unit]) for unit in units)
    assert f"{len(units)} units, " in caption
    assert f" {tasks:,} tasks are {bars:,} bars" in caption
    worked = sum(unit.busy_s > 0 for unit in found.units)
    assert (f"{worked - len(units)} other unit" in caption) == (worked > len(units))


@one_run
def test_energy_flows_to_where_the_prices_are(name: str) -> None:
    found = report(name)
    (flow,) = dict(data(parsed(name)))["energy"]["data"]
    labels = flow["node"]["label"]
    assert f"core  {summary.percent(found.energy.core_j / found.energy.total_j)}" in labels
    assert f"I/O  {summary.percent(found.energy.io_j / found.energy.total_j)}" in labels
    for how, share in summary.trust(found.energy).items():
        assert f"{how}  {summary.percent(share)}" in labels
    assert sum(flow["link"]["value"]) == pytest.approx(3 * found.energy.total_j, rel=1e-4)


# --- several ---


def test_side_by_side() -> None:
    reports = [report(name) for name in FOUR]
    rows = table(parsed(*FOUR), "figures")
    heads = [f"{number}: {one.scenario.title}" for number, one in enumerate(reports, 1)]
    assert list(rows["latency"])[1:] == heads
    for name, said in {
        "latency": [summary.si(one.time.latency_s, "s") for one in reports],
        "frame rate": [summary.per_s(one.time.frames_per_s) for one in reports],
        "energy per frame": [summary.si(one.energy.total_j, "J") for one in reports],
        "of it I/O": [summary.si(one.energy.io_j, "J") for one in reports],
        "system efficiency": [summary.si(one.efficiency.system_ops_per_j, "Op/s/W") for one in reports],
        "utilisation": [summary.percent(one.throughput.utilization) for one in reports],
        "most time": [side_by_side.most_time(one) for one in reports],
        "weak prices": [f"{100 * one.energy.assumed_share:.0f} %" for one in reports],
    }.items():
        assert [rows[name][head].text.removesuffix(" best") for head in heads] == said, name


@pytest.mark.parametrize(
    ("figure", "value", "best"),
    [
        ("latency", lambda one: one.time.latency_s, min),
        ("frame rate", lambda one: one.time.frames_per_s, max),
        ("energy per frame", lambda one: one.energy.total_j, min),
        ("system efficiency", lambda one: one.efficiency.system_ops_per_j, max),
        ("utilisation", lambda one: one.throughput.utilization, max),
    ],
)
def test_the_best_is_said_in_words(figure: str, value: Any, best: Any) -> None:
    values = [value(report(name)) for name in FOUR]
    marked = [cell.text.endswith(" best") for cell in list(table(parsed(*FOUR), "figures")[figure].values())[1:]]
    assert marked == [one == best(values) for one in values]
    assert sum(marked) == 1


def test_nothing_is_best_among_equals_or_unlike_work() -> None:
    twice = table(parsed(TINY, TINY), "figures")
    assert not [cell for row in twice.values() for cell in row.values() if "best" in cell.text]
    unlike = table(parsed(TINY, "nandnet_dram/binary_alexnet"), "figures")
    assert not [cell for cell in unlike["latency"].values() if "best" in cell.text]
    assert [cell for cell in unlike["system efficiency"].values() if "best" in cell.text]


def test_two_of_one_title_have_their_files_names(tmp_path: Path) -> None:
    """As `compare` tells them apart."""
    other = write(tmp_path, base=TINY_FILE.read_text(), name="other.yaml")
    shown = tree(page.page([simulation(TINY), run.simulated(Scenario.read(other))]))
    heads = list(table(shown, "figures")["latency"])[1:]
    assert heads == ["1: tiny_2x2.yaml", "2: other.yaml"]


def test_unlike_work_is_said() -> None:
    names = (TINY, "nandnet_dram/binary_alexnet")
    notes = [words(item) for element in parsed(*names).iter("ul") if element.get("class") == "notes" for item in element]
    assert notes == list(side_by_side.unlike([report(name) for name in names]))
    assert len(notes) == 2
    assert not [element for element in parsed(*FOUR[2:]).iter("ul") if element.get("class") == "notes"]


def test_settings_that_differ() -> None:
    rows = table(parsed(*FOUR), "settings")
    assert [[cell.text for cell in row.values()] for row in rows.values()] == [
        ["architecture", "chewbaccann", "nandnet_dram", "xnorbin", "xnorbin"],
        ["chip.voltage_v", "not set", "not set", "not set", "1.2"],
    ]


def test_layers_side_by_side() -> None:
    two = FOUR[2:]
    rows = table(parsed(*two), "layers_1")
    first, second = (report(name) for name in two)
    layers = [row.name for row in first.layers if row.ops]
    assert list(rows) == layers
    assert [cell.value for cell in column(rows, "time of 1")] == pytest.approx([first.took_s()[layer] for layer in layers])
    assert [cell.value for cell in column(rows, "time of 2")] == pytest.approx([second.took_s()[layer] for layer in layers])
    joules = {row.name: row.energy_j for row in second.layers}
    assert [cell.value for cell in column(rows, "energy of 2")] == pytest.approx([joules[layer] for layer in layers])
    assert "layers_1" not in {grid.get("id") for grid in parsed(TINY, "nandnet_dram/binary_alexnet").iter("table")}


def test_layers_that_not_all_have_are_counted() -> None:
    """NAND-Net leaves the dense layers of AlexNet to the host."""
    names = ("nandnet_dram/binary_alexnet", "xnorbin/binary_alexnet")
    assert list(table(parsed(*names), "layers_1")) == ["conv2", "conv3", "conv4", "conv5"]
    (remark,) = (words(one) for one in parsed(*names).iter("p") if words(one).startswith("1: "))
    assert ". 2 layers that not all of them have as such are left out." in remark


def test_what_is_computed_in_one_go_may_differ() -> None:
    """One of two runs does a quarter more with its first layer: of the larger number, the other lacks a fifth."""
    one = report("nandnet_dram/lenet")
    first, *rest = (row for row in one.layers if row.ops)
    other = replace(one, layers=(replace(first, ops=first.ops + first.ops // 4), *rest))
    (alike,), (unlike,) = comparison.layers(("1: a", "2: b"), [one, one]), comparison.layers(("1: a", "2: b"), [one, other])
    assert "in one go" not in alike.remark
    assert unlike.remark == "1: a; 2: b. What is computed in one go with a layer differs, by up to 20.0 % of its operations."
    assert [cell.value for cell in unlike.columns[1].cells] == [first.ops + first.ops // 4, *(row.ops for row in rest)]


def test_several_at_a_glance() -> None:
    reports = [report(name) for name in FOUR]
    rows = table(parsed(*FOUR), "glance")
    assert list(rows) == [f"{number}: {one.scenario.title}" for number, one in enumerate(reports, 1)]
    assert [[cell.text for cell in list(row.values())[1:]] for row in rows.values()] == [
        [text for _, text in glance.glance(one)] for one in reports
    ]
    first = next(iter(by_id(parsed(*FOUR), "main")))
    assert [figure.get("data-picture") for figure in first.iter("figure")] == ["times-picture-data"]


def test_where_the_time_of_several_goes() -> None:
    """Shares that add up to all of each run; what is small in all of them is one."""
    reports, spec = [report(name) for name in FOUR], dict(data(parsed(*FOUR)))["times"]
    shares = {trace["name"]: trace["x"] for trace in spec["data"]}
    assert np.sum(list(shares.values()), axis=0) == pytest.approx([1.0] * 4, abs=1e-5)
    assert next(iter(shares)) == "computing"
    assert list(shares)[-1] == "waiting for something else"
    for number, one in enumerate(reports):
        total = sum(row.held_s for row in one.layers)
        assert shares["computing"][number] == pytest.approx(sum(row.computed_s for row in one.layers) / total, rel=1e-5)
    assert max(shares["waiting for something else"]) < 0.04
    assert all(max(share) >= 0.02 for name, share in shares.items() if not name.endswith("something else"))


def test_runs_of_one_title_are_called_by_what_differs() -> None:
    shown = parsed(TINY, f"{TINY} frames=3")
    assert list(table(shown, "glance")) == ["1: frames=1", "2: frames=3"]
    assert words(next(shown.iter("h1"))) == "A tiny residual network on a 2 x 2 mesh: 2 runs compared"
    assert list(table(shown, "figures")["latency"])[1:] == list(table(shown, "glance"))


def test_pictures_of_several() -> None:
    specs, reports = dict(data(parsed(*FOUR))), [report(name) for name in FOUR]
    bars = specs["energies"]["data"]
    power, _ = scale([max(one.energy.total_j for one in reports) * 1.02])
    for number, one in enumerate(reports):
        assert sum(trace["x"][number] for trace in bars) * 10.0**power == pytest.approx(one.energy.total_j, rel=1e-4)
    points = specs["trade_off"]["data"]
    assert [trace["x"][0] for trace in points] == pytest.approx([one.time.latency_s for one in reports], rel=1e-5)
    assert [trace["y"][0] for trace in points] == pytest.approx([one.energy.total_j for one in reports], rel=1e-5)
    drawn = [trace for trace in specs["rooflines"]["data"] if trace["mode"] == "markers"]
    assert [len(trace["x"]) for trace in drawn] == [sum(row.ops > 0 for row in one.layers) for one in reports]


def test_each_run_has_its_own_details() -> None:
    shown = parsed(*FOUR)
    for number, name in enumerate(FOUR, 1):
        details = by_id(shown, f"run{number}")
        assert details.tag == "details"
        assert summary.subject(report(name).network, report(name).system) in words(details)
        assert list(table(shown, f"run{number}-layers")) == [row.name for row in report(name).layers]
        assert set(table(shown, f"run{number}-prices")) == set(report(name).energy.by_action)


# --- of runs that have been ---


@pytest.mark.parametrize("name", [TINY, "xnorbin/binary_alexnet"])
def test_a_directory_makes_the_page_that_its_scenario_does(name: str, tmp_path: Path) -> None:
    """But for how to do it again, which names what was typed then and is whole."""
    folder = tmp_path / "run"
    assert invoke("run", SCENARIOS / f"{name}.yaml", "-o", folder).exit_code == 0
    result = invoke("report", folder, "-o", tmp_path / "page.html")
    assert (result.exit_code, result.stdout) == (0, "")
    theirs, ours = ((tmp_path / "page.html").read_text("utf-8"), text(name))
    pages = [one.replace(str(SCENARIOS), "scenarios") for one in (theirs, ours)]
    before = [one[: one.index(' id="again"')] for one in pages]
    assert before[0] == before[1]
    assert "schema_version: 1" in words(tree(theirs))


@pytest.mark.parametrize("arguments", [("report", TINY_FILE, "-o"), ("run", TINY_FILE, "--trace")], ids=lambda words: words[0])
def test_a_device_is_not_replaced(arguments: tuple[str, ...], tmp_path: Path) -> None:
    device = tmp_path / "device.json"
    os.mkfifo(device)
    result = invoke(*arguments, device)
    assert result.exit_code == 2
    assert "is no ordinary file, which could be replaced; name another" in result.stderr
    assert device.is_fifo()


def test_nothing_of_a_directory_can_be_set(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert invoke("run", SCENARIOS / f"{TINY}.yaml", "-o", folder).exit_code == 0
    result = invoke("report", folder, "-o", tmp_path / "page.html", "--set", "frames=2")
    assert result.exit_code == 2
    assert "is a run that has been, and nothing of it can be set" in result.stderr
    assert not (tmp_path / "page.html").exists()


# --- what scenarios say is text ---

HOSTILE = """<script>alert('x')</script></title></script><!-- "quoted" & <b>bold</b> {{ 7 * 7 }}"""


def hostile(number: int) -> run.Run:
    title = f"{HOSTILE} {number}"
    document = f"schema_version: 1\ntitle: '{title.replace(chr(39), 2 * chr(39))}'\n" + BASE.split("\n", 2)[2]
    return run.simulated(Scenario.parse(document))


@pytest.mark.parametrize("runs", [1, 2])
def test_markup_in_a_title_stays_text(runs: int) -> None:
    made = page.page([hostile(number) for number in range(1, runs + 1)])
    shown = tree(made)
    harmless = tree(page.page([run.simulated(Scenario.parse(BASE)) for _ in range(runs)]))
    assert [element.tag for element in shown.iter()] == [element.tag for element in harmless.iter()]
    assert HOSTILE in words(shown)
    assert "49" not in words(next(shown.iter("h1")))
    titles = [f"{HOSTILE} {number}" for number in range(1, runs + 1)]
    written = ["".join(element.itertext()) for element in shown.iter("pre")]
    assert [Scenario.parse(one).settings.title for one in written] == titles
    if runs == 2:
        said = [name for trace in dict(data(shown))["trade_off"]["data"] for name in trace["customdata"]]
        assert all("&lt;script&gt;alert('x')&lt;/script&gt;" in one for one in said), "and plotly does not read it as markup"
        blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', made, re.DOTALL)
        assert len(blocks) == len(list(data(shown)))
        assert not any("<" in block for block in blocks)


# --- figures by pencil ---


@pytest.mark.parametrize(
    ("values", "unit", "head", "texts"),
    [
        ([0.0025, 0.00000004, 0.0], "s", "time, ms", ["2.500", "< 0.001", "0"]),
        ([0.25, 0.0004], "s", "time, ms", ["250.00", "0.40"]),
        ([1234.0, 999.4], "J", "time, kJ", ["1.234", "0.999"]),
        ([0.0, 0.0], "s", "time, s", ["0", "0"]),
        ([], "s", "time, s", []),
        ([5e-16], "J", "time, aJ", ["500.00"]),
    ],
)
def test_columns_in_one_unit(values: list[float], unit: str, head: str, texts: list[str]) -> None:
    found = measured("time", values, unit)
    assert (found.head, [cell.text for cell in found.cells]) == (head, texts)
    assert [cell.value for cell in found.cells] == values


def test_columns_that_belong_together_share_a_unit() -> None:
    found = measured("border", [0.00002], "s", [0.084, 0.00002])
    assert (found.head, found.cells[0].text) == ("border, ms", "0.020")


def test_a_colour_that_one_sees_through() -> None:
    assert faded("#D55E00", 0.4) == "rgba(213,94,0,0.4)"


def test_axes() -> None:
    factor, x = linear("time", 0.084, "s")
    assert (factor, x["title"]["text"], x["range"]) == (1000.0, "time, ms", [0, 84.0])
    few = logarithmic("energy", [2e-3, 5e-3], "J")
    assert dict(zip(few["tickvals"], few["ticktext"], strict=True)).items() >= {0.001: "1 mJ", 0.002: "2 mJ", 0.005: "5 mJ"}.items()
    many = logarithmic("speed", [1e6, 1e12], "Op/s")
    assert many["ticktext"][-2:] == ["100 GOp/s", "1 TOp/s"]
    assert [10.0**end for end in many["range"]] == pytest.approx([5e5, 2e12], rel=1e-4)


def test_the_few_that_most_falls_to() -> None:
    assert contents._largest({"a": 1.0, "b": 96.6, "c": 2.0, "d": 0.4}) == "b 97 %, c 2 %, a 1 %, 1 more"
    assert contents._largest({"a": 1.0}) == "a 100 %"
    assert contents._largest({"a": 1000.0, "b": 0.1}) == "a 100 %, 1 more"
    assert contents._largest({}) == ""


# --- the command ---


def test_report_writes_one_file(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "page.html"
    result = invoke("report", TINY_FILE, "-o", target)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"wrote {target}: {target.stat().st_size / 1e6:.1f} MB; opens in a browser, offline too\n"
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]
    shown = tree(target.read_text("utf-8"))
    assert words(next(shown.iter("h1"))) == "A tiny residual network on a 2 x 2 mesh"
    assert "147.7 us" in words(shown)


def test_report_of_several_with_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("report", TINY_FILE, write(tmp_path), "--set", "frames=2")
    assert result.exit_code == 0
    assert result.stderr.startswith("wrote report.html: ")
    shown = tree((tmp_path / "report.html").read_text("utf-8"))
    assert words(next(shown.iter("h1"))) == "2 runs compared"
    assert all("frames: 2" in "".join(element.itertext()) for element in shown.iter("pre"))
    assert words(shown).count("--set frames=2") == 2


@pytest.mark.slow
def test_two_processes_write_the_same_page(tmp_path: Path) -> None:
    pages = [tmp_path / f"{number}.html" for number in (1, 2)]
    for target in pages:
        assert process("report", TINY_FILE, "-o", target, env={"PYTHONHASHSEED": target.stem})[:2] == (0, "")
    assert pages[0].read_bytes() == pages[1].read_bytes()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("folder", "--output: '{}/folder' is a directory; name a file"),
        ("file/page.html", "--output: '{}/file' is a file; name a directory"),
    ],
)
def test_no_place_for_a_page_is_said_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.setattr(run, "run", lambda *_: pytest.fail("simulated"))
    result = invoke("report", TINY_FILE, "-o", tmp_path / output)
    assert result.exit_code == 2
    assert sentences(result) == [said.format(tmp_path)]


def test_one_scenario_that_is_wrong_is_said_before_any_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "run", lambda *_: pytest.fail("simulated"))
    result = invoke("report", TINY_FILE, write(tmp_path, "frames: none\n"), "-o", tmp_path / "page.html")
    assert result.exit_code == 2
    assert sentences(result) == [f"{tmp_path / 's.yaml'}:6:1: frames: must be an integer or empty, not the text 'none'"]
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("missing", page.NEEDED)
def test_what_is_not_installed_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(page, "find_spec", lambda name: None if name == missing else object())
    result = invoke("report", TINY_FILE, "-o", tmp_path / "page.html")
    assert result.exit_code == 2
    assert sentences(result) == ["an HTML page needs an optional package; install it with: pip install 'hyperdrive-sim[report]'"]
    assert not (tmp_path / "page.html").exists()


def test_every_element_is_read() -> None:
    """The reader of tables itself: what it would not see, no test here would miss."""
    shown: Element = parsed(TINY)
    assert {grid.get("id") for grid in shown.iter("table")} == {
        *("layers", "time", "stalls", "units", "tile_use", "memories", "prices", "versions")
    }
    assert {name for name, _ in data(shown)} == {"layer_time", "tiles", "timeline", "roofline", "power", "energy", "memories"}


# --- systems of several parts ---


def test_a_system_has_a_section_of_parts() -> None:
    page, found = parsed(SYSTEM), report(SYSTEM)
    rows = table(page, "parts")
    assert list(rows) == ["front", "back", "links and memories"]
    assert [row["chips"].text for row in rows.values()] == ["4 hyperdrive, 2 x 2, 58 MHz", "2 xnorbin in turn, 156 MHz", ""]
    assert [rows[part.name]["energy"].value for part in found.parts] == [pytest.approx(part.energy.total_j) for part in found.parts]
    frames = dict(data(page))["parts"]["data"][0]
    assert sorted(zip(frames["y"], frames["text"], strict=True)) == [
        *(("back[0]", frame) for frame in "02"),
        ("back[1]", "1"),
        *(("front", frame) for frame in "012"),
    ]
    assert "fashion_mixed at 1 x 28 x 28 on 4 hyperdrive chips (mesh 2 x 2) at 58 MHz + 2 xnorbin chips at 156 MHz" in words(page)


def test_a_system_has_a_picture_of_tiles_and_a_roof_for_each_part() -> None:
    found, drawn = report(SYSTEM), dict(data(parsed(SYSTEM)))
    assert [name for name in drawn if name.startswith("tiles")] == ["tiles-front", "tiles-back"]
    assert drawn["tiles-front"]["frames"]["names"] == ["whole run", "3", "6"]
    peaks = [line["y"] for line in drawn["roofline"]["data"] if "arrays" in line["name"]]
    assert peaks == [[part.peak_ops_per_s] * 2 for part in found.parts]


def test_what_all_chips_of_a_part_do_is_one_row_of_prices() -> None:
    found = report(SYSTEM)
    read = sum(found.energy.by_action[f"back[{number}].map_read.word"].count for number in range(2))
    assert table(parsed(SYSTEM), "prices")["back map_read.word"]["count"].value == pytest.approx(read)


def test_one_chip_has_no_section_of_parts() -> None:
    assert "parts" not in dict(data(parsed(TINY)))
