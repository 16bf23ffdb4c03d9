"""Sums of figures are the same on every Python: exact, or rounded once."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from commands import BASE, invoke, write

from hyperdrive_sim.reports.sums import by_key, mean
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import run


def test_a_sum_by_key_is_rounded_once_and_keeps_the_order() -> None:
    """Ten times 0.1 is 1, and 1 is not lost beside 1e16, in whatever order they come."""
    tenths = [("tenth", 0.1)] * 10
    assert by_key([("b", 1e16), *tenths, ("b", 1.0), ("b", -1e16)]) == {"b": 1.0, "tenth": 1.0}
    assert list(by_key([("b", 1.0), ("a", 1.0), ("b", 1.0)])) == ["b", "a"]


def test_a_mean_is_rounded_once() -> None:
    assert mean([0.1] * 10) == 0.1
    assert mean(iter([1e16, 1.0, -1e16])) == 1 / 3


def test_no_figure_is_a_sum_that_depends_on_the_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 3.12 on, the built-in sum of floats is a compensated one: nothing that is shown or written is left to it."""
    told: list[str] = []
    plain: Callable[..., Any] = builtins.sum

    def watched(values: Iterable[Any], /, start: Any = 0) -> Any:
        every = list(values)
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.startswith("hyperdrive_sim") and any(isinstance(value, float) for value in every):
            told.append(caller)
        return plain(every, start)

    monkeypatch.setattr(builtins, "sum", watched)
    mesh = write(tmp_path, "chip: {mesh: [2, 3]}\nframes: 3\n", base=BASE.replace("tiny_conv", "tiny_resnet"), name="mesh.yaml")
    of_signs = BASE.replace("tiny_conv", "tiny_xnor_pooled").replace("hyperdrive", "nandnet_sram")
    signs = write(tmp_path, "chip: {tiles: 3}\n", base=of_signs, name="signs.yaml")
    for scenario in (mesh, signs):
        assert invoke("run", scenario, "-o", tmp_path / scenario.stem, "--trace", tmp_path / f"{scenario.stem}.json").exit_code == 0
        assert invoke("check", scenario).exit_code == 0
        assert invoke("diagram", scenario).exit_code == 0
        assert invoke("run", scenario, "--dry-run").exit_code == 0
    assert invoke("validate", "nandnet_sram").exit_code == 0
    assert invoke("compare", mesh, signs).exit_code == 0
    assert invoke("report", mesh, signs, "-o", tmp_path / "page.html").exit_code == 0
    report = run(Scenario.read(mesh))
    for draw in (report.plot.layer_time, report.plot.energy, report.plot.roofline):
        draw()
    assert told == []
    assert eval("sum([0.5, 0.5])", {"__name__": "hyperdrive_sim.some"}) == 1.0
    assert told == ["hyperdrive_sim.some"]
