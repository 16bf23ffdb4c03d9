"""The command line as a user meets it: scenarios in a directory of their own, and what a command says to them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

import hyperdrive_sim
from hyperdrive_sim.cli.commands import cli

ROOT = Path(hyperdrive_sim.__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
ABOUT_THE_TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")
TINY = SCENARIOS / "hyperdrive" / "tiny_2x2.yaml"

BASE = """\
schema_version: 1
title: a test
network: tiny_conv
input_shape: [3, 12, 16]
architecture: hyperdrive
"""
"""Five lines; what a test adds begins in line 6."""


def write(folder: Path, more: str = "", *, base: str = BASE, name: str = "s.yaml") -> Path:
    path = folder / name
    path.write_text(base + more, encoding="utf-8")
    return path


def invoke(*arguments: object) -> Result:
    """A command run in this process. What it does not mean to raise is raised."""
    result = CliRunner(env=dict.fromkeys(ABOUT_THE_TERMINAL)).invoke(cli, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def sentences(result: Result) -> list[str]:
    """The errors on stderr, one line each, without the excerpts below them."""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("    ")]
    assert all(line.startswith("error: ") for line in lines), result.stderr
    return [line.removeprefix("error: ") for line in lines]


def complaints(folder: Path, more: str = "", *arguments: str, command: str = "run", base: str = BASE) -> list[str]:
    """What a scenario is told that cannot be run: exit code 2, nothing on stdout, nothing written."""
    write(folder, more, base=base)
    there = sorted(folder.rglob("*"))
    result = invoke(command, "s.yaml", *arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert sorted(folder.rglob("*")) == there
    return sentences(result)


def started(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    ours = {name: value for name, value in os.environ.items() if name not in ABOUT_THE_TERMINAL}
    environment = {**ours, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    command = [sys.executable, "-m", "hyperdrive_sim", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(command, env=environment, text=True, **pipes)


def process(*arguments: object, **options: Any) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that runs to its end."""
    with started(*arguments, **options) as running:
        out, err = running.communicate(timeout=120)
    return running.returncode, out or "", err or ""


def python(code: str) -> str:
    """What a new interpreter prints in the repository's root."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
