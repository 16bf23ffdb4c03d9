"""Patterns of effects: what tasks do to data but for its channels, so that all blocks of a layer share one.

They are numbered through; a lowering that writes many tasks at once gives its patterns as a sequence that makes each when it is asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from typing import Any

from hyperdrive_sim.schedule.tasks import Compute, Copy, Effect

NO_EFFECT = -1
"""Number of the pattern of a task that only takes time."""


LATEST = 16_384
"""Number of effects that are kept of those that runs have made: blocks of a step ask for the same few, in turn."""


class Patterns(Sequence[Effect]):
    """Effects by number, whatever their channels; those of runs are made as they are asked for, and only the latest are kept."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._runs: list[Sequence[Effect]] = []
        self._known: dict[Hashable, int] = {}
        self._latest: dict[int, Effect] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: Any) -> Any:
        if number not in self._latest:
            if not 0 <= number < self._count:
                raise IndexError(f"there are {self._count} patterns, and no pattern {number}")
            if len(self._latest) >= LATEST:
                self._latest.clear()
            run = bisect_right(self._firsts, number) - 1
            self._latest[number] = self._runs[run][number - self._firsts[run]]
        return self._latest[number]

    def number(self, effect: Effect) -> int:
        """Number of the pattern of one effect; those that differ in their channels alone share it."""
        key = _key(effect)
        if key not in self._known:
            self._known[key] = self._count
            self._firsts.append(self._count)
            self._runs.append((effect,))  # which keeps alive what its key knows by identity
            self._count += 1
        return self._known[key]

    def extend(self, run: Sequence[Effect]) -> int:
        """Take a run of patterns as they are; returns the number of the first."""
        first = self._count
        self._firsts.append(first)
        self._runs.append(run)
        self._count += len(run)
        return first


def _key(effect: Effect) -> Hashable:
    """What effects that differ in their channels alone have in common."""
    if isinstance(effect, Compute):  # thousands of boxes, which tasks of one place share
        return id(effect.locations), id(effect.patches)
    if isinstance(effect, Copy):
        return effect.tensor, effect.boxes, effect.source, effect.target, effect.tile
    return effect.layer, effect.bits, effect.targets
