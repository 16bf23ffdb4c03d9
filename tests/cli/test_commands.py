"""What the commands print, write and end with: the public JSON form, files, exit codes, and a terminal left clean."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import NoneType
from typing import Any

import jsonschema
import numpy as np
import pytest
from commands import BASE, ROOT, SCENARIOS, TINY, invoke, process, sentences, started, write

from hyperdrive_sim import __version__, kernels
from hyperdrive_sim.archs import registry
from hyperdrive_sim.cli import progress
from hyperdrive_sim.network import zoo
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.network.zoo.entry import ANY, Entry
from hyperdrive_sim.outputs import staging
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import Compute, Copy, Region, Task
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.study import checks, runs
from hyperdrive_sim.text.document import Document

NUMBER = (int, float)
ROW = {"name": str, "kind": str}
SHAPE = {
    "schema_version": int,
    "scenario": {"title": str, "file": str, "hash": str},
    "network": {
        **{"name": str, "options": {}, "input_shape": [int], "layers": int, "macs": int, "ops": int, "weight_bits": int},
        **{"worst_layer_bits": int, "other_ops": int, "host_ops": int},
    },
    "system": {
        **{"architecture": str, "chips": int, "mesh": [int], "clock_mhz": float},
        **{"peak_ops_per_cycle": int, "peak_ops_per_s": int, "assumed": {...: NUMBER}, "fitted": {}, "changed": {...: object}},
        "granularity": str,
        "granularities": [str],
        "choice": NoneType,
    },
    "time": {
        **{"latency_s": float, "latency_min_s": float, "latency_median_s": float, "latency_p99_s": float, "latency_worst_s": float},
        "latency_histogram": {"edges_s": [float], "counts": [int]},
        **{"deadline_s": (float, NoneType), "deadline_misses": (int, NoneType)},
        **{"cycles": int, "frames": int, "frames_per_s": float, "arrivals_per_s": (float, NoneType), "overload": (float, NoneType)},
        **{"bound_by": str, "bound_s": float},
    },
    "throughput": {"ops_per_s": float, "ops_per_cycle": float, "utilization": float},
    "energy": {
        **{"total_j": float, "core_j": float, "io_j": float, "assumed_share": float},
        "by_action": {...: {"count": NUMBER, "energy_j": float, "pj": NUMBER, "provenance": str, "source": str, "rests_on": [str]}},
    },
    "io_bits": {"weights": NUMBER, "input": NUMBER, "output": NUMBER, "border": NUMBER},
    "efficiency": {"system_ops_per_j": float, "core_ops_per_j": float},
    "units": [ROW | {"busy_s": float, "waiting_s": float, "utilization": float}],
    "layers": [
        ROW
        | {"ops": int, "cycles": int, "total_cycles": int, "start_s": float, "end_s": float, "energy_j": float}
        | {"computed_s": float, "utilization": float, "stalls": {...: float}}
    ],
    "datasheet": {...: {"value": float, "unit": str, "provenance": str, "source": str, "rests_on": [str]}},
    "published": [
        {"quantity": str, "unit": str, "published": float, "as_published": (float, NoneType), "as_system": float}
        | {"error": (float, NoneType)}
        | {"tolerance": float, "between": {...: float}, "provenance": str, "rests_on": [str], "comes_back": bool}
        | {"source": str, "reason": str, "note": str}
    ],
}
"""The public form, key by key; `...` stands for any key."""


def conforms(value: Any, shape: Any, path: str = "") -> None:
    match shape:
        case dict():
            assert isinstance(value, dict), path
            if ... not in shape:
                assert list(value) == list(shape) or set(value) == set(shape), path
            for key, item in value.items():
                conforms(item, shape[... if ... in shape else key], f"{path}/{key}")
        case list():
            assert isinstance(value, list), path
            for number, item in enumerate(value):
                conforms(item, shape[0], f"{path}/{number}")
        case _:
            assert isinstance(value, shape), path
            assert isinstance(value, bool) == (shape is bool), path


def document(*arguments: object) -> dict[str, Any]:
    """The one JSON document that a command prints, and nothing else but what it wrote."""
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    assert all(line.startswith("wrote ") for line in result.stderr.splitlines()), result.stderr
    return json.loads(result.stdout)  # type: ignore[no-any-return]


# --- run ---


@pytest.mark.parametrize("settings", [[], ["frames=3"], ["frames=3", "frames_per_s=2000.0"], ["chip.mesh=[1,1]"], ["chip.mesh=[2,3]"]])
def test_json(settings: list[str]) -> None:
    report = document("run", TINY, "--json", *(word for one in settings for word in ("--set", one)))
    conforms(report, SHAPE)
    energy, frames, layers = report["energy"], report["time"]["frames"], report["layers"]
    assert energy["core_j"] + energy["io_j"] == pytest.approx(energy["total_j"], rel=1e-12)
    assert sum(action["energy_j"] for action in energy["by_action"].values()) == pytest.approx(energy["total_j"], rel=1e-12)
    assert sum(layer["energy_j"] for layer in layers) == pytest.approx(energy["total_j"] * frames, rel=1e-12)
    assert all(action["energy_j"] == pytest.approx(action["count"] * action["pj"] * 1e-12) for action in energy["by_action"].values())
    assert 0 <= energy["assumed_share"] <= 1
    assert sum(layer["ops"] for layer in layers) == report["network"]["ops"] * frames
    assert all(0 <= row["utilization"] <= 1 for row in (*report["units"], *layers))
    assert 0 < report["throughput"]["utilization"] <= 1
    assert report["time"]["bound_s"] * report["system"]["clock_mhz"] * 1e6 <= report["time"]["cycles"] + 1
    assert all(0 <= layer["start_s"] < layer["end_s"] for layer in layers)


def test_json_of_a_scenario_that_reproduces() -> None:
    report = document("run", SCENARIOS / "hyperdrive" / "resnet34_224.yaml", "--json")
    conforms(report, SHAPE)
    assert len(report["published"]) == 13
    for row in report["published"]:
        if row["reason"]:
            assert (row["as_published"], row["error"]) == (None, None)
        else:
            assert row["error"] == pytest.approx(row["as_published"] / row["published"] - 1)
    (core,) = (row for row in report["published"] if row["quantity"] == "core efficiency at 0.5 V")
    assert core["comes_back"], "320 pJ are derived from it"


def test_json_holds_what_was_asked_for() -> None:
    report = document("run", TINY, "--json", "--set", "title=Two", "--set", "frames=2")
    assert report["scenario"]["title"] == "Two"
    assert report["scenario"]["file"] == str(TINY)
    assert report["network"]["name"] == "tiny_resnet"
    assert report["network"]["input_shape"] == [3, 48, 64]
    assert report["system"]["mesh"] == [2, 2]
    assert report["system"]["chips"] == 4
    assert report["time"]["frames"] == 2
    assert {unit["kind"] for unit in report["units"]} == {"weights", "host", "array", "border"}
    assert report["scenario"]["hash"] != document("run", TINY, "--json")["scenario"]["hash"]


@pytest.mark.slow
def test_two_processes_print_the_same_bytes() -> None:
    first, second = (process("run", TINY, "--json", env={"PYTHONHASHSEED": seed}) for seed in ("1", "2"))
    assert first == second
    assert first[0] == 0


def test_text() -> None:
    result = invoke("run", TINY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    lines = result.stdout.splitlines()
    assert lines[:5] == [
        "A tiny residual network on a 2 x 2 mesh",
        "tiny_resnet at 3 x 48 x 64 on 4 hyperdrive chips (mesh 2 x 2) at 58 MHz",
        "",
        "latency            147.7 us         of a frame, from its input to its last output",
        "frame rate         6,771 /s         1 frame in 8,566 cycles",
    ]
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)


OVERLOAD = ["--set", "frames=4", "--set", "frames_per_s=15000.0"]


def test_the_summary_says_how_many_frames_miss_the_deadline() -> None:
    settings = ["--set", "frames=20", "--set", "arrivals={poisson_per_s: 6000}", "--set", "deadline_s=0.0005"]
    assert " deadline 500 us missed by 4 of 20 frames frame rate 6,000 /s " in " ".join(invoke("run", TINY, *settings).stdout.split())


def test_arrivals_that_exceed_what_can_be_done() -> None:
    """In the summary in words, in the terminal beside the public form as a warning."""
    text = " ".join(invoke("run", TINY, *OVERLOAD).stdout.split())
    assert (
        "latency 157.6 us of the first frame, from its input to its last output "
        "median latency 259.8 us of 4 frames; min 157.6 us, 99th percentile 352.2 us, worst 352.2 us "
        "frame rate 7,417 /s 4 frames in 32,025 cycles, 15,000 /s arrive; the pace of the later ones, no faster than any unit allows, "
        "what is done once spread over all "
        "overload 2.022 times arrivals of 15,000 /s exceed the 7,417 /s that can be done; frames wait longer and longer, without end "
    ) in text
    result = invoke("run", TINY, *OVERLOAD, "--json")
    conforms(json.loads(result.stdout), SHAPE)
    assert result.stderr == "arrivals of 15,000 /s exceed the 7,417 /s that can be done; frames wait longer and longer, without end\n"


def test_a_title_is_text_and_no_markup() -> None:
    assert invoke("run", TINY, "--set", "title='[red]a[/red] [b'").stdout.startswith("[red]a[/red] [b\n")


def test_run_says_when_there_is_a_sweep(tmp_path: Path) -> None:
    write(tmp_path, "sweep: {frames: [1, 2]}\n")
    result = invoke("run", tmp_path / "s.yaml")
    assert result.exit_code == 0
    assert result.stderr == "this scenario has a sweep; `hyperdrive-sim sweep` runs all of it, this is its base case\n"
    assert invoke("run", tmp_path / "s.yaml", "--json").stderr == ""


# --- dry run ---


@pytest.mark.parametrize("name", ["resnet34_224", "resnet34_narrow_weights", "resnet50_224", "tiny_2x2"])
@pytest.mark.parametrize("settings", [[], ["frames=2"], ["chip.mesh=[2,3]", "chip.weight_buffer_blocks=2"], ["chip.tile_rows=3"]])
def test_dry_run_counts_the_tasks(name: str, settings: list[str]) -> None:
    changes = [*settings, "chip.feature_map_memory_bits=100000000", "chip.corner_memory_bits=1000000"]
    file = SCENARIOS / "hyperdrive" / f"{name}.yaml"
    expected = document("run", file, "--json", "--dry-run", *(word for one in changes for word in ("--set", one)))
    assert set(expected) == {"tasks", "seconds", "bytes", "limit_bytes", "sample_tasks"}
    assert expected["tasks"] == len(runs.run(Scenario.read(file, changes)).trace)


def test_dry_run_as_text() -> None:
    result = invoke("run", TINY, "--dry-run")
    takes, rests = result.stdout.splitlines()
    assert re.fullmatch(r"112 tasks, about [\d.]+ m?s up to the report and \d+ MiB", takes)
    assert re.fullmatch(r"extrapolated from 112 tasks; a run may take [\d,]+ MiB besides what this process has", rests)


# --- files ---


def test_output(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    printed = document("run", TINY, "--json", "-o", folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        *("arrays.npz", "layers.csv", "machine.json", "manifest.json", "result.json", "scenario.resolved.yaml", "spans.npz")
    ]
    assert json.loads((folder / "result.json").read_text("utf-8")) == printed
    rows = list(csv.DictReader(io.StringIO((folder / "layers.csv").read_text("utf-8"))))
    assert [row["layer"] for row in rows] == [layer["name"] for layer in printed["layers"]]
    for row, layer in zip(rows, printed["layers"], strict=True):
        assert (int(row["ops"]), int(row["cycles"]), float(row["energy_j"])) == (layer["ops"], layer["cycles"], layer["energy_j"])
        stalls = {key.removeprefix("stalled_by_").removesuffix("_s"): float(row[key]) for key in row if key.startswith("stalled_by_")}
        assert {cause: seconds for cause, seconds in stalls.items() if seconds} == {c: s for c, s in layer["stalls"].items() if s}
    assert (folder / "result.json").stat().st_mode & 0o777 == 0o644


NO_ROOM = "no space left on device; make room, or write elsewhere"


def test_output_replaces_an_earlier_run(tmp_path: Path) -> None:
    document("run", TINY, "--json", "--set", "frames=2", "-o", tmp_path / "out")
    printed = document("run", TINY, "--json", "-o", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "result.json").read_text("utf-8")) == printed
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("function", "failing", "code", "said"),
    [
        ("rename", OSError(errno.EACCES, "Permission denied"), 2, "error: {}: permission denied; write elsewhere\n"),
        ("rename", KeyboardInterrupt(), 130, "interrupted\n"),
        (
            "open",
            OSError(errno.ENOSPC, "No space left on device"),
            2,
            "error: {}/result.json: no space left on device; make room, or write elsewhere\n",
        ),
    ],
)
def test_a_failing_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, failing: BaseException, code: int, said: str
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise failing

    monkeypatch.setattr(staging.os if function == "rename" else staging, function, fails, raising=False)
    result = invoke("run", TINY, "-o", tmp_path / "deep" / "out")
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", said.format(tmp_path / "deep" / "out"))
    assert list(tmp_path.iterdir()) == []


FULL = Path("/dev/full")
if FULL.exists():

    @pytest.mark.parametrize("arguments", [["run", TINY, "--json"], ["list"], ["--help"]])
    def test_a_full_disk_under_stdout(arguments: list[object]) -> None:
        with FULL.open("w") as full:
            code, _, err = process(*arguments, stdout=full)
        assert (code, err) == (2, "error: stdout: " + NO_ROOM + "\n")


# --- check ---


def test_check() -> None:
    result = invoke("check", TINY, "--set", "granularity=pixel")
    assert (result.exit_code, result.stderr) == (0, "")
    words = [line.split()[:2] for line in result.stdout.splitlines()]
    assert words[:5] == [["ok", "values"], ["ok", "order"], ["ok", "bounds"], ["ok", "grain"], ["ok", "precision"]]
    assert "cut by block: 8,566 cycles (+21.23 %)" in result.stdout
    assert "all 43,008 values of 1 frame, replayed in simulated time, equal golden bit for bit" in result.stdout


def test_check_warns_of_a_schedule_that_is_too_coarse() -> None:
    """A block's borders leave when all of it is done; cut by pixel, they leave as they are made: 1,500 of 8,566 cycles less."""
    result = invoke("check", TINY)
    assert result.exit_code == 0
    assert "WARN  grain      cut by pixel: 7,066 cycles (-17.51 %)" in result.stdout
    assert result.stderr == (
        "warning: cut by pixel, the schedule lasts 7,066 cycles, 17.5 % less than the 8,566 cut by block; "
        "put `granularity: pixel` into the scenario\n"
    )


def test_check_as_json() -> None:
    result = invoke("check", TINY, "--json", "--set", "frames=2")
    assert result.stderr.startswith("warning: cut by pixel, ")
    found = json.loads(result.stdout)
    assert found["ok"] is True
    assert found["function"] == {"values": 2 * 43_008, "mismatch": None, "failure": ""}
    assert found["timing"]["hazard"] == ""
    assert found["timing"]["grains"]["block"] >= found["timing"]["bound"] > 0
    assert found["timing"]["granularity"] == "block"
    assert [sentence.partition(",")[0] for sentence in found["warnings"]] == ["cut by pixel"]
    assert set(found["deviation"]) == {"largest", "scale", "signs"}
    assert set(found) == {"ok", "warnings", "function", "deviation", "timing", "activation_rates", "frames", "kernel", "seconds"}
    assert found["activation_rates"] == {}


def broken(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[list[Task]], list[Task]]) -> None:
    """Do something to every schedule that is written."""
    written = Writer.schedule

    def spoilt(writer: Writer) -> Schedule:
        again = Writer()
        for task in spoil(list(written(writer))):
            again.add(task)
        return written(again)

    monkeypatch.setattr(Writer, "schedule", spoilt)


def first(tasks: list[Task], wanted: Callable[[Task], bool]) -> int:
    return next(index for index, task in enumerate(tasks) if wanted(task))


def without_a_border(tasks: list[Task]) -> list[Task]:
    """The first border that `layer1.0.conv1` sends is never stored."""
    index = first(tasks, lambda task: task.name == "border" and task.layer == "layer1.0.conv1")
    return [task._replace(effect=None) if n == index else task for n, task in enumerate(tasks)]


def with_another_bypass(tasks: list[Task]) -> list[Task]:
    """One chip adds the wrong map of the right shape."""
    index = first(
        tasks, lambda task: isinstance(task.effect, Compute) and task.effect.locations.layers == ("layer1.0.conv2", "layer1.0.add")
    )
    effect = tasks[index].effect
    assert isinstance(effect, Compute)
    (operand,) = effect.locations.operands
    locations = effect.locations._replace(operands=(Region(operand.memory, "layer1.0.conv1", operand.box),))
    return [task._replace(effect=effect._replace(locations=locations)) if n == index else task for n, task in enumerate(tasks)]


def without_waiting(tasks: list[Task]) -> list[Task]:
    """The first block of `layer2.0.conv1` starts on all chips as soon as its weights are there."""
    return [task._replace(after=()) if task.name == "compute" and task.layer == "layer2.0.conv1" else task for task in tasks]


def without_output(tasks: list[Task]) -> list[Task]:
    return [task._replace(effect=None) if isinstance(task.effect, Copy) and task.name == "output" else task for task in tasks]


PLACE = r"\(channels \d+:\d+, rows \d+:\d+, columns \d+:\d+\)"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            without_a_border,
            rf"values chip\[1,0\]\.border lacks 16 of 16 values of 'layer1\.0\.conv1' {PLACE} "
            rf"when corner of layer1\.0\.conv1 on chip\[1,0\]\.east, frame 0, starts FAULT order .* {PLACE}, which nobody writes",
        ),
        (
            with_another_bypass,
            r"values chip\[0,0\]\.array computes 0\.404297 for channel 0, row 0, column 0 of 'layer1\.0\.add', golden is 0\.609375",
        ),
        (
            without_waiting,
            rf"values chip\[0,0\]\.array lacks 464 of 3536 values of 'layer1\.0\.add' {PLACE} "
            r"when compute of layer2\.0\.conv1 on chip\[0,0\]\.array, frame 0, starts FAULT order .*: nothing orders task 43 ",
        ),
        (without_output, r"values the host needs 'layer2\.0\.add' of frame 0, which has not arrived in full"),
    ],
)
def test_check_finds_a_sabotaged_schedule(monkeypatch: pytest.MonkeyPatch, spoil: Any, said: str) -> None:
    broken(monkeypatch, spoil)
    result = invoke("check", TINY)
    assert result.exit_code == 1
    assert result.stderr.startswith("warning: cut by pixel, "), "as without the fault"
    assert re.match(f"FAULT {said}", " ".join(result.stdout.split())), result.stdout


def test_a_fault_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, with_another_bypass)
    result = invoke("check", TINY, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["ok"] is False
    mismatch = {"unit": "chip[0,0].array", "layer": "layer1.0.add", "channel": 0, "row": 0, "column": 0}
    assert found["function"]["mismatch"] == mismatch | {"golden": 0.609375, "replayed": 0.404296875}


def test_a_schedule_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, lambda tasks: [tasks[0]._replace(unit="chip[9,9].array"), *tasks[1:]])
    result = invoke("run", TINY)
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentences(result) == ["task 0 (input of pool) wants the unit 'chip[9,9].array', which this machine does not have"]


# --- sweep ---


def test_sweep_as_json(tmp_path: Path) -> None:
    write(tmp_path, "sweep:\n  chip.mesh: [[1, 1], [2, 2]]\n  chip.voltage_v: [0.5, 1.0]\n  chip.operating_points: [silicon]\n")
    points = document("sweep", tmp_path / "s.yaml", "--json")
    assert [tuple(entry["point"].values()) for entry in points] == [  # type: ignore[attr-defined]
        ([1, 1], 0.5, "silicon"),
        ([1, 1], 1.0, "silicon"),
        ([2, 2], 0.5, "silicon"),
        ([2, 2], 1.0, "silicon"),
    ]
    for entry in points:
        conforms(entry["result"], SHAPE)  # type: ignore[index]
    alone = document("run", tmp_path / "s.yaml", "--json", "--set", "chip.mesh=[2,2]", "--set", "chip.voltage_v=1.0")
    last = points[-1]["result"]  # type: ignore[index]
    assert {key: last[key] for key in last if key != "scenario"} == {key: alone[key] for key in alone if key != "scenario"}


def test_sweep_as_text(tmp_path: Path) -> None:
    write(tmp_path, "sweep:\n  chip.weight_stream_bits_per_cycle: [16.0, 1.0]\n  frames: [1, 2]\n")
    result = invoke("sweep", tmp_path / "s.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    head, *rows = result.stdout.splitlines()[-5:]
    assert head.split() == ["cycle", "frames", "latency", "rate", "use", "energy", "efficiency", "most", "time"]
    assert [row.split()[:4] for row in rows] == [
        ["16.0", "1", "7.243", "us"],
        ["16.0", "2", "7.243", "us"],
        ["1.0", "1", "14.05", "us"],
        ["1.0", "2", "14.05", "us"],
    ]


# --- diagram ---


def test_diagram(tmp_path: Path) -> None:
    write(tmp_path)
    result = invoke("diagram", tmp_path / "s.yaml", "--width", "40")
    assert result.exit_code == 0
    assert result.stdout == (
        "time             |0 s       |2 us      |4 us      |6 us      busy\n"
        "layer            |conv\n"
        "host.weights    |██▓                                     |  6.4 %\n"
        "host.link       |█                                 ▒█████| 15.7 %\n"
        "chip[0,0].array |░█████████████████████████████████▓     | 84.3 %\n"
        "\n"
        "a character is 181.1 ns; share of it worked: ' ' none, ░ up to 1/4, ▒ up to 1/2, ▓ up to 3/4, █ more\n"
        "tasks by kind of unit: host: input, output; weights: stream; array: compute\n"
    )


def test_diagram_in_fewer_rows_than_units() -> None:
    """Even where there is no room for a row of each kind."""
    result = invoke("diagram", TINY, "--units", "3", "--width", "20")
    assert result.stdout == (
        "time          |0 s         |100 us    busy\n"
        "layer           |layer1  |layer2\n"
        "host.weights |▒    ▒    ░▒  ▒▓  ▓ | 13.8 %\n"
        "host.link    |▓                ░░░|  3.9 %\n"
        "array x 4    |  ░██▒ ░███░░██ ▒███| 51.9 %\n"
        "border x 8   |▓█▒░ ▓█▓░ ▒█▓░██▒   | 43.7 % (39.6 to 47.8 %)\n"
        "\n"
        "a character is 7.385 us; share of it worked: ' ' none, ░ up to 1/4, ▒ up to 1/2, ▓ up to 3/4, █ more\n"
        "x n: mean of n units, in brackets the least and the most busy of them if they differ\n"
        "tasks by kind of unit: host: input, output; border: border, corner; weights: stream; array: compute\n"
    )


def test_a_diagram_where_stdout_has_no_shades() -> None:
    code, out, err = process("diagram", TINY, "--units", "3", "--width", "20", env={"PYTHONIOENCODING": "ascii"})
    assert (code, err) == (0, "")
    assert "array x 4    |  .##: .###..## :###| 51.9 %\n" in out
    assert "share of it worked: ' ' none, . up to 1/4, : up to 1/2, + up to 3/4, # more\n" in out


def test_diagram_takes_the_room_there_is() -> None:
    assert max(map(len, invoke("diagram", TINY).stdout.splitlines())) == 100
    shown = on_a_terminal("diagram", TINY).splitlines()
    assert max(map(len, shown)) == 80


# --- list and schema ---


def test_list() -> None:
    found = document("list", "--json")
    assert [one["name"] for one in found["architectures"]] == list(registry.names())
    assert [one["name"] for one in found["networks"]] == list(zoo.names())
    text = invoke("list").stdout.splitlines()
    under = {head: text[text.index(head) + 1 :] for head in text if head and not head.startswith(" ")}
    assert under["scenarios of hyperdrive"][0].startswith("  compare/")
    start = text.index("  hyperdrive/resnet34_224")
    assert text[start + 1 : start + 3] == [
        "    ResNet-34 at 224 x 224 on one Hyperdrive chip",
        "    resnet34 at 3 x 224 x 224, 1 chip, 3.664 GMAC",
    ]
    assert "    resnet50 at 3 x 224 x 224, mesh: {auto: chips}, 3.858 GMAC" in text
    assert "    resnet34 at 3 x 1024 x 2048, 5 x 10 chips, 153.1 GMAC" in text
    assert "    binary_resnet20 at 3 x 32 x 32, 1 chip, 40.55 MMAC, 100 frames" in text
    assert "    groupnet_resnet18 at 3 x 224 x 224, 1 chip, 13.68 GMAC, a sweep of 4 points" in text
    assert "    fashion_cnv, trained, at 1 x 28 x 28, 1 chip, 58.42 MMAC" in text
    assert all(f"  {one['name']}" in text for one in found["scenarios"])


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_list_fits(width: int) -> None:
    code, out, err = process("list", env={"COLUMNS": str(width)})
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("  ")) <= width
    assert "MACs" in out


def test_listed_scenarios_can_be_run_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [one["name"] for one in document("list", "--json")["scenarios"]]
    assert len(names) == len(files())
    assert {Scenario.read(name).file for name in names} == set(map(str, files()))


def files() -> list[Path]:
    return sorted(SCENARIOS.rglob("*.yaml"))


def test_schema() -> None:
    schema = document("schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    assert len(files()) >= 12
    for file in files():
        text = Document.parse(file.read_text("utf-8"), file.name)
        assert not list(check.iter_errors(text.data)), file
    good = Document.parse(BASE, "s.yaml").data
    assert check.is_valid(good)
    for bad in (
        {"framse": 1},
        {"frames": 0},
        {"chip": {"mehs": 1}},
        {"network": "vgg16"},
        {"network": "lenet"},
        {"chip": {"mesh": [1]}},
        {"frames": "1"},
    ):
        assert not check.is_valid(good | bad), bad
    assert not check.is_valid({key: value for key, value in good.items() if key != "network"})
    assert check.is_valid({"extends": "other.yaml"})
    shapeless = {key: value for key, value in good.items() if key != "input_shape"}
    assert not check.is_valid(shapeless)
    assert check.is_valid(shapeless | {"network": "model.onnx"})
    assert check.is_valid(good | {"network": "lenet", "input_shape": [1, 28, 28]})
    assert check.is_valid(good | {"input_shape": [5, 28, 28]}), "tiny_conv takes any number of channels"


def test_the_schema_explains_every_key() -> None:
    schema = document("schema")
    chips = [schema["$defs"][f"chip_{name}"] for name in registry.names()]
    for key, field in (item for one in (schema, *chips) for item in one["properties"].items()):
        assert len(field["description"]) > 10, key
    assert all({"source", "provenance"} <= set(field) for chip in chips for field in chip["properties"].values())


# --- the process ---


def test_version_and_help() -> None:
    assert process("--version") == (0, f"hyperdrive-sim, version {__version__}\n", "")
    code, out, err = process("--help")
    assert (code, err) == (0, "")
    assert all(f" {name} " in out for name in ("run", "check", "sweep", "diagram", "list", "describe", "schema"))
    assert re.search(r"--set +KEY=VALUE +Change a key of the scenario: --set", invoke("run", "--help").stdout)
    assert "chip.mesh=[5,10]" in invoke("run", "--help").stdout


READY = "import sys, hyperdrive_sim.cli.commands as c; print('ready', file=sys.stderr, flush=True); sys.exit(c.main())"


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["run", "resnet152_2048x1024.yaml", "--json"], ["check", "resnet34_2048x1024.yaml"]])
def test_interrupted(arguments: list[str]) -> None:
    command = [sys.executable, "-c", READY, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=SCENARIOS / "hyperdrive", env=environment, text=True, **pipes) as running:  # type: ignore[call-overload]
        assert running.stderr.readline() == "ready\n"
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, "", "interrupted\n")


@pytest.mark.parametrize("arguments", [["list"], ["run", TINY, "--json"]])
def test_a_reader_that_has_seen_enough(arguments: list[object]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        code, _, err = process(*arguments, stdout=gone)
    assert (code, err) == (0, "")


def on_a_terminal(*arguments: object, **environment: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    env = {"TERM": "xterm-256color", "COLUMNS": "80"} | environment
    with started(*arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=env):
        os.close(theirs)
        written = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:
                break
            written += more
            if not more:
                break
    os.close(ours)
    return written.decode()


@pytest.mark.slow
def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    path = write(tmp_path, "frames: 0\n")
    colour = re.compile(r"\x1b\[[\d;]*3\d")
    assert colour.search(on_a_terminal("run", path))
    assert not colour.search(on_a_terminal("run", path, NO_COLOR="1"))
    assert "\x1b" not in process("run", path)[2]


def test_a_title_that_the_terminal_cannot_show() -> None:
    code, out, err = process("run", TINY, "--set", "title=one → two", env={"PYTHONIOENCODING": "latin-1"})
    assert (code, err) == (0, "")
    assert out.startswith("one \\u2192 two\n")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("terminal", "shown"), [(_Terminal, True), (io.StringIO, False)])
def test_progress_is_for_terminals_and_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: type[io.StringIO], shown: bool
) -> None:
    stderr = terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    until = time.monotonic() + (30 if shown else 0.3)
    with progress.ProgressBar() as bar:
        bar.update("simulating", 1, 4)
        while "simulating" not in stderr.getvalue() and time.monotonic() < until:
            time.sleep(0.02)
        bar.update("summarising", 0, 0)
    assert ("simulating" in stderr.getvalue()) is shown
    assert capsys.readouterr().out == ""


def test_no_bar_for_short_work(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = _Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress.ProgressBar() as bar:
        bar.update("simulating", 1, 4)
    assert stderr.getvalue() == ""


def test_check_writes_what_the_network_computed(tmp_path: Path) -> None:
    assert invoke("check", TINY, "--set", "frames=2", "-o", tmp_path / "out").exit_code == 0
    output = np.load(tmp_path / "out" / "output.npy")
    assert output.shape == (2, 10, 1, 1)
    assert output.dtype == np.float16
    assert (output[0] == output[1]).all()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "output.npy"]


def test_several_outputs_are_written_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two heads on one trunk, of 5 and of 16 channels."""
    sizes = {"trunk": ("input", 8), "one": ("trunk", 5), "two": ("trunk", 16)}
    layers = [Conv(name=name, inputs=(source,), out_channels=out, window=Window.square(1)) for name, (source, out) in sizes.items()]
    monkeypatch.setitem(zoo.ZOO, "tiny_heads", Entry(ANY, (3, 12, 16), "two heads", lambda: layers))
    scenario = write(tmp_path, base=BASE.replace("network: tiny_conv", "network: tiny_heads"))
    assert invoke("check", scenario, "-o", tmp_path / "out").exit_code == 0
    with np.load(tmp_path / "out" / "output.npz") as outputs:
        assert {name: values.shape for name, values in outputs.items()} == {"one": (1, 5, 12, 16), "two": (1, 16, 12, 16)}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "output.npz"]


def test_check_says_when_it_will_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = Scenario.read(TINY.with_name("resnet34_224.yaml"))
    monkeypatch.setattr(kernels, "fastest", lambda: "numpy")
    assert checks.slowness(scenario) == (
        "without numba the values take about 15 s; pip install 'hyperdrive-sim[fast]' makes that a small part of it"
    )
    assert not checks.slowness(Scenario.read(TINY))
    monkeypatch.setattr(kernels, "fastest", lambda: "numba")
    assert not checks.slowness(scenario)


# --- tracebacks ---


def test_an_error_is_a_sentence_unless_its_traceback_is_asked_for() -> None:
    plain, asked = invoke("run", "nosuch.yaml"), invoke("--traceback", "run", "nosuch.yaml")
    assert (plain.exit_code, asked.exit_code) == (2, 2)
    assert plain.stderr == "error: cannot read 'nosuch.yaml': there is no such file\n"
    assert asked.stderr.startswith("Traceback (most recent call last):\n")
    assert asked.stderr.endswith(f"hyperdrive_sim.errors.InvalidInput: {plain.stderr.removeprefix('error: ')}{plain.stderr}")
    assert asked.stdout == ""


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_the_traceback_of_what_the_system_would_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "open", lambda *_: FULL.open("wb"), raising=False)
    result = invoke("--traceback", "run", TINY, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.endswith(f"error: {tmp_path / 'out' / 'result.json'}: {NO_ROOM}\n")


def test_the_tracebacks_of_some_that_failed(tmp_path: Path) -> None:
    write(tmp_path, "sweep: {frames: [1, 0]}\n")
    swept = invoke("--traceback", "sweep", tmp_path / "s.yaml", "--json")
    compared = invoke("--traceback", "compare", TINY, "nosuch.yaml", "--json")
    for result in (swept, compared):
        assert result.exit_code == 3
        assert result.stderr.count("Traceback") == 1
        assert len(json.loads(result.stdout)) == 2


# --- explain ---

WHY = """\
task 8: input of pool on host.link, frame 0
copies 192 pixels of channels 0:16 of 'pool' from host to chip[1,0].fmm

ready    cycle 0     0 s  from the beginning
start  cycle 111  1.92 us  after 111 cycles (1.92 us) of waiting for host.link
"""


def test_explain() -> None:
    result = invoke("explain", TINY, "8")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[:5] == [line.split() for line in WHY.splitlines()]
    assert "host.link did before it, while it was ready:\n  0: input pool host.link 0\n  4: input pool host.link 0\n" in result.stdout
    assert "after it come:\n  9: border pool chip[1,0].north 0, made ready by it\n" in result.stdout
    assert result.stdout == result.stdout.strip() + "\n"


def test_explain_goes_back_to_the_beginning() -> None:
    text = invoke("explain", TINY, "border layer1.0.conv2 chip[1,0].north").stdout
    chain = re.findall(r"^(\d+): \w+ \S+ \S+ 0 +[\d,]+ +[\d.]+ %", text, re.MULTILINE)
    assert chain == ["42", "23", "22", "21", "10", "9", "8"]
    assert "\nthe time went to array 48.3 %, border 48.0 %, host 3.7 %\n" in text


def test_explain_of_a_directory_lacks_only_the_effect(tmp_path: Path) -> None:
    invoke("run", TINY, "-o", tmp_path)
    alone, read = document("explain", TINY, "43", "--json"), document("explain", tmp_path, "43", "--json")
    assert alone["effect"].startswith("copies 16 pixels")
    assert read == alone | {"effect": None}
    assert set(read) == {
        *("task", "unit_kind", "effect", "actions", "ready", "start", "end", "waited", "chain", "chain_by_kind", "before", "releases")
    }


def test_explain_what_is_no_task(tmp_path: Path) -> None:
    result = invoke("explain", TINY, "compute layer2.0.conv1 chip[0,0].array")
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentences(result) == [
        "TASK: 'compute layer2.0.conv1 chip[0,0].array' fits 2 tasks: 61: compute layer2.0.conv1 chip[0,0].array 0; "
        "78: compute layer2.0.conv1 chip[0,0].array 0; say more of it, or its number"
    ]
    assert sentences(invoke("explain", tmp_path, "0", "--set", "frames=2"))[0].startswith(f"--set: '{tmp_path}' is a run that has been")
