"""A short leg of the fuzzing in every test run, and the judge's own verdicts: a program that misbehaves is found out.

`python tests/fuzz/fuzz.py` tries as many inputs as there is time for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fuzz
import kinds
import pytest
from judge import Fault, Outcome, faults, group
from kinds.given import Fifo, Folder, Input, Link, lay
from trial import ROOT, Trial

COUNT, SEED = 252, 1
GIVEN = Input(("run", "s.yaml"), {"s.yaml": b"mine\n", "out/a": b"earlier\n"}, replaceable=("out",))


@pytest.fixture(scope="module")
def results() -> list[dict[str, Any]]:
    """Of the short leg, in a process of its own: it limits its memory and forks."""
    command = [sys.executable, str(Path(fuzz.__file__)), "--count", str(COUNT), "--seed", str(SEED), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


# --- the short leg ---


def test_whatever_it_is_given_it_answers_as_it_says(results: list[dict[str, Any]]) -> None:
    wrong = [f"--seed {SEED} --only {one['number']}: {one['what']}: {one['faults']}" for one in results if one["faults"]]
    assert not wrong, "python tests/fuzz/fuzz.py with\n" + "\n".join(wrong)


def test_all_kinds_were_tried_and_went_deep(results: list[dict[str, Any]]) -> None:
    """Not that everything was refused at the door."""
    assert sorted(one["number"] for one in results) == list(range(COUNT))
    assert {one["alone"] for one in results} == {True, False}
    for kind in kinds.KINDS:
        codes = [one["code"] for one in results if one["kind"] == kind]
        assert len(codes) == COUNT // len(kinds.KINDS)
        assert codes.count(0) > len(codes) / 20, kind
        assert codes.count(2) > len(codes) / 5, kind


def test_an_input_is_always_the_same() -> None:
    assert [kinds.drawn(3, number) for number in range(40)] == [kinds.drawn(3, number) for number in range(40)]
    assert kinds.drawn(3, 0) != kinds.drawn(4, 0)


def test_processes_of_their_own_are_of_every_kind() -> None:
    assert {kinds.kind(number) for number in range(600) if fuzz.alone(number)} == set(kinds.KINDS)


# --- the judge: by what an outcome says ---


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(0, b"fine\n"), []),
        (Outcome(2, b"", b"error: x\n"), []),
        (Outcome(1, b"a table\n"), []),
        (Outcome(3, b"a table\n"), []),
        (Outcome(70, b"", b"error: x\n"), ["internal"]),
        (Outcome(130, b"", b"interrupted\n"), ["code"]),
        (Outcome(143, b"", b"x\n"), ["code"]),
        (Outcome(-9, b"", b"x\n"), ["memory"]),
        (Outcome(2, b"some\n", b"error: x\n"), ["stdout"]),
        (Outcome(2), ["silent"]),
        (Outcome(1), ["silent"]),
        (Outcome(2, b"", b"error: \x1b[2J\n"), ["escape"]),
        (Outcome(0, b"\tx\r\n"), ["escape"]),
        (Outcome(0, "\x9b2J\n".encode()), ["escape"]),
        (Outcome(1, b"", b"Traceback (most recent call last):\n"), ["traceback"]),
        (Outcome(0, b"", b"/a/b.py:3: RuntimeWarning: overflow\n"), ["warning"]),
        (Outcome(None, hung=True), ["hang"]),
        (Outcome(2, b"", b"error: x\n", left=(".result.json.abc",)), ["left"]),
        (Outcome(0, changed=("s.yaml",)), ["overwritten"]),
        (Outcome(0, programs=("subprocess.Popen gs",)), ["program"]),
    ],
)
def test_the_judge(outcome: Outcome, expected: list[str]) -> None:
    assert [fault.kind for fault in faults(GIVEN, outcome)] == expected


def test_no_command_at_all_is_judged_too() -> None:
    assert [fault.kind for fault in faults(Input((), {}), Outcome(2, b"x\n", b"\x1b"))] == ["stdout", "escape"]


def test_a_traceback_that_was_asked_for_is_none() -> None:
    asked = Input(("--traceback", "run"), {})
    assert faults(asked, Outcome(2, b"", b"Traceback (most recent call last):\n")) == []


def test_faults_of_one_cause_are_a_group() -> None:
    """The particulars of an error do not count, its place does."""
    one, two = (Fault("traceback", f"ValueError: {what} at hyperdrive_sim/a.py:1 in f") for what in ("x", "y: z"))
    assert group(one) == group(two) == "traceback: ValueError at hyperdrive_sim/a.py:1 in f"


# --- the trial: by what a program does ---


def tried(program: Callable[[], Any], *, limit_s: float = 5.0, given: Input = GIVEN) -> list[str]:
    """Kinds of the faults of a program of our own."""
    return [fault.kind for fault in faults(given, Trial(program, limit_s)(given))]


def test_a_program_that_behaves() -> None:
    assert tried(lambda: print("fine")) == []
    assert tried(lambda: refuse("error: no")) == []


def refuse(sentence: str, code: int = 2) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(code)


def test_one_that_raises() -> None:
    assert tried(lambda: 1 // 0) == ["traceback"]


def test_one_that_hangs() -> None:
    assert tried(lambda: time.sleep(60), limit_s=0.1) == ["hang"]


def test_one_that_swallows_the_end_of_its_time() -> None:
    def stubborn() -> None:
        for _ in range(2):
            try:
                time.sleep(60)
            except BaseException:
                continue

    assert tried(stubborn, limit_s=0.1) == ["hang"]


def test_one_that_opens_a_pipe_nobody_writes_to() -> None:
    given = Input(("run", "f"), {"f": Fifo()})
    assert tried(lambda: Path("f").read_bytes(), limit_s=0.1, given=given) == ["hang"]


def test_one_that_ends_itself() -> None:
    def end(code: int) -> None:
        print("error: no", file=sys.stderr, flush=True)
        os._exit(code)

    assert tried(lambda: end(70)) == ["internal"]
    assert tried(lambda: end(5)) == ["code"]
    assert tried(lambda: end(2)) == []


def test_one_that_prints_beside_its_refusal() -> None:
    assert tried(lambda: (print("half a result"), refuse("error: no"))) == ["stdout"]
    assert tried(lambda: sys.exit(2)) == ["silent"]


def test_what_a_c_library_prints_is_seen() -> None:
    assert tried(lambda: (os.write(1, b"TIFF\x1b"), None)) == ["escape"]


def test_one_that_starts_a_program() -> None:
    assert tried(lambda: subprocess.run(["true"], check=True)) == ["program"]


def test_one_that_leaves_or_overwrites_files() -> None:
    assert tried(lambda: [Path("../.hyperdrive-sim-unfinished-1").write_text("x")]) == ["left"]
    assert tried(lambda: [Path("s.yaml").write_text("x")]) == ["overwritten"]
    assert tried(lambda: Path("s.yaml").unlink()) == ["overwritten"]
    assert tried(lambda: [Path("out/a").write_text("x")]) == [], "it may be replaced"


def test_streams_arguments_and_directory_come_back(capfd: pytest.CaptureFixture[str]) -> None:
    before = sys.argv, sys.stdout, os._exit, os.getcwd()
    seen: list[object] = []
    tried(lambda: (seen.extend(sys.argv), print("not here")))
    assert (sys.argv, sys.stdout, os._exit, os.getcwd()) == before
    assert seen == ["hyperdrive-sim", "run", "s.yaml"]
    assert capfd.readouterr().out == ""


def test_what_is_laid(tmp_path: Path) -> None:
    lay({"a/b": b"x", "c": Folder(), "d": Link("nowhere"), "e": Fifo()}, tmp_path)
    assert (tmp_path / "a" / "b").read_bytes() == b"x"
    assert ((tmp_path / "c").is_dir(), (tmp_path / "d").is_symlink(), (tmp_path / "e").is_fifo()) == (True, True, True)


# --- workers ---


def test_a_worker_that_is_killed_is_a_fault_and_the_others_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def murderous(trial: Trial, seed: int, number: int, keep: Path | None) -> fuzz.Result:
        if number == 1:
            os.kill(os.getpid(), 9)
        return fuzz.Result(number, kinds.kind(number), False, 0)

    monkeypatch.setattr(fuzz, "tried", murderous)
    found = sorted(fuzz.explored(1, range(4)), key=lambda one: one.number)
    assert [[fault.kind for fault in one.faults] for one in found] == [[], ["memory"], [], []]
