"""Processors to use, and work that threads share among them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread, main_thread
from typing import TypeVar

from hyperdrive_sim.errors import InvalidInput

JOBS = "HYPERDRIVE_SIM_JOBS"
P = TypeVar("P")


def processors() -> int:
    """Number of processors to use: those that this process may use, or as many as the environment variable HYPERDRIVE_SIM_JOBS says."""
    if wanted := os.environ.get(JOBS):
        if not wanted.isdecimal() or int(wanted) < 1:
            raise InvalidInput.at(JOBS, f"must be a number of processors, at least 1, not {wanted!r}", "unset it to use all")
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shared(work: Callable[[P], None], parts: Sequence[P], threads: int) -> None:
    """Call *work* for each part, which must release the GIL for threads to gain anything.

    The threads live as long as the call: a pool that stays would hang a forked child. A thread other than the main one is one of several
    already, which have the processors between them, and starts no more.
    """
    if threads == 1 or current_thread() is not main_thread():
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))
