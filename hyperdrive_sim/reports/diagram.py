"""Text diagram of a run: a row per unit or group of units, a column per cell of time, a shade for how much of that time they worked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from textwrap import fill
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hyperdrive_sim.engine.trace import Trace
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.bins import cut
from hyperdrive_sim.reports.summary import percent, si
from hyperdrive_sim.reports.sums import mean as average
from hyperdrive_sim.schedule.columns import pairs, summed
from hyperdrive_sim.schedule.machine import Machine, is_array

SHADES = " ░▒▓█"
ASCII_SHADES = " .:+#"
"""Shades of a cell in which nothing is done, and of one that is worked for up to one, two, three and four quarters."""
CELLS = 60
ROWS = 40
LEAST_CELLS = 10
TICK_CELLS = 11
"""Ticks are at least this far apart: a bar, the longest label `999.9 us`, and space."""

Counts = NDArray[np.int64]


class DiagramRow(NamedTuple):
    """Units that share a row: its label, the share of the run that each of them worked, and in quarters, rounded up, that of each cell."""

    label: str
    worked: tuple[float, ...]
    quarters: tuple[int, ...]

    @property
    def busy(self) -> tuple[str, str]:
        """Mean share of the run that the units worked; the least and the largest, if they differ."""
        mean, least, most = map(_percent, (average(self.worked), min(self.worked), max(self.worked)))
        return mean, "" if least == most else f" ({least.removesuffix(' %')} to {most})"


class Run(NamedTuple):
    """Cells from *cell* to the next run's: there a layer, or a frame, has more of the arrays' time than any other."""

    cell: int
    name: str


@dataclass(frozen=True)
class Diagram:
    """What the units of a machine did when; *edges_ps* are the edges of the cells, one more than there are cells.

    `layers` and `frames` say what the arrays were at, `tasks` the names of the tasks that each kind of unit did. Where there is only one
    frame, `frames` is empty.
    """

    edges_ps: Counts
    rows: tuple[DiagramRow, ...]
    layers: tuple[Run, ...]
    frames: tuple[Run, ...]
    tasks: tuple[tuple[str, tuple[str, ...]], ...]

    def text(self, room: int, shades: str = SHADES) -> str:
        """The diagram and below it the legend, in lines of up to *room* characters."""
        return "\n".join([*self.lines(shades), "", *(fill(line, room) for line in self._legend(shades))])

    def lines(self, shades: str = SHADES) -> list[str]:
        """The diagram without its legend."""
        cells = len(self.edges_ps) - 1
        heads = {"time": self._ticks(), "frame": self.frames, "layer": tuple(_legible(self.layers, cells))}
        shown = [(name, " ", _written(runs, cells), ("busy" if name == "time" else "", "")) for name, runs in heads.items() if runs]
        shown += [(row.label, "|", "".join(map(shades.__getitem__, row.quarters)), row.busy) for row in self.rows]
        left, right = max(len(label) for label, *_ in shown), max(len(mean) for *_, (mean, _) in shown)
        return [f"{label:<{left}} {bar}{text}{bar} {mean:>{right}}{others}".rstrip() for label, bar, text, (mean, others) in shown]

    def _ticks(self) -> tuple[Run, ...]:
        """Round times, each in the cell that it falls into."""
        makespan, cells = int(self.edges_ps[-1]), len(self.edges_ps) - 1
        times = range(0, makespan, _round(makespan * TICK_CELLS / cells))
        places = np.searchsorted(self.edges_ps, times, "right") - 1
        return tuple(Run(int(cell), si(ps / PS_PER_S, "s")) for cell, ps in zip(places, times, strict=True))

    def _legend(self, shades: str) -> Iterator[str]:
        nothing, *some, full = tuple(shades)
        up_to = ", ".join(f"{shade} up to {share}" for shade, share in zip(some, ("1/4", "1/2", "3/4"), strict=True))
        cell = si(int(self.edges_ps[-1]) / (len(self.edges_ps) - 1) / PS_PER_S, "s")
        yield f"a character is {cell}; share of it worked: '{nothing}' none, {up_to}, {full} more"
        if any(len(row.worked) > 1 for row in self.rows):
            yield "x n: mean of n units, in brackets the least and the most busy of them if they differ"
        yield "tasks by kind of unit: " + "; ".join(f"{kind}: {', '.join(names)}" for kind, names in self.tasks)


def diagram(machine: Machine, trace: Trace, cells: int = CELLS, rows: int = ROWS) -> Diagram:
    """The diagram of a run in so many *cells*, or as many as it takes picoseconds, and *rows*, or as many as there are kinds of units.

    The units of a kind share a row if theirs all look the same or, the kind with the most rows first, as long as there are too many.
    Raises InvalidInput for no cells at all.
    """
    if cells < 1:
        raise InvalidInput.at("width", f"must be at least 1 character, not {cells}")
    makespan = max(1, trace.makespan_ps)
    cells = min(cells, makespan)
    edges = np.array([makespan * cell // cells for cell in range(cells + 1)], np.int64)
    task, part, held = cut(trace.start, trace.end, edges)
    worked = held > 0
    task, part, held = task[worked], part[worked], held[worked]
    number = {unit.name: place for place, unit in enumerate(machine.units)}
    unit = np.array([number[name] for name in trace.units], np.int64)[trace.tasks.unit.codes[task]]
    table = summed(unit * cells + part, held, len(number) * cells).reshape(-1, cells)
    on_arrays = np.array([is_array(one.kind) for one in machine.units])[unit]
    task, part, held = task[on_arrays], part[on_arrays], held[on_arrays]
    frame = trace.tasks.frame
    frames = _runs(part, held, frame[task], list(map(str, range(frame.max(initial=0) + 1))))
    layers = _runs(part, held, trace.tasks.layer.codes[task], trace.layers)
    return Diagram(edges, _rows(machine, table, np.diff(edges), rows), layers, frames if frame.any() else (), _tasks(machine, trace))


def fitted(machine: Machine, trace: Trace, room: int, rows: int = ROWS) -> Diagram:
    """The diagram with the most cells for which its lines are no longer than *room*; LEAST_CELLS if there is no room for more."""
    cells = room
    while True:
        found = diagram(machine, trace, cells, rows)
        over = max(map(len, found.lines())) - room
        if over <= 0 or cells == LEAST_CELLS:
            return found
        cells = max(LEAST_CELLS, cells - over)  # coarser rows may look the same and get a longer label, so once may not be enough


def _runs(part: Counts, held: Counts, index: Counts, names: Sequence[str]) -> tuple[Run, ...]:
    """Runs of cells in which one of the *names* has the most of the time; `index[n]` is whose the time `held[n]` in cell `part[n]` is."""
    keys, which = np.unique(part * len(names) + index, return_inverse=True)
    cell, whose = np.divmod(keys, max(1, len(names)))
    order = np.lexsort((summed(which, held, len(keys)), cell))
    cell, whose = cell[order], whose[order]
    most = np.flatnonzero(np.diff(cell, append=-1))
    begins = most[np.flatnonzero(np.diff(whose[most], prepend=-1))]
    return tuple(Run(int(cell[place]), names[whose[place]]) for place in begins)


def _rows(machine: Machine, table: Counts, lengths: Counts, most: int) -> tuple[DiagramRow, ...]:
    """Rows of all units, from their picoseconds of work in each cell [units, cells] and the cells' *lengths*."""
    kinds: dict[str, list[int]] = {}
    for number, unit in enumerate(machine.units):
        kinds.setdefault(unit.kind, []).append(number)
    together = {kind: _row(f"{kind} x {len(numbers)}", table[numbers], lengths) for kind, numbers in kinds.items()}
    rows = {kind: [_row(machine.units[number].name, table[[number]], lengths) for number in numbers] for kind, numbers in kinds.items()}
    for kind, alone in rows.items():
        if len({(row.quarters, row.busy) for row in alone}) == 1 < len(alone):
            rows[kind] = [together[kind]]
    for kind in sorted(rows, key=lambda kind: -len(rows[kind])):
        if sum(map(len, rows.values())) > most and len(rows[kind]) > 1:
            rows[kind] = [together[kind]]
    return tuple(row for of_kind in rows.values() for row in of_kind)


def _row(label: str, table: Counts, lengths: Counts) -> DiagramRow:
    worked = (table.sum(axis=1) / lengths.sum()).tolist()
    quarters = -(-4 * table.sum(axis=0) // (len(table) * lengths))
    return DiagramRow(label, tuple(worked), tuple(quarters.tolist()))


def _tasks(machine: Machine, trace: Trace) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names: dict[str, dict[str, None]] = {}
    for unit, name in pairs(trace.tasks.unit, trace.tasks.name):
        names.setdefault(machine.unit[unit].kind, {})[name] = None
    return tuple((kind, tuple(of_kind)) for kind, of_kind in names.items())


def _legible(runs: Sequence[Run], cells: int) -> Iterator[Run]:
    """Runs of layers with the name of a stage, `layer1`, in place of its layers, `layer1.0.conv1`, where theirs do not all fit."""
    rooms = [after.cell - run.cell for run, after in pairwise([*runs, Run(cells, "")])]
    for name, group in groupby(zip(runs, rooms, strict=True), key=lambda pair: pair[0].name.partition(".")[0]):
        stage = list(group)
        fits = all(len(f"|{run.name}") < room for run, room in stage)
        yield from (run for run, _ in stage) if fits else [stage[0][0]._replace(name=name)]


def _written(runs: Iterable[Run], cells: int) -> str:
    """A bar where each run begins, and its name where there is room for it."""
    text = ""
    for run, after in pairwise([*runs, Run(cells, "")]):
        room = after.cell - run.cell
        label = f"|{run.name}"
        text = text.ljust(run.cell) + (label if len(label) <= room else "|" if room else "")
    return text.ljust(cells)


def _round(ps: float) -> int:
    """The next larger of 1, 2, 5, 10, 20, 50 ... picoseconds."""
    power = int("1" + "0" * (len(str(int(ps))) - 1))
    return next(factor * power for factor in (1, 2, 5, 10, 20) if factor * power >= ps)


def _percent(share: float) -> str:
    """A share in percent; one that is not nothing does not read like it."""
    return "<0.1 %" if 0 < share < 0.0005 else percent(share)
