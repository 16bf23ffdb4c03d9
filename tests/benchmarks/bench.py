"""Measures this machine: whole runs, how cost grows with chips x blocks, and the convolution kernels side by side.

    python tests/benchmarks/bench.py [runs|growth|kernels|xnor ...]
    python tests/benchmarks/bench.py smoke                              # a little of each: whether this file still runs

Whole runs are new processes, the median of several. Kernels take turns within one process and are timed in CPU seconds, so that their
ratios hold where the machine is shared. Prints tables; decides nothing.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hyperdrive_sim import kernels
from hyperdrive_sim.archs import registry
from hyperdrive_sim.engine.compiled import Compiled
from hyperdrive_sim.kernels import xnor
from hyperdrive_sim.network import zoo
from hyperdrive_sim.schedule.tasks import Arrivals

SCENARIOS = Path(__file__).parents[2] / "scenarios"
CONSOLE = Console(width=120)
MIB = 2**20
RUNS = [
    ("--help", ["--help"], 5),
    ("ResNet-34, 224 x 224, 1 chip", ["run", "hyperdrive/resnet34_224.yaml"], 5),
    ("ResNet-34, 2048 x 1024, 50 chips", ["run", "hyperdrive/resnet34_2048x1024.yaml"], 5),
    ("ResNet-152, 2048 x 1024, 200 chips", ["run", "hyperdrive/resnet152_2048x1024.yaml", "--set", "chip.mesh=[10,20]"], 3),
    ("check ResNet-34, 224 x 224", ["check", "hyperdrive/resnet34_224.yaml"], 3),
    ("check ResNet-34, 2048 x 1024, 50 chips", ["check", "hyperdrive/resnet34_2048x1024.yaml"], 1),
    ("Binary AlexNet, XNORBIN", ["run", "xnorbin/binary_alexnet.yaml"], 5),
    ("ResNet-18 of 8 bases, ChewBaccaNN", ["run", "chewbaccann/groupnet_resnet18.yaml"], 5),
    ("check Binary AlexNet on a photograph", ["check", "xnorbin/binary_alexnet_photo.yaml"], 3),
    ("check BinaryNet on a photograph", ["check", "xnorbin/cifar10_bnn_photo.yaml"], 3),
    ("check ResNet-18 of 8 bases", ["check", "chewbaccann/groupnet_resnet18.yaml"], 3),
]
GROWTH = [
    ("resnet34", (3, 224, 224), (1, 1)),
    ("resnet34", (3, 448, 448), (2, 2)),
    ("resnet34", (3, 1024, 1024), (5, 5)),
    ("resnet34", (3, 1024, 2048), (5, 10)),
    ("resnet34", (3, 2048, 2048), (10, 10)),
    ("resnet152", (3, 1024, 1024), (10, 10)),
    ("resnet152", (3, 1024, 2048), (10, 20)),
]
SIGN_LAYERS = [((31, 31, 96), 5, 256), ((15, 15, 384), 3, 384), ((6, 6, 256), 6, 4096), ((58, 58, 64), 3, 64), ((9, 9, 512), 3, 512)]
BLOCKS = [((58, 58, 64), 16), ((16, 16, 256), 16), ((9, 9, 512), 16), ((130, 258, 64), 64)]


def runs(cases: Sequence[tuple[str, list[str], int]] = RUNS) -> None:
    """Wall seconds and peak memory of whole processes."""
    table = Table("whole process", "runs", "wall, median", "least", "most", "peak memory", title="command line", title_justify="left")
    for name, arguments, times in cases:
        command = [sys.executable, "-m", "hyperdrive_sim", *(str(SCENARIOS / a) if a.endswith(".yaml") else a for a in arguments)]
        measured = [_process(command) for _ in range(times)]
        walls = [wall for wall, _ in measured]
        memory = max(peak for _, peak in measured)
        row = (f"{statistics.median(walls):.2f} s", f"{min(walls):.2f} s", f"{max(walls):.2f} s", f"{memory / MIB:.0f} MiB")
        table.add_row(name, str(times), *row)
    CONSOLE.print(table)


def _process(command: list[str]) -> tuple[float, int]:
    """Wall seconds and peak resident bytes of one process."""
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.execv(command[0], command)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return time.perf_counter() - began, usage.ru_maxrss * 1024


def growth(cases: Sequence[tuple[str, tuple[int, int, int], tuple[int, int]]] = GROWTH) -> None:
    """Tasks, and seconds per task, from one chip to 200: lowering and simulating grow with chips x blocks and with nothing else."""
    table = Table(
        "network", "input", "mesh", "chips x blocks", "tasks", "lower", "simulate", "per task", title="growth", title_justify="left"
    )
    arch = registry.load("hyperdrive")
    for name, shape, mesh in cases:
        network, spec = zoo.build(name, shape), arch.Spec(mesh=mesh)
        made = Compiled(arch.map(network, spec), Arrivals(), arch.grains[0])
        began = time.process_time()
        schedule = made.schedule
        lowered = time.process_time()
        assert made.trace.makespan_ps
        ended = time.process_time()
        blocks = sum(1 for task in schedule if task.name == "stream") * mesh[0] * mesh[1]
        size, chips = f"{shape[2]} x {shape[1]}", f"{mesh[0]} x {mesh[1]}"
        seconds = f"{lowered - began:.2f} s", f"{ended - lowered:.2f} s", f"{(ended - began) / len(schedule) * 1e6:.1f} us"
        table.add_row(name, size, chips, f"{blocks:,}", f"{len(schedule):,}", *seconds)
    CONSOLE.print(table)


def convolutions(blocks: Sequence[tuple[tuple[int, int, int], int]] = BLOCKS, rounds: int = 5) -> None:
    """Multiply-accumulates per CPU second of every variant that this machine can run, and its ratio to sequential numpy float16 adds."""
    variants = kernels.available()
    rng = np.random.default_rng(0)
    table = Table("block", *variants, title="ordered FP16 convolution, GMAC/s (ratio to numpy)", title_justify="left")
    for shape, channels in blocks:
        x = rng.standard_normal(shape).astype(np.float16)
        signs = (2 * rng.integers(0, 2, (channels, 3, 3, shape[2])) - 1).astype(np.int8)
        made = [kernels.kernel(variant) for variant in variants]
        jobs = [_job(variant.convolve, x, variant.pack(signs)) for variant in made]
        macs = (shape[0] - 2) * (shape[1] - 2) * 9 * shape[2] * channels
        rates = [macs / seconds / 1e9 for seconds in _taking_turns(jobs, rounds)]
        table.add_row(f"{shape} -> {channels}", *(f"{rate:.3g} ({rate / rates[0]:.0f} x)" for rate in rates))
    CONSOLE.print(table)


def xnor_convolutions(layers: Sequence[tuple[tuple[int, int, int], int, int]] = SIGN_LAYERS, rounds: int = 9) -> None:
    """Operations per CPU second of whole layers of signs, sums only, packing of maps and weights not counted."""
    variants = xnor.available()
    rng = np.random.default_rng(0)
    table = Table("layer", *variants, title="XNOR and count, GOp/s (ratio to numpy)", title_justify="left")
    for shape, kernel, channels in layers:
        made = [xnor.kernel(variant) for variant in variants]
        x, signs = _signs(rng, shape), _signs(rng, (channels, kernel, kernel, shape[2]))
        jobs = [_job(variant.convolve, variant.pack_map(x), variant.pack_weights(signs)) for variant in made]
        ops = 2 * (shape[0] - kernel + 1) * (shape[1] - kernel + 1) * signs.size
        rates = [ops / seconds / 1e9 for seconds in _taking_turns(jobs, rounds)]
        table.add_row(f"{shape}, {kernel} x {kernel} -> {channels}", *(f"{rate:.3g} ({rate / rates[0]:.0f} x)" for rate in rates))
    CONSOLE.print(table)


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    return (2 * rng.integers(0, 2, shape, np.int8) - 1).astype(np.int8)


def _job(convolve: Callable[..., object], x: object, packed: object) -> Callable[[], object]:
    return lambda: convolve(x, packed, 1)


def _taking_turns(jobs: list[Callable[[], object]], rounds: int) -> list[float]:
    """Median CPU seconds of each job; all take turns, so that a drifting machine slows all of them."""
    times: list[list[float]] = [[] for _ in jobs]
    for number in range(rounds + 1):
        for job, seconds in zip(jobs, times, strict=True):
            began = time.process_time()
            job()
            if number:
                seconds.append(time.process_time() - began)
    return [statistics.median(seconds) for seconds in times]


def smoke() -> None:
    """The least case of each part, once. The figures mean nothing."""
    runs([(name, arguments, 1) for name, arguments, _ in RUNS[:2]])
    growth(GROWTH[:1])
    convolutions(BLOCKS[1:2], rounds=1)
    xnor_convolutions(SIGN_LAYERS[2:3], rounds=1)


def main() -> None:
    parts = {"runs": runs, "growth": growth, "kernels": convolutions, "xnor": xnor_convolutions, "smoke": smoke}
    wanted = sys.argv[1:] or [part for part in parts if part != "smoke"]
    if unknown := set(wanted) - set(parts):
        raise SystemExit(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    for part in wanted:
        parts[part]()
        limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        CONSOLE.print(f"[dim]this process so far: {limit:.0f} MiB[/dim]\n")


if __name__ == "__main__":
    main()
