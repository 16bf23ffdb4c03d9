"""A trace as columns, which is what files and data frames hold, and the trace again from those."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import chain, pairwise, repeat
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Times, Trace, distinct, numbered
from hyperdrive_sim.schedule.prices import PJ
from hyperdrive_sim.schedule.tasks import Task


class NameColumn(NamedTuple):
    """A column of texts, each kept once: row n has `names[codes[n]]`."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    def rows(self) -> list[str]:
        return list(map(self.names.__getitem__, self.codes.tolist()))


class ListColumn(NamedTuple):
    """A column of lists: row n has `values[offsets[n]:offsets[n + 1]]`."""

    offsets: NDArray[np.int32]
    values: NDArray[np.int32]

    def rows(self) -> Iterable[tuple[int, ...]]:
        values = self.values.tolist()
        return (tuple(values[start:end]) for start, end in pairwise(self.offsets.tolist()))


@dataclass(frozen=True)
class SpanColumns:
    """A row for every task, in the order of the schedule; all but its effect. Times are picoseconds from the beginning of the run."""

    # A line for each column, alike on purpose: what it is stands beside its type and comes along into a data frame.
    name: NameColumn = field(metadata={"about": "what the task is: load, compute, border, ..."})
    layer: NameColumn = field(metadata={"about": "the layer that it is for"})
    unit: NameColumn = field(metadata={"about": "the unit that does it, one task at a time"})
    unit_kind: NameColumn = field(metadata={"about": "what that unit is for: array, weights, border, host, ..."})
    frame: Times = field(metadata={"about": "the frame that it is for, from 0"})
    priority: Times = field(metadata={"about": "of the tasks that wait for a unit the lowest goes first, then the lowest frame"})
    ready_ps: Times = field(metadata={"about": "when all that it comes after was done; until start_ps it waits for its unit"})
    start_ps: Times = field(metadata={"about": "when its unit begins it"})
    end_ps: Times = field(metadata={"about": "when its unit is free again"})
    latency_ps: Times = field(metadata={"about": "how long after end_ps that arrives which it sends"})
    not_before_ps: Times = field(metadata={"about": "when its frame arrives; 0 for a task that does not wait for that"})
    after: ListColumn = field(metadata={"about": "numbers of the rows, from 0, of the tasks after whose end it comes"})
    after_start: ListColumn = field(metadata={"about": "numbers of the rows of the tasks after whose start it comes"})
    actions: NameColumn = field(metadata={"about": "how often it does what is paid for, as JSON: a count by action"})
    energy_j: NDArray[np.float64] = field(metadata={"about": "what these actions cost, in joules"})


ABOUT: Mapping[str, str] = {column.name: column.metadata["about"] for column in fields(SpanColumns)}
"""What each column is, in its order."""


def columns(trace: Trace, kinds: Mapping[str, str], pj: Mapping[str, float]) -> SpanColumns:
    """Columns of a trace; *kinds* are those of the units, *pj* the prices of the actions."""
    names = distinct(map(attrgetter("name"), trace.tasks))
    kind_number = {kind: index for index, kind in enumerate(dict.fromkeys(kinds[unit] for unit in trace.units))}
    kind_of_unit = np.array([kind_number[kinds[unit]] for unit in trace.units])
    return SpanColumns(
        name=NameColumn(_codes(numbered(names, map(attrgetter("name"), trace.tasks), len(trace))), names),
        layer=NameColumn(_codes(trace.layer_index), trace.layers),
        unit=NameColumn(_codes(trace.unit_index), trace.units),
        unit_kind=NameColumn(_codes(kind_of_unit[trace.unit_index]), tuple(kind_number)),
        frame=_numbers(trace, "frame"),
        priority=_numbers(trace, "priority"),
        ready_ps=trace.ready,
        start_ps=trace.start,
        end_ps=trace.end,
        latency_ps=_numbers(trace, "latency_ps"),
        not_before_ps=_numbers(trace, "not_before_ps"),
        after=_lists(list(map(attrgetter("after"), trace.tasks))),
        after_start=_lists(list(map(attrgetter("after_start"), trace.tasks))),
        actions=NameColumn(_codes(trace.actions_index), tuple(json.dumps(dict(actions)) for actions in trace.actions)),
        energy_j=trace.counted(pj) * PJ,
    )


def trace(of: SpanColumns) -> Trace:
    """The trace that such columns were taken from; its tasks have no effects."""
    actions = [json.loads(text) for text in of.actions.names]
    tasks = zip(
        of.name.rows(),
        of.layer.rows(),
        of.unit.rows(),
        (of.end_ps - of.start_ps).tolist(),
        of.after.rows(),
        of.after_start.rows(),
        repeat(None),
        map(actions.__getitem__, of.actions.codes.tolist()),
        of.latency_ps.tolist(),
        of.not_before_ps.tolist(),
        of.frame.tolist(),
        of.priority.tolist(),
        strict=False,
    )
    return Trace(list(map(Task._make, tasks)), of.ready_ps, of.start_ps, of.end_ps)


def _numbers(trace: Trace, attribute: str) -> Times:
    return np.fromiter(map(attrgetter(attribute), trace.tasks), np.int64, len(trace))


def _codes(index: NDArray[np.int64]) -> NDArray[np.int32]:
    return index.astype(np.int32)


def _lists(rows: list[tuple[int, ...]]) -> ListColumn:
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, rows), np.int32, len(rows)), out=offsets[1:])
    return ListColumn(offsets, np.fromiter(chain.from_iterable(rows), np.int32, int(offsets[-1])))
