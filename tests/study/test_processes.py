"""Pieces of work in processes of their own."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial
from operator import truediv

import pytest

from hyperdrive_sim.errors import HyperdriveSimError, InvalidInput
from hyperdrive_sim.study.processes import in_processes

DIVIDED = pickle.dumps(partial(truediv, 12.0))


def test_results_come_in_order() -> None:
    """The first piece takes longest, and there are more pieces than processes."""
    slept = list(in_processes(pickle.dumps(time.sleep), [0.4, 0.0, 0.1, 0.0, 0.0], 2))
    assert slept == [None] * 5
    assert list(in_processes(DIVIDED, [1, 2, 3, 4, 6], 3)) == [12.0, 6.0, 4.0, 3.0, 2.0]
    assert list(in_processes(DIVIDED, [], 3)) == []


def test_they_are_other_processes_with_one_thread_each() -> None:
    found = list(in_processes(pickle.dumps(eval), ["__import__('os').getpid()"] * 4, 2))
    assert os.getpid() not in found
    assert len(set(found)) <= 2
    assert list(in_processes(pickle.dumps(os.getenv), ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"], 1)) == ["1", "1"]


def test_what_a_piece_raises_is_raised_here() -> None:
    results = in_processes(DIVIDED, [1, 0, 2], 2)
    assert next(results) == 12.0
    with pytest.raises(ZeroDivisionError):
        next(results)
    raised = pickle.loads(pickle.dumps(InvalidInput.at("images", "number 3 is none", "take another")))
    assert str(raised) == "images: number 3 is none; take another"


def test_a_process_that_is_killed_is_an_error() -> None:
    with pytest.raises(HyperdriveSimError, match="was ended by signal 9, perhaps for want of memory"):
        list(in_processes(pickle.dumps(eval), ["__import__('os').kill(__import__('os').getpid(), 9)"], 1))


def alive(pids: list[int]) -> list[int]:
    """Those that still run; a zombie has ended."""
    shown = subprocess.run(["ps", "-o", "pid=,stat=", "-p", ",".join(map(str, pids))], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in shown.splitlines() if not line.split()[1].startswith("Z")]


def test_none_is_left_behind_whatever_ends_the_caller() -> None:
    program = """if True:
        import pickle, os
        from hyperdrive_sim.study.processes import in_processes
        for pid in in_processes(pickle.dumps(eval), ["__import__('os').getpid()"] * 2 + ["__import__('time').sleep(1)"] * 9, 2):
            print(pid, flush=True)
    """
    caller = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    pids = [int(caller.stdout.readline()) for _ in range(2)]
    assert alive(pids)
    caller.send_signal(signal.SIGKILL)
    caller.communicate()
    deadline = time.monotonic() + 20
    while (left := alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def test_whoever_has_seen_enough_leaves_none_behind() -> None:
    results = in_processes(pickle.dumps(eval), ["__import__('os').getpid()"] * 2 + ["__import__('time').sleep(0.2)"] * 50, 2)
    pids = [next(results), next(results)]
    results.close()  # type: ignore[attr-defined]
    assert not alive(pids)
