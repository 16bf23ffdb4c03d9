"""The command `bench`: a little of each section, as tables and as one JSON document; two installations; what it refuses."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from commands import ROOT, invoke, process, sentences, started
from pydantic import TypeAdapter
from rich.console import Console

from hyperdrive_sim.cli import benchmarks
from hyperdrive_sim.engine.compiled import silent
from hyperdrive_sim.study.bench import benchmark as study
from hyperdrive_sim.study.bench.benchmark import SECTIONS, USUAL, Benchmark
from hyperdrive_sim.study.bench.convolutions import KernelRow
from hyperdrive_sim.study.bench.installation import Installation
from hyperdrive_sim.study.bench.instructions import CountRow
from hyperdrive_sim.study.bench.machine import MachineRecord
from hyperdrive_sim.study.bench.spread import Spread
from hyperdrive_sim.study.bench.staging import EngineCost, Growth, GrowthRow, StageCost, StageRow
from hyperdrive_sim.study.bench.turns import Refused, Repeats
from hyperdrive_sim.study.bench.wholes import RUNS, Command, ProcessCost, ProcessRatio, ProcessRow, commands, scenarios


def cost(wall_s: float, peak_mib: int) -> ProcessCost:
    return ProcessCost(3, Spread(wall_s, wall_s / 2, wall_s * 2), Spread(wall_s, wall_s, wall_s), peak_mib * 2**20)


def stages(total_s: float) -> StageCost:
    seconds = {"place": 0.5, "lower": 0.25 * total_s, "simulate": 0.5 * total_s, "sum_up": 0.25 * total_s}
    return StageCost(3, 1000, seconds, Spread(total_s, total_s, total_s), 1000 / total_s, 2**28)


RUN = ProcessRow("a run", ("run", "a.yaml"), cost(2.0, 100), cost(6.0, 400), ProcessRatio.of(cost(6.0, 400), cost(2.0, 100)))
NEW = ProcessRow("a large one", ("run", "b.yaml"), cost(8.0, 900), Refused("30,000,000 tasks are too many"), None)
STAGES = StageRow("a network", stages(0.5), stages(1.0), 2.0)
ENGINES = replace(STAGES, engines=EngineCost(simpy_s=0.9, compiled_s=0.03, ratio=30.0, same=True))
TWO = Benchmark(
    schema_version=1,
    machine=MachineRecord("a processor", 2, "Linux x86_64", ["avx2"], {"python": "3.12.1"}, {"python": "3.11.7"}, "/old"),
    repeat=3,
    runs=[RUN, NEW],
    tasks=[ENGINES],
    growth=Growth([GrowthRow(4, 25, STAGES)], exponent=1.02, exponent_against=1.0512),
    kernels=[
        KernelRow(
            *("XNOR, sums", "a layer", 10, "numba-avx2"),
            {"numpy": 1e11, "numba-avx2": 5e11, "ceiling": 2e12, "torch": 4e12, "torch, channels last": 1e10},
            {"numpy": 5.25, "ceiling": 0.26, "torch": 0.125, "torch, channels last": 50.0},
        )
    ],
    instructions=[CountRow("lower", 1_200_000, 600_000, 0.5)],
)


def shown(found: Benchmark, width: int = 160) -> list[str]:
    """What the command prints, line by line, with one space between words."""
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(benchmarks.benchmark(found))
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


@pytest.mark.slow
def test_a_little_of_each_section() -> None:
    code, out, err = process("bench", "--quick", "--json", "runs", "scenarios", "tasks", "growth", "kernels")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {name for name in SECTIONS if found[name] is None} == {"big", "instructions"}
    assert json.loads(json.dumps(TypeAdapter(Benchmark).validate_json(out).to_dict())) == found
    assert (found["schema_version"], found["repeat"], found["machine"]["against"], found["without"]) == (1, 1, None, {})
    assert [row["name"] for row in found["runs"]] == [one.name for one in RUNS[:2]]
    for row in found["runs"] + found["scenarios"]:
        assert 0 < row["this"]["wall_s"]["least"] < 60
        assert 20 * 2**20 < row["this"]["peak_bytes"] < 2**30
    assert [row["this"]["times"] for row in found["tasks"]] == [1, 1]
    assert found["growth"]["exponent"] is not None
    assert [row["engines"]["same"] for row in found["tasks"]] == [True, True]
    assert len({row["kernel"] for row in found["kernels"]}) == 5


def test_two_installations_one_of_which_refuses() -> None:
    found = shown(TWO)
    assert "a run 6 s 2 s 3.00 6 s 2 s 3.00 400 MiB 100 MiB 4.00 3" in found
    assert "a large one refused 8 s refused 8 s refused 900 MiB 3" in found
    assert "a large one: before, 30,000,000 tasks are too many" in found
    assert "a network 1,000 1 s 500 ms 2.00 1 k 2 k 500 ms 125 ms 250 ms 125 ms 256 MiB 256 MiB 3" in found
    assert "exponent of the total over chips x blocks, 1 is linear: before 1.051, after 1.020" in found
    assert "lower 600,000 1,200,000 0.50" in found
    assert "before: python 3.11.7, in /old" in found
    assert "after: python 3.12.1" in found


def test_kernels_by_numpy_by_the_faster_of_torch_s_orders_and_by_the_ceiling() -> None:
    """Ratios as they were measured, not those of the rates beside them."""
    assert "a layer 100 500 2,000 4,000 10 5.25 0.12 26 %" in shown(TWO)


def test_layers_without_others_have_no_columns_for_them() -> None:
    alone = KernelRow("real, float32", "a layer", 10, "numpy", {"numpy": 1e9}, {})
    found = shown(replace(TWO, kernels=[alone]))
    assert "a layer 1" in found
    assert "ceiling" not in " ".join(found[: found.index("a layer 1")])


def test_both_engines_side_by_side() -> None:
    assert "a network 900 ms 30 ms 30.0 equal" in shown(TWO)
    assert "a network 900 ms 30 ms 30.0 NOT EQUAL" in shown(
        replace(TWO, tasks=[replace(STAGES, engines=EngineCost(0.9, 0.03, 30.0, same=False))])
    )
    found = shown(replace(TWO, tasks=[replace(STAGES, engines=Refused("the compiled engine needs an optional package"))]))
    assert "a network refused refused refused refused" in found
    assert "a network: the compiled engine needs an optional package" in found


def test_one_installation_is_neither_before_nor_after() -> None:
    """In place of another there is how far its times went."""
    machine = replace(TWO.machine, against=None, against_place=None)
    one = replace(TWO, machine=machine, runs=[replace(RUN, against=None, ratio=None)], tasks=None)
    found = shown(replace(one, growth=None, instructions=None))
    assert "a run 2 s 2 s 100 MiB 1 s 4 s 3" in found
    assert "before" not in "\n".join(found)


def test_narrow_terminals_lose_columns_and_no_digits() -> None:
    assert "a run 6 s 2 s 3.00 6 s 2 s 3.00 400 MiB 100 MiB 4.00" in shown(TWO, width=80)
    assert "a run 6 s 2 s 3.00 2 s 400 MiB 100 MiB" in shown(TWO, width=60)


def test_a_refused_scenario_is_a_row() -> None:
    """The others are measured all the same."""
    wanted = [Command("wrong", ("run", "hyperdrive/tiny_2x2.yaml", "--set", "frames=0")), RUNS[0]]
    wrong, right = commands(wanted, [Installation.this()], Repeats(1), silent)
    assert isinstance(wrong.this, Refused)
    assert wrong.this.refused.endswith("frames: must be greater than or equal to 1, not 0")
    assert isinstance(right.this, ProcessCost)


def test_every_scenario_is_measured() -> None:
    assert {one.arguments[1] for one in scenarios()} == {
        path.relative_to(ROOT / "scenarios").as_posix() for path in ROOT.glob("scenarios/**/*.yaml")
    }
    assert all(Path(word).is_file() for one in (*RUNS, *scenarios()) for word in one.words() if word.endswith(".yaml"))


def test_what_is_measured_if_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    for name in SECTIONS:
        monkeypatch.setattr(study._Measure, name, lambda self, name=name: asked.append(name))
    study.benchmark()
    assert asked == [*USUAL] == [name for name in SECTIONS if name != "big"]
    asked.clear()
    study.benchmark(["kernels", "big"])
    assert asked == ["big", "kernels"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["kernel"], "there is no section 'kernel'; did you mean 'kernels'?"),
        (["speed"], "there is no section 'speed'; sections are runs, big, scenarios, tasks, growth, kernels, instructions"),
        (["runs", "--against", "nobody"], "--against: 'nobody' is neither a program nor a folder; name a Python, as .venv/bin/python"),
        (
            ["runs", "--against", "."],
            "--against: '.' has no hyperdrive_sim; name a Python that it is installed in, or a folder with a checkout",
        ),
    ],
)
def test_wrong_words(words: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("bench", *words)
    assert (result.exit_code, result.stdout, sentences(result)) == (2, "", [sentence])


def test_wrong_numbers() -> None:
    result = invoke("bench", "--repeat", "0")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--repeat" in result.stderr


def test_what_cannot_be_counted_is_said_beside_the_rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(study, "USUAL", ("instructions",))
    result = invoke("bench", "--json")
    sentence = "valgrind, which counts instructions, is not installed; apt-get install -y valgrind"
    assert (result.exit_code, result.stderr) == (0, f"{sentence}\n")
    assert json.loads(result.stdout)["without"] == {"instructions": sentence}
    asked_for = invoke("bench", "instructions")
    assert (asked_for.exit_code, asked_for.stdout, sentences(asked_for)) == (2, "", [sentence])


def test_an_interruption_leaves_no_process() -> None:
    with started("bench", "runs") as running:
        below: list[psutil.Process] = []
        until = time.monotonic() + 60
        while len(below) < 2 and time.monotonic() < until:
            below = psutil.Process(running.pid).children(recursive=True)
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, "", "interrupted\n")
    assert psutil.wait_procs(below, timeout=10)[1] == []
