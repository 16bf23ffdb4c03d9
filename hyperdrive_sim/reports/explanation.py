"""Explanations of why a task started when it did: what made it ready, what its unit did meanwhile, and what waited for it in turn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.network.box import Box
from hyperdrive_sim.rates import PS_PER_S, Clock
from hyperdrive_sim.reports.layer_table import ARRIVAL
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.schedule.columns import Interned
from hyperdrive_sim.schedule.tasks import Compute, Copy, Effect, Load
from hyperdrive_sim.text.wording import near

COLUMNS = ("name", "layer", "unit", "frame")
"""What a task is told apart by, in the order in which it is said."""

FEW = 5


@dataclass(frozen=True)
class TaskName:
    """A task among the others; `index` is its number in the schedule, from 0."""

    index: int
    name: str
    layer: str
    unit: str
    frame: int

    def __str__(self) -> str:
        return f"{self.index}: {self.name} {self.layer} {self.unit} {self.frame}"


@dataclass(frozen=True)
class Duration:
    """A moment or a duration, in cycles of the machine's clock, the nearest whole number, and in seconds."""

    cycles: int
    s: float


@dataclass(frozen=True)
class Cause:
    """A link of the chain: for how long the task, or what it released, was waited for; of that, `waited` for its own unit.

    No task stands for the beginning: nothing was to be waited for but the arrival of the frame.
    """

    task: TaskName | None
    took: Duration
    waited: Duration


@dataclass(frozen=True)
class Released:
    """A task that comes after the one explained; `last` if that was what it waited for longest."""

    task: TaskName
    last: bool


@dataclass(frozen=True)
class Explanation:
    """An explanation of when one task started, and of what came before and after it.

    `chain` leads from `ready` back to the beginning of the run, `chain_by_kind` sums it by kind of unit.
    `waited` is from `ready` to `start`; `before` are the tasks that its unit did in that time. `effect` is None for a task that does
    nothing to data, and for a run that was written, which does not keep effects.
    """

    task: TaskName
    unit_kind: str
    effect: str | None
    actions: Mapping[str, int]
    ready: Duration
    start: Duration
    end: Duration
    waited: Duration
    chain: tuple[Cause, ...]
    chain_by_kind: Mapping[str, Duration]
    before: tuple[TaskName, ...]
    releases: tuple[Released, ...]

    def to_dict(self) -> dict[str, Any]:
        """The public JSON form."""
        return asdict(self)


def explain(report: Report, wanted: str) -> Explanation:
    """Explanation of the task that *wanted* names, as `find` takes it. Raises InvalidInput if that is not one task."""
    trace, clock = report.trace, report.machine.clock
    index = find(trace, wanted)
    task, ready, start, end = trace[index]
    kinds = report.machine.kinds
    chain = tuple(_chain(trace, index))
    spent: Counter[str] = Counter()
    for blocker, ps in chain:
        spent[ARRIVAL if blocker is None else kinds[trace.tasks.unit[blocker]]] += ps
    return Explanation(
        task=_named(trace, index),
        unit_kind=kinds[task.unit],
        effect=described(task.effect),
        actions=dict(task.actions),
        ready=_duration(ready, clock),
        start=_duration(start, clock),
        end=_duration(end, clock),
        waited=_duration(start - ready, clock),
        chain=tuple(_cause(trace, blocker, ps, clock) for blocker, ps in chain),
        chain_by_kind={kind: _duration(ps, clock) for kind, ps in spent.most_common()},
        before=tuple(_named(trace, other) for other in _before(trace, index)),
        releases=tuple(Released(_named(trace, other), int(trace.released_by[other]) == index) for other in _after(trace, index)),
    )


def find(trace: Trace, wanted: str) -> int:
    """Position of the task that is meant: by its number, or by name, layer, unit and frame, which must fit one task.

    Words that are left out at the end fit every task, and `*` stands for any text: `compute layer1.0.* chip[0,0].array`. Raises
    InvalidInput that names what fits, if that is another number of tasks than one.
    """
    if wanted.isdecimal():
        if int(wanted) < len(trace):
            return int(wanted)
        raise InvalidInput.at("TASK", f"there is no task {wanted}", f"the schedule has tasks 0 to {len(trace) - 1}")
    words = wanted.split()
    if not 1 <= len(words) <= len(COLUMNS):
        raise InvalidInput.at("TASK", f"'{wanted}' names no task", f"say its number, or its {', '.join(COLUMNS)}")
    fitting = [_fitting(trace, column, word) for column, word in zip(COLUMNS, words, strict=False)]
    found: list[int] = np.flatnonzero(np.logical_and.reduce(fitting)).tolist()
    if len(found) != 1:
        raise InvalidInput.at("TASK", *_not_one(trace, wanted, found))
    return found[0]


def _fitting(trace: Trace, column: str, word: str) -> NDArray[np.bool_]:
    """True for the tasks whose value in a column a word fits [tasks]. Raises InvalidInput if there are none."""
    tasks = trace.tasks
    of = Interned(tasks.frame, tuple(range(tasks.frames))) if column == "frame" else getattr(tasks, column)
    pattern = re.compile(re.escape(word).replace(r"\*", ".*"))
    if any(fits := [bool(pattern.fullmatch(str(value))) for value in of.values]):
        return np.array(fits)[of.codes]
    known = list(map(str, of.values))
    some = f"there are {', '.join(known[:FEW])}" + (f" and {len(known) - FEW} more" if len(known) > FEW else "")
    raise InvalidInput.at("TASK", f"no task has the {column} '{word}'", near(word, known) or some)


def _not_one(trace: Trace, wanted: str, found: Sequence[int]) -> tuple[str, str]:
    """Problem and cure for words that fit none or several tasks."""
    if not found:
        return f"no task is '{wanted}', though each of these words fits some", "put a * in place of one of them"
    some = "; ".join(str(_named(trace, index)) for index in found[:FEW])
    more = f"; and {len(found) - FEW} more" if len(found) > FEW else ""
    return f"'{wanted}' fits {len(found)} tasks: {some}{more}", "say more of it, or its number"


def described(effect: Effect | None) -> str | None:
    """The effect of a task on data, in words; None if it has none."""
    match effect:
        case Load():
            return f"brings the weights of channels {effect.c0}:{effect.c1} of '{effect.layer}' into {_names(effect.targets)}"
        case Copy():
            what = f"{_pixels(effect.boxes)} of channels {effect.c0}:{effect.c1} of '{effect.tensor}'"
            return f"copies {what} from {effect.source} to {effect.target}"
        case Compute(locations=locations):
            pixels = _pixels(patch.out for patch in effect.patches)
            what = f"{pixels} of channels {effect.c0}:{effect.c1} of '{locations.layers[-1]}'"
            fused = f", in one go with {_names(list(map(repr, locations.layers[:-1])))}" if len(locations.layers) > 1 else ""
            read = dict.fromkeys(f"'{region.tensor}' in {region.memory}" for region in (*locations.reads, *locations.operands))
            return f"computes {what}{fused} from {_names(list(read))} into {_names([region.memory for region in locations.stores])}"
    return None


def _pixels(boxes: Iterable[Box]) -> str:
    count = sum((box.r1 - box.r0) * (box.w1 - box.w0) for box in boxes)
    return f"{count:,} pixel" if count == 1 else f"{count:,} pixels"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


def _named(trace: Trace, index: int) -> TaskName:
    task = trace.tasks[index]
    return TaskName(index, task.name, task.layer, task.unit, task.frame)


def _duration(ps: int, clock: Clock) -> Duration:
    return Duration(clock.cycles(ps), ps / PS_PER_S)


def _cause(trace: Trace, blocker: int | None, ps: int, clock: Clock) -> Cause:
    waited = 0 if blocker is None else int(trace.start[blocker] - trace.ready[blocker])
    return Cause(None if blocker is None else _named(trace, blocker), _duration(ps, clock), _duration(min(waited, ps), clock))


def _chain(trace: Trace, index: int) -> Iterator[tuple[int | None, int]]:
    """The tasks that released each other, back from when this one became ready, and each one's share of the time until then."""
    start = int(trace.start[index])
    own = start - int(trace.ready[index])
    for blocker, ps in trace.blockers(index, start):
        # the first share reaches to the start of the task; from when it was ready on, it waited for its own unit
        if ps > own:
            yield blocker, ps - own
        own = 0


def _before(trace: Trace, index: int) -> list[int]:
    """The tasks that the unit of a task did while that was ready and waited for it."""
    mine = trace.by_unit[trace.tasks[index].unit]
    earlier = mine[: int((mine == index).argmax())]
    found: list[int] = earlier[trace.end[earlier] > trace.ready[index]].tolist()
    return found


def _after(trace: Trace, index: int) -> Iterator[int]:
    """The tasks that come after the end or the start of a task."""
    for other in range(index + 1, len(trace)):
        task = trace.tasks[other]
        if index in task.after or index in task.after_start:
            yield other
