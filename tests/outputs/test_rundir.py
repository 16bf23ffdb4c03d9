"""Run directories: a report written and read back, what is in the files, and that there is a whole run in them or none."""

from __future__ import annotations

import csv
import io
import json
import resource
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from commands import BASE, SCENARIOS, TINY, invoke, process, sentences, write
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from simulated import mixed_system
from simulated import report as report_of

from hyperdrive_sim.archs import registry
from hyperdrive_sim.cli import tables
from hyperdrive_sim.errors import InvalidInput, MissingExtra
from hyperdrive_sim.network.synthetic import random_parameters
from hyperdrive_sim.outputs import rundir, staging
from hyperdrive_sim.outputs.manifest import Manifest, without_directories
from hyperdrive_sim.outputs.yaml_text import yaml_text
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.span_columns import ABOUT
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.published import Comparison
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import run
from hyperdrive_sim.text.document import Document

RUNS = [
    ("hyperdrive/tiny_2x2",),
    ("hyperdrive/tiny_2x2", "frames=4", "frames_per_s=5000.0", "chip.mesh=auto"),
    ("hyperdrive/tiny_2x2", "frames=5", "arrivals={poisson_per_s: 5000}", "deadline_s=0.0002"),
    ("hyperdrive/resnet34_224",),
    ("hyperdrive/resnet34_narrow_weights",),
    ("xnorbin/binary_alexnet",),
    ("xnorbin/binary_alexnet_photo", "frames=2"),
    pytest.param(("chewbaccann/groupnet_resnet18_bases",), marks=pytest.mark.slow),
    ("nandnet_dram/lenet_compressed",),
    ("systems/mixed_precision", "frames=3"),
]
FILES = ["arrays.npz", "layers.csv", "machine.json", "manifest.json", "result.json", "scenario.resolved.yaml", "spans.npz"]


def simulated(name: str, *changes: str) -> tuple[Scenario, Report]:
    return Scenario.read(SCENARIOS / f"{name}.yaml", changes), report_of(name, *changes)


def written(folder: Path, name: str = "hyperdrive/tiny_2x2", *changes: str) -> Report:
    scenario, report = simulated(name, *changes)
    rundir.write(report, scenario, folder)
    return report


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)


def summary(report: Report) -> str:
    out = io.StringIO()
    Console(file=out, width=100, highlight=False).print(tables.summary(report))
    return out.getvalue()


# --- there and back ---


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_what_is_read_is_what_was_written(tmp_path: Path, which: tuple[str, ...]) -> None:
    report = written(tmp_path, *which)
    again = rundir.read(tmp_path)
    assert json.dumps(again.to_dict()) == json.dumps(report.to_dict())
    assert again.system == report.system, "tuples are tuples again"
    assert again.published == report.published
    assert again.machine == report.machine
    assert [task._replace(effect=None) for task in report.trace.tasks] == list(again.trace.tasks)
    for times in ("ready", "start", "end"):
        assert np.array_equal(getattr(again.trace, times), getattr(report.trace, times))
    assert same_use(again, report)
    assert again.layer_columns() == report.layer_columns()
    assert summary(again) == summary(report)
    assert again.diagram() == report.diagram()


def test_a_system_of_chips_with_tiles_of_several_shapes(tmp_path: Path) -> None:
    scenario, report = mixed_system()
    rundir.write(report, scenario, tmp_path / "run")
    again = rundir.read(tmp_path / "run")
    shapes = {"front.chip[0,0]": (2, 3), "front.chip[0,1]": (2, 3), "back[0].chip": (7, 7), "back[1].chip": (7, 7)}
    assert {chip: use.shape for chip, use in again.tiles.items()} == shapes
    assert same_use(again, report)
    assert again.parts == report.parts
    assert again.machine == report.machine


def same_use(one: Report, other: Report) -> bool:
    """Of tiles and memories, in the same order."""
    np.testing.assert_equal(dict(one.tiles), dict(other.tiles))
    np.testing.assert_equal({name: dict(tiles) for name, tiles in one.tiles_by_layer.items()}, dict(other.tiles_by_layer))
    np.testing.assert_equal({name: tuple(o) for name, o in one.occupancy.items()}, {name: tuple(o) for name, o in other.occupancy.items()})
    parts = ("tiles", "tiles_by_layer", "occupancy")
    return all(list(getattr(one, part)) == list(getattr(other, part)) for part in parts)


@pytest.mark.parametrize("which", RUNS[:5], ids=" ".join)
def test_what_is_read_can_be_written_again(tmp_path: Path, which: tuple[str, ...]) -> None:
    """To the byte: nothing that any file holds is lost on the way."""
    written(tmp_path / "one", *which)
    rundir.write(rundir.read(tmp_path / "one"), simulated(*which)[0], tmp_path / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert {name for name in one | two if one.get(name) != two.get(name)} <= {"manifest.json"}


def test_actions_are_shared_by_tasks_again(tmp_path: Path) -> None:
    written(tmp_path)
    trace = rundir.read(tmp_path).trace
    assert len({id(task.actions) for task in trace.tasks}) == len(trace.tasks.actions.values) < len(trace) / 5


def test_a_directory_can_be_moved(tmp_path: Path) -> None:
    report = written(tmp_path / "here", "xnorbin/binary_alexnet_photo")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert rundir.read(tmp_path / "there").to_dict() == report.to_dict()
    assert run(Scenario.read(tmp_path / "there" / "scenario.resolved.yaml")).time == report.time


# --- the files ---


@pytest.mark.slow
def test_two_runs_differ_in_their_manifests_only(tmp_path: Path) -> None:
    arguments = ["run", "hyperdrive/tiny_2x2.yaml", "--set", "frames=2", "-o"]
    for name, seed in (("one", "1"), ("two", "2")):
        code, _, err = process(*arguments, tmp_path / name, cwd=SCENARIOS, env={"PYTHONHASHSEED": seed})
        assert (code, err.partition(":")[0]) == (0, f"wrote {tmp_path / name}")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    first, second = (json.loads(files.pop("manifest.json")) for files in (one, two))
    assert one == two
    assert {key for key in first if first[key] != second[key]} <= {"command", "date", "wall_s", "peak_memory_bytes"}
    assert (first["command"], first["seed"]) == (["hyperdrive-sim", *arguments, "one"], 1)
    assert 0 < first["wall_s"] < 60
    assert 2**20 < first["peak_memory_bytes"] < 2**30
    assert set(first["versions"]) == {"hyperdrive_sim", "python", "numpy", "simpy", "networkx"}
    assert first["scenario_sha256"] == json.loads(one["result.json"])["scenario"]["hash"]


def test_no_file_says_where_anything_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("xnorbin", "pictures"):
        shutil.copytree(SCENARIOS / folder, tmp_path / folder)
    picture, scenario = tmp_path / "pictures" / "hopper.jpg", Path("xnorbin/binary_alexnet_photo.yaml")
    typed = ["run", str(scenario), f"--set=input.image={picture}", "-o", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["/usr/bin/hyperdrive-sim", *typed])
    assert invoke(*typed).exit_code == 0
    assert names(tmp_path / "out") == sorted([*FILES, "scenario.input.jpg"])
    for name, data in contents(tmp_path / "out").items():
        assert tmp_path.name.encode() not in data, name
        assert b"/usr/" not in data, name
    assert json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["command"] == [
        *("hyperdrive-sim", "run", str(scenario), "--set=input.image=hopper.jpg", "-o", "out")
    ]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("scenarios/a.yaml", "scenarios/a.yaml"),
        ("../a.yaml", "../a.yaml"),
        ("/home/me/a.yaml", "a.yaml"),
        ("/home/me/my runs/a.yaml", "a.yaml"),
        ("/home/me/runs/", "runs"),
        ("-o", "-o"),
        ("-o/home/me/out", "-oout"),
        ("--output=/home/me/out", "--output=out"),
        ("--set=weights=/home/me/w.npz", "--set=weights=w.npz"),
        ("input.image=/home/me/p.png", "input.image=p.png"),
        ("input={image: /home/me/p.png}", "input={image: p.png}"),
        ('sweep.weights=["/a/b/1.npz", "/a/b/2.npz"]', 'sweep.weights=["1.npz", "2.npz"]'),
        ("title=and/or, 1 / 2", "title=and/or, 1 / 2"),
        ("chip.mesh=[5,10]", "chip.mesh=[5,10]"),
        (r"C:\Users\me\a.yaml", "a.yaml"),
        (r"weights=C:\Users\me\w.npz", "weights=w.npz"),
        ("", ""),
    ],
)
def test_a_command_is_kept_without_directories(typed: str, kept: str) -> None:
    assert without_directories(typed) == kept


def test_from_python_there_is_no_command(tmp_path: Path) -> None:
    written(tmp_path)
    found = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert (found["command"], found["wall_s"], found["peak_memory_bytes"]) == ([], None, None)


def test_a_report_is_written_with_its_own_scenario(tmp_path: Path) -> None:
    _, report = simulated("hyperdrive/tiny_2x2")
    with pytest.raises(InvalidInput) as caught:
        rundir.write(report, Scenario.parse(BASE), tmp_path)
    assert str(caught.value) == "this is not a report of 'scenario.yaml'; write it with the scenario that was run"
    assert names(tmp_path) == []


def test_layers_as_csv(tmp_path: Path) -> None:
    report = written(tmp_path)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "layers.csv").read_text("utf-8"))))
    table = report.layer_columns()
    assert [list(row) for row in rows] == [list(table)] * len(report.layers)
    assert [row["layer"] for row in rows] == [row.name for row in report.layers]
    assert [float(row["io_energy_j"]) for row in rows] == table["io_energy_j"]
    assert (rows[0]["layer"], rows[0]["mapping_efficiency"]) == ("pool", ""), "it is computed by the host"


def test_spans_by_hand(tmp_path: Path) -> None:
    """The tiny mesh begins with its input, which is sent on to the neighbours."""
    report = written(tmp_path)
    with np.load(tmp_path / "spans.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    assert list(dict.fromkeys(name.removesuffix(part) for name in arrays for part in parts(name))) == list(ABOUT)
    assert {len(arrays[name]) for name in arrays if name.endswith(("_ps", "_codes"))} == {len(report.trace)}
    first = {name: arrays[f"{name}_names"][arrays[f"{name}_codes"][0]] for name in ("name", "layer", "unit", "unit_kind", "actions")}
    assert json.loads(first.pop("actions")) == report.trace.tasks[0].actions == {"input_io.bit": 196608 // 4}
    assert first == {"name": "input", "layer": "pool", "unit": "host.link", "unit_kind": "host"}
    assert [int(arrays[name][0]) for name in ("ready_ps", "start_ps", "frame", "after_offsets")] == [0, 0, 0, 0]
    assert arrays["after_values"][arrays["after_offsets"][4] : arrays["after_offsets"][5]].tolist() == list(report.trace.tasks[4].after)
    assert arrays["energy_j"].sum() == pytest.approx(report.energy.total_j)


def parts(name: str) -> list[str]:
    """How a name of an array ends that is one of two of a column."""
    return [end for end in ("_codes", "_names", "_offsets", "_values") if name.endswith(end)] or [""]


@pytest.mark.slow
def test_spans_take_little_room(tmp_path: Path) -> None:
    """7 bytes a task, where numbers and names as they are would be 120."""
    report = written(tmp_path, "hyperdrive/resnet34_2048x1024")
    assert (tmp_path / "spans.npz").stat().st_size < 7.5 * len(report.trace)
    assert sum(len(data) for data in contents(tmp_path).values()) < 1_500_000


def test_nothing_is_pickled(tmp_path: Path) -> None:
    written(tmp_path)
    for name in ("spans.npz", "arrays.npz"):
        with np.load(tmp_path / name, allow_pickle=False) as stored:
            assert all(array.dtype.kind in "iuf" + "U" for array in dict(stored).values())


# --- the scenario ---


def given_weights(folder: Path) -> Path:
    """A scenario that builds on another, with a picture and weights of its own elsewhere."""
    (folder / "data").mkdir()
    network = Scenario.parse(BASE).network()
    signs = {name: one.weights.transpose(0, 3, 1, 2) for name, one in random_parameters(network, 7).items() if one.weights is not None}
    np.savez(folder / "data" / "w.npz", **signs)
    np.save(folder / "data" / "p.npy", np.linspace(0, 1, 3 * 12 * 16).reshape(3, 12, 16))
    write(folder, name="below.yaml")
    return write(folder, "title: above\nweights: data/w.npz\ninput: {image: data/p.npy}\nframes: 2\n", base="extends: below.yaml\n")


@pytest.mark.parametrize("which", RUNS, ids=" ".join)
def test_the_resolved_scenario_gives_the_same_result(tmp_path: Path, which: tuple[str, ...]) -> None:
    report = written(tmp_path, *which)
    again = run(Scenario.read(tmp_path / "scenario.resolved.yaml"))
    ours, theirs = report.to_dict(), again.to_dict()
    for one in (ours, theirs):
        one["scenario"].pop("file"), one["scenario"].pop("hash")
    assert ours == theirs


def test_the_resolved_scenario_has_every_key_of_the_chip(tmp_path: Path) -> None:
    written(tmp_path, "hyperdrive/tiny_2x2", "chip.voltage_v=1.0")
    data = Document.read(tmp_path / "scenario.resolved.yaml").data
    scenario = Scenario.read(TINY)
    assert list(data["chip"]) == list(scenario.architecture.Spec.model_fields)
    assert (data["chip"]["voltage_v"], data["chip"]["mesh"], data["chip"]["clock_mhz"]) == (1.0, [2, 2], None)
    assert (data["seed"], "extends" in data) == (1, False)
    assert "  mesh: [2, 2]\n" in (tmp_path / "scenario.resolved.yaml").read_text("utf-8")
    assert "  clock_mhz: null\n" in (tmp_path / "scenario.resolved.yaml").read_text("utf-8")


def test_the_resolved_scenario_has_every_key_of_the_chips_of_a_system(tmp_path: Path) -> None:
    """And no `chip:` beside it, which a scenario with `system:` cannot have."""
    written(tmp_path, "systems/mixed_precision", "frames=3")
    data = Document.read(tmp_path / "scenario.resolved.yaml").data
    assert "chip" not in data
    for part in data["system"]["parts"].values():
        assert list(part["chip"]) == list(registry.load(part["architecture"]).Spec.model_fields)
    assert data["system"]["parts"]["front"]["chip"]["mesh"] == [2, 2]


def test_a_sweep_is_left_out_of_it(tmp_path: Path) -> None:
    written(tmp_path, "xnorbin/binary_alexnet_choices")
    assert "sweep" not in Document.read(tmp_path / "scenario.resolved.yaml").data


def test_pictures_and_weights_come_along(tmp_path: Path) -> None:
    scenario = Scenario.read(given_weights(tmp_path))
    network = scenario.network()
    picture, constants = inputs.opened(scenario, network).maps(), inputs.opened(scenario, network).parameters()
    rundir.write(run(scenario), scenario, tmp_path / "out")
    shutil.rmtree(tmp_path / "data")
    again = Scenario.read(tmp_path / "out" / "scenario.resolved.yaml")
    assert (again.settings.input.image, again.settings.weights) == ("scenario.input.npy", "scenario.weights.npz")  # type: ignore[union-attr]
    assert np.array_equal(inputs.opened(again, network).maps()["input"], picture["input"])
    kept = inputs.opened(again, network).parameters()
    np.testing.assert_equal([asdict(one) for one in kept.values()], [asdict(one) for one in constants.values()])
    assert invoke("check", tmp_path / "out" / "scenario.resolved.yaml").exit_code == 0


def test_times_of_arrival_come_along(tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_bytes(b"arrival_s\r\n0\r\n0.001\r\n0.001\r\n")
    scenario = Scenario.read(write(tmp_path, "arrivals: {file: times.csv}\nframes: 2\n"))
    rundir.write(run(scenario), scenario, tmp_path / "out")
    kept = (tmp_path / "times.csv").read_bytes()
    (tmp_path / "times.csv").unlink()
    assert (tmp_path / "out" / "scenario.arrivals.csv").read_bytes() == kept
    again = Scenario.read(tmp_path / "out")
    assert again.settings.arrivals is not None
    assert (again.settings.arrivals.file, again.arrivals) == ("scenario.arrivals.csv", scenario.arrivals)


def test_a_directory_holds_what_can_be_computed_on(tmp_path: Path) -> None:
    """A picture that became another one meanwhile is checked again; one that became none is refused, and nothing is written."""
    scenario = Scenario.read(given_weights(tmp_path))
    report = run(scenario)
    picture = tmp_path / "data" / "p.npy"
    np.save(picture, np.zeros((3, 7, 9), np.float16))
    rundir.write(report, scenario, tmp_path / "out")
    assert (tmp_path / "out" / "scenario.input.npy").read_bytes() == picture.read_bytes()
    picture.write_bytes(b"GIF89a")
    with pytest.raises(InvalidInput, match="but a GIF picture"):
        rundir.write(report, scenario, tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_a_long_command_line_is_kept_short(tmp_path: Path) -> None:
    title = "x" * 120_000
    for _ in range(2):
        assert invoke("run", TINY, "--set", f"title={title}", "-o", tmp_path / "out").exit_code == 0
    made = Manifest.read(tmp_path / "out")
    assert all(len(word) < 600 for word in made.command)
    assert rundir.read(tmp_path / "out").scenario.title == title


def test_a_run_can_be_run_again_but_not_over_itself(tmp_path: Path) -> None:
    scenario = Scenario.read(given_weights(tmp_path))
    rundir.write(run(scenario), scenario, tmp_path / "out")
    again = tmp_path / "out" / "scenario.resolved.yaml"
    refusal = invoke("run", again, "-o", tmp_path / "out", "--force")
    assert sentences(refusal) == [f"--output: '{tmp_path}/out' is or holds '{again}', which is read for it; name another place"]
    assert invoke("run", again, "-o", tmp_path / "again").exit_code == 0
    before, after = contents(tmp_path / "out"), contents(tmp_path / "again")
    assert {name for name in before if before[name] != after[name]} == {"result.json", "manifest.json"}


@given(
    st.text(min_size=1, max_size=30).filter(str.strip),
    st.floats(0.001, 1e6),
    st.sampled_from(["1", "null", "yes", "2020-01-01", "~", "a: b", "?0", "[", "#"]),
)
def test_any_text_and_number_is_read_as_it_was(title: str, rate: float, word: str) -> None:
    data = {"title": title, "chip": {"rate": rate, "word": word, "none": None}, "list": [1, rate, word, title]}
    try:
        Document.parse(json.dumps({"title": title}), "s.yaml")
    except InvalidInput:
        return  # a text that no scenario can have
    assert Document.parse(yaml_text(data), "s.yaml").data == data


# --- all or nothing ---


def test_what_an_earlier_run_left_is_removed(tmp_path: Path) -> None:
    written(tmp_path / "out", "xnorbin/binary_alexnet_photo")
    assert "scenario.input.jpg" in names(tmp_path / "out")
    report = written(tmp_path / "out")
    assert names(tmp_path / "out") == FILES
    assert rundir.read(tmp_path / "out").to_dict() == report.to_dict()


def limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, *(pytest.param(size, marks=pytest.mark.slow) for size in (3000, 8000))])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, size: int) -> None:
    """Whichever file has no room, the first or a later one."""
    for earlier in (False, True):
        folder = tmp_path / f"{earlier}"
        before = written(folder).to_dict() if earlier else None
        there = contents(folder) if earlier else {}
        code, out, err = process("run", TINY, "--set", "frames=2", "-o", folder, preexec_fn=limited(size))
        assert code == 2
        assert err.startswith(f"error: {folder}/")
        assert err.endswith(": file too large; make room, or write elsewhere\n")
        assert out == ""
        assert (contents(folder) == there) if earlier else not folder.exists()
        assert not earlier or rundir.read(folder).to_dict() == before


@pytest.mark.parametrize("file", range(7))
def test_an_interrupted_run_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: int) -> None:
    before = written(tmp_path / "out").to_dict()
    written_files: list[object] = []

    def interrupted(handle: int, mode: str) -> Any:
        if len(written_files) == file:
            raise KeyboardInterrupt
        written_files.append(handle)
        return open(handle, mode)

    monkeypatch.setattr(staging, "open", interrupted, raising=False)
    assert invoke("run", TINY, "--set", "frames=2", "-o", tmp_path / "out").exit_code == 130
    assert names(tmp_path) == ["out"]
    assert rundir.read(tmp_path / "out").to_dict() == before


# --- what cannot be read ---


def refused(folder: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        rundir.read(folder)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_no_run_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    for name in ("nowhere", "file", "."):
        problem = f"'{tmp_path / name}' is not a run directory, or not a whole one: it has no manifest.json"
        assert refused(tmp_path / name) == [f"{problem}; `hyperdrive-sim run FILE -o DIR` writes one"]


@pytest.mark.parametrize("name", [*sorted({*FILES} - {"manifest.json"})])
def test_a_file_that_is_gone_or_changed(tmp_path: Path, name: str) -> None:
    written(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert refused(tmp_path) == [f"'{path}' was changed after it was written; run the scenario again"]
    path.unlink()
    assert refused(tmp_path) == [f"'{path}' is missing; run the scenario again"]


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    written(tmp_path)
    for name in ("layers.csv", "machine.json"):
        (tmp_path / name).unlink()
    assert len(refused(tmp_path)) == 2


def rewritten(folder: Path, name: str, **changes: Any) -> None:
    """Change a JSON file and the manifest with it."""
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")
    if name != "manifest.json":
        known = json.loads((folder / "manifest.json").read_text("utf-8"))
        rewritten(folder, "manifest.json", files=known["files"] | {name: staging.sha256(path)})


VERSIONS = {"manifest.json": 2, "result.json": 3}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_newer_directory(tmp_path: Path, name: str) -> None:
    written(tmp_path)
    reads = VERSIONS[name]
    rewritten(tmp_path, name, schema_version=reads + 1, and_more={})
    problem = f"'{tmp_path / name}' was written by a newer hyperdrive_sim (schema_version {reads + 1}, this one reads {reads})"
    assert refused(tmp_path) == [f"{problem}; pip install --upgrade hyperdrive-sim"]


@pytest.mark.parametrize("name", VERSIONS)
def test_an_older_directory(tmp_path: Path, name: str) -> None:
    """Some of its figures mean something else; its scenario lies in it."""
    written(tmp_path)
    rewritten(tmp_path, name, schema_version=1)
    problem = f"'{tmp_path / name}' was written by an older hyperdrive_sim (schema_version 1, this one reads {VERSIONS[name]})"
    assert refused(tmp_path) == [f"{problem}; run it again: hyperdrive-sim run {tmp_path}/scenario.resolved.yaml -o DIR"]


def test_a_manifest_that_is_none(tmp_path: Path) -> None:
    written(tmp_path)
    rewritten(tmp_path, "manifest.json", seed="one")
    assert refused(tmp_path) == [f"{tmp_path}/manifest.json:1:{column(tmp_path)}: seed: must be an integer, not the text 'one'"]
    (tmp_path / "manifest.json").write_text("{", "utf-8")
    assert refused(tmp_path)[0].startswith(f"{tmp_path}/manifest.json:1:2: is not YAML")


def column(folder: Path) -> int:
    return (folder / "manifest.json").read_text("utf-8").index('"seed"') + 1


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("result.json", {"time": {"seconds": 1}}, "time: 'latency_s' is missing"),
        ("result.json", {"more": 1}, "unknown key 'more'"),
        ("result.json", {"io_bits": {"input": "many"}}, "io_bits.input: must be an integer or a number, not the text 'many'"),
        ("result.json", {"layers": {}}, "layers: must be a list of mappings, not a mapping"),
        ("machine.json", {"units": [{}]}, "units.0: 'name' is missing"),
        ("machine.json", {"chips": 4.0}, "chips: must be an integer, not 4.0"),
        ("machine.json", {"mesh": [2]}, "mesh: must have 2 items, not 1"),
    ],
)
def test_files_of_another_make(tmp_path: Path, name: str, changes: dict[str, Any], problem: str) -> None:
    written(tmp_path)
    rewritten(tmp_path, name, **changes)
    before = f"'{tmp_path}' does not hold what this version of hyperdrive_sim writes, but what 0.1.0 did"
    assert refused(tmp_path) == [f"{before} ({problem}); run its scenario again"]


def test_a_directory_of_an_earlier_make(tmp_path: Path) -> None:
    """Its trace is in a file of another format, whole as it is."""
    written(tmp_path)
    (tmp_path / "spans.npz").rename(tmp_path / "spans.parquet")
    known = json.loads((tmp_path / "manifest.json").read_text("utf-8"))["files"]
    rewritten(tmp_path, "manifest.json", files={name.replace("spans.npz", "spans.parquet"): digest for name, digest in known.items()})
    (said,) = refused(tmp_path)
    assert said == f"'{tmp_path}' lacks 'spans.npz', unlike what this version of hyperdrive_sim writes; run its scenario again"


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("start_ps", lambda found: found[:-1], "start_ps is int64 of shape (111,), where 112 'i' belong"),
        ("start_ps", lambda found: found * 1.0, "start_ps is float64 of shape (112,), where 112 'i' belong"),
        ("energy_j", lambda found: found[:, None], "energy_j is float64 of shape (112, 1), where 112 'f' belong"),
        ("layer_codes", lambda found: found + 1, "layer_codes go beyond 0 to 5"),
        ("layer_codes", lambda found: found - 1, "layer_codes has values that are no numbers from 0 on"),
        ("energy_j", lambda found: found * np.nan, "energy_j has values that are no numbers from 0 on"),
        ("unit_names", lambda found: found[np.zeros(len(found), int)], "unit_names has a name twice"),
        ("ready_ps", lambda found: found + 1, "a task of the trace starts before it is ready, or ends before it starts"),
        ("after_values", lambda found: found * 0 + 111, "a task of the trace comes after itself or a later one"),
        ("after_values", lambda found: found + 112, "after_values go beyond 0 to 111"),
        ("after_offsets", lambda found: found[::-1].copy(), "after_offsets do not cut up after_values"),
        ("unit_names", lambda found: np.arange(len(found)), "unit_names is int64 of shape (14,), where any number of 'U' belong"),
        ("frame", None, "there is no frame"),
        ("more", lambda _: np.zeros(3), "more is none of its arrays"),
    ],
)
def test_spans_that_cannot_be_a_trace(tmp_path: Path, name: str, change: Callable[[Any], Any] | None, problem: str) -> None:
    written(tmp_path)
    with np.load(tmp_path / "spans.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    before = arrays.pop(name, None)
    arrays |= {name: change(before)} if change else {}
    np.savez_compressed(tmp_path / "spans.npz", **arrays)
    known = json.loads((tmp_path / "manifest.json").read_text("utf-8"))["files"]
    rewritten(tmp_path, "manifest.json", files=known | {"spans.npz": staging.sha256(tmp_path / "spans.npz")})
    (said,) = refused(tmp_path)
    assert f"({problem})" in said


# --- commands ---


def table(*files: object) -> list[str]:
    code, out, err = process("compare", *files, env={"COLUMNS": "200"})
    assert (code, err) == (0, "")
    return out.splitlines()


@pytest.mark.slow
def test_runs_are_compared_as_their_scenarios_are(tmp_path: Path) -> None:
    scenarios = [SCENARIOS / "hyperdrive" / "tiny_2x2.yaml", SCENARIOS / "nandnet_dram" / "lenet.yaml"]
    folders = [tmp_path / path.stem for path in scenarios]
    for path, folder in zip(scenarios, folders, strict=True):
        assert invoke("run", path, "-o", folder).exit_code == 0
    assert table(*folders) == table(*scenarios) == table(folders[0], scenarios[1])
    found = json.loads(invoke("compare", *folders, "--json").stdout)
    assert [one["file"] for one in found] == list(map(str, folders))
    assert found[0]["result"] == json.loads(invoke("run", TINY, "--json").stdout)


def test_a_run_that_cannot_be_read_does_not_keep_others_from_being_compared(tmp_path: Path) -> None:
    written(tmp_path / "one")
    (tmp_path / "one" / "layers.csv").unlink()
    result = invoke("compare", tmp_path / "one", TINY)
    assert result.exit_code == 3
    assert f"'{tmp_path}/one/layers.csv' is missing; run the scenario again" in " ".join(result.stdout.split())
    assert "147.7 us" in result.stdout


@pytest.mark.parametrize("command", [["compare", TINY], ["diagram"]])
def test_a_run_cannot_be_changed(tmp_path: Path, command: Sequence[object]) -> None:
    written(tmp_path / "one")
    result = invoke(*command, tmp_path / "one", "--set", "frames=2")
    assert (result.exit_code, result.stdout) == (2, "")
    problem = f"--set: '{tmp_path}/one' is a run that has been, and nothing of it can be set"
    assert sentences(result) == [f"{problem}; take the scenario in it, {tmp_path}/one/scenario.resolved.yaml"]


def test_a_diagram_of_a_run(tmp_path: Path) -> None:
    written(tmp_path)
    assert invoke("diagram", tmp_path).stdout == invoke("diagram", TINY).stdout


# --- in a notebook ---


def test_layers_as_a_data_frame(tmp_path: Path) -> None:
    report = written(tmp_path)
    frame = report.to_pandas()
    pandas.testing.assert_frame_equal(frame, pandas.read_csv(tmp_path / "layers.csv"), check_dtype=False)
    assert frame.set_index("layer").loc["layer1.0.conv1", "cycles"] == report.layers[1].cycles


@pytest.mark.parametrize("again", [False, True])
def test_spans_as_a_data_frame(tmp_path: Path, again: bool) -> None:
    report = written(tmp_path)
    frame = (rundir.read(tmp_path) if again else report).spans()
    assert list(frame.columns) == list(ABOUT) == list(frame.attrs)
    assert len(frame) == len(report.trace)
    first = frame.iloc[0]
    assert (first["name"], first["layer"], first["unit"], first["unit_kind"]) == ("input", "pool", "host.link", "host")
    assert (first.ready_ps, first.start_ps, first.frame, list(first.after)) == (0, 0, 0, [])
    assert [list(after) for after in frame.after] == [list(task.after) for task in report.trace.tasks]
    assert json.loads(first.actions) == report.trace.tasks[0].actions
    assert first.energy_j == pytest.approx(sum(json.loads(first.actions).values()) * 21e-12)
    busy = (frame.end_ps - frame.start_ps).groupby(frame.unit, observed=True).sum()
    assert busy.to_dict() == report.trace.busy_ps()
    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    assert {name for name in dtypes if dtypes[name] == "category"} == {"name", "layer", "unit", "unit_kind", "actions"}
    assert {name for name in dtypes if dtypes[name] == "object"} == {"after", "after_start"}
    assert set(dtypes.values()) == {"category", "object", "int64", "float64"}


@pytest.mark.parametrize("wanted", [Report.to_pandas, Report.spans])
def test_without_pandas(monkeypatch: pytest.MonkeyPatch, wanted: Callable[[Report], Any]) -> None:
    without(monkeypatch, "pandas")
    with pytest.raises(MissingExtra) as caught:
        wanted(simulated("hyperdrive/tiny_2x2")[1])
    assert str(caught.value) == "a data frame needs an optional package; install it with: pip install 'hyperdrive-sim[notebook]'"


def texts(page: str) -> Iterator[str]:
    """The texts of a page that is well-formed, in order."""
    from xml.etree import ElementTree

    return (" ".join(text.split()) for text in ElementTree.fromstring(page.replace("<br>", "<br/>")).itertext())


def test_a_page_has_what_a_terminal_shows() -> None:
    _, report = simulated("hyperdrive/resnet34_224")
    found = list(texts(report._repr_html_()))
    assert found[:2] == ["ResNet-34 at 224 x 224 on one Hyperdrive chip", "resnet34 at 3 x 224 x 224 on 1 hyperdrive chip at 58 MHz"]
    shown = " ".join(summary(report).split())
    for name, value, remark in report.summary_lines():
        assert [name, value, " ".join(remark.split())] == found[found.index(name) : found.index(name) + 3]
        assert f"{name} {value}" in shown
    for row in report.published:
        assert row.quantity in found
    assert [text for text in found if text.startswith("published")][:2] == ["published and simulated", "published"]


def test_a_page_escapes_and_takes_on_any_colours() -> None:
    _, report = simulated("hyperdrive/tiny_2x2", "title=<b>a & b</b>")
    page = report._repr_html_()
    assert "<b>" not in page
    assert next(texts(page)) == "<b>a & b</b>"
    assert "published" not in " ".join(texts(page)).partition("prices")[0]
    assert not any(word in page for word in ("color", "background", "#", "<script", "<style"))


def test_a_page_says_what_is_further_off_than_stated() -> None:
    _, report = simulated("hyperdrive/tiny_2x2")
    row = Comparison("energy", "J", 1.0, 1.5, 2.0, 0.5, 0.1, {"idle tiles": 0.5}, "published", ("price",), True, "s", "", "because")
    found = list(texts(replace(report, published=(row,))._repr_html_()))
    assert found[-9:] == [
        "energy",
        "1 J",
        "1.5 J",
        "2 J",
        "+50.00 %",
        "published, comes back",
        "energy: the system pays besides idle tiles 500 mJ",
        "energy: because",
        "off by more than the printed digits leave open: energy (10 %)",
    ]
