"""The convolution kernels side by side: every variant that this machine can run, torch if it is there, and the measured ceiling.

Each kernel has a process of its own, in which nobody starts threads: neither we nor torch, nor the linear algebra below numpy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from hyperdrive_sim.engine.compiled import Progress
from hyperdrive_sim.study.bench.installation import Installation
from hyperdrive_sim.study.bench.layers import KERNELS
from hyperdrive_sim.study.processes import ALONE

SCRIPT = str(Path(__file__).with_name("convolving.py"))
ROUNDS = 15
CEILING = "ceiling"


@dataclass(frozen=True)
class KernelRow:
    """One layer by every variant of a kernel, by torch and, if bits are counted, by the ceiling: operations per second of one core.

    A product and its addition are 2 operations. `ratios` are the rate of `fastest`, our fastest variant, divided by that of each other in
    the same round, medians of all rounds: above 1, ours is faster.
    """

    kernel: str
    layer: str
    ops: int
    fastest: str
    ops_per_s: dict[str, float]
    ratios: dict[str, float]


def kernels(layers: int | None, rounds: int, progress: Progress) -> list[KernelRow]:
    """The first few layers of every kernel, or all. Raises NotMeasured where no process can be."""
    found = []
    for number, kernel in enumerate(KERNELS):
        progress(kernel, number, len(KERNELS))
        asked = json.dumps({"kernel": kernel, "layers": layers, "rounds": rounds})
        printed = Installation.this().run(SCRIPT, asked, extra=ALONE).printed
        found += [KernelRow(**row) for row in json.loads(printed)]
    return found
