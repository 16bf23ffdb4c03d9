"""Energy as a Sankey diagram: groups of layers, core and I/O, actions, provenances; a band is as wide as its energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hyperdrive_sim.outputs import palette
from hyperdrive_sim.outputs.page.picture import INK, Picture, faded, plain, short
from hyperdrive_sim.outputs.palette import GREY
from hyperdrive_sim.reports.derived.energy_flow import CORE, IO, Flow
from hyperdrive_sim.reports.summary import percent, si
from hyperdrive_sim.reports.sums import by_key

HEIGHT, NARROWEST, WIDEST = 460, 760, 1600
FLOW = 0.35
PART_COLOURS = {CORE: palette.CORE, IO: palette.IO}


def energy(flows: Sequence[Flow], total_j: float) -> Picture:
    """The flows of a frame's energy, *total_j* in all."""
    through = _through(flows)
    number = {node: position for position, node in enumerate(through)}
    part = {flow.target: flow.source for flow in flows if flow.column == 1}
    sides = [_part(flow.column, flow.source, flow.target, part) for flow in flows]
    nodes = {
        **{"pad": 14, "thickness": 12, "line": {"width": 0}, "hovertemplate": "%{label}: %{customdata}<extra></extra>"},
        "label": [f"{plain(name)}  {percent(joules / total_j)}" for (_, name), joules in through.items()],
        "customdata": [si(joules, "J") for joules in through.values()],
        "color": [PART_COLOURS.get(part.get(name, name), GREY) for _, name in through],
    }
    links = {
        **{"hovertemplate": "%{customdata}<extra></extra>", "color": [faded(PART_COLOURS[side], FLOW) for side in sides]},
        "source": [number[flow.column, flow.source] for flow in flows],
        "target": [number[flow.column + 1, flow.target] for flow in flows],
        "value": [short(flow.joules) for flow in flows],
        "customdata": [f"{plain(f.source)} to {plain(f.target)}: {si(f.joules, 'J')}, {percent(f.joules / total_j)}" for f in flows],
    }
    return Picture(
        "energy",
        "Where the energy goes",
        "From layers, by the first part of their names, by way of the core or I/O and the actions, to how well their prices are known. A "
        "band is as wide as its share of a frame's energy.",
        "The energy of each layer stands in the table of layers, that of each action in the table below.",
        HEIGHT,
        [{"type": "sankey", "arrangement": "snap", "textfont": {"color": INK, "shadow": "none"}, "node": nodes, "link": links}],
        {},
        widths=(NARROWEST, WIDEST),
    )


def _through(flows: Sequence[Flow]) -> dict[tuple[int, str], float]:
    """The energy that passes each node: what leaves it, or what ends there."""
    last = max(flow.column for flow in flows)
    leaving = [((flow.column, flow.source), flow.joules) for flow in flows]
    return by_key([*leaving, *(((last + 1, flow.target), flow.joules) for flow in flows if flow.column == last)])


def _part(column: int, source: str, target: str, part: Mapping[str, str]) -> str:
    """CORE or IO, whichever a flow belongs to."""
    return (target, source, part.get(source, CORE))[column]
