"""All sections of a benchmark: those that are asked for, in the order of this list, as one record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from hyperdrive_sim.engine.compiled import Progress, silent
from hyperdrive_sim.errors import InvalidInput, Mistake
from hyperdrive_sim.study.bench import convolutions, instructions, machine, staging, wholes
from hyperdrive_sim.study.bench.convolutions import KernelRow
from hyperdrive_sim.study.bench.installation import Installation, NotMeasured
from hyperdrive_sim.study.bench.instructions import CountRow, NoValgrind
from hyperdrive_sim.study.bench.machine import MachineRecord
from hyperdrive_sim.study.bench.staging import Growth, StageRow
from hyperdrive_sim.study.bench.turns import Repeats
from hyperdrive_sim.study.bench.wholes import Command, ProcessRow
from hyperdrive_sim.text.wording import near

SCHEMA_VERSION = 1

SECTIONS = ("runs", "big", "scenarios", "tasks", "growth", "kernels", "instructions")
USUAL = tuple(name for name in SECTIONS if name != "big")
"""Sections that are measured if none are asked for."""


class Amount(NamedTuple):
    """How much is measured: of each section's cases the first few, or all; how often, unless that is asked for; rounds of kernels."""

    cases: int | None = None
    repeat: int | None = None
    rounds: int = convolutions.ROUNDS


ALL, LEAST = Amount(), Amount(cases=2, repeat=1, rounds=1)


@dataclass(frozen=True)
class Benchmark:
    """What was measured; a section that was not is None, and *without* says why if it was meant to be.

    `repeat` is how often things were measured; None: five times, and less often what takes long.
    """

    schema_version: int
    machine: MachineRecord
    repeat: int | None
    runs: list[ProcessRow] | None = None
    big: list[ProcessRow] | None = None
    scenarios: list[ProcessRow] | None = None
    tasks: list[StageRow] | None = None
    growth: Growth | None = None
    kernels: list[KernelRow] | None = None
    instructions: list[CountRow] | None = None
    without: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        return asdict(self)


def benchmark(
    sections: Collection[str] = (),
    *,
    repeat: int | None = None,
    against: str | None = None,
    amount: Amount = ALL,
    progress: Progress = silent,
) -> Benchmark:
    """Measure some sections, or the usual ones if none are named, of this installation and perhaps of another, *against*.

    Raises InvalidInput for a section that there is not, or where there is no other installation; NoValgrind if instructions are asked for
    and cannot be counted; NotMeasured where the system does not say what a process has cost.
    """
    _known(sections)
    if "instructions" in sections:
        instructions.available()
    this, other = Installation.this(), Installation.at(against) if against else None
    repeats = Repeats(repeat or amount.repeat)
    head = Benchmark(SCHEMA_VERSION, machine.described(this, other), repeats.asked)
    installations = (this, other) if other else (this,)
    for name in SECTIONS:
        if name in (sections or USUAL):
            measure = _Measure(installations, repeats, amount, _of_section(name, progress))
            try:
                head = replace(head, **{name: getattr(measure, name)()})
            except (NoValgrind, NotMeasured) as error:
                head = replace(head, without={name: str(error)})
    return head


def _of_section(name: str, progress: Progress) -> Progress:
    """Progress callback that says before each stage which section it is of."""
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)


def _known(sections: Collection[str]) -> None:
    """Raises InvalidInput for sections that there are not."""
    listed = f"sections are {', '.join(SECTIONS)}"
    unknown = [name for name in sections if name not in SECTIONS]
    InvalidInput.collected(Mistake("", f"there is no section '{name}'", near(name, SECTIONS) or listed) for name in unknown)


@dataclass(frozen=True)
class _Measure:
    """The sections, each by its name."""

    installations: tuple[Installation, ...]
    repeats: Repeats
    amount: Amount
    progress: Progress

    def runs(self) -> list[ProcessRow]:
        return self._commands(wholes.RUNS)

    def big(self) -> list[ProcessRow]:
        return self._commands(wholes.BIG)

    def scenarios(self) -> list[ProcessRow]:
        return self._commands(wholes.scenarios())

    def tasks(self) -> list[StageRow]:
        return staging.tasks(staging.TASKS[: self.amount.cases], self.installations, self.repeats, self.progress)

    def growth(self) -> Growth:
        return staging.growth(staging.GROWTH[: self.amount.cases], self.installations, self.repeats, self.progress)

    def kernels(self) -> list[KernelRow]:
        return convolutions.kernels(self.amount.cases, self.amount.rounds, self.progress)

    def instructions(self) -> list[CountRow]:
        return instructions.instructions(self.installations, self.progress)

    def _commands(self, wanted: Sequence[Command]) -> list[ProcessRow]:
        return wholes.commands(wanted[: self.amount.cases], self.installations, self.repeats, self.progress)
