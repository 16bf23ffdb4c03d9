"""Tasks of a run of tiles: what a lowering has written for frames, as the tasks of tiles of one frame, behind those of the run before."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hyperdrive_sim.schedule.columns import Edges, Numbers, offsets
from hyperdrive_sim.schedule.patterns import NO_EFFECT
from hyperdrive_sim.schedule.schedule import Schedule
from hyperdrive_sim.schedule.tasks import HOST, Copy
from hyperdrive_sim.schedule.writer import Writer
from hyperdrive_sim.systems.tile_effects import PlacedTile, TileEffects, first_channel


class RunTasks(NamedTuple):
    """Tasks of a run, to be written for each frame: its first ones come after the last of the run before.

    *begins* are those that wait for no other one of the run, *ends* those that none waits for; *enters* bring what a frame arrives with.
    """

    schedule: Schedule
    begins: Numbers
    ends: Numbers
    enters: Numbers

    def extend(self, to: Writer, frame: int, not_before_ps: int, before: Sequence[int]) -> tuple[int, ...]:
        """Write the tasks for a frame, behind the tasks *before*; returns those that whatever is next must come after."""
        count, first = len(self.schedule), to.size
        waits = np.zeros(count, np.int64)
        waits[self.enters] = not_before_ps
        after = _more(self.schedule.after, self.begins, np.array(before, np.int64) - first)
        to.extend(replace(self.schedule, frame=np.full(count, frame, np.int32), not_before_ps=waits, after=after))
        return tuple((first + self.ends).tolist())


def written(schedule: Schedule, tiles: Sequence[PlacedTile], inputs: Mapping[str, str], outside: Container[str]) -> RunTasks:
    """Tasks of a run, whose frames are the *tiles*; *outside* are the maps that a frame arrives with."""
    own, moves = len(schedule.patterns), schedule.pattern != NO_EFFECT
    # tiles of a run have the same channels
    shift = np.array([first_channel(effect, tiles[0].blocks) for effect in schedule.patterns] + [0], np.int32)[schedule.pattern]
    enters = np.array([_enters(effect, tiles[0], outside) for effect in schedule.patterns] + [False])[schedule.pattern]
    numbered = np.where(moves, schedule.pattern + own * schedule.frame, NO_EFFECT).astype(np.int32)
    placed = replace(
        schedule,
        pattern=numbered,
        c0=schedule.c0 + shift,
        c1=schedule.c1 + shift,
        patterns=TileEffects(schedule.patterns, tiles, inputs),
    )
    waited = np.zeros(len(schedule), np.bool_)
    waited[schedule.after.others] = True
    free = (np.diff(schedule.after.offsets) == 0) & (np.diff(schedule.after_start.offsets) == 0)
    return RunTasks(placed, np.flatnonzero(free), np.flatnonzero(~waited), np.flatnonzero(enters))


def _enters(effect: object, tile: PlacedTile, outside: Container[str]) -> bool:
    """True for what brings a map that a frame arrives with."""
    return isinstance(effect, Copy) and effect.source == HOST and tile.blocks[effect.tensor].tensor in outside


def _more(edges: Edges, tasks: Numbers, others: Numbers) -> Edges:
    """Edges, and besides from each of some tasks, which have none so far, to all of *others*."""
    counts = np.diff(edges.offsets)
    counts[tasks] = len(others)
    rows = np.concatenate((edges.rows, np.repeat(tasks, len(others))))
    both = np.concatenate((edges.others, np.tile(others, len(tasks)))).astype(np.int32)
    return Edges(offsets(counts), both[np.argsort(rows, kind="stable")])
