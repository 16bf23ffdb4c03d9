"""Whatever stands for a run: scenarios, directories and reports, compared and put on a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import TINY, invoke, sentences

from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.network.box import Shape
from hyperdrive_sim.network.graph import INPUT, Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.network.window import Window
from hyperdrive_sim.outputs import rundir
from hyperdrive_sim.outputs.page.write import report as page
from hyperdrive_sim.outputs.sources import compare, report_of
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import run

MINE = Network("mine", Shape(4, 6, 8), [Conv(name="a", inputs=(INPUT,), out_channels=4, window=Window.square(3, padding=1))])


def mine() -> Scenario:
    return Scenario.of_network(MINE, "hyperdrive")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that was written."""
    scenario = Scenario.read(TINY)
    rundir.write(run(scenario), scenario, tmp_path / "run")
    return tmp_path / "run"


# --- compare ---


def test_everything_that_stands_for_a_run_is_compared(folder: Path) -> None:
    report = run(TINY, {"frames": 2})
    found = compare([TINY, folder, mine(), report, "nosuch.yaml"])
    names, outcomes = zip(*found, strict=True)
    assert names == (str(TINY), str(folder), "mine on hyperdrive", str(TINY), "nosuch.yaml")
    latencies = [outcome.time.latency_s for outcome in outcomes if isinstance(outcome, Report)]
    assert len(latencies) == 4
    assert latencies[0] == latencies[1] == run(TINY).time.latency_s
    assert outcomes[3] is report
    assert isinstance(outcomes[4], HyperdriveSimError)
    assert str(outcomes[4]) == "cannot read 'nosuch.yaml': there is no such file"


def test_what_is_changed_holds_for_every_scenario() -> None:
    (_, first), (_, second) = compare([TINY, mine()], {"frames": 3})
    assert isinstance(first, Report)
    assert isinstance(second, Report)
    assert (first.time.frames, second.time.frames) == (3, 3)


def test_of_a_run_that_has_been_nothing_is_changed(folder: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        compare([TINY, folder], {"frames": 2})
    assert str(error.value) == (
        f"--set: '{folder}' is a run that has been, and nothing of it can be set; "
        f"take the scenario in it, {folder / 'scenario.resolved.yaml'}"
    )
    with pytest.raises(InvalidInput, match=r"is a run that has been, and nothing of it can be set; take its scenario$"):
        report_of(run(TINY), ("frames=2",), lambda stage, done, total: None)


# --- a network that was given, in files ---


def test_the_scenario_in_a_directory_says_what_it_lacks(tmp_path: Path) -> None:
    rundir.write(run(mine()), mine(), tmp_path)
    head, remark, layer, *_ = (tmp_path / "scenario.resolved.yaml").read_text("utf-8").splitlines()
    assert head.startswith("# As it was run")
    assert remark == "# The network was given in Python, and cannot be run from here:"
    assert layer == f"# {MINE['a']!r}"
    assert rundir.read(tmp_path).to_dict() == run(mine()).to_dict()
    result = invoke("run", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentences(result) == [
        f"{tmp_path}/scenario.resolved.yaml:6:1: network: 'mine' was given in Python, and no file has it; "
        "run it from there: hs.run(network=..., architecture=...)"
    ]


# --- pages ---


def test_a_page_of_a_scenario(tmp_path: Path) -> None:
    path = page(TINY, {"frames": 2}, output=tmp_path / "deep" / "a.html")
    assert path == tmp_path / "deep" / "a.html"
    text = path.read_text("utf-8")
    assert "hyperdrive-sim run hyperdrive/tiny_2x2 --set frames=2" in text, "what can be run anywhere"
    invoke("report", TINY, "--set", "frames=2", "-o", tmp_path / "b.html")
    assert (tmp_path / "b.html").read_text("utf-8") == text, "the command line writes the same"


def test_a_page_of_a_network(tmp_path: Path) -> None:
    text = page(network=MINE, architecture="hyperdrive", output=str(tmp_path / "a.html")).read_text("utf-8")
    assert "mine on hyperdrive" in text
    assert "This run again" not in text, "there is no file to run again"
    assert "The network was given in Python" in text


def test_a_page_of_reports(tmp_path: Path) -> None:
    """Of a report alone there is no seed and there are no versions to show."""
    one, two = run(TINY), run(TINY, {"chip.voltage_v": 0.65, "title": "faster"})
    text = page(one, output=tmp_path / "a.html").read_text("utf-8")
    assert "This run again" not in text
    assert "the seed" not in text
    both = page([one, two, mine()], output=tmp_path / "b.html").read_text("utf-8")
    assert "1: A tiny residual network on a 2 x 2 mesh" in both
    assert "2: faster" in both
    assert "3: mine on hyperdrive" in both


def test_no_page_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^there is nothing to show; name a scenario file"):
        page([], output=tmp_path / "a.html")
    with pytest.raises(InvalidInput, match=r"^there is nothing to run"):
        page(output=tmp_path / "a.html")
    with pytest.raises(InvalidInput, match=r"^frames: is said in place of a scenario"):
        page([TINY], frames=2, output=tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []
