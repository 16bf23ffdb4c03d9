"""Two figures of NAND-Net that do not come out of any run, and what was tried: time of the kernels of ones, and the cut of counting.

Each reading is a line of archs/_nandnet/README.md, made anew and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
import simulated
from test_ambit import DDR4_2400
from test_nandnet_anchors import ARITHMETIC, COMMANDS, README, RUN

from hyperdrive_sim.archs.nandnet_dram.ambit import multiply_and_count, population_count
from hyperdrive_sim.network.graph import Network
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study.runs import compiled

TEXT = README.read_text("utf-8")
PS_PER_CLOCK = 10_000
WORD = 128
PASS_PS = 33_739_280


class Case(NamedTuple):
    """A network, and the layers that are left to the host."""

    name: str
    left: str

    def report(self, machine: str, *changes: str) -> Report:
        name = self.name if machine == "dram" else f"{self.name}_16"
        return simulated.report(f"nandnet_{machine}/{name}", "reproduces=null", f"chip.left_to_host={self.left}", *changes)

    def ps(self, machine: str, *changes: str) -> int:
        return self.report(machine, *changes).trace.makespan_ps

    @property
    def network(self) -> Network:
        return Scenario.read(simulated.SCENARIOS / "nandnet_dram" / f"{self.name}.yaml").network()

    @property
    def convs(self) -> list[Conv]:
        kept = [layer for layer in self.network if isinstance(layer, Conv) and layer.maps == "binary" and layer.name not in self.left]
        return [conv for conv in kept if self.network.is_sums(conv.name)]

    def taps(self, conv: Conv) -> int:
        return conv.window.taps * self.network.shape(conv.inputs[0]).channels

    def pixels(self, conv: Conv) -> int:
        out = self.network.shape(conv.name)
        return out.rows * out.columns


CASES = {"LeNet": Case("lenet", "[]"), "its convolution alone": Case("lenet", "[ip1]"), "AlexNet": Case("binary_alexnet", "[fc6, fc7]")}


def column(case: Case) -> float:
    return case.ps("sram") / case.ps("sram", "chip.ones_tile=resident") - 1


def words(count: Callable[[Case], float]) -> Callable[[Case], float]:
    """The time of so many clocks more than the tile of ones needs that is there for good."""
    return lambda case: count(case) * PS_PER_CLOCK / case.ps("sram", "chip.ones_tile=resident")


def blocks(case: Case) -> int:
    return sum(task.name == "weights" for task in case.report("sram").trace.tasks)


def one_more_kernel(case: Case) -> float:
    return sum(case.taps(conv) for conv in case.convs) / WORD


def counted_too(case: Case) -> float:
    """Three clocks for 1024 products in each of 16 tiles."""
    return one_more_kernel(case) + 3 * sum(case.taps(conv) * case.pixels(conv) for conv in case.convs) / (16 * 1024)


def in_dram(case: Case) -> float:
    return case.ps("dram") / case.ps("dram", "chip.ones=periphery") - 1


def longer_passes(case: Case) -> float:
    """As if passes could be cut to size: each as much longer as the layer has kernels more."""
    passes = {conv.name: 0 for conv in case.convs}
    for task in case.report("dram").trace.tasks:
        if task.name == "pass" and task.unit == "dram.bank0":
            passes[task.layer] += 1
    return sum(passes[conv.name] * PASS_PS / conv.out_channels for conv in case.convs) / case.ps("dram", "chip.ones=periphery")


def apart(case: Case) -> float:
    """A population count of the activations as they are, 129 half adders, once for every layer, whose windows are fewer than columns."""
    assert all(case.pixels(conv) * -(-case.taps(conv) // 32) <= 262_144 for conv in case.convs)
    count = DDR4_2400.ps(population_count("counter", 32).program.counts)
    return len(case.convs) * count / case.ps("dram", "chip.ones=periphery")


READINGS: Mapping[str, tuple[Callable[[Case], float], str]] = {
    "SRAM: a column as tall as all tiles is written for every layer": (column, RUN),
    "SRAM: a tile of 8 words is written for every layer": (words(lambda case: 8 * len(case.convs)), ARITHMETIC),
    "SRAM: a tile of 8 words is written with every block of weights": (words(lambda case: 8 * blocks(case)), ARITHMETIC),
    "SRAM: one more kernel per layer passes the port": (words(one_more_kernel), ARITHMETIC),
    "SRAM: one more kernel passes the port and is counted like the others": (words(counted_too), ARITHMETIC),
    "DRAM: one more kernel in the same passes": (in_dram, RUN),
    "DRAM: every pass is longer by one kernel of its layer's": (longer_passes, ARITHMETIC),
    "DRAM: activations have a count of their own, once per layer": (apart, ARITHMETIC),
}


def test_the_pass_is_that_of_the_default() -> None:
    assert compiled(Scenario.read(simulated.SCENARIOS / "nandnet_dram" / "lenet.yaml", ["reproduces=null"])).mapped.program.ps == PASS_PS


@pytest.mark.parametrize("name", READINGS)
def test_time_of_the_kernels_of_ones(name: str) -> None:
    """Published: 0.67 % for LeNet, 0.08 % for AlexNet. No reading comes within a tenth of AlexNet's, let alone of both."""
    reading, source = READINGS[name]
    found = {label: 100 * reading(case) for label, case in CASES.items()}
    line = f"| {name} | {' | '.join(f'{value:.3g} %' for value in found.values())} | {source} |"
    assert line in TEXT, line
    assert abs(found["AlexNet"] / 0.08 - 1) > 0.1


@pytest.mark.parametrize("popcount", ["counter", "ripple", "carry_save", "majority"])
def test_cut_of_counting(popcount: str) -> None:
    """Published: 44.1 % for 32 products in pairs. Compression is part of what is left; products are not."""

    def cut(taps: int) -> float:
        plain, paired = (multiply_and_count("and", group, popcount, taps=taps) for group in (1, 2))
        return 1 - DDR4_2400.ps((paired.compress + paired.count).counts) / DDR4_2400.ps(plain.count.counts)

    line = f"| `{popcount}` | {' | '.join(f'{100 * cut(taps):.1f} %' for taps in (16, 32, 64))} | {COMMANDS} |"
    assert line in TEXT, line
    assert abs(100 * cut(32) / 44.1 - 1) > 0.04
