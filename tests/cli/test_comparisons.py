"""Several scenarios in one table: its figures, its width, what it says of unlike work, and what becomes of those that cannot run."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import simulated
import worlds
from commands import BASE, SCENARIOS, TINY, invoke, process, sentences, write
from rich.console import Console, RenderableType

from hyperdrive_sim.cli import comparisons
from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput, Mistake, Place, Stuck
from hyperdrive_sim.outputs import sources
from hyperdrive_sim.reports.report import Report, UnitRow
from hyperdrive_sim.reports.summary import per_s, percent, si
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import runs

RESNETS = [str(SCENARIOS / "hyperdrive" / f"{name}.yaml") for name in ("resnet34_224", "resnet18_224", "resnet50_224")]
COMPARE = SCENARIOS / "compare"
WIDE = 200


@cache
def report(file: str = str(TINY), *changes: str) -> Report:
    """Of a scenario in the repository, or of one that a test wrote."""
    path = Path(file)
    if path.is_relative_to(SCENARIOS):
        return simulated.report(path.relative_to(SCENARIOS).with_suffix("").as_posix(), *changes)
    return runs.run(Scenario.read(path, changes))


def titled(title: str, found: Report) -> Report:
    return replace(found, scenario=replace(found.scenario, title=title))


def shown(*found: tuple[str, Report | HyperdriveSimError], width: int = WIDE) -> str:
    return printed(comparisons.comparison(found), width)


def printed(table: RenderableType, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, markup=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def goes_to(found: Report) -> str:
    """The kind of unit that the last task to end and those that it waited for took up most, and its share."""
    kinds, spent = {unit.name: unit.kind for unit in found.units}, Counter[str]()
    for index, ps in found.trace.chain():
        assert index is not None
        spent[kinds[found.trace.tasks[index].unit]] += ps
    (kind, most), *_ = spent.most_common()
    return f"{kind} {round(100 * most / sum(spent.values()))} %"


def row(found: Mapping[str, Any], most_time: str) -> list[str]:
    """What a line of the widest table must say, from the JSON of a run; all of it in one line."""
    network, system, time, energy, efficiency = (found[part] for part in ("network", "system", "time", "energy", "efficiency"))
    prices = [(action["energy_j"], action["provenance"]) for action in energy["by_action"].values()]
    weak = sum(joules for joules, known in prices if known in ("fitted", "recalled", "assumed")) / energy["total_j"]
    return [
        found["scenario"]["title"],
        network["name"],
        system["architecture"],
        si(time["latency_s"], "s"),
        per_s(time["frames_per_s"]),
        si(energy["core_j"], "J"),
        si(energy["io_j"], "J"),
        si(efficiency["system_ops_per_j"]),
        si(efficiency["core_ops_per_j"]),
        percent(found["throughput"]["utilization"]),
        most_time,
        f"{100 * weak:.0f} %",
    ]


# --- the table ---


def test_by_hand() -> None:
    """The first row is the tiny mesh of the README's `diagram`, whose 8,566 cycles at 58 MHz are 147.7 us."""
    code, out, err = process("compare", TINY, *RESNETS[:1], env={"COLUMNS": str(WIDE)})
    assert (code, err) == (0, "")
    _, head, first, second, blank, *remarks = out.splitlines()
    assert cells(head) == [
        *("scenario", "network", "chip", "latency", "rate", "energy", "energy"),
        *("Op/s/W", "Op/s/W", "use", "most time", "prices"),
    ]
    assert cells(first)[:5] == ["A tiny residual network on a 2 x 2 mesh", "tiny_resnet", "hyperdrive", "147.7 us", "6,771 /s"]
    assert cells(second)[3:7] == ["80.58 ms", "12.41 /s", "1.494 mJ", "522.3 uJ"]
    assert cells(second)[7:] == ["3.52 T", "4.75 T", "96.9 %", "array 100 %", "100 %"]
    assert blank == ""
    assert cells(remarks[1]) == ["counted", "system"]
    assert cells(remarks[2]) == ["scenario", "quantity", "published", "so", "pays", "off by", "known as"]
    assert remarks[-2:] == [
        "the scenarios compute different networks: tiny_resnet, resnet34",
        "the scenarios take inputs of different sizes: 3 x 48 x 64, 3 x 224 x 224",
    ]


def test_figures_are_those_of_run(tmp_path: Path) -> None:
    path = write(tmp_path, "frames: 3\nchip: {voltage_v: 1.0}\n")
    code, out, _ = process("compare", TINY, path, env={"COLUMNS": str(WIDE)})
    lines = out.splitlines()
    assert code == 0
    for file, line in ((TINY, lines[2]), (path, lines[3])):
        assert cells(line) == row(json.loads(invoke("run", file, "--json").stdout), goes_to(report(str(file))))


def test_one_file_is_enough() -> None:
    result = invoke("compare", TINY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "147.7 us" in result.stdout
    assert "different" not in result.stdout


def test_what_is_set_holds_for_every_file(tmp_path: Path) -> None:
    files = [TINY, write(tmp_path)]
    changed = json.loads(invoke("compare", *files, "--json", "--set", "frames=2", "--set", "chip.voltage_v=1.0").stdout)
    for entry in changed:
        alone = invoke("run", entry["file"], "--json", "--set", "frames=2", "--set", "chip.voltage_v=1.0")
        assert entry["result"] == json.loads(alone.stdout)
        assert (entry["result"]["time"]["frames"], entry["result"]["system"]["clock_mhz"]) == (2, 167.7)


def most_time(found: Report) -> str:
    return cells(shown(("a", found)).splitlines()[2])[-2]


def test_what_most_of_the_time_goes_to_by_hand(tmp_path: Path) -> None:
    """9,216 bits of input and 49,152 of output at 51.2 Gbit/s, in between 27 cycles for 6 pixels and 96 + 96 at 58 MHz: 84.26 %."""
    found = report(str(write(tmp_path)))
    chain = [(found.trace.tasks[index].unit, ps) for index, ps in found.trace.chain() if index is not None]
    assert chain == [("host.link", 960_000), ("chip[0,0].array", (27 * 6 + 96 + 96) * 10**6 // 58), ("host.link", 180_000)]
    assert sum(ps for _, ps in chain) == found.trace.makespan_ps == 7_243_448
    assert most_time(found) == "array 84 %"


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        ([("one", 3000), ("link", 4000), ("two", 3000)], "array 60 %"),  # no unit is as busy as the link, but the arrays are
        ([("one", 3000), ("link", 4000), ("one", 900)], "border 51 %"),  # 4000 of 7900
        ([("host", 7000), ("one", 5000)], "host 58 %"),
        ([("one", 2000)], "array 100 %"),
    ],
)
def test_shares_of_the_time_are_of_kinds_of_units(tasks: list[tuple[str, int]], text: str) -> None:
    """Tasks one after the other, beside them a longer one that nothing waits for."""
    kinds = {"one": "array", "two": "array", "link": "border", "host": "host", "idle": "flash"}
    units = tuple(UnitRow(name, kind, 0.0, 0.0, 0.0) for name, kind in kinds.items())
    chained = [worlds.task("work", unit, ps, *range(max(0, number - 1), number)) for number, (unit, ps) in enumerate(tasks)]
    trace = worlds.run(*chained, worlds.task("beside", "idle", sum(ps for _, ps in tasks) - 1))
    assert most_time(replace(report(), units=units, trace=trace)) == text


def test_time_before_a_frame_arrives_is_named_too() -> None:
    """3 ns until it is there, 1 ns of work."""
    trace = worlds.run(worlds.task("work", "one", 1000, not_before_ps=3000))
    units = (UnitRow("one", "array", 0.0, 0.0, 0.0),)
    assert most_time(replace(report(), units=units, trace=trace)) == "arrival 75 %"


def test_titles_that_say_the_same_are_told_apart_by_their_files() -> None:
    one, other = titled("chip", report()), titled("mesh", report())
    text = shown(("here/a.yaml", one), ("there/b.yaml", one), ("c.yaml", other))
    assert [cells(line)[0] for line in text.splitlines()[2:]] == ["chip (a.yaml)", "chip (b.yaml)", "mesh"]


def test_a_title_that_all_have_stands_above() -> None:
    text = shown(("here/a.yaml", titled("chip", report())), ("there/b.yaml", titled("chip", report())))
    assert text.splitlines()[0] == "chip"
    assert [cells(line)[0] for line in text.splitlines()[3:]] == ["a.yaml", "b.yaml"]


def test_a_title_is_text_and_no_markup() -> None:
    out = io.StringIO()
    Console(file=out, width=WIDE).print(comparisons.comparison([("a", titled("[red]a[/red] [b", report()))]))
    assert "[red]a[/red] [b  tiny_resnet" in out.getvalue()


# --- how far to trust it ---


def test_weak_prices_of_a_small_scenario(tmp_path: Path) -> None:
    """After layout, the 257 pJ of a cycle are derived from published figures and the 21 pJ of a bit across the edge recalled.

    In silicon both are recalled: 320 pJ are derived from an efficiency that nobody could look up. A 3 x 3 convolution of 3 to 16
    channels of 12 x 16 pixels, in FP16 at the edge: 27 cycles for each of the 6 pixels of a tile, 96 cycles
    to scale and 96 to add the bias.
    """
    path = str(write(tmp_path))
    recalled = (3 * 12 * 16 * 16 + 16 * 3 * 3 * 3 + 16 * 12 * 16 * 16) * 21
    derived = (27 * 6 + 96 + 96) * 257
    simulated = report(path, "chip.operating_points=post_layout", "chip.voltage_v=0.65")
    assert simulated.energy.assumed_share == pytest.approx(recalled / (recalled + derived))
    assert report(path).energy.assumed_share == 1.0


# --- unlike work ---


def test_like_work_needs_no_remark(tmp_path: Path) -> None:
    found = report()
    assert "\n\n" not in shown(("a", found), ("b", replace(found, time=replace(found.time, latency_s=1.0))))


def test_unlike_work_is_said_in_words() -> None:
    found = report()
    network = replace(found.network, name="other")
    larger = replace(found.network, input_shape=(3, 96, 64))
    variant = replace(found.network, ops=found.network.ops + 1_000_000)
    host = replace(found.network, ops=found.network.ops - 1_000_000, host_ops=found.network.host_ops + 1_000_000)
    remarks = {
        "the scenarios compute different networks: tiny_resnet, other": network,
        "the scenarios take inputs of different sizes: 3 x 48 x 64, 3 x 96 x 64": larger,
        "the scenarios compute different variants of one network: 15.56 MOp, 16.56 MOp": variant,
        "the scenarios leave different amounts of work to the host: 2.87 MOp, 3.87 MOp": host,
    }
    for remark, other in remarks.items():
        text = shown(("a", found), ("b", replace(found, network=other)), ("c", found))
        assert text.split("\n\n")[1] == remark


def test_other_networks_have_other_work_without_a_word() -> None:
    found = report()
    other = replace(found, network=replace(found.network, name="other", host_ops=0))
    assert shown(("a", found), ("b", other)).split("\n\n")[1] == "the scenarios compute different networks: tiny_resnet, other"


# --- width ---

HEADS = ("network", "chip", "latency", "rate", "energy", "energy", "Op/s/W", "Op/s/W", "use", "most time", "prices")
GOING = (1, 0, 3, 7, 9, 8, 10)
"""Which of them are left out, the first ones first."""


def columns(head: str) -> list[int]:
    """Those that a table of that head has besides the title's."""
    names = cells(head)[1:]
    left = sorted(set(range(len(HEADS))) - set(GOING[: len(HEADS) - len(names)]))
    assert names == [HEADS[number] for number in left], head
    return left


def titles(lines: Sequence[str], figures: Sequence[list[str]]) -> list[str]:
    """Each scenario's title, put together again from its lines, of which the first must have all of its figures."""
    found: list[list[str]] = []
    for line in lines:
        title, *others = cells(line)
        if others:
            assert others == figures[len(found)]
            found.append([])
        found[-1].append(title)
    assert len(found) == len(figures)
    return [" ".join(words) for words in found]


COMPARED = [
    pytest.param([*RESNETS, str(TINY)], id="hyperdrive"),
    *(pytest.param([str(file) for file in sorted(folder.iterdir())], id=folder.name) for folder in sorted(COMPARE.iterdir())),
]


@pytest.mark.slow
@pytest.mark.parametrize("files", COMPARED)
def test_nothing_is_cut_off_at_any_width(files: list[str]) -> None:
    """From 52 columns to 140: all figures of a scenario in one line, whole, and all words of its title; more room, no fewer columns."""
    found = [(file, report(file)) for file in files]
    found.append(("weak.yaml", report(RESNETS[0], "chip.voltage_v=0.65", "title=at 0.65 V")))
    wanted = [row(one.to_dict(), goes_to(one)) for _, one in found]
    table, kept = comparisons.comparison(found), set[int]()
    for width in range(52, 141):
        lines = printed(table, width).splitlines()
        assert max(map(len, lines)) <= width
        assert "\N{HORIZONTAL ELLIPSIS}" not in "".join(lines)
        numbers = columns(lines[1])
        assert kept <= set(numbers)
        kept = set(numbers)
        figures = [[one[1 + number] for number in numbers] for one in wanted]
        end = next(number for number, line in enumerate(lines) if not line or line.startswith("left out for want of room: "))
        assert titles(lines[2:end], figures) == [title for title, *_ in wanted]
    assert len(kept) == len(HEADS)


@pytest.mark.parametrize(
    ("least", "most", "columns"),
    [
        (121, 140, "scenario network chip latency rate energy energy Op/s/W Op/s/W use most time prices"),
        (109, 120, "scenario network latency rate energy energy Op/s/W Op/s/W use most time prices"),
        (99, 108, "scenario latency rate energy energy Op/s/W Op/s/W use most time prices"),
        (89, 98, "scenario latency energy energy Op/s/W Op/s/W use most time prices"),
        (80, 88, "scenario latency energy energy Op/s/W use most time prices"),
        (67, 79, "scenario latency energy energy Op/s/W use prices"),
        (59, 66, "scenario latency energy energy Op/s/W prices"),
        (52, 58, "scenario latency energy energy Op/s/W"),
    ],
)
def test_what_is_left_out_where_there_is_no_room(least: int, most: int, columns: str) -> None:
    for width in (least, most):
        assert shown(*((file, report(file)) for file in RESNETS), width=width).splitlines()[1].split() == columns.split()


def test_a_title_breaks_between_words_and_a_long_word_anywhere() -> None:
    text = shown(("a", titled("a ResNet " + "x" * 40, report())), width=60)
    assert "147.7 us" in text
    table = text.partition("left out for want of room")[0]
    first = [line.split()[0] for line in table.splitlines()[2:]]
    assert "".join(first[1:]) == "x" * 40
    assert max(map(len, text.splitlines())) <= 60


# --- JSON ---


def test_json(tmp_path: Path) -> None:
    wrong = write(tmp_path, "frames: 0\n")
    result = invoke("compare", TINY, wrong, "--json")
    assert (result.exit_code, result.stderr) == (3, "")
    first, second = json.loads(result.stdout)
    assert first == {"file": str(TINY), "result": json.loads(invoke("run", TINY, "--json").stdout)}
    assert set(second) == {"file", "error"}
    assert second["file"] == str(wrong)
    assert second["error"].startswith(f"{wrong}:6:1: frames: ")


def test_json_when_none_runs() -> None:
    result = invoke("compare", "nosuch.yaml", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: cannot read 'nosuch.yaml': there is no such file\n"


# --- what cannot run ---


def test_the_others_still_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "frmaes: 2\nchip: {mesh: [0, 1]}\n")
    write(tmp_path, "chip: {feature_map_memory_bits: 16}\n", name="small.yaml")
    result = invoke("compare", "nosuch.yaml", "s.yaml", TINY, "small.yaml")
    assert (result.exit_code, result.stderr) == (3, "")
    table, below = result.stdout.split("\n\n")
    assert [cells(line)[1] for line in table.splitlines()[2:3]] == ["147.7 us"]
    missing, unknown, mesh, *small = below.splitlines()
    assert missing == "cannot read 'nosuch.yaml': there is no such file"
    assert unknown == "s.yaml:6:1: unknown key 'frmaes'; did you mean 'frames'?"
    assert mesh.startswith("s.yaml:7:15: chip.mesh.0: ")
    assert small[0].startswith("small.yaml:")
    assert " ".join(small).endswith("no mesh holds it, the memory must be larger")


def test_an_error_without_a_file_is_given_its_file() -> None:
    wrong = InvalidInput(Mistake("chip", "is wrong", place=Place("--set chip=1", 1, 1)), Mistake("", "is bad", place=Place("s.yaml", 2, 1)))
    text = shown(("a", report()), ("s.yaml", wrong), ("t.yaml", Stuck("nobody moves")))
    assert text.split("\n\n")[1].splitlines() == [
        "s.yaml: --set chip=1:1:1: chip: is wrong",
        "s.yaml:2:1: is bad",
        "t.yaml: nobody moves",
    ]


def test_none_can_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, base=BASE.replace("tiny_conv", "vgg16"))
    result = invoke("compare", "nosuch.yaml", "s.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    first, second = sentences(result)
    assert first == "cannot read 'nosuch.yaml': there is no such file"
    assert second.startswith("s.yaml:3:1: network: 'vgg16' is not in the zoo; known networks: ")
    assert "    network: vgg16\n    ^\n" in result.stderr


def test_what_is_wrong_with_every_file_alike_is_said_once() -> None:
    result = invoke("compare", TINY, *RESNETS, "--set", "chip.voltgae_v=1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(sentences(result)) == 1
    assert "did you mean 'voltage_v'?" in result.stderr


def test_faults_found_while_running_end_as_in_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(*_: object, **__: object) -> Report:
        raise Stuck("nobody moves")

    monkeypatch.setattr(sources, "run", stuck)
    result = invoke("compare", TINY)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "error: nobody moves\n")


def test_no_file_is_no_comparison() -> None:
    result = invoke("compare")
    assert result.exit_code == 2
    assert "FILE..." in result.stderr


# --- the terminal ---


@pytest.mark.slow
def test_plain_where_nobody_wants_colour() -> None:
    for environment in ({}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}):
        code, out, err = process("compare", TINY, *RESNETS[:1], "nosuch.yaml", env={"COLUMNS": "80", **environment})
        assert (code, err) == (3, "")
        assert "\x1b" not in out
        assert [line for line in out.splitlines() if line != line.rstrip() or len(line) > 80] == []


def test_remarks_are_dim_and_failures_red() -> None:
    out = io.StringIO()
    console = Console(file=out, width=WIDE, force_terminal=True, color_system="standard", no_color=False, highlight=False)
    console.print(comparisons.comparison([("a", report()), ("b", report(RESNETS[0])), ("c", Stuck("nobody moves"))]))
    assert "\x1b[2mthe scenarios compute different networks: tiny_resnet, resnet34\x1b[0m" in out.getvalue()
    assert "\x1b[1;31mc: nobody moves\x1b[0m" in out.getvalue()


def test_progress_is_told() -> None:
    told: list[str] = []
    ran = sources.compare([TINY] * 2, progress=lambda stage, done, total: told.append(stage))
    assert len(ran) == 2
    assert told.count("scheduling") == told.count("summarising") == 2


def test_help_lists_it_and_says_what_weak_means() -> None:
    assert " compare " in invoke("--help").stdout
    text = " ".join(invoke("compare", "--help").stdout.split())
    assert "share of the energy whose price is fitted, recalled or assumed" in text
