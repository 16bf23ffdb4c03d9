"""A grid of chips: who is next to whom, which pixels cross which border, and how a corner travels without a diagonal link."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from hyperdrive_sim.network.box import Box

if TYPE_CHECKING:
    import networkx as nx

Side = Literal["north", "south", "west", "east"]
STEPS: dict[Side, tuple[int, int]] = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}
OPPOSITE: dict[Side, Side] = {"north": "south", "south": "north", "west": "east", "east": "west"}
VERTICAL: tuple[Side, Side] = ("north", "south")
HORIZONTAL: tuple[Side, Side] = ("west", "east")


class Chip(NamedTuple):
    row: int
    column: int

    def __str__(self) -> str:
        return f"chip[{self.row},{self.column}]"


class Mesh:
    """*rows* x *columns* chips, each linked to its neighbours in both directions; there are no diagonal links."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.chips = tuple(Chip(row, column) for row in range(rows) for column in range(columns))

    @cached_property
    def neighbours(self) -> dict[Chip, dict[Side, Chip]]:
        return {chip: dict(self._around(chip)) for chip in self.chips}

    def _around(self, chip: Chip) -> Iterator[tuple[Side, Chip]]:
        for side, (down, right) in STEPS.items():
            other = Chip(chip.row + down, chip.column + right)
            if 0 <= other.row < self.rows and 0 <= other.column < self.columns:
                yield side, other

    @cached_property
    def graph(self) -> nx.DiGraph[Chip]:
        """Chips, with an edge for every link; `side` is the sender's side."""
        import networkx as nx

        graph: nx.DiGraph[Chip] = nx.DiGraph()
        graph.add_nodes_from(self.chips)
        graph.add_edges_from((chip, other, {"side": side}) for chip, side, other in self.links())
        return graph

    def links(self) -> Iterator[tuple[Chip, Side, Chip]]:
        """Every link: the sender, its side, the receiver."""
        return ((chip, side, other) for chip, sides in self.neighbours.items() for side, other in sides.items())


def halo_box(part: Box, side: Side, halo: int) -> Box:
    """The pixels of *part* along one side, *halo* deep: what the neighbour on that side needs."""
    match side:
        case "north":
            return part.rows(part.r0, min(part.r1, part.r0 + halo))
        case "south":
            return part.rows(max(part.r0, part.r1 - halo), part.r1)
        case "west":
            return part.columns(part.w0, min(part.w1, part.w0 + halo))
        case "east":
            return part.columns(max(part.w0, part.w1 - halo), part.w1)
