"""What a schedule costs, from its beginning: a line through two trials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import BASE, SCENARIOS, TINY, python

from hyperdrive_sim.engine.compiled import collector_paused
from hyperdrive_sim.kernels import loops
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.columns import Interned
from hyperdrive_sim.schedule.growing import Links
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.writer import Stamp, Writer
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


def chain(to: Writer, passes: int) -> None:
    """Passes of two tasks on one unit, each after the one before."""
    two = np.zeros(2, np.int32)
    stamp = Stamp(Interned(two, ("step",)), Interned(two, ("unit",)), two + 1, Interned(two, ({},)), two, two + NO_EFFECT, [])
    tasks = np.arange(1, 2 * passes)
    to.stamp(stamp, passes=[(0, 1)] * passes, layer="conv", frame=0, after=[Links(tasks, tasks - 1)], after_start=[])


def test_no_more_passes_are_written_than_are_wanted() -> None:
    """Of a thousand stamped at once three, for five tasks."""
    first, whole = samples._FirstTasks(5), Writer()
    with pytest.raises(samples._Enough):
        chain(first, 1000)
    assert first.size == 6
    chain(whole, 3)
    assert list(first.schedule()) == list(whole.schedule())


def test_a_sample_is_run_as_the_whole_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether numba is worth it is asked for the number of tasks of the run alone: with it, no list of Python is made in a large one."""
    asked: list[int] = []
    made = runs.compiled(Scenario.read(TINY))
    monkeypatch.setattr(samples, "TRIED", 40)
    monkeypatch.setattr(loops, "worth_it", lambda tasks: bool(asked.append(tasks)))
    samples.bytes_per_task(made)
    assert set(asked) == {made.size}


def test_the_memory_of_a_task_is_that_of_the_stage_where_each_takes_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """One stage takes 1000 bytes once and 1 for each task, another 10 for each: this one is the peak of a run of any size that counts."""
    trials = iter([(4, []), (4, [1004, 40]), (16, [1016, 160])])
    monkeypatch.setattr(samples, "_traced", lambda _: next(trials))
    assert samples.bytes_per_task(runs.compiled(Scenario.read(TINY))) == pytest.approx(10 * samples.ALLOCATED)


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
from hyperdrive_sim.engine.compiled import collector_paused
from hyperdrive_sim.kernels import loops
from hyperdrive_sim.reports.layer_table import layer_rows
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.columns import Interned
from hyperdrive_sim.schedule.growing import Links
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.writer import Stamp, Writer
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


@pytest.mark.slow
@pytest.mark.skipif(not loops.there(), reason="numba is not installed")
def test_memory_per_task_is_what_each_further_task_of_large_runs_takes() -> None:
    """168,144 tasks in a frame, of which a sample sees the beginning of the first layer."""
    made = runs.compiled(Scenario.read(SCENARIOS / "hyperdrive" / "resnet34_2048x1024.yaml", ["reproduces=null"]))

    def stages(frames: int) -> Iterator[int]:
        run = made.of_frames(frames)
        yield len(run.trace)
        _ = run.schedule.bound, run.trace.busy_ps(), run.trace.waiting_ps(), list(layer_rows(run))
        yield len(run.trace)

    with collector_paused():
        samples.bytes_per_task(made)  # which loads numba's loops
        (few, least), (more, most) = (samples._traced(stages(frames)) for frames in (1, 3))
    real = (max(most) - max(least)) / (more - few)
    assert samples.bytes_per_task(made) / samples.ALLOCATED == pytest.approx(real, rel=0.1)
