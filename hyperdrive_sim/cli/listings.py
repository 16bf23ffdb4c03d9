"""What comes along, as text: architectures, networks, and the scenarios of each architecture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hyperdrive_sim.cli.fitted import FittedTable, TerminalColumn
from hyperdrive_sim.cli.tables import BLANK
from hyperdrive_sim.errors import one_line
from hyperdrive_sim.network import zoo
from hyperdrive_sim.reports.summary import si
from hyperdrive_sim.scenario.systems import SYSTEM
from hyperdrive_sim.study.listing import ListedArchitecture, ListedNetwork, ListedScenario, Listing
from hyperdrive_sim.text.wording import counted

INDENT = 4
HINT = (
    "hyperdrive-sim run NAME simulates a scenario, from anywhere; run NAME --dry-run says how many tasks it has and how long that takes. "
    "describe NAME says all there is to know of an architecture, a network or a scenario."
)


def listing(found: Listing) -> Group:
    """All that comes along; scenarios stand by architecture, each with the name that commands take."""
    return Group(*_parts(found))


def _parts(found: Listing) -> Iterator[RenderableType]:
    yield _architectures(found.architectures)
    yield BLANK
    yield _networks(found.networks)
    yield Text("MACs of a frame and numbers of weights at the usual input, with the options that stand here", style="dim")
    for name in dict.fromkeys(one.architecture for one in found.scenarios):
        yield BLANK
        yield Text("systems of several parts" if name == SYSTEM else f"scenarios of {name}", style="bold")
        for one in found.scenarios:
            if one.architecture == name:
                yield from _scenario(one)
    yield BLANK
    yield Text(HINT, style="dim")


def _architectures(found: Sequence[ListedArchitecture]) -> FittedTable:
    return FittedTable(
        "architectures",
        TerminalColumn("name", [one.name for one in found], right=False),
        TerminalColumn("what it is", [one.about for one in found], right=False, wraps=" "),
    )


def _networks(found: Sequence[ListedNetwork]) -> FittedTable:
    """A row for each network, those for tests at the end."""
    rows = sorted(found, key=lambda one: one.name.startswith(zoo.FOR_TESTS))
    options = [", ".join(f"{option}: {value}" for option, value in one.options.items()) for one in rows]
    return FittedTable(
        "networks",
        TerminalColumn("name", [one.name for one in rows], right=False),
        TerminalColumn("usual input", [shape(one.usual_input_shape) for one in rows], spare=4),
        TerminalColumn("layers", [str(one.work.layers) for one in rows], spare=5),
        TerminalColumn("MACs", [si(one.work.macs) for one in rows]),
        TerminalColumn("weights", [si(one.work.weights) for one in rows], spare=2),
        TerminalColumn("options", options, right=False, spare=3),
    )


def _scenario(one: ListedScenario) -> Iterator[RenderableType]:
    """A scenario in three lines: its name alone, to be copied; its title; what it computes, on how many chips."""
    trained = ", trained," if one.trained else ""
    frames = counted(one.frames, "frame") if one.frames > 1 else ""
    points = f"a sweep of {counted(one.points, 'point')}" if one.points > 1 else ""
    said = (f"{one.network}{trained} at {shape(one.input_shape)}", _chips(one), si(one.work.macs, "MAC"), frames, points)
    yield Text(f"  {one.name}")
    yield Padding(Text(one_line(one.title)), (0, 0, 0, INDENT))
    yield Padding(Text(", ".join(filter(None, said)), style="dim"), (0, 0, 0, INDENT))


def _chips(one: ListedScenario) -> str:
    if one.parts:
        return " and ".join(f"{count} {architecture}" for architecture, count in one.parts.items())
    if isinstance(one.mesh, str):
        return f"mesh: {one.mesh}"
    if isinstance(one.mesh, Mapping):
        return "mesh: {" + ", ".join(f"{how}: {goal}" for how, goal in one.mesh.items()) + "}"
    rows, columns = one.mesh or (1, 1)
    return f"{rows} x {columns} chips" if rows * columns > 1 else "1 chip"


def shape(sizes: Sequence[int]) -> str:
    """A shape as tables have it: 3 x 224 x 224."""
    return " x ".join(map(str, sizes))
