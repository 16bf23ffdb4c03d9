"""Latencies of a run's frames as a picture has them: the histogram, and what is marked in it."""

from __future__ import annotations

from typing import NamedTuple

from hyperdrive_sim.reports.records import Time

SEVERAL = 3
"""Frames from which on a page shows how their latencies are spread."""
DEADLINE = "deadline"
ASIDE = 0.04
"""Room on both sides of what is shown, by its width."""
FAR = 1.0
"""A deadline is shown if that leaves the bars at least half of the width: no further off than so many widths of all bars."""


class Mark(NamedTuple):
    """A latency that is marked, and whether it stands where it can be shown beside the bars."""

    name: str
    at_s: float
    shown: bool = True


class Latencies(NamedTuple):
    """Frames in bins of `edges_s`; the latencies that are marked; from where to where the axis goes; frames beyond the deadline, if any."""

    edges_s: tuple[float, ...]
    counts: tuple[int, ...]
    marks: tuple[Mark, ...]
    range_s: tuple[float, float]
    frames: int
    misses: int | None

    @property
    def width_s(self) -> float:
        """The width of a bin, which all have alike."""
        return (self.edges_s[-1] - self.edges_s[0]) / len(self.counts)


def latencies(time: Time) -> Latencies:
    """The histogram of a run with its median, its 99th percentile and its deadline."""
    found = time.latency_histogram
    low, high = found.edges_s[0], found.edges_s[-1]
    marks = [Mark("median", time.latency_median_s), Mark("99th percentile", time.latency_p99_s)]
    if time.deadline_s is not None:
        near = low - FAR * (high - low) <= time.deadline_s <= high + FAR * (high - low)
        marks.append(Mark(DEADLINE, time.deadline_s, near))
        low, high = (min(low, time.deadline_s), max(high, time.deadline_s)) if near else (low, high)
    room = ASIDE * (high - low)
    return Latencies(*(found.edges_s, found.counts), tuple(marks), (max(0.0, low - room), high + room), time.frames, time.deadline_misses)
