"""Names of runs that stand beside each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulated import report

from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.side_by_side import common_title, names

TINY = report("hyperdrive/tiny_2x2")


def titled(title: str, file: str = "a.yaml", *, frames: int = 1, **changed: Any) -> Report:
    scenario, system = replace(TINY.scenario, title=title, file=file), replace(TINY.system, changed=changed)
    return replace(TINY, scenario=scenario, system=system, time=replace(TINY.time, frames=frames))


def test_titles_that_differ_are_names() -> None:
    assert names([titled("one", voltage_v=0.5), titled("other", voltage_v=0.65)]) == ["one", "other"]


def test_of_one_title_what_was_set_differently_is_said() -> None:
    found = [titled("one", voltage_v=0.65), titled("two", frames=9), titled("one", frames=4), titled("one", voltage_v=0.8)]
    assert names(found) == [
        "one (voltage_v=0.65, frames=1)",
        "two",
        "one (voltage_v default, frames=4)",
        "one (voltage_v=0.8, frames=1)",
    ]


def test_a_mesh_says_how_many_chips_there_are() -> None:
    four, six = titled("one", mesh=(2, 2)), titled("one", mesh=(2, 3))
    found = [four, replace(six, system=replace(six.system, chips=6))]
    assert names(found) == ["mesh=[2,2]", "mesh=[2,3]"]


def test_what_was_set_alike_has_files_and_at_last_numbers() -> None:
    """So have runs in which more was set than a name should have."""
    alike = [titled("one", "a.yaml"), titled("one", "deep/b.yaml")]
    assert names(alike) == ["a.yaml", "b.yaml"]
    assert names(alike, ["runs/x", "runs/y"]) == ["x", "y"]
    assert names([alike[0], alike[0]]) == ["run 1", "run 2"]
    assert names([titled("one", ""), titled("one", "")]) == ["run 1", "run 2"]
    much = [titled("one", "a.yaml"), titled("one", "b.yaml", a=1, b=2, c=3, d=4)]
    assert names(much) == ["a.yaml", "b.yaml"]
    assert names([]) == []


def test_a_title_that_all_have_is_said_once() -> None:
    assert common_title([titled("one"), titled("one")]) == "one"
    assert common_title([titled("one"), titled("two")]) == common_title([titled("one")]) == common_title([]) == ""
    assert names([titled("one")]) == ["one"]
