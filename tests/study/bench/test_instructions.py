"""Counting by valgrind: what is read of its files, what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hyperdrive_sim.engine.compiled import silent
from hyperdrive_sim.study.bench import counting, instructions
from hyperdrive_sim.study.bench.benchmark import benchmark
from hyperdrive_sim.study.bench.installation import Installation, NotMeasured
from hyperdrive_sim.study.bench.instructions import CountRow, NoValgrind
from hyperdrive_sim.study.bench.turns import Refused

THIS, OTHER = Installation("this", None), Installation("other", None)
WRITTEN = """\
# callgrind format
part: 1
desc: Trigger: Client Request: plain Python
events: Ir
summary: 120
fn=(1) one
+1 100
totals: 123

part: 2
desc: Trigger: Client Request: tiny: lower
totals: 4567

part: 3
desc: Trigger: Program termination
totals: 89
"""


def test_parts_are_cases() -> None:
    """What precedes the first case and follows the last is none."""
    assert instructions.PART.findall(WRITTEN) == [("plain Python", "123"), ("tiny: lower", "4567")]


def test_rows_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "available", lambda: None)
    monkeypatch.setattr(instructions, "counts", lambda one: {"a": 100, "b": 10} if one == THIS else {"a": 250, "b": 5})
    assert instructions.instructions([THIS, OTHER], silent) == [CountRow("a", 100, 250, 2.5), CountRow("b", 10, 5, 0.5)]
    assert instructions.instructions([THIS], silent) == [CountRow("a", 100, None, None), CountRow("b", 10, None, None)]


def test_an_installation_in_which_a_case_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(one: Installation) -> dict[str, int]:
        if one == OTHER:
            raise NotMeasured("ImportError: cannot import name 'check'")
        return {"a": 100}

    monkeypatch.setattr(instructions, "available", lambda: None)
    monkeypatch.setattr(instructions, "counts", counted)
    (row,) = instructions.instructions([THIS, OTHER], silent)
    assert row == CountRow("a", 100, Refused("ImportError: cannot import name 'check'"), None)


def test_without_valgrind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks for counts is told at once; whoever asks for all gets the rest."""
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = "valgrind, which counts instructions, is not installed; apt-get install -y valgrind"
    with pytest.raises(NoValgrind) as caught:
        benchmark(["growth", "instructions"])
    assert str(caught.value) == sentence
    monkeypatch.setattr("hyperdrive_sim.study.bench.benchmark.USUAL", ("instructions",))
    found = benchmark()
    assert (found.instructions, found.without) == (None, {"instructions": sentence})


def test_another_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(instructions.platform, "machine", lambda: "aarch64")
    with pytest.raises(NoValgrind, match="instructions are counted on x86-64 processors, not on aarch64"):
        instructions.available()


def test_outside_of_valgrind_requests_do_nothing() -> None:
    """The code that is a request changes nothing on a real processor, and answers 0."""
    ask = counting.valgrind()
    assert [ask(request) for request in (counting.ZERO, counting.START, counting.STOP)] == [0, 0, 0]


def test_cases_can_be_done_again_and_again() -> None:
    """What a case makes is not kept: the second time is as much work as the first."""
    cases = counting.cases()
    assert len(cases) > 10
    for name, case in cases.items():
        first, second = case(), case()
        assert first is None or first is not second, name
