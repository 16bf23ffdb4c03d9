"""Names of points, each beside its own and off everything else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import LineCollection
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox, BboxBase, IdentityTransform
from numpy.typing import NDArray

from hyperdrive_sim.outputs.plots.colours import ground, ink

DISTANCES = (7, 10, 15, 22, 32, 46, 66, 94, 135)
"""From a point to its name, in printer's points, the nearest first."""
DIRECTIONS = 16
CLEAR = 1.0
"""Between one name and the next, in pixels."""
NAMES = 3.0
"""How far above all else names are drawn; before them their lines, which are found before that."""


class Named(NamedTuple):
    """A point, how large its marker is in printer's points, and what to write beside it, if anything."""

    x: float
    y: float
    size: float
    name: str = ""


class Labels(Artist):
    """The names of some of a plot's points, the most important first, each with a line to its point; one that finds no room is not shown.

    Where they go is decided whenever the figure is drawn: only then is known how large everything is.
    """

    def __init__(self, ax: Axes, points: Sequence[Named]) -> None:
        super().__init__()
        self.points = points
        self.notes = {point: _note(ax, point) for point in points if point.name}
        self.leaders = LineCollection([], linewidths=0.5, colors=ink(ax), transform=IdentityTransform(), zorder=NAMES - 0.05)
        self.set_zorder(NAMES - 0.1)
        for artist in (self, self.leaders):
            artist.set_in_layout(False)
            ax.add_artist(artist)

    def draw(self, renderer: RendererBase) -> None:
        ax = self.axes
        assert ax is not None
        dots = ax.figure.dpi / 72
        at = {point: ax.transData.transform((point.x, point.y)) for point in self.points}
        marks = {point: Bbox([place - dots * point.size / 2, place + dots * point.size / 2]) for point, place in at.items()}
        lines = [line.get_transform().transform_path(line.get_path()) for line in ax.lines if line.get_linestyle() != "None"]
        written: list[Bbox] = []
        leaders: list[Path] = []
        for point, note in self.notes.items():
            note.set_visible(True)
            away = [*written, *(mark for mark in marks.values() if not mark.overlaps(marks[point]))]
            for box in _tried(note, at[point], dots, renderer):
                leader = Path([at[point], np.clip(at[point], box.min, box.max)])
                clear = _clear(box, (*written, *marks.values()), (*lines, *leaders))
                if clear and _inside(box, ax.bbox) and not any(map(leader.intersects_bbox, away)):
                    written.append(box)
                    leaders.append(leader)
                    break
            else:
                note.set_visible(False)
        self.leaders.set_segments([leader.vertices for leader in leaders])


def _clear(box: Bbox, boxes: Iterable[Bbox], lines: Iterable[Path]) -> bool:
    return not any(map(box.overlaps, boxes)) and not any(line.intersects_bbox(box, False) for line in lines)


def _note(ax: Axes, point: Named) -> Annotation:
    back = {"boxstyle": "square,pad=0.1", "facecolor": ground(ax), "edgecolor": "none", "alpha": 0.75}
    offset: Any = "offset points"
    note = ax.annotate(point.name, (point.x, point.y), (0, 0), "data", offset, fontsize="x-small", va="bottom", bbox=back, zorder=NAMES)
    note.set_in_layout(False)
    return note


def _inside(box: BboxBase, room: BboxBase) -> bool:
    return bool(room.x0 <= box.x0 and box.x1 <= room.x1 and room.y0 <= box.y0 and box.y1 <= room.y1)


def _tried(note: Annotation, at: NDArray[np.float64], dots: float, renderer: RendererBase) -> Iterator[Bbox]:
    """Move a note to one place after the other around its point, and yield the box that it covers there."""
    size = np.array(Text.get_window_extent(note, renderer).size) / dots
    for distance in DISTANCES:
        for turn in range(DIRECTIONS):
            angle = 2 * math.pi * turn / DIRECTIONS
            reach = distance * np.array([math.cos(angle), math.sin(angle)])
            corner = reach + size * np.where(reach > 1, 0.0, np.where(reach < -1, -1.0, -0.5))
            note.set_position((float(corner[0]), float(corner[1])))
            low = at + dots * corner
            yield Bbox([low, low + dots * size]).padded(CLEAR)
