"""Extent of what is there of a map, as disjoint boxes."""

from __future__ import annotations

from collections.abc import Iterable

from hyperdrive_sim.network.box import Box, new


class Extent:
    """A set of values of a map, as disjoint boxes.

    Blocks are written row by row or one range of channels after the other, so that what has come is a box or a few: adding one, taking
    one away and counting take microseconds, where a mask of all values takes as long as the values themselves.
    """

    __slots__ = ("boxes",)

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self.boxes = list(boxes)

    def add(self, box: Box) -> None:
        """Add the values of a box, which may be empty; some may be there already."""
        boxes = self.boxes
        if len(boxes) == 1 and boxes[0][1] == box[0] and boxes[0][2:] == box[2:] and box:  # the next channels: nearly always
            boxes[0] = box.channels(boxes[0][0], box[1])
            return
        if not box:
            return
        self.remove(box)
        boxes = self.boxes
        while boxes and (neighbour := _neighbour(boxes, box)):
            boxes.remove(neighbour)
            box = _around(neighbour, box)  # which may fit to a box that the smaller one did not fit to
        boxes.append(box)

    def remove(self, box: Box) -> None:
        """Take the values of a box away, as far as they are there."""
        if len(self.boxes) == 1:
            c0, c1, r0, r1, w0, w1 = self.boxes[0]
            d0, d1, s0, s1, x0, x1 = box
            if d0 <= c0 < d1 and s0 <= r0 and r1 <= s1 and x0 <= w0 and w1 <= x1:  # all of it or its first channels: nearly always
                self.boxes = [new(Box, (d1, c1, r0, r1, w0, w1))] if d1 < c1 else []
                return
        for other in self.boxes:
            if _meet(other, box) and box:
                self.boxes = [part for other in self.boxes for part in _without(other, box)]
                return

    def missing(self, box: Box) -> list[Box]:
        """The values of a box that are not there, as disjoint boxes."""
        left = [box]
        for other in self.boxes:
            left = [part for one in left for part in _without(one, other)]
        return left

    def count(self, box: Box) -> int:
        """Number of values of a box that are there."""
        d0, d1, s0, s1, x0, x1 = box
        found = 0
        for c0, c1, r0, r1, w0, w1 in self.boxes:
            channels = (c1 if c1 < d1 else d1) - (c0 if c0 > d0 else d0)
            rows = (r1 if r1 < s1 else s1) - (r0 if r0 > s0 else s0)
            columns = (w1 if w1 < x1 else x1) - (w0 if w0 > x0 else x0)
            if channels > 0 and rows > 0 and columns > 0:
                found += channels * rows * columns
        return found


def _meet(one: Box, other: Box) -> bool:
    """True if two boxes that are not empty have values in common."""
    c0, c1, r0, r1, w0, w1 = one
    d0, d1, s0, s1, x0, x1 = other
    return c0 < d1 and d0 < c1 and r0 < s1 and s0 < r1 and w0 < x1 and x0 < w1


def _neighbour(boxes: Iterable[Box], box: Box) -> Box | None:
    """A box that is a box together with another one: alike along two axes, and one begins where the other ends along the third."""
    d0, d1, s0, s1, x0, x1 = box
    for one in boxes:
        c0, c1, r0, r1, w0, w1 = one
        if r0 == s0 and r1 == s1:
            if w0 == x0 and w1 == x1:
                if c1 == d0 or d1 == c0:
                    return one
            elif c0 == d0 and c1 == d1 and (w1 == x0 or x1 == w0):
                return one
        elif c0 == d0 and c1 == d1 and w0 == x0 and w1 == x1 and (r1 == s0 or s1 == r0):
            return one
    return None


def _around(one: Box, other: Box) -> Box:
    """The smallest box that holds two."""
    c0, c1, r0, r1, w0, w1 = one
    d0, d1, s0, s1, x0, x1 = other
    return Box(min(c0, d0), max(c1, d1), min(r0, s0), max(r1, s1), min(w0, x0), max(w1, x1))


def _without(box: Box, lost: Box) -> list[Box]:
    """Boxes that are left of one after another has been cut out of it."""
    if not _meet(box, lost):
        return [box]
    c0, c1, r0, r1, w0, w1 = box
    d0, d1, s0, s1, x0, x1 = lost
    left = []
    # what lies before and behind: in channels, of the channels in common in rows, of the rows in common in columns
    if c0 < d0:
        left.append(Box(c0, d0, r0, r1, w0, w1))
    if d1 < c1:
        left.append(Box(d1, c1, r0, r1, w0, w1))
    c0, c1 = max(c0, d0), min(c1, d1)
    if r0 < s0:
        left.append(Box(c0, c1, r0, s0, w0, w1))
    if s1 < r1:
        left.append(Box(c0, c1, s1, r1, w0, w1))
    r0, r1 = max(r0, s0), min(r1, s1)
    if w0 < x0:
        left.append(Box(c0, c1, r0, r1, w0, x0))
    if x1 < w1:
        left.append(Box(c0, c1, r0, r1, x1, w1))
    return left
