"""How fast each layer was, against what the arrays and the links to them could do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from hyperdrive_sim.report.derived.actions import Done, io_bits
from hyperdrive_sim.report.report import Report

WHOLE = "whole run"


class Point(NamedTuple):
    """A layer. `link` is the kind of link that its bits keep busy longest, `ops_per_bit` what it computes per bit over those;
    `io_bits` are its bits over links of any kind, over all frames.
    """

    layer: str
    link: str
    ops_per_bit: float
    ops_per_s: float
    io_bits: int


class Roofline(NamedTuple):
    """`bits_per_s` is by kind of link, all links of a kind together; a kind without a stated rate is not in it.

    `whole` is the point of the whole run, `unlinked` are the layers that compute and move nothing across a chip's edge.
    """

    peak_ops_per_s: float
    bits_per_s: Mapping[str, float]
    points: tuple[Point, ...]
    whole: Point | None
    unlinked: tuple[str, ...]

    def roof_ops_per_s(self, point: Point) -> float:
        """What a layer could attain at most."""
        return min(self.peak_ops_per_s, point.ops_per_bit * self.bits_per_s.get(point.link, inf))


def roofline(report: Report, actions: Done) -> Roofline:
    """A point for every layer that computes. A layer's speed counts the time its arrays worked on it or stood still before it."""
    peak, bits = report.machine.peak_ops_per_s, io_bits(actions)
    rates, computed = bandwidths(report, actions), [row for row in report.layers if row.ops]
    points = [_point(row.name, row.ops, row.utilization * peak, bits[row.name], rates) for row in computed if bits.get(row.name)]
    total: Counter[str] = Counter()
    for moved in bits.values():
        total.update(moved)
    whole = _point(WHOLE, sum(row.ops for row in computed), report.throughput.ops_per_s, total, rates) if total else None
    return Roofline(peak, rates, tuple(points), whole, tuple(row.name for row in computed if not bits.get(row.name)))


def _point(name: str, ops: int, ops_per_s: float, moved: Mapping[str, int], rates: Mapping[str, float]) -> Point:
    link = max(moved, key=lambda kind: (moved[kind] / rates.get(kind, inf), moved[kind]))
    return Point(name, link, ops / moved[link], ops_per_s, sum(moved.values()))


def bandwidths(report: Report, actions: Done) -> dict[str, float]:
    """Bits per second over all links of a kind, of those that carry I/O at a stated rate."""
    carrying = {kind for links in io_bits(actions).values() for kind in links}
    return {kind: rate for kind, rate in report.machine.link_bits_per_s.items() if kind in carrying}
