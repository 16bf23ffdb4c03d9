"""Rooflines: the speed of each layer, against what the arrays and the links to them could do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from math import inf, log
from typing import NamedTuple

from hyperdrive_sim.reports.derived.actions import ActionCounts, io_bits
from hyperdrive_sim.reports.layer_table import LayerRow
from hyperdrive_sim.reports.report import Report

IoBits = Mapping[str, Mapping[str, int]]
"""Bits across chip edges, by layer and kind of link."""

WHOLE = "whole run"
ALIKE = 0.05
"""Points that differ by less than this part lie on each other."""


class RooflinePoint(NamedTuple):
    """A layer in a roofline.

    `link` is the kind of link that its bits keep busy longest, `ops_per_bit` what it computes per bit over those; `io_bits` are its bits
    over links of any kind, over all frames. `held_s` is for how long it held the arrays, over all frames.
    """

    layer: str
    link: str
    ops_per_bit: float
    ops_per_s: float
    io_bits: int
    held_s: float = 0.0


class Roofline(NamedTuple):
    """A roofline: points of layers under the peak of the arrays and the rates of the links.

    `bits_per_s` is by kind of link, all links of a kind together; a kind without a stated rate is not in it.
    `whole` is the point of the whole run, `unlinked` are the layers that compute and move nothing across a chip's edge. In a system of
    several parts each *part* has a roofline of its own, of its layers under its arrays' peak, and `whole` is what all of them do together.
    """

    peak_ops_per_s: float
    bits_per_s: Mapping[str, float]
    points: tuple[RooflinePoint, ...]
    whole: RooflinePoint | None
    unlinked: tuple[str, ...]
    part: str = ""

    @property
    def links(self) -> tuple[str, ...]:
        """The kinds of links: those with a stated rate, then the others that a point stands at."""
        points = (*self.points, *([self.whole] if self.whole else []))
        return tuple(dict.fromkeys((*self.bits_per_s, *(point.link for point in points))))

    @property
    def main_link(self) -> str | None:
        """The kind of link that most layers stand at."""
        common = Counter(point.link for point in self.points).most_common(1)
        return common[0][0] if common else None

    @property
    def ridges(self) -> dict[str, float]:
        """Operations per bit from which on the arrays are the limit and no more the links, by kind of link with a stated rate."""
        return {link: self.peak_ops_per_s / rate for link, rate in self.bits_per_s.items()}

    def slope(self, link: str | None, left: float) -> tuple[tuple[float, float], ...]:
        """The two ends of the roof that a kind of link is: from *left* operations per bit up to the peak.

        There are none where no rate is stated, or where the peak is lower from there on.
        """
        rate = self.bits_per_s.get(link or "")
        if not rate or left * rate >= self.peak_ops_per_s:
            return ()
        return (left, left * rate), (self.peak_ops_per_s / rate, self.peak_ops_per_s)

    def roof_ops_per_s(self, point: RooflinePoint) -> float:
        """Most operations per second that a layer could attain."""
        return min(self.peak_ops_per_s, point.ops_per_bit * self.bits_per_s.get(point.link, inf))


def rooflines(report: Report, actions: ActionCounts) -> tuple[Roofline, ...]:
    """A roofline for each part of a system, of any other machine one; with a point for every layer that computes.

    Its speed is over its `total_cycles`, so no point lies above its roof.
    """
    bits = io_bits(actions)
    if not report.parts:
        return (_roofline(report, bits, report.layers, report.machine.peak_ops_per_s, report.throughput.ops_per_s),)
    found = []
    for part in report.parts:
        rows = [row for row in report.layers if row.name in part.layers]
        ours = {row.name: bits[row.name] for row in rows if row.name in bits}
        ops_per_s = part.ops * report.time.frames_per_s
        found.append(_roofline(report, ours, rows, part.peak_ops_per_s, ops_per_s)._replace(part=part.name))
    return tuple(found)


def _roofline(report: Report, bits: IoBits, rows: Sequence[LayerRow], peak_ops_per_s: float, whole_ops_per_s: float) -> Roofline:
    rates, computed = bandwidths(report, bits), [row for row in rows if row.ops]
    hz = report.machine.clock.hz
    points = [
        _point(row.name, row.ops, row.ops * hz / row.total_cycles, bits[row.name], rates)._replace(held_s=row.held_s)
        for row in computed
        if bits.get(row.name)
    ]
    total: Counter[str] = Counter()
    for moved in bits.values():
        total.update(moved)
    whole = _point(WHOLE, sum(row.ops for row in computed), whole_ops_per_s, total, rates) if total else None
    return Roofline(peak_ops_per_s, rates, tuple(points), whole, tuple(row.name for row in computed if not bits.get(row.name)))


def _point(name: str, ops: int, ops_per_s: float, moved: Mapping[str, int], rates: Mapping[str, float]) -> RooflinePoint:
    link = max(moved, key=lambda kind: (moved[kind] / rates.get(kind, inf), moved[kind]))
    return RooflinePoint(name, link, ops / moved[link], ops_per_s, sum(moved.values()))


def bandwidths(report: Report, bits: IoBits) -> dict[str, float]:
    """Bits per second over all links of a kind, of those that carry any of some *bits* at a stated rate."""
    carrying = {kind for links in bits.values() for kind in links}
    return {kind: rate for kind, rate in report.machine.link_bits_per_s.items() if kind in carrying}


def outstanding(roofs: Sequence[Roofline], most: int) -> list[tuple[RooflinePoint, int]]:
    """The layers to name, at most so many: in turn, the one that stays furthest below its roof and the one that holds the arrays longest.

    Each comes with how many others can hardly be told apart from it.
    """
    alike: dict[tuple[int, int], list[tuple[float, RooflinePoint]]] = {}
    for roof in roofs:
        for point in roof.points:
            place = round(log(point.ops_per_bit) / ALIKE), round(log(point.ops_per_s) / ALIKE)
            alike.setdefault(place, []).append((point.ops_per_s / roof.roof_ops_per_s(point), point))
    lowest = sorted(alike, key=lambda place: alike[place][0][0])
    longest = sorted(alike, key=lambda place: -max(point.held_s for _, point in alike[place]))
    firsts = list(dict.fromkeys(chain.from_iterable(zip(lowest, longest, strict=True))))[:most]
    return [(alike[place][0][1], len(alike[place]) - 1) for place in firsts]


def called(point: RooflinePoint, others: int) -> str:
    """The name beside a point: its layer, and how many others lie on it."""
    return f"{point.layer} and {others} more" if others else point.layer
