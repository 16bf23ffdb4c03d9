"""Measurements that take turns, A B A B, so that a machine which is busy for a while slows all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

from hyperdrive_sim.study.bench.installation import NotMeasured

T = TypeVar("T")

OFTEN = 5
"""Times that a process is run whose median is asked for."""

PATIENCE_S = 60.0
"""Seconds for one measurement, after which it is repeated less often, unless the user says how often."""


@dataclass(frozen=True)
class Refused:
    """In place of a measurement: why there is none."""

    refused: str


@dataclass(frozen=True)
class Repeats:
    """How often something is measured: as asked for or, where nobody asked, less often if it takes long."""

    asked: int | None = None

    def after(self, first_s: float) -> int:
        """Times in all for what has taken *first_s* seconds the first time: an odd number, so that the median is one of them."""
        if self.asked is not None:
            return self.asked
        possible = int(PATIENCE_S / first_s) if first_s else OFTEN
        return max(1, min(OFTEN, possible - (possible + 1) % 2))


def alternating(measures: Sequence[Callable[[], T]], repeats: Repeats) -> list[list[T] | Refused]:
    """Samples of each measure, all equally often. One that raises NotMeasured is asked no more."""
    found: list[list[T] | Refused] = [[] for _ in measures]
    slowest = 0.0
    turn = 0
    while not turn or turn < repeats.after(slowest):
        for number, measure in enumerate(measures):
            samples = found[number]
            if isinstance(samples, Refused):
                continue
            began = perf_counter()
            try:
                samples.append(measure())
            except NotMeasured as error:
                found[number] = Refused(str(error))
            slowest = max(slowest, perf_counter() - began) if turn == 0 else slowest
        turn += 1
    return found
