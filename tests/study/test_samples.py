"""What a schedule costs, from its beginning: a line through two trials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import BASE, SCENARIOS, TINY, python

from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import runs, samples
from hyperdrive_sim.study.samples import Line

CASES = {
    "hyperdrive/resnet34_2048x1024": [],
    "hyperdrive/resnet34_224": ["frames=40"],
    "hyperdrive/resnet50_224": ["frames=4", "granularity=pixel"],
    "xnorbin/binary_alexnet": ["frames=4"],
    "chewbaccann/binary_resnet18": ["frames=12"],
    "nandnet_dram/binary_alexnet": ["frames=12"],
    "compare/binary_resnet18/nandnet_sram": ["frames=4"],
}
"""Every architecture, with 40,000 tasks or more and most with several frames."""


def test_a_line_through_two_trials() -> None:
    """100 tasks take 3 s and 300 take 7: 1 s is for once, 20 ms for each."""
    line = Line(100, 3.0, 300, 7.0)
    assert line.each == pytest.approx(0.02)
    assert line.at(1300) == pytest.approx(27.0)
    assert Line(100, 3.0, 100, 3.0).at(100) == 3.0, "all of a schedule, tried twice"
    assert Line(100, 3.0, 300, 2.9).at(1300) == 2.9, "a trial that was held up"


@pytest.mark.parametrize(("wanted", "there"), [(5, 5), (111, 111), (112, 112), (113, 112)])
def test_the_beginning_of_a_schedule_is_a_schedule(wanted: int, there: int) -> None:
    made = runs.compiled(Scenario.read(TINY))
    found = samples.beginning(made, wanted)
    assert len(found) == there
    assert list(found) == made.schedule[:there]
    assert found.checked(made.machine) is found


def test_a_small_run_is_tried_as_a_whole() -> None:
    expected = runs.estimate(Scenario.read(TINY))
    assert (expected.tasks, expected.sample_tasks) == (112, 112)
    assert expected.seconds > 0


@pytest.mark.parametrize(("network", "shape", "tasks"), [("tiny_conv", "[3, 12, 16]", 4), ("tiny_residual", "[16, 12, 16]", 19)])
def test_the_smallest_runs_are_tried_too(network: str, shape: str, tasks: int) -> None:
    """Fewer tasks than parts that a sample is cut into."""
    text = BASE.replace("tiny_conv", network).replace("[3, 12, 16]", shape)
    expected = runs.estimate(Scenario.parse(text))
    assert (expected.tasks, expected.sample_tasks) == (tasks, tasks)
    assert expected.bytes > 0


def measured(name: str, settings: list[str], what: str) -> dict[str, float]:
    """An estimate or a run in a process of its own, which has no other memory."""
    path = SCENARIOS / f"{name}.yaml"
    code = f"""
import gc, json
from time import perf_counter
from hyperdrive_sim.outputs.manifest import peak_memory_bytes
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import runs
gc.disable()
scenario = Scenario.read({str(path)!r}, {[*settings, "reproduces=null"]})
if {what!r} == "estimate":
    print(json.dumps(runs.estimate(scenario)._asdict()))
else:
    begun = perf_counter()
    tasks = len(runs.run(scenario).trace)
    print(json.dumps({{"tasks": tasks, "seconds": perf_counter() - begun, "bytes": peak_memory_bytes()}}))
"""
    return json.loads(python(code))  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is not told everywhere")
@pytest.mark.parametrize("name", CASES)
def test_an_estimate_is_near_what_a_run_takes(name: str) -> None:
    """Tasks are exact, memory is within a quarter. How near the seconds are depends on what else the machine does, and is no test."""
    expected, real = (measured(name, CASES[name], what) for what in ("estimate", "run"))
    assert expected["tasks"] == real["tasks"] >= 40_000
    assert expected["bytes"] == pytest.approx(real["bytes"], rel=0.25)
