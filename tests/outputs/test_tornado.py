"""Tornado plots: the longest bar on top, each end with the value that makes it, and a picture of all three."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import TINY

from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.plots import tornado_file
from hyperdrive_sim.outputs.plots.tornado import MEASURES, MOST_BARS, bars, tornado
from hyperdrive_sim.reports.helps import Help
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.sensitivity import Outcome, Sensitivity, Varied

UNITS = (Help(("array", "port"), 0.5, -0.5), Help(("array",), 0.8, -0.2), Help(("port",), 1.0, 0.0))
FIGURES = (
    Varied("chip.lanes", 16, "recalled", (Outcome(8, 0.9, -0.01), Outcome(24, None, None, "is too large"))),
    Varied("a.cycle, b.cycle", 320.0, "assumed", (Outcome(160.0, 0.0, -0.37), Outcome(480.0, 0.0, 0.37))),
    Varied("chip.fill", "a", "fitted", (Outcome("b", 0.02, 0.0), Outcome("c", -0.3, 0.0), Outcome("d", 0.05, 0.0))),
)
FOUND = Sensitivity(1, "a chip", "net on chip", 1, "makespan", 1e-3, 2e-6, UNITS, FIGURES, {})


def names(of: str) -> list[str]:
    return [bar.name for bar in bars(FOUND, of)]  # type: ignore[arg-type]


def test_the_longest_bar_stands_on_top_and_what_moves_nothing_has_none() -> None:
    assert names("units") == ["array and port", "array"]
    assert names("time") == ["lanes\n16, recalled", "fill\na, fitted"]
    assert names("energy") == ["a.cycle and 1 more\n320, assumed", "lanes\n16, recalled"]
    ax = tornado(FOUND, "time")
    assert [label.get_text() for label in ax.get_yticklabels()] == names("time")
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first is on top"


@pytest.mark.parametrize(
    ("of", "ends", "texts"),
    [
        ("units", [(0, -0.5, 0), (1, -0.2, 0)], {"-50.0 %", "-20.0 %"}),
        ("time", [(0, 0, 0.9), (1, -0.3, 0.05)], {"8: +90.0 %", "c: -30.0 %", "d: +5.0 %"}),
        ("energy", [(0, -0.37, 0.37), (1, -0.01, 0)], {"160: -37.0 %", "480: +37.0 %", "8: -1.0 %"}),
    ],
)
def test_a_bar_goes_from_the_least_to_the_most_that_any_value_makes(of: str, ends: list[tuple[int, float, float]], texts: set[str]) -> None:
    ax = tornado(FOUND, of)  # type: ignore[arg-type]
    drawn = {}
    for patch in ax.patches:
        row = round(patch.get_y() + patch.get_height() / 2)  # type: ignore[attr-defined]
        low, high = drawn.get(row, (0.0, 0.0))
        width = patch.get_width()  # type: ignore[attr-defined]
        drawn[row] = min(low, width), max(high, width)
    assert drawn == {row: (low, high) for row, low, high in ends}
    assert {text.get_text() for text in ax.texts} == texts


def test_axes_say_what_is_changed() -> None:
    assert tornado(FOUND, "energy").get_xlabel() == "change of 2 \N{MICRO SIGN}J, a frame's energy"
    assert tornado(FOUND, "units").get_xlabel() == "change of 1 ms, the makespan"
    with pytest.raises(InvalidInput, match=r"^of: there is no 'power'"):
        tornado(FOUND, "power")  # type: ignore[arg-type]


def test_no_more_bars_than_can_be_read() -> None:
    many = tuple(Varied(f"chip.k{n}", n, "assumed", (Outcome(2 * n, n / 100, 0.0),)) for n in range(1, 40))
    found = Sensitivity(1, "t", "s", 1, "makespan", 1.0, 1.0, (), many, {})
    assert [bar.name for bar in bars(found, "time")] == [f"k{n}\n{n}, assumed" for n in range(39, 39 - MOST_BARS, -1)]


@pytest.mark.parametrize("found", [FOUND, Sensitivity(1, "nothing moves", "s", 1, "makespan", 1.0, 0.0, (), (), {})], ids=["some", "none"])
def test_a_picture_has_all_three(tmp_path: Path, found: Sensitivity) -> None:
    target = tornado_file.target(tmp_path / "t.svg", Scenario.read(TINY))
    tornado_file.write(found, target)
    drawn = (tmp_path / "t.svg").read_text("utf-8")
    assert all(tornado(found, of).get_xlabel() for of in MEASURES)
    assert drawn.count('<g id="axes_') == 3
