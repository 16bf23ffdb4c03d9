"""Work in several processes: pieces that do not depend on each other, their results in their order.

A process reads pieces from its standard input and writes results to its standard output until that input ends, which it does whatever
ends this process: none is left behind, and no file. A caller's own script is not imported again, as by `multiprocessing`.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from typing import Any, BinaryIO, NamedTuple, TypeVar

from hyperdrive_sim.errors import HyperdriveSimError
from hyperdrive_sim.kernels.processors import JOBS

T = TypeVar("T")

ALONE = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "BLIS")} | {"VECLIB_MAXIMUM_THREADS": "1", JOBS: "1"}
"""One thread in each process, also for linear algebra: more would wait for each other."""


class _Broken(NamedTuple):
    """What a piece has raised."""

    error: Exception


def in_processes(work: bytes, pieces: Sequence[T], count: int) -> Iterator[Any]:
    """Results of a pickled callable for each of some *pieces*, computed by *count* processes and returned in order.

    It must have been pickled before it was called: what it keeps for itself then need not be sent. Raises what a piece raises, and
    HyperdriveSimError if a process was ended from outside.
    """
    idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()

    def done(piece: T) -> Any:
        process = idle.get()
        try:
            return _asked(process, piece)
        finally:
            idle.put(process)

    with ExitStack() as stack:
        for _ in range(min(count, len(pieces))):
            process = _started()
            stack.callback(_ended, process)
            _send(process.stdin, work)
            idle.put(process)
        threads = stack.enter_context(ThreadPoolExecutor(count))
        stack.callback(threads.shutdown, cancel_futures=True)  # first of all, where whoever takes the results has seen enough
        for result in threads.map(done, pieces):
            if isinstance(result, _Broken):
                raise result.error
            yield result


def _started() -> subprocess.Popen[bytes]:
    """A process that serves, with the same packages as this one."""
    call = f"import sys; sys.path[:] = {sys.path!r}; from hyperdrive_sim.study.processes import serve; serve()"
    return subprocess.Popen(
        [sys.executable, "-c", call], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **ALONE}, start_new_session=True
    )


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _asked(process: subprocess.Popen[bytes], piece: object) -> Any:
    """The result of one piece."""
    try:
        _send(process.stdin, piece)
        assert process.stdout is not None
        return pickle.load(process.stdout)
    except (OSError, EOFError, pickle.UnpicklingError):
        how = process.wait()
        why = f"by signal {-how}, perhaps for want of memory" if how < 0 else f"with exit code {how}"
        return _Broken(HyperdriveSimError(f"a process that computed a part of this was ended {why}"))


def _send(stream: Any, value: object) -> None:
    pickle.dump(value, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def serve() -> None:
    """Answer pieces until there are no more, in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is interrupted ends this process
    pieces: BinaryIO = sys.stdin.buffer
    results, sys.stdout = sys.stdout.buffer, sys.stderr  # what a library prints is no result
    with suppress(EOFError, OSError):  # nobody asks any more
        work: Callable[[Any], Any] = pickle.loads(pickle.load(pieces))
        while True:
            piece = pickle.load(pieces)
            try:
                result = work(piece)
            except Exception as error:
                result = _Broken(error)
            _send(results, result)
