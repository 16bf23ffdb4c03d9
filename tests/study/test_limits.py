"""One limit for all commands: how many tasks there is memory for, and what one is told who asks for more."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import BASE, SCENARIOS, TINY, complaints, invoke, process, sentences, write

from hyperdrive_sim.errors import DoesNotFit, InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Add, Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.scenario import inputs
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import limits, memory, runs, samples
from hyperdrive_sim.study.limits import Limit

KEPT = """\
schema_version: 1
title: a test
network: tiny_xnor
input_shape: [16, 9, 11]
architecture: xnorbin
"""
"""Its weights fit: the first frame loads them, and the others have fewer tasks."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Tasks are a byte large, so that `memory.free_bytes` says how many there is room for."""
    monkeypatch.setattr(limits, "SHARE", 1.0)
    monkeypatch.setattr(samples, "bytes_per_task", lambda *_: 1.0)
    return monkeypatch


def room_for(room: pytest.MonkeyPatch, tasks: int) -> None:
    room.setattr(memory, "free_bytes", lambda: tasks)


# --- the decision ---


def test_frames_are_refused_by_the_number_that_can_be_run(room: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A frame is an input, a stream, a computation and an output: 4 tasks, and 2 frames of them are no more than 10."""
    room_for(room, 10)
    assert complaints(tmp_path, "frames: 8") == [
        "s.yaml:6:1: frames: 8 frames are 32 tasks, about 32 bytes, and there is memory for 10, about 10 bytes; take at most 2"
    ]
    assert invoke("run", "s.yaml", "--set", "frames=2").exit_code == 0
    assert invoke("run", "s.yaml", "--set", "frames=3").exit_code == 2


def test_a_frame_that_is_too_much_alone(room: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room_for(room, 3)
    said = "a frame is 4 tasks, about 4 bytes, and there is memory for 3, about 3 bytes"
    refusal = f"s.yaml:1:1: {said}; take a smaller network, input or mesh"
    assert complaints(tmp_path) == complaints(tmp_path, "frames: 8") == [refusal]


def test_a_finer_cut_that_is_too_much(room: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room_for(room, 3)
    (said,) = complaints(tmp_path, "granularity: pixel")
    assert said.endswith("and there is memory for 3, about 3 bytes; take `granularity: block`, or a smaller network, input or mesh")


def test_the_number_of_frames_is_right_where_the_first_has_more_tasks(room: pytest.MonkeyPatch) -> None:
    """18 tasks in the first frame and 15 in each other: 47 hold two frames, 48 hold three."""
    for most, fit in [(18, 1), (32, 1), (33, 2), (47, 2), (48, 3)]:
        room_for(room, most)
        for asked in (fit + 1, 100):
            with pytest.raises(InvalidInput, match=rf"there is memory for {most}, about {most} bytes; take at most {fit}$"):
                runs.run(Scenario.parse(KEPT, [f"frames={asked}"]))
        assert len(runs.run(Scenario.parse(KEPT, [f"frames={fit}"])).trace) == 18 + 15 * (fit - 1)


@pytest.mark.parametrize("command", [["run"], ["run", "--dry-run"], ["run", "--dry-run", "--json"], ["check"], ["diagram"], ["report"]])
def test_all_commands_say_the_same(room: pytest.MonkeyPatch, tmp_path: Path, command: list[str]) -> None:
    room_for(room, 10)
    room.setattr("hyperdrive_sim.study.limits.value_bytes", lambda _: 0)
    write(tmp_path, "frames: 8")
    result = invoke(*command, "s.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentences(result) == [
        "s.yaml:6:1: frames: 8 frames are 32 tasks, about 32 bytes, and there is memory for 10, about 10 bytes; take at most 2"
    ]


@pytest.mark.parametrize("command", [["run"], ["check"], ["diagram"], ["report"], ["sweep"], ["compare"], ["explain", "0"]])
def test_all_commands_can_be_told_a_limit(tmp_path: Path, command: list[str]) -> None:
    name, *more = command
    write(tmp_path, "frames: 100000\nsweep: {seed: [1]}\n")
    result = invoke(name, "s.yaml", *more, "--max-memory", "200MB")
    assert result.exit_code == (3 if name == "sweep" else 2)
    said = " ".join(result.output.split())
    assert "and there is memory for" in said or "to compute and compare, and there are" in said


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GiB", 4 * 2**30), ("4g", 4 * 2**30), ("1.5 GB", 1_500_000_000), ("500MB", 500_000_000), ("123", 123), ("7B", 7), ("2KIB", 2048)],
)
def test_sizes(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    asked: list[object] = []

    @contextmanager
    def noted(count: int) -> Iterator[None]:
        asked.append(count)
        yield

    monkeypatch.setattr(memory, "at_most", noted)
    assert invoke("run", TINY, "--max-memory", text).exit_code == 0
    assert asked == [size]


@pytest.mark.parametrize("text", ["", "much", "-4GiB", "4XB", "4GiB!", "1e9", "\u0663GiB" + "9" * 20])
def test_what_is_no_size(text: str) -> None:
    result = invoke("run", TINY, "--max-memory", text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is no size; write it like 4GiB" in " ".join(result.stderr.replace("│", "").split())


def test_points_of_a_sweep_and_of_a_comparison_are_refused_one_by_one(room: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room_for(room, 10)
    write(tmp_path, "sweep: {frames: [2, 3]}")
    (_, fits), (_, refused) = runs.sweep(Scenario.read("s.yaml"))
    assert not isinstance(fits, InvalidInput)
    assert (
        str(refused)
        == "s.yaml:6:21: frames: 3 frames are 12 tasks, about 12 bytes, and there is memory for 10, about 10 bytes; take at most 2"
    )
    assert invoke("compare", "s.yaml", "s.yaml", "--set", "frames=3").exit_code == 2


def test_a_finer_cut_of_a_check_is_left_out_where_there_is_no_room_for_it(room: pytest.MonkeyPatch) -> None:
    """A block of tiny_2x2 is 112 tasks, of pixels 208."""
    room.setattr("hyperdrive_sim.study.limits.value_bytes", lambda _: 0)
    room_for(room, 200)
    result = invoke("check", TINY)
    assert result.exit_code == 0
    assert "--  grain      cut by pixel: not tried, too many tasks" in result.stdout


def test_a_schedule_far_from_the_limit_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "bytes_per_task", lambda *_: pytest.fail("tried"))
    monkeypatch.setattr(memory, "free_bytes", lambda: 2**30)
    assert len(runs.run(Scenario.read(TINY)).trace) == 112


@pytest.mark.parametrize(("number", "down"), [(0, 0), (7.9, 7), (99, 99), (101, 100), (12_789_000, 12_000_000), (999_999, 990_000)])
def test_the_limit_has_two_digits(number: float, down: int) -> None:
    """Memory is never quite the same: whoever asks twice is told the same."""
    assert limits._two_digits(number) == down


def test_the_room_is_a_share_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 1_000_000)
    limit = Limit(Scenario.read(TINY))
    assert limit.room == 600_000
    monkeypatch.setattr(samples, "bytes_per_task", lambda *_: 1000.0)
    made = runs.compiled(Scenario.read(TINY))
    assert limit.most(made) == 600
    assert limit.allows(made, 600)
    assert not limit.allows(made, 601)


def test_what_the_engine_takes_once_is_no_room_for_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba takes 400,000 bytes as the sample is run: of a million, 600,000 are left, and a share of these is for tasks."""
    made, free = runs.compiled(Scenario.read(TINY)), iter([1_000_000, 1_000_000, 600_000])
    monkeypatch.setattr(memory, "free_bytes", lambda: next(free))
    monkeypatch.setattr(samples, "bytes_per_task", lambda *_: 1000.0)
    assert Limit(Scenario.read(TINY)).most(made) == 360


# --- other things that take room or time ---


def test_a_run_that_would_last_too_long_is_refused_by_a_dry_run_as_well() -> None:
    settings = [word for one in ("frames_per_s=1e-6", "frames=20") for word in ("--set", one)]
    said = [sentences(invoke("run", TINY, *settings, *more)) for more in ([], ["--dry-run"])]
    assert said[0] == said[1]
    assert "frames_per_s: the last frame arrives after 1.9e+07 s" in said[0][0]


def test_values_of_a_check(room: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room.setattr("hyperdrive_sim.study.limits.value_bytes", lambda _: 3 * 2**30)
    room_for(room, 2 * 2**30)
    assert complaints(tmp_path, command="check") == [
        "s.yaml:4:1: input_shape: its values take 3 GiB to compute and compare, and there are 2 GiB for them here; take a smaller one"
    ]
    assert invoke("run", "s.yaml").exit_code == 0


def test_a_picture_that_nothing_could_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Placement speaks first; 60 % of what is free are for the picture, before it is unpacked."""
    picture = f"input: {{image: '{SCENARIOS / 'pictures' / 'hopper.jpg'}'}}"
    large = Scenario.parse(BASE.replace("12, 16", "65536, 65536") + picture)
    with pytest.raises(DoesNotFit, match="feature-map memory on a"):
        runs.run(large)
    scenario = Scenario.parse(BASE + picture)
    needed = inputs.opened(scenario, scenario.network()).bytes
    monkeypatch.setattr(memory, "free_bytes", lambda: int(needed / 0.6) - 1)
    with pytest.raises(InvalidInput, match=r"^scenario.yaml:6:1: input: takes 2\.281 MiB to be read, and there are 2\.281 MiB for it "):
        runs.compiled(scenario)
    monkeypatch.setattr(memory, "free_bytes", lambda: int(needed / 0.6) + 2)
    assert runs.compiled(scenario).size == 4


# --- in a process of its own ---


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v is not obeyed everywhere")
def test_what_is_said_to_fit_does_fit() -> None:
    """In 600 MiB: nine tenths of the frames that the refusal names are run to the end; a dry run refuses with nearly the same number.

    Not all of them, and not the very same: what a process has at the beginning is never quite alike.
    """
    import resource

    def said(*settings: str) -> str:
        code, out, err = process("run", TINY, *settings, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (600 * 2**20,) * 2))
        return f"{code} {(out + err).splitlines()[0]}"

    refused, dry = said("--set", "frames=100000"), said("--set", "frames=100000", "--dry-run")
    memory_for = r"and there is memory for (\d+), about [\d.,]+ [MG]iB; take at most (\d+)"
    there = rf"100000 frames are 11200000 tasks, about [\d.,]+ GiB, {memory_for}"
    found = re.fullmatch(rf"2 error: .*: frames: {there}", refused)
    assert found, refused
    assert int(found[2]) == int(found[1]) // 112
    assert 50_000 < int(found[1]) < 2_000_000
    again = re.fullmatch(rf"2 error: .*: frames: {there}", dry)
    assert again, dry
    assert int(again[1]) == pytest.approx(int(found[1]), rel=0.05)
    assert said("--set", f"frames={int(found[2]) * 9 // 10}") == "0 A tiny residual network on a 2 x 2 mesh"


def test_several_frames_keep_every_golden_map_and_what_the_host_has_of_each() -> None:
    made = runs.compiled(Scenario.read(TINY))
    network = made.network
    values = [network.shape(name).size for name in network.graph]
    more = limits.value_bytes(made.of_frames(3)) - limits.value_bytes(made)
    assert 2 * 2 * network.shape(network.outputs[0]).size < more < 2 * (2 * sum(values) + sum(values)), "two bytes each"


def test_maps_alive_at_a_time() -> None:
    """The input is read by `a` and `sum`, of 4 x 4 pixels as all of them: at most three maps are there at once."""
    sources = {"a": "input", "b": "a", "c": "b"}
    layers = [Conv(name=name, inputs=(source,), out_channels=1, window=Window.square(1)) for name, source in sources.items()]
    chain = Network("chain", Shape(1, 4, 4), layers)
    bypass = Network("bypass", Shape(1, 4, 4), [*layers, Add(name="sum", inputs=("c", "input"))])
    shapes = dict.fromkeys(("input", "a", "b", "c", "sum"), 16)
    assert limits._alive(chain, dict.fromkeys(chain.graph, 16)) == 2 * 16
    assert limits._alive(bypass, shapes) == 3 * 16
