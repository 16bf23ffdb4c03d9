"""Whole processes of the command line: wall time, CPU time and peak memory, as a user pays them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from hyperdrive_sim.engine.compiled import Progress
from hyperdrive_sim.scenario import shipped
from hyperdrive_sim.study.bench.installation import Installation, Usage
from hyperdrive_sim.study.bench.spread import Spread
from hyperdrive_sim.study.bench.turns import Refused, Repeats, alternating


class Command(NamedTuple):
    """A command line that is measured; a word that ends in .yaml is a scenario that comes with the package."""

    name: str
    arguments: tuple[str, ...]

    def words(self) -> tuple[str, ...]:
        return tuple(str(shipped.folder() / word) if word.endswith(".yaml") else word for word in self.arguments)


RUNS = (
    Command("--help", ("--help",)),
    Command("run the smallest scenario", ("run", "hyperdrive/tiny_2x2.yaml")),
    Command("run ResNet-34, 224 x 224", ("run", "hyperdrive/resnet34_224.yaml")),
    Command("run ResNet-34, 2048 x 1024, 50 chips", ("run", "hyperdrive/resnet34_2048x1024.yaml")),
    Command("run ResNet-152, 2048 x 1024, 200 chips", ("run", "hyperdrive/resnet152_2048x1024.yaml", "--set", "chip.mesh=[10,20]")),
    Command("run Binary AlexNet, XNORBIN", ("run", "xnorbin/binary_alexnet.yaml")),
    Command("run ResNet-18 of 8 bases, ChewBaccaNN", ("run", "chewbaccann/groupnet_resnet18.yaml")),
    Command("check ResNet-34, 224 x 224", ("check", "hyperdrive/resnet34_224.yaml")),
    Command("check ResNet-34, 2048 x 1024, 50 chips", ("check", "hyperdrive/resnet34_2048x1024.yaml")),
    Command("check Binary AlexNet on a photograph", ("check", "xnorbin/binary_alexnet_photo.yaml")),
    Command("check ResNet-18 of 8 bases", ("check", "chewbaccann/groupnet_resnet18.yaml")),
)


def _large(rows: int, columns: int, mesh: str) -> tuple[str, ...]:
    """ResNet-152 on a larger input and a mesh that grows with it."""
    return ("run", "hyperdrive/resnet152_2048x1024.yaml", "--set", f"input_shape=[3,{rows},{columns}]", "--set", f"chip.mesh={mesh}")


BIG = (
    Command("run ResNet-152, 4096 x 2048, 800 chips", _large(2048, 4096, "[20,40]")),
    Command("run ResNet-152, 8192 x 4096, 3,200 chips", _large(4096, 8192, "[40,80]")),
)


@dataclass(frozen=True)
class ProcessCost:
    """The cost of one command line in several processes; `peak_bytes` is the most of any of them."""

    times: int
    wall_s: Spread
    cpu_s: Spread
    peak_bytes: int

    @classmethod
    def of(cls, samples: Sequence[Usage]) -> ProcessCost:
        wall, cpu = Spread.of([one.wall_s for one in samples]), Spread.of([one.cpu_s for one in samples])
        return cls(len(samples), wall, cpu, max(one.peak_bytes for one in samples))


@dataclass(frozen=True)
class ProcessRatio:
    """The other installation's cost divided by this one's, medians of one run: above 1, this one takes less."""

    wall: float
    cpu: float
    peak: float

    @classmethod
    def of(cls, other: ProcessCost, this: ProcessCost) -> ProcessRatio:
        wall, cpu = other.wall_s.median / this.wall_s.median, other.cpu_s.median / this.cpu_s.median
        return cls(wall, cpu, other.peak_bytes / this.peak_bytes)


@dataclass(frozen=True)
class ProcessRow:
    """One command line, run by this installation and, if asked for, by another."""

    name: str
    arguments: tuple[str, ...]
    this: ProcessCost | Refused
    against: ProcessCost | Refused | None
    ratio: ProcessRatio | None


def commands(wanted: Sequence[Command], installations: Sequence[Installation], repeats: Repeats, progress: Progress) -> list[ProcessRow]:
    """The cost of some command lines: of this installation and, if there is a second, of that."""
    rows = []
    for number, command in enumerate(wanted):
        progress(command.name, number, len(wanted))
        measures: list[Callable[[], Usage]] = [partial(one.command, *command.words()) for one in installations]
        this, *others = [one if isinstance(one, Refused) else ProcessCost.of(one) for one in alternating(measures, repeats)]
        other = others[0] if others else None
        both = isinstance(this, ProcessCost) and isinstance(other, ProcessCost)
        rows.append(ProcessRow(*command, this, other, ProcessRatio.of(other, this) if both else None))  # type: ignore[arg-type]
    return rows


def scenarios() -> list[Command]:
    """`run` of every scenario that comes with the package."""
    found = sorted(path.relative_to(shipped.folder()) for path in shipped.folder().rglob("*.yaml"))
    return [Command(path.with_suffix("").as_posix(), ("run", path.as_posix())) for path in found]
