"""An installation of this package, this one or another, and what a process of it costs, seen from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.files.undone import undone

PACKAGE = "hyperdrive_sim"
HERE = Path(__file__).parents[3]
"""The folder that this package lies in."""

PROBE = "import json, platform, hyperdrive_sim as ours; print(json.dumps([ours.__version__, platform.python_version()]))"

_NOT_OURS = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
"""Variables that a measured process does not get: the first leads to another installation, the second has each compile all of it again."""

LAUNCHER = """
import json, os, sys, time
reading, writing = os.pipe()
began = time.perf_counter()
child = os.fork()
if child == 0:
    os.dup2(writing, 1)
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(writing)
with open(reading, encoding="utf-8", errors="replace") as printed:
    text = printed.read()
_, status, used = os.wait4(child, 0)
wall_s = time.perf_counter() - began
print(json.dumps([os.waitstatus_to_exitcode(status), wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss, text]))
"""
"""A small process between us and the one that is measured: the system counts as a process's own memory what its parent had before it."""


class NotMeasured(HyperdriveSimError):
    """A process that refused its work or failed; the message is what it said."""


class Usage(NamedTuple):
    """The cost of one process from its start to its end, and what it printed. CPU time is that of all its threads."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    printed: str


@dataclass(frozen=True)
class Installation:
    """A Python, and the folder that it finds this package in; None: the one that is installed there."""

    python: str
    folder: Path | None

    @classmethod
    def this(cls) -> Installation:
        """The one that is running."""
        return cls(sys.executable, HERE)

    @classmethod
    def at(cls, place: str) -> Installation:
        """Another one: an interpreter that has the package, or a folder with a checkout of it, which this interpreter runs.

        Raises InvalidInput if there is none.
        """
        path = Path(place)
        if path.is_dir():
            if not (path / PACKAGE).is_dir():
                raise _nowhere(place)
            return cls(sys.executable, path.resolve())
        program = shutil.which(place)
        if program is None:
            raise InvalidInput.at("--against", f"'{place}' is neither a program nor a folder", "name a Python, as .venv/bin/python")
        return cls(os.path.abspath(program), None)

    @property
    def place(self) -> str:
        """Its folder or, where it is installed, its Python."""
        return str(self.folder or self.python)

    def versions(self) -> dict[str, str]:
        """Versions of the package and of Python. Raises InvalidInput if there is no package, NotMeasured where none can be run."""
        measurable()
        try:
            ours, python = json.loads(self.run("-c", PROBE).printed)
        except (NotMeasured, ValueError):
            raise _nowhere(self.place) from None
        return {PACKAGE: ours, "python": python}

    def command(self, *arguments: str) -> Usage:
        """The cost of `hyperdrive-sim` with some arguments. Raises NotMeasured if it does not end well."""
        return self.run("-m", PACKAGE, *arguments)

    def run(self, *arguments: str, under: tuple[str, ...] = (), extra: Mapping[str, str] | None = None) -> Usage:
        """The cost of this Python with some arguments, *under* another program perhaps, with *extra* variables in its environment.

        Raises NotMeasured if it does not end well.
        """
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS} | dict(extra or {})
        if self.folder is not None:
            environment["PYTHONPATH"] = str(self.folder)
        return finished([*under, self.python, "-P", *arguments], environment)


def _nowhere(place: str) -> InvalidInput:
    return InvalidInput.at("--against", f"'{place}' has no {PACKAGE}", "name a Python that it is installed in, or a folder with a checkout")


def measurable() -> None:
    """Raises NotMeasured where the system does not say what a process has cost, as Windows does not."""
    if not hasattr(os, "wait4"):
        raise NotMeasured("this system does not say what a process has cost (os.wait4 is missing)")


def finished(command: list[str], environment: Mapping[str, str]) -> Usage:
    """The cost of one process, which ends with this one if that is interrupted. Raises NotMeasured if it does not end well."""
    measurable()
    launch = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    process = subprocess.Popen(
        launch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
    )
    with process, undone(lambda: _end(process)):
        told, complaint = process.communicate()
    if process.returncode:
        raise NotMeasured(_last_line(complaint) or f"{command[0]} cannot be started")
    code, wall_s, cpu_s, peak, printed = json.loads(told)
    if code:
        why = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
        raise NotMeasured(_first_line(complaint) or why)
    return Usage(wall_s, cpu_s, peak if sys.platform == "darwin" else 1024 * peak, printed)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, and what it has started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _first_line(complaint: bytes) -> str:
    lines = complaint.decode(errors="replace").splitlines()
    return next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[-1] if lines else "")


def _last_line(complaint: bytes) -> str:
    return complaint.decode(errors="replace").rstrip().rpartition("\n")[2]
