"""The convolution kernels side by side: every variant that this machine can run, torch if it is there, and the measured ceiling.

All compute the same layers on one core and take turns within one process. Seconds are CPU time, so that ratios hold where the machine is
shared; packing of weights and of binary maps, done once, is not counted.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.compiled import Progress
from hyperdrive_sim.errors import MissingExtra
from hyperdrive_sim.kernels import fp16, xnor
from hyperdrive_sim.study.bench.ceiling import ceiling_ops_per_s

ROUNDS = 9
LEAST_S = 0.005
"""CPU seconds of a sample: a shorter job is done several times in a row."""

Job = Callable[[], object]


class ConvLayer(NamedTuple):
    """A convolution without borders: a padded map [rows, columns, channels], a square kernel, and output channels."""

    padded: tuple[int, int, int]
    kernel: int
    outputs: int

    @property
    def ops(self) -> int:
        rows, columns, channels = self.padded
        return 2 * (rows - self.kernel + 1) * (columns - self.kernel + 1) * self.kernel**2 * channels * self.outputs

    def __str__(self) -> str:
        return f"{' x '.join(map(str, self.padded))}, {self.kernel} x {self.kernel} to {self.outputs}"


SIGNS = (
    ConvLayer((31, 31, 96), 5, 256),
    ConvLayer((15, 15, 384), 3, 384),
    ConvLayer((6, 6, 256), 6, 4096),
    ConvLayer((58, 58, 64), 3, 64),
    ConvLayer((16, 16, 256), 3, 256),
    ConvLayer((9, 9, 512), 3, 512),
    ConvLayer((130, 258, 128), 3, 128),
)
"""Layers of binary networks, whole."""

BLOCKS = (ConvLayer((58, 58, 64), 3, 16), ConvLayer((16, 16, 256), 3, 16), ConvLayer((9, 9, 512), 3, 16), ConvLayer((130, 258, 64), 3, 64))
"""Layers in FP16, most of them blocks of as many output channels as a Hyperdrive chip has lanes."""


@dataclass(frozen=True)
class KernelRow:
    """One layer by every variant of one kernel, in operations per second of one core: 2 for each product, in torch as well."""

    kernel: str
    layer: str
    ops: int
    ops_per_s: dict[str, float]


@dataclass(frozen=True)
class Kernels:
    """Kernels on this machine; the ceiling is that of binary operations in registers, None where no compiler is installed."""

    ceiling_ops_per_s: float | None
    rows: list[KernelRow]


def kernels(signs: Sequence[ConvLayer], blocks: Sequence[ConvLayer], rounds: int, progress: Progress) -> Kernels:
    """Rates of all variants for some layers of signs and some in FP16."""
    rng = np.random.default_rng(0)
    wanted: list[tuple[str, ConvLayer, Callable[[ConvLayer, np.random.Generator], Mapping[str, Job]]]] = [
        *(("XNOR, sums", layer, _sums) for layer in signs),
        *(("XNOR, signs of sums", layer, _thresholds) for layer in signs),
        *(("FP16 in order", layer, _ordered) for layer in blocks),
    ]
    rows = []
    with _one_thread():
        for number, (kernel, layer, jobs) in enumerate(wanted):
            progress(f"{kernel}, {layer}", number, len(wanted))
            seconds = taking_turns(jobs(layer, rng), rounds)
            rows.append(KernelRow(kernel, str(layer), layer.ops, {name: layer.ops / took for name, took in seconds.items()}))
    return Kernels(_ceiling(), rows)


def _ceiling() -> float | None:
    try:
        return ceiling_ops_per_s()
    except MissingExtra:
        return None


def taking_turns(jobs: Mapping[str, Job], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each job; all take turns, so that a machine that is busy for a while slows all of them."""
    repeated = {name: _often(job) for name, job in jobs.items()}
    samples: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            samples[name].append(_seconds(job, repeated[name]))
    return {name: statistics.median(seconds) for name, seconds in samples.items()}


def _often(job: Job) -> int:
    """Times in a row that a job is done for one sample, once it is compiled."""
    job()
    return max(1, round(LEAST_S / max(_seconds(job, 1), 1e-6)))


def _seconds(job: Job, times: int) -> float:
    began = process_time()
    for _ in range(times):
        job()
    return (process_time() - began) / times


def _signs(rng: np.random.Generator, *shape: int) -> NDArray[np.int8]:
    return (2 * rng.integers(0, 2, shape, np.int8) - 1).astype(np.int8)


def _kernel(layer: ConvLayer, rng: np.random.Generator) -> NDArray[np.int8]:
    return _signs(rng, layer.outputs, layer.kernel, layer.kernel, layer.padded[2])


def _sums(layer: ConvLayer, rng: np.random.Generator) -> Mapping[str, Job]:
    x, signs = _signs(rng, *layer.padded), _kernel(layer, rng)
    made = {name: xnor.kernel(name) for name in xnor.available()}
    jobs = {name: _job(one.convolve, one.pack_map(x), one.pack_weights(signs), 1) for name, one in made.items()}
    return jobs | _torch(x, signs)


def _thresholds(layer: ConvLayer, rng: np.random.Generator) -> Mapping[str, Job]:
    x, signs = _signs(rng, *layer.padded), _kernel(layer, rng)
    rule = np.zeros(layer.outputs, np.int32), np.zeros(layer.outputs, np.bool_)
    made = {name: xnor.kernel(name) for name in xnor.available()}
    return {name: _job(one.threshold, one.pack_map(x), one.pack_weights(signs), 1, *rule) for name, one in made.items()}


def _ordered(layer: ConvLayer, rng: np.random.Generator) -> Mapping[str, Job]:
    x, signs = rng.standard_normal(layer.padded).astype(np.float16), _kernel(layer, rng)
    made = {name: fp16.kernel(name) for name in fp16.available()}
    return {name: _job(one.convolve, x, one.pack(signs), 1) for name, one in made.items()} | _torch(x, signs)


def _job(function: Callable[..., object], *arguments: object) -> Job:
    return lambda: function(*arguments)


def _torch(x: NDArray[Any], signs: NDArray[np.int8]) -> dict[str, Job]:
    """The same convolution in float32 by torch, whose sums are in no order that a chip knows; nothing where torch is not installed."""
    if find_spec("torch") is None:
        return {}
    import torch

    maps = torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)[None], np.float32))
    weights = torch.from_numpy(np.ascontiguousarray(signs.transpose(0, 3, 1, 2), np.float32))
    if maps.shape[2:] == weights.shape[2:]:  # a single output pixel, for which torch has a function that is faster
        return {"torch float32": _job(torch.nn.functional.linear, maps.flatten(), weights.flatten(1))}
    return {"torch float32": _job(torch.nn.functional.conv2d, maps, weights)}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute with one thread, as our kernels do."""
    if find_spec("torch") is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
