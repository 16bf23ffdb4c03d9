"""One input tried: in this process, or in a process of its own; each time in a fresh directory that is removed again."""

from __future__ import annotations

import gc
import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from judge import Outcome
from kinds.given import Input, lay

import hyperdrive_sim
from hyperdrive_sim.cli import commands

ROOT = Path(hyperdrive_sim.__file__).parents[1]
LIMIT_S = 60.0
STARTING_S = 20.0
"""What a process may take on top of that for its start, on a busy machine."""
TEMPORARY = ".hyperdrive-sim-"
"""Beginning of the names of what is temporary; a user may call a file .json."""

MEMORY_BYTES = 6 * 2**30
ABOUT_THE_TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")
STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork")
"""Python's audit events of another program that is started."""

Program = Callable[[], Any]


class Late(BaseException):
    """The time is over; not an Exception, so that nobody takes it for a broken picture."""


class Ended(BaseException):
    """The program has ended itself with `os._exit`."""


class Trial:
    """The place where inputs are tried one after the other; stdout and stderr of this process are files meanwhile.

    The files catch what C libraries print as well. What *program* does is `main` of the command line, arguments are in `sys.argv`.
    """

    def __init__(self, program: Program = commands.main, limit_s: float = LIMIT_S) -> None:
        self.program, self.limit_s = program, limit_s
        self.watching = self.hung = False
        self.codes: list[int] = []
        self.programs: list[str] = []
        self.files = [tempfile.TemporaryFile("w+b", buffering=0) for _ in range(2)]  # noqa: SIM115  (open as long as the trial is)
        sys.addaudithook(self._heard)

    def __call__(self, given: Input, *, alone: bool = False) -> Outcome:
        """Try an input; *alone*: in a process of its own."""
        with _box(given) as box:
            code, raised, output = self._process(given, box) if alone else self._inside(given, box)
            left, changed = traces(given, box)
        return Outcome(code, *output, raised, self.hung, tuple(self.programs), left, changed)

    def _inside(self, given: Input, box: Path) -> tuple[int | None, str, tuple[bytes, bytes]]:
        self.hung, self.codes, self.programs = False, [], []
        raised = ""
        with self._apart(given.argv, box):
            try:
                self._timed()
            except BaseException as error:
                ours = isinstance(error, Late | Ended | SystemExit)
                raised = "" if ours and not self.hung else "".join(traceback.format_exception(error))
                if isinstance(error, SystemExit):
                    self.codes.append(error.code if isinstance(error.code, int) else int(error.code is not None))
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            output = _drained(self.files[0]), _drained(self.files[1])
        code = self.codes[0] if self.codes else None if raised else 0
        return code, raised, output

    def _timed(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self.limit_s, 1.0)  # once more each second, if something swallows it
        try:
            self.watching = True
            code = self.program()
            self.codes += [code] if isinstance(code, int) else []
        finally:
            self.watching = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def _apart(self, argv: Sequence[str], box: Path) -> Iterator[None]:
        """Arguments, directory, streams, signals and the last exit of a process of its own."""
        kept = sys.argv, sys.stdout, sys.stderr, os._exit
        handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE, signal.SIGHUP)}
        descriptors = [(number, os.dup(number)) for number in (1, 2)]
        signal.signal(signal.SIGALRM, self._late)
        for (number, _), file in zip(descriptors, self.files, strict=True):
            os.dup2(file.fileno(), number)
        sys.argv = ["hyperdrive-sim", *argv]
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "w", closefd=False), "utf-8") for number in (1, 2))
        os._exit = self._exit  # type: ignore[assignment]
        try:
            with warnings.catch_warnings():
                as_at_the_start()
                yield
        finally:
            sys.argv, sys.stdout, sys.stderr, os._exit = kept  # type: ignore[assignment]
            for number, descriptor in descriptors:
                os.dup2(descriptor, number)
                os.close(descriptor)
            for one, handler in handlers.items():
                signal.signal(one, handler)

    def _late(self, *_: object) -> None:
        if self.watching:
            self.hung = True
            raise Late

    def _exit(self, code: int) -> None:
        self.codes.append(code)
        raise Ended

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watching and event in STARTS:
            self.programs.append(f"{event} {arguments[:2]!a}"[:100])

    def _process(self, given: Input, box: Path) -> tuple[int | None, str, tuple[bytes, bytes]]:
        self.hung, self.programs = False, []
        environment = {name: value for name, value in os.environ.items() if name not in ABOUT_THE_TERMINAL} | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "hyperdrive_sim", *given.argv]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=box, env=environment, start_new_session=True, **pipes) as running:
            try:
                output = running.communicate(timeout=self.limit_s + STARTING_S)
            except subprocess.TimeoutExpired:
                self.hung = True
                running.kill()
                output = running.communicate()
        return running.returncode, "", output


def as_at_the_start() -> None:
    """Warnings as a new interpreter has them, but each as often as it comes, not only the first time."""
    warnings.resetwarnings()
    warnings.simplefilter("always")
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)


@contextmanager
def _box(given: Input) -> Iterator[Path]:
    """The directory that an input is run in, two below a temporary one: what is written to `..` is seen, and removed, too."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="fuzz.", ignore_cleanup_errors=True) as top:
        box = Path(top) / "a" / "b"
        box.mkdir(parents=True)
        lay(given.files, box)
        os.chdir(box)
        try:
            yield box
        finally:
            os.chdir(before)


def traces(given: Input, box: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Temporary files that stayed behind, and files of the user's that are not what they were."""
    top = box.parents[1]
    found = (
        os.path.relpath(os.path.join(folder, name), box)
        for folder, folders, names in os.walk(top)
        for name in (*folders, *names)
        if name.startswith(TEMPORARY)
    )
    left = tuple(sorted(name for name in found if name not in given.files and not given.may_change(name)))
    changed = (name for name, content in given.files.items() if isinstance(content, bytes) and not _is(box / name, content))
    return left, tuple(name for name in changed if not given.may_change(name))


def _is(path: Path, content: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == content


def _drained(file: Any) -> bytes:
    """What was written to a file, which is empty afterwards."""
    file.seek(0)
    found: bytes = file.read()
    file.seek(0)
    file.truncate()
    return found


def prepare() -> None:
    """Make this process one for trying inputs: limited in memory, with nothing on stdin, without a collector that gets in the way."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, hard))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in ABOUT_THE_TERMINAL:
        os.environ.pop(name, None)
    gc.collect()
    gc.freeze()
    gc.disable()
