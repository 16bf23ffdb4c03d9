"""Thousands of inputs that nobody would give, each tried, and whether the program answered as it says it does.

    python tests/fuzz/fuzz.py --count 2000 --seed 1 --jobs 2 --keep build/fuzz
    python tests/fuzz/fuzz.py --seed 1 --only 1234                             # one of them again, with what it printed

Most are tried in this process, every 97th in one of its own. Prints a table and every sort of fault with the numbers of some inputs;
ends with exit code 1 if there was any. `judge.py` says what a fault is, `kinds/` what inputs there are.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import kinds
from judge import INTERNAL, Fault, faults, group
from kinds import command_lines, worlds
from kinds.given import Input, lay
from rich.console import Console
from rich.table import Table
from trial import LIMIT_S, STARTING_S, Trial, prepare

ALONE_EVERY = 97  # prime, so that it meets every kind
COLLECT_EVERY = 50
PATIENCE_S = 2 * (LIMIT_S + STARTING_S)
"""When a worker that says nothing is taken for dead: both limits of an input and of its repetition have passed."""
SHOWN = 5


@dataclass(frozen=True)
class Result:
    """What became of an input."""

    number: int
    kind: str
    alone: bool
    code: int | None
    faults: Sequence[Fault] = ()
    what: str = ""
    argv: Sequence[str] = ()
    seconds: float = 0.0


def alone(number: int) -> bool:
    """True for an input that is tried in a process of its own."""
    return number % ALONE_EVERY == ALONE_EVERY // 2


def tried(trial: Trial, seed: int, number: int, keep: Path | None = None) -> Result:
    """Try one input; what it printed and found is written below *keep* if anything is wrong."""
    given = kinds.drawn(seed, number)
    began = time.perf_counter()
    outcome = trial(given, alone=alone(number))
    found = faults(given, outcome)
    if outcome.code == INTERNAL:  # the program says where it arose only when it is asked
        again = trial(dataclasses.replace(given, argv=("--traceback", *given.argv)))
        found = [Fault(fault.kind, faults(given, again)[0].detail) if fault.kind == "internal" else fault for fault in found]
    if found and keep:
        _save(keep / f"{seed}-{number}", given, {"faults": found, **{name: str(value) for name, value in asdict(outcome).items()}})
    seconds = time.perf_counter() - began
    return Result(number, kinds.kind(number), alone(number), outcome.code, found, given.what, given.argv, round(seconds, 3))


def _save(folder: Path, given: Input, more: dict[str, Any]) -> None:
    """Files of an input, its command line and its verdict, for whoever mends it."""
    (folder / "files").mkdir(parents=True, exist_ok=True)
    if not any((folder / "files").iterdir()):
        lay(given.files, folder / "files")
    (folder / "case.json").write_text(json.dumps({"what": given.what, "argv": given.argv, **more}, indent=2), "ascii")


# --- workers ---


@dataclass
class Worker:
    """A forked process that tries inputs, and the end of the pipe that it tells of them through: a line before each, and one after."""

    numbers: list[int]
    pid: int
    pipe: int
    heard: float = field(default_factory=time.monotonic)
    text: bytes = b""
    at: int | None = None

    def lines(self) -> list[bytes]:
        """Lines that have come since; None at the end of the pipe stands as an empty one."""
        data = os.read(self.pipe, 65_536)
        self.heard = time.monotonic()
        *lines, self.text = (self.text + data).split(b"\n")
        return lines if data else [b""]


def _forked(seed: int, numbers: list[int], keep: Path | None, limit_s: float) -> Worker:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        code = 1  # a mistake of the harness, whose traceback is printed
        try:
            _work(seed, numbers, keep, writing, limit_s)
            code = 0
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    os.close(writing)
    return Worker(numbers, pid, reading)


def _work(seed: int, numbers: Sequence[int], keep: Path | None, pipe: int, limit_s: float) -> None:
    prepare()
    trial = Trial(limit_s=limit_s)
    for number in numbers:
        os.write(pipe, f"{number}\n".encode())
        result = tried(trial, seed, number, keep)
        os.write(pipe, f"{json.dumps(asdict(result))}\n".encode())
        if number % COLLECT_EVERY < len(kinds.KINDS):
            gc.collect()


def explored(seed: int, numbers: Sequence[int], jobs: int = 1, keep: Path | None = None, limit_s: float = LIMIT_S) -> Iterator[Result]:
    """Results of all inputs, as they come; one that kills its worker is a fault, and the others go on without it."""
    worlds.scenarios(), worlds.run_directory(0), worlds.run_directory(1), command_lines.files()  # once, for all workers
    gc.freeze()
    shares = [list(numbers[first::jobs]) for first in range(jobs)]
    workers = [_forked(seed, share, keep, limit_s) for share in shares if share]
    while workers:
        ready = select.select([worker.pipe for worker in workers], [], [], 1.0)[0]
        for worker in [*workers]:
            if time.monotonic() - worker.heard > PATIENCE_S:
                os.kill(worker.pid, signal.SIGKILL)
            for line in worker.lines() if worker.pipe in ready else ():
                if not line:
                    workers.remove(worker)
                    yield from _over(seed, worker, workers, keep, limit_s)
                elif line.isdigit():
                    worker.at = int(line)
                else:
                    worker.at = None
                    yield _result(line)


def _result(line: bytes) -> Result:
    found = json.loads(line)
    return Result(**found | {"faults": [Fault(*fault) for fault in found["faults"]]})


def _over(seed: int, worker: Worker, workers: list[Worker], keep: Path | None, limit_s: float) -> Iterator[Result]:
    """The end of a worker; if it was in the middle of an input, that one is a fault and another worker takes the rest."""
    _, status = os.waitpid(worker.pid, 0)
    os.close(worker.pipe)
    if worker.at is None:
        return
    late = time.monotonic() - worker.heard > PATIENCE_S
    fault = Fault("hang" if late else "memory", f"the worker ended with {os.waitstatus_to_exitcode(status)}")
    given = kinds.drawn(seed, worker.at)
    if keep:
        _save(keep / f"{seed}-{worker.at}", given, {"faults": [fault]})
    yield Result(worker.at, kinds.kind(worker.at), alone(worker.at), None, [fault], given.what, given.argv)
    rest = worker.numbers[worker.numbers.index(worker.at) + 1 :]
    if rest:
        workers.append(_forked(seed, rest, keep, limit_s))


# --- what is said of them ---


def table(results: Sequence[Result]) -> Table:
    """A row for each kind: how many were tried and where, how they ended, what was wrong."""
    columns = ("kind", "tried", "in process", "own process", "exit codes", "faults")
    made = Table(*columns, title=f"{len(results):,} inputs", title_justify="left")
    for kind in kinds.KINDS:
        these = [one for one in results if one.kind == kind]
        codes = Counter(str(one.code) for one in these)
        wrong = Counter(fault.kind for one in these for fault in one.faults)
        own = sum(one.alone for one in these)
        made.add_row(kind, str(len(these)), str(len(these) - own), str(own), _counts(codes), _counts(wrong) or "none")
    return made


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counter.items()))


def groups(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Results with faults, by what these have in common, the most frequent first."""
    found: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        for name in dict.fromkeys(map(group, result.faults)):
            found[name].append(result)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _told(console: Console, results: Sequence[Result]) -> None:
    console.print(table(results))
    for name, those in groups(results).items():
        first = min(those, key=lambda one: (len(one.argv), len(one.what)))
        numbers = " ".join(str(one.number) for one in those[:SHOWN])
        console.print(f"{len(those)} x {name}\n    {numbers}: {first.argv!a} {first.what!a}", markup=False, highlight=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2_000, help="how many inputs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of a single input, whose outcome is printed in full")
    parser.add_argument("--jobs", type=int, default=1, help="how many workers")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds that each may take")
    parser.add_argument("--keep", type=Path, help="where failing inputs are saved")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    return parser.parse_args()


def _one(seed: int, number: int, keep: Path | None) -> list[Result]:
    """One input again, in this process, with all that is known of it."""
    prepare()
    given, trial = kinds.drawn(seed, number), Trial()
    outcome = trial(given, alone=alone(number))
    for name, content in given.files.items():
        print(f"{name!a}: {content if len(str(content)) < 1_000 else str(content)[:1_000] + '...'}")
    print(f"argv: {given.argv!a}\nwhat: {given.what}\nexit code {outcome.code}\n{outcome.raised}")
    print(f"stdout: {outcome.stdout.decode('utf-8', 'backslashreplace')!a}\nstderr: {outcome.stderr.decode('utf-8', 'backslashreplace')!a}")
    return [tried(trial, seed, number, keep)]


def main() -> int:
    asked = _arguments()
    keep = asked.keep.absolute() if asked.keep else None
    began = time.perf_counter()
    if asked.only is not None:
        results = _one(asked.seed, asked.only, keep)
    else:
        results = list(explored(asked.seed, range(asked.first, asked.first + asked.count), asked.jobs, keep, asked.limit))
    if asked.json:
        print(json.dumps([asdict(one) for one in results]))
    else:
        console = Console(width=160)
        _told(console, results)
        console.print(f"{len(results) / (time.perf_counter() - began):.0f} inputs a second")
    return 1 if any(one.faults for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
