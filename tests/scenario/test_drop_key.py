"""The key `drop:` of a scenario: one rule, for frames that arrive at times of their own."""

from __future__ import annotations

import pytest

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.schedule.admission import Admission
from hyperdrive_sim.study.checks import check
from hyperdrive_sim.study.runs import compiled

HEAD = "schema_version: 1\ntitle: a camera\nnetwork: tiny_xnor\ninput_shape: [16, 8, 8]\narchitecture: xnorbin\nframes: 12\n"
FAST = "frames_per_s: 160000\n"
"""Half as many again as the chip can take."""


def scenario(text: str) -> Scenario:
    return Scenario.parse(HEAD + text)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("{newest: 2}", Admission("newest", 2)),
        ("{oldest: 0}", Admission("oldest", 0)),
        ("{late_s: 1.0e-5}", Admission("late", late_ps=10**7)),
        ("{newest: null, oldest: 3}", Admission("oldest", 3)),
    ],
)
def test_rules(said: str, rule: Admission) -> None:
    drop = scenario(f"{FAST}drop: {said}\n").settings.drop
    assert drop is not None
    assert drop.admission() == rule


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("drop: {newest: 1, oldest: 1}", "drop.oldest: stands beside newest, and frames are dropped by one rule"),
        ("drop: {}", "drop: does not say which frames are dropped; give one of newest, oldest, late_s"),
        ("drop: {newest: -1}", "drop.newest: must be greater than or equal to 0, not -1"),
        ("drop: {latest: 1}", "drop: unknown key 'latest'; did you mean 'late_s'?"),
        ("drop: oldest", "drop: must be"),
    ],
)
def test_what_is_no_rule_is_refused(said: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        scenario(f"{FAST}{said}\n")
    assert problem in str(caught.value)


def test_nothing_is_dropped_where_frames_come_when_there_is_room() -> None:
    with pytest.raises(InvalidInput, match=r"7:1: drop: drops nothing where each frame comes when there is room for it; say when"):
        scenario("drop: {newest: 1}\n")


@pytest.mark.parametrize("said", ["{newest: 1}", "{oldest: 1}", "{late_s: 1.0e-5}"])
def test_a_camera_that_is_too_fast_loses_frames_and_the_others_are_right(said: str) -> None:
    camera = scenario(f"{FAST}drop: {said}\n")
    made = compiled(camera)
    assert 0 < len(made.trace.dropped) < 11
    assert 0 not in made.trace.dropped, "with the first frame the weights come that stay"
    verdict = check(camera)
    assert verdict.ok
    assert [frame for frame, outputs in enumerate(verdict.function.outputs) if not outputs] == list(made.trace.dropped)


def test_a_camera_that_is_slow_enough_loses_none() -> None:
    assert compiled(scenario("frames_per_s: 1000\ndrop: {oldest: 0}\n")).trace.dropped == ()
