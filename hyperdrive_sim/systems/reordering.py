"""The tasks of a schedule in another order, with edges besides those that they have."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from hyperdrive_sim.schedule.columns import Codes, Edges, Interned, Numbers, interned, offsets
from hyperdrive_sim.schedule.schedule import Schedule


def reordered(schedule: Schedule, order: Numbers, edges: Numbers) -> Schedule:
    """The schedule in which task `order[n]` is number n; more *edges* are pairs of tasks as now numbered, the first after the second."""
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    columns = {one.name: _in_order(getattr(schedule, one.name), order) for one in fields(schedule)}
    columns["after"] = _edges(schedule.after, place, edges)
    columns["after_start"] = _edges(schedule.after_start, place, edges[:0])
    return replace(schedule, **columns)


def _in_order(column: Any, order: Numbers) -> Any:
    if isinstance(column, Interned):
        return interned(column.codes[order], column.values)
    return column[order] if isinstance(column, np.ndarray) else column


def _edges(edges: Edges, place: Codes, more: Numbers) -> Edges:
    """Edges of all tasks at their new places: of one task its own first, then those of *more*."""
    of = np.concatenate((place[edges.rows], place[more[:, 0]]))
    to = np.concatenate((place[edges.others], place[more[:, 1]]))
    return Edges(offsets(np.bincount(of, minlength=len(place))), to[np.argsort(of, kind="stable")])
