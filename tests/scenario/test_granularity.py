"""How finely tasks are cut: a key of the scenario like any other, and in everything that a run says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from commands import BASE, TINY, complaints, write

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs import rundir
from hyperdrive_sim.outputs.page.run import reported
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.scenario.schema import schema
from hyperdrive_sim.study.checks import COARSE, Deviation, Function, Timing, Verdict, check
from hyperdrive_sim.study.runs import compiled, run, sweep


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def tiny(*changes: str) -> Report:
    return run(Scenario.read(TINY, changes))


# --- the key ---


def test_absent_it_is_the_coarsest() -> None:
    assert [compiled(Scenario.read(TINY, changes)).grain for changes in ([], ["granularity=null"], ["granularity=pixel"])] == [
        *("block", "block", "pixel")
    ]


def test_a_run_is_cut_as_the_scenario_says() -> None:
    """112 tasks of whole blocks last 8,566 cycles, 208 of pixels 7,066; the work and its energy are the same."""
    coarse, fine = tiny(), tiny("granularity=pixel")
    assert (len(coarse.trace), len(fine.trace)) == (112, 208)
    assert (coarse.time.cycles, fine.time.cycles) == (8566, 7066)
    assert (coarse.system.granularity, fine.system.granularity) == ("block", "pixel")
    assert coarse.system.granularities == fine.system.granularities == ("block", "pixel")
    assert fine.energy.total_j == pytest.approx(coarse.energy.total_j)
    assert run(TINY, {"granularity": "pixel"}).time == fine.time


def test_in_python() -> None:
    said = run(network="tiny_conv", input_shape=(3, 12, 16), architecture="hyperdrive", granularity="pixel")
    assert said.system.granularity == "pixel"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("pixl", "'pixl' is no granularity of hyperdrive, whose tasks are cut by block or pixel; did you mean 'pixel'?"),
        ("stage", "'stage' is no granularity of hyperdrive, whose tasks are cut by block or pixel"),
        ("3", "must be text or empty, not 3"),
        ("''", "must have at least 1 character, not the text ''"),
    ],
)
def test_what_is_none_is_told_with_all_other_mistakes(tmp_path: Path, value: str, sentence: str) -> None:
    assert complaints(tmp_path, f"granularity: {value}\nframes: 0\nchip: {{lanes: 0}}\n") == [
        f"s.yaml:6:1: granularity: {sentence}",
        "s.yaml:7:1: frames: must be greater than or equal to 1, not 0",
        "s.yaml:8:8: chip.lanes: must be greater than 0, not 0",
    ]


def test_an_architecture_with_one_granularity() -> None:
    base = BASE.replace("tiny_conv", "tiny_xnor").replace("hyperdrive", "nandnet_sram")
    with pytest.raises(InvalidInput, match=r"'pixel' is no granularity of nandnet_sram, whose tasks are cut by block$"):
        Scenario.parse(base, ["granularity=pixel"])


def test_it_can_be_swept(tmp_path: Path) -> None:
    write(tmp_path, "sweep: {granularity: [block, pixel, line]}\n")
    (_, coarse), (point, fine), (_, wrong) = sweep("s.yaml")
    assert isinstance(coarse, Report)
    assert isinstance(fine, Report)
    assert point == {"granularity": "pixel"}
    assert (coarse.system.granularity, fine.system.granularity) == ("block", "pixel")
    assert str(wrong) == "s.yaml:6:37: granularity: 'line' is no granularity of hyperdrive, whose tasks are cut by block or pixel"


def test_a_hash_knows_it_only_where_it_is_said() -> None:
    silent, said = Scenario.parse(BASE), Scenario.parse(BASE, ["granularity=block"])
    assert "granularity" not in silent.document.data
    assert silent.hash != said.hash != Scenario.parse(BASE, ["granularity=pixel"]).hash


def test_the_schema_has_the_names_of_each_architecture() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    data = Scenario.parse(BASE).document.data
    assert [validator.is_valid({**data, "granularity": name}) for name in ("block", "pixel", None, "channel")] == [True, True, True, False]
    assert validator.is_valid({**data, "architecture": "xnorbin", "network": "tiny_xnor", "granularity": "channel"})


# --- what is said of it ---


def test_the_summary_says_it_where_it_is_not_the_coarsest() -> None:
    lines = {line.name: line for line in tiny("granularity=pixel").summary_lines()}
    assert lines["granularity"][1:] == ("pixel", "tasks are cut finer than the usual block")
    assert "granularity" not in {line.name for line in tiny().summary_lines()}


@pytest.mark.parametrize("name", ["block", "pixel"])
def test_a_directory_says_it_and_can_be_run_again(tmp_path: Path, name: str) -> None:
    report = tiny(f"granularity={name}")
    rundir.write(report, Scenario.read(TINY, [f"granularity={name}"]), tmp_path / "out")
    assert f"granularity: {name}\n" in (tmp_path / "out" / "scenario.resolved.yaml").read_text("utf-8")
    assert rundir.read(tmp_path / "out").system == report.system
    assert run(tmp_path / "out" / "scenario.resolved.yaml").time == report.time


def test_a_page_of_a_report_alone_says_it() -> None:
    assert "granularity: pixel\n" in reported(tiny("granularity=pixel")).manifest["scenario"]
    assert "granularity" not in reported(tiny()).manifest["scenario"]


# --- check ---


def verdict(granularity: str, **grains: int | None) -> Verdict:
    timing = Timing(grains, granularity, 1, "critical path", "")
    return Verdict(Function(0, None, "", ()), Deviation(0.0, 1.0, None), timing, {}, 1, "float64", {})


def test_a_finer_cut_that_moves_the_makespan_by_more_than_a_twentieth_is_a_warning() -> None:
    assert COARSE == 0.05
    assert verdict("block", block=1000, pixel=950).warnings == verdict("block", block=1000, pixel=1050).warnings == ()
    assert verdict("block", block=1000, pixel=949).warnings == (
        "cut by pixel, the schedule lasts 949 cycles, 5.1 % less than the 1,000 cut by block; put `granularity: pixel` into the scenario",
    )
    (longer,) = verdict("block", block=1000, row=1000, pixel=1100).warnings
    assert longer.startswith("cut by pixel, the schedule lasts 1,100 cycles, 10.0 % more than the 1,000 cut by block; ")


def test_coarser_cuts_and_cuts_that_were_not_tried_are_no_warnings() -> None:
    assert verdict("pixel", block=2000, pixel=1000).warnings == ()
    assert verdict("row", block=2000, row=1000, pixel=None).warnings == ()
    assert list(verdict("row", block=2000, row=1000, pixel=500).too_coarse) == ["pixel"]


def test_a_warning_leaves_a_schedule_right() -> None:
    found = check(TINY)
    assert found.ok
    assert found.too_coarse == {"pixel": -1500 / 8566}
    assert found.to_dict()["warnings"] == list(found.warnings)
    assert found.timing[:2] == ({"block": 8566, "pixel": 7066}, "block")


def test_check_replays_what_the_scenario_says() -> None:
    fine = check(TINY, {"granularity": "pixel"})
    assert (fine.ok, fine.warnings, fine.cycles) == (True, (), 7066)
    assert fine.timing[:2] == ({"block": 8566, "pixel": 7066}, "pixel")
    assert fine.function.values == check(TINY).function.values
