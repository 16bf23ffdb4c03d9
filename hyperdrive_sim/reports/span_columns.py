"""A trace as columns, which is what files and data frames hold, and the trace again from those."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.schedule.columns import Edges, Numbers, interned
from hyperdrive_sim.schedule.patterns import NO_EFFECT, Patterns
from hyperdrive_sim.schedule.prices import PJ
from hyperdrive_sim.schedule.schedule import Schedule


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
    frame: Numbers = field(metadata={"about": "the frame that it is for, from 0"})
    priority: Numbers = field(metadata={"about": "of the tasks that wait for a unit the lowest goes first, then the lowest frame"})
    ready_ps: Numbers = field(metadata={"about": "when all that it comes after was done; until start_ps it waits for its unit"})
    start_ps: Numbers = field(metadata={"about": "when its unit begins it"})
    end_ps: Numbers = field(metadata={"about": "when its unit is free again"})
    latency_ps: Numbers = field(metadata={"about": "how long after end_ps that arrives which it sends"})
    not_before_ps: Numbers = field(metadata={"about": "when its frame arrives; 0 for a task that does not wait for that"})
    after: ListColumn = field(metadata={"about": "numbers of the rows, from 0, of the tasks after whose end it comes"})
    after_start: ListColumn = field(metadata={"about": "numbers of the rows of the tasks after whose start it comes"})
    actions: NameColumn = field(metadata={"about": "how often it does what is paid for, as JSON: a count by action"})
    energy_j: NDArray[np.float64] = field(metadata={"about": "what these actions cost, in joules"})


ABOUT: Mapping[str, str] = {column.name: column.metadata["about"] for column in fields(SpanColumns)}
"""What each column is, in its order."""


def columns(trace: Trace, kinds: Mapping[str, str], pj: Mapping[str, float]) -> SpanColumns:
    """Columns of a trace; *kinds* are those of the units, *pj* the prices of the actions."""
    tasks = trace.tasks
    kind_number = {kind: index for index, kind in enumerate(dict.fromkeys(kinds[unit] for unit in trace.units))}
    kind_of_unit = np.array([kind_number[kinds[unit]] for unit in trace.units], np.int32)
    return SpanColumns(
        name=NameColumn(tasks.name.codes, tasks.name.values),
        layer=NameColumn(tasks.layer.codes, tasks.layer.values),
        unit=NameColumn(tasks.unit.codes, tasks.unit.values),
        unit_kind=NameColumn(kind_of_unit[tasks.unit.codes], tuple(kind_number)),
        frame=tasks.frame.astype(np.int64),
        priority=tasks.priority.astype(np.int64),
        ready_ps=trace.ready,
        start_ps=trace.start,
        end_ps=trace.end,
        latency_ps=tasks.latency_ps,
        not_before_ps=tasks.not_before_ps,
        after=ListColumn(tasks.after.offsets.astype(np.int32), tasks.after.others),
        after_start=ListColumn(tasks.after_start.offsets.astype(np.int32), tasks.after_start.others),
        actions=NameColumn(tasks.actions.codes, tuple(json.dumps(dict(actions)) for actions in tasks.actions.values)),
        energy_j=trace.counted(pj) * PJ,
    )


def trace(of: SpanColumns) -> Trace:
    """The trace that such columns were taken from; its tasks have no effects."""
    nothing = np.zeros(len(of.start_ps), np.int32)
    return Trace(
        Schedule(
            name=interned(*of.name),
            layer=interned(*of.layer),
            unit=interned(*of.unit),
            ps=of.end_ps - of.start_ps,
            after=Edges(of.after.offsets.astype(np.int64), of.after.values),
            after_start=Edges(of.after_start.offsets.astype(np.int64), of.after_start.values),
            pattern=nothing + NO_EFFECT,
            c0=nothing,
            c1=nothing,
            patterns=Patterns(),
            actions=interned(of.actions.codes, [json.loads(text) for text in of.actions.names]),
            latency_ps=of.latency_ps,
            not_before_ps=of.not_before_ps,
            frame=of.frame.astype(np.int32),
            priority=of.priority.astype(np.int32),
        ),
        of.ready_ps,
        of.start_ps,
        of.end_ps,
    )
