"""Places of frames in pools: each map's frames take them in turn, in the order in which the schedule has them, dropped or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hyperdrive_sim.engine.effects import targets
from hyperdrive_sim.schedule.machine import Machine
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.schedule import Schedule

PoolPlaces = Mapping[tuple[str, str], Mapping[int, int]]
"""Place of each frame, by pool and map."""


def pool_places(schedule: Schedule, machine: Machine) -> PoolPlaces:
    """Places of all frames that tasks bring to the pools of a machine."""
    entries = {memory.name: memory.entries for memory in machine.memories if memory.kind == "pool"}
    if not entries:
        return {}
    moving = schedule.pattern != NO_EFFECT
    coming: dict[tuple[str, str], set[int]] = {}
    pairs = np.unique(np.stack((schedule.pattern[moving], schedule.frame[moving])), axis=1)
    for pattern, frame in pairs.T.tolist():
        for memory, tensor, _ in targets(schedule.patterns[pattern]):
            if memory in entries:
                coming.setdefault((memory, tensor), set()).add(frame)
    return {into: _in_turn(frames, entries[into[0]] or len(frames)) for into, frames in coming.items()}


def _in_turn(frames: set[int], places: int) -> dict[int, int]:
    return {frame: number % places for number, frame in enumerate(sorted(frames))}
