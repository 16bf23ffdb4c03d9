"""The most binary operations that one core can do: exclusive or, count, add, in registers, and nothing else.

What a convolution does in these instructions cannot be faster. It is measured between the variants of a kernel, as it depends on how
fast the processor runs at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.kernels.selection import present
from hyperdrive_sim.study.bench.jobs import Job

TURNS = 60_000
"""Turns of a loop in one job: 0.5 ms."""

ROUNDS = 9


class Loop(NamedTuple):
    """A way to keep a processor busy: so many vectors of so many 64-bit words at a time."""

    lanes: int
    vectors: int


LOOPS = {"numba": Loop(1, 6), "avx2": Loop(4, 12), "avx512vpopcntdq": Loop(8, 16)}
"""By what each needs. Enough vectors at a time to hide the latency of an addition."""


def popcount_ceiling() -> Job | None:
    """The fastest of the loops that this processor can run, 2 operations per pair of bits; None without a compiler."""
    loops = [_job(loop) for needs, loop in LOOPS.items() if needs in present()]
    return max(loops, key=_rate) if loops else None


def _job(loop: Loop) -> Job:
    words, weights = np.arange(2 * loop.lanes * loop.vectors, dtype=np.int64).reshape(2, -1)
    run = compiled_loop(*loop)
    return Job(lambda: run(words.ctypes.data, weights.ctypes.data, TURNS), 2 * 64 * loop.lanes * loop.vectors * TURNS)


def _rate(job: Job) -> float:
    return max(job.ops / _seconds(job.run) for _ in range(ROUNDS))


def _seconds(run: Callable[[], object]) -> float:
    began = process_time()
    run()
    return process_time() - began


def compiled_loop(lanes: int, vectors: int) -> Callable[..., None]:
    """Compiled `loop(words, weights, turns)`: addresses of int64 [vectors, lanes]; each turn adds to a word the bits in which it differs.

    A word is compared with its weights. So nothing stays the same from turn to turn, and the compiler can leave nothing out.
    """
    from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]

    from hyperdrive_sim.kernels.emit import I64, Target, Value, Vectors, at, compiled, function, loop, number

    module = ir.Module()
    b = function(module, "ceiling", 3)
    v = Vectors(b, I64, lanes)
    words, weights, turns = b.function.args
    places = [number(place) for place in range(vectors)]
    first, masks = ([b.load(at(b, array, v.type, place), align=8) for place in places] for array in (words, weights))

    def turn(_: Value, *now: Value) -> Sequence[Value]:
        return [b.add(total, v.ones(b.xor(total, mask))) for total, mask in zip(now, masks, strict=True)]

    for place, value in zip(places, loop(b, turns, first, turn), strict=True):
        b.store(value, at(b, words, v.type, place), align=8)
    b.ret_void()
    return compiled(module, Target.host())["ceiling"]
