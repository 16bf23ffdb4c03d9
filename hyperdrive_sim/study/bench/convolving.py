"""The layers of one kernel, measured in a process that has nothing else to do. A script:

    python convolving.py '{"kernel": "XNOR, sums", "layers": null, "rounds": 15}'

It prints rows of `convolutions` as JSON. Seconds are CPU time, of a process with one thread, so that ratios hold where the machine is
shared.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping
from dataclasses import asdict
from time import process_time

from hyperdrive_sim.study.bench.ceiling import popcount_ceiling
from hyperdrive_sim.study.bench.convolutions import CEILING, KernelRow
from hyperdrive_sim.study.bench.jobs import Job, jobs
from hyperdrive_sim.study.bench.layers import KERNELS, SIGNS, SUMS, ConvLayer

LEAST_S = 0.005
"""CPU seconds of a sample: a shorter job is done several times in a row."""


def row(kernel: str, layer: ConvLayer, rounds: int, ceiling: Job | None) -> KernelRow:
    """One layer by all that can compute it, and the ceiling right behind our fastest, with which it is compared."""
    ours, others = jobs(kernel, layer)
    fastest = list(ours)[-1]
    beside = {CEILING: ceiling} if ceiling else {}
    rates = taking_turns(ours | beside | others, rounds)
    by = {name: [one / other for one, other in zip(rates[fastest], rates[name], strict=True)] for name in rates if name != fastest}
    return KernelRow(kernel, str(layer), layer.ops, fastest, _medians(rates), _medians(by))


def _medians(samples: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(some) for name, some in samples.items()}


def taking_turns(wanted: Mapping[str, Job], rounds: int) -> dict[str, list[float]]:
    """Operations per CPU second of each job in every round: all take turns, so that a machine which is busy for a while slows all."""
    often = {name: _often(job) for name, job in wanted.items()}
    rates: dict[str, list[float]] = {name: [] for name in wanted}
    for _ in range(rounds):
        for name, job in wanted.items():
            rates[name].append(job.ops / _seconds(job, often[name]))
    return rates


def _often(job: Job) -> int:
    """Times in a row that a job is done for one sample, once it is compiled."""
    job.run()
    return max(1, round(LEAST_S / max(_seconds(job, 1), 1e-6)))


def _seconds(job: Job, times: int) -> float:
    began = process_time()
    for _ in range(times):
        job.run()
    return (process_time() - began) / times


def rows(kernel: str, layers: int | None, rounds: int) -> list[KernelRow]:
    """The first few layers of a kernel, or all; the ceiling is that of kernels that count bits."""
    ceiling = popcount_ceiling() if kernel in (SUMS, SIGNS) else None
    return [row(kernel, layer, rounds, ceiling) for layer in KERNELS[kernel][:layers]]


if __name__ == "__main__":
    print(json.dumps([asdict(one) for one in rows(**json.loads(sys.argv[1]))]))
