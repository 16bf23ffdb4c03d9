"""What a scenario leaves open becomes the best of the candidates, which are simulated unless they are too large."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.reports.summary import SummaryLine, signed
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule import goals
from hyperdrive_sim.study import choosing, runs
from hyperdrive_sim.text.wording import counted

OPEN = {"architecture": "hyperdrive", "network": "resnet18", "input_shape": (3, 128, 128)}


def scenario(mesh: object = "auto", **keys: object) -> Scenario:
    return Scenario.said(**{**OPEN, "chip": {"mesh": mesh}, **keys})  # type: ignore[arg-type]


def on(mesh: tuple[int, int]) -> Compiled:
    return runs.compiled(scenario(mesh))


def chosen(goal: str, *meshes: tuple[int, int]) -> Compiled:
    first, *others = map(on, meshes)
    return choosing.chosen(first, (one.mapped for one in others), goal)  # type: ignore[arg-type]


def costs(made: Compiled) -> list[float]:
    return [one.latency_s * one.energy_j for one in made.candidates]


def test_the_goal_decides() -> None:
    meshes = (1, 1), (1, 2), (2, 2)
    assert [chosen(goal, *meshes).machine.mesh for goal in ("edp", "latency", "energy")] == [(1, 2), (2, 2), (1, 1)]
    assert chosen("chips", (1, 2), (2, 1)).machine.mesh == min([(1, 2), (2, 1)], key=lambda mesh: on(mesh).trace.makespan_ps)


def test_the_chosen_one_stands_first_and_the_others_behind_it_in_order() -> None:
    made = chosen("edp", (1, 1), (2, 2), (1, 2))
    assert [one.settings for one in made.candidates] == [{"mesh": (1, 2)}, {"mesh": (1, 1)}, {"mesh": (2, 2)}]
    assert [one.chips for one in made.candidates] == [2, 1, 4]
    assert costs(made) == sorted(costs(made))
    first = made.candidates[0]
    assert (first.latency_s, first.energy_j) == (made.trace.makespan_ps / 1e12, made.ledger.total_j)


def test_more_chips_have_to_be_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is nearly as good as the best, the fewest chips are taken; what has many times as many is shown, and not weighed."""
    made = chosen("edp", (1, 1), (2, 4))
    assert (made.machine.chips, [one.chips for one in made.candidates]) == (1, [1, 8])
    monkeypatch.setattr(goals, "WORTH", 0.1)
    assert chosen("edp", (2, 2), (1, 1), (1, 2)).machine.mesh == (1, 1)


def test_no_more_are_tried_than_can_be_afforded(monkeypatch: pytest.MonkeyPatch) -> None:
    first = on((1, 1))
    monkeypatch.setattr(choosing, "AFFORDABLE", 3 * first.size)
    assert [one.chips for one in chosen("edp", (1, 1), (1, 2), (2, 2)).candidates] == [2, 1]
    monkeypatch.setattr(choosing, "AFFORDABLE", 3 * first.size - 1)
    made = chosen("edp", (1, 1), (1, 2), (2, 2))
    assert (made.machine.chips, made.candidates) == (1, ())


def test_a_frame_is_tried_of_many() -> None:
    """Which mesh it becomes does not depend on the number of frames."""
    one, three = runs.compiled(scenario()), runs.compiled(scenario(frames=3))
    assert one.machine.mesh == three.machine.mesh
    assert one.candidates == three.candidates
    assert len(three.schedule) == 3 * len(one.schedule)


def test_what_was_simulated_to_choose_is_not_simulated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = runs.compiled(scenario())
    monkeypatch.setattr("hyperdrive_sim.engine.compiled.simulate", None)
    assert made.trace.makespan_ps


def test_a_report_says_what_was_chosen_and_what_else_was_tried() -> None:
    report = runs.run(scenario())
    choice = report.to_dict()["system"]["choice"]
    assert choice["goal"] == "edp"
    assert choice["candidates"][0]["settings"] == {"mesh": list(report.system.mesh or ())}
    (line,) = (line for line in report.summary_lines() if line.name == "chosen")
    assert line == _line(choice["candidates"])
    assert runs.run(scenario([1, 2])).system.choice is None


def _line(candidates: list[Mapping[str, object]]) -> SummaryLine:
    meshes = ["'chip.mesh=[{},{}]'".format(*one["settings"]["mesh"]) for one in candidates]  # type: ignore[index]
    cost = [one["latency_s"] * one["energy_j"] for one in candidates]  # type: ignore[operator]
    chips = [counted(one["chips"], "chip") for one in candidates]  # type: ignore[arg-type]
    rows = zip(meshes[1:], cost[1:], chips[1:], strict=True)
    others = [f"{mesh} {signed(each / cost[0] - 1)}, {many}" for mesh, each, many in rows]
    return SummaryLine(
        "chosen", "1 setting", "\n".join((f"{meshes[0]}, {chips[0]}:", "energy x delay worth its chips; others have", *others))
    )


def test_it_is_the_same_from_a_written_run() -> None:
    report = runs.run(scenario({"auto": "latency"}))
    assert type(report).from_json(json.dumps(report.to_dict()).encode()).system == report.system
