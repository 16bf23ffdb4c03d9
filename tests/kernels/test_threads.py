"""Kernels on several threads at once: the same bits as alone, compiled once, and nobody else held up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from programs import packages

from hyperdrive_sim import kernels
from hyperdrive_sim.kernels import kept, processors, real, xnor
from hyperdrive_sim.kernels.once import once
from hyperdrive_sim.kernels.selection import present

SHAPES = [(5, 5, 20, 16, 1), (9, 7, 70, 40, 2), (12, 3, 96, 33, 1), (1, 30, 64, 9, 1), (16, 16, 32, 64, 1), (3, 3, 130, 100, 1)]
Job = Callable[[], NDArray[Any]]


def arrays(shape: tuple[int, ...], kind: str) -> tuple[NDArray[Any], NDArray[Any], int]:
    rows, columns, channels, outputs, stride = shape
    rng = np.random.default_rng(rows)
    sizes = (rows + 2, columns + 2, channels), (outputs, 3, 3, channels)
    x, weights = (rng.choice(np.array([-1, 1], np.int8), size) for size in sizes)
    return (x if kind == "b" else rng.standard_normal(sizes[0]).astype(kind)), weights, stride


def fp16_convolution(variant: kernels.Fp16Kernel, shape: tuple[int, ...]) -> NDArray[Any]:
    x, weights, stride = arrays(shape, "e")
    return variant.convolve(x, variant.pack(weights), stride).view(np.uint16)


def xnor_convolution(variant: xnor.XnorKernel, shape: tuple[int, ...]) -> NDArray[Any]:
    x, weights, stride = arrays(shape, "b")
    x[0] = 0
    return variant.convolve(variant.pack_map(x), variant.pack_weights(weights), stride)


def xnor_signs(variant: xnor.XnorKernel, shape: tuple[int, ...]) -> NDArray[Any]:
    x, weights, stride = arrays(shape, "b")
    rule = np.zeros(len(weights), np.int32), np.arange(len(weights)) % 2 > 0
    return variant.threshold(variant.pack_map(x), variant.pack_weights(weights), stride, *rule)


def real_convolution(variant: real.RealKernel, shape: tuple[int, ...]) -> NDArray[Any]:
    x, weights, stride = arrays(shape, "f")
    return variant.convolve(x, weights.astype("f"), (stride, stride))


KINDS: list[tuple[Any, Callable[..., NDArray[Any]]]] = [
    (kernels, fp16_convolution), (xnor, xnor_convolution), (xnor, xnor_signs), (real, real_convolution)
]  # fmt: skip
each_convolution = pytest.mark.parametrize(
    ("kind", "name", "convolution"),
    [(kind, name, convolution) for kind, convolution in KINDS for name in kind.available()],
    ids=lambda value: getattr(value, "__name__", value),
)


@each_convolution
def test_threads_at_once_get_the_bits_that_each_gets_alone(kind: Any, name: str, convolution: Callable[..., NDArray[Any]]) -> None:
    alone = [convolution(kind.kernel(name), shape) for shape in SHAPES]
    variant, barrier = kind.kernel(name), Barrier(6)  # a variant that has no plans yet

    def worker(number: int) -> None:
        barrier.wait()
        for turn in range(30):
            place = (number + turn) % len(SHAPES)
            np.testing.assert_array_equal(convolution(variant, SHAPES[place]), alone[place])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(worker, range(6)))


def test_two_threads_do_not_compile_the_same_twice() -> None:
    made, barrier = [], Barrier(4)

    @once
    def slow(number: int) -> object:
        made.append(number)
        time.sleep(0.05)
        return object()

    def ask(_: int) -> object:
        barrier.wait()
        return slow(7)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert made == [7]
    assert len(set(map(id, found))) == 1


@pytest.mark.parametrize("what", ["finishing", "event loop"])
def test_several_threads_compile_once(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packages("numba")
    from hyperdrive_sim.kernels import event_loop, finishing_llvm, jit
    from hyperdrive_sim.kernels.emit import Target

    made, barrier = [], Barrier(4)

    def slow(*_: object) -> dict[str, object]:
        made.append(what)
        time.sleep(0.05)
        return {"finish": made}

    monkeypatch.setattr(finishing_llvm, "compiled", slow)
    monkeypatch.setattr(jit, "compiled", slow)

    def ask(_: int) -> object:
        barrier.wait()
        if what == "finishing":
            return finishing_llvm.finishing(True, True, Target("a processor that nobody has asked for", ""))
        return event_loop._compiled(test_several_threads_compile_once, "a signature that nobody has asked for")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert made == [what]


@each_convolution
def test_plans_of_ever_new_sizes_are_let_go(
    kind: Any, name: str, convolution: Callable[..., NDArray[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many are kept as one network has sizes; those that are gone are made anew, also where several threads are at it."""
    monkeypatch.setattr(kept, "MOST", 3)
    variant = kind.kernel(name)
    alone = [convolution(kind.kernel(name), shape) for shape in SHAPES]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(partial(convolution, variant), SHAPES * 5))
    for number, result in enumerate(found):
        np.testing.assert_array_equal(result, alone[number % len(SHAPES)])
    assert len(getattr(variant, "_plans", ())) <= 3


def vectored(names: tuple[str, ...]) -> list[str]:
    """Variants with vectors, in one order: processes that share tests collect the same ones."""
    return [name for name in names if name.startswith("numba-")]


def compiled() -> list[Job]:
    """Calls of a few milliseconds that hold the GIL for all but the compiled loops: numpy's own functions release it, too."""
    rng = np.random.default_rng(0)
    jobs: list[Job] = []
    for name in vectored(xnor.available()):
        binary = xnor.kernel(name)
        x, signs = (rng.choice(np.array([-1, 1], np.int8), size) for size in ((66, 66, 256), (256, 3, 3, 256)))
        jobs.append(partial(binary.convolve, binary.pack_map(x), binary.pack_weights(signs), 1))
    for name in vectored(real.available()):
        jobs.append(partial(real.kernel(name).convolve, rng.random((58, 58, 64), np.float32), rng.random((64, 3, 3, 64), np.float32)))
    if "numba-avx512fp16" in kernels.available():
        fp16 = kernels.kernel("numba-avx512fp16")
        packed = fp16.pack(rng.choice(np.array([-1, 1], np.int8), (64, 3, 3, 64)))
        jobs.append(partial(fp16.convolve, rng.standard_normal((58, 58, 64)).astype(np.float16), packed, 1))
    return jobs


@pytest.mark.parametrize("job", compiled(), ids=lambda job: type(job.func.__self__).__name__ + "-" + job.func.__self__.name)
def test_others_run_while_a_kernel_does(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked to give the GIL up within a minute: whoever gets it has been let by a kernel that released it by itself."""
    inside, seen, ends = False, False, time.monotonic() + 20
    job()

    def work() -> None:
        nonlocal inside
        while not seen and time.monotonic() < ends:
            inside = True
            job()
            inside = False

    before = sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        thread = Thread(target=work)
        thread.start()
        while thread.is_alive() and not seen:
            seen = inside
            time.sleep(0)
        thread.join()
    finally:
        sys.setswitchinterval(before)
    assert seen


@pytest.mark.parametrize("room", ["fp16_numba", "xnor_numba"])
def test_plain_loops_release_the_gil(room: str) -> None:
    if "numba" in present():
        from importlib import import_module

        assert import_module(f"hyperdrive_sim.kernels.{room}")._compiled().targetoptions["nogil"]


def test_a_thread_among_others_starts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, threads: int) -> None:
            started.append(threads)
            super().__init__(threads)

    monkeypatch.setattr(processors, "ThreadPoolExecutor", Pool)
    done: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        pool.submit(processors.shared, done.append, [1, 2, 3], 2).result()
    assert (started, done) == ([], [1, 2, 3])
    processors.shared(done.append, [4, 5], 2)
    assert (started, sorted(done)) == ([2], [1, 2, 3, 4, 5])
