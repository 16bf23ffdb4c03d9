"""The parts of a system: which frame each chip or mesh is at, and what each part takes of a frame's energy."""

from __future__ import annotations

from collections.abc import Sequence

from hyperdrive_sim.outputs.page.picture import Picture, linear, plain, short
from hyperdrive_sim.outputs.palette import CORE, IO, PALETTE
from hyperdrive_sim.rates import PS_PER_S
from hyperdrive_sim.reports.derived.part_use import PartShare, Visit
from hyperdrive_sim.reports.summary import si
from hyperdrive_sim.text.wording import counted

ROW, AROUND, ROWS = 30, 90, 24
BAR_ROW, BAR_AROUND = 34, 120


def frames_by_part(visits: Sequence[Visit], frames: int, makespan_ps: int) -> Picture:
    """A row for each chip or mesh, a bar for each frame on it; a frame has the same colour everywhere."""
    members = list(dict.fromkeys(visit.member for visit in visits))
    shown = [visit for visit in visits if visit.member in members[:ROWS]]
    factor, x = linear("time", makespan_ps / PS_PER_S, "s")
    spans = [(visit.start_ps / PS_PER_S, visit.end_ps / PS_PER_S) for visit in shown]
    data = {
        **{"type": "bar", "orientation": "h", "hovertemplate": "%{y}: %{customdata}<extra></extra>"},
        "y": [visit.member or "chip" for visit in shown],
        "base": [short(start * factor) for start, _ in spans],
        "x": [short((end - start) * factor) for start, end in spans],
        "text": [str(visit.frame) for visit in shown],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "marker": {"color": [PALETTE[visit.frame % len(PALETTE)] for visit in shown], "opacity": 0.8, "line": {"width": 0}},
        "customdata": [
            f"frame {visit.frame}<br>{si(start, 's')} to {si(end, 's')}" for visit, (start, end) in zip(shown, spans, strict=True)
        ],
    }
    drawn = len({visit.frame for visit in visits})
    first = f" Of {frames:,} frames the first {drawn:,} are drawn." if drawn < frames else ""
    rest = f" {counted(len(members) - ROWS, 'more chip')} of the parts are not drawn." if len(members) > ROWS else ""
    rows = {"autorange": "reversed", "ticks": "", "showgrid": False, "automargin": True, "type": "category"}
    return Picture(
        "parts",
        "Frames on the parts",
        f"A bar from the first to the last moment at which the arrays of a part compute a frame, which has its number.{first}{rest}",
        "How busy each part is stands in the table of this section.",
        min(ROWS, len(members)) * ROW + AROUND,
        [data],
        {"xaxis": {**x, "showgrid": False}, "yaxis": rows, "barmode": "overlay", "hovermode": "closest", "showlegend": False}
        | {"uniformtext": {"minsize": 9, "mode": "hide"}},
    )


def energy_by_part(shares: Sequence[PartShare]) -> Picture:
    """A bar for each part: what its chips take of a frame's energy, inside and across their edges."""
    factor, x = linear("energy per frame", max(one.core_j + one.io_j for one in shares) * 1.02, "J")
    data = []
    for name, colour, joules in (("core", CORE, [one.core_j for one in shares]), ("I/O", IO, [one.io_j for one in shares])):
        data.append(
            {
                **{"type": "bar", "orientation": "h", "name": name, "marker": {"color": colour}},
                "y": [plain(one.part) for one in shares],
                "x": [short(one * factor) for one in joules],
                "customdata": [si(one, "J") for one in joules],
                "hovertemplate": f"{name}: %{{customdata}}<extra></extra>",
            }
        )
    return Picture(
        "part_energy",
        "Energy of the parts",
        "What each part takes of a frame's energy: inside its chips, and across their edges. Links count what their wires take.",
        "The same stands in the table of this section.",
        len(shares) * BAR_ROW + BAR_AROUND,
        data,
        {
            "xaxis": x,
            "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False, "type": "category"},
            "barmode": "stack",
            "showlegend": True,
            "legend": {"traceorder": "normal"},
        },
        plot=len(shares) * BAR_ROW,
    )
