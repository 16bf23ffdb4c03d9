"""Measures the binary convolution against the popcount ceiling: what the same instructions do on this machine without any memory.

    python tests/benchmarks/ceiling.py

`popcount_loop` is the ceiling, `xnor_shares` compares layers with it. Shares hold where the machine is shared: each is the median of ratios
between a layer and a loop that ran right before and after it, in CPU time of one thread.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hyperdrive_sim.kernels import xnor
from hyperdrive_sim.kernels.emit import I64, Target, Value, Vectors, at, compiled, function, loop, number
from hyperdrive_sim.kernels.selection import present

T = TypeVar("T")

SUMS = 16  # as many vectors as a block of the fastest variant has: enough to hide the latency of every instruction
TURNS = 60_000  # of the loop, 0.5 ms
ROUND_S = 1e-3  # that a layer is repeated for between two loops


class SignLayer(NamedTuple):
    """A binary convolution: output pixels in rows and columns, input channels, kernel size, output channels; stride 1, the size kept."""

    side: int
    channels: int
    kernel: int
    outputs: int

    @property
    def ops(self) -> int:
        return 2 * self.side**2 * self.channels * self.kernel**2 * self.outputs

    def __str__(self) -> str:
        return f"{self.side} x {self.side} x {self.channels}, {self.kernel} x {self.kernel} -> {self.outputs}"


class Job(NamedTuple):
    """Something that can be run, and the operations that it does."""

    run: Callable[[], object]
    ops: int


class Shares(NamedTuple):
    """Shares of the ceiling that a layer reaches: sums and signs, of a map without zeros and of one that is padded with them."""

    sums: float
    signs: float
    padded_sums: float
    padded_signs: float


SMALL = [SignLayer(7, 512, 3, 512), SignLayer(14, 256, 3, 256), SignLayer(13, 384, 3, 384)]
LARGE = [
    SignLayer(27, 96, 5, 256),
    SignLayer(28, 128, 3, 128),
    SignLayer(56, 64, 3, 64),
    SignLayer(64, 256, 3, 256),
    SignLayer(64, 512, 3, 512),
]


def popcount_loop(turns: int = TURNS) -> Job:
    """XOR, population count and addition of vectors that never leave the registers: what no convolution in these instructions can beat.

    Each sum is XORed with a vector that is unknown when compiling, and counted into itself: no turn can be left out or done in advance.
    Vectors are as wide as the processor counts bits in; 2 operations per bit.
    """
    lanes = 8 if "avx512vpopcntdq" in present() else 4
    module = ir.Module()
    b = function(module, "count", 2)
    count, memory = b.function.args
    v = Vectors(b, I64, lanes)
    unknown = [b.load(at(b, memory, v.type, number(place)), align=8) for place in range(4)]

    def turn(_: Value, *totals: Value) -> Sequence[Value]:
        differ = [b.xor(total, unknown[place % 4]) for place, total in enumerate(totals)]
        ones = [v.ones(vector) for vector in differ]
        return [b.add(total, more) for total, more in zip(totals, ones, strict=True)]

    totals = loop(b, count, [v.integer(place) for place in range(SUMS)], turn)
    for place, total in enumerate(totals):
        b.store(total, at(b, memory, v.type, number(place)), align=8)
    b.ret_void()
    run, values = compiled(module, Target.host())["count"], np.ones(SUMS * lanes, np.int64)
    return Job(lambda: run(turns, values.ctypes.data), 2 * 64 * lanes * SUMS * turns)


def share(job: Job, ceiling: Job, rounds: int = 40) -> float:
    """Median share of the ceiling that a job reaches, each time compared with one run of the ceiling before and one after it."""
    return in_one_thread(lambda: _share(job, ceiling, rounds))


def _share(job: Job, ceiling: Job, rounds: int) -> float:
    times = max(1, round(ROUND_S / seconds(job.run)))
    shares = []
    for _ in range(rounds):
        before = seconds(ceiling.run)
        between = seconds(job.run, times) / times
        shares.append(job.ops / between * (before + seconds(ceiling.run)) / 2 / ceiling.ops)
    return statistics.median(shares)


def in_one_thread(measure: Callable[[], T]) -> T:
    """Result of a measurement in a thread that is not the main one: kernels start no others there, whose time would be missed."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(measure).result()


def xnor_shares(layer: SignLayer, variant: xnor.XnorKernel, ceiling: Job, rounds: int = 40) -> Shares:
    """Shares of the ceiling that a variant reaches on a layer; packing of maps and weights is not counted, every call from Python is."""
    rng = np.random.default_rng(0)
    size, pad = layer.side + layer.kernel - 1, layer.kernel // 2
    whole = _signs(rng, (size, size, layer.channels))
    padded = np.pad(whole[pad : size - pad, pad : size - pad], ((pad, pad), (pad, pad), (0, 0)))
    weights = variant.pack_weights(_signs(rng, (layer.outputs, layer.kernel, layer.kernel, layer.channels)))
    rule = np.zeros(layer.outputs, np.int32), np.zeros(layer.outputs, np.bool_)
    maps = [variant.pack_map(x) for x in (whole, padded)]
    sums = [Job(lambda x=x: variant.convolve(x, weights, 1), layer.ops) for x in maps]  # type: ignore[misc]
    signs = [Job(lambda x=x: variant.threshold(x, weights, 1, *rule), layer.ops) for x in maps]  # type: ignore[misc]
    return Shares(*(share(job, ceiling, rounds) for job in (sums[0], signs[0], sums[1], signs[1])))


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    return (2 * rng.integers(0, 2, shape, np.int8) - 1).astype(np.int8)


def seconds(run: Callable[[], object], times: int = 1) -> float:
    """CPU seconds of this thread, from the second time on: the first 50 us after other work are slower by a half."""
    run()
    began = time.thread_time()
    for _ in range(times):
        run()
    return time.thread_time() - began


def main() -> None:
    ceiling, variant = popcount_loop(), xnor.kernel()
    rate = ceiling.ops / statistics.median(seconds(ceiling.run) for _ in range(40)) / 1e9
    table = Table("layer", *Shares._fields, title=f"shares of {rate:.0f} GOp/s, {variant.name}", title_justify="left")
    for layer in SMALL + LARGE:
        table.add_row(str(layer), *(f"{reached:.2f}" for reached in xnor_shares(layer, variant, ceiling)))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
