"""The most binary operations that one core can do: exclusive or, count, add, in registers, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from time import process_time
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.errors import MissingExtra
from hyperdrive_sim.kernels.selection import present

TURNS = 200_000
ROUNDS = 25


class _Loop(NamedTuple):
    """A way to keep a processor busy: so many vectors of so many 64-bit words at a time."""

    lanes: int
    vectors: int


_LOOPS = {"": _Loop(1, 6), "avx2": _Loop(4, 6), "avx512vpopcntdq": _Loop(8, 16)}
"""By the processor feature that each needs. Enough vectors at a time to hide an addition's latency, few enough for the registers."""


def ceiling_ops_per_s() -> float:
    """Operations per second of one core, 2 per pair of bits: the best of several rounds of each loop that the processor can run.

    Raises MissingExtra without a compiler.
    """
    if find_spec("llvmlite") is None:
        raise MissingExtra("the measured ceiling", "fast")
    loops = [loop for needs, loop in _LOOPS.items() if not needs or needs in present()]
    return max(_rate(loop) for loop in loops)


def _rate(loop: _Loop) -> float:
    words, weights = np.arange(2 * loop.lanes * loop.vectors, dtype=np.int64).reshape(2, -1)
    run, ops = compiled_loop(*loop), 2 * 64 * loop.lanes * loop.vectors * TURNS
    return max(ops / _seconds(lambda: run(words.ctypes.data, weights.ctypes.data, TURNS)) for _ in range(ROUNDS))


def _seconds(run: Callable[[], None]) -> float:
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
