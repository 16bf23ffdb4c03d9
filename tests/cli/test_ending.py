"""How commands end: signals, readers that leave, streams that are closed, and faults of ours."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, SCENARIOS, TINY, invoke, process, started

from hyperdrive_sim.cli import tables
from hyperdrive_sim.outputs import rundir

FULL = Path("/dev/full")


# --- signals ---


@pytest.mark.parametrize(("engine", "delay"), [("auto", 0.7), pytest.param("simpy", 3.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_have_their_exit_codes(number: int, code: int, engine: str, delay: float) -> None:
    """While a schedule is written, and while SimPy runs it."""
    with started("run", SCENARIOS / "hyperdrive" / "resnet152_2048x1024.yaml", "--engine", engine) as running:
        time.sleep(delay)
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (code, "", "interrupted\n")


FIRST_LINE = "import hyperdrive_sim.__main__ as ours, sys; print('begun', flush=True); ours.main()"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_modules_are_loaded(tmp_path: Path, number: int) -> None:
    """From the first line of ours on; what precedes it is Python's own start."""
    drawn = random.Random(1)
    for _ in range(12):
        command = [sys.executable, "-c", FIRST_LINE, "run", str(TINY), "-o", str(tmp_path / "out")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "begun\n"
            time.sleep(drawn.uniform(0, 0.25))
            running.send_signal(number)
            out, err = running.communicate(timeout=30)
        assert (running.returncode, out, err) == (128 + number, "", "interrupted\n")
        assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    """As in the background of a shell without job control, or under nohup."""
    ignore: Any = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731
    with started("run", TINY, "-o", tmp_path / "out", preexec_fn=ignore) as running:
        for _ in range(20):
            time.sleep(0.02)
            running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    assert running.returncode == 0
    rundir.read(tmp_path / "out")


def test_without_a_command_there_is_help() -> None:
    result = invoke()
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Usage:" in result.stdout


def test_a_second_signal_ends_what_nobody_reads(tmp_path: Path) -> None:
    """A pipe that is full: the message would wait for ever."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, bytes(4096)):
            pass
    os.set_blocking(writing, True)
    with started("run", SCENARIOS / "hyperdrive" / "resnet152_2048x1024.yaml", stderr=writing) as running:
        time.sleep(0.6)
        for _ in range(2):
            running.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        running.communicate(timeout=30)
    assert running.returncode in (-signal.SIGTERM, 143)
    os.close(reading), os.close(writing)


def test_importing_the_entry_changes_nothing() -> None:
    code = "import signal; a = signal.getsignal(2); import hyperdrive_sim.__main__; print(a is signal.getsignal(2))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "True\n"


# --- streams ---


def shell(command: str, cwd: Path) -> tuple[int, str, str]:
    """Exit code of the first process of a pipe, and what is written."""
    program = f"{sys.executable} -m hyperdrive_sim"
    line = command.replace("hyperdrive-sim", program).replace("TINY", str(TINY))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"], cwd=cwd, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("redirection", ["| true", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "> /dev/null 2>&1"])
def test_outputs_do_not_depend_on_who_reads(tmp_path: Path, redirection: str) -> None:
    code, _, err = shell(f"hyperdrive-sim run TINY -o D --trace p.json {redirection}", tmp_path)
    assert code == 0
    assert [line.partition(":")[0] for line in err.splitlines()] == ([] if "2>" in redirection else ["wrote D", "wrote p.json"])
    rundir.read(tmp_path / "D")
    assert json.loads((tmp_path / "p.json").read_text("utf-8"))["traceEvents"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["D", "p.json"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["--help", "run --help", "list", "schema", "validate chewbaccann", "compare TINY", "check TINY"])
@pytest.mark.parametrize("redirection", ["| true", ">&-"])
def test_a_reader_that_leaves(tmp_path: Path, command: str, redirection: str) -> None:
    assert shell(f"hyperdrive-sim {command} {redirection}", tmp_path)[0] == 0
    assert "Traceback" not in shell(f"hyperdrive-sim {command} {redirection}", tmp_path)[2]


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "code"), [("run nosuch.yaml", 2), ("run", 2), ("rnu", 2), ("run TINY --set frames=0", 2)])
@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full", ">&- 2>&-", "2>&1 >&- | true"])
def test_a_refusal_that_nobody_hears(tmp_path: Path, arguments: str, code: int, redirection: str) -> None:
    if "full" not in redirection or FULL.exists():
        assert shell(f"hyperdrive-sim {arguments} {redirection}", tmp_path) == (code, "", "")


# --- faults of ours ---


def test_a_fault_of_ours_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("nobody\x1b[2J thought of this")

    monkeypatch.setattr(tables, "summary", fails)
    result = invoke("run", TINY)
    assert (result.exit_code, result.stdout) == (70, "")
    first, second = result.stderr.splitlines()
    assert first.startswith("error: a fault of hyperdrive-sim, not yours: KeyError: 'nobody\\x1b[2J thought of this' (")
    assert second == "please report it, with the command, the files that it was given and what `hyperdrive-sim --traceback COMMAND` prints"
    assert "Traceback" in invoke("--traceback", "run", TINY).stderr


def test_a_package_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ImportError('no module of that name')\n", "utf-8")
    code, out, err = process("list", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert (code, out) == (70, "")
    assert err.startswith("error: hyperdrive-sim cannot start: no module of that name; install it again: pip install ")


def test_memory_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(tables, "summary", fails)
    result = invoke("run", TINY)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: there is not enough memory; `--dry-run` says how much a run takes\n"


@pytest.mark.parametrize("columns", ["0", "-1", "", "many", "1" * 30])
def test_a_width_at_which_nothing_could_be_shown(columns: str) -> None:
    code, out, err = process("run", "nosuch.yaml", env={"COLUMNS": columns})
    assert (code, out, err) == (2, "", "error: cannot read 'nosuch.yaml': there is no such file\n")


@pytest.mark.slow
def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    for command, code in (("list", 0), ("run TINY -o x", 2), ("report TINY", 2), ("run TINY", 0)):
        folder.mkdir()
        program = f"{sys.executable} -m hyperdrive_sim {command}".replace("TINY", str(TINY))
        done = subprocess.run(
            ["bash", "-c", f"rmdir {folder}; {program}"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        if code:
            assert (done.stdout, done.stderr) == ("", "error: the current directory: there is no such file\n")


def test_a_name_cannot_pass_for_a_message() -> None:
    result = invoke("run", "x\nerror: all is lost")
    cure = "`hyperdrive-sim list` names the scenarios that come along"
    assert result.stderr == f"error: cannot read 'x\\nerror: all is lost': there is no such file; {cure}\n"


# --- what a terminal would obey ---

ESCAPES = "\x1b]0;X\x07\x1b[2J\x9b31m\r\u202e"


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", TINY, "--set", f'title="{ESCAPES}"'],
        ["run", TINY, "--json", "--set", 'title="\\e]0;X\\a\\e[2J"'],
        ["run", TINY, "--set", 'title="\\e]0;X\\a\\e[2J\\x9b31m\\u202e"'],
        ["compare", TINY, TINY, "--set", 'title="\\e]0;X\\a\\e[2J"'],
        ["run", f"no{ESCAPES}such.yaml"],
        ["run", TINY, "--set", f"x{ESCAPES}=1"],
        ["run", TINY, f"--{ESCAPES}"],
        [f"r{ESCAPES}un"],
        ["explain", TINY, f"x{ESCAPES}"],
        ["--traceback", "run", f"no{ESCAPES}such.yaml"],
    ],
)
def test_what_a_terminal_would_obey_is_shown(arguments: Sequence[object]) -> None:
    result = invoke(*arguments)
    assert not {character for character in result.output if not character.isprintable()} - {"\n", "\t"}


def test_a_title_of_escapes_stands_there() -> None:
    assert invoke("run", TINY, "--set", 'title="\\e]0;X\\a\\e[2J"').stdout.startswith("\\x1b]0;X\\x07\\x1b[2J\n")


# --- names that are no text ---


@pytest.mark.slow
def test_a_file_name_that_is_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"d\xe9")
    folder.mkdir()
    path = folder / os.fsdecode(b"caf\xe9.yaml")
    path.write_bytes(TINY.read_bytes())
    for extra in ([], ["--json"]):
        code, out, err = process("run", path, "-o", folder / "out", *extra)
        assert (code, err.partition(":")[0]) == (0, f"wrote {tmp_path}/d\\xe9/out")
        assert extra == [] or json.loads(out)["scenario"]["file"] == f"{tmp_path}/d\\xe9/caf\\xe9.yaml"
    assert rundir.read(folder / "out").scenario.file == f"{tmp_path}/d\\xe9/caf\\xe9.yaml"
    assert process("report", path, folder / "out", "-o", folder / os.fsdecode(b"\xff.html"))[0] == 0
    code, out, err = process("compare", path, folder / "out")
    assert (code, err) == (0, "")
    assert process("run", path, "--set", "frames=0")[2].startswith("error: --set frames=0:1:1")
    assert process("run", path, "--trace", folder / "t.vcd", "--dry-run")[0] == 0
