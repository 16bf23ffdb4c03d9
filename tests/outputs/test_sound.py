"""A run directory whose hashes are right and whose values are not: what everything that shows a run takes for granted is checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import SCENARIOS
from simulated import mixed_system, report

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import rundir
from hyperdrive_sim.outputs.staging import sha256
from hyperdrive_sim.scenario.scenario import Scenario

Change = Callable[[Any], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rundir.write(report("hyperdrive/tiny_2x2"), Scenario.read(SCENARIOS / "hyperdrive" / "tiny_2x2.yaml"), tmp_path / "run")
    return tmp_path / "run"


def refused(folder: Path, name: str, change: Change) -> str:
    """What is said of a directory in which one file was changed, and its hash with it."""
    path = folder / name
    if name.endswith(".npz"):
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        change(arrays)
        np.savez_compressed(path, **arrays)
    else:
        data = json.loads(path.read_text("utf-8"))
        change(data)
        path.write_text(json.dumps(data), "utf-8")
    known = json.loads((folder / "manifest.json").read_text("utf-8"))
    known["files"][name] = sha256(path)
    (folder / "manifest.json").write_text(json.dumps(known), "utf-8")
    with pytest.raises(InvalidInput) as caught:
        rundir.read(folder)
    (mistake,) = caught.value.mistakes
    before = f"'{folder}' does not hold what this version of hyperdrive_sim writes, but what 0.1.0 did ("
    assert mistake.problem.startswith(before)
    return mistake.problem.removeprefix(before).removesuffix(")")


def put(value: object, *path: str | int) -> Change:
    """A change that puts a value at a path."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return change


def doubled(*path: str) -> Change:
    """A change that has the first item of a list a second time, in place of the second."""

    def change(data: Any) -> None:
        for step in path:
            data = data[step]
        data[1] = {**data[1], "name": data[0]["name"]}

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put(-1, "time", "latency_s"), "time.latency_s: must be a number from 0 to 1000"),
        (put(10**31, "network", "ops"), "network.ops: must be a number from 0 to 1000"),
        (put(-(10**31), "system", "changed", "x"), "system.changed.x: must be a number from -1000"),
        (put(0, "time", "frames"), "time.frames: must be more than 0"),
        (put(10**19, "time", "frames"), "time.frames: are more than can be simulated"),
        (put(10**30, "time", "cycles"), "time.cycles: the trace lasts for another time"),
        (put(0, "layers", 1, "total_cycles"), "layers: there is one that computes and takes no time"),
        (put(float("nan"), "time", "latency_s"), "NaN is no number"),
        (put(float("inf"), "energy", "total_j"), "Infinity is no number"),
        (put(5, "system", "chips"), "system: its chips are not those of the machine"),
        (put("line", "system", "granularity"), "system.granularity: is none of those that there are"),
        (put([3, 0, 64], "network", "input_shape"), "network.input_shape: has an empty side"),
        (doubled("layers"), "layers: a name stands there twice"),
        (put("nobody", "layers", 0, "name"), "layers: there is one without a task"),
        (put("nobody", "units", 0, "name"), "units: they are not those of the machine"),
        (put({}, "energy", "by_action"), "energy.by_action: an action of the trace is not among them"),
        (put(8567, "time", "cycles"), "time.cycles: the trace lasts for another time"),
        (put([], "time", "latency_histogram", "counts"), "time.latency_histogram: edges are not one more than counts"),
        (put([1e-4], "time", "latency_histogram", "edges_s"), "time.latency_histogram: edges are not one more than counts"),
        (put([1e-4, 1e-4], "time", "latency_histogram", "edges_s"), "time.latency_histogram: its edges do not go up"),
        (put([2], "time", "latency_histogram", "counts"), "time.latency_histogram: it is of another number of frames"),
        (put(1, "time", "deadline_misses"), "time.deadline_misses: there are some where there is a deadline, and nowhere else"),
        (put(1e-4, "time", "deadline_s"), "time.deadline_misses: there are some where there is a deadline, and nowhere else"),
    ],
)
def test_results(folder: Path, change: Change, said: str) -> None:
    assert refused(folder, "result.json", change).startswith(said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (doubled("units"), "the machine has a name twice"),
        (doubled("memories"), "the machine has a name twice"),
        (put(0, "clock", "hz"), "the machine has a clock or a link without a rate"),
        (put(0, "peak_ops_per_cycle"), "the machine has no peak"),
        (put(-1, "units", 0, "latency_ps"), "the machine has a latency below 0"),
        (put(0, "memories", 0, "bits"), "the machine has a memory without bits"),
        (put([1, 4], "mesh"), "system: its chips are not those of the machine"),
        (put("another", "units", 0, "name"), "the machine has no unit "),
        (put("another", "units", 0, "kind"), "a unit of the trace is of another kind"),
    ],
)
def test_machines(folder: Path, change: Change, said: str) -> None:
    assert refused(folder, "machine.json", change).startswith(said)


def test_a_file_of_brackets(folder: Path) -> None:
    path = folder / "result.json"
    path.write_text("[" * 100_000, "utf-8")
    known = json.loads((folder / "manifest.json").read_text("utf-8"))
    known["files"]["result.json"] = sha256(path)
    (folder / "manifest.json").write_text(json.dumps(known), "utf-8")
    with pytest.raises(InvalidInput, match="it is nested too deeply"):
        rundir.read(folder)


def changed(name: str, how: Callable[[Any], Any]) -> Change:
    """A change of one array."""

    def change(arrays: Any) -> None:
        arrays[name] = how(arrays[name])

    return change


def first(value: Any) -> Callable[[Any], Any]:
    """How an array becomes one with another first value."""

    def how(found: Any) -> Any:
        found = found.copy()
        found[(0,) * found.ndim] = value
        return found

    return how


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            changed("tiles", lambda found: found[:1]),
            "tiles is float64 of shape (1,), where 196 'f' belong",
        ),
        (changed("tiles", first(1.5)), "tiles are no shares from 0 to 1"),
        (changed("tiles", first(np.nan)), "tiles has values that are no numbers from 0 on"),
        (changed("tile_shapes", first(0)), "tile_shapes has a chip without tiles"),
        (changed("tile_shapes", first(14)), "tiles is float64 of shape (196,), where 245 'f' belong"),
        (changed("tile_shapes", lambda found: np.array([[14, 7], [7, 7], [7, 6], [7, 1]])), "the mesh's chips have tiles of different "),
        (changed("tiles_by_layer", lambda found: found[:, :1]), "tiles_by_layer is float64 of shape "),
        (changed("chips", lambda found: found[[0, 0, 0, 0]]), "chips has a name twice"),
        (changed("layers", lambda found: np.array([f"x{one}" for one in found])), "tiles_by_layer has a layer that is none"),
        (changed("memories", first("nobody")), "the machine has no memory 'nobody'"),
        (changed("occupancy_bits", first(-1)), "occupancy_bits has values that are no numbers from 0 on"),
        (changed("occupancy_bits", lambda found: 0 * found), "occupancy_bits say that no memory ever held anything"),
        (changed("occupancy_times_ps", first(10**15)), "occupancy_times_ps do not run from the beginning on"),
        (changed("occupancy_offsets", first(1)), "occupancy_offsets do not cut up occupancy_times_ps"),
        (put(np.zeros(3), "more"), "more is none of its arrays"),
    ],
)
def test_arrays(folder: Path, change: Change, said: str) -> None:
    assert refused(folder, "arrays.npz", change).startswith(said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put(0, "parts", 0, "clock_mhz"), "parts: 'front' has no rate"),
        (put(0, "parts", 1, "peak_ops_per_s"), "parts: 'back' has no rate"),
        (put("nobody", "parts", 1, "busiest"), "parts: the machine has no unit 'nobody'"),
        (put([3, 1], "parts", 0, "mesh"), "the tiles are not those of the chips of part 'front'"),
        (put(3, "parts", 1, "chips"), "the tiles are not those of the chips of part 'back'"),
        (put("middle", "parts", 1, "name"), "the tiles are not those of the parts' chips"),
    ],
)
def test_parts(tmp_path: Path, change: Change, said: str) -> None:
    scenario, found = mixed_system()
    rundir.write(found, scenario, tmp_path / "run")
    assert refused(tmp_path / "run", "result.json", change) == said


def emptied(arrays: Any) -> dict[str, Any]:
    """Columns of no rows at all."""
    return {name: one[: name.endswith("_offsets")] for name, one in arrays.items() if not name.endswith("_names")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed("frame", lambda found: found + 1), "time.frames: the trace has more"),
        (changed("latency_ps", first(2**62)), "the trace has no end"),
        (changed("actions_names", lambda found: np.array(["[1]", *found[1:]])), "'[1]' are no actions with their counts"),
        (changed("actions_names", lambda found: np.array(['{"a": -1}', *found[1:]])), "'{\"a\": -1}' are no actions with their counts"),
        (changed("actions_names", lambda found: np.array(['{"a": true}', *found[1:]])), "'{\"a\": true}' are no actions with "),
        (changed("name_names", first("\ud800")), "name_names has texts with what is no character"),
        (changed("name_names", lambda found: np.full(found.size, 2**32 - 1, "u4").view("U1")), "name_names has texts with what is no "),
        (lambda arrays: arrays.update(emptied(arrays)), "there is no task in the trace"),
    ],
)
def test_traces(folder: Path, change: Change, said: str) -> None:
    assert refused(folder, "spans.npz", change).startswith(said)
