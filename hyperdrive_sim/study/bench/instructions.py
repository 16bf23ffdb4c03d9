"""Instructions of fixed small cases, as valgrind counts them: seconds depend on who else is at work, counts do not."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hyperdrive_sim.engine.compiled import Progress
from hyperdrive_sim.errors import HyperdriveSimError
from hyperdrive_sim.files.undone import undone
from hyperdrive_sim.study.bench import counting
from hyperdrive_sim.study.bench.installation import PACKAGE, Installation, NotMeasured
from hyperdrive_sim.study.bench.turns import Refused

SCRIPT = str(Path(counting.__file__))
PLAIN = "plain Python"
"""The case that no change of ours touches."""

START_UP = "process: --help"
FIXED = {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "", "COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1", "FORCE_COLOR": ""}
"""Variables that change how much a process does, whatever they are around us."""

PART = re.compile(r"^desc: Trigger: Client Request: (.+)$(?s:.*?)^totals: (\d+)$", re.MULTILINE)
"""What callgrind writes of one case: the title that it was given, and the sum."""


class NoValgrind(HyperdriveSimError):
    """Instructions cannot be counted here; the message says what is missing."""


@dataclass(frozen=True)
class CountRow:
    """Instructions of one case, by this installation and, if asked for, by another, whose count is divided by this one's."""

    name: str
    this: int | Refused
    against: int | Refused | None
    ratio: float | None


def available() -> None:
    """Raises NoValgrind where there is none, or no processor whose requests to it are known here."""
    if shutil.which("valgrind") is None:
        raise NoValgrind("valgrind, which counts instructions, is not installed; apt-get install -y valgrind")
    if platform.machine().lower() not in ("x86_64", "amd64"):
        raise NoValgrind(f"instructions are counted on x86-64 processors, not on {platform.machine()}")


def instructions(installations: Sequence[Installation], progress: Progress) -> list[CountRow]:
    """Counts of all cases: of this installation and, if there is a second, of that. Raises NoValgrind where nothing can be counted."""
    available()
    found: list[Mapping[str, int] | Refused] = []
    for number, one in enumerate(installations):
        progress("counting instructions", number, len(installations))
        try:
            found.append(counts(one))
        except NotMeasured as error:
            found.append(Refused(str(error)))
    names = dict.fromkeys(name for one in found if not isinstance(one, Refused) for name in one) or [PLAIN]
    return [_row(name, *(one if isinstance(one, Refused) else one[name] for one in found)) for name in names]


def _row(name: str, this: int | Refused, against: int | Refused | None = None) -> CountRow:
    both = isinstance(this, int) and isinstance(against, int)
    return CountRow(name, this, against, against / this if both else None)  # type: ignore[operator]


def counts(installation: Installation) -> dict[str, int]:
    """Instructions of every case by name. Raises NotMeasured if a case does not run."""
    installation.command("--help")  # so that what is imported has been compiled, and is not compiled while it is counted
    with ThreadPoolExecutor(2) as threads:
        cases, start_up = threads.submit(_cases, installation), threads.submit(_start_up, installation)
        return cases.result() | {START_UP: start_up.result()}


def _cases(installation: Installation) -> dict[str, int]:
    """Counts of the cases that one process does, each from its own beginning to its own end."""
    text = _counted(installation, ("--tool=callgrind", "--combine-dumps=yes", "--instr-atstart=no", "--callgrind-out-file"), SCRIPT)
    return {name: int(total) for name, total in PART.findall(text)}


def _start_up(installation: Installation) -> int:
    """Count of a whole process, by the tool that is fastest where nothing else is asked."""
    text = _counted(installation, ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file"), "-m", PACKAGE, "--help")
    return int(text.rpartition("summary:")[2])


def _counted(installation: Installation, tool: tuple[str, ...], *arguments: str) -> str:
    """What valgrind writes about a process, into the file that the last of its options names."""
    with TemporaryDirectory() as folder, undone(lambda: shutil.rmtree(folder, ignore_errors=True)):
        out = Path(folder) / "counts"
        *options, last = tool
        installation.run(*arguments, under=("valgrind", "-q", *options, f"{last}={out}"), extra=FIXED)
        return out.read_text()
