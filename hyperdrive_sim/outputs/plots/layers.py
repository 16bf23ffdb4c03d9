"""Bars of layers: what a frame's time and its energy go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hyperdrive_sim.outputs.palette import IO_COLOURS, PALETTE, colours, of_layer_time
from hyperdrive_sim.outputs.plots.asked import there
from hyperdrive_sim.outputs.plots.axes import amount, axes, inches, legend, measured, named, titled
from hyperdrive_sim.outputs.plots.colours import ground, ink
from hyperdrive_sim.reports.derived.actions import action_counts, carried, joules_by_layer
from hyperdrive_sim.reports.derived.layer_time import said, seconds_by_layer
from hyperdrive_sim.reports.report import Report
from hyperdrive_sim.reports.summary import percent

BAR_INCHES = 0.16
NARROWEST, WIDEST = 6.4, 14.0
SEAM_INCHES = 0.1
"""Bars narrower than that touch each other, else more would be seam than bar."""
HATCH = "////"
REST, REST_IO = "other actions", "other I/O"

Stack = Mapping[str, NDArray[np.float64]]
"""By name, a height for every bar; the first stands at the bottom."""


def layer_time(report: Report, *, ax: Axes | None = None) -> Axes:
    """A bar per layer: how long the arrays compute it and what they stand still for meanwhile, on average and per frame.

    So all layers' bars together are as long as the run is.
    """
    stack, colour = seconds_by_layer(report), of_layer_time(report)
    total = fsum(map(_sum, stack.values()))
    styles = {name: {"facecolor": colour[name], "label": f"{said(name)}, {percent(_sum(stack[name]) / total)}"} for name in stack}
    ax = _bars(ax, "layer", [row.name for row in report.layers], stack, styles)
    measured(ax.yaxis, "time per frame", "s")
    titled(ax, report.scenario.title, f"what the time of a layer goes to, {amount(total, 's')} in all")
    return ax


def energy(report: Report, by: str = "layer", *, ax: Axes | None = None) -> Axes:
    """A frame's energy by action, the core's and, hatched, what crosses the chips' edges: a bar per layer, or a bar per action."""
    there("by", by, ("layer", "action"))
    spent = joules_by_layer(report, action_counts(report))
    stack: Stack = _few(spent) if report.parts else spent
    names = [row.name for row in report.layers]
    if by == "action":
        names, stack = list(stack), {name: np.where(np.array(list(stack)) == name, _sum(part), 0.0) for name, part in stack.items()}
    core = colours(sorted(action for action in stack if not _crosses(action)))
    colour = core | IO_COLOURS if not report.parts else colours(sorted(stack, key=lambda action: (_crosses(action), action)))
    styles = {
        name: {"facecolor": colour[name], "hatch": "" if name in core else HATCH, "label": f"{name}, {amount(_sum(part), 'J')}"}
        for name, part in stack.items()
    }
    ax = _bars(ax, by, names, stack, styles)
    measured(ax.yaxis, "energy per frame", "J")
    core_j, io_j = (amount(joules, "J") for joules in (report.energy.core_j, report.energy.io_j))
    titled(ax, report.scenario.title, f"energy of a frame: core {core_j}, I/O (hatched) {io_j}")
    return ax


def _few(stack: Stack) -> Stack:
    """Energies by action; of more actions than there are colours, the smallest of the core are one, and those of I/O."""
    if len(stack) <= len(PALETTE):
        return stack
    shown, rest = (dict(some) for some in (list(stack.items())[: len(PALETTE) - 2], list(stack.items())[len(PALETTE) - 2 :]))
    for name in (REST, REST_IO):
        if some := [part for action, part in rest.items() if _crosses(action) is (name == REST_IO)]:
            shown[name] = np.sum(some, axis=0)
    return shown


def _crosses(action: str) -> bool:
    """True for an action that brings data across a chip's edge."""
    return bool(carried(action)) or action == REST_IO


def _sum(part: NDArray[np.float64]) -> float:
    return fsum(part.tolist())


def _bars(ax: Axes | None, what: str, names: Sequence[str], stack: Stack, styles: Mapping[str, Mapping[str, Any]]) -> Axes:
    """Bars named along the lower edge, each a stack in the order given."""
    ax = axes(ax, min(WIDEST, max(NARROWEST, 2.5 + BAR_INCHES * len(names))), 4.4)
    half = 0.4 if inches(ax) / len(names) > SEAM_INCHES else 0.5
    edges = np.repeat(np.arange(len(names)), 2) + np.tile((-half, half), len(names))
    below = np.zeros(len(names))
    for name, part in stack.items():
        ax.stairs(_apart(below + part), edges, baseline=_apart(below), fill=True, edgecolor=ground(ax), linewidth=0, **styles[name])
        below = below + part
    named(ax.xaxis, names, upright=True)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_ylim(0, 1.05 * below.max() or 1.0)
    ax.set_xlabel(what)
    ax.grid(axis="y", color=ink(ax), alpha=0.15)
    ax.set_axisbelow(True)
    legend(ax, reverse=True)
    return ax


def _apart(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, with nothing between each and the next: all bars of a colour are one shape, so hundreds of layers are drawn at once."""
    return np.insert(values, range(1, len(values)), np.nan)
