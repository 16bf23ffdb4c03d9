"""What fills up over time: memories and links, a lane for each, as high as there is room in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hyperdrive_sim.engine.ledger import crossing_bits
from hyperdrive_sim.errors import InvalidInput
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import amount, axes, measured, titled
from hyperdrive_sim.outputs.plots.colours import coloured, ink, of_kinds
from hyperdrive_sim.outputs.plots.parts import cut
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.report.derived.memory_use import by_name
from hyperdrive_sim.report.report import Report
from hyperdrive_sim.report.summary import percent
from hyperdrive_sim.text.wording import counted

PITCH = 1.5
"""From lane to lane, in lanes; a lane's name stands above it."""
LANE_INCHES = 0.85
BINS = 200

Values = NDArray[np.float64]


class Lane(NamedTuple):
    """*values* between *edges_s*, which are one more. The lane is *top* high; *bounded* says that no value can be above it."""

    name: str
    edges_s: Values
    values: Values
    top: float
    colour: str
    bounded: bool = True


def occupancy(report: Report, memories: str | Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
    """How many bits memories hold over time; a lane is as high as its memory is large, with a line at that capacity.

    Of the memories that all chips have alike, the fullest is taken unless told otherwise.
    """
    chosen = [kind.fullest for kind in by_name(report)] if memories is None else there("memories", memories, report.occupancy)
    end, colours = report.trace.makespan_ps, coloured(chosen)
    found = []
    for name in chosen:
        times, bits, capacity = report.occupancy[name]
        edges = np.append(times, max(end, int(times[-1]))) / PS_PER_S
        peak = report.occupancy[name].peak
        text = f"{name}: at most {amount(peak, 'bit')} of {amount(capacity, 'bit')}, {percent(peak / capacity)}"
        found.append(Lane(text, edges, bits.astype(float), capacity, colours[name]))
    ax = _lanes(ax, found, "bit")
    ax.set_ylabel("held (bit)")
    which = " in the fullest memory of each kind" if memories is None else ""
    titled(ax, report.scenario.title, f"bits held{which}; a lane's line is its capacity")
    return ax


def bandwidth(report: Report, units: str | Sequence[str] | None = None, *, bins: int = BINS, ax: Axes | None = None) -> Axes:
    """What crosses the chips' edges over time: the mean rate in each of *bins* equal parts of the run.

    A lane for each of the *units*, or for all links of a kind together, with a line at their rate where they have one; a task's bits are
    spread evenly over its time. Links that carry nothing are left out unless asked for.
    """
    if bins < 1:
        raise InvalidInput.at("bins", f"{bins} parts of the time are none", "give at least 1")
    edges = np.linspace(0, report.trace.makespan_ps, bins + 1)
    lanes = _of_kinds(report, edges) if units is None else _of_units(report, units, edges)
    ax = _lanes(ax, list(lanes), "bit/s")
    ax.set_ylabel("carried (bit/s)")
    part = amount(edges[1] / PS_PER_S, "s")
    titled(ax, report.scenario.title, f"I/O in means of {part}; a lane's line is the rate of its links")
    return ax


def _of_kinds(report: Report, edges: Values) -> Iterator[Lane]:
    """A lane for all links of a kind together, where they carry anything."""
    kinds = {unit.name: unit.kind for unit in report.machine.units}
    members, limits, colours = Counter(kinds.values()), report.machine.link_bits_per_s, of_kinds(report)
    for kind, bits in _binned(report, kinds, edges).items():
        if bits.any():
            yield _rated(f"{kind}, {counted(members[kind], 'link')}", edges, bits, limits.get(kind), colours[kind])


def _of_units(report: Report, units: str | Sequence[str], edges: Values) -> Iterator[Lane]:
    """A lane for each of the units."""
    machine = {unit.name: unit for unit in report.machine.units}
    chosen = there("units", units, machine)
    colours = coloured(chosen)
    for name, bits in _binned(report, {name: name for name in chosen}, edges).items():
        rate = machine[name].rate
        yield _rated(name, edges, bits, rate.bits_per_s if rate else None, colours[name])


def _rated(name: str, edges: Values, bits: Values, limit: float | None, colour: str) -> Lane:
    rate, mean = bits / np.diff(edges) * PS_PER_S, float(bits.sum() / edges[-1] * PS_PER_S)
    text = f" of {amount(limit, 'bit/s')}, {percent(mean / limit)}" if limit else f", at most {amount(rate.max(), 'bit/s')}"
    top = limit or float(rate.max()) or 1.0
    return Lane(f"{name}: mean {amount(mean, 'bit/s')}{text}", edges / PS_PER_S, rate, top, colour, limit is not None)


def _binned(report: Report, lane_of: Mapping[str, str], edges: Values) -> dict[str, Values]:
    """For each lane, by the unit's name, the bits that cross between each two of the *edges*, in picoseconds."""
    trace, bits = report.trace, crossing_bits(report.trace)
    lanes = list(dict.fromkeys(lane_of.values()))
    lane = np.array([lanes.index(lane_of[unit]) if unit in lane_of else -1 for unit in trace.units])[trace.unit_index]
    some = np.flatnonzero((bits > 0) & (lane >= 0))
    start, end = trace.start[some], trace.end[some]
    task, part, held = cut(start, end, edges)
    weights, size = bits[some][task] * held / (end - start)[task], len(edges) - 1
    table = np.bincount(lane[some][task] * size + part, weights, len(lanes) * size).reshape(len(lanes), size)
    return dict(zip(lanes, table, strict=True))


def _lanes(ax: Axes | None, lanes: Sequence[Lane], unit: str) -> Axes:
    """The lanes, the first on top; lane n stands on -n * PITCH and is one high."""
    ax = axes(ax, 8.0, 1.2 + LANE_INCHES * max(2, len(lanes)))
    for number, (name, edges, values, top, colour, bounded) in enumerate(lanes):
        base = -number * PITCH
        ax.stairs(base + values / top, edges, baseline=base, fill=True, color=colour)
        ax.hlines(base, edges[0], edges[-1], color=ink(ax), linewidth=0.5)
        if bounded:
            ax.hlines(base + 1, edges[0], edges[-1], color=ink(ax), linewidth=1.0)
        ax.annotate(name, (0, base + 1), (4, 2), ("axes fraction", "data"), "offset points", fontsize="small", va="bottom")
    bases = [-number * PITCH for number in range(len(lanes))]
    ax.set_yticks([base + end for base in bases for end in (0, 1)], [amount(end * lane.top, unit) for lane in lanes for end in (0, 1)])
    ax.tick_params(axis="y", labelsize=7)
    ax.set_ylim(-(len(lanes) - 1) * PITCH - 0.1, PITCH + 0.05)
    ax.set_xlim(0, max((lane.edges_s[-1] for lane in lanes), default=1.0))
    ax.spines[["top", "right"]].set_visible(False)
    measured(ax.xaxis, "time", "s")
    return ax
