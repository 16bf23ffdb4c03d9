"""Stages of a run in CPU seconds, tasks per second, both engines side by side, and how the cost grows with chips x blocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import NamedTuple

from hyperdrive_sim.engine.compiled import Progress
from hyperdrive_sim.network.layers import Conv
from hyperdrive_sim.scenario import shipped
from hyperdrive_sim.scenario.scenario import Scenario
from hyperdrive_sim.study import runs
from hyperdrive_sim.study.bench import engines, inside
from hyperdrive_sim.study.bench.installation import Installation
from hyperdrive_sim.study.bench.spread import Spread, exponent
from hyperdrive_sim.study.bench.turns import Refused, Repeats, alternating

SCRIPT, ENGINES = str(Path(inside.__file__)), str(Path(engines.__file__))
TOTAL = tuple(inside.STAGES)
"""Stages from lowering to the report."""


class Staged(NamedTuple):
    """A run whose stages are measured: a scenario that comes with the package, or a network on a mesh of Hyperdrive chips."""

    name: str
    scenario: str = ""
    network: str = ""
    input_shape: tuple[int, int, int] = (0, 0, 0)
    mesh: tuple[int, int] = (1, 1)

    def keys(self) -> dict[str, object]:
        """The scenario as its file or as keywords, in what JSON can hold."""
        if self.scenario:
            return {"scenario": str(shipped.folder() / self.scenario)}
        return {"architecture": "hyperdrive", "network": self.network, "input_shape": self.input_shape, "chip": {"mesh": self.mesh}}


def _grown(network: str, rows: int, columns: int, mesh: tuple[int, int]) -> Staged:
    name = f"{network}, {columns} x {rows} on {mesh[0]} x {mesh[1]}"
    return Staged(name, network=network, input_shape=(3, rows, columns), mesh=mesh)


TASKS = (
    Staged("ResNet-34, 224 x 224", "hyperdrive/resnet34_224.yaml"),
    Staged("ResNet-34, 2048 x 1024, 50 chips", "hyperdrive/resnet34_2048x1024.yaml"),
    Staged("ResNet-152, 2048 x 1024, 200 chips", network="resnet152", input_shape=(3, 1024, 2048), mesh=(10, 20)),
    Staged("Binary AlexNet, XNORBIN", "xnorbin/binary_alexnet.yaml"),
    Staged("ResNet-18 of 8 bases, ChewBaccaNN", "chewbaccann/groupnet_resnet18.yaml"),
    Staged("Binary AlexNet, NAND-Net in SRAM", "nandnet_sram/binary_alexnet.yaml"),
    Staged("Binary AlexNet, NAND-Net in DRAM", "nandnet_dram/binary_alexnet.yaml"),
)
GROWTH = (
    _grown("resnet152", 512, 1024, (5, 10)),
    _grown("resnet152", 1024, 1024, (10, 10)),
    _grown("resnet152", 1024, 2048, (10, 20)),
    _grown("resnet152", 2048, 2048, (20, 20)),
    _grown("resnet152", 2048, 4096, (20, 40)),
)
"""One network, so that each chip and block means as many tasks everywhere, 0.5 to 8 million of them: below, what a start costs is most
of the time, and an exponent would hide how the rest grows."""


@dataclass(frozen=True)
class StageCost:
    """CPU seconds of each stage of a run, medians of several processes; `total_s` is from lowering to the report."""

    times: int
    tasks: int
    stages_s: dict[str, float]
    total_s: Spread
    tasks_per_s: float
    peak_bytes: int

    @classmethod
    def of(cls, samples: Sequence[_Sample]) -> StageCost:
        medians = {name: Spread.of([one.stages_s[name] for one in samples]).median for name in samples[0].stages_s}
        total = Spread.of([sum(one.stages_s[name] for name in TOTAL) for one in samples])
        tasks = samples[0].tasks
        return cls(len(samples), tasks, medians, total, tasks / total.median, max(one.peak_bytes for one in samples))


@dataclass(frozen=True)
class EngineCost:
    """CPU seconds of either engine of this installation for one schedule, medians, and SimPy's divided by the compiled one's.

    `same` is true if their traces were the same each time, span for span.
    """

    simpy_s: float
    compiled_s: float
    ratio: float
    same: bool

    @classmethod
    def of(cls, samples: Sequence[_Both]) -> EngineCost:
        simpy, compiled = (Spread.of(seconds).median for seconds in zip(*(one[:2] for one in samples), strict=True))
        return cls(simpy, compiled, simpy / compiled, all(one.same for one in samples))


@dataclass(frozen=True)
class StageRow:
    """One run in stages, by this installation and, if asked for, by another; the ratio is the other's total divided by this one's.

    `engines` is there if both engines were meant to be measured.
    """

    name: str
    this: StageCost | Refused
    against: StageCost | Refused | None
    ratio: float | None
    engines: EngineCost | Refused | None = None


@dataclass(frozen=True)
class GrowthRow:
    """One size of a run: the blocks of output channels that each chip computes, on how many chips, and what that cost."""

    chips: int
    blocks: int
    run: StageRow


@dataclass(frozen=True)
class Growth:
    """Runs of growing size, and the exponent of their total cost over chips x blocks; None where a size could not be measured."""

    rows: list[GrowthRow]
    exponent: float | None
    exponent_against: float | None


class _Sample(NamedTuple):
    """The stages of one process, which runs nothing else."""

    tasks: int
    stages_s: dict[str, float]
    peak_bytes: int


class _Both(NamedTuple):
    """What either engine has taken in one process, and whether they gave the same trace."""

    simpy_s: float
    compiled_s: float
    same: bool


def _sample(installation: Installation, keys: str) -> _Sample:
    used = installation.run(SCRIPT, keys)
    found = json.loads(used.printed)
    return _Sample(found.pop("tasks"), found, used.peak_bytes)


def _both(keys: str) -> _Both:
    return _Both(**json.loads(Installation.this().run(ENGINES, keys).printed))


def tasks(wanted: Sequence[Staged], installations: Sequence[Installation], repeats: Repeats, progress: Progress) -> list[StageRow]:
    """The stages of some runs, and what either engine of this installation takes for their schedules."""
    rows = []
    for number, one in enumerate(wanted):
        (row,) = staged([one], installations, repeats, lambda name, *_, done=number: progress(name, done, len(wanted)))
        (both,) = alternating([partial(_both, json.dumps(one.keys()))], repeats)
        rows.append(replace(row, engines=both if isinstance(both, Refused) else EngineCost.of(both)))
    return rows


def staged(wanted: Sequence[Staged], installations: Sequence[Installation], repeats: Repeats, progress: Progress) -> list[StageRow]:
    """The stages of some runs: of this installation and, if there is a second, of that."""
    rows = []
    for number, one in enumerate(wanted):
        progress(one.name, number, len(wanted))
        measures: list[Callable[[], _Sample]] = [partial(_sample, where, json.dumps(one.keys())) for where in installations]
        this, *others = [found if isinstance(found, Refused) else StageCost.of(found) for found in alternating(measures, repeats)]
        other = others[0] if others else None
        rows.append(StageRow(one.name, this, other, _ratio(other, this)))
    return rows


def _ratio(other: StageCost | Refused | None, this: StageCost | Refused) -> float | None:
    both = isinstance(this, StageCost) and isinstance(other, StageCost)
    return other.total_s.median / this.total_s.median if both else None  # type: ignore[union-attr]


def growth(wanted: Sequence[Staged], installations: Sequence[Installation], repeats: Repeats, progress: Progress) -> Growth:
    """The cost of runs of growing size, and its exponent over chips x blocks, which is 1 if nothing grows faster than the work does."""
    found = staged(wanted, installations, repeats, progress)
    rows = [GrowthRow(one.mesh[0] * one.mesh[1], blocks(one), row) for one, row in zip(wanted, found, strict=True)]
    sizes = [row.chips * row.blocks for row in rows]
    return Growth(rows, _exponent(sizes, [row.this for row in found]), _exponent(sizes, [row.against for row in found]))


def _exponent(sizes: Sequence[int], costs: Sequence[StageCost | Refused | None]) -> float | None:
    seconds = [cost.total_s.median for cost in costs if isinstance(cost, StageCost)]
    return exponent(sizes, seconds) if len(seconds) == len(sizes) > 1 else None


def blocks(one: Staged) -> int:
    """Blocks of output channels in a network, each as many as a Hyperdrive chip has lanes: all chips compute every block at once."""
    made = runs.compiled(Scenario.said(**one.keys()))  # type: ignore[arg-type]
    lanes = made.mapped.spec.model_dump()["lanes"]
    layers = (layer.name for layer in made.network if isinstance(layer, Conv) and layer.name not in made.placement.host)
    return sum(ceil(made.network.shape(name).channels / lanes) for name in layers)
