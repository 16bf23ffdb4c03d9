"""The script that compares what two checkouts compute, on checkouts of a few lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.same_json import moved

SCRIPT = Path(__file__).parent / "benchmarks" / "same_json.py"
PACKAGE = "import sys, pathlib; print(pathlib.Path(sys.argv[2]).read_text())"


def checkout(folder: Path, **outputs: Any) -> Path:
    """A package that prints a scenario's own text as what it computes."""
    (folder / "hyperdrive_sim").mkdir(parents=True)
    (folder / "hyperdrive_sim" / "__init__.py").touch()
    (folder / "hyperdrive_sim" / "__main__.py").write_text(PACKAGE)
    (folder / "scenarios").mkdir()
    for name, output in outputs.items():
        (folder / "scenarios" / f"{name}.yaml").write_text(json.dumps(output))
    return folder


def compared(*arguments: object) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


def test_keys_that_moved() -> None:
    old = {"time": {"cycles": 5}, "layers": [{"name": "a", "ops": 1}, {"name": "b", "ops": 2}], "mesh": [1, 2], "gone": 0}
    new = {"time": {"cycles": 6}, "layers": [{"name": "b", "ops": 2}, {"name": "a", "ops": 1}], "mesh": [1, 3], "come": None}
    assert moved(json.dumps(old), json.dumps(new)) == [
        "time/cycles: 5 -> 6",
        "mesh/1: 2 -> 3",
        "gone: gone, was 0",
        "come: new, None",
    ]
    assert moved('{"a": 1, "b": 2}', '{"b": 2, "a": 1}') == ["nothing but the order or the spelling of what is there"]


def test_two_checkouts(tmp_path: Path) -> None:
    old = checkout(tmp_path / "old", same={"cycles": 1}, other={"cycles": 1})
    new = checkout(tmp_path / "new", same={"cycles": 1}, other={"cycles": 2})
    assert compared(old, new) == (
        1,
        ["scenarios/other.yaml: 1 moved", "  cycles: 1 -> 2", "1 of 2 scenarios are the same to the byte"],
    )
    assert compared(old, new, "--only", "same") == (0, ["1 of 1 scenarios are the same to the byte"])


def test_a_scenario_that_only_one_has(tmp_path: Path) -> None:
    code, lines = compared(checkout(tmp_path / "old", a={"cycles": 1}), checkout(tmp_path / "new"))
    assert code == 1
    assert lines[:2] == ["scenarios/a.yaml: 3 moved", "  cycles: gone, was 1"]
    assert lines[2] == "  exit code: new, 1"
