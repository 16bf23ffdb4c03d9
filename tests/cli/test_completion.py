"""Completion in shells, as the lines of the README turn it on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT

from hyperdrive_sim.archs import registry
from hyperdrive_sim.cli.commands import COMMANDS

SCRIPT = f"#!{sys.executable}\nimport sys\nfrom hyperdrive_sim.__main__ import main\nsys.argv[0] = 'hyperdrive-sim'\nsys.exit(main())\n"
README = (ROOT / "README.md").read_text("utf-8")
BASH = 'eval "$(_HYPERDRIVE_SIM_COMPLETE=bash_source hyperdrive-sim)"'


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a shell that finds the command."""
    script = tmp_path / "bin" / "hyperdrive-sim"
    script.parent.mkdir()
    script.write_text(SCRIPT, "utf-8")
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def completed(environment: dict[str, str], *words: str) -> list[str]:
    """What the command answers a shell that asks for the last of some words."""
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_HYPERDRIVE_SIM_COMPLETE": "bash_complete"}
    done = subprocess.run(["hyperdrive-sim"], env={**environment, **asked}, capture_output=True, text=True, check=True)
    assert not done.stderr
    return done.stdout.splitlines()


def test_commands_options_and_values(installed: dict[str, str]) -> None:
    assert completed(installed, "hyperdrive-sim", "") == [f"plain,{name}" for name in sorted(COMMANDS)]
    assert completed(installed, "hyperdrive-sim", "run", "--trace") == ["plain,--trace", "plain,--trace-window", "plain,--trace-level"]
    assert completed(installed, "hyperdrive-sim", "run", "--engine", "") == ["plain,auto", "plain,simpy", "plain,compiled"]
    assert completed(installed, "hyperdrive-sim", "run", "scen") == ["file,scen"], "the shell knows files itself"


def test_short_names_of_scenarios(installed: dict[str, str]) -> None:
    for command in ("run", "compare", "report", "sensitivity"):
        found = completed(installed, "hyperdrive-sim", command, "hyperdrive/tiny")
        assert found == ["file,hyperdrive/tiny", "plain,hyperdrive/tiny_2x2", "plain,hyperdrive/tiny_2x2_poisson"]
    found = completed(installed, "hyperdrive-sim", "describe", "hyperdrive")
    assert {"plain,hyperdrive", "plain,hyperdrive/resnet34_224"} < set(found)
    assert completed(installed, "hyperdrive-sim", "describe", "resnet3") == ["file,resnet3", "plain,resnet34"]


def test_names_of_chips(installed: dict[str, str]) -> None:
    every = [f"plain,{name}" for name in registry.names()]
    assert completed(installed, "hyperdrive-sim", "validate", "") == every
    assert completed(installed, "hyperdrive-sim", "export", "s.yaml", "--target", "xn") == ["plain,xnorbin"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_line_for_bash(installed: dict[str, str]) -> None:
    assert BASH in README
    asked = "COMP_WORDS=(hyperdrive-sim re); COMP_CWORD=1; _hyperdrive_sim_completion hyperdrive-sim; echo ${COMPREPLY[@]}"
    done = subprocess.run(["bash", "-c", f"{BASH}\n{asked}"], env=installed, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("report\n", "")


@pytest.mark.parametrize(("shell", "begin"), [("zsh", "#compdef hyperdrive-sim"), ("fish", "function _hyperdrive_sim_completion;")])
def test_the_lines_for_other_shells(installed: dict[str, str], shell: str, begin: str) -> None:
    assert f"_HYPERDRIVE_SIM_COMPLETE={shell}_source hyperdrive-sim" in README
    asked = {"_HYPERDRIVE_SIM_COMPLETE": f"{shell}_source"}
    done = subprocess.run(["hyperdrive-sim"], env={**installed, **asked}, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(begin)


def test_an_answer_loads_nothing_heavy(installed: dict[str, str]) -> None:
    asked = {"COMP_WORDS": "hyperdrive-sim run --", "COMP_CWORD": "2", "_HYPERDRIVE_SIM_COMPLETE": "bash_complete"}
    asked["PYTHONPROFILEIMPORTTIME"] = "1"
    done = subprocess.run(["hyperdrive-sim"], env={**installed, **asked}, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "hyperdrive_sim" in loaded
    assert not loaded & {"numpy", "pydantic", "rich", "rich_click", "simpy", "ruamel"}
