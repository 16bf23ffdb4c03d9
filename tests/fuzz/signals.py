"""Signals at random moments while outputs are written: what was there before is whole afterwards, or what comes is.

    python tests/fuzz/signals.py --count 1000 --seed 1

Each time a directory has an earlier run, a page and a timeline; a command that replaces one of them is started and gets SIGINT, SIGTERM
or SIGKILL after a random delay, more often towards its end, where it writes. Prints a table, and ends with exit code 1 if anything was
wrong. Nothing can be promised before the program's first line runs: signals within the start of the interpreter are counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

import hyperdrive_sim
from hyperdrive_sim.errors import HyperdriveSimError

ROOT = Path(hyperdrive_sim.__file__).parents[1]
SCENARIO = "schema_version: 1\ntitle: {title}\nnetwork: tiny_resnet\ninput_shape: [3, 12, 12]\narchitecture: hyperdrive\n"
EARLIER, LATER = "the earlier run", "the later run"
COMMANDS = {
    "run": ("run", "s.yaml", "-o", "D", "--trace", "p.json"),
    "report": ("report", "s.yaml", "-o", "page.html"),
    "check": ("check", "s.yaml", "-o", "E"),
}
WEIGHTS = [6, 1, 1]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
MEASURED = 3
TIMEOUT_S = 60


@dataclass(frozen=True)
class Shot:
    """A signal that a command got after some seconds, and what became of it; *early* if its interpreter was still starting."""

    command: str
    signal: signal.Signals
    delay_s: float
    early: bool
    code: int
    faults: tuple[str, ...]


# --- the place ---


def prepare(folder: Path) -> None:
    """An earlier run with its page, its timeline and its output, and the scenario of a later one, which has another title."""
    (folder / "s.yaml").write_text(SCENARIO.format(title=EARLIER))
    for name, command in COMMANDS.items():
        code, err = _ended(_started(folder, name))
        if code:
            raise SystemExit(f"{' '.join(command)} ended with {code}: {err}")
    (folder / "s.yaml").write_text(SCENARIO.format(title=LATER))


def _started(folder: Path, command: str) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "hyperdrive_sim", *COMMANDS[command]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(arguments, cwd=folder, env=environment, **pipes)


def _ended(running: subprocess.Popen[bytes]) -> tuple[int, str]:
    with running:
        try:
            _, err = running.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            running.kill()
            _, err = running.communicate()
            return running.returncode, f"it did not end within {TIMEOUT_S} s"
    return running.returncode, err.decode("utf-8", "replace")


def files(folder: Path) -> dict[str, bytes]:
    """Everything below a directory, by name; a temporary directory as well, which may be an empty one."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() or path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in found}


def kept(name: str) -> bool:
    """True for a file whose name is no temporary one, nor that of a directory that it is in."""
    return not any(part.startswith(".") for part in Path(name).parts)


def durations(folder: Path) -> dict[str, float]:
    """Seconds that each command takes undisturbed, the median of a few."""
    found = {}
    for name in COMMANDS:
        times = []
        for _ in range(MEASURED):
            began = time.perf_counter()
            _ended(_started(folder, name))
            times.append(time.perf_counter() - began)
        found[name] = statistics.median(times)
    return found


def start_s() -> float:
    """Seconds that a bare interpreter takes to start and to end: the most of a few, so that what is later is the program's."""
    times = []
    for _ in range(2 * MEASURED):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        times.append(time.perf_counter() - began)
    return 3 * max(times)  # runpy and a busy machine


# --- a shot ---


def delay(rng: Random, whole_s: float) -> float:
    """A moment of a run: one time in three anywhere in it, otherwise in its last third, where the files are written."""
    share = rng.random() if rng.random() < 1 / 3 else rng.triangular(0.65, 1.05, 0.92)
    return share * whole_s


def shot(rng: Random, folder: Path, wholes: dict[str, float], interpreter_s: float) -> Shot:
    """One signal to one command in a directory as `prepare` leaves it, and everything that is wrong afterwards."""
    command = rng.choices([*COMMANDS], WEIGHTS)[0]
    which = rng.choice([*CODES])
    wait_s = delay(rng, wholes[command])
    before = files(folder)
    running = _started(folder, command)
    time.sleep(wait_s)
    running.send_signal(which)
    code, err = _ended(running)
    early = wait_s < interpreter_s
    found = [] if early else list(_said(which, code, err))
    found += _whole(folder, before)
    if which != signal.SIGKILL and not early:
        found += [f"{_general(name)} is left after {which.name}" for name in files(folder) if not kept(name)]
    return Shot(command, which, wait_s, early, code, tuple(found))


def _said(which: signal.Signals, code: int, err: str) -> Iterator[str]:
    """Faults in how a command ended."""
    if code not in (0, CODES[which]):
        yield f"exit code {code} after {which.name}"
    if "Traceback" in err:
        yield f"a traceback after {which.name}: {err.strip().splitlines()[-1][:80]}"


def _whole(folder: Path, before: dict[str, bytes]) -> Iterator[str]:
    """Faults in what is there: the earlier run or the later one in D, no half of a file anywhere."""
    after = files(folder)
    yield from (f"{name} is gone" for name in before if kept(name) and name not in after)
    try:
        title = hyperdrive_sim.read_run(folder / "D").scenario.title
    except (HyperdriveSimError, OSError) as error:
        yield f"the run in D cannot be read: {str(error).replace(str(folder), '')[:80]}"
    else:
        if title not in (EARLIER, LATER):
            yield f"the run in D is '{title}'"
        elif title == EARLIER and (mixed := [name for name in before if _of_run(name) and after.get(name) != before[name]]):
            yield f"the earlier run in D has another {mixed[0]}"
    yield from (
        f"{name} is cut off" for name in ("p.json", "page.html", "E/output.npy") if name in after and not _complete(name, after[name])
    )


def _of_run(name: str) -> bool:
    return name.startswith("D/") and kept(name)


def _complete(name: str, data: bytes) -> bool:
    """True for a file that holds all of itself, as far as its end tells."""
    if name.endswith(".json"):
        try:
            return bool(json.loads(data))
        except ValueError:
            return False
    if name.endswith(".html"):
        return data.rstrip().endswith(b"</html>")
    return data.startswith(b"\x93NUMPY") and len(data) > 128


def _general(name: str) -> str:
    """The name of what is temporary without what is random in it."""
    return re.sub(r"\d+-[0-9a-f]{8}", "*", name)


def undisturbed(folder: Path) -> list[str]:
    """Faults after all commands have run to their ends once more: whatever was left before must be gone."""
    found = []
    for command in COMMANDS:
        code, err = _ended(_started(folder, command))
        if code:
            found.append(f"afterwards {command} ends with {code}: {err.strip()[:80]}")
    return found + [f"{_general(name)} is still there after the next run" for name in files(folder) if not kept(name)]


# --- all of them ---


def volley(seed: int, count: int) -> list[Shot]:
    """So many shots, each in a directory of its own, which is checked once more after an undisturbed run if anything was left."""
    shots = []
    with tempfile.TemporaryDirectory(prefix="signals.") as top:
        ready, folder = Path(top) / "ready", Path(top) / "now"
        ready.mkdir()
        prepare(ready)
        shutil.copytree(ready, folder)
        wholes, interpreter_s = durations(folder), start_s()
        for number in range(count):
            shutil.rmtree(folder)
            shutil.copytree(ready, folder)
            one = shot(Random(f"{seed}/{number}"), folder, wholes, interpreter_s)
            if any(not kept(name) for name in files(folder)):
                one = replace(one, faults=(*one.faults, *undisturbed(folder)))
            shots.append(one)
    return shots


def table(shots: Sequence[Shot]) -> Table:
    """A row for each command and signal."""
    made = Table("command", "signal", "sent", "in its start", "exit codes", "faults", title=f"{len(shots):,} signals", title_justify="left")
    for command in COMMANDS:
        for which in CODES:
            these = [one for one in shots if (one.command, one.signal) == (command, which)]
            codes = ", ".join(f"{code}: {count}" for code, count in sorted(Counter(one.code for one in these).items()))
            early, wrong = sum(one.early for one in these), sum(bool(one.faults) for one in these)
            made.add_row(command, which.name, str(len(these)), str(early), codes, str(wrong) if wrong else "none")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000, help="how many signals")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    shots = volley(asked.seed, asked.count)
    console = Console(width=140)
    console.print(table(shots))
    for fault, count in Counter(fault for one in shots for fault in one.faults).most_common():
        console.print(f"{count} x {fault}", markup=False, highlight=False)
    return 1 if any(one.faults for one in shots) else 0


if __name__ == "__main__":
    sys.exit(main())
